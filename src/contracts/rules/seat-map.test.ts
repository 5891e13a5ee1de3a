import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  chunkSeats,
  decodeSeatMap,
  emptySeatMap,
  encodeSeatMap,
  isFree,
  nextFree,
  nextTaken,
  type SeatState,
  seatState,
  seatStates,
  spannedSeats,
  withSeats,
} from './seat-map.ts';

const size = 3 * chunkSeats + 7;
const state = fc.constantFrom<SeatState>('free', 'held', 'sold', 'blocked');
const changes = fc.array(fc.record({ indexes: fc.array(fc.nat(size - 1), { maxLength: 40 }), state }), {
  maxLength: 30,
});

test('a map says what a plain list of seats says', () => {
  fc.assert(
    fc.property(changes, fc.nat(size - 1), (steps, from) => {
      const naive: SeatState[] = Array.from({ length: size }, () => 'free');
      let map = emptySeatMap;
      for (const step of steps) {
        map = withSeats(map, step.indexes, step.state);
        for (const index of step.indexes) naive[index] = step.state;
      }
      assert.deepEqual(
        Array.from(naive, (_, index) => seatState(map, index)),
        naive,
      );
      const count = (wanted: SeatState) => naive.filter((each) => each === wanted).length;
      assert.deepEqual([map.held, map.sold, map.blocked], [count('held'), count('sold'), count('blocked')]);
      const free = naive.findIndex((each, index) => index >= from && each === 'free');
      const taken = naive.findIndex((each, index) => index >= from && each !== 'free');
      assert.equal(nextFree(map, from, size), free === -1 ? size : free);
      assert.equal(nextTaken(map, from, size), taken === -1 ? size : taken);
      assert.equal(isFree(map, from), naive[from] === 'free');
      const decoded = decodeSeatMap(encodeSeatMap(map, size));
      assert.deepEqual(
        Array.from(naive, (_, index) => seatState(decoded, index)),
        naive,
      );
      assert.deepEqual([decoded.held, decoded.sold, decoded.blocked], [map.held, map.sold, map.blocked]);
    }),
    { numRuns: 60 },
  );
});

test('a change leaves the map it came from alone and shares the chunks it did not touch', () => {
  const before = withSeats(emptySeatMap, [0, chunkSeats, 2 * chunkSeats], 'held');
  const after = withSeats(before, [chunkSeats + 1], 'sold');
  assert.equal(seatState(before, chunkSeats + 1), 'free');
  assert.equal(seatState(after, chunkSeats + 1), 'sold');
  assert.equal(after.chunks[0], before.chunks[0]);
  assert.notEqual(after.chunks[1], before.chunks[1]);
  assert.equal(after.chunks[2], before.chunks[2]);
});

test('full chunks are stepped over', () => {
  const all = Array.from({ length: 2 * chunkSeats }, (_, index) => index);
  const map = withSeats(emptySeatMap, all, 'sold');
  assert.equal(nextFree(map, 0, 3 * chunkSeats), 2 * chunkSeats);
  assert.equal(nextFree(map, 0, 2 * chunkSeats), 2 * chunkSeats);
  assert.equal(nextTaken(withSeats(map, all, 'free'), 0, size), size);
});

test('two bits a seat travel low bits first', () => {
  const map = withSeats(withSeats(withSeats(emptySeatMap, [0], 'held'), [1], 'sold'), [2, 4], 'blocked');
  assert.equal(encodeSeatMap(map, 5), Buffer.from([0b00_11_10_01, 0b11]).toString('base64'));
  assert.deepEqual(seatStates, { free: 0, held: 1, sold: 2, blocked: 3 });
  assert.equal(encodeSeatMap(map, spannedSeats(map)).length, Math.ceil(chunkSeats / 4 / 3) * 4);
});

test('65,536 seats are less than 24 KB', () => {
  assert.ok(encodeSeatMap(emptySeatMap, 65_536).length < 24 * 1024);
});
