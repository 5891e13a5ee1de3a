import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SeatEvent } from '../../contracts/seat-inventory.ts';
import { foldSales, isBooked, ranOutMax, type ShowSales, takenPlaces } from './show-sales.ts';

const uuid = '01890000-0000-7000-8000-000000000001';
const showId = `shw_${uuid}`;
const userId = `usr_${uuid}`;
const plan = `pln_${uuid}`;
const moment = '2026-01-01T00:00:00.000Z';
const of = (booking: string, seats: readonly string[], standing = 0) => ({
  ...{ bookingId: booking, showId, userId, indexes: [] },
  seats: [...seats],
  areas: standing > 0 ? [{ area: 'standing', count: standing }] : [],
});
const reserved = (...args: Parameters<typeof of>): SeatEvent => ({
  type: 'SeatsReserved',
  data: { ...of(...args), seatPlanId: plan, holdExpiresAt: moment, acceptedAt: moment },
});
const sold = (...args: Parameters<typeof of>): SeatEvent => ({ type: 'SeatsSold', data: of(...args) });
const released = (
  how: { from: 'held' | 'sold'; cause: 'hold_expired' | 'booking_ended' | 'booking_cancelled' },
  ...args: Parameters<typeof of>
): SeatEvent => ({ type: 'SeatsReleased', data: { ...of(...args), ...how, whole: true } });
const expired = { from: 'held', cause: 'hold_expired' } as const;

function folded(...events: readonly SeatEvent[]): ShowSales {
  return (
    events.reduce<ShowSales | undefined>(
      (sales, event) => foldSales(sales, { ...event, time: Date.parse(moment) }),
      undefined,
    ) ?? {
      ...{ held: 0, sold: 0, blocked: 0, ranOut: [] },
    }
  );
}
const counts = ({ held, sold: sales, blocked }: ShowSales) => ({ held, sold: sales, blocked });

test('held seats become sold', () => {
  assert.deepEqual(counts(folded(reserved('b1', ['1', '2'], 3))), { held: 5, sold: 0, blocked: 0 });
  const document = folded(reserved('b1', ['1', '2'], 3), sold('b1', ['1', '2'], 3));
  assert.deepEqual(counts(document), { held: 0, sold: 5, blocked: 0 });
  assert.equal(document.firstSaleAt, moment);
});

test('released seats are free, whether they were held or sold', () => {
  assert.deepEqual(counts(folded(reserved('b1', ['1']), released(expired, 'b1', ['1']))), {
    held: 0,
    sold: 0,
    blocked: 0,
  });
  const undone = folded(
    reserved('b1', ['1']),
    sold('b1', ['1']),
    released({ from: 'sold', cause: 'booking_cancelled' }, 'b1', ['1']),
  );
  assert.deepEqual(counts(undone), { held: 0, sold: 0, blocked: 0 });
  assert.equal(isBooked(undone), true);
});

test('money after the hold takes free seats, not those that others hold', () => {
  const document = folded(
    reserved('b1', ['1', '2']),
    released(expired, 'b1', ['1', '2']),
    reserved('b2', ['7', '8', '9']),
    sold('b1', ['1', '2']),
  );
  assert.deepEqual(counts(document), { held: 3, sold: 2, blocked: 0 });
  assert.deepEqual(document.ranOut, []);
});

test('holds that ran out are remembered up to a limit', () => {
  const many = Array.from({ length: ranOutMax + 5 }, (_, index) => [
    reserved(`b${index}`, ['1']),
    released(expired, `b${index}`, ['1']),
  ]).flat();
  assert.equal(folded(...many).ranOut.length, ranOutMax);
});

test('blocked seats are taken too; refusals and losses take nothing', () => {
  const block: SeatEvent = { type: 'SeatsBlocked', data: { showId, seats: ['1', '2'], indexes: [0, 1], by: userId } };
  const unblock: SeatEvent = { type: 'SeatsUnblocked', data: { showId, seats: ['1'], indexes: [0], by: userId } };
  const refused: SeatEvent = {
    type: 'SeatsRefused',
    data: { bookingId: 'b1', showId, userId, reason: 'seats_unavailable', offending: [] },
  };
  const lost: SeatEvent = { type: 'SeatsLost', data: { ...of('b1', ['1']), offending: [] } };
  const document = folded(block, unblock, refused, lost, reserved('b1', ['5']));
  assert.equal(takenPlaces(document, plan), 2);
  assert.equal(takenPlaces(undefined, plan), 0);
});

test('a show is booked while a seat is held, and for ever once one was sold', () => {
  assert.equal(isBooked(undefined), false);
  assert.equal(isBooked(folded(reserved('b1', ['1']))), true);
  assert.equal(isBooked(folded(reserved('b1', ['1']), released(expired, 'b1', ['1']))), false);
});

test('blocks do not go with a plan that is replaced, seats that somebody has do', () => {
  const block = (seats: readonly string[], seatPlanId?: string): SeatEvent => ({
    type: 'SeatsBlocked',
    data: { showId, seats: [...seats], indexes: [0], by: userId, ...(seatPlanId && { seatPlanId }) },
  });
  const blocked = folded(block(['1', '2'], 'pln_other'));
  assert.deepEqual([takenPlaces(blocked, 'pln_other'), takenPlaces(blocked, plan)], [2, 0]);
  assert.deepEqual(counts(folded(block(['1', '2'], 'pln_other'), reserved('b1', ['5']))), {
    held: 1,
    sold: 0,
    blocked: 0,
  });
  assert.deepEqual(counts(folded(block(['1', '2'], 'pln_other'), block(['3'], plan))), {
    held: 0,
    sold: 0,
    blocked: 1,
  });
  assert.equal(takenPlaces(folded(reserved('b1', ['5'])), 'pln_other'), 1);
  // Events of before they named a plan are of the one that is known.
  assert.equal(takenPlaces(folded(block(['1', '2'])), plan), 2);
});
