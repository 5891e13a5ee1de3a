import { effect } from '../../runtime/service.ts';
import { leftBehind } from './accounts.ts';
import type { BookingDocument } from './booking-document.ts';
import type { Wait } from './decider.ts';
import { askingOwnDatabase } from './own-database.ts';
import { isErased } from './projection.ts';

/**
 * A booking that waits for seats may have been asked for while its customer was erased at another instance, which took note of the
 * bookings that were there. Those that came after it are taken off the list here: one of the two always sees the other.
 */

export const waitBegun = effect<Wait>({
  policy: askingOwnDatabase,
  run: async ({ data, traceparent }, service) => {
    const booking = await service.document<BookingDocument>('bookings', data.bookingId);
    // What staff have asked for at the counter is their customers'.
    if (booking?.internal.bookedUnderId === undefined)
      await service.transaction(async (transaction) => {
        if (!(await isErased(transaction, data.userId))) return;
        await transaction.request(leftBehind({ ...data, acceptedAt: data.notedAt, traceparent }));
      });
    return { type: 'WaitExamined', data: { ...data } };
  },
  // The database did not answer. It will.
  unanswered: ({ data }) => ({ type: 'WaitUnexamined', data: { ...data } }),
});
