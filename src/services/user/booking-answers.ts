import { z } from 'zod';
import { bookingStatus, passedOverReason, rejectionReason } from '../../contracts/booking.ts';
import { bookingId, showId, userId } from '../../contracts/ids.ts';
import { money } from '../../contracts/money.ts';
import { bookingNumber } from '../../contracts/rules/booking-number.ts';
import { areaCount, fee, priceItem } from '../../contracts/seats.ts';
import { paymentMethod } from '../../contracts/user.ts';
import { type Answered, type Call, hasRole, type Principal } from '../../runtime/http/endpoint.ts';
import { notFound } from '../../runtime/http/problem.ts';
import type { FirstAnswer, ServiceRuntime } from '../../runtime/service-runtime.ts';
import type { BookingDocument } from './booking-document.ts';

/** What the booking endpoints share: how a booking looks, who may see it, and how long a client waits for it. */

/** A booking as GET answers it. */
export const booking = z.object({
  bookingId,
  number: z.string().describe('What people call it at the counter and on the phone; it follows from the id').optional(),
  showId,
  userId,
  status: bookingStatus,
  reason: rejectionReason.optional(),
  newTotal: money.optional(),
  offending: z.array(z.string()).optional(),
  seats: z.array(z.string()),
  areas: z.array(areaCount).optional(),
  items: z.array(priceItem).optional(),
  fees: z.array(fee).optional(),
  total: money
    .describe('What it costs; of one that was rejected with `price_changed` what it would cost now, like `newTotal`')
    .optional(),
  rulesVersion: z.int().optional(),
  holdExpiresAt: z.string().optional(),
  waitsUntil: z.string().optional(),
  payment: z.object({
    status: z.enum(['none', 'pending', 'succeeded', 'declined', 'unknown']),
    attempts: z.int(),
    method: z.literal('cash').describe('Where it was paid at the counter').optional(),
    error: z.object({ code: z.string(), message: z.string() }).optional(),
    passedOver: z
      .array(z.object({ submittedAt: z.string(), method: paymentMethod, reason: passedOverReason }))
      .describe('Payments that were accepted and are not charged, the newest last')
      .optional(),
  }),
  refund: z.object({ status: z.enum(['pending', 'succeeded', 'failed']), amount: money }).optional(),
  replaces: bookingId.describe('The booking that is cancelled once this one is confirmed').optional(),
  tickets: z.array(z.string()),
  givenTickets: z.array(z.string()).describe('Those of its tickets that belong to somebody else now').optional(),
  history: z.array(z.object({ status: bookingStatus, at: z.string() })),
  createdAt: z.string(),
});

/** What 202 says. */
export const acceptedBooking = z.object({ bookingId, status: bookingStatus });

/** The document as the outside sees it. Whoever is told that the price has changed finds the new one where prices are. */
export function publicBooking({ internal, ...body }: BookingDocument): z.infer<typeof booking> {
  const total = body.total ?? body.newTotal;
  const payment = { ...body.payment, ...(internal?.chargedBy === 'cash' && { method: 'cash' }) };
  const number = bookingNumber(body.bookingId);
  return { ...body, ...(total && { total }), payment, number } as z.infer<typeof booking>;
}

/** A booking that this person may read or act on; somebody else's is a 404, like one that does not exist. */
export async function bookingFor(
  service: ServiceRuntime,
  id: string,
  may: (document: BookingDocument) => boolean,
): Promise<BookingDocument> {
  const document = await service.document<BookingDocument>('bookings', id);
  if (document === undefined || !may(document)) throw notFound('booking');
  return document;
}

/** Owners read their own bookings; staff and organizers read all. */
export function mayRead(principal: Principal): (document: BookingDocument) => boolean {
  return (document) => document.userId === principal.userId || hasRole(principal, 'staff', 'organizer');
}

/** How a request about a booking is answered: at once with 202, or with the outcome where the client waits for it. */
export async function answerAbout(
  service: ServiceRuntime,
  call: Pick<Call<unknown, unknown, unknown>, 'waitMs' | 'closing'>,
  about: {
    readonly first: FirstAnswer;
    readonly isDone: (document: BookingDocument) => boolean;
    /** The booking was made by this very request. */
    readonly isNew?: boolean;
  },
): Promise<Answered> {
  const { first } = about;
  const headers = { location: first.location ?? locationOf(first.resource) };
  // Nothing has come of it yet that anybody waits for, so nothing is looked up.
  if (about.isNew === true && call.waitMs <= 0)
    return { status: first.status, body: { bookingId: first.resource, status: 'requested' }, headers };
  const { document, done } = await waitFor(service, {
    bookingId: first.resource,
    waitMs: call.waitMs,
    closing: call.closing,
    isDone: about.isDone,
  });
  if (document === undefined)
    return { status: first.status, body: { bookingId: first.resource, status: 'requested' }, headers };
  if (done) return { status: 200, body: publicBooking(document), headers };
  return { status: first.status, body: { bookingId: first.resource, status: document.status }, headers };
}

export function locationOf(id: string): string {
  return `/v1/bookings/${id}`;
}

/** Reads a booking again at each change, until it is done or the time is over. */
export async function waitFor(
  service: ServiceRuntime,
  wait: {
    readonly bookingId: string;
    readonly waitMs: number;
    readonly closing: AbortSignal;
    readonly isDone: (document: BookingDocument) => boolean;
  },
): Promise<{ readonly document: BookingDocument | undefined; readonly done: boolean }> {
  if (wait.waitMs <= 0) {
    return { document: await service.document<BookingDocument>('bookings', wait.bookingId), done: false };
  }
  const over = new AbortController();
  const signal = AbortSignal.any([over.signal, wait.closing, AbortSignal.timeout(wait.waitMs)]);
  try {
    for (;;) {
      // Asked for before the document is read, so that no change falls between the two.
      const changed = service.changeOf('bookings', wait.bookingId, signal);
      const document = await service.document<BookingDocument>('bookings', wait.bookingId);
      if (document !== undefined && wait.isDone(document)) return { document, done: true };
      if (signal.aborted) return { document, done: false };
      await changed;
    }
  } finally {
    over.abort();
  }
}
