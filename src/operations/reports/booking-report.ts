import { firstIdAt } from '../../contracts/ids.ts';
import { type Money, sum } from '../../contracts/money.ts';
import type { BookingLine } from '../../contracts/reports.ts';
import type { Installation } from '../installation.ts';
import { showsNamed } from './report-shows.ts';

/** The bookings that were asked for in a period, each with what became of it. */

/** The time that a report is about. */
export interface Period {
  /** RFC 3339; `to` is not in it. */
  readonly from: string;
  readonly to: string;
}

/** Lines in the order they were asked for, those after an id, at most so many. */
export async function bookingLines(
  installation: Installation,
  {
    from,
    to,
    after,
    showId,
    limit,
  }: Period & { readonly after?: string | undefined; readonly showId?: string | undefined; readonly limit: number },
): Promise<readonly BookingLine[]> {
  // Ids sort by the time they were made at, which is when the booking was asked for.
  const rows = await installation.query<{ readonly body: Body }>(
    'user',
    `select body from bookings
     where id > $1 and id < $2 and ($3::text is null or show_id = $3) order by id limit $4`,
    [after ?? firstIdAt('booking', Date.parse(from)), firstIdAt('booking', Date.parse(to)), showId ?? null, limit],
  );
  const bodies = rows.map(({ body }) => body);
  const showOf = await showsNamed(
    installation,
    bodies.map((body) => body.showId),
  );
  return bodies.map((body) => ({ ...lineOf(body), ...showOf(body.showId) }));
}

/** What is read of the document that customers read. */
interface Body {
  readonly bookingId: string;
  readonly showId: string;
  readonly createdAt: string;
  readonly status: string;
  readonly reason?: string;
  readonly seats: readonly string[];
  readonly areas?: readonly { readonly count: number }[];
  readonly fees?: readonly { readonly price: Money }[];
  readonly total?: Money;
  readonly payment: { readonly status: string };
  readonly internal: {
    readonly refunds: Readonly<Record<string, { readonly status: string; readonly amount: Money }>>;
  };
}

function lineOf({ bookingId, createdAt, status, reason, seats, areas = [], fees, total, payment, internal }: Body) {
  const refunded = Object.values(internal.refunds).filter((each) => each.status === 'succeeded');
  const currency = total?.currency;
  return {
    ...{ bookingId, bookedAt: createdAt, status },
    ...(reason === undefined ? {} : { reason }),
    ...{ places: areas.reduce((all, { count }) => all + count, seats.length), seats },
    ...(total === undefined ? {} : { total }),
    ...(fees === undefined || currency === undefined
      ? {}
      : {
          fees: sum(
            fees.map(({ price }) => price),
            currency,
          ),
        }),
    paid: payment.status === 'succeeded',
    ...(refunded.length === 0 || currency === undefined
      ? {}
      : {
          refunded: sum(
            refunded.map(({ amount }) => amount),
            currency,
          ),
        }),
  };
}
