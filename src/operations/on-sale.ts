import { z } from 'zod';
import type { SeatPlan, Setting, Show } from '../contracts/catalog.ts';
import { showId } from '../contracts/ids.ts';
import type { Wanted } from '../contracts/seats.ts';
import type { BookingMovieEvent } from '../contracts/user.ts';
import { type Installation, OperationRefused } from './installation.ts';
import { changedSettings, knownShow, reference } from './references.ts';

/**
 * The sale of some shows, as far as another installation needs it to hold the same sale: the shows with their seat plans, the
 * settings, and, where it is wanted, who asked for what and when. Nobody is named by more than their id.
 */
export const rehearsedShowsMax = 50;

export const onSaleQuery = z.strictObject({
  showIds: z.array(showId).min(1).max(rehearsedShowsMax),
  /** Whether those who asked for these shows are told, too. */
  recorded: z.boolean().default(false),
});

export type OnSaleLine =
  | { readonly show: Show; readonly plan: SeatPlan }
  | { readonly setting: Setting }
  | { readonly request: RecordedRequest };

/** What somebody asked for. */
export interface RecordedRequest {
  readonly showId: string;
  readonly userId: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly wanted: Wanted;
  /** When they first paid: together with the request, or so many milliseconds after it; absent where they never did. */
  readonly paidAfterMs?: number;
  readonly waits: boolean;
}

/** Bookings that are read at once. */
const pageMax = 500;

/** Shows first, then settings, then requests: those of a show in their order. */
export async function* onSale(
  installation: Installation,
  { showIds, recorded }: z.infer<typeof onSaleQuery>,
): AsyncGenerator<OnSaleLine> {
  for (const id of showIds) {
    const show = await knownShow(installation, id);
    const plan = await reference(installation, 'seat-plans', show.seatPlanId);
    if (plan === undefined)
      throw new OperationRefused('not_found', `The seat plan of "${id}" is not known yet. Ask again.`);
    yield { show, plan };
  }
  for (const setting of await changedSettings(installation)) yield { setting };
  if (!recorded) return;
  for (const id of showIds) yield* requestsFor(installation, id);
}

async function* requestsFor(installation: Installation, ofShow: string): AsyncGenerator<OnSaleLine> {
  for (let after = ''; ; ) {
    const rows = await installation.query<{ readonly id: string; readonly asked: readonly Asked[] }>(
      'user',
      `select b.id, (select json_agg(json_build_object('type', e.type, 'data', e.data) order by e.stream_version)
                     from events e where e.stream = b.id) as asked
       from bookings b where b.show_id = $1 and b.id > $2 order by b.id limit $3`,
      [ofShow, after, pageMax],
    );
    for (const { asked } of rows) {
      const request = recordedRequest(asked);
      if (request !== undefined) yield { request };
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < pageMax) return;
    after = last.id;
  }
}

type Asked = Pick<BookingMovieEvent, 'type' | 'data'>;

/** What was asked for in a booking's stream; `undefined` where a restored database has lost the beginning. */
function recordedRequest(asked: readonly Asked[]): RecordedRequest | undefined {
  const first = asked.find(({ type }) => type === 'BookingRequested') as Of<'BookingRequested'> | undefined;
  if (first === undefined) return undefined;
  const { showId: ofShow, userId, wanted, payment, waitsForSeats, acceptedAt } = first.data;
  const at = Date.parse(acceptedAt);
  const later = asked.find(({ type }) => type === 'PaymentSubmitted') as Of<'PaymentSubmitted'> | undefined;
  const paidAfterMs =
    payment !== undefined ? 0 : later === undefined ? undefined : Date.parse(later.data.acceptedAt) - at;
  return {
    ...{ showId: ofShow, userId, at, wanted, waits: waitsForSeats !== undefined },
    ...(paidAfterMs === undefined ? {} : { paidAfterMs }),
  };
}

type Of<Type extends Asked['type']> = Extract<BookingMovieEvent, { readonly type: Type }>;
