import { z } from 'zod';
import type { Show } from '../../contracts/catalog.ts';
import { bookingId } from '../../contracts/ids.ts';
import { seatId, seatsPerRequestMax } from '../../contracts/seats.ts';
import { type Call, type Endpoint, endpoint, hasRole, type Principal } from '../../runtime/http/endpoint.ts';
import { invalid, Problem } from '../../runtime/http/problem.ts';
import type { ServiceRuntime } from '../../runtime/service-runtime.ts';
import { acceptedBooking, answerAbout, booking, bookingFor, locationOf, mayRead, waitFor } from './booking-answers.ts';
import { type BookingDocument, isFinal } from './booking-document.ts';
import { cancellationRefusal } from './cancellation-rules.ts';
import { reasonField } from './fields.ts';

/** Cancelling a booking, by its owner or by the organizer. */

const cancellation = z.strictObject({
  reason: reasonField.optional(),
  seats: z
    .array(seatId)
    .min(1)
    .max(seatsPerRequestMax)
    .refine((seats) => new Set(seats).size === seats.length, 'must name each seat once')
    .optional(),
});

/**
 * A no that nobody waits for is a 202 after which nothing happens. Where a ticket was used a moment ago, or it is a moment too
 * late, only the booking service can tell: it is given so long to say no, in milliseconds.
 */
const refusalWaitMs = 1_000;

export function cancellationEndpoints(service: ServiceRuntime): readonly Endpoint[] {
  return [cancel(service)];
}

function cancel(service: ServiceRuntime): Endpoint {
  return endpoint({
    method: 'POST',
    path: '/bookings/{bookingId}/cancellation',
    summary: 'Cancel a booking; the refund follows the refund policy of the show. Organizers may name some seats.',
    tag: 'bookings',
    who: ['customer', 'staff', 'organizer'],
    params: z.strictObject({ bookingId }),
    body: cancellation.nullish(),
    example: { reason: 'another day is better' },
    idempotency: 'required',
    answers: {
      202: { says: 'Accepted; follow `Location`.', body: acceptedBooking },
      200: { says: 'The booking after the cancellation (with `Prefer: wait`).', body: booking },
    },
    problems: [
      'idempotency_key_missing',
      'forbidden',
      'not_found',
      'conflict',
      'cancellation_closed',
      'validation_failed',
    ],
    async handle(call) {
      const { principal } = call;
      const seats = call.body?.seats;
      const document = await bookingFor(service, call.params.bookingId, mayRead(principal));
      if (document.userId !== principal.userId && !hasRole(principal, 'organizer'))
        throw new Problem('forbidden', 'Only its owner or an organizer cancels a booking.');
      const before = call.idempotency && (await service.answered(call.idempotency));
      const asked: Asked = { by: askedBy(principal), seats, at: new Date().toISOString() };
      const first = before ?? (await submitCancellation(service, { call, document, asked }));
      // What came of a repeated request is known by whose it was; it may have been refused long ago.
      const isRefused = (each: BookingDocument) => isRefusalOf(each, before === undefined ? asked : { by: asked.by });
      const done = (each: BookingDocument) => isDone(each, seats) || isRefused(each);
      if (before === undefined && call.waitMs <= 0 && document.status === 'confirmed') {
        const { bookingId: id } = document;
        await waitFor(service, { bookingId: id, waitMs: refusalWaitMs, closing: call.closing, isDone: done });
      }
      const answered = await answerAbout(service, call, { first, isDone: done });
      const now = await service.document<BookingDocument>('bookings', document.bookingId);
      if (now !== undefined && !isDone(now, seats) && isRefused(now)) throw refusalOf(now, asked.by);
      return answered;
    },
  });
}

/** Who asks for which cancellation, and when it was accepted. */
interface Asked {
  readonly by: 'customer' | 'organizer';
  readonly seats: readonly string[] | undefined;
  readonly at: string;
}

function askedBy(principal: Principal): Asked['by'] {
  return hasRole(principal, 'organizer') ? 'organizer' : 'customer';
}

async function submitCancellation(
  service: ServiceRuntime,
  submitted: {
    readonly call: Call<unknown, unknown, z.infer<typeof cancellation> | null | undefined>;
    readonly document: BookingDocument;
    readonly asked: Asked;
  },
) {
  const { call, document } = submitted;
  const { by, seats, at } = submitted.asked;
  const { bookingId: id, showId } = document;
  const reason = call.body?.reason;
  if (seats !== undefined && by === 'customer') {
    throw new Problem(
      'forbidden',
      '/seats: only an organizer cancels some seats of a booking; leave it out to cancel all.',
    );
  }
  const submission = { idempotency: call.idempotency, answer: { status: 202, location: locationOf(id), resource: id } };
  // Cancelled is what was asked for: the key is remembered, and nobody has to decide anything.
  if (document.status === 'cancelled') return (await service.submit({ ...submission, requests: [] })).answer;
  const show = await service.reference<Show>('catalog', showId);
  const refusal = cancellationRefusal({ booking: document, by, seats, show, now: Date.parse(at) });
  if (refusal?.code === 'validation_failed') throw invalid(refusal.pointer, 'seat_unknown', refusal.detail);
  if (refusal !== undefined) throw new Problem(refusal.code, refusal.detail);
  const left = seats?.filter((seat) => document.seats.includes(seat));
  if (left?.length === 0) return (await service.submit({ ...submission, requests: [] })).answer;
  const data = {
    bookingId: id,
    showId,
    by,
    byUserId: call.principal.userId,
    ...(left === undefined ? {} : { seats: left }),
    ...(reason === undefined || reason === '' ? {} : { reason }),
    acceptedAt: at,
  };
  const request = {
    type: 'BookingCancellationRequested',
    key: showId,
    subject: id,
    data,
    traceparent: call.traceparent,
  };
  return (await service.submit({ ...submission, requests: [request] })).answer;
}

/** Cancelled, ended another way, or the named seats are gone. */
function isDone(document: BookingDocument, seats: readonly string[] | undefined): boolean {
  if (document.status !== 'confirmed') return isFinal(document.status);
  return seats !== undefined && !seats.some((seat) => document.seats.includes(seat));
}

/** Whether this request was refused; without `at`, the last one of theirs. */
function isRefusalOf({ internal }: BookingDocument, { by, at }: Pick<Asked, 'by'> & Partial<Asked>): boolean {
  const known = internal.cancellation;
  if (known?.state !== 'refused') return false;
  // An older booking service says neither whose request it refuses nor when that was accepted.
  if (known.by === undefined) return at === undefined || known.at >= at;
  return known.by === by && (at === undefined || known.at === at);
}

function refusalOf(booking: BookingDocument, by: Asked['by']): Problem {
  if (booking.internal.cancellation?.reason === 'cancellation_closed')
    return new Problem('cancellation_closed', 'It is too late to cancel this booking.');
  // What stood against it is known here by now, or will be in a moment.
  const known = cancellationRefusal({ booking, by, seats: undefined, show: undefined, now: Date.now() });
  return new Problem('conflict', known?.detail ?? 'The booking cannot be cancelled as it is now. Read it again.');
}
