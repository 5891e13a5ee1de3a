import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { deserialize, serialize } from 'node:v8';
import type { RecordStore } from './local-log.ts';
import {
  type Bounds,
  type LogRecord,
  type LogTopic,
  LogUnavailable,
  type Position,
  type TopicPartition,
} from './log.ts';

/** Chunks that one cleaning removes of a partition at the most; it does not take long enough for anybody to notice. */
const cleanChunksMax = 500;
/** How often that is done beside each start: faster than ever so many bookings fill them. */
const cleanEveryMs = 60_000;
/** What a write waits for another connection: there is none, but for a person who looks into the file. */
const busyTimeoutMs = 2_000;
/**
 * Records that a power cut may take away: so many offsets of each partition are passed over after one, since whoever had
 * read those records stands behind them.
 */
const lostRecordsMax = 1_000;
/**
 * Pages of the write-ahead log after which they are copied into the file, 16 MB: more at a time cost less in all, and hold
 * everything up for longer.
 */
const checkpointPages = 4_000;
const dayMs = 86_400_000;

const schema = `
  create table if not exists topics (number integer primary key, name text unique not null, id text not null, partitions int not null);
  create table if not exists chunks (number integer primary key, topic int not null, partition int not null, first int not null,
    next int not null, at int not null, key text, records blob not null);
  create unique index if not exists chunks_by_offset on chunks (topic, partition, first, next);
  create index if not exists chunks_by_key on chunks (topic, partition, key) where key is not null;
  create table if not exists opened (boot text not null, closed int not null);
  create table if not exists ends (topic int not null, partition int not null, first int not null, next int not null,
    primary key (topic, partition)) without rowid;`;

interface OpenTopic extends LogTopic {
  readonly number: number;
  readonly bounds: readonly Bounds[];
}

/** A record as it is kept: topic, partition, offset and time are the chunk's. */
type Kept = readonly [key: string, headers: LogRecord['headers'], value: string | null];

/**
 * Records in one SQLite file of the data directory: the `embedded` driver.
 *
 * What one append brings for a partition is one row, a chunk, so that its cost hardly depends on how many records it holds.
 * Of compacted topics each record is a chunk of its own, and takes the place of the one its key had before. A write returns once the records are in the file's
 * write-ahead log, which no end of this process can undo; `sync` waits for the disk, which alone survives a power cut.
 *
 * `boot`: names the time since the machine was started.
 */
export async function openEmbeddedRecords(
  path: string,
  topics: readonly Omit<LogTopic, 'id'>[],
  boot = bootId(),
): Promise<RecordStore> {
  const database = new DatabaseSync(path, { timeout: busyTimeoutMs });
  try {
    database.exec(
      `pragma journal_mode = wal; pragma synchronous = normal; pragma wal_autocheckpoint = ${checkpointPages};`,
    );
    database.exec(schema);
    const isCut = wasCut(database, boot);
    const opened = topics.map((topic) => openTopic(database, topic, isCut ? lostRecordsMax : 0));
    database.exec('delete from opened');
    database.prepare('insert into opened (boot, closed) values (?, 0)').run(boot);
    clean(database, opened);
    return new EmbeddedRecords(database, { topics: opened, file: await open(`${path}-wal`) });
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Linux tells; elsewhere whatever was not closed in order may have ended with the machine. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return randomUUID();
  }
}

/** Whether the machine ended while the file was open: what had not reached the disk is gone. */
function wasCut(database: DatabaseSync, boot: string): boolean {
  const before = database.prepare('select boot, closed from opened').get();
  return before !== undefined && before['closed'] === 0 && before['boot'] !== boot;
}

function openTopic(database: DatabaseSync, topic: Omit<LogTopic, 'id'>, lostMax: number): OpenTopic {
  database
    .prepare('insert into topics (name, id, partitions) values (?, ?, ?) on conflict do nothing')
    .run(topic.name, randomUUID(), topic.partitions);
  const row = database
    .prepare('select number, id, partitions from topics where name = ?')
    .get(topic.name) as unknown as {
    readonly number: number;
    readonly id: string;
    readonly partitions: number;
  };
  if (row.partitions !== topic.partitions) {
    throw new LogUnavailable(
      `topic ${topic.name} has ${row.partitions} partitions, not ${topic.partitions}; set FULLHOUSE_PARTITIONS=${row.partitions}`,
    );
  }
  // Retention may have emptied a partition: its ends are kept so that offsets never start again.
  const ends = database.prepare(
    `select coalesce((select min(first) from chunks where topic = ?1 and partition = ?2), e.next, 0) as first,
       max(coalesce((select max(next) from chunks where topic = ?1 and partition = ?2), 0), coalesce(e.next, 0)) as next
     from (select 1) left join ends e on e.topic = ?1 and e.partition = ?2`,
  );
  const passOver = database.prepare(
    'insert into ends values (?1, ?2, ?3, ?4) on conflict do update set next = excluded.next',
  );
  const bounds = Array.from({ length: topic.partitions }, (_, partition) => {
    const { first, next } = ends.get(row.number, partition) as unknown as Bounds;
    if (lostMax > 0) passOver.run(row.number, partition, first, next + lostMax);
    return { first, next: next + lostMax };
  });
  return { ...topic, id: row.id, number: row.number, bounds };
}

/**
 * Removes what retention no longer keeps, a bounded number of chunks of each partition. Where its offsets go on is written
 * down in the same transaction: a partition that was emptied never gives an offset twice.
 */
function clean(database: DatabaseSync, topics: readonly OpenTopic[]): void {
  database.exec('begin');
  try {
    for (const { number, partitions, retentionDays } of topics) {
      if (retentionDays === 'compacted') continue;
      const before = Date.now() - retentionDays * dayMs;
      for (let partition = 0; partition < partitions; partition += 1) {
        database.prepare(keepEnds).run(number, partition);
        database.prepare(removeOld).run(number, partition, cleanChunksMax, before);
      }
    }
    database.exec('commit');
  } catch (error) {
    if (database.isTransaction) database.exec('rollback');
    throw error;
  }
}

const keepEnds = `insert into ends
  select ?1, ?2, coalesce(min(first), 0), coalesce(max(next), 0) from chunks where topic = ?1 and partition = ?2
  on conflict do update set first = max(first, excluded.first), next = max(next, excluded.next)`;

/** The oldest of the partition, by the index that orders them. */
const removeOld = `delete from chunks where number in (
  select number from (select number, at from chunks where topic = ?1 and partition = ?2 order by first limit ?3) where at < ?4)`;

function partitionNameOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}

class EmbeddedRecords implements RecordStore {
  readonly topics: readonly OpenTopic[];
  readonly #database: DatabaseSync;
  readonly #file: FileHandle;
  readonly #byName: ReadonlyMap<string, OpenTopic>;
  readonly #insert: StatementSync;
  readonly #select: StatementSync;
  readonly #removeFrom: StatementSync;
  readonly #supersede: StatementSync;
  readonly #cleaning: NodeJS.Timeout;
  /** Writes so far, and how many of them the disk has. */
  #written = 0;
  #synced = 0;
  #syncing: Promise<void> | undefined;
  /** Records written that the disk may not have. */
  #atRisk = 0;
  /** Partitions in which something may be that nobody was told of: the next write to each takes its place. */
  readonly #doubtful = new Set<string>();

  constructor(
    database: DatabaseSync,
    { topics, file }: { readonly topics: readonly OpenTopic[]; readonly file: FileHandle },
  ) {
    this.topics = topics;
    this.#database = database;
    this.#file = file;
    this.#byName = new Map(topics.map((topic) => [topic.name, topic]));
    this.#insert = database.prepare(
      'insert into chunks (topic, partition, first, next, at, key, records) values (?, ?, ?, ?, ?, ?, ?)',
    );
    this.#removeFrom = database.prepare('delete from chunks where topic = ? and partition = ? and first >= ?');
    this.#supersede = database.prepare('delete from chunks where topic = ? and partition = ? and key = ?');
    this.#select = database.prepare(
      `select first, at, records from chunks where topic = ?1 and partition = ?2 and first >= coalesce(
         (select max(first) from chunks where topic = ?1 and partition = ?2 and first <= ?3), ?3)
       order by first limit ?4`,
    );
    this.#cleaning = setInterval(() => this.#clean(), cleanEveryMs).unref();
  }

  #clean(): void {
    try {
      clean(this.#database, this.topics);
    } catch {
      // What could not be removed has its turn again.
    }
  }

  async write(records: readonly LogRecord[]): Promise<void> {
    try {
      this.#database.exec('begin');
      for (const chunk of this.#chunksOf(records)) this.#writeChunk(chunk);
      this.#database.exec('commit');
      for (const record of records) this.#doubtful.delete(partitionNameOf(record));
      this.#written += 1;
      this.#atRisk += records.length;
    } catch (cause) {
      this.#doubt(records);
      if (this.#database.isOpen && this.#database.isTransaction) this.#database.exec('rollback');
      throw new LogUnavailable(`the log did not take ${records.length} records: ${(cause as Error).message}`, {
        cause,
      });
    }
    if (this.#atRisk > lostRecordsMax) await this.#syncBeforeAnybodyReads(records);
  }

  async #syncBeforeAnybodyReads(records: readonly LogRecord[]): Promise<void> {
    try {
      await this.sync();
    } catch (error) {
      this.#doubt(records);
      throw error;
    }
  }

  #doubt(records: readonly LogRecord[]): void {
    for (const record of records) this.#doubtful.add(partitionNameOf(record));
  }

  #chunksOf(records: readonly LogRecord[]): Iterable<readonly LogRecord[]> {
    const chunks = new Map<string, LogRecord[]>();
    for (const record of records) {
      const { topic, offset } = record;
      const isCompacted = this.#byName.get(topic)?.retentionDays === 'compacted';
      const name = isCompacted ? `${partitionNameOf(record)}/${offset}` : partitionNameOf(record);
      const chunk = chunks.get(name);
      if (chunk === undefined) chunks.set(name, [record]);
      else chunk.push(record);
    }
    return chunks.values();
  }

  #writeChunk(chunk: readonly LogRecord[]): void {
    const [first] = chunk;
    const topic = this.#byName.get(first?.topic ?? '');
    if (first === undefined || topic === undefined) return;
    const { partition, offset, timestamp, key } = first;
    if (this.#doubtful.has(partitionNameOf(first))) this.#removeFrom.run(topic.number, partition, offset);
    const kept = chunk.map((record): Kept => [record.key, record.headers, record.value]);
    const ownKey = topic.retentionDays === 'compacted' ? key : null;
    if (ownKey !== null) this.#supersede.run(topic.number, partition, ownKey);
    this.#insert.run(topic.number, partition, offset, offset + chunk.length, timestamp, ownKey, serialize(kept));
  }

  /** Resolves when all that was written before is on the disk; who asks while one sync runs shares the next. */
  async sync(): Promise<void> {
    const wanted = this.#written;
    while (this.#synced < wanted) {
      this.#syncing ??= this.#syncOnce();
      await this.#syncing;
    }
  }

  async #syncOnce(): Promise<void> {
    const written = this.#written;
    const atRisk = this.#atRisk;
    try {
      await this.#file.datasync();
      this.#synced = written;
      this.#atRisk -= atRisk;
    } catch (cause) {
      throw new LogUnavailable(`the log does not reach its disk: ${(cause as Error).message}`, { cause });
    } finally {
      this.#syncing = undefined;
    }
  }

  async read(from: Position, recordsMax: number): Promise<readonly LogRecord[]> {
    const { topic, partition } = from;
    // One by one: a chunk may hold as many records as are wanted, and what is not looked at is not read.
    const chunks = this.#select.iterate(this.#byName.get(topic)?.number ?? -1, partition, from.offset, recordsMax);
    const records: LogRecord[] = [];
    for (const chunk of chunks) {
      const { first, at: timestamp, records: bytes } = chunk as { first: number; at: number; records: Uint8Array };
      for (const [index, [key, headers, value]] of (deserialize(bytes) as readonly Kept[]).entries()) {
        const offset = first + index;
        if (offset >= from.offset && records.length < recordsMax)
          records.push({ topic, partition, offset, timestamp, key, headers, value });
      }
      if (records.length >= recordsMax) break;
    }
    return records;
  }

  async close(): Promise<void> {
    clearInterval(this.#cleaning);
    await this.#syncing?.catch(() => undefined);
    this.#database.exec('update opened set closed = 1');
    await this.#file.close();
    this.#database.close();
  }
}
