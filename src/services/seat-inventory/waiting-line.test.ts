import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { best } from './decider.fixtures.ts';
import {
  everybodyIn,
  hasPlace,
  isWaiting,
  joined,
  left,
  lineOf,
  nobodyWaits,
  type Waiting,
  type WaitingLine,
} from './waiting-line.ts';

/** A line of thousands, kept in stretches: it says what a plain map would. */

const waiting = (number: number): Waiting => ({
  userId: `usr_${number % 7}`,
  isAtCounter: number % 3 === 0,
  wanted: best(1 + (number % 4)),
});
const step = fc.record({ comes: fc.boolean(), number: fc.nat(300) });

test('a line is that of a plain map, whoever comes and goes, and one that was before stays as it was', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 900, size: 'max' }), (steps) => {
      const naive = new Map<string, Waiting>();
      let line = nobodyWaits;
      for (const { comes, number } of steps) {
        const before = line;
        const wasSize = [...everybodyIn(before)].length;
        const id = `bkg_${number}`;
        if (comes && !naive.has(id)) {
          naive.set(id, waiting(number));
          line = joined(line, id, waiting(number));
        } else if (!comes) {
          naive.delete(id);
          line = left(line, id);
        }
        assert.equal([...everybodyIn(before)].length, wasSize);
        assert.equal(line.size, naive.size);
        assert.equal(isWaiting(line, id), naive.has(id));
      }
      assert.deepEqual([...everybodyIn(line)], [...naive]);
      const again = lineOf([...naive]);
      assert.deepEqual([...everybodyIn(again)], [...naive]);
      assert.equal(again.size, naive.size);
      for (let user = 0; user < 7; user += 1) {
        const theirs = [...naive.values()].some((each) => !each.isAtCounter && each.userId === `usr_${user}`);
        assert.deepEqual(
          [line, again].map((each) => hasPlace(each, `usr_${user}`)),
          [theirs, theirs],
        );
      }
    }),
    { numRuns: 60 },
  );
});

/** What a change had to copy: stretches of the line after that the line before had not. */
function copied(before: WaitingLine, after: WaitingLine): number {
  const had = new Set(before.stretches);
  const fresh = after.stretches.filter((stretch) => !had.has(stretch));
  return fresh.reduce((entries, stretch) => entries + stretch.size, after.stretches.length);
}

test('among thousands, whoever comes or goes has some hundreds copied, also where nearly all have left', () => {
  let line = nobodyWaits;
  let most = 0;
  const turn = (after: WaitingLine) => {
    most = Math.max(most, copied(line, after));
    line = after;
  };
  for (let number = 0; number < 10_000; number += 1) turn(joined(line, `bkg_${number}`, waiting(number)));
  for (let number = 0; number < 10_000; number += 1) if (number % 64 !== 63) turn(left(line, `bkg_${number}`));
  assert.ok(most <= 300, `${most} entries and stretches were copied for one`);
  assert.equal(line.size, 156);
  assert.ok(line.stretches.length <= 10, `${line.stretches.length} stretches for ${line.size}`);
});
