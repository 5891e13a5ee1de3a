import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeRoot, encodeRoot } from './codec.ts';
import {
  areas,
  at,
  best,
  blocking,
  booking,
  cancelled,
  created,
  deadlineReached,
  ended,
  facts,
  given,
  minutesLater,
  offerDue,
  otherPlan,
  paid,
  placesDue,
  refused,
  type ShowOfBookings,
  seats,
  show as show_,
  types,
  waitsUntil,
} from './decider.fixtures.ts';
import { evolve } from './evolve.ts';
import type { Event, Input } from './state.ts';
import { everybodyIn } from './waiting-line.ts';
import { inTurn } from './waiting-list.ts';

/** Whoever finds no seats waits for some, and gets them before anybody else does. */

const [ann, bob, cid, dan] = ['ann', 'bob', 'cid', 'dan'].map((name, number) => booking(10 + number, name));
if (ann === undefined || bob === undefined || cid === undefined || dan === undefined) throw new Error('four of them');
const owner = booking(1, 'zoe');
const other = booking(2, 'yan');
const wait = (about: typeof ann, count: number, more: object = {}) =>
  created(about, best(count), { waitsUntil, ...more });
const takesTwo = created(other, seats('S-A-1', 'S-A-2'));
const takesTen = created(owner, best(10));

/** All twelve seats are taken: two by one booking, ten by another. */
const soldOut = (...more: readonly Input[]) => given(takesTwo, takesTen, ...more);
const reserved = (events: readonly Event[]) =>
  events.flatMap(({ type, data }) => (type === 'SeatsReserved' ? [[data.bookingId, data.seats.length]] : []));
const freed = (show: ShowOfBookings, input: Input) => show.settle(show.take(input));

test('given a full hall, when somebody asks who would wait, then they wait; nobody else does', () => {
  assert.deepEqual(types(soldOut().when(wait(ann, 2))), ['SeatsAwaited']);
  assert.equal(refused(soldOut().when(created(ann, best(2)))), 'seats_unavailable');
  assert.deepEqual(types(given(takesTen).when(wait(ann, 2))), ['SeatsReserved'], 'two are free');
});

test('given seats by name, or more than the hall has, when they are not free, then nobody waits', () => {
  assert.equal(refused(soldOut().when(created(ann, seats('S-A-1'), { waitsUntil }))), 'seats_unavailable');
  assert.equal(refused(soldOut().when(wait(ann, 13))), 'seats_unavailable');
  assert.equal(refused(soldOut().when(created(ann, areas(['pit', 9]), { waitsUntil }))), 'seats_unavailable');
  assert.equal(
    refused(soldOut().when(wait(ann, 1, { wanted: { ...best(1), priceCategory: 'none' } }))),
    'seats_unavailable',
  );
});

test('given a full list, or a customer on it, when they ask, then they do not wait, but staff may for many', () => {
  const list = soldOut(wait(ann, 1), wait(bob, 1));
  assert.equal(refused(list.when(wait(booking(20, 'ann'), 1))), 'limit_exceeded');
  const atCounter = (number: number) => wait(booking(number, 'ann'), 1, { bookedUnderId: `usr_${number}` });
  assert.deepEqual(types(list.take(atCounter(20))), ['SeatsAwaited']);
  assert.equal(refused(list.when(wait(cid, 1))), 'seats_unavailable', 'three is the most here');
});

test('given two who wait, when seats become free, then the first gets them, and nobody comes in between', () => {
  const list = soldOut(wait(ann, 2), wait(bob, 2));
  const first = list.take(ended('BookingExpired', other));
  assert.deepEqual(types(first), ['SeatsReleased', 'PlacesOffered']);
  assert.equal(refused(list.when(created(cid, seats('S-A-1')))), 'seats_unavailable');
  assert.deepEqual(types(list.when(wait(cid, 1))), ['SeatsAwaited'], 'behind them');
  const then = list.settle(first);
  assert.deepEqual(reserved(then), [[ann.bookingId, 2]]);
  assert.deepEqual(types(then), ['WaitingFound', 'SeatsReserved', 'OfferEnded']);
  assert.deepEqual(
    [...everybodyIn(list.root.waiting)].map(([bookingId]) => bookingId),
    [bob.bookingId],
  );
});

test('given a party of four before a couple, when two seats become free, then the couple goes in, and four have the next', () => {
  const list = soldOut(wait(ann, 4), wait(bob, 2));
  assert.deepEqual(reserved(freed(list, ended('BookingExpired', other))), [[bob.bookingId, 2]]);
  assert.deepEqual(reserved(freed(list, ended('BookingExpired', owner))), [[ann.bookingId, 4]]);
});

test('given nobody who can use what is left, when the offer is through, then it is anybody’s', () => {
  const list = soldOut(wait(ann, 3));
  assert.deepEqual(types(freed(list, ended('BookingExpired', other))), ['OfferEnded']);
  assert.deepEqual(types(list.when(created(cid, seats('S-A-1')))), ['SeatsReserved']);
});

test('given one who does not pay, when the hold ends, then the next one has the seats', () => {
  const list = soldOut(wait(ann, 2), wait(bob, 2));
  freed(list, ended('BookingExpired', other));
  assert.deepEqual(reserved(freed(list, deadlineReached(ann, minutesLater(31)))), [[bob.bookingId, 2]]);
  assert.deepEqual(types(list.when(paid(bob))), ['SeatsSold']);
});

test('given one who let places go by, when they wait again, then it is behind all who have not, also those who came later', () => {
  const list = soldOut(wait(ann, 2), wait(bob, 2));
  freed(list, ended('BookingExpired', other));
  freed(list, deadlineReached(ann, minutesLater(31)));
  const [again, after] = [booking(20, 'ann'), booking(21, 'dan')];
  for (const each of [wait(again, 1), wait(after, 1)]) assert.deepEqual(types(list.take(each)), ['SeatsAwaited']);
  assert.deepEqual(
    [...inTurn(list.root)].map(([bookingId]) => bookingId),
    [after.bookingId, again.bookingId],
  );
  assert.deepEqual(reserved(freed(list, deadlineReached(bob, minutesLater(31)))), [
    [after.bookingId, 1],
    [again.bookingId, 1],
  ]);
});

test('given one who let places go by twice, by giving them back too, when they ask again, then they do not wait', () => {
  const list = soldOut(wait(ann, 2));
  freed(list, ended('BookingExpired', other));
  freed(list, cancelled(ann, { whole: true, cause: 'customer', seats: ['S-A-1', 'S-A-2'] }));
  list.take(created(booking(22, 'yan'), best(2)));
  const again = booking(20, 'ann');
  list.take(wait(again, 2));
  freed(list, ended('BookingExpired', booking(22, 'yan')));
  freed(list, deadlineReached(again, minutesLater(31)));
  list.take(created(booking(23, 'yan'), best(2)));
  assert.equal(refused(list.when(wait(booking(24, 'ann'), 2))), 'limit_exceeded');
  assert.equal(refused(list.when(created(booking(24, 'ann'), best(2)))), 'seats_unavailable');
  assert.deepEqual(types(list.when(wait(bob, 2))), ['SeatsAwaited']);
  assert.deepEqual(types(list.when(wait(booking(24, 'ann'), 2, { bookedUnderId: 'usr_guest' }))), ['SeatsAwaited']);
});

test('given one whose cards are all declined, when their booking ends by it, then they have let go of what they had waited for', () => {
  const list = soldOut(wait(ann, 2), wait(bob, 2));
  freed(list, ended('BookingExpired', other));
  assert.deepEqual(reserved(freed(list, ended('BookingRejected', ann, 'payment_declined'))), [[bob.bookingId, 2]]);
  assert.equal(list.root.lapses.get(ann.userId), 1);
  // What is rejected for anything else was not theirs to keep.
  freed(list, ended('BookingRejected', bob, 'price_changed'));
  assert.equal(list.root.lapses.has(bob.userId), false);
});

test('given one who has paid too late for anything to be declined, when their booking is rejected, then nothing is counted twice', () => {
  const list = soldOut(wait(ann, 2));
  freed(list, ended('BookingExpired', other));
  freed(list, deadlineReached(ann, minutesLater(31)));
  freed(list, ended('BookingRejected', ann, 'payment_declined'));
  assert.equal(list.root.lapses.get(ann.userId), 1);
});

test('given seats that nobody had waited for, or that the house takes back, when they are let go, then nobody is the worse for it', () => {
  const list = soldOut(wait(ann, 2));
  freed(list, deadlineReached(other, minutesLater(6)));
  freed(list, cancelled(ann, { whole: true }));
  freed(list, deadlineReached(owner, minutesLater(6)));
  assert.equal(list.root.lapses.size, 0);
});

test('given one who pays for what was found a moment too late, then they have not let it go', () => {
  const list = soldOut(wait(ann, 2), wait(bob, 1));
  freed(list, ended('BookingExpired', other));
  const first = list.take(deadlineReached(ann, minutesLater(31)));
  assert.equal(list.root.lapses.get(ann.userId), 1);
  assert.deepEqual(types(list.take(paid(ann))), ['SeatsSold']);
  list.settle(first);
  assert.equal(list.root.lapses.size, 0);
  // Who paid for something else too late has let go of what they had waited for all the same.
  const lapsed = soldOut(wait(ann, 2), wait(bob, 1));
  freed(lapsed, ended('BookingExpired', other));
  freed(lapsed, deadlineReached(ann, minutesLater(31)));
  const more = booking(20, 'ann');
  lapsed.take(created(more, areas(['pit', 1])));
  lapsed.take(deadlineReached(more, minutesLater(6)));
  assert.deepEqual(types(lapsed.take(paid(more))), ['SeatsSold']);
  assert.equal(lapsed.root.lapses.get(ann.userId), 1);
});

test('given one who leaves the list in the moment that places are found, then they have let go of nothing they knew of', () => {
  const list = soldOut(wait(ann, 2));
  freed(list, ended('BookingExpired', other));
  freed(list, cancelled(ann, { whole: true, cause: 'customer', seats: [] }));
  assert.equal(list.root.lapses.size, 0);
});

test('given thousands who let places go by, then those of late are remembered, so many at most', () => {
  const list = given();
  let { root } = list;
  for (let number = 0; number < 3_000; number += 1) {
    const data = { ...booking(number), userId: `usr_${number}`, seats: [], indexes: [], areas: [] };
    const released = { ...data, from: 'held', cause: 'hold_expired', whole: true, waitedFor: true } as const;
    root = evolve({ root, part: { status: 'none' } }, { type: 'SeatsReleased', data: released }).root;
  }
  assert.deepEqual([root.lapses.size, root.lapses.has('usr_2999'), root.lapses.has('usr_1999')], [1_000, true, false]);
  assert.deepEqual(decodeRoot(JSON.parse(JSON.stringify(encodeRoot(root)))).lapses, root.lapses);
});

test('given one who has left, then nothing is held for them, even where seats were found just now', () => {
  const list = soldOut(wait(ann, 2), wait(bob, 2));
  list.take(ended('BookingExpired', other));
  assert.deepEqual(types(list.take(offerDue())), ['WaitingFound']);
  assert.deepEqual(types(list.take(cancelled(ann, { whole: true }))), ['WaitEnded']);
  assert.deepEqual(types(list.take(placesDue(ann))), []);
  assert.deepEqual(types(list.take(offerDue({ goesOn: true }))), ['WaitingFound']);
  assert.deepEqual(types(list.take(placesDue(bob))), ['SeatsReserved']);
});

test('given holds that end in one moment, then what they free is one offer, and whoever waits is found once', () => {
  const everySeat = ['A', 'B'].flatMap((row) => [1, 2, 3, 4, 5, 6].map((number) => `S-${row}-${number}`));
  const holders = everySeat.map((seat, index) => ({ about: booking(40 + index, 'zoe'), seat }));
  const list = given(...holders.map(({ about, seat }) => created(about, seats(seat))));
  for (const each of [wait(ann, 2), wait(bob, 2), wait(cid, 11)]) list.take(each);
  const then = list.settle(holders.flatMap(({ about }) => list.take(deadlineReached(about, minutesLater(6)))));
  assert.deepEqual(types(then), ['WaitingFound', 'SeatsReserved', 'SeatsReserved', 'OfferEnded']);
});

test('given places that were found and never given, when more become free later, then those who wait are found again', () => {
  const list = soldOut(wait(ann, 2));
  list.take(ended('BookingExpired', other));
  assert.deepEqual(types(list.take(offerDue())), ['WaitingFound']);
  assert.deepEqual(types(list.take(offerDue({ time: at + 9_999 }))), []);
  assert.deepEqual(types(list.take(offerDue({ time: at + 10_000 }))), ['WaitingFound']);
});

test('given others who have seats by the plan before, when some become free, then nobody is found for another plan', () => {
  const show = given(created(owner, seats('S-A-1')), created(other, seats('S-A-2')));
  assert.deepEqual(types(show.take(wait(ann, 2, { plan: otherPlan }))), ['SeatsAwaited']);
  show.take(ended('BookingExpired', other));
  assert.deepEqual(types(show.take(offerDue({ plan: otherPlan }))), ['OfferEnded']);
  show.take(ended('BookingExpired', owner));
  assert.deepEqual(types(show.take(offerDue({ plan: otherPlan }))), ['WaitingFound']);
});

test('given seats that were only blocked, when the show has another plan, then it is for those who wait before anybody else', () => {
  const everySeat = ['A', 'B'].flatMap((row) => [1, 2, 3, 4, 5, 6].map((number) => `S-${row}-${number}`));
  const list = given(blocking('BlockRequested', ...everySeat), wait(ann, 2));
  const [newcomer, later] = [booking(30, 'eve'), booking(31, 'fay')];
  const first = list.take(created(newcomer, best(1), { plan: otherPlan }));
  assert.deepEqual(types(first), ['ShowSeatsOpened', 'SeatsRefused', 'PlacesOffered']);
  assert.deepEqual(types(list.take(wait(later, 1, { plan: otherPlan }))), ['SeatsAwaited'], 'behind them');
  list.root = decodeRoot(JSON.parse(JSON.stringify(encodeRoot(list.root))));
  assert.deepEqual(types(list.take(offerDue({ plan: otherPlan }))), ['WaitingFound']);
  assert.deepEqual(reserved(list.take({ ...placesDue(ann), plan: otherPlan })), [[ann.bookingId, 2]]);
  assert.deepEqual(reserved(list.take({ ...placesDue(later), plan: otherPlan })), [[later.bookingId, 1]]);
  assert.equal(refused(list.when(created(newcomer, best(1), { plan: otherPlan }))), undefined, 'asked before');
  assert.deepEqual(types(list.take(offerDue({ goesOn: true, plan: otherPlan }))), ['OfferEnded']);
  assert.deepEqual(types(list.when(created(booking(32, 'gus'), best(1), { plan: otherPlan }))), ['SeatsReserved']);
});

test('given nobody who can use another plan, when the show has it, then it is for whoever comes', () => {
  const list = given(created(owner, areas(['pit', 8])), created(ann, areas(['pit', 2]), { waitsUntil }));
  list.settle(list.take(ended('BookingExpired', owner)));
  assert.equal(list.root.waiting.size, 0);
  assert.deepEqual(types(list.take(ended('BookingExpired', ann))), ['SeatsReleased']);
  assert.deepEqual(types(list.when(created(bob, best(1), { plan: otherPlan }))), ['ShowSeatsOpened', 'SeatsReserved']);
});

test('given a hold for who has waited, then it lasts longer than others, but not beyond the sale by more than theirs', () => {
  const holdOf = (events: readonly Event[]) =>
    facts(events).length === 1 && events[0]?.type === 'SeatsReserved' ? Date.parse(events[0].data.holdExpiresAt) : 0;
  const list = soldOut(wait(ann, 2));
  list.take(ended('BookingExpired', other));
  list.take(offerDue());
  assert.equal(holdOf(list.when(placesDue(ann))), at + 1_800_000);
  const late = Date.parse(show_.startsAt) - 60_000;
  assert.equal(holdOf(list.when(placesDue(ann, { time: late }))), late + 300_000);
  const between = Date.parse(show_.startsAt) - 600_000;
  assert.equal(holdOf(list.when(placesDue(ann, { time: between }))), between + 600_000);
});

test('given a sale that is over, when seats become free, then they are offered to nobody', () => {
  const list = soldOut(wait(ann, 2));
  list.take(ended('BookingExpired', other));
  assert.deepEqual(types(list.take(offerDue({ saleIsOver: true }))), ['OfferEnded']);
});

test('given a customer who has all that the show allows meanwhile, when seats are found, then they are refused', () => {
  const limited = { seatsPerCustomerMax: 2 };
  const list = soldOut(wait(ann, 2, limited), created(booking(30, 'ann'), areas(['pit', 1]), limited), wait(bob, 2));
  const then = freed(list, ended('BookingExpired', other));
  assert.deepEqual(types(then), ['WaitingFound', 'SeatsRefused', 'WaitingFound', 'SeatsReserved', 'OfferEnded']);
  assert.deepEqual(reserved(then), [[bob.bookingId, 2]]);
});

test('given places in an area, when some become free, then whoever waits for them has them, before those who come', () => {
  const list = given(created(owner, areas(['pit', 6])), created(other, areas(['pit', 2])));
  list.take(created(ann, areas(['pit', 2]), { waitsUntil }));
  const first = list.take(ended('BookingExpired', other));
  assert.equal(refused(list.when(created(dan, areas(['pit', 1])))), 'seats_unavailable');
  assert.deepEqual(types(list.settle(first)), ['WaitingFound', 'SeatsReserved', 'OfferEnded']);
  assert.deepEqual(list.root.areas.get('pit'), { capacity: 8, held: 8, sold: 0 });
});
