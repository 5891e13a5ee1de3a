import type { Fact } from '../../src/operations/check/fact.ts';
import { eventsOf, type SimulatedInvariant } from './evidence.ts';
import { transferCauses } from './transfers.ts';

/** Messages: one for each cause, kind and channel, and none missing. */

export const receivedOnce: SimulatedInvariant = {
  name: 'received-once',
  says: 'nobody gets the same message twice on a channel',
  *examine({ received }) {
    const seen = new Set<string>();
    for (const { channel, deliveryKey, kind, bookingId } of received) {
      const name = `${channel} ${deliveryKey}`;
      if (seen.has(name)) yield `the customer of ${bookingId} got ${kind} twice by ${channel}`;
      seen.add(name);
    }
  },
};

export const everyMessageHasAnOutcome: SimulatedInvariant = {
  name: 'every-message-has-an-outcome',
  says: 'every message that was planned has an outcome, and what was delivered has arrived',
  *examine({ bookings, received }) {
    const arrived = new Set(received.map(({ messageId }) => messageId));
    for (const { bookingId, messages } of bookings) {
      const outcomes = new Map(
        messages.filter(({ type }) => type === 'NotificationSent').map(({ data }) => [data.messageId, data.status]),
      );
      for (const { type, data } of messages) {
        if (type !== 'MessagePlanned') continue;
        const outcome = outcomes.get(data.messageId);
        if (outcome === undefined) yield `${bookingId} has ${data.kind} by ${data.channel} planned, and no outcome`;
        if (outcome === 'delivered' && !arrived.has(data.messageId ?? ''))
          yield `${bookingId} was told by ${data.channel} of ${data.kind}, and nothing arrived`;
      }
    }
  },
};

/** What customers are told of, by the fact that is its cause. */
const kinds: Readonly<Record<string, string>> = {
  PaymentSucceeded: 'payment_received',
  PaymentDeclined: 'payment_declined',
  BookingRejected: 'booking_rejected',
  BookingExpired: 'booking_expired',
  BookingCancelled: 'booking_cancelled',
  PaymentRefunded: 'refund_made',
};
const channels = ['email', 'sms'];

export const everyCauseIsTold: SimulatedInvariant = {
  name: 'every-cause-is-told',
  says: 'customers are told of what happened to their bookings, once on every channel',
  *examine({ bookings, stored }) {
    const told = new Map<string, number>();
    for (const { type, data } of eventsOf({ stored }, 'notification')) {
      if (type !== 'NotificationSent') continue;
      const { causeId, kind, channel } = data as Fact['data'];
      const name = `${causeId} ${kind} ${channel}`;
      told.set(name, (told.get(name) ?? 0) + 1);
    }
    for (const { bookingId, booking, payments, tickets } of bookings) {
      const causes = [
        ...[...booking, ...payments].flatMap((fact) => causeOf(bookingId, fact)),
        ...transferCauses(tickets),
      ];
      const last = tickets.findLast(({ type }) => type === 'TicketIssued');
      const all =
        last === undefined ? causes : [...causes, { id: `${bookingId}/${last.version}`, kind: 'tickets_issued' }];
      for (const { id, kind } of all)
        for (const channel of channels) {
          const times = told.get(`${id} ${kind} ${channel}`) ?? 0;
          if (times !== 1) yield `${bookingId} was told ${times} times by ${channel} of ${kind} (${id})`;
        }
    }
  },
};

function causeOf(
  bookingId: string,
  { type, version }: Fact,
): readonly { readonly id: string; readonly kind: string }[] {
  const kind = kinds[type];
  return kind === undefined ? [] : [{ id: `${bookingId}/${version}`, kind }];
}
