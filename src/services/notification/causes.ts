import { unreachable } from '../../contracts/decider.ts';
import { cashDeskReference } from '../../contracts/payment.ts';
import type { Cause, Details } from './messages.ts';

/** Which message an event is worth; `undefined` for one that nobody needs to be told of. */
export function detailsOf(cause: Cause): Details | undefined {
  switch (cause.type) {
    case 'BookingHeld': {
      const { paymentSent, seats, areas, total, holdExpiresAt } = cause.data;
      // Whoever has sent a payment, or has nothing to pay, is told of the outcome in a moment.
      if (paymentSent || total.amount === 0) return undefined;
      return { kind: 'booking_held', seats, areas, total, holdExpiresAt };
    }
    case 'PaymentSucceeded':
      return { kind: 'payment_received', amount: cause.data.amount };
    case 'PaymentDeclined': {
      const { error, attemptsLeft, holdExpiresAt } = cause.data;
      return { kind: 'payment_declined', why: error.message, attemptsLeft, holdExpiresAt };
    }
    case 'BookingRejected':
      return { kind: 'booking_rejected', reason: cause.data.reason, newTotal: cause.data.newTotal };
    case 'BookingExpired':
      return { kind: 'booking_expired', seats: cause.data.seats, areas: cause.data.areas };
    case 'BookingCancelled': {
      const { whole, cause: by, refund, kept, inCash, seats, areas } = cause.data;
      return { kind: 'booking_cancelled', whole, cause: by, refund, kept, inCash, seats, areas };
    }
    case 'PaymentRefunded':
      return {
        kind: 'refund_made',
        amount: cause.data.amount,
        ...(cause.data.providerReference === cashDeskReference ? { inCash: true } : {}),
      };
    case 'TicketIssued': {
      // Tickets come in order: the last one says that all are there.
      const { ordinal = 1, ticketCount } = cause.data;
      return ordinal === ticketCount ? { kind: 'tickets_issued', ticketCount } : undefined;
    }
    case 'TicketGivenAway':
      return { kind: 'ticket_transferred', seat: cause.data.seat, area: cause.data.area };
    case 'TicketReceived': {
      const { ticketId, seat, area } = cause.data;
      return { kind: 'ticket_received', ticketId, seat, area };
    }
    case 'ShowMoved':
      return { kind: 'show_changed', movedAt: cause.data?.movedAt, toReceiver: cause.data?.toReceiver };
    default:
      return unreachable(cause);
  }
}
