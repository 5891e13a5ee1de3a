import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { examinations } from '../../src/operations/check/examinations.ts';
import { invariants } from '../invariants/invariants.ts';
import { shrink, tell } from '../shrink.ts';
import { hunt, plantedBugs } from './planted.ts';

/** An invariant that has never failed proves nothing: each of these bugs must be noticed by one. */
describe('planted bugs', () => {
  for (const bug of plantedBugs) {
    it(`are found: ${bug.name}`, async () => {
      assert.notEqual(await hunt(bug), undefined, 'nobody has noticed');
    });
  }
});

describe('the page of guarantees', () => {
  it('names only files that are there', async () => {
    const page = await readFile('docs/guarantees.md', 'utf8');
    const named = [...page.matchAll(/`((?:src|tests|simulation)\/[^`]*\.ts)`/g)].map(([, path]) => path ?? '');
    assert.ok(named.length > 20);
    assert.deepEqual(
      named.filter((path) => globSync(path).length === 0),
      [],
    );
  });

  it('names every planted bug and every invariant', async () => {
    const page = await readFile('docs/guarantees.md', 'utf8');
    const audited = examinations.flatMap((each) => each.invariants.map(({ name }) => `\`${name}\``));
    const names = [...plantedBugs.map(({ name }) => name), ...invariants.map(({ name }) => `\`${name}\``), ...audited];
    assert.deepEqual(
      names.filter((name) => !page.includes(name)),
      [],
    );
  });
});

describe('a failing seed', () => {
  const bug = plantedBugs.find(({ name }) => name === 'a seat is held without a look at whether it is free');

  it('is shrunk to a short story of two customers, which fails in the same way', async () => {
    const found = bug && (await hunt(bug));
    assert.ok(bug !== undefined && found !== undefined);
    const shortest = await shrink(found, { seed: found.seed, alterations: bug.alterations });
    assert.ok(shortest.violations.some(({ invariant }) => invariant === 'seat-has-one-owner'));
    assert.equal(shortest.bookings, 2);
    assert.deepEqual(shortest.happened, []);
    const lines = tell(shortest);
    assert.ok(lines.length < 100, `${lines.length} lines`);
    assert.match(lines[0] ?? '', /all services run and shows are on sale/);
  });

  it('fails again in the same way: the hash of its trace is the same', async () => {
    const [first, again] = [bug && (await hunt(bug)), bug && (await hunt(bug))];
    assert.equal(again?.seed, first?.seed);
    assert.equal(again?.hash, first?.hash);
  });
});
