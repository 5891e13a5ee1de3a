import { z } from 'zod';
import type { Log, LogRecord, Position } from '../runtime/log/log.ts';
import { type Installation, OperationRefused } from './installation.ts';
import { knownTopic } from './topics.ts';

/** Records as people read them. */
export interface TailedRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly at: string;
  readonly key: string;
  readonly type: string;
  readonly subject: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The payload; text where it is not JSON, `null` for a tombstone. */
  readonly data: unknown;
}

/** Between what was there and what comes: from here on nothing is missed. */
export interface FollowingMark {
  readonly following: true;
}

export const tailQuery = z.strictObject({
  topics: z.string().min(1).max(1_000),
  key: z.string().max(200).optional(),
  /** An offset; without one the last records of each partition, or nothing but what comes for `end`. */
  from: z
    .union([z.literal('end'), z.coerce.number().int().min(0)], { error: 'must be an offset, 0 or more, or "end"' })
    .optional(),
  partition: z.coerce.number().int().min(0).optional(),
  follow: z.stringbool().default(false),
});
export type TailQuery = z.infer<typeof tailQuery>;

/** Records of each partition that are shown where no offset is named. */
export const lastRecordsShown = 10;
const pageRecordsMax = 500;
/** Records held for a reader that is slower than the log, before the log waits for it. */
const followedRecordsMax = 5_000;

/**
 * Reads topics (separated by commas), partition by partition, and goes on with what comes until `signal` aborts if it is
 * to follow. Refuses a name that is no topic.
 */
export async function* tail(
  { log }: Installation,
  query: TailQuery,
  signal: AbortSignal,
): AsyncGenerator<TailedRecord | FollowingMark> {
  const positions = await positionsOf(log, query);
  const wanted = (record: LogRecord) => query.key === undefined || record.key === query.key;
  const next: Position[] = [];
  for (const { from, end } of positions) {
    let { offset } = from;
    while (offset < end && !signal.aborted) {
      const page = await log.read({ ...from, offset }, pageRecordsMax);
      for (const record of page) if (record.offset < end && wanted(record)) yield readable(record);
      offset = (page.at(-1)?.offset ?? end - 1) + 1;
    }
    next.push({ ...from, offset: Math.max(offset, from.offset) });
  }
  if (!query.follow) return;
  yield { following: true };
  for await (const record of followed(log, next, signal)) if (wanted(record)) yield readable(record);
}

async function positionsOf(log: Log, { topics, from, partition: only }: TailQuery) {
  const positions: { readonly from: Position; readonly end: number }[] = [];
  for (const topic of topics.split(',')) {
    const { onLog } = knownTopic(log.topics, topic);
    if (only !== undefined && only >= onLog.partitions)
      throw new OperationRefused('not_found', `${topic} has ${onLog.partitions} partitions, from 0 on.`);
    for (let partition = 0; partition < onLog.partitions; partition += 1) {
      if (only !== undefined && only !== partition) continue;
      const { first, next: end } = await log.bounds({ topic, partition });
      const start = from === 'end' ? end : (from ?? Math.max(first, end - lastRecordsShown));
      positions.push({ from: { topic, partition, offset: Math.max(start, first) }, end });
    }
  }
  return positions;
}

/** New records as they come; the log waits while too many are unread. */
async function* followed(log: Log, positions: readonly Position[], signal: AbortSignal): AsyncGenerator<LogRecord> {
  let unread: LogRecord[] = [];
  let failed: Error | undefined;
  let wake = () => {};
  let makeRoom = () => {};
  const consumption = log.consume({
    positions,
    onRecords: async (records) => {
      unread.push(...records);
      wake();
      if (unread.length >= followedRecordsMax) await new Promise<void>((resolve) => (makeRoom = resolve));
    },
    onError: (error) => {
      failed = error;
      wake();
    },
  });
  const stop = () => {
    wake();
    makeRoom();
  };
  signal.addEventListener('abort', stop);
  try {
    while (!signal.aborted && failed === undefined) {
      if (unread.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      const records = unread;
      unread = [];
      makeRoom();
      yield* records;
    }
    if (failed !== undefined) throw failed;
  } finally {
    signal.removeEventListener('abort', stop);
    makeRoom();
    await consumption.stop();
  }
}

/** A record as people read it. */
export function readable(record: LogRecord): TailedRecord {
  const { topic, partition, offset, key, headers, value, timestamp } = record;
  return {
    topic,
    partition,
    offset,
    at: new Date(timestamp).toISOString(),
    key,
    type: headers['ce_type'] ?? '',
    subject: headers['ce_subject'] ?? '',
    headers,
    data: parsed(value),
  };
}

function parsed(value: string | null): unknown {
  if (value === null) return null;
  try {
    return JSON.parse(value);
  } catch {
    // Whatever a foreign producer wrote is shown as it is.
    return value;
  }
}
