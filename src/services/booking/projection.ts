import type { BookingStatus } from '../../contracts/booking.ts';
import { type Applied, type View, view } from '../../runtime/service.ts';
import type { ServiceRuntime } from '../../runtime/service-runtime.ts';
import { type BookingsFound, bookingsPerPage, type Page } from './show-cancellation.ts';

/** A booking in a row: enough to find the open ones of a show. It is written twice at the most, as it begins and as it ends. */
export interface BookingRow {
  readonly bookingId: string;
  readonly showId: string;
  /** How it ended. One that is confirmed has not: its show may still be cancelled. */
  readonly status: 'open' | BookingStatus;
}

type About = Applied<{ readonly bookingId: string; readonly showId: string; readonly whole?: boolean }>;

const statusAfter: Readonly<Record<string, BookingRow['status']>> = {
  BookingCreated: 'open',
  BookingRejected: 'rejected',
  BookingExpired: 'expired',
  BookingCancelled: 'cancelled',
};

const bookingOf = (applied: About) => applied.envelope.data?.bookingId;

export const bookings: View = view<BookingRow>({
  name: 'bookings',
  on: Object.fromEntries(Object.keys(statusAfter).map((type) => [type, bookingOf])),
  fold: (row, applied) => {
    const { type, data } = (applied as unknown as About).envelope;
    const status = statusAfter[type];
    if (data === null || status === undefined || (type === 'BookingCancelled' && data.whole === false)) return row;
    return { bookingId: data.bookingId, showId: data.showId, status };
  },
  columns: {
    show_id: { type: 'text', of: (row) => row.showId },
    status: { type: 'text', of: (row) => row.status },
    ended: { type: 'boolean', of: (row) => row.status !== 'open' },
  },
});

/** One page of the bookings of a show that have not ended. */
export async function openBookingsOf(service: ServiceRuntime, page: Page): Promise<BookingsFound> {
  const rows = await service.query<{ readonly id: string }>(
    'select id from bookings where show_id = $1 and not ended and id > $2 order by id limit $3',
    [page.showId, page.after, bookingsPerPage + 1],
  );
  const bookingIds = rows.slice(0, bookingsPerPage).map((row) => row.id);
  const next = rows.length > bookingsPerPage ? (bookingIds.at(-1) ?? null) : null;
  return { ...page, bookingIds, next };
}
