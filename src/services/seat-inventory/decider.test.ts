import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seatState } from '../../contracts/rules/seat-map.ts';
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
  declined,
  ended,
  facts,
  given,
  minutesLater,
  offerDue,
  otherPlan,
  paid,
  paymentStarted,
  placesDue,
  plan,
  refused,
  seats,
  types,
  waitsUntil,
} from './decider.fixtures.ts';
import { decider } from './decider.ts';
import type { Allocation, Input } from './state.ts';

const holdTtlMs = 300_000;

test('given a free show, when a booking asks for seats, then they are held until the hold time is over', () => {
  const [opened, hold, ...rest] = given().when(created(booking(1), seats('S-A-1', 'S-A-2')));
  assert.equal(opened?.type, 'ShowSeatsOpened');
  assert.equal(rest.length, 0);
  assert.ok(hold?.type === 'SeatsReserved');
  assert.deepEqual(hold.data.seats, ['S-A-1', 'S-A-2']);
  assert.deepEqual(hold.data.indexes, [0, 1]);
  assert.equal(Date.parse(hold.data.holdExpiresAt), at + holdTtlMs);
  assert.equal(hold.data.acceptedAt, created(booking(1), seats('S-A-1')).data.acceptedAt);
});

test('given a hold, when its booking asks again, then nothing happens', () => {
  assert.deepEqual(given(created(booking(1), seats('S-A-1'))).when(created(booking(1), seats('S-A-3'))), []);
});

test('given a refusal, when its booking asks again, then nothing happens', () => {
  const show = given(created(booking(1), seats('S-Z-1')));
  assert.deepEqual(show.when(created(booking(1), seats('S-A-1'))), []);
});

test('given seats held by another booking, when a booking asks for them and others, then it gets none', () => {
  const show = given(created(booking(1), seats('S-A-1')));
  assert.deepEqual(facts(show.when(created(booking(2), seats('S-A-1', 'S-A-2')))), [
    ['SeatsRefused', { reason: 'seats_unavailable', offending: ['S-A-1'] }],
  ]);
});

test('given a blocked seat, when a booking asks for it, then it is refused', () => {
  const show = given(blocking('BlockRequested', 'S-A-1'));
  assert.deepEqual(refused(show.when(created(booking(1), seats('S-A-1')))), 'seats_unavailable');
});

test('given nobody told of the show or its plan, when a booking asks, then there is no such show', () => {
  const input = created(booking(1), seats('S-A-1'));
  assert.equal(refused(given().when({ ...input, show: undefined })), 'show_not_found');
  assert.equal(refused(given().when({ ...input, plan: undefined })), 'show_not_found');
});

test('given a plan, when a booking names a seat or an area that it does not have, then the seat is unknown', () => {
  assert.deepEqual(facts(given().when(created(booking(1), seats('S-A-1', 'S-Z-9')))), [
    ['SeatsRefused', { reason: 'seat_unknown', offending: ['S-Z-9'] }],
  ]);
  assert.equal(refused(given().when(created(booking(1), areas(['lawn', 1])))), 'seat_unknown');
});

test('given a limit for each customer, when a customer asks for more, then it is exceeded; others are not counted', () => {
  const limited = { seatsPerCustomerMax: 3 };
  const show = given(created(booking(1, 'ann'), seats('S-A-1', 'S-A-2'), limited));
  assert.equal(refused(show.when(created(booking(2, 'ann'), seats('S-A-3', 'S-A-4'), limited))), 'limit_exceeded');
  assert.deepEqual(types(show.when(created(booking(2, 'ann'), seats('S-A-3'), limited))), ['SeatsReserved']);
  assert.deepEqual(types(show.when(created(booking(2, 'bob'), seats('S-A-3', 'S-A-4'), limited))), ['SeatsReserved']);
});

test('given a limit, when seats are given back, then they count no more', () => {
  const limited = { seatsPerCustomerMax: 2 };
  const show = given(
    created(booking(1, 'ann'), seats('S-A-1', 'S-A-2'), limited),
    ended('BookingRejected', booking(1, 'ann')),
  );
  assert.deepEqual(types(show.when(created(booking(2, 'ann'), seats('S-A-3', 'S-A-4'), limited))), ['SeatsReserved']);
});

test('given a limit, when staff sell at the counter, then it is not theirs', () => {
  const counter = { seatsPerCustomerMax: 1, bookedUnderId: booking(9).userId };
  const show = given().when(created(booking(1, 'ann'), seats('S-A-1', 'S-A-2'), counter));
  assert.deepEqual(types(show), ['ShowSeatsOpened', 'SeatsReserved']);
});

test('given a limit, when staff book for themselves, then what they sell at the counter counts neither taken nor given back', () => {
  const limited = { seatsPerCustomerMax: 1 };
  const sold = created(booking(1, 'ann'), seats('S-A-1', 'S-A-2'), { ...limited, bookedUnderId: booking(9).userId });
  const own = created(booking(2, 'ann'), seats('S-A-3'), limited);
  const another = created(booking(3, 'ann'), seats('S-A-4'), limited);
  assert.deepEqual(types(given(sold).when(own)), ['SeatsReserved']);
  assert.equal(refused(given(sold, own, ended('BookingRejected', booking(1, 'ann'))).when(another)), 'limit_exceeded');
  const late = [deadlineReached(booking(1, 'ann'), Number.MAX_SAFE_INTEGER), paid(booking(1, 'ann'))];
  assert.deepEqual(types(given(sold, ...late).when(own)), ['SeatsReserved']);
});

test('refusals come in order: unknown before exceeded before unavailable', () => {
  const limited = { seatsPerCustomerMax: 1 };
  const show = given(created(booking(1), seats('S-A-1')));
  assert.equal(refused(show.when(created(booking(2, 'bob'), seats('S-A-1', 'S-Z-1'), limited))), 'seat_unknown');
  assert.equal(refused(show.when(created(booking(2, 'bob'), seats('S-A-1', 'S-A-2'), limited))), 'limit_exceeded');
});

test('given seats taken at the front, when the best are asked for, then the next free ones are held', () => {
  const show = given(created(booking(1), seats('S-A-1', 'S-A-2')));
  const [hold] = show.when(created(booking(2), { kind: 'bestAvailable', count: 2 }));
  assert.ok(hold?.type === 'SeatsReserved');
  assert.deepEqual(hold.data.seats, ['S-A-3', 'S-A-4']);
  assert.equal(refused(show.when(created(booking(3), { kind: 'bestAvailable', count: 99 }))), 'seats_unavailable');
});

test('given a quote, when its booking names no seats, then the quoted ones are held', () => {
  const quote = {
    quoteId: 'quo_1',
    seats: ['S-B-1'],
    areas: [],
    items: [],
    fees: [],
    total: { amount: 0, currency: 'EUR' },
    expiresAt: '2030-01-01T00:00:00.000Z',
    rules: [],
    rulesVersion: 0,
  };
  const [, hold] = given().when(created(booking(1), { kind: 'bestAvailable', count: 1 }, { quote }));
  assert.ok(hold?.type === 'SeatsReserved');
  assert.deepEqual(hold.data.seats, ['S-B-1']);
  assert.deepEqual(hold.data.quote, quote);
});

test('given an area, when places are asked for, then they are held while there are any', () => {
  const show = given(created(booking(1), areas(['pit', 5])));
  assert.equal(refused(show.when(created(booking(2), areas(['pit', 2], ['pit', 2])))), 'seats_unavailable');
  const [hold] = show.when(created(booking(2), areas(['pit', 1], ['pit', 2])));
  assert.ok(hold?.type === 'SeatsReserved');
  assert.deepEqual(hold.data.areas, [{ area: 'pit', count: 3 }]);
});

test('given seats taken under one plan, when a booking comes with another, then it gets none', () => {
  const show = given(created(booking(1), seats('S-A-1')));
  const other = { plan: otherPlan, seatPlanId: otherPlan.seatPlanId };
  assert.equal(refused(show.when(created(booking(2), seats('S-A-2'), other))), 'seats_unavailable');
});

test('given blocks only, when a booking comes with another plan, then that is opened and the blocks are gone', () => {
  const show = given(blocking('BlockRequested', 'S-A-1'));
  const other = { plan: otherPlan, seatPlanId: otherPlan.seatPlanId };
  assert.deepEqual(types(show.when(created(booking(2), seats('S-A-1'), other))), ['ShowSeatsOpened', 'SeatsReserved']);
});

test('given a hold, when a charge is opened, then the hold lasts as long as the charge may take', () => {
  const show = given(created(booking(1), seats('S-A-1')));
  const until = new Date(at + holdTtlMs + 60_000).toISOString();
  assert.deepEqual(facts(show.when(paymentStarted(booking(1), until))), [['HoldMoved', { heldUntil: until }]]);
  assert.deepEqual(show.when(paymentStarted(booking(1), new Date(at).toISOString())), []);
});

test('given an extended hold, when the charge is declined, then the hold ends when it was promised to', () => {
  const until = new Date(at + holdTtlMs + 60_000).toISOString();
  const show = given(created(booking(1), seats('S-A-1')), paymentStarted(booking(1), until));
  assert.equal(decider.deadline(show.state(booking(1))), at + holdTtlMs + 60_000);
  assert.deepEqual(facts(show.when(declined(booking(1)))), [
    ['HoldMoved', { heldUntil: new Date(at + holdTtlMs).toISOString() }],
  ]);
  const after = given(created(booking(1), seats('S-A-1')), paymentStarted(booking(1), until), declined(booking(1)));
  assert.equal(decider.deadline(after.state(booking(1))), at + holdTtlMs);
  assert.deepEqual(after.when(declined(booking(1))), []);
});

test('given a hold, when its deadline comes, then the seats are released, but never early', () => {
  const show = given(created(booking(1), seats('S-A-1')));
  assert.deepEqual(show.when(deadlineReached(booking(1), at + holdTtlMs - 1)), []);
  assert.deepEqual(facts(show.when(deadlineReached(booking(1), at + holdTtlMs))), [
    ['SeatsReleased', { from: 'held', cause: 'hold_expired', whole: true }],
  ]);
});

test('given an extended hold, when the first deadline comes, then it is still valid', () => {
  const until = new Date(at + holdTtlMs + 60_000).toISOString();
  const show = given(created(booking(1), seats('S-A-1')), paymentStarted(booking(1), until));
  assert.deepEqual(show.when(deadlineReached(booking(1), at + holdTtlMs)), []);
});

test('given a hold past its deadline that nobody ended yet, when the money comes, then the seats are sold', () => {
  const show = given(created(booking(1), seats('S-A-1')));
  assert.deepEqual(facts(show.when({ ...paid(booking(1)), at: minutesLater(60) })), [['SeatsSold', { from: 'held' }]]);
});

test('given a hold that ended, when the money comes and all seats are free, then the same seats are sold', () => {
  const show = given(created(booking(1), seats('S-A-1', 'S-A-2')), deadlineReached(booking(1), minutesLater(6)));
  const [sold] = show.when(paid(booking(1)));
  assert.ok(sold?.type === 'SeatsSold');
  assert.deepEqual([sold.data.seats, sold.data.from], [['S-A-1', 'S-A-2'], 'free']);
});

test('given a hold that ended, when the money comes and one seat has gone, then all are lost', () => {
  const show = given(
    created(booking(1), seats('S-A-1', 'S-A-2')),
    deadlineReached(booking(1), minutesLater(6)),
    created(booking(2), seats('S-A-2')),
  );
  assert.deepEqual(facts(show.when(paid(booking(1)))), [['SeatsLost', { offending: ['S-A-2'] }]]);
});

test('given a limit and a hold that ended, when the money comes and the customer has booked again, then they have no more than they may', () => {
  const limited = { seatsPerCustomerMax: 3 };
  const late = (again: readonly string[]) =>
    given(
      created(booking(1, 'ann'), seats('S-A-1', 'S-A-2'), limited),
      deadlineReached(booking(1, 'ann'), minutesLater(6)),
      created(booking(2, 'ann'), seats(...again), limited),
    );
  assert.deepEqual(facts(late(['S-A-3', 'S-A-4']).when(paid(booking(1, 'ann'), [], limited))), [
    ['SeatsLost', { offending: [] }],
  ]);
  assert.deepEqual(types(late(['S-A-3']).when(paid(booking(1, 'ann'), [], limited))), ['SeatsSold']);
  // What was told by a build that did not name the limit.
  assert.deepEqual(types(late(['S-A-3', 'S-A-4']).when(paid(booking(1, 'ann')))), ['SeatsSold']);
});

test('given a limit and a hold of staff for somebody at the counter that ended, when the money comes, then it is not theirs', () => {
  const limited = { seatsPerCustomerMax: 1 };
  const counter = { ...limited, bookedUnderId: booking(9).userId };
  const show = given(
    created(booking(1, 'ann'), seats('S-A-1', 'S-A-2'), counter),
    deadlineReached(booking(1, 'ann'), minutesLater(6)),
  );
  assert.deepEqual(types(show.when(paid(booking(1, 'ann'), [], limited))), ['SeatsSold']);
});

test('given places of an area that were given back and taken since, when the money comes, then they are lost', () => {
  const show = given(
    created(booking(1), areas(['pit', 6])),
    deadlineReached(booking(1), minutesLater(6)),
    created(booking(2), areas(['pit', 5])),
  );
  assert.deepEqual(facts(show.when(paid(booking(1)))), [['SeatsLost', { offending: ['pit'] }]]);
});

test('given sold seats, when some are cancelled, then just these are free again and the others stay sold', () => {
  const show = given(created(booking(1), seats('S-A-1', 'S-A-2')), paid(booking(1)));
  const some = cancelled(booking(1), { whole: false, seats: ['S-A-2', 'S-B-1'] });
  const [released] = show.when(some);
  assert.ok(released?.type === 'SeatsReleased');
  assert.deepEqual([released.data.seats, released.data.indexes, released.data.whole], [['S-A-2'], [1], false]);
  const after = given(created(booking(1), seats('S-A-1', 'S-A-2')), paid(booking(1)), some);
  assert.equal(seatState(after.root.map, 0), 'sold');
  assert.equal(seatState(after.root.map, 1), 'free');
  assert.deepEqual(after.when(some), []);
  const [rest] = after.when(cancelled(booking(1), { whole: false, seats: ['S-A-1'] }));
  assert.ok(rest?.type === 'SeatsReleased');
  assert.equal(rest.data.whole, true);
});

test('given places of an area, when some are cancelled, then so many are free again', () => {
  const some = cancelled(booking(1), { whole: false, areas: [{ area: 'pit', count: 2 }] });
  const show = given(created(booking(1), areas(['pit', 6])), paid(booking(1)), some);
  assert.deepEqual(show.root.areas.get('pit'), { capacity: 8, held: 0, sold: 4 });
});

for (const name of ['constructor', '__proto__', 'toString']) {
  test(`given an area called ${name}, then no more of its places are taken than it has`, () => {
    const odd = { plan: { ...plan, areas: [{ area: name, name: 'Pit', capacity: 8, priceCategory: 'standing' }] } };
    const wanting = (number: number, count: number) => created(booking(number), areas([name, count]), odd);
    assert.deepEqual(types(given().when(wanting(1, 9))).at(-1), 'SeatsRefused');
    const show = given(wanting(1, 6));
    show.root = decodeRoot(JSON.parse(JSON.stringify(encodeRoot(show.root))));
    assert.deepEqual(show.root.areas.get(name), { capacity: 8, held: 6, sold: 0 });
    assert.deepEqual(types(show.when(wanting(2, 3))).at(-1), 'SeatsRefused');
    assert.deepEqual(types(show.when(wanting(2, 2))).at(-1), 'SeatsReserved');
  });
}

/** Every state × input, decided on purpose: what each answers with. */
const until = new Date(at + holdTtlMs + 60_000).toISOString();
const mine = booking(1);
const histories: Readonly<Record<Allocation['status'], readonly Input[]>> = {
  none: [],
  refused: [created(mine, seats('S-Z-1'))],
  held: [created(mine, seats('S-A-1')), paymentStarted(mine, until)],
  sold: [created(mine, seats('S-A-1')), paid(mine)],
  released: [created(mine, seats('S-A-1')), deadlineReached(mine, minutesLater(6))],
  lost: [
    created(mine, seats('S-A-1')),
    deadlineReached(mine, minutesLater(6)),
    created(booking(2), seats('S-A-1')),
    paid(mine),
  ],
  ended: [created(mine, seats('S-A-1')), ended('BookingRejected', mine)],
  waiting: [created(booking(2), best(12)), created(mine, best(1), { waitsUntil }), ended('BookingExpired', booking(2))],
};
const inputs: Readonly<Record<Exclude<Input['type'], 'BlockRequested' | 'UnblockRequested'>, Input>> = {
  BookingCreated: created(mine, seats('S-B-1')),
  BookingPaymentStarted: paymentStarted(mine, new Date(at + holdTtlMs + 90_000).toISOString()),
  PaymentDeclined: declined(mine),
  BookingPaid: paid(mine, ['S-A-1']),
  BookingRejected: ended('BookingRejected', mine),
  BookingExpired: ended('BookingExpired', mine),
  BookingCancelled: cancelled(mine, { whole: true }),
  DeadlineReached: deadlineReached(mine, minutesLater(60)),
  OfferDue: offerDue(),
  PlacesDue: placesDue(mine),
};
const answers: Readonly<Record<keyof typeof inputs, Partial<Readonly<Record<Allocation['status'], string>>>>> = {
  BookingCreated: { none: 'ShowSeatsOpened,SeatsReserved' },
  BookingPaymentStarted: { held: 'HoldMoved' },
  PaymentDeclined: { held: 'HoldMoved' },
  BookingPaid: {
    none: 'SeatsLost',
    refused: 'SeatsLost',
    held: 'SeatsSold',
    released: 'SeatsSold',
    ended: 'SeatsLost',
    waiting: 'SeatsLost',
  },
  BookingRejected: { held: 'SeatsReleased', sold: 'SeatsReleased', waiting: 'WaitEnded' },
  BookingExpired: { held: 'SeatsReleased', sold: 'SeatsReleased', waiting: 'WaitEnded' },
  BookingCancelled: { held: 'SeatsReleased', sold: 'SeatsReleased', waiting: 'WaitEnded' },
  DeadlineReached: { held: 'SeatsReleased' },
  OfferDue: { waiting: 'WaitingFound' },
  PlacesDue: { waiting: 'SeatsReserved' },
};

for (const [status, history] of Object.entries(histories) as [Allocation['status'], readonly Input[]][]) {
  for (const [type, input] of Object.entries(inputs) as [keyof typeof inputs, Input][]) {
    const expected = answers[type][status] ?? '';
    test(`given a booking that is ${status}, when ${type} comes, then ${expected === '' ? 'nothing happens' : expected}`, () => {
      const show = given(...history);
      assert.equal(show.state(mine).part.status, status);
      assert.equal(types(show.when(input)).join(), expected);
    });
  }
}
