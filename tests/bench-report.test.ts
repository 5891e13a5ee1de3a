import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { reached } from '../bench/report/charts.ts';
import { beginMark, chartsOf, endMark, pageOf, withPart } from '../bench/report/page.ts';
import { holds, quantile, type Results, shown, summed, withAgain } from '../bench/report/results.ts';

const results: Results = {
  at: '2026-11-28T18:00:00.000Z',
  commit: '0123456789abcdef',
  machine: { processors: 2, model: 'a processor' },
  isQuick: false,
  sizes: { shows: 1, pairs: 3, warmUpMs: 1, measuredMs: 1, history: 1 },
  tookSeconds: 120,
  measured: [
    {
      ...{ goal: 'pipeline', mode: 'embedded', says: 'ours ÷ theirs', tookSeconds: 60 },
      figures: summed([
        { what: 'ours ÷ null pipeline', unit: '', values: [0.4, 0.6, 0.7], wanted: { atLeast: 0.5 } },
        { what: 'ours', unit: '/s', values: [2_000, 3_000, 3_500] },
        { what: 'a wait < 1 & more', unit: 'ms', values: [30], wanted: { atMost: 20 } },
      ]),
    },
    {
      goal: 'tail',
      mode: 'cluster',
      says: 'p99',
      figures: [],
      failed: 'the auditor | does not agree',
      tookSeconds: 60,
    },
  ],
};

describe('what a bench says of its runs', () => {
  it('takes the middle of an odd number of runs, and the mean of the middle two of an even one', () => {
    assert.equal(quantile([3, 1, 2], 0.5), 2);
    assert.equal(quantile([4, 1, 2, 3], 0.5), 2.5);
  });

  it('takes nothing from no run, and leaves out what is no number', () => {
    assert.equal(quantile([], 0.5), null);
    assert.equal(quantile([Number.NaN, 2], 0.5), 2);
  });

  it('holds at its limit, not beyond it, and says nothing where nothing was wanted or measured', () => {
    assert.equal(holds({ median: 0.5, wanted: { atLeast: 0.5 } }), true);
    assert.equal(holds({ median: 0.49, wanted: { atLeast: 0.5 } }), false);
    assert.equal(holds({ median: 51, wanted: { atMost: 50 } }), false);
    assert.equal(holds({ median: null, wanted: { atMost: 50 } }), undefined);
    assert.equal(holds({ median: 1 }), undefined);
  });

  it('tells how much of a goal is reached, whichever way it counts', () => {
    assert.equal(reached({ median: 5, wanted: { atLeast: 10 } }), 0.5);
    assert.equal(reached({ median: 40, wanted: { atMost: 20 } }), 0.5);
    assert.equal(reached({ median: 0, wanted: { atMost: 0 } }), 1);
  });

  it('puts a goal that was measured again in its place, with its commit', () => {
    const [, failed] = results.measured;
    assert.ok(failed !== undefined);
    const { failed: _, ...again } = { ...failed, figures: summed([{ what: 'p99', unit: 'ms', values: [9] }]) };
    const after = withAgain(results, again, 'fedcba9876543210');
    assert.deepEqual(
      after.measured.map(({ goal, commit }) => [goal, commit]),
      [
        ['pipeline', undefined],
        ['tail', 'fedcba9876543210'],
      ],
    );
    assert.match(pageOf(after), /`tail`, again at `fedcba9876` \| p99 \| 9 ms/);
    assert.equal(withAgain(results, again, results.commit).measured.at(-1)?.commit, undefined);
  });

  it('writes numbers with the digits that count', () => {
    assert.deepEqual([0.123456, 12.3456, 2345.6, null].map(shown), ['0.123', '12.3', '2,346', '–']);
  });
});

describe('the page and the charts of a results file', () => {
  it('has a row for each figure with its verdict, and a failed goal as 0', () => {
    const page = pageOf(results);
    assert.match(page, /\| `pipeline` \| ours ÷ null pipeline \| 0\.6 \| 0\.5 to 0\.65 \| ≥ 0\.5 \| yes \|/);
    assert.match(page, /\| {2}\| a wait < 1 & more \| 30 ms \| {2}\| ≤ 20 \| no \|/);
    assert.match(page, /\| `tail` \| failed: the auditor \/ does not agree \| 0 \|/);
  });

  it('draws what is wanted and what stands beside it, with its numbers, as SVG that can be read', () => {
    const charts = chartsOf(results);
    assert.deepEqual([...charts.keys()], ['goals-embedded.svg', 'rates-embedded.svg', 'goals-cluster.svg']);
    const svg = charts.get('goals-embedded.svg') ?? '';
    assert.match(svg, /^<svg [^>]*viewBox/);
    assert.match(svg, /pipeline: a wait &lt; 1 &amp; more/);
    assert.equal(svg.match(/<rect /g)?.length, 2);
    assert.match(charts.get('rates-embedded.svg') ?? '', /3,000 a second/);
  });

  it('writes only between the marks, and not into a page without them', () => {
    const page = `before\n${beginMark}\nold\n${endMark}\nafter\n`;
    assert.equal(withPart(page, 'new'), `before\n${beginMark}\n\nnew\n\n${endMark}\nafter\n`);
    assert.throws(() => withPart('before', 'new'), /lost its marks/);
  });
});
