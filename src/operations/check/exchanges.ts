import type { Installation } from '../installation.ts';
import type { BookingFacts } from './booking-facts.ts';
import type { Finding, Invariant } from './finding.ts';
import { lateMsMax } from './status.ts';

/** Exchanges are few, so what they were for is looked up apart, behind the bookings that tell of them. */
export const exchangedIsGivenBack: Invariant = {
  name: 'exchanged-is-given-back',
  promise: 2,
  says: 'what a confirmed booking was exchanged for has ended, or its cancellation was refused',
};

/** A confirmed booking, and the one that it was exchanged for. */
interface Exchange {
  readonly bookingId: string;
  readonly replaces: string;
}

const answers = ['BookingCancelled', 'BookingCancellationRefused', 'BookingRejected', 'BookingExpired'];
const answered = 'select distinct stream as id from events where stream = any ($1) and type = any ($2)';
const underWay = `select subject as id from requests where subject = any ($1)
  union select subject from parked where subject = any ($1)`;

/** The exchange that a booking tells of, once there was time enough to go through with it. */
export function exchangeIn({ bookingId, booking }: BookingFacts, now: number): readonly Exchange[] {
  const confirmed = booking.find(({ type }) => type === 'BookingConfirmed');
  const replaces = confirmed?.data.replaces?.bookingId;
  if (confirmed === undefined || replaces === undefined || now <= confirmed.time + lateMsMax) return [];
  return [{ bookingId, replaces }];
}

/** Those of which nothing has come, and nothing is under way either. */
export async function* examineExchanges(
  { query }: Installation,
  exchanges: readonly Exchange[],
): AsyncGenerator<Finding> {
  if (exchanges.length === 0) return;
  const ids = [...new Set(exchanges.map(({ replaces }) => replaces))];
  const done = new Set<string>();
  for (const [database, text, values] of [
    ['booking', answered, [ids, answers]],
    ['booking', underWay, [ids]],
    ['user', underWay, [ids]],
  ] as const)
    for (const { id } of await query<{ readonly id: string }>(database, text, values)) done.add(id);
  for (const { bookingId, replaces } of exchanges) {
    if (done.has(replaces)) continue;
    const says = `${bookingId} is confirmed, and nothing has come of ${replaces}, which it was exchanged for`;
    yield { invariant: exchangedIsGivenBack.name, key: bookingId, says };
  }
}
