import type { BookingEvent, BookingStatus, RejectionReason } from '../../contracts/booking.ts';
import type { Money } from '../../contracts/money.ts';
import type { AreaCount, Fee, PriceItem } from '../../contracts/seats.ts';
import type { TicketEvent } from '../../contracts/ticket.ts';
import type { BookingMovieEvent, BookingRequestedData } from '../../contracts/user.ts';

/**
 * A booking as its owner reads it, folded from three sources that keep no order among them: the requests taken at this
 * service's gate, the booking service's events and the ticket service's.
 *
 * Only the booking service's events move the status, along the arrows in `nextStatuses`; whatever would move it another
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
  readonly holdExpiresAt?: string;
  readonly payment: {
    readonly status: PaymentStatus;
    readonly attempts: number;
    readonly error?: { readonly code: string; readonly message: string };
  };
  readonly refund?: { readonly status: RefundStatus; readonly amount: Money };
  readonly tickets: readonly string[];
  readonly history: readonly { readonly status: BookingStatus; readonly at: string }[];
  readonly createdAt: string;
  readonly internal: Internal;
}

export type PaymentStatus = 'none' | 'pending' | 'succeeded' | 'declined' | 'unknown';
export type RefundStatus = 'pending' | 'succeeded' | 'failed';

/** What the routes have to know and nobody else reads. */
interface Internal {
  readonly bookedUnderId?: string;
  /** The newest booking event seen: anything at or below it was seen too. */
  readonly seen: { readonly timeline: number; readonly version: number };
  /** When the last charge was declined: a payment submitted before it is no longer pending. */
  readonly declinedAt?: number;
  readonly refunds: Readonly<Record<string, { readonly status: RefundStatus; readonly amount: Money }>>;
  /** By ticket: its seat or area, for a cancellation of some seats. */
  readonly places: Readonly<Record<string, string>>;
  readonly usedTickets: readonly string[];
  readonly voidTickets: readonly string[];
  /** The last cancellation that was asked for or refused. */
  readonly cancellation?: { readonly state: 'asked' | 'refused'; readonly at: string; readonly reason?: string };
}

/** What a request and the event that answers it both say. */
export type Requested = Pick<
  BookingRequestedData,
  'bookingId' | 'showId' | 'userId' | 'bookedUnderId' | 'wanted' | 'quote' | 'acceptedAt'
>;

/** Any event that concerns a booking, with the time and version of its envelope. */
export type BookingChange = (BookingMovieEvent | BookingEvent | TicketEvent) & {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly streamVersion: number;
  readonly timeline: number;
};

const nextStatuses: Readonly<Record<BookingStatus, readonly BookingStatus[]>> = {
  requested: ['awaiting_payment', 'paying', 'confirmed', 'rejected', 'expired', 'cancelled'],
  awaiting_payment: ['paying', 'confirmed', 'rejected', 'expired', 'cancelled'],
  paying: ['awaiting_payment', 'confirmed', 'rejected', 'expired', 'cancelled'],
  confirmed: ['cancelled'],
  rejected: [],
  expired: [],
  cancelled: [],
};

/** Whether a booking has reached an end (`confirmed` may still be cancelled). */
export function isFinal(status: BookingStatus): boolean {
  return !['requested', 'awaiting_payment', 'paying'].includes(status);
}

/** The document of a booking that was just asked for: readable before anybody has decided anything. */
export function requestedDocument(request: Requested, paymentSent: boolean): BookingDocument {
  const { wanted, quote, bookedUnderId } = request;
  const areas = wanted.kind === 'areas' ? wanted.areas : quote?.areas;
  const document = emptyDocument(request, request.acceptedAt);
  return {
    ...document,
    seats: wanted.kind === 'seats' ? wanted.seats : [],
    ...(areas === undefined || areas.length === 0 ? {} : { areas }),
    payment: { status: paymentSent ? 'pending' : 'none', attempts: 0 },
    internal: { ...document.internal, ...(bookedUnderId === undefined ? {} : { bookedUnderId }) },
  };
}

/** Folds one event into the document; events that were seen before or came too late change nothing. */
export function foldBooking(document: BookingDocument | undefined, change: BookingChange): BookingDocument | undefined {
  switch (change.type) {
    case 'BookingRequested':
      // The events of the booking service may have been first; then they know all that the request said, and more.
      return document ?? requestedDocument(change.data, change.data.payment !== undefined);
    case 'PaymentSubmitted':
      return document && withPaymentSubmitted(document, change.time);
    case 'BookingCancellationRequested':
      return document && withCancellation(document, { state: 'asked', at: change.data.acceptedAt });
    case 'TicketIssued':
      return withTicket(document ?? emptyDocument(change.data, isoTime(change.time)), change.data);
    case 'TicketVoided':
    case 'TicketAdmitted':
      return withTicketMark(document ?? emptyDocument(change.data, isoTime(change.time)), change);
    default:
      return foldBookingEvent(document, change);
  }
}

function foldBookingEvent(
  document: BookingDocument | undefined,
  change: BookingEvent & Pick<BookingChange, 'time' | 'streamVersion' | 'timeline'>,
): BookingDocument {
  const before = document ?? firstDocument(change);
  const { seen } = before.internal;
  if (change.timeline === seen.timeline && change.streamVersion <= seen.version) return before;
  const after = applyBookingEvent(before, change, isoTime(change.time));
  return {
    ...after,
    internal: { ...after.internal, seen: { timeline: change.timeline, version: change.streamVersion } },
  };
}

function firstDocument(event: BookingEvent & { readonly time: number }): BookingDocument {
  return event.type === 'BookingCreated'
    ? requestedDocument(event.data, event.data.paymentSent)
    : emptyDocument(event.data, isoTime(event.time));
}

function applyBookingEvent(
  before: BookingDocument,
  event: BookingEvent & { readonly time: number },
  at: string,
): BookingDocument {
  switch (event.type) {
    case 'BookingCreated':
      // The request said all of it, or this event made the document.
      return before;
    case 'BookingHeld': {
      const { seats, areas, items, fees, total, holdExpiresAt } = event.data;
      const held = { ...before, ...placesOf({ seats, areas }), items, fees, total, holdExpiresAt };
      return before.status === 'requested' ? moved(held, 'awaiting_payment', at) : before;
    }
    case 'BookingPaymentStarted': {
      const started = moved(before, 'paying', at);
      if (started === before && before.status !== 'paying') return before;
      const { error: _settled, ...payment } = before.payment;
      return {
        ...started,
        holdExpiresAt: event.data.holdExpiresAt,
        payment: { ...payment, status: 'pending', attempts: Math.max(payment.attempts, event.data.attempt) },
      };
    }
    case 'BookingPaymentUnsettled':
      return before.payment.status === 'pending'
        ? { ...before, payment: { ...before.payment, status: 'unknown' } }
        : before;
    case 'PaymentDeclined': {
      const { attempt, error, holdExpiresAt } = event.data;
      if (isFinal(before.status)) return before;
      const declined = { status: 'declined', attempts: Math.max(before.payment.attempts, attempt), error } as const;
      const back = moved({ ...before, payment: declined, holdExpiresAt }, 'awaiting_payment', at);
      return { ...back, internal: { ...back.internal, declinedAt: event.time } };
    }
    case 'BookingPaid': {
      const { attempt } = event.data;
      if (attempt === 0) return { ...before, payment: { status: 'none', attempts: before.payment.attempts } };
      return { ...before, payment: { status: 'succeeded', attempts: Math.max(before.payment.attempts, attempt) } };
    }
    case 'BookingConfirmed': {
      const { seats, areas, items, total } = event.data;
      const confirmed = moved(before, 'confirmed', at);
      return confirmed === before ? before : { ...confirmed, ...placesOf({ seats, areas }), items, total };
    }
    case 'BookingRejected':
      return rejected(before, event.data, at);
    case 'BookingExpired':
      return moved({ ...before, payment: paymentAtTheEnd(before) }, 'expired', at, before);
    case 'BookingCancelled':
      return cancelled(before, event.data, at);
    case 'BookingCancellationRefused':
      return withCancellation(before, { state: 'refused', at, reason: event.data.reason });
    case 'RefundRequested': {
      const known = before.internal.refunds[event.data.refundId];
      if (known !== undefined) return before;
      // Money goes back only where it had come, so the charge did succeed, however the booking ended.
      const paid = { ...before, payment: { status: 'succeeded', attempts: before.payment.attempts } as const };
      return withRefund(paid, event.data.refundId, { status: 'pending', amount: event.data.amount });
    }
    case 'BookingRefunded':
      return withRefund(before, event.data.refundId, { status: 'succeeded', amount: event.data.amount });
    case 'BookingRefundFailed':
      return withRefund(before, event.data.refundId, { status: 'failed', amount: event.data.amount });
    default:
      return event satisfies never;
  }
}

type Data<Type extends BookingEvent['type']> = Extract<BookingEvent, { type: Type }>['data'];

function rejected(before: BookingDocument, data: Data<'BookingRejected'>, at: string): BookingDocument {
  const { reason, newTotal, offending, error } = data;
  const after = moved(before, 'rejected', at);
  if (after === before) return before;
  const payment = paymentAtTheEnd(before);
  return {
    ...after,
    reason,
    ...(newTotal === undefined ? {} : { newTotal }),
    ...(offending === undefined || offending.length === 0 ? {} : { offending }),
    payment:
      reason === 'payment_declined'
        ? { ...payment, status: 'declined', ...(error === undefined ? {} : { error }) }
        : payment,
  };
}

function cancelled(before: BookingDocument, data: Data<'BookingCancelled'>, at: string): BookingDocument {
  if (data.whole) return moved({ ...before, payment: paymentAtTheEnd(before) }, 'cancelled', at, before);
  if (before.status === 'cancelled') return before;
  const gone = new Map(data.areas.map(({ area, count }) => [area, count]));
  const { areas = [], ...rest } = before;
  const left = areas
    .map(({ area, count }) => ({ area, count: count - (gone.get(area) ?? 0) }))
    .filter(({ count }) => count > 0);
  return { ...rest, ...placesOf({ seats: before.seats.filter((seat) => !data.seats.includes(seat)), areas: left }) };
}

/** Moves the status along an arrow; `before` comes back where there is none. */
function moved(document: BookingDocument, status: BookingStatus, at: string, before = document): BookingDocument {
  if (!nextStatuses[document.status].includes(status)) return before;
  const { holdExpiresAt: _ended, ...withoutHold } = document;
  const kept = isFinal(status) ? withoutHold : document;
  return { ...kept, status, history: [...document.history, { status, at }] };
}

/** A payment that was sent but never charged, because the booking ended first, is none. */
function paymentAtTheEnd({ payment }: BookingDocument): BookingDocument['payment'] {
  if (payment.status !== 'pending') return payment;
  return { ...payment, status: payment.attempts === 0 ? 'none' : 'declined' };
}

function withPaymentSubmitted(document: BookingDocument, time: number): BookingDocument {
  const { declinedAt } = document.internal;
  const open = document.status === 'requested' || document.status === 'awaiting_payment';
  const answered = declinedAt !== undefined && time <= declinedAt;
  const settled = document.payment.status !== 'none' && document.payment.status !== 'declined';
  if (!open || answered || settled) return document;
  return { ...document, payment: { status: 'pending', attempts: document.payment.attempts } };
}

function withCancellation(
  document: BookingDocument,
  cancellation: NonNullable<Internal['cancellation']>,
): BookingDocument {
  const known = document.internal.cancellation;
  // Told apart by time, since the request and its refusal come from two sources.
  if (known !== undefined && known.at > cancellation.at) return document;
  return { ...document, internal: { ...document.internal, cancellation } };
}

function withRefund(
  document: BookingDocument,
  refundId: string,
  refund: { readonly status: RefundStatus; readonly amount: Money },
): BookingDocument {
  const refunds = { ...document.internal.refunds, [refundId]: refund };
  const all = Object.values(refunds);
  const amount = {
    amount: all.reduce((total, each) => total + each.amount.amount, 0),
    currency: refund.amount.currency,
  };
  const status = (['failed', 'pending'] as const).find((each) => all.some((one) => one.status === each)) ?? 'succeeded';
  return { ...document, refund: { status, amount }, internal: { ...document.internal, refunds } };
}

function withTicket(
  document: BookingDocument,
  data: Extract<TicketEvent, { type: 'TicketIssued' }>['data'],
): BookingDocument {
  if (document.tickets.includes(data.ticketId)) return document;
  const places = { ...document.internal.places, [data.ticketId]: data.seat ?? data.area ?? '' };
  return {
    ...document,
    tickets: [...document.tickets, data.ticketId].sort(),
    internal: { ...document.internal, places },
  };
}

function withTicketMark(
  document: BookingDocument,
  change: Extract<TicketEvent, { type: 'TicketVoided' | 'TicketAdmitted' }>,
): BookingDocument {
  const list = change.type === 'TicketVoided' ? 'voidTickets' : 'usedTickets';
  const marked = document.internal[list];
  if (marked.includes(change.data.ticketId)) return document;
  return { ...document, internal: { ...document.internal, [list]: [...marked, change.data.ticketId] } };
}

function placesOf(places: { readonly seats: readonly string[]; readonly areas: readonly AreaCount[] }) {
  return { seats: places.seats, ...(places.areas.length === 0 ? {} : { areas: places.areas }) };
}

function emptyDocument(
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

function isoTime(time: number): string {
  return new Date(time).toISOString();
}
