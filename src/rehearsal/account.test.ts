import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accountOf, isBorne, type Seen } from './account.ts';
import type { Visit } from './customers.ts';

const visit = (more: Partial<Visit>): Visit => ({
  ...{ cameMs: 0, knewMs: 500, inRoomMs: 0, tookMs: 500, outcome: 'confirmed', places: 2, toldToComeBack: 0 },
  ...more,
});
const seen = (visits: readonly Visit[], more: Partial<Seen> = {}) =>
  accountOf({ visits, busy: [], capacity: 100, processors: 2, hasWaitingRoom: false, broken: [], ...more });

test('whoever gave up, and a promise that was broken, were not borne', () => {
  assert.equal(isBorne(seen([visit({})])), true);
  assert.equal(isBorne(seen([visit({ toldToComeBack: 3 })])), true);
  assert.equal(isBorne(seen([visit({}), visit({ outcome: 'gave_up', places: 0 })])), false);
  assert.equal(isBorne(seen([visit({})], { broken: ['seat-has-one-owner: no seat has two active owners'] })), false);
});

test('how long people waited is told of those who have what they wanted, and of the others', () => {
  const { yes, no, outcomes, places } = seen([
    visit({ tookMs: 100 }),
    visit({ tookMs: 300, outcome: 'held', places: 0 }),
    visit({ tookMs: 40, outcome: 'seats_unavailable', places: 0 }),
    visit({ tookMs: 50, outcome: 'waiting', places: 0 }),
    visit({ tookMs: 9_000, outcome: 'gave_up', places: 0 }),
  ]);
  assert.deepEqual([yes.count, yes.most, no.count, no.most], [2, 300, 2, 50]);
  assert.deepEqual(outcomes, { confirmed: 1, held: 1, seats_unavailable: 1, waiting: 1, gave_up: 1 });
  assert.deepEqual(places, { sold: 2, of: 100 });
});

test('whoever left the waiting room counts among those who had none, and has waited for no answer', () => {
  const { no, inRoom, periods } = seen([visit({ outcome: 'left', places: 0, inRoomMs: 500, tookMs: 0 })], {
    hasWaitingRoom: true,
  });
  assert.deepEqual([no.count, inRoom?.most, periods[0]?.refused, periods[0]?.p50], [0, 500, 1, undefined]);
});

test('each visit is in the period it came in, and in the one it ended in', () => {
  const { periods } = seen(
    [visit({ knewMs: 999 }), visit({ cameMs: 900, knewMs: 1_000 }), visit({ cameMs: 9_000, knewMs: 9_999 })],
    { busy: [{ atMs: 1_500, processors: 1.26 }] },
  );
  assert.deepEqual(
    periods.map(({ came, booked }) => [came, booked]),
    [[2, 1], [0, 1], ...Array.from({ length: 7 }, () => [0, 0]), [1, 1]],
  );
  assert.deepEqual([periods[1]?.busy, periods[2]?.busy, periods[2]?.p50], [1.3, undefined, undefined]);
});
