import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SeatChange } from './answers.ts';
import { countsOf, PastHall } from './past-hall.ts';

const seats = ['A-1', 'A-2', 'A-3'];
const hall = {
  seatCount: 3,
  indexOf: (seat: string) => (seats.includes(seat) ? seats.indexOf(seat) : undefined),
};

function change(version: number, becomes: SeatChange['becomes'], ...of: readonly string[]): SeatChange {
  const at = new Date(version * 1_000).toISOString();
  return { version, at, type: 'Seats', seats: of, says: '', ...(becomes && { becomes }) };
}

describe('a hall in the past', () => {
  const past = new PastHall(
    [
      change(2, 'held', 'A-1', 'A-2'),
      change(3, undefined, 'A-1'),
      change(5, 'sold', 'A-1', 'A-2'),
      change(6, 'blocked', 'A-3', 'Z-9'),
      change(9, 'free', 'A-2'),
    ],
    hall,
  );

  it('is as it was after each change, and empty before them', () => {
    const all = Array.from({ length: past.length + 1 }, (_, count) => [...past.statesAfter(count)]);
    assert.deepEqual(all, [
      [0, 0, 0],
      [1, 1, 0],
      [2, 2, 0],
      [2, 2, 3],
      [2, 0, 3],
    ]);
  });

  it('tells which change made it so', () => {
    assert.deepEqual([past.after(0)?.version, past.after(2)?.version], [undefined, 5]);
  });

  it('is counted', () => {
    assert.deepEqual(countsOf(past.statesAfter(4)), [1, 0, 1, 1]);
  });
});
