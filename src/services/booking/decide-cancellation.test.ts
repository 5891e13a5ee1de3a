import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deriveId } from '../../contracts/ids.ts';
import {
  admitted,
  at,
  bookingId,
  cancellation,
  failed,
  given,
  priced,
  requested,
  seatsLost,
  seatsSold,
  show,
  showCancelled,
  states,
  succeeded,
} from './decider.samples.ts';
import type { Input } from './inputs.ts';

const payment = { method: 'card', token: 'tok_visa' } as const;
const attempt = (n: number) => deriveId('payment', bookingId, `attempt-${n}`);

describe('a cancellation', () => {
  const cancelled = (...inputs: readonly Input[]) => given(...inputs).last('BookingCancelled');

  test('of unpaid seats gives nothing back, for nothing was paid', () => {
    const data = cancelled(...states.awaiting_payment, cancellation());
    assert.equal(data.refund, undefined);
    assert.deepEqual(data.seats, ['A-1-1', 'A-1-2']);
  });
  test('by the customer gives everything back by default', () => {
    const data = cancelled(...states.confirmed, cancellation());
    assert.deepEqual([data.refund?.amount, data.kept?.amount, data.cause, data.whole], [2_650, 0, 'customer', true]);
  });
  test('by the customer leaves the fee of the refund policy', () => {
    const policy = show({ refundPolicy: { untilMinutesBefore: 0, feePercent: 10 } });
    const data = cancelled(...states.confirmed, cancellation({ show: policy }));
    assert.deepEqual([data.refund?.amount, data.kept?.amount], [2_385, 265]);
  });
  test('that leaves everything asks for no refund', () => {
    const policy = show({ refundPolicy: { untilMinutesBefore: 0, feePercent: 100 } });
    given(...states.confirmed, cancellation({ show: policy })).isLast('BookingCancelled');
  });
  test('by the customer is refused when it is too late', () => {
    const closed = show({ refundPolicy: { untilMinutesBefore: 24 * 60, feePercent: 0 }, startsAt: at(23 * 60) });
    const story = given(...states.confirmed, cancellation({ show: closed }));
    assert.equal(story.last('BookingCancellationRefused').reason, 'cancellation_closed');
    assert.equal(story.state.status, 'confirmed');
  });
  test('is free again until the new start when the show was moved after the booking', () => {
    const policy = { untilMinutesBefore: 24 * 60, feePercent: 50 };
    const moved = show({ refundPolicy: policy, startsAt: at(60), movedAt: at(5) });
    assert.equal(cancelled(...states.confirmed, cancellation({ show: moved })).refund?.amount, 2_650);
    const before = show({ refundPolicy: policy, startsAt: at(60), movedAt: at(-5) });
    given(...states.confirmed, cancellation({ show: before })).isLast('BookingCancellationRefused');
    const started = show({ refundPolicy: policy, startsAt: at(10), movedAt: at(5) });
    given(...states.confirmed, cancellation({ show: started })).isLast('BookingCancellationRefused');
  });
  test('by the customer is refused once a ticket was used, by the organizer it is not', () => {
    const story = given(...states.confirmed, admitted(), cancellation());
    assert.equal(story.last('BookingCancellationRefused').reason, 'not_cancellable');
    given(...states.confirmed, admitted(), cancellation({ by: 'organizer' })).isLast('RefundRequested');
  });
  test('by the organizer gives everything back, however late', () => {
    const late = show({ refundPolicy: { untilMinutesBefore: 0, feePercent: 50 }, startsAt: at(-60) });
    assert.equal(cancelled(...states.confirmed, cancellation({ by: 'organizer', show: late })).refund?.amount, 2_650);
  });
  test('of one seat gives its price back and leaves the rest confirmed', () => {
    const story = given(...states.confirmed, cancellation({ by: 'organizer', seats: ['A-1-1'] }));
    const data = story.last('BookingCancelled');
    assert.deepEqual([data.whole, data.seats, data.refund?.amount], [false, ['A-1-1'], 1_250]);
    assert.equal(story.state.status, 'confirmed');
    const rest = cancelled(
      ...states.confirmed,
      cancellation({ by: 'organizer', seats: ['A-1-1'] }),
      cancellation({ by: 'customer' }),
    );
    assert.deepEqual([rest.whole, rest.seats, rest.refund?.amount], [true, ['A-1-2'], 1_400]);
  });
  test('of all seats by name is one of the whole booking', () => {
    assert.equal(
      cancelled(...states.confirmed, cancellation({ by: 'organizer', seats: ['A-1-2', 'A-1-1'] })).whole,
      true,
    );
  });
  test('of a seat that is not theirs, or of some seats by the customer, is refused', () => {
    const unknown = given(...states.confirmed, cancellation({ by: 'organizer', seats: ['A-1-1', 'Z-9-9'] }));
    assert.equal(unknown.last('BookingCancellationRefused').reason, 'seat_unknown');
    const some = given(...states.confirmed, cancellation({ seats: ['A-1-1'] }));
    assert.equal(some.last('BookingCancellationRefused').reason, 'not_cancellable');
  });
  test('asked for while seats are looked for comes before any charge', () => {
    const story = given(requested({ payment }), cancellation(), cancellation(), priced());
    assert.deepEqual(story.types.slice(2), ['CancellationKept', 'BookingHeld', 'BookingCancelled']);
  });
  test('asked for while a charge is open applies after its success', () => {
    const story = given(...states.paying, cancellation(), succeeded(attempt(1)), seatsSold());
    assert.deepEqual(story.types.slice(-4), ['BookingPaid', 'BookingConfirmed', 'BookingCancelled', 'RefundRequested']);
  });
  test('asked for while a charge is open applies after its decline', () => {
    const story = given(...states.paying, cancellation(), failed(attempt(1)));
    assert.deepEqual(story.types.slice(-2), ['PaymentDeclined', 'BookingCancelled']);
  });
  test('without a show that is known here costs nothing', () => {
    assert.equal(cancelled(...states.confirmed, cancellation({ show: undefined })).kept?.amount, 0);
  });
});

describe('a cancelled show', () => {
  test('rejects what is unpaid and refunds what is paid in full', () => {
    assert.equal(given(...states.awaiting_payment, showCancelled()).last('BookingRejected').reason, 'show_cancelled');
    const data = given(...states.confirmed, showCancelled()).last('BookingCancelled');
    assert.deepEqual([data.cause, data.refund?.amount], ['show_cancelled', 2_650]);
  });
  test('waits for the outcome of an open charge', () => {
    const success = given(...states.paying, showCancelled(), succeeded(attempt(1)), seatsSold());
    assert.equal(success.last('BookingCancelled').cause, 'show_cancelled');
    const decline = given(...states.paying, showCancelled(), failed(attempt(1)));
    assert.equal(decline.last('BookingRejected').reason, 'show_cancelled');
    given(...states.paying, showCancelled(), succeeded(attempt(1)), seatsLost()).isLast('BookingExpired');
  });
  test('refunds in full whoever had asked for less before', () => {
    const policy = show({ refundPolicy: { untilMinutesBefore: 0, feePercent: 50 } });
    const story = given(
      ...states.paying,
      cancellation({ show: policy }),
      showCancelled(),
      succeeded(attempt(1)),
      seatsSold(),
    );
    assert.equal(story.last('BookingCancelled').refund?.amount, 2_650);
  });
});
