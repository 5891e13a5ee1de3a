import { topicNamed } from '../../contracts/topics.ts';
import type { Log, LogRecord, Position, TopicPartition } from '../log/log.ts';
import { isMisplaced } from '../log/partitioner.ts';
import type { ServiceDefinition } from '../service.ts';
import type { Store, TaskRow } from '../store/store.ts';
import { verdictOn } from './sequences.ts';

/** The service's own last record is among so many at the end of a topic, unless others write there more than it does. */
const tailRecordsMax = 100;

/**
 * Whether a database lacks what a task has told. An event is stored before it is published: a topic that holds later ones than
 * the database is told of by one that was restored or emptied, and going on from there would give their numbers to other
 * events.
 */
export async function databaseBehind(
  { partition, sequences, timeline }: TaskRow,
  {
    definition,
    log,
    store,
  }: { readonly definition: ServiceDefinition; readonly log: Log; readonly store: Pick<Store, 'readEvents'> },
): Promise<DatabaseBehind | undefined> {
  const owned = log.topics.filter(
    ({ name, partitions }) => topicNamed(name)?.owner === definition.name && partition < partitions,
  );
  const looks = owned.map(async ({ name: topic, partitions }) => {
    const stored = sequences[topic] ?? 0;
    const tail = await tailOf(log, { topic, partition });
    const isLater = tail.some((record) => {
      const { kind } = verdictOn(topic, record.headers, { timeline, sequence: stored });
      return (kind === 'next' || kind === 'gap') && !isMisplaced(record, partitions);
    });
    if (!isLater) return undefined;
    // Another owner may have stored it since.
    const since = { channel: topic, partition, sequence: stored + 1, eventsMax: 1 };
    const isStored = (await store.readEvents(since)).length > 0;
    return isStored ? undefined : new DatabaseBehind({ topic, partition, stored });
  });
  return (await Promise.all(looks)).find((each) => each !== undefined);
}

/** What says of a record who wrote it. */
type Told = Pick<LogRecord, 'key' | 'headers' | 'partition'>;

async function tailOf(log: Log, partition: TopicPartition): Promise<readonly Told[]> {
  const { first, next } = await log.bounds(partition);
  // Offsets at the end may hold nothing.
  for (let end = next; end > first; end -= tailRecordsMax) {
    const tail = await toldBetween(log, { ...partition, offset: Math.max(first, end - tailRecordsMax) }, end);
    if (tail.length > 0) return tail;
  }
  return [];
}

/** Who wrote the records from one offset to another; their text is let go, since others may have written long ones. */
async function toldBetween(log: Log, from: Position, end: number): Promise<readonly Told[]> {
  const told: Told[] = [];
  for (let { offset } = from; offset < end; ) {
    const page = await log.read({ ...from, offset }, tailRecordsMax);
    for (const { key, headers, partition } of page) told.push({ key, headers, partition });
    offset = (page.at(-1)?.offset ?? end - 1) + 1;
  }
  return told;
}

/** The database lacks what it had stored before it was restored, or emptied. */
export class DatabaseBehind extends Error {
  override readonly name = 'DatabaseBehind';
  readonly code = 'database_behind';
  readonly retryable = false;

  constructor({ topic, partition, stored }: TopicPartition & { readonly stored: number }) {
    const owner = topicNamed(topic)?.owner;
    super(
      `${topic}/${partition} holds later events of ${owner} than its database, which ends at ${stored}: ` +
        `was it restored? Then run: fullhouse restored ${owner}`,
    );
  }
}
