import type { Money } from '../../contracts/money.ts';
import type { MoneyLine } from '../../contracts/reports.ts';
import { privateChannel } from '../../runtime/store/store.ts';
import type { Installation } from '../installation.ts';
import type { Period } from './booking-report.ts';
import { showsNamed } from './report-shows.ts';

/**
 * The journal of money: every movement of a period in the order it was stored, from the payment service's facts. What has been
 * reported once is the same in every later report: a refund that comes back is a movement of its own, of the day it came back.
 *
 * The facts of a channel partition are numbered in their order, so a page is read from where the one before has ended in each of
 * them, and put in order of time.
 */

/** How far a report has come: the last number that was read of each channel partition, by `<channel>/<partition>`. */
export type MoneyPosition = Readonly<Record<string, number>>;

const kinds: Readonly<Record<string, MoneyLine['kind']>> = {
  PaymentSucceeded: 'charge',
  PaymentRefunded: 'refund',
  RefundMadeAgain: 'refund',
  RefundCameBack: 'refund_came_back',
};
const channels = ['payment-topic', privateChannel];
/** Clocks of two owners of a task differ by less, so facts of a period are not looked for further away from it. */
const clocksApartMs = 600_000;
/** Facts that are read of each channel partition at once. */
const readMax = 1_000;
/** How often for one page: where there are few movements among many facts, it ends with what was found. */
const roundsMax = 20;

interface Fact {
  readonly source: string;
  readonly sequence: number;
  readonly time: number;
  readonly type: string;
  readonly data: FactData | null;
}
interface FactData {
  readonly bookingId: string;
  readonly showId: string;
  readonly paymentId: string;
  readonly refundId?: string;
  readonly amount: Money;
  readonly provider?: string;
  readonly providerReference?: string;
}

/** A page of the journal from a position on; `next` is where the following page begins, `undefined` at the end of the period. */
export async function moneyLines(
  installation: Installation,
  { from, to, position, limit }: Period & { readonly position?: MoneyPosition | undefined; readonly limit: number },
): Promise<{ readonly lines: readonly MoneyLine[]; readonly next: MoneyPosition | undefined }> {
  const period = { from: Date.parse(from), to: Date.parse(to) };
  const at = new Map(Object.entries(position ?? (await positionAt(installation, period.from - clocksApartMs))));
  const found: Fact[] = [];
  let isEnd = false;
  for (let round = 0; round < roundsMax && found.length < limit && !isEnd; round += 1) {
    const waiting = await factsAfter(installation, at);
    isEnd = merge(waiting, { until: period.to + clocksApartMs, at }, (fact) => {
      if (fact.data !== null && fact.time >= period.from && fact.time < period.to) found.push(fact);
      return found.length < limit;
    });
  }
  const showOf = await showsNamed(
    installation,
    found.map(({ data }) => data?.showId ?? ''),
  );
  const providerOf = await providersOf(installation, found);
  const lines = found
    .flatMap((fact) => lineOf(fact) ?? [])
    .map((line) => ({ ...line, ...providerOf(line), ...showOf(line.showId) }));
  return { lines, next: isEnd ? undefined : Object.fromEntries(at) };
}

/** The last number before a moment, of each channel partition that has any. */
async function positionAt(installation: Installation, time: number): Promise<MoneyPosition> {
  const ends = await installation.query<{ readonly source: string; readonly last: number }>(
    'payment',
    `select c.channel || '/' || t.partition as source,
       coalesce((select e.sequence from events e where e.channel = c.channel and e.partition = t.partition
                 order by e.sequence desc limit 1), 0) as last
     from tasks t cross join unnest($1::text[]) c(channel)`,
    [channels],
  );
  // Halving the distance, for all of them at once.
  const low = new Map(ends.map(({ source }) => [source, 0]));
  const high = new Map(ends.map(({ source, last }) => [source, last]));
  const open = () =>
    ends.map(({ source }) => source).filter((source) => (low.get(source) ?? 0) < (high.get(source) ?? 0));
  for (let sources = open(); sources.length > 0; sources = open()) {
    const middles = sources.map((source) => Math.ceil(((low.get(source) ?? 0) + (high.get(source) ?? 0)) / 2));
    const times = await timesOf(installation, sources, middles);
    sources.forEach((source, index) => {
      const middle = middles[index] ?? 0;
      const isBefore = (times.get(source) ?? 0) < time;
      if (isBefore) low.set(source, middle);
      else high.set(source, middle - 1);
    });
  }
  return Object.fromEntries(low);
}

async function timesOf(
  installation: Installation,
  sources: readonly string[],
  sequences: readonly number[],
): Promise<ReadonlyMap<string, number>> {
  const rows = await installation.query<{ readonly source: string; readonly time: number }>(
    'payment',
    `select s.source, e.time from unnest($1::text[], $2::text[], $3::int[], $4::bigint[]) s(source, channel, partition, sequence)
     join events e on e.channel = s.channel and e.partition = s.partition and e.sequence = s.sequence`,
    [sources, ...apart(sources), sequences],
  );
  return new Map(rows.map(({ source, time }) => [source, time]));
}

/** Channels and partitions, as two lists. */
function apart(sources: readonly string[]): readonly [readonly string[], readonly number[]] {
  const cuts = sources.map((source) => source.lastIndexOf('/'));
  return [
    sources.map((source, index) => source.slice(0, cuts[index])),
    sources.map((source, index) => Number(source.slice((cuts[index] ?? 0) + 1))),
  ];
}

/** Through whom money went back: what was captured says so, and comes before it. */
async function providersOf(
  installation: Installation,
  found: readonly Fact[],
): Promise<(line: Pick<MoneyLine, 'paymentId' | 'provider'>) => Pick<MoneyLine, 'provider'>> {
  const unsaid = found.flatMap(({ data }) => (data === null || data.provider !== undefined ? [] : [data.bookingId]));
  if (unsaid.length === 0) return () => ({});
  const rows = await installation.query<{ readonly paymentId: string; readonly provider: string }>(
    'payment',
    `select data ->> 'paymentId' as "paymentId", data ->> 'provider' as provider from events
     where subject = any ($1) and type = 'PaymentSucceeded'`,
    [[...new Set(unsaid)]],
  );
  const providers = new Map(rows.map(({ paymentId, provider }) => [paymentId, provider]));
  return ({ paymentId, provider = providers.get(paymentId) }) => (provider === undefined ? {} : { provider });
}

/** What comes next in each channel partition, in its order; of what is no movement of money only that it is there. */
async function factsAfter(
  installation: Installation,
  at: ReadonlyMap<string, number>,
): Promise<ReadonlyMap<string, readonly Fact[]>> {
  const sources = [...at.keys()];
  const rows = await installation.query<Fact>(
    'payment',
    `select s.source, e.* from unnest($1::text[], $2::text[], $3::int[], $4::bigint[]) s(source, channel, partition, after)
     cross join lateral (
       select sequence, time, type, case when type = any ($5) then data end as data from events
       where channel = s.channel and partition = s.partition and sequence > s.after order by sequence limit $6) e`,
    [sources, ...apart(sources), [...at.values()], Object.keys(kinds), readMax],
  );
  return Map.groupBy(rows, ({ source }) => source);
}

/**
 * Hands over facts by their time, and notes how far it has come, until `each` has enough, more has to be read, or all that is left
 * comes after the period; true for the last.
 */
function merge(
  waiting: ReadonlyMap<string, readonly Fact[]>,
  { until, at }: { readonly until: number; readonly at: Map<string, number> },
  each: (fact: Fact) => boolean,
): boolean {
  const heads = new Map([...waiting.keys()].map((source) => [source, 0]));
  for (;;) {
    let first: Fact | undefined;
    for (const [source, facts] of waiting) {
      const head = facts[heads.get(source) ?? 0];
      // All that was read of it is used up: who knows when what follows was.
      if (head === undefined && facts.length === readMax) return false;
      if (head !== undefined && (first === undefined || head.time < first.time)) first = head;
    }
    if (first === undefined || first.time >= until) return true;
    heads.set(first.source, (heads.get(first.source) ?? 0) + 1);
    at.set(first.source, first.sequence);
    if (!each(first)) return false;
  }
}

function lineOf({ time, type, data }: Fact): MoneyLine | undefined {
  const kind = kinds[type];
  if (kind === undefined || data === null) return undefined;
  const { bookingId, showId, paymentId, refundId, amount, provider, providerReference } = data;
  return {
    ...{ at: new Date(time).toISOString(), kind, amount, bookingId, paymentId, showId },
    ...(refundId === undefined ? {} : { refundId }),
    ...(provider === undefined ? {} : { provider }),
    ...(providerReference === undefined ? {} : { providerReference }),
  };
}
