import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { bigints, ints, jsons, texts } from '../store/postgres/arrays.ts';
import { PipelinedConnection, storeError } from '../store/postgres/connection.ts';
import type { RecordStore } from './local-log.ts';
import { type Bounds, type LogRecord, type LogTopic, LogUnavailable, type Position } from './log.ts';

/** Rows one clean-up statement removes at the most; of a topic with retention, from each partition. */
const cleanRecordsMax = 10_000;
/** How often that is done beside each start. Whoever publishes more than a thousand records a minute has outgrown it. */
const cleanEveryMs = 600_000;

const schema = `
  create table if not exists topics (
    name text primary key, number int generated always as identity unique, id text not null, partitions int not null
  );
  create table if not exists records (
    topic int not null, partition int not null, "offset" bigint not null, key text not null, headers json not null,
    value text, timestamp bigint not null, primary key (topic, partition, "offset")
  );
  create table if not exists ends (topic int not null, partition int not null, first bigint not null, next bigint not null,
    primary key (topic, partition));`;

interface OpenTopic extends LogTopic {
  readonly number: number;
  readonly bounds: readonly Bounds[];
}

/**
 * Records in a database of the embedded PostgreSQL: the `embedded` driver.
 *
 * An append commits asynchronously. All databases of one PostgreSQL share one write-ahead log, so whoever commits
 * something that was made from a record flushes that record as well, and the producer advances its published mark only
 * by a later commit: a crash can lose a record only together with everything that came of it, and then its producer
 * appends it again.
 */
export async function openEmbeddedRecords(url: string, topics: readonly Omit<LogTopic, 'id'>[]): Promise<RecordStore> {
  const setup = new pg.Client({ connectionString: url, application_name: 'fullhouse-log-setup' });
  await setup.connect();
  const opened: OpenTopic[] = [];
  try {
    await setup.query(schema);
    for (const topic of topics) opened.push(await openTopic(setup, topic));
  } finally {
    await setup.end();
  }
  await clean(url, opened);
  return new EmbeddedRecords(url, opened);
}

async function openTopic(client: pg.Client, topic: Omit<LogTopic, 'id'>): Promise<OpenTopic> {
  await client.query('insert into topics (name, id, partitions) values ($1, $2, $3) on conflict do nothing', [
    topic.name,
    randomUUID(),
    topic.partitions,
  ]);
  const { rows } = await client.query<{ number: number; id: string; partitions: number }>(
    'select number, id, partitions from topics where name = $1',
    [topic.name],
  );
  const row = rows[0];
  if (row === undefined) throw new Error(`topic ${topic.name} could not be created`);
  if (row.partitions !== topic.partitions) {
    throw new LogUnavailable(
      `topic ${topic.name} has ${row.partitions} partitions, not ${topic.partitions}; set FULLHOUSE_PARTITIONS=${row.partitions}`,
    );
  }
  const bounds: Bounds[] = [];
  for (let partition = 0; partition < topic.partitions; partition += 1) {
    // Retention may have emptied a partition: its ends are kept so that offsets never start again.
    const found = await client.query<{ first: number | null; next: number | null }>(
      `select coalesce(min(r."offset"), max(e.next)) as first, greatest(max(r."offset") + 1, max(e.next)) as next
       from (select 1) as one
       left join ends e on e.topic = $1 and e.partition = $2
       left join records r on r.topic = $1 and r.partition = $2`,
      [row.number, partition],
    );
    bounds.push({ first: found.rows[0]?.first ?? 0, next: found.rows[0]?.next ?? 0 });
  }
  return { ...topic, id: row.id, number: row.number, bounds };
}

/**
 * Removes what retention and compaction no longer keep, a bounded number of records of each topic. Where a partition's offsets
 * go on is written down first, in the same transaction: a partition that was emptied never gives an offset twice.
 */
async function clean(url: string, topics: readonly OpenTopic[]): Promise<void> {
  const client = new pg.Client({ connectionString: url, application_name: 'fullhouse-log-cleaning' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    for (const topic of topics) {
      await client.query('begin');
      await client.query(keepEnds, [topic.number, topic.partitions]);
      if (topic.retentionDays === 'compacted') await client.query(removeSuperseded, [topic.number, cleanRecordsMax]);
      else await client.query(removeOld, [topic.number, topic.partitions, cleanRecordsMax, topic.retentionDays]);
      await client.query('commit');
    }
  } finally {
    await client.end();
  }
}

const keepEnds = `insert into ends
  select $1::int, series.partition, coalesce(bounds.first, 0), coalesce(bounds.next, 0)
  from generate_series(0, $2::int - 1) as series(partition), lateral (
    select (select "offset" from records where topic = $1 and records.partition = series.partition order by "offset" limit 1) as first,
      (select "offset" + 1 from records where topic = $1 and records.partition = series.partition order by "offset" desc limit 1) as next
  ) as bounds
  on conflict (topic, partition) do update
    set first = greatest(ends.first, excluded.first), next = greatest(ends.next, excluded.next)`;

/** The oldest records of each partition, by the index that orders them. */
const removeOld = `delete from records where ctid = any (array(
  select oldest.ctid from generate_series(0, $2::int - 1) as series(partition), lateral (
    select ctid, timestamp from records where topic = $1 and records.partition = series.partition
    order by "offset" limit $3
  ) as oldest
  where oldest.timestamp < (extract(epoch from now()) - $4 * 86400) * 1000))`;

const removeSuperseded = `delete from records where ctid = any (array(
  select found.ctid from (
    select ctid, "offset", max("offset") over (partition by partition, key) as last from records where topic = $1
  ) as found
  where found."offset" < found.last limit $2))`;

class EmbeddedRecords implements RecordStore {
  readonly topics: readonly OpenTopic[];
  readonly #numbers: ReadonlyMap<string, number>;
  readonly #writer: PipelinedConnection;
  readonly #reader: PipelinedConnection;
  readonly #cleaning: NodeJS.Timeout;
  #cleaned: Promise<void> = Promise.resolve();

  constructor(url: string, topics: readonly OpenTopic[]) {
    this.topics = topics;
    this.#numbers = new Map(topics.map((topic) => [topic.name, topic.number]));
    this.#writer = new PipelinedConnection({ url, applicationName: 'fullhouse-log-writer', asynchronousCommit: true });
    this.#reader = new PipelinedConnection({ url, applicationName: 'fullhouse-log-reader' });
    this.#cleaning = setInterval(() => {
      // What could not be removed has its turn again.
      this.#cleaned = clean(url, topics).catch(() => undefined);
    }, cleanEveryMs).unref();
  }

  async write(records: readonly LogRecord[]): Promise<void> {
    const insert = {
      name: 'append',
      text: `insert into records (topic, partition, "offset", key, headers, value, timestamp)
             select * from unnest($1::int[], $2::int[], $3::bigint[], $4::text[], $5::json[], $6::text[], $7::bigint[])
             on conflict (topic, partition, "offset") do update
               set key = excluded.key, headers = excluded.headers, value = excluded.value, timestamp = excluded.timestamp`,
      values: [
        ints(records.map((each) => this.#numbers.get(each.topic))),
        ints(records.map((each) => each.partition)),
        bigints(records.map((each) => each.offset)),
        texts(records.map((each) => each.key)),
        jsons(records.map((each) => JSON.stringify(each.headers))),
        texts(records.map((each) => each.value)),
        bigints(records.map((each) => each.timestamp)),
      ],
    };
    try {
      await this.#writer.query([insert]);
    } catch (error) {
      // Whether it was stored is unknown. Nobody has seen these offsets, so the next append writes over them.
      throw new LogUnavailable(`the log did not take ${records.length} records: ${storeError(error).message}`, {
        cause: error,
      });
    }
  }

  async read(from: Position, recordsMax: number): Promise<readonly LogRecord[]> {
    const [found] = await this.#reader.query([
      {
        name: 'read',
        text: `select "offset", key, headers, value, timestamp from records
               where topic = $1 and partition = $2 and "offset" >= $3 order by "offset" limit $4`,
        values: [this.#numbers.get(from.topic), from.partition, from.offset, recordsMax],
      },
    ]);
    const rows = (found?.rows ?? []) as Omit<LogRecord, 'topic' | 'partition'>[];
    return rows.map((row) => ({ ...row, topic: from.topic, partition: from.partition }));
  }

  async close(): Promise<void> {
    clearInterval(this.#cleaning);
    await this.#cleaned;
    await this.#writer.close();
    await this.#reader.close();
  }
}
