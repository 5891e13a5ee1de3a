import { privateChannel } from '../../runtime/store/store.ts';
import type { Installation } from '../installation.ts';
import type { Examination } from './finding.ts';

/** Places that are offered to those who wait are nobody else's meanwhile: an offer that nobody goes on with keeps them unsold. */

const offersEnd = {
  name: 'offers-end',
  promise: 7,
  says: 'what is offered to those who wait is soon theirs, or anybody’s',
} as const;

/** An offer takes some milliseconds; it lasts as long as more becomes free. */
const offeredMsMax = 60_000;
/** Facts of the seat inventory's own that are looked through in each partition, the last ones: an offer is looked at many times before it is older. */
const factsMax = 20_000;
const wrongShown = 1_000;

interface OffersRow {
  readonly looked: number;
  readonly open: readonly { readonly showId: string; readonly ageMs: number }[];
}

/** Opening a hall by another plan ends an offer; by the same it is followed by another. */
const openOffers = `
  with recent as materialized (
    select e.stream, e.stream_version, e.type, e.time from tasks t cross join lateral (
      select stream, stream_version, type, time from events
      where channel = '${privateChannel}' and partition = t.partition order by sequence desc limit $1) e),
  last as (
    select distinct on (stream) stream, type, time from recent
    where type in ('PlacesOffered', 'OfferEnded', 'ShowSeatsOpened') order by stream, stream_version desc),
  open as (
    select stream as "showId", (extract(epoch from clock_timestamp()) * 1000 - time)::bigint as "ageMs" from last
    where type = 'PlacesOffered' and time < extract(epoch from clock_timestamp()) * 1000 - $2 limit ${wrongShown})
  select (select count(*)::int from recent) as looked, (select coalesce(json_agg(open), '[]') from open) as open`;

export const offerExamination: Examination = {
  invariants: [offersEnd],
  examine: async function* ({ query, isStopped }: Installation) {
    const [row] = await query<OffersRow>('seat-inventory', openOffers, [factsMax, offeredMsMax]);
    yield { looked: { [offersEnd.name]: row?.looked ?? 0 } };
    // Where nothing runs, it goes on at the next start.
    if (isStopped === true) return;
    for (const { showId, ageMs } of row?.open ?? []) {
      const says = `${showId} has offered places to those who wait for ${Math.round(ageMs / 1_000)} s; it goes on when more become free, as when a seat is blocked and unblocked`;
      yield { finding: { invariant: offersEnd.name, key: showId, says } };
    }
  },
};
