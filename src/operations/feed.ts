import { z } from 'zod';
import { fromHeaders, UnreadableRecord } from '../contracts/envelope.ts';
import type { TopicName } from '../contracts/topics.ts';
import {
  charsOf,
  consumeCharsMax,
  type Log,
  type LogRecord,
  type LogTopic,
  LogUnavailable,
} from '../runtime/log/log.ts';
import { type Installation, OperationRefused } from './installation.ts';

/**
 * The log for other programs: they read topics page by page and keep a cursor, which is all that is known of them. A cursor can be
 * used again, so what was read may be read once more, from any page on, for as long as topics keep it.
 *
 * Of each topic, events of one show come in their order; between topics there is none. Nothing in them leads to a person or through
 * a door: topics with addresses, and with what cards are charged by, are left out, and of tickets their codes and names are.
 */
export const feedTopics = [
  'catalog',
  'seat-plans',
  'booking-events',
  'seat-events',
  'price-events',
  'payment-topic',
  'notification-sent',
  'ticket-details',
] as const satisfies readonly TopicName[];
export type FeedTopic = (typeof feedTopics)[number];

/** CloudEvents 1.0, JSON format (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md), with extensions. */
export const feedEvent = z.object({
  specversion: z.literal('1.0'),
  id: z.string(),
  source: z.string(),
  type: z.string(),
  subject: z.string(),
  time: z.string(),
  datacontenttype: z.literal('application/json'),
  traceparent: z.string().optional(),
  topic: z.enum(feedTopics),
  partitionkey: z.string(),
  dataversion: z.int(),
  streamversion: z.int(),
  causationid: z.string(),
  correlationid: z.string(),
  data: z.unknown(),
});
export type FeedEvent = Readonly<z.infer<typeof feedEvent>>;

/** By topic: its id on the log, and the offset that comes next in each of its partitions. */
export const feedPosition = z.partialRecord(
  z.enum(feedTopics),
  z.tuple([z.string().max(100), z.array(z.int().min(0)).max(128)]),
);
export type FeedPosition = Readonly<z.infer<typeof feedPosition>>;

export interface FeedPage {
  readonly events: readonly FeedEvent[];
  readonly position: FeedPosition;
}

/** Events on a page. */
export const feedEventsMax = 1_000;
/** A page has a share for each partition that has some, and of each at least a few. */
export const feedEventsMin = 100;
/** How deep a value may nest: ours do a few times, and what nests some thousand times could be read, but not written again. */
const nestingMax = 100;
/** Of tickets: what lets people in, and what they are called. */
const withheld: ReadonlySet<string> = new Set(['code', 'bookedUnder']);

/** Where a reader begins that has no cursor: at the first event that is kept, or after the last one. */
export async function feedBeginning(
  { log }: Installation,
  { topics, from }: { readonly topics: readonly FeedTopic[]; readonly from: 'start' | 'end' },
): Promise<FeedPosition> {
  const positions = topics.map(async (name) => {
    const { id, partitions } = topicOf(log, name);
    const bounds = Array.from({ length: partitions }, (_, partition) => log.bounds({ topic: name, partition }));
    const offsets = (await Promise.all(bounds)).map(({ first, next }) => (from === 'start' ? first : next));
    return [name, [id, offsets]] as const;
  });
  return Object.fromEntries(await Promise.all(positions));
}

/**
 * What comes after a position, at most `limit` events. Refuses (`conflict`) a position of which something is not kept any more, and one
 * beyond the end: of a log that was restored since, what comes there is not what comes next.
 */
export async function feedPage(
  { log }: Installation,
  { position, limit }: { readonly position: FeedPosition; readonly limit: number },
): Promise<FeedPage> {
  const places = placesOf(log, position);
  const bounded = await Promise.all(places.map(async (place) => ({ place, ...(await log.bounds(place)) })));
  for (const { place, first, next } of bounded) {
    if (place.offset < first) throw missed(`${place.topic} keeps nothing before offset ${first}`);
    if (place.offset > next) throw missed(`${place.topic} ends at offset ${next}, before the cursor`);
  }
  const behind = inTurn(bounded.filter(({ place, next }) => next > place.offset).map(({ place }) => place));
  const share = Math.max(1, Math.floor(limit / Math.max(1, behind.length)));
  const events: FeedEvent[] = [];
  let left = limit;
  let chars = 0;
  for (const place of behind) {
    if (left === 0 || chars >= consumeCharsMax) break;
    const records = await log.read(place, Math.min(share, left));
    events.push(...records.flatMap(feedEventOf));
    left -= records.length;
    chars += records.reduce((sum, record) => sum + charsOf(record), 0);
    // Only past what was read: a broker that has just begun to lead gives nothing for a moment, and then what others had.
    place.offset = (records.at(-1)?.offset ?? place.offset - 1) + 1;
  }
  return { events, position: positionOf(log, places) };
}

/** Resolves when something comes after a position, after so many milliseconds, or once the signal is aborted. */
export async function feedNews(
  { log }: Installation,
  {
    position,
    waitMs,
    signal,
  }: { readonly position: FeedPosition; readonly waitMs: number; readonly signal: AbortSignal },
): Promise<void> {
  const news = Promise.withResolvers<void>();
  const over = AbortSignal.any([signal, AbortSignal.timeout(waitMs)]);
  const reading = log.consume({
    positions: placesOf(log, position),
    onRecords: async () => news.resolve(),
    // Whatever is wrong is found by who asks for the page.
    onError: () => news.resolve(),
  });
  over.addEventListener('abort', () => news.resolve(), { once: true });
  if (over.aborted) news.resolve();
  await news.promise;
  await reading.stop();
}

interface Place {
  readonly topic: FeedTopic;
  readonly partition: number;
  offset: number;
}

/** A position as the log has it; refuses one of topics that were created anew since. */
function placesOf(log: Log, position: FeedPosition): readonly Place[] {
  return feedTopics.flatMap((topic) => {
    const [id, offsets] = position[topic] ?? [];
    if (offsets === undefined) return [];
    const known = topicOf(log, topic);
    if (known.id !== id || known.partitions !== offsets.length) throw missed(`${topic} was made anew`);
    return offsets.map((offset, partition) => ({ topic, partition, offset }));
  });
}

/** Begins with another one on each page: what fills a page by itself keeps nobody from the others. */
function inTurn(places: readonly Place[]): readonly Place[] {
  const first = places.reduce((sum, { offset }) => (sum + offset) % places.length, 0);
  return [...places.slice(first), ...places.slice(0, first)];
}

function positionOf(log: Log, places: readonly Place[]): FeedPosition {
  const byTopic = Object.groupBy(places, ({ topic }) => topic);
  return Object.fromEntries(
    Object.entries(byTopic).map(([name, those = []]) => [
      name,
      [topicOf(log, name as FeedTopic).id, those.map(({ offset }) => offset)],
    ]),
  );
}

function topicOf(log: Log, name: FeedTopic): LogTopic {
  const topic = log.topics.find((each) => each.name === name);
  if (topic === undefined) throw new Error(`the log has no topic ${name}`);
  if (topic.id === '') throw new LogUnavailable('the log has not been reached yet');
  return topic;
}

function missed(why: string): OperationRefused {
  return new OperationRefused(
    'conflict',
    `Events after this cursor are gone: ${why}. Read what they changed from the API, and begin anew without a cursor.`,
  );
}

/** A record as a CloudEvent; none where somebody else has written what is none. */
function feedEventOf(record: LogRecord): readonly FeedEvent[] {
  try {
    const envelope = fromHeaders(record.headers);
    const data = toldOf(record);
    if (!nestsAtMost(data, nestingMax)) return [];
    return [
      {
        ...{ specversion: '1.0', id: envelope.id, source: record.headers['ce_source'] ?? '', type: envelope.type },
        ...{ subject: envelope.subject, time: new Date(envelope.time).toISOString() },
        datacontenttype: 'application/json',
        ...(envelope.traceparent === undefined ? {} : { traceparent: envelope.traceparent }),
        ...{ topic: record.topic as FeedTopic, partitionkey: record.key, dataversion: envelope.version },
        ...{ streamversion: envelope.streamVersion, causationid: envelope.causationId },
        ...{ correlationid: envelope.correlationId, data },
      },
    ];
  } catch (error) {
    if (error instanceof UnreadableRecord || error instanceof SyntaxError) return [];
    throw error;
  }
}

/** What an event says; `null` for a tombstone. */
function toldOf({ topic, value }: LogRecord): unknown {
  const told: unknown = value === null ? null : JSON.parse(value);
  if (topic !== 'ticket-details' || typeof told !== 'object' || told === null) return told;
  return Object.fromEntries(Object.entries(told).filter(([name]) => !withheld.has(name)));
}

function nestsAtMost(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return depth > 0 && Object.values(value).every((each) => nestsAtMost(each, depth - 1));
}
