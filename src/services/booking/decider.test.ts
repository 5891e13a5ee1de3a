import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deriveId } from '../../contracts/ids.ts';
import {
  admitted,
  bookingId,
  cancellation,
  deadlineReached,
  failed,
  given,
  message,
  priced,
  refunded,
  refundFailed,
  released,
  requested,
  seatsAwaited,
  seatsLost,
  seatsRefused,
  seatsReserved,
  seatsSold,
  showCancelled,
  states,
  submitted,
  succeeded,
  ticketsKept,
  ticketsReturned,
  unsettled,
  waitEndDue,
} from './decider.samples.ts';
import { booking } from './decider.ts';

const attempt = (n: number) => deriveId('payment', bookingId, `attempt-${n}`);

describe('every state meets every input', () => {
  const inputs = {
    BookingRequested: requested(),
    PaymentSubmitted: submitted(),
    'BookingCancellationRequested by the customer': cancellation(),
    'BookingCancellationRequested by the organizer for a seat': cancellation({ by: 'organizer', seats: ['A-1-1'] }),
    SeatsReserved: seatsReserved(),
    SeatsRefused: seatsRefused('seats_unavailable'),
    SeatsAwaited: seatsAwaited(),
    SeatsSold: seatsSold(),
    'SeatsReleased as the hold has expired': released('hold_expired'),
    'SeatsReleased as the booking has ended': released('booking_ended'),
    SeatsLost: seatsLost(),
    PriceCalculated: priced(),
    'PaymentSucceeded for the open charge': succeeded(attempt(1)),
    'PaymentSucceeded for another charge': succeeded(attempt(9)),
    'PaymentFailed for the open charge': failed(attempt(1)),
    'PaymentFailed for another charge': failed(attempt(9)),
    PaymentUnsettled: unsettled(attempt(1)),
    TicketAdmitted: admitted(),
    'TicketsReturned that nobody asked for': ticketsReturned(),
    'TicketsKept that nobody asked for': ticketsKept(),
    ShowCancelled: showCancelled(),
    DeadlineReached: deadlineReached(),
    WaitEndDue: waitEndDue(),
  };
  type Row = readonly string[] | 'throws';
  const nothing: Row = [];
  const everywhere = (row: Row, but: Partial<Record<keyof typeof states, Row>> = {}) => ({ row, but });
  const refund = ['RefundRequested'];
  const expected: Record<keyof typeof inputs, { row: Row; but: Partial<Record<keyof typeof states, Row>> }> = {
    BookingRequested: everywhere(nothing, { unseen: ['RequestAccepted', 'BookingCreated'] }),
    PaymentSubmitted: everywhere(['PaymentPassedOver'], {
      unseen: nothing,
      requested: ['PaymentKept'],
      'requested, on the list': ['PaymentKept'],
      awaiting_payment: ['BookingPaymentStarted', 'BookingValidated'],
    }),
    'BookingCancellationRequested by the customer': everywhere(nothing, {
      requested: ['CancellationKept'],
      'requested, on the list': ['BookingCancelled'],
      awaiting_payment: ['BookingCancelled'],
      paying: ['CancellationKept'],
      paid: ['CancellationKept'],
      confirmed: ['CancellationBegun', 'TicketsAskedBack'],
    }),
    'BookingCancellationRequested by the organizer for a seat': everywhere(nothing, {
      requested: ['BookingCancellationRefused'],
      'requested, on the list': ['BookingCancellationRefused'],
      awaiting_payment: ['BookingCancellationRefused'],
      paying: ['CancellationKept'],
      paid: ['CancellationKept'],
      confirmed: ['BookingCancelled', 'RefundRequested'],
    }),
    SeatsReserved: everywhere(nothing),
    SeatsRefused: everywhere(nothing, {
      requested: ['BookingRejected'],
      'requested, on the list': ['BookingRejected'],
    }),
    // Who did not ask to wait does not.
    SeatsAwaited: everywhere(nothing),
    SeatsSold: everywhere(nothing, { paid: ['BookingConfirmed'] }),
    'SeatsReleased as the hold has expired': everywhere(nothing, {
      requested: ['BookingExpired'],
      'requested, on the list': ['BookingExpired'],
      awaiting_payment: ['BookingExpired'],
      paying: ['HoldEnded'],
    }),
    'SeatsReleased as the booking has ended': everywhere(nothing),
    SeatsLost: everywhere(nothing, { paid: ['RefundRequested', 'BookingExpired'] }),
    PriceCalculated: everywhere(nothing, { requested: ['BookingHeld'], 'requested, on the list': ['BookingHeld'] }),
    'PaymentSucceeded for the open charge': everywhere(refund, {
      unseen: 'throws',
      paying: ['BookingPaid'],
      paid: nothing,
      confirmed: nothing,
      cancelled: nothing,
    }),
    'PaymentSucceeded for another charge': everywhere(refund, { unseen: 'throws' }),
    'PaymentFailed for the open charge': everywhere(nothing, { paying: ['PaymentDeclined'] }),
    'PaymentFailed for another charge': everywhere(nothing),
    PaymentUnsettled: everywhere(nothing, { paying: ['BookingPaymentUnsettled'] }),
    TicketAdmitted: everywhere(nothing, { confirmed: ['TicketUsed'] }),
    'TicketsReturned that nobody asked for': everywhere(nothing),
    'TicketsKept that nobody asked for': everywhere(nothing),
    ShowCancelled: everywhere(nothing, {
      requested: ['BookingRejected'],
      'requested, on the list': ['BookingRejected'],
      awaiting_payment: ['BookingRejected'],
      paying: ['ShowCancellationKept'],
      paid: ['ShowCancellationKept'],
      confirmed: ['BookingCancelled', 'RefundRequested'],
    }),
    DeadlineReached: everywhere(nothing, {
      requested: ['BookingRejected'],
      'requested, on the list': ['WaitRanOut'],
    }),
    // What no timer has asked for is no end.
    WaitEndDue: everywhere(nothing),
  };
  for (const [name, input] of Object.entries(inputs)) {
    for (const [status, history] of Object.entries(states)) {
      const { row, but } = expected[name as keyof typeof inputs];
      const then = but[status as keyof typeof states] ?? row;
      test(`${status}: ${name} → ${then === 'throws' ? then : then.join(', ') || 'nothing'}`, () => {
        const state = given(...history).state;
        if (then === 'throws') assert.throws(() => booking.decide(state, input));
        else {
          const events = booking.decide(state, input);
          assert.deepEqual(
            events.map((event) => event.type),
            then,
          );
          events.reduce(booking.evolve, state);
        }
      });
    }
  }

  test('an outcome of a refund nobody asked for is parked, in every state', () => {
    for (const history of Object.values(states)) {
      assert.throws(() => booking.decide(given(...history).state, refunded('rfd_unknown')));
      assert.throws(() => booking.decide(given(...history).state, refundFailed('rfd_unknown')));
    }
  });
});

test('a message is told from another by its id only: the same input gives the same facts', () => {
  assert.deepEqual(given(...states.confirmed).events, given(...states.confirmed).events);
  assert.equal(message(1).id === message(2).id, false);
});
