import type { BookingStatus } from '../../contracts/booking.ts';
import type { Money } from '../../contracts/money.ts';
import type { AreaCount } from '../../contracts/seats.ts';
import type { TicketEvent } from '../../contracts/ticket.ts';
import {
  type BookingChange,
  type BookingDocument,
  type BookingNews,
  emptyDocument,
  type Internal,
  isFinal,
  isSought,
  type RefundStatus,
  type Requested,
  requestedDocument,
} from './booking-document.ts';

/**
 * How a booking's document follows from events that keep no order among their three sources. Only the booking service's
 * events move the status, along these arrows; whatever would move it another way came late and is not believed.
 */
const nextStatuses: Readonly<Record<BookingStatus, readonly BookingStatus[]>> = {
  requested: ['waiting', 'awaiting_payment', 'paying', 'confirmed', 'rejected', 'expired', 'cancelled'],
  waiting: ['awaiting_payment', 'paying', 'confirmed', 'rejected', 'expired', 'cancelled'],
  awaiting_payment: ['paying', 'confirmed', 'rejected', 'expired', 'cancelled'],
  paying: ['awaiting_payment', 'confirmed', 'rejected', 'expired', 'cancelled'],
  confirmed: ['cancelled'],
  rejected: [],
  expired: [],
  cancelled: [],
};

/** Folds one event into the document; events that were seen before or came too late change nothing. */
export function foldBooking(document: BookingDocument | undefined, change: BookingChange): BookingDocument | undefined {
  switch (change.type) {
    case 'BookingRequested':
      // The events of the booking service may have been first; then they know all that the request said, and more.
      return document === undefined
        ? requestedDocument(change.data, change.data.payment !== undefined)
        : withReplaced(document, change.data);
    case 'PaymentSubmitted':
      return document && withPaymentSubmitted(document, change);
    case 'BookingCancellationRequested':
      return document && withCancellation(document, { state: 'asked', by: change.data.by, at: change.data.acceptedAt });
    case 'TicketIssued':
      return withTicket(document ?? emptyDocument(change.data, isoTime(change.time)), change.data);
    case 'TicketVoided':
    case 'TicketAdmitted':
      return withTicketMark(document ?? emptyDocument(change.data, isoTime(change.time)), change);
    case 'TicketTransferred':
      return withHolder(document ?? emptyDocument(change.data, isoTime(change.time)), change.data);
    case 'BookingCreated':
      // The request said all of it, and so did whatever came before it.
      return document ?? foldBookingEvent(undefined, change);
    default:
      return foldBookingEvent(document, change);
  }
}

function foldBookingEvent(
  document: BookingDocument | undefined,
  change: BookingNews & Pick<BookingChange, 'time' | 'streamVersion' | 'timeline'>,
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

function firstDocument(event: BookingNews & { readonly time: number }): BookingDocument {
  return event.type === 'BookingCreated'
    ? requestedDocument(event.data, event.data.paymentSent)
    : emptyDocument(event.data, isoTime(event.time));
}

function applyBookingEvent(
  before: BookingDocument,
  event: BookingNews & { readonly time: number },
  at: string,
): BookingDocument {
  switch (event.type) {
    case 'BookingCreated':
      // It has made the document.
      return before;
    case 'BookingWaits': {
      const waits = { ...before, waitsUntil: event.data.until };
      // The show that it waits for was moved.
      return before.status === 'waiting' ? waits : moved(waits, 'waiting', at, before);
    }
    case 'BookingHeld': {
      const { seats, areas, items, fees, total, rulesVersion, holdExpiresAt } = event.data;
      const held = { ...before, ...placesOf({ seats, areas }), items, fees, total, rulesVersion, holdExpiresAt };
      return isSought(before.status) ? moved(held, 'awaiting_payment', at) : before;
    }
    case 'BookingPaymentStarted': {
      const started = moved(before, 'paying', at);
      if (started === before && before.status !== 'paying') return before;
      const { error: _settled, ...payment } = before.payment;
      const { attempt, method, holdExpiresAt } = event.data;
      const { chargedBy: _earlier, ...internal } = started.internal;
      return {
        ...started,
        holdExpiresAt,
        payment: { ...payment, status: 'pending', attempts: Math.max(payment.attempts, attempt) },
        // In one place, whatever was heard of before: a document that is made again reads the same.
        internal: { ...(method && { chargedBy: method }), ...internal },
      };
    }
    case 'BookingPaymentUnsettled':
      return before.payment.status === 'pending'
        ? { ...before, payment: { ...before.payment, status: 'unknown' } }
        : before;
    case 'PaymentPassedOver':
      return withPassedOver(before, event.data);
    case 'PaymentDeclined': {
      const { attempt, error, holdExpiresAt } = event.data;
      if (isFinal(before.status)) return before;
      const attempts = Math.max(before.payment.attempts, attempt);
      const declined = paymentWith(before, { status: 'declined', attempts, error });
      const back = moved({ ...before, payment: declined, holdExpiresAt }, 'awaiting_payment', at);
      return { ...back, internal: { ...back.internal, declinedAt: event.time } };
    }
    case 'BookingPaid': {
      const { attempt } = event.data;
      const attempts = Math.max(before.payment.attempts, attempt);
      return { ...before, payment: paymentWith(before, { status: attempt === 0 ? 'none' : 'succeeded', attempts }) };
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
    case 'BookingCancellationRefused': {
      const { by, acceptedAt = at, reason } = event.data;
      return withCancellation(before, { state: 'refused', by, at: acceptedAt, reason });
    }
    case 'RefundRequested': {
      const known = before.internal.refunds[event.data.refundId];
      if (known !== undefined) return before;
      // Money goes back only where it had come. Where the booking still waits for its payment, that was another charge.
      const { status, payment } = before;
      const paid = isFinal(status)
        ? { ...before, payment: paymentWith(before, { status: 'succeeded', attempts: payment.attempts }) }
        : before;
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

/** What it is instead of, only the request says. */
function withReplaced(document: BookingDocument, { replaces }: Pick<Requested, 'replaces'>): BookingDocument {
  if (replaces === undefined || document.replaces !== undefined) return document;
  return { ...document, replaces: replaces.bookingId };
}

type Data<Type extends BookingNews['type']> = Extract<BookingNews, { type: Type }>['data'];

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
  const { holdExpiresAt, waitsUntil, ...others } = document;
  return {
    ...others,
    ...(holdExpiresAt !== undefined && !isFinal(status) && { holdExpiresAt }),
    ...(waitsUntil !== undefined && status === 'waiting' && { waitsUntil }),
    status,
    history: [...document.history, { status, at }],
  };
}

/** A payment that was sent but never charged, because the booking ended first, is none. */
function paymentAtTheEnd({ payment }: BookingDocument): BookingDocument['payment'] {
  if (payment.status !== 'pending') return payment;
  return { ...payment, status: payment.attempts === 0 ? 'none' : 'declined' };
}

/** More of them are sent by nobody who looks at what is answered. */
const passedOverMax = 20;

function withPassedOver(
  document: BookingDocument,
  { submittedAt, method, reason }: Data<'PaymentPassedOver'>,
): BookingDocument {
  const { passedOver = [], ...payment } = document.payment;
  const all = [...passedOver, { submittedAt, method, reason }].slice(-passedOverMax);
  return { ...document, payment: { ...payment, passedOver: all } };
}

/** Another payment's outcome changes nothing of those that are not charged. */
function paymentWith(
  { payment: { passedOver } }: BookingDocument,
  now: Omit<BookingDocument['payment'], 'passedOver'>,
): BookingDocument['payment'] {
  return passedOver === undefined ? now : { ...now, passedOver };
}

function withPaymentSubmitted(
  document: BookingDocument,
  { time, data }: Extract<BookingChange, { type: 'PaymentSubmitted' }>,
): BookingDocument {
  // From another topic than its answer, it may be read later.
  if (document.payment.passedOver?.some(({ submittedAt }) => submittedAt === data.acceptedAt)) return document;
  const { declinedAt } = document.internal;
  const open = isSought(document.status) || document.status === 'awaiting_payment';
  const answered = declinedAt !== undefined && time <= declinedAt;
  const settled = document.payment.status !== 'none' && document.payment.status !== 'declined';
  const isFree = document.total?.amount === 0;
  if (!open || answered || settled || isFree) return document;
  return { ...document, payment: paymentWith(document, { status: 'pending', attempts: document.payment.attempts }) };
}

function withCancellation(
  document: BookingDocument,
  cancellation: NonNullable<Internal['cancellation']>,
): BookingDocument {
  const known = document.internal.cancellation;
  // The request and its refusal come from two sources, in whatever order; both name when it was accepted.
  const wasFirst = known?.state === 'refused' && known.at === cancellation.at;
  if (known !== undefined && (known.at > cancellation.at || wasFirst)) return document;
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

/** Who was given a ticket may give it back. */
function withHolder(
  { givenTickets = [], ...document }: BookingDocument,
  { ticketId, userId, toUserId }: Extract<TicketEvent, { type: 'TicketTransferred' }>['data'],
): BookingDocument {
  const others = givenTickets.filter((each) => each !== ticketId);
  const given = toUserId === userId ? others : [...others, ticketId].sort();
  return given.length === 0 ? document : { ...document, givenTickets: given };
}

function placesOf(places: { readonly seats: readonly string[]; readonly areas: readonly AreaCount[] }) {
  return { seats: places.seats, ...(places.areas.length === 0 ? {} : { areas: places.areas }) };
}

function isoTime(time: number): string {
  return new Date(time).toISOString();
}
