import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deriveId } from '../../contracts/ids.ts';
import {
  bookingId,
  failed,
  given,
  priced,
  refunded,
  refundFailed,
  released,
  requested,
  seatsLost,
  seatsReserved,
  seatsSold,
  show,
  states,
  submitted,
  succeeded,
  unsettled,
} from './decider.samples.ts';
import { booking } from './decider.ts';

const payment = { method: 'card', token: 'tok_visa' } as const;
const attempt = (n: number) => deriveId('payment', bookingId, `attempt-${n}`);

describe('a payment', () => {
  test('sent with the request is charged as soon as the price is fixed', () => {
    const story = given(requested({ payment }), seatsReserved(), priced());
    assert.deepEqual(story.types.slice(2), ['BookingHeld', 'BookingPaymentStarted', 'BookingValidated']);
    assert.equal(story.last('BookingHeld').paymentSent, true);
    assert.deepEqual(story.last('BookingValidated').payment, payment);
    assert.equal(story.last('BookingValidated').paymentId, attempt(1));
    assert.equal(story.last('BookingValidated').movieTitle, 'Metropolis');
    const { holdExpiresAt, heldUntil } = story.last('BookingPaymentStarted');
    assert.equal(Date.parse(heldUntil) - Date.parse(holdExpiresAt), 60_000);
  });
  test('submitted while seats are looked for is charged once they are held, and the first one counts', () => {
    const story = given(requested(), submitted('tok_visa'), submitted('tok_other'), priced());
    assert.equal(story.last('BookingValidated').payment.token, 'tok_visa');
    assert.equal(story.last('PaymentPassedOver').reason, 'another_payment');
  });
  test('is charged under the time at which it was accepted, however it came', () => {
    const sent = given(requested({ payment }), seatsReserved(), priced());
    assert.equal(sent.last('BookingPaymentStarted').submittedAt, requested().data.acceptedAt);
    for (const later of [given(requested(), submitted(), priced()), given(requested(), priced(), submitted())])
      assert.equal(later.last('BookingPaymentStarted').submittedAt, submitted().data.acceptedAt);
  });
  test('that is not charged is passed over with a reason', () => {
    const reasons = {
      paying: 'another_payment',
      paid: 'paid',
      confirmed: 'paid',
      rejected: 'ended',
      expired: 'ended',
      cancelled: 'ended',
    } as const;
    for (const [state, reason] of Object.entries(reasons)) {
      const story = given(...states[state as keyof typeof reasons], submitted());
      const { bookingId, showId, userId, acceptedAt } = submitted().data;
      const told = { bookingId, showId, userId, method: 'card', submittedAt: acceptedAt, reason };
      assert.deepEqual(story.last('PaymentPassedOver'), told, state);
    }
  });
  test('within the hold is charged; a second one while it is open is not', () => {
    const story = given(requested(), priced(), submitted(), submitted());
    assert.equal(story.types.filter((type) => type === 'BookingValidated').length, 1);
    assert.equal(story.types.filter((type) => type === 'PaymentPassedOver').length, 1);
  });
  test('that succeeds is paid, sold and confirmed', () => {
    const story = given(...states.confirmed);
    assert.deepEqual(story.types.slice(-2), ['BookingPaid', 'BookingConfirmed']);
    assert.equal(story.last('BookingConfirmed').paymentId, attempt(1));
    assert.equal(story.last('BookingConfirmed').items.length, 2);
  });
  test('that succeeds tells which booking is given up for this one', () => {
    const replaces = {
      bookingId: 'bkg_019a0000-0000-7000-8000-000000000009',
      showId: 'shw_019a0000-0000-7000-8000-000000000009',
    };
    const story = given(requested({ payment, replaces }), ...states.confirmed.slice(1));
    assert.deepEqual(story.last('BookingConfirmed').replaces, replaces);
    assert.equal('replaces' in given(...states.confirmed).last('BookingConfirmed'), false);
  });
  test('that succeeds names the limit of the show, for seats that have to be taken back', () => {
    const limited = requested({ payment, show: show({ seatsPerCustomerMax: 4 }) });
    assert.equal(given(limited, ...states.confirmed.slice(1)).last('BookingPaid').seatsPerCustomerMax, 4);
    assert.equal('seatsPerCustomerMax' in given(...states.confirmed).last('BookingPaid'), false);
  });
  test('of another amount than was asked for is parked', () => {
    assert.throws(() => given(...states.paying, succeeded(attempt(1), 1)), /captured/);
  });
  test('that is declined leaves the hold for another try', () => {
    const story = given(...states.paying, failed(attempt(1)));
    assert.equal(story.last('PaymentDeclined').attemptsLeft, 2);
    assert.equal(story.state.status, 'awaiting_payment');
    const again = given(...states.paying, failed(attempt(1)), submitted(), succeeded(attempt(2)), seatsSold());
    assert.equal(again.last('BookingConfirmed').paymentId, attempt(2));
  });
  test('that is declined for the last time ends the booking', () => {
    const story = given(
      ...states.paying,
      failed(attempt(1)),
      submitted(),
      failed(attempt(2)),
      submitted(),
      failed(attempt(3)),
    );
    assert.equal(story.last('BookingRejected').reason, 'payment_declined');
    assert.equal(story.last('BookingRejected').error?.code, 'card_declined');
  });
  test('that is declined after the hold has ended is expired', () => {
    given(...states.paying, released('hold_expired'), failed(attempt(1))).isLast('BookingExpired');
  });
  test('keeps the booking paying when the hold ends, and gets the seats back if they are free', () => {
    const waiting = given(...states.paying, released('hold_expired'));
    assert.equal(waiting.state.status, 'paying');
    given(...states.paying, released('hold_expired'), succeeded(attempt(1)), seatsSold()).isLast('BookingConfirmed');
  });
  test('is refunded in full when the seats are lost meanwhile', () => {
    const story = given(...states.paying, released('hold_expired'), succeeded(attempt(1)), seatsLost());
    assert.deepEqual(story.types.slice(-2), ['RefundRequested', 'BookingExpired']);
    assert.equal(story.last('RefundRequested').amount.amount, 2_650);
    assert.equal(story.last('RefundRequested').cause, 'seats_lost');
  });
  test('that arrives after the end goes back, once, and no seat is touched', () => {
    const story = given(...states.expired, succeeded(attempt(1)), succeeded(attempt(1)));
    assert.deepEqual(story.types.slice(-2), ['BookingExpired', 'RefundRequested']);
    assert.equal(story.last('RefundRequested').cause, 'late_payment');
  });
  test('called declined and captured after all goes back while another one is open', () => {
    const story = given(
      ...states.paying,
      failed(attempt(1)),
      submitted(),
      succeeded(attempt(1)),
      succeeded(attempt(2)),
    );
    assert.deepEqual(story.types.slice(-2), ['RefundRequested', 'BookingPaid']);
    assert.equal(story.last('RefundRequested').cause, 'duplicate_payment');
  });
  test('of unknown outcome is told once', () => {
    given(...states.paying, unsettled(attempt(1))).isLast('BookingPaymentUnsettled');
    const told = given(...states.paying, unsettled(attempt(1)));
    assert.deepEqual(booking.decide(told.state, unsettled(attempt(1))), []);
  });
});

describe('a refund', () => {
  const refundId = given(...states.cancelled).last('RefundRequested').refundId;
  test('that succeeded is told once', () => {
    const story = given(...states.cancelled, refunded(refundId), refunded(refundId));
    assert.equal(story.types.filter((type) => type === 'BookingRefunded').length, 1);
  });
  test('that failed is told once, and may succeed later', () => {
    const story = given(
      ...states.cancelled,
      refundFailed(refundId),
      refundFailed(refundId),
      refunded(refundId),
      refundFailed(refundId),
    );
    assert.deepEqual(story.types.slice(-2), ['BookingRefundFailed', 'BookingRefunded']);
  });
});
