import type { Show } from '../../contracts/catalog.ts';
import { bookingNumber } from '../../contracts/rules/booking-number.ts';
import { cancellationTerms } from '../../contracts/rules/cancellation-terms.ts';
import type { Replaced } from '../../contracts/user.ts';
import type { Principal } from '../../runtime/http/endpoint.ts';
import { invalid, Problem } from '../../runtime/http/problem.ts';
import { type Answer, effect } from '../../runtime/service.ts';
import type { ServiceRuntime } from '../../runtime/service-runtime.ts';
import type { BookingDocument } from './booking-document.ts';
import { cancellationRefusal } from './cancellation-rules.ts';
import type { Replacement } from './decider.ts';
import { askingOwnDatabase } from './own-database.ts';

/** Exchanges: a booking that its customer has instead of another, which is given back once this one is theirs, and not before. */

/**
 * The booking that is to be given up for another, if its customer may cancel it now. By the show's policy of now alone, which is
 * stricter than what the booking service may find: whoever is let through here must not end with two bookings.
 */
export async function replacedBy(service: ServiceRuntime, { userId }: Principal, id: string): Promise<Replaced> {
  const booking = await service.document<BookingDocument>('bookings', id);
  if (booking === undefined || booking.userId !== userId)
    throw invalid('/replaces', 'unknown', 'is no booking of yours; name one that GET /v1/bookings lists');
  const { status, showId } = booking;
  if (status !== 'confirmed')
    throw new Problem('conflict', `/replaces: that booking is ${status}; only a confirmed one can be exchanged.`);
  const show = await service.reference<Show>('catalog', showId);
  const now = Date.now();
  const refusal = cancellationRefusal({ booking, by: 'customer', seats: undefined, show, now });
  if (refusal !== undefined && refusal.code !== 'validation_failed') throw new Problem(refusal.code, refusal.detail);
  if (show !== undefined && now >= cancellationTerms(show, { at: booking.createdAt }).closesAt)
    throw new Problem('cancellation_closed', '/replaces: it is too late to give that booking back.');
  return { bookingId: id, showId };
}

const answered = (type: 'ReplacementAsked' | 'ReplacementUnasked', data: Replacement): Answer => ({
  type,
  data: { ...data },
});

/**
 * The other booking may be of another show and belong to another task, so its cancellation is asked for as its customer would ask:
 * one that is asked for again, after a crash, is known by when it was accepted.
 */
export const replacementDue = effect<Replacement>({
  policy: askingOwnDatabase,
  run: async ({ data, traceparent }, service) => {
    const { bookingId, userId, replaces, acceptedAt } = data;
    const reason = `exchanged for booking ${bookingNumber(bookingId)}`;
    const cancellation = { ...replaces, by: 'customer', byUserId: userId, reason, acceptedAt };
    const request = { type: 'BookingCancellationRequested', key: replaces.showId, subject: replaces.bookingId };
    await service.submit({
      idempotency: undefined,
      answer: { status: 202, resource: replaces.bookingId },
      requests: [{ ...request, data: cancellation, traceparent }],
    });
    return answered('ReplacementAsked', data);
  },
  // The database did not take it. It will.
  unanswered: ({ data }) => answered('ReplacementUnasked', data),
});
