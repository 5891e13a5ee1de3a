import type { BookingEvent, BookingStatus, PassedOverReason, RejectionReason } from '../../contracts/booking.ts';
import type { Money } from '../../contracts/money.ts';
import type { AreaCount, Fee, PriceItem } from '../../contracts/seats.ts';
import type { TicketEvent } from '../../contracts/ticket.ts';
import type { BookingMovieEvent, BookingRequestedData } from '../../contracts/user.ts';

/**
 * A booking as its owner reads it, folded from three sources that keep no order among them: the requests taken at this
 * service's gate, the booking service's events and the ticket service's.
 *
 * Only the booking service's events move the status, along the arrows in booking-fold.ts; whatever would move it another
 * way came late and is not believed. So a late message never overwrites a final state, and any event may be the first.
 */
export interface BookingDocument {
  readonly bookingId: string;
  readonly showId: string;
  readonly userId: string;
  readonly status: BookingStatus;
  readonly reason?: RejectionReason;
  /** What it would cost now, when the price changed. */
  readonly newTotal?: Money;
  /** The seats that stood in the way. */
  readonly offending?: readonly string[];
  readonly seats: readonly string[];
  readonly areas?: readonly AreaCount[];
  readonly items?: readonly PriceItem[];
  readonly fees?: readonly Fee[];
  readonly total?: Money;
  /** Which version of the setting `pricingRules` made the price; 0 for the rules it never was changed from. */
  readonly rulesVersion?: number;
  readonly holdExpiresAt?: string;
  /** While it is on the waiting list of its show. */
  readonly waitsUntil?: string;
  readonly payment: {
    readonly status: PaymentStatus;
    readonly attempts: number;
    readonly error?: { readonly code: string; readonly message: string };
    /** Payments that were accepted and are not charged, the newest last. */
    readonly passedOver?: readonly PassedOver[];
  };
  readonly refund?: { readonly status: RefundStatus; readonly amount: Money };
  /** The booking that its customer wants it instead of. */
  readonly replaces?: string;
  readonly tickets: readonly string[];
  /** Tickets of it that belong to somebody else now. */
  readonly givenTickets?: readonly string[];
  readonly history: readonly { readonly status: BookingStatus; readonly at: string }[];
  readonly createdAt: string;
  readonly internal: Internal;
}

/** A payment that is not charged. */
export interface PassedOver {
  readonly submittedAt: string;
  readonly method: 'card' | 'cash';
  readonly reason: PassedOverReason;
}

export type PaymentStatus = 'none' | 'pending' | 'succeeded' | 'declined' | 'unknown';
export type RefundStatus = 'pending' | 'succeeded' | 'failed';

/** What the routes have to know and nobody else reads. */
export interface Internal {
  readonly bookedUnderId?: string;
  /** The newest booking event seen: anything at or below it was seen too. */
  readonly seen: { readonly timeline: number; readonly version: number };
  /** How the last charge was asked for. */
  readonly chargedBy?: 'card' | 'cash';
  /** When the last charge was declined: a payment submitted before it is no longer pending. */
  readonly declinedAt?: number;
  readonly refunds: Readonly<Record<string, { readonly status: RefundStatus; readonly amount: Money }>>;
  /** By ticket: its seat or area, for a cancellation of some seats. */
  readonly places: Readonly<Record<string, string>>;
  readonly usedTickets: readonly string[];
  readonly voidTickets: readonly string[];
  /** The last cancellation that was asked for or refused. */
  readonly cancellation?: {
    readonly state: 'asked' | 'refused';
    /** Whose it was; unknown where an older booking service has refused it. */
    readonly by?: 'customer' | 'organizer' | undefined;
    /** When the request was accepted. */
    readonly at: string;
    readonly reason?: string;
  };
}

/** What a request says, and the event that answers it, but for what it is instead of. */
export type Requested = Pick<
  BookingRequestedData,
  'bookingId' | 'showId' | 'userId' | 'bookedUnderId' | 'wanted' | 'quote' | 'replaces' | 'acceptedAt'
>;

/** What booking and ticket service ask each other before a cancellation changes nothing that its customer reads. */
type BetweenServices = { readonly type: 'TicketsAskedBack' | 'TicketsReturned' | 'TicketsKept' };
export type BookingNews = Exclude<BookingEvent, BetweenServices>;

/** Any event that changes how a booking reads, with the time and version of its envelope. */
export type BookingChange = (BookingMovieEvent | BookingNews | Exclude<TicketEvent, BetweenServices>) & {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly streamVersion: number;
  readonly timeline: number;
};

/** Whether a booking has reached an end (`confirmed` may still be cancelled). */
export function isFinal(status: BookingStatus): boolean {
  return !['requested', 'waiting', 'awaiting_payment', 'paying'].includes(status);
}

/** Whether seats are being looked for, or waited for. */
export function isSought(status: BookingStatus): boolean {
  return status === 'requested' || status === 'waiting';
}

/** The document of a booking that was just asked for: readable before anybody has decided anything. */
export function requestedDocument(request: Requested, paymentSent: boolean): BookingDocument {
  const { wanted, quote, bookedUnderId, replaces } = request;
  const areas = wanted.kind === 'areas' ? wanted.areas : quote?.areas;
  const document = emptyDocument(request, request.acceptedAt);
  return {
    ...document,
    seats: wanted.kind === 'seats' ? wanted.seats : [],
    ...(areas === undefined || areas.length === 0 ? {} : { areas }),
    payment: { status: paymentSent ? 'pending' : 'none', attempts: 0 },
    ...(replaces === undefined ? {} : { replaces: replaces.bookingId }),
    internal: { ...document.internal, ...(bookedUnderId === undefined ? {} : { bookedUnderId }) },
  };
}

/** A booking of which nothing is known but whose it is. */
export function emptyDocument(
  about: { readonly bookingId: string; readonly showId: string; readonly userId: string },
  at: string,
): BookingDocument {
  return {
    bookingId: about.bookingId,
    showId: about.showId,
    userId: about.userId,
    status: 'requested',
    seats: [],
    payment: { status: 'none', attempts: 0 },
    tickets: [],
    history: [{ status: 'requested', at }],
    createdAt: at,
    internal: { seen: { timeline: 1, version: 0 }, refunds: {}, places: {}, usedTickets: [], voidTickets: [] },
  };
}
