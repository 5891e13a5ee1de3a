import type { BookingFacts } from '../src/operations/check/booking-facts.ts';

/** What bookings must have been through, over many runs, for the runs to prove anything. */
export const situations = [
  'confirmed',
  'cancelled',
  'expired',
  'rejected: seats_unavailable',
  'rejected: price_changed',
  'rejected: payment_declined',
  'rejected: limit_exceeded',
  'rejected: show_cancelled',
  'rejected: show_not_found',
  'rejected: timed_out',
  'seats lost',
  'seats taken back',
  'charge unknown',
  'charge declined',
  'payment passed over',
  'refunded: seats_lost',
  'refunded: cancellation',
  'hold moved',
  'waits for seats',
  'seats found for who waited',
  'left the waiting list',
  'some seats cancelled',
  'paid in cash',
  'cancellation refused',
  'cancellation kept for later',
  'tickets given back',
  'let in while cancelling',
  'message of unknown fate',
  'ticket given away',
  'given away while cancelling',
  'exchanged for another',
  'erased with a hold',
  'erased while paying',
  'erased while waiting for seats',
  'erased with tickets',
  'erased after giving a ticket',
  'erased while exchanging',
  'erased while a message was due',
  'not told any more',
  'booked while being erased',
] as const;
export type Situation = (typeof situations)[number];

/** Situations by the type of the fact that shows them. */
const byType: Readonly<Record<string, Situation>> = {
  BookingConfirmed: 'confirmed',
  BookingCancelled: 'cancelled',
  BookingExpired: 'expired',
  SeatsLost: 'seats lost',
  ChargeUnanswered: 'charge unknown',
  PaymentFailed: 'charge declined',
  PaymentPassedOver: 'payment passed over',
  HoldMoved: 'hold moved',
  SeatsAwaited: 'waits for seats',
  WaitEnded: 'left the waiting list',
  BookingCancellationRefused: 'cancellation refused',
  CancellationKept: 'cancellation kept for later',
  TicketsReturned: 'tickets given back',
  TicketTransferred: 'ticket given away',
};

/** How often bookings were in each situation. */
export function situationsIn(bookings: readonly BookingFacts[]): ReadonlyMap<Situation, number> {
  const met = new Map<Situation, number>();
  const note = (name: string | undefined) => {
    const situation = situations.find((each) => each === name);
    if (situation !== undefined) met.set(situation, (met.get(situation) ?? 0) + 1);
  };
  for (const { booking, seats, payments, tickets, messages } of bookings) {
    for (const { type, data } of [...booking, ...seats, ...payments, ...tickets, ...messages]) {
      const { reason, cause, from, status, whole, provider, because, replaces } = data as Readonly<
        Record<string, unknown>
      >;
      note(byType[type]);
      if (type === 'BookingConfirmed' && replaces !== undefined) note('exchanged for another');
      if (type === 'BookingRejected') note(`rejected: ${reason}`);
      if (type === 'TicketsKept') note(because === 'given' ? 'given away while cancelling' : 'let in while cancelling');
      if (type === 'RefundRequested') note(`refunded: ${cause}`);
      if (type === 'SeatsSold' && from === 'free') note('seats taken back');
      if (type === 'SeatsReserved' && seats.some((before) => before.type === 'SeatsAwaited'))
        note('seats found for who waited');
      if (type === 'BookingCancelled' && whole === false) note('some seats cancelled');
      if (type === 'PaymentSucceeded' && provider === 'cash') note('paid in cash');
      if (type === 'NotificationSent' && status === 'unknown') note('message of unknown fate');
    }
  }
  return met;
}
