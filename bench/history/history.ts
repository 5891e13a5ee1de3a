import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { logFile, openDatabases } from '../../src/app.ts';
import { databaseOf, sandboxDatabase } from '../../src/composition/services.ts';
import { serviceNames, topicNamed } from '../../src/contracts/topics.ts';
import { openDataDirectory } from '../../src/runtime/embedded/data-directory.ts';
import { type BinaryParameter, bigints, ints, texts } from '../../src/runtime/store/postgres/arrays.ts';
import type { TaskRow } from '../../src/runtime/store/store.ts';
import { type CopiedDatabase, openCopied, relationOf } from './copied-tables.ts';
import { type CopiedShow, type Copy, dayMs, type HistoryOptions, planCopies } from './copies.ts';
import type { PastScene } from './past-bookings.ts';

/**
 * A history: copies of past bookings, row by row in every database, each with ids, seats, times, sequences and stream
 * versions of its own, as if they had been made one after the other up to now. What is kept for a time only is left out where
 * its time is over. What belongs on topics is published by the services when they start again: nothing here writes a record.
 *
 * The installation has booked its past bookings, and does not run meanwhile.
 */
const chunkCopies = 2_000;
/** What has a day left of its time is still written. */
const marginDays = 1;
const topicDays = 30 - marginDays;
/** Of tables whose rows go after a time: days. */
const keptDays: Readonly<Record<string, number>> = {
  idempotency_keys: 7 - marginDays,
  inbox_messages: 30 - marginDays,
};

export async function growHistory(
  path: string,
  scene: PastScene,
  { tell = () => undefined, ...options }: HistoryOptions & { readonly tell?: (line: string) => void },
): Promise<{ readonly unpublished: number }> {
  const { postgres } = await openDatabases(await openDataDirectory(path));
  const databases: CopiedDatabase[] = [];
  try {
    for (const name of [...serviceNames.map(databaseOf), sandboxDatabase])
      databases.push(await openCopied(name, postgres.url(name), scene));
    const plan = planCopies(scene, options);
    let published: Published | undefined;
    for (let made = 0; made < options.bookings; made += chunkCopies) {
      const copies = Array.from({ length: Math.min(chunkCopies, options.bookings - made) }, () => plan.next());
      if (daysSince(copies.at(-1)) < topicDays) published ??= sequencesOf(databases);
      await Promise.all(databases.map((database) => copyInto(database, copies)));
      tell(`${made + copies.length} of ${options.bookings} past bookings`);
    }
    published ??= sequencesOf(databases);
    const ends = forgetRecords(join(path, logFile));
    await countOn(databases, { published, ends });
    await sell(databases, plan.shows);
    for (const { client } of databases) await client.query('vacuum analyze');
    return { unpublished: unpublishedOf(databases, published) };
  } finally {
    await Promise.all(databases.map(({ client }) => client.end()));
    await postgres.stop();
  }
}

function daysSince(copy: Copy | undefined): number {
  return (Date.now() - (copy?.at ?? 0)) / dayMs;
}

/** By database, partition and channel: the last sequence. */
type Published = ReadonlyMap<string, number>;

function sequencesOf(databases: readonly CopiedDatabase[]): Published {
  return new Map(
    databases.flatMap(({ name, sequences }) => [...sequences].map(([key, last]) => [`${name} ${key}`, last])),
  );
}

/** Events that are on no topic yet, and should be. */
function unpublishedOf(databases: readonly CopiedDatabase[], published: Published): number {
  let count = 0;
  for (const [key, last] of sequencesOf(databases)) {
    const isOfTopic = typeof topicNamed(key.split(' ')[2] ?? '')?.retentionDays === 'number';
    if (isOfTopic) count += last - (published.get(key) ?? last);
  }
  return count;
}

async function copyInto(database: CopiedDatabase, copies: readonly Copy[]): Promise<void> {
  const counted = copies.map((copy): Counted => ({ copy, ...countOf(database, copy) }));
  for (const [kind, some] of Map.groupBy(counted, ({ copy }) => copy.kind)) {
    const channels = [...(database.events[kind]?.channels.keys() ?? [])];
    for (const { table, statements } of database.tables) {
      const statement = statements[kind];
      if (statement === undefined || daysSince(copies.at(-1)) > (keptDays[table] ?? Number.POSITIVE_INFINITY)) continue;
      const text = `${relationOf(channels)} ${statement}`;
      const values = valuesOf(some, channels, database.madeAt[kind] ?? 0);
      await database.client.query({ name: `${table} ${kind}`, text, values });
    }
  }
}

interface Counts {
  readonly showVersion: number;
  readonly before: ReadonlyMap<string, number>;
}
type Counted = Counts & { readonly copy: Copy };

/** How many events come before those of a copy, which are counted with it. */
function countOf({ events, sequences, versions }: CopiedDatabase, { kind, show }: Copy): Counts {
  const { channels, ofShow } = events[kind] as CopiedDatabase['events'][number];
  const showVersion = versions.get(show.showId) ?? 0;
  versions.set(show.showId, showVersion + ofShow);
  const before = new Map<string, number>();
  for (const [channel, count] of channels) {
    const key = `${show.partition} ${channel}`;
    before.set(channel, sequences.get(key) ?? 0);
    sequences.set(key, (sequences.get(key) ?? 0) + count);
  }
  return { showVersion, before };
}

/** In the order of `copyColumns`, then of the channels; made anew for each statement, since a parameter is sent once. */
function valuesOf(some: readonly Counted[], channels: readonly string[], madeAt: number): BinaryParameter[] {
  const hex = (number: number) => number.toString(16).padStart(12, '0');
  const moment = (at: number) => `${hex(at).slice(0, 8)}-${hex(at).slice(8)}`;
  return [
    texts(some.map(({ copy }) => moment(copy.at))),
    texts(some.map(({ copy }) => hex(copy.number))),
    texts(some.map(({ copy }) => copy.show.showId)),
    ints(some.map(({ copy }) => copy.show.partition)),
    texts(some.map(({ copy }) => copy.customer[0])),
    texts(some.map(({ copy }) => copy.customer[1])),
    bigints(some.map(({ copy }) => copy.at - madeAt)),
    ints(some.map(({ copy }) => copy.firstSeat)),
    ints(some.map(({ showVersion }) => showVersion)),
    ...channels.map((channel) => bigints(some.map(({ before }) => before.get(channel) ?? 0))),
  ];
}

/** By topic and partition: the offset that comes next. */
type Ends = ReadonlyMap<string, number>;

/** As if retention had removed every record that is kept for a time only: what is published next has no gap before it. */
function forgetRecords(path: string): Ends {
  const database = new DatabaseSync(path);
  try {
    database.exec(`insert into ends select topic, partition, max(next), max(next) from chunks where true group by topic, partition
      on conflict do update set first = max(first, excluded.first), next = max(next, excluded.next)`);
    database.exec('delete from chunks where key is null');
    const rows = database.prepare('select name, partition, next from ends, topics where topic = number').all();
    return new Map(rows.map(({ name, partition, next }) => [`${name} ${partition}`, Number(next)]));
  } finally {
    database.close();
  }
}

/** Has every task count on from the copies: what it has given, applied, read and published. */
async function countOn(
  databases: readonly CopiedDatabase[],
  { published, ends }: { readonly published: Published; readonly ends: Ends },
): Promise<void> {
  const given = sequencesOf(databases);
  for (const { name, client } of databases) {
    if (name === sandboxDatabase) continue;
    const { rows } = await client.query<TaskRow>('select * from tasks');
    for (const task of rows) {
      const { partition } = task;
      const sequences = mapped(task.sequences, (_, channel) => given.get(`${name} ${partition} ${channel}`) ?? 0);
      const marks = mapped(task.published, (mark, channel) => ({
        ...mark,
        sequence: published.get(`${name} ${partition} ${channel}`) ?? mark.sequence,
      }));
      const heads = mapped(task.heads, (head, topic) => ({
        ...head,
        sequence: given.get(`${databaseOf(topicNamed(topic)?.owner ?? '')} ${partition} ${topic}`) ?? head.sequence,
      }));
      const positions = mapped(task.positions, (position, topic) => ({
        ...position,
        offset: ends.get(`${topic} ${partition}`) ?? position.offset,
      }));
      await client.query(
        'update tasks set sequences = $2, published = $3, heads = $4, positions = $5 where partition = $1',
        [partition, ...[sequences, marks, heads, positions].map((each) => JSON.stringify(each))],
      );
    }
  }
}

function mapped<Value, Other>(
  some: Readonly<Record<string, Value>>,
  to: (value: Value, name: string) => Other,
): Readonly<Record<string, Other>> {
  return Object.fromEntries(Object.entries(some).map(([name, value]) => [name, to(value, name)]));
}

/** The view that counts what is sold of each show. */
async function sell(databases: readonly CopiedDatabase[], shows: readonly CopiedShow[]): Promise<void> {
  const catalog = databases.find(({ name }) => name === 'catalog');
  await catalog?.client.query(
    `update show_sales s set body = jsonb_set(body::jsonb, '{sold}', to_jsonb((body ->> 'sold')::int + more.sold))::json
     from unnest($1::text[], $2::int[]) as more(id, sold) where s.id = more.id`,
    [texts(shows.map(({ showId }) => showId)), ints(shows.map(({ sold }) => sold))],
  );
}
