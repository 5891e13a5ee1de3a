import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { temporaryDirectory } from '../support/directory.ts';
import { type Part, parts, type Result, runPart } from './parts.ts';
import { type Done, reportOf } from './report.ts';

const run = promisify(execFile);
const clean: Result = { passed: 1, failed: 0, skipped: 0, figures: ['7 of 7'], failures: [], tookMs: 1_000 };

function part(name: string, release: number): Part {
  return { name, says: `What ${name} is.`, sizes: [{ flag: name, release, unit: 'rounds' }], files: [] };
}

const verdictOf = (done: readonly Done[]) => /\*\*Result\*\*: (.*)/.exec(reportOf(done))?.[1] ?? '';

describe('the report', () => {
  it('says so where everything held at the size of a release', () => {
    const done = [{ part: part('kills', 100), sizes: { kills: 100 }, outcome: clean }];
    assert.equal(verdictOf(done), 'zero violations in what was run, at the size of a release');
  });

  it('says what was smaller than a release, left out or skipped', () => {
    const done: readonly Done[] = [
      { part: part('kills', 100), sizes: { kills: 99 }, outcome: clean },
      { part: part('rounds', 1), sizes: { rounds: 1 }, outcome: { leftOut: 'there is no Kafka' } },
      { part: part('skips', 1), sizes: { skips: 1 }, outcome: { ...clean, skipped: 1 } },
      { part: part('fine', 1), sizes: { fine: 1 }, outcome: clean },
    ];
    assert.equal(verdictOf(done), 'zero violations in what was run; smaller than a release: kills, rounds, skips');
    assert.match(reportOf(done), /\| kills \| 99 rounds \| 100 rounds \| 1 \| 0 \| 0 \|/);
    assert.match(reportOf(done), /\| rounds \| not run: there is no Kafka \|/);
  });

  it('hides no failure behind a size', () => {
    const broken = { ...clean, failed: 1, failures: ['a seat was sold twice\n    at somewhere'] };
    const done = [{ part: part('kills', 100), sizes: { kills: 1 }, outcome: broken }];
    assert.equal(verdictOf(done), 'FAILED: kills');
    assert.match(reportOf(done), /- a seat was sold twice\n/);
  });
});

describe('parts that were run at different times', () => {
  it('say of which commit each is', () => {
    const where = { machine: '2 × something', date: '2026-01-01 10:00' };
    const done: readonly Done[] = [
      { part: part('old', 1), sizes: { old: 1 }, outcome: clean, where: { ...where, commit: 'a'.repeat(40) } },
      {
        ...{ part: part('new', 1), sizes: { new: 1 }, outcome: clean },
        where: { ...where, date: '2026-01-02 10:00', commit: 'b'.repeat(40) },
      },
    ];
    const text = reportOf(done);
    assert.match(text, new RegExp(`Commits\\*\\*: ${'b'.repeat(40)}; ${'a'.repeat(40)}\n`));
    assert.match(text, /\| old \|.*\| aaaaaaaaaa \| 2026-01-01 10:00 \|/);
  });
});

describe('`npm run reliability`', () => {
  it('runs what it is asked to and tells of all there is', async () => {
    const directory = await temporaryDirectory();
    const report = join(directory.path, 'report.md');
    const results = join(directory.path, 'results.json');
    const files = ['--report', report, '--results', results];
    // What was run before stays, as it was, when another part is run.
    await writeFile(results, JSON.stringify([{ name: 'crashes', sizes: { kills: 7 }, outcome: clean }]));
    const flags = ['--only', 'simulation', '--seeds', '2', ...files];
    await run('bin/fullhouse', ['--run', 'tests/reliability/run.ts', ...flags]);
    const text = await readFile(report, 'utf8');
    assert.match(text, /\| simulation \| 2 seeds \| 100,000 seeds \| 2 \| 0 \| 0 \|/);
    for (const { name } of parts) assert.ok(text.includes(`| ${name} |`), `${name} is not told of`);
    assert.match(text, /\| crashes \| 7 kills \| 100 kills \| 1 \|/);
    await directory.remove();
  });

  it('tells of the seeds it has done where it is ended', async () => {
    const stopped = AbortSignal.abort();
    const [simulation] = parts;
    assert.ok(simulation);
    const { done, failed } = await runPart(simulation, { seeds: 1_000, from: 1 }, stopped);
    assert.deepEqual([done, failed], [{ seeds: 0 }, 0]);
  });

  it('refuses a part that is not there', async () => {
    await assert.rejects(run('bin/fullhouse', ['--run', 'tests/reliability/run.ts', '--only', 'luck']));
  });
});
