import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { countOf, countsFrom, entriesOf, noCounts, withCount } from './counts.ts';

test('counts are those of a plain map that never goes below 0', () => {
  const steps = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'usr_1', 'usr_2', ''), fc.integer({ min: -5, max: 5 })));
  fc.assert(
    fc.property(steps, (changes) => {
      const naive = new Map<string, number>();
      let counts = noCounts;
      for (const [key, change] of changes) {
        const before = counts;
        const had = countOf(before, key);
        counts = withCount(counts, key, change);
        assert.equal(countOf(before, key), had);
        naive.set(key, Math.max(0, (naive.get(key) ?? 0) + change));
      }
      const again = countsFrom(entriesOf(counts));
      for (const [key, count] of naive) {
        assert.equal(countOf(counts, key), count);
        assert.equal(countOf(again, key), count);
      }
    }),
  );
});
