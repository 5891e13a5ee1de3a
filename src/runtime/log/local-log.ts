import { type Batcher, createBatcher } from '../batcher.ts';
import {
  type Bounds,
  type ConsumeOptions,
  type Consumption,
  consumeRecordsMax,
  type JoinOptions,
  type Log,
  type LogRecord,
  type LogTopic,
  type Membership,
  type OutgoingRecord,
  type Position,
  type TopicPartition,
} from './log.ts';
import { PartitionBuffer } from './partition-buffer.ts';

/** What keeps the records of a log that lives in one process. */
export interface RecordStore {
  readonly topics: readonly (LogTopic & { readonly bounds: readonly Bounds[] })[];
  /** Stores records; they become visible to consumers when it resolves. */
  write(records: readonly LogRecord[]): Promise<void>;
  /**
   * Resolves when what was written before would survive a power cut. What one takes away had offsets that are never given
   * again.
   */
  sync(): Promise<void>;
  read(from: Position, recordsMax: number): Promise<readonly LogRecord[]>;
  close(): Promise<void>;
}

/** Records of each partition kept in memory for consumers that do not keep up quite as well as others. */
const bufferRecordsMax = 512;
/** Appends waiting for the one that is being written. */
const appendsQueuedMax = 100_000;
const appendRecordsMax = 5_000;

/**
 * A log whose producers and consumers share one process: offsets are given here, records are handed over in memory once
 * they are written, and whoever is behind reads them back. Every group owns all partitions. Over a store in a file it is
 * the `embedded` driver, over one in memory the `memory` driver.
 */
export class LocalLog implements Log {
  readonly topics: readonly LogTopic[];
  readonly #store: RecordStore;
  /** By topic, then by partition. */
  readonly #partitions: ReadonlyMap<string, readonly LocalPartition[]>;
  readonly #appends: Batcher<readonly OutgoingRecord[], undefined>;
  readonly #committed = new Map<string, Position & { readonly group: string }>();

  constructor(store: RecordStore, now: () => number = Date.now) {
    this.#store = store;
    this.topics = store.topics;
    this.#partitions = new Map(
      store.topics.map(({ name, bounds }) => [
        name,
        bounds.map((each) => ({
          buffer: new PartitionBuffer({ ...each, recordsMax: bufferRecordsMax }),
          consumers: new Map<LocalConsumption, Readonly<Position>>(),
        })),
      ]),
    );
    this.#appends = createBatcher({
      itemsMax: appendRecordsMax,
      queuedMax: appendsQueuedMax,
      run: (appends) => this.#write(appends.flat(), now()),
    });
  }

  async append(records: readonly OutgoingRecord[]): Promise<void> {
    // Checked here, so that who asks for a partition that is not there does not spoil the appends of others.
    for (const record of records) this.#partition(record);
    if (records.length === 0) return;
    await this.#appends.add(records);
    await this.#store.sync();
  }

  async #write(outgoing: readonly OutgoingRecord[], timestamp: number): Promise<readonly undefined[]> {
    const nextOffsets = new Map<LocalPartition, number>();
    const records = outgoing.map((record) => {
      const partition = this.#partition(record);
      const offset = nextOffsets.get(partition) ?? partition.buffer.next;
      nextOffsets.set(partition, offset + 1);
      return { ...record, offset, timestamp };
    });
    await this.#store.write(records);
    for (const { buffer, consumers } of nextOffsets.keys()) buffer.keepFrom(slowest(consumers));
    for (const record of records) this.#partition(record).buffer.add(record);
    const woken = new Set([...nextOffsets.keys()].flatMap(({ consumers }) => [...consumers.keys()]));
    for (const consumer of woken) consumer.wake();
    return [];
  }

  consume(options: ConsumeOptions): Consumption {
    const consumption = new LocalConsumption(
      options,
      {
        page: (position, recordsMax) => this.#page(position, recordsMax),
        end: (position) => this.#partition(position).buffer.next,
      },
      (stopped) => {
        for (const position of options.positions) this.#partition(position).consumers.delete(stopped);
      },
    );
    for (const position of consumption.positions) this.#partition(position).consumers.set(consumption, position);
    consumption.wake();
    return consumption;
  }

  #page(position: Position, recordsMax: number): readonly LogRecord[] | Promise<readonly LogRecord[]> {
    return this.#partition(position).buffer.from(position.offset, recordsMax) ?? this.#stored(position, recordsMax);
  }

  /**
   * Only what was acknowledged: an append of unknown outcome may be stored, and the next one writes over it. Who had read
   * it would then miss what came in its place.
   */
  async #stored(position: Position, recordsMax: number): Promise<readonly LogRecord[]> {
    const records = await this.#store.read(position, recordsMax);
    const { next } = this.#partition(position).buffer;
    return records.filter((record) => record.offset < next);
  }

  read(from: Position, recordsMax: number): Promise<readonly LogRecord[]> {
    return this.#stored(from, recordsMax);
  }

  async bounds(partition: TopicPartition): Promise<Bounds> {
    const { first, next } = this.#partition(partition).buffer;
    return { first, next };
  }

  async join({ topic, onAssigned, onRevoked }: JoinOptions): Promise<Membership> {
    const count = this.topics.find((each) => each.name === topic)?.partitions ?? 0;
    const partitions = Array.from({ length: count }, (_, partition) => partition);
    await onAssigned(partitions);
    return { leave: () => onRevoked(partitions) };
  }

  commit(group: string, positions: readonly Position[]): void {
    for (const position of positions)
      this.#committed.set(`${group}/${position.topic}/${position.partition}`, { ...position, group });
  }

  async committed(): Promise<readonly (Position & { readonly group: string })[]> {
    return [...this.#committed.values()];
  }

  async close(): Promise<void> {
    await this.#appends.idle();
    await this.#store.close();
  }

  #partition({ topic, partition }: TopicPartition): LocalPartition {
    const found = this.#partitions.get(topic)?.[partition];
    if (found === undefined) throw new Error(`there is no partition ${topic}/${partition}`);
    return found;
  }
}

interface LocalPartition {
  readonly buffer: PartitionBuffer;
  /** Each with the offset that it wants next. */
  readonly consumers: Map<LocalConsumption, Readonly<Position>>;
}

/** The first offset that somebody has not been given yet; infinite where nobody listens. */
function slowest(consumers: LocalPartition['consumers']): number {
  let slowest = Number.POSITIVE_INFINITY;
  for (const { offset } of consumers.values()) slowest = Math.min(slowest, offset);
  return slowest;
}

/** Where a consumer reads. */
interface Source {
  page(position: Position, recordsMax: number): readonly LogRecord[] | Promise<readonly LogRecord[]>;
  /** The offset that comes next on a partition. */
  end(partition: TopicPartition): number;
}

/** One consumer: asks for the next page of each of its partitions as long as there is one, then sleeps until woken. */
class LocalConsumption implements Consumption {
  readonly #options: ConsumeOptions;
  readonly #source: Source;
  readonly #onStop: (self: LocalConsumption) => void;
  readonly #offsets: { topic: string; partition: number; offset: number }[];
  #running: Promise<void> | undefined;
  #again = false;
  #stopped = false;

  constructor(options: ConsumeOptions, source: Source, onStop: (self: LocalConsumption) => void) {
    this.#options = options;
    this.#source = source;
    this.#onStop = onStop;
    this.#offsets = options.positions.map((each) => ({ ...each }));
  }

  /** Where it reads on in each of its partitions: these move on with it. */
  get positions(): readonly Readonly<Position>[] {
    return this.#offsets;
  }

  wake(): void {
    this.#again = true;
    if (this.#running !== undefined || this.#stopped) return;
    this.#running = this.#deliver()
      .catch((error: unknown) => this.#options.onError(error as Error))
      .finally(() => {
        this.#running = undefined;
        if (this.#again && !this.#stopped) this.wake();
      });
  }

  async #deliver(): Promise<void> {
    while (this.#again && !this.#stopped) {
      this.#again = false;
      const arrived = await this.#gather();
      if (arrived.length > 0 && !this.#stopped) await this.#options.onRecords(arrived);
    }
  }

  /** One chunk, from each partition in turn; positions move on only when all of it could be read. */
  async #gather(): Promise<readonly LogRecord[]> {
    const arrived: LogRecord[] = [];
    const moved = new Map<{ offset: number }, number>();
    for (const position of this.#offsets) {
      const room = consumeRecordsMax - arrived.length;
      if (room === 0) break;
      const end = this.#source.end(position);
      const page = this.#source.page(position, room);
      const records = Array.isArray(page) ? (page as readonly LogRecord[]) : await page;
      const last = records.at(-1);
      if (last === undefined) {
        this.#skip(position, end);
        continue;
      }
      for (const record of records) arrived.push(record);
      moved.set(position, last.offset + 1);
    }
    for (const [position, offset] of moved) position.offset = offset;
    // Who was served first is last the next time: a busy partition does not starve the others.
    const first = this.#offsets.shift();
    if (first !== undefined) this.#offsets.push(first);
    this.#again ||= arrived.length > 0;
    return arrived;
  }

  /** There is nothing up to the end: goes on behind it. */
  #skip(position: { topic: string; partition: number; offset: number }, end: number): void {
    const { topic, partition, offset: from } = position;
    if (from >= end) return;
    position.offset = end;
    this.#options.onSkipped?.({ topic, partition, from, next: end });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#onStop(this);
    await this.#running;
  }
}
