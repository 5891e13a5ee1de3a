import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  at,
  cancellation,
  deadlineReached,
  given,
  priced,
  released,
  seatsAwaited,
  seatsRefused,
  seatsReserved,
  show,
  submitted,
  waitEndDue,
  wouldWait,
} from './decider.samples.ts';
import { deadline } from './decider.ts';
import type { Input } from './inputs.ts';

/** A booking that waits for seats, from no seats to its end. */

const weekLater = at(7 * 24 * 60);

test('it asks for seats and says until when it would wait: as long as there is a sale, or as was asked', () => {
  const until = (request: Input) => given(request).last('BookingCreated').waitsUntil;
  assert.equal(until(wouldWait()), weekLater);
  assert.equal(until(wouldWait({ show: show({ sales: { opensAt: at(-60), closesAt: at(90) } }) })), at(90));
  assert.equal(until(wouldWait({ show: show({ startsAt: at(60) }) })), at(60));
  assert.equal(until(wouldWait({ waitsForSeats: { until: at(30) } })), at(30));
  assert.equal(until(wouldWait({ waitsForSeats: { until: at(8 * 24 * 60) } })), weekLater);
});

test('it waits once seat-inventory has put it on the list, and not for the answer any more', () => {
  const asked = given(wouldWait());
  assert.equal(deadline(asked.state), Date.parse(at(1)));
  const waiting = given(wouldWait(), seatsAwaited());
  assert.deepEqual(waiting.last('BookingWaits').until, weekLater);
  assert.equal(deadline(waiting.state), Date.parse(weekLater));
  assert.deepEqual(given(wouldWait(), seatsAwaited(), seatsAwaited()).types, waiting.types, 'told twice');
});

test('it goes on like any other once it has seats and their price, and pays with what came meanwhile', () => {
  const paying = given(wouldWait(), seatsAwaited(), submitted(), seatsReserved(), priced());
  assert.deepEqual(paying.types.slice(-4), ['PaymentKept', 'BookingHeld', 'BookingPaymentStarted', 'BookingValidated']);
  const expired = given(wouldWait(), seatsAwaited(), seatsReserved(), priced(), released('hold_expired'));
  expired.isLast('BookingExpired');
});

test('its end without seats says that there were none; a refusal says why', () => {
  assert.equal(
    given(wouldWait(), seatsAwaited(), deadlineReached(), waitEndDue()).last('BookingRejected').reason,
    'seats_unavailable',
  );
  assert.equal(given(wouldWait(), deadlineReached()).last('BookingRejected').reason, 'timed_out');
  const refused = given(wouldWait(), seatsAwaited(), seatsRefused('limit_exceeded'));
  assert.equal(refused.last('BookingRejected').reason, 'limit_exceeded');
});

test('at its end it looks at the show, and waits on where that is later now, but no longer than was asked', () => {
  const ranOut = [wouldWait(), seatsAwaited(), deadlineReached()];
  const looking = given(...ranOut);
  looking.isLast('WaitRanOut');
  assert.equal(deadline(looking.state), undefined);
  assert.deepEqual(given(...ranOut, deadlineReached()).types, looking.types, 'looked at once');
  const later = show({ startsAt: at(9 * 24 * 60), sales: { opensAt: at(-60), closesAt: at(8 * 24 * 60) } });
  const on = given(...ranOut, waitEndDue({ at: weekLater, show: later }));
  assert.equal(on.last('BookingWaits').until, at(8 * 24 * 60));
  assert.equal(deadline(on.state), Date.parse(at(8 * 24 * 60)));
  given(...ranOut, waitEndDue({ at: weekLater, show: later }), deadlineReached()).isLast('WaitRanOut');
  for (const gone of [undefined, show({ startsAt: at(30) }), { ...later, state: 'cancelled' as const }])
    given(...ranOut, waitEndDue({ at: weekLater, show: gone })).isLast('BookingRejected');
  const asked = [wouldWait({ waitsForSeats: { until: at(30) } }), seatsAwaited(), deadlineReached()];
  given(...asked, waitEndDue({ at: at(30), show: later })).isLast('BookingRejected');
});

test('whoever has seats, or has ended, while the show is looked at waits for nothing', () => {
  const ranOut = [wouldWait(), seatsAwaited(), deadlineReached()];
  const due = waitEndDue({ at: weekLater, show: show() });
  given(...ranOut, seatsReserved(), priced(), due).isLast('BookingHeld');
  given(...ranOut, cancellation(), due).isLast('BookingCancelled');
  given(wouldWait(), seatsAwaited(), due).isLast('BookingWaits');
});

test('whoever leaves the list has nothing, and what was asked for before they were on it applies', () => {
  const left = given(wouldWait(), seatsAwaited(), cancellation());
  assert.deepEqual(left.last('BookingCancelled').seats, []);
  assert.equal(left.state.status, 'cancelled');
  given(wouldWait(), cancellation(), seatsAwaited()).isLast('BookingCancelled');
});
