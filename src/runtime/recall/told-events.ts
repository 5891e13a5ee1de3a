import { fromHeaders } from '../../contracts/envelope.ts';
import { topicNamed } from '../../contracts/topics.ts';
import type { Log, LogRecord } from '../log/log.ts';
import { isMisplaced } from '../log/partitioner.ts';
import type { ServiceDefinition } from '../service.ts';
import type { EventRow, TaskRow } from '../store/store.ts';
import { verdictOn } from '../task/sequences.ts';
import { isCompacted } from '../task/task-drafts.ts';

/** Records of one page. */
const pageRecordsMax = 1_000;
/** More than this in one partition is no gap between a backup and now: a newer backup has to be found. */
export const toldEventsMax = 200_000;

/**
 * What a service has told on its topics and its database does not know (any more), as the rows they were: in order of their
 * sequences and, between topics, of their times.
 */
export async function toldEvents(log: Log, definition: ServiceDefinition, task: TaskRow): Promise<readonly EventRow[]> {
  const channels: (readonly EventRow[])[] = [];
  for (const { name, partitions } of log.topics) {
    if (topicNamed(name)?.owner !== definition.name || task.partition >= partitions) continue;
    channels.push(await toldOn(log, definition, { task, topic: name, partitions }));
  }
  return merged(channels);
}

async function toldOn(
  log: Log,
  definition: ServiceDefinition,
  { task, topic, partitions }: { readonly task: TaskRow; readonly topic: string; readonly partitions: number },
): Promise<readonly EventRow[]> {
  const stored = { timeline: task.timeline, sequence: task.sequences[topic] ?? 0 };
  const found = new Map<number, EventRow>();
  const { first, next } = await log.bounds({ topic, partition: task.partition });
  for (let offset = first; offset < next; ) {
    const page = await log.read({ topic, partition: task.partition, offset }, pageRecordsMax);
    for (const record of page) {
      const { kind } = verdictOn(topic, record.headers, stored);
      const sequence = Number(record.headers['ce_sequence']);
      // What was published twice is the same twice; what lies where nobody puts its key is no event of ours.
      if ((kind === 'next' || kind === 'gap') && sequence > stored.sequence && !isMisplaced(record, partitions))
        found.set(sequence, rowOf(record, definition));
    }
    if (found.size > toldEventsMax) throw new TooMuchTold({ topic, partition: task.partition });
    offset = (page.at(-1)?.offset ?? next - 1) + 1;
  }
  const rows = [...found.values()].sort((a, b) => a.sequence - b.sequence);
  return isCompacted(topic) ? withoutErased(rows) : rows;
}

/** A record as its event row: its id names its stream, and what was filled in on the way out is not kept. */
function rowOf(record: LogRecord, definition: ServiceDefinition): EventRow {
  const { id, source: _, sequence = 0, ...envelope } = fromHeaders(record.headers);
  const published: unknown = record.value === null ? null : JSON.parse(record.value);
  const strip = definition.enrich?.[envelope.type]?.strip;
  const data = strip === undefined || published === null ? published : strip(published as never);
  return {
    ...envelope,
    channel: record.topic,
    partition: record.partition,
    sequence,
    stream: id.replace(/\/\d+(@\d+)?$/, ''),
    key: record.key,
    data,
    json: JSON.stringify(data),
  };
}

/** Erasing reaches what was told before. */
function withoutErased(rows: readonly EventRow[]): readonly EventRow[] {
  const erasedAt = new Map(rows.filter(({ data }) => data === null).map(({ key, sequence }) => [key, sequence]));
  return rows.map((row) => (row.sequence < (erasedAt.get(row.key) ?? 0) ? { ...row, data: null, json: 'null' } : row));
}

function merged(channels: readonly (readonly EventRow[])[]): readonly EventRow[] {
  const left = channels.map((rows) => [...rows].reverse());
  const all: EventRow[] = [];
  for (;;) {
    const next = left.filter((rows) => rows.length > 0).reduce<EventRow[] | undefined>(earlier, undefined);
    const row = next?.pop();
    if (row === undefined) return all;
    all.push(row);
  }
}

function earlier(a: EventRow[] | undefined, b: EventRow[]): EventRow[] {
  const [first, second] = [a?.at(-1), b.at(-1)];
  if (a === undefined || first === undefined) return b;
  if (second === undefined) return a;
  if (first.time !== second.time) return first.time < second.time ? a : b;
  return first.stream === second.stream && second.streamVersion < first.streamVersion ? b : a;
}

export class TooMuchTold extends Error {
  override readonly name = 'TooMuchTold';
  readonly code = 'too_much_told';
  readonly retryable = false;

  constructor({ topic, partition }: { readonly topic: string; readonly partition: number }) {
    super(
      `${topic}/${partition} holds more than ${toldEventsMax} events that the database lacks: restore a newer backup first`,
    );
  }
}
