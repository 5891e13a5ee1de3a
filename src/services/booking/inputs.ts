import type { Show } from '../../contracts/catalog.ts';
import type { DeadlineReached, InputContext } from '../../contracts/decider.ts';
import type { PaymentEvent } from '../../contracts/payment.ts';
import type { PriceEvent } from '../../contracts/pricing.ts';
import type { SeatEvent } from '../../contracts/seat-inventory.ts';
import type { TicketEvent } from '../../contracts/ticket.ts';
import type { BookingMovieEvent } from '../../contracts/user.ts';

/** What a booking hears: the published facts of others, with what the decision has to see beside them. */

/** The settings in force when an input is taken. */
export interface Terms {
  readonly requestTtlMs: number;
  readonly paymentGraceMs: number;
  readonly paymentAttemptsMax: number;
}

/** One type out of a union of facts, as an input. */
type From<Facts extends { readonly type: string }, Type extends Facts['type']> = Extract<
  Facts,
  { readonly type: Type }
> &
  InputContext;

export type BookingRequested = From<BookingMovieEvent, 'BookingRequested'> & {
  readonly show: Show | undefined;
  readonly terms: Terms;
};
export type PaymentSubmitted = From<BookingMovieEvent, 'PaymentSubmitted'> & { readonly terms: Terms };
export type CancellationRequested = From<BookingMovieEvent, 'BookingCancellationRequested'> & {
  readonly show: Show | undefined;
};
export type SeatsReserved = From<SeatEvent, 'SeatsReserved'>;
export type SeatsRefused = From<SeatEvent, 'SeatsRefused'>;
export type SeatsAwaited = From<SeatEvent, 'SeatsAwaited'>;
export type SeatsSold = From<SeatEvent, 'SeatsSold'>;
export type SeatsReleased = From<SeatEvent, 'SeatsReleased'>;
export type SeatsLost = From<SeatEvent, 'SeatsLost'>;
export type PriceCalculated = From<PriceEvent, 'PriceCalculated'> & { readonly terms: Terms };
export type PaymentSucceeded = From<PaymentEvent, 'PaymentSucceeded'>;
export type PaymentFailed = From<PaymentEvent, 'PaymentFailed'> & { readonly terms: Terms };
export type PaymentUnsettled = From<PaymentEvent, 'PaymentUnsettled'>;
export type PaymentRefunded = From<PaymentEvent, 'PaymentRefunded'>;
export type RefundFailed = From<PaymentEvent, 'RefundFailed'>;
export type TicketAdmitted = From<TicketEvent, 'TicketAdmitted'>;
export type TicketsReturned = From<TicketEvent, 'TicketsReturned'>;
export type TicketsKept = From<TicketEvent, 'TicketsKept'>;
/** What the show says at the end of a wait. */
export type WaitEndDue = InputContext & { readonly type: 'WaitEndDue'; readonly show: Show | undefined };
/** One booking of a cancelled show, found by the fan-out. */
export type ShowCancelled = InputContext & { readonly type: 'ShowCancelled' };

export type Input =
  | BookingRequested
  | PaymentSubmitted
  | CancellationRequested
  | SeatsReserved
  | SeatsRefused
  | SeatsAwaited
  | SeatsSold
  | SeatsReleased
  | SeatsLost
  | PriceCalculated
  | PaymentSucceeded
  | PaymentFailed
  | PaymentUnsettled
  | PaymentRefunded
  | RefundFailed
  | TicketAdmitted
  | TicketsReturned
  | TicketsKept
  | WaitEndDue
  | ShowCancelled
  | DeadlineReached;
