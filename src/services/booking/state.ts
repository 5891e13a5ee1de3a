import type {
  BookingCancelled,
  BookingEvent,
  BookingHeld,
  MovieFoundEvent,
  RefundRequested,
} from '../../contracts/booking.ts';
import type { RefundPolicy } from '../../contracts/catalog.ts';
import type { Fact } from '../../contracts/decider.ts';
import type { DataOf } from '../../contracts/event.ts';
import type { Money } from '../../contracts/money.ts';
import type { Payment, Replaced } from '../../contracts/user.ts';

/** What a booking remembers in each of its states, and the facts it keeps to itself. */

export interface About {
  readonly bookingId: string;
  readonly showId: string;
  readonly userId: string;
}

/** What the request said that later steps need. */
export interface Asked extends About {
  readonly bookedUnderId?: string | undefined;
  readonly acceptedAt: string;
  readonly movieTitle: string;
  /** The most that may be charged; without one the customer agreed to any price. */
  readonly priceLimit?: Money | undefined;
  /** The settings of then: a later change is for later bookings. Absent in streams that were begun without. */
  readonly paymentGraceMs?: number | undefined;
  readonly paymentAttemptsMax?: number | undefined;
  /** What the show promised when it was booked; what it promises later counts where that is better. */
  readonly refundPolicy?: RefundPolicy | undefined;
  /** When the booking ends as timed out if it still has no seats and price: milliseconds since 1970. */
  readonly timesOutAt: number;
  /** Until when it waits for seats where none are free; absent where it does not. */
  readonly waitsUntil?: string | undefined;
  /** How long it would wait by its customer's own word. Absent in streams that were begun without. */
  readonly waitsForSeats?: { readonly until?: string | undefined } | undefined;
  /** The booking that its customer has it instead of. */
  readonly replaces?: Replaced | undefined;
  /** What becomes of each of its payments is told; absent in streams that were begun by a build that did not. */
  readonly answersPayments?: true | undefined;
  /** The most that a customer may have of the show; absent where there is no limit, and in streams that were begun without. */
  readonly seatsPerCustomerMax?: number | undefined;
}

/** Seats that are held at a fixed price. */
export type Held = Pick<
  DataOf<typeof BookingHeld>,
  'seats' | 'areas' | 'items' | 'fees' | 'total' | 'rulesVersion' | 'holdExpiresAt'
>;

/** A cancellation with the show's terms of the moment it was asked for. */
export interface Cancellation {
  readonly by: 'customer' | 'organizer';
  /** Only these seats; all when absent. */
  readonly seats?: readonly string[] | undefined;
  readonly reason?: string | undefined;
  /** Only as long as nothing is paid. */
  readonly whileUnpaid?: true | undefined;
  readonly acceptedAt: string;
  readonly terms?:
    | { readonly startsAt: string; readonly refundPolicy: RefundPolicy; readonly movedAt?: string | undefined }
    | undefined;
}

/** A cancellation that waits for the tickets. */
export interface Returning extends Cancellation {
  /** How often they have been asked back. */
  readonly asked: number;
  /** When they are asked back once more, should there be no answer: milliseconds since 1970. */
  readonly askAgainAt: number;
}

export interface Refund {
  readonly paymentId: string;
  readonly amount: Money;
  readonly status: 'pending' | 'succeeded' | 'failed';
}

interface Known {
  readonly about: About;
  /** By refund id; money can go back in every state. */
  readonly refunds: Readonly<Record<string, Refund>>;
}

export interface Unseen {
  readonly status: 'unseen';
}

export interface Requested extends Known {
  readonly status: 'requested';
  readonly asked: Asked;
  /** Came with the request or while seats were being looked for. */
  readonly payment: Payment | undefined;
  /** When that payment was accepted; absent where a build has kept it that did not say. */
  readonly paymentAt?: string | undefined;
  readonly cancellations: readonly Cancellation[];
  /** It is on the waiting list of its show. */
  readonly waits: boolean;
  /** Its wait has run out, as far as was known: what the show says now is being looked at. */
  readonly runsOut: boolean;
}

export interface AwaitingPayment extends Known {
  readonly status: 'awaiting_payment';
  readonly asked: Asked;
  readonly held: Held;
  /** Charges tried so far. */
  readonly attempts: number;
}

/** What was asked for while a charge was open, and applies after its outcome. */
export interface Postponed {
  readonly showCancelled: boolean;
  readonly cancellations: readonly Cancellation[];
}

export interface Paying extends Known, Postponed {
  readonly status: 'paying';
  readonly asked: Asked;
  readonly held: Held;
  readonly attempt: number;
  readonly paymentId: string;
  /** It is paid at the counter. */
  readonly inCash: boolean;
  readonly holdEnded: boolean;
  readonly unsettled: boolean;
}

export interface Paid extends Known, Postponed {
  readonly status: 'paid';
  readonly asked: Asked;
  readonly held: Held;
  /** Absent when there was nothing to pay. */
  readonly paymentId: string | undefined;
  readonly inCash: boolean;
}

export interface Confirmed extends Known {
  readonly status: 'confirmed';
  readonly asked: Asked;
  /** What is still theirs: less after some seats were cancelled. */
  readonly seats: Held['seats'];
  readonly areas: Held['areas'];
  readonly items: Held['items'];
  /** What was paid, less what was given back. */
  readonly paid: Money;
  readonly paymentId: string | undefined;
  readonly inCash: boolean;
  /** Somebody was let in with one of the tickets. */
  readonly used: boolean;
  /** The customer's cancellation, while the tickets are asked back for it. */
  readonly returning?: Returning | undefined;
  /** The last one whose tickets were not given back: a second answer about them may say otherwise. */
  readonly dropped?: Cancellation | undefined;
}

export interface Ended extends Known {
  readonly status: 'rejected' | 'expired' | 'cancelled';
  /** The payment that was counted as the booking's before it ended. */
  readonly paymentId: string | undefined;
}

export type State = Unseen | Requested | AwaitingPayment | Paying | Paid | Confirmed | Ended;
export type KnownState = Exclude<State, Unseen>;

/** Facts of the booking's own memory, not published. */
export type RequestAccepted = Fact<'RequestAccepted', Asked & { readonly payment?: Payment | undefined }>;
/** An effect: a timer has no show at hand, which may have been moved since the wait began. */
export type WaitRanOut = Fact<'WaitRanOut', { readonly bookingId: string; readonly showId: string }>;
export type PaymentKept = Fact<
  'PaymentKept',
  { readonly bookingId: string; readonly payment: Payment; readonly submittedAt?: string | undefined }
>;
export type CancellationKept = Fact<'CancellationKept', { readonly bookingId: string } & Cancellation>;
export type CancellationBegun = Fact<'CancellationBegun', { readonly bookingId: string } & Returning>;
export type CancellationDropped = Fact<'CancellationDropped', { readonly bookingId: string }>;
export type ShowCancellationKept = Fact<'ShowCancellationKept', { readonly bookingId: string }>;
export type HoldEnded = Fact<'HoldEnded', { readonly bookingId: string }>;
export type TicketUsed = Fact<'TicketUsed', { readonly bookingId: string; readonly ticketId: string }>;

export type Event =
  | BookingEvent
  | MovieFoundEvent
  | RequestAccepted
  | WaitRanOut
  | PaymentKept
  | CancellationKept
  | CancellationBegun
  | CancellationDropped
  | ShowCancellationKept
  | HoldEnded
  | TicketUsed;

export type CancelledData = DataOf<typeof BookingCancelled>;
export type RefundCause = DataOf<typeof RefundRequested>['cause'];

/** The cancellations kept for later are few: one of everything by each, and some of single seats by the organizer. */
export const cancellationsKeptMax = 20;

/** The ids that every published fact starts with. */
export function about(from: About): About {
  return { bookingId: from.bookingId, showId: from.showId, userId: from.userId };
}
