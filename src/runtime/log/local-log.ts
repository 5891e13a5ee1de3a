import { type Batcher, createBatcher } from '../batcher.ts';
import {
  type Bounds,
  type ConsumeOptions,
  consumeRecordsMax,
  type Consumption,
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
  read(from: Position, recordsMax: number): Promise<readonly LogRecord[]>;
  close(): Promise<void>;
}

/** Records of each partition kept in memory for consumers that keep up. */
const bufferRecordsMax = 512;
/** Appends waiting for the one that is being written. */
const appendsQueuedMax = 100_000;
const appendRecordsMax = 5_000;

/**
 * A log whose producers and consumers share one process: offsets are given here, records are handed over in memory once
 * they are written, and whoever is behind reads them back. Every group owns all partitions. Over a store in the embedded
 * PostgreSQL it is the `embedded` driver, over one in memory the `memory` driver.
 */
export class LocalLog implements Log {
  readonly topics: readonly LogTopic[];
  readonly #store: RecordStore;
  readonly #buffers = new Map<string, PartitionBuffer>();
  readonly #consumers = new Map<string, Set<LocalConsumption>>();
  readonly #appends: Batcher<readonly OutgoingRecord[], void>;
  readonly #committed = new Map<string, Position & { readonly group: string }>();

  constructor(store: RecordStore, now: () => number = Date.now) {
    this.#store = store;
    this.topics = store.topics;
    for (const topic of store.topics) {
      for (const [partition, bounds] of topic.bounds.entries()) {
        this.#buffers.set(`${topic.name}/${partition}`, new PartitionBuffer({ ...bounds, recordsMax: bufferRecordsMax }));
      }
    }
    this.#appends = createBatcher({
      itemsMax: appendRecordsMax,
      queuedMax: appendsQueuedMax,
      run: (appends) => this.#write(appends.flat(), now()),
    });
  }

  append(records: readonly OutgoingRecord[]): Promise<void> {
    return records.length === 0 ? Promise.resolve() : this.#appends.add(records);
  }

  async #write(outgoing: readonly OutgoingRecord[], timestamp: number): Promise<void[]> {
    const nextOffsets = new Map<PartitionBuffer, number>();
    const records = outgoing.map((record) => {
      const buffer = this.#buffer(record);
      const offset = nextOffsets.get(buffer) ?? buffer.next;
      nextOffsets.set(buffer, offset + 1);
      return { ...record, offset, timestamp };
    });
    await this.#store.write(records);
    const woken = new Set<LocalConsumption>();
    for (const record of records) {
      this.#buffer(record).add(record);
      for (const consumer of this.#consumers.get(`${record.topic}/${record.partition}`) ?? []) woken.add(consumer);
    }
    for (const consumer of woken) consumer.wake();
    return [];
  }

  consume(options: ConsumeOptions): Consumption {
    const consumption = new LocalConsumption(options, (position) => this.#page(position), (stopped) => {
      for (const { topic, partition } of options.positions) this.#consumers.get(`${topic}/${partition}`)?.delete(stopped);
    });
    for (const position of options.positions) {
      this.#buffer(position);
      const name = `${position.topic}/${position.partition}`;
      const consumers = this.#consumers.get(name) ?? new Set();
      this.#consumers.set(name, consumers.add(consumption));
    }
    consumption.wake();
    return consumption;
  }

  #page(position: Position): readonly LogRecord[] | Promise<readonly LogRecord[]> {
    return this.#buffer(position).from(position.offset, consumeRecordsMax) ?? this.#store.read(position, consumeRecordsMax);
  }

  read(from: Position, recordsMax: number): Promise<readonly LogRecord[]> {
    this.#buffer(from);
    return this.#store.read(from, recordsMax);
  }

  async bounds(partition: TopicPartition): Promise<Bounds> {
    const { first, next } = this.#buffer(partition);
    return { first, next };
  }

  async join({ topic, onAssigned, onRevoked }: JoinOptions): Promise<Membership> {
    const count = this.topics.find((each) => each.name === topic)?.partitions ?? 0;
    const partitions = Array.from({ length: count }, (_, partition) => partition);
    await onAssigned(partitions);
    return { leave: () => onRevoked(partitions) };
  }

  commit(group: string, positions: readonly Position[]): void {
    for (const position of positions) this.#committed.set(`${group}/${position.topic}/${position.partition}`, { ...position, group });
  }

  async committed(): Promise<readonly (Position & { readonly group: string })[]> {
    return [...this.#committed.values()];
  }

  async close(): Promise<void> {
    await this.#appends.idle();
    await this.#store.close();
  }

  #buffer({ topic, partition }: TopicPartition): PartitionBuffer {
    const buffer = this.#buffers.get(`${topic}/${partition}`);
    if (buffer === undefined) throw new Error(`there is no partition ${topic}/${partition}`);
    return buffer;
  }
}

/** One consumer: asks for the next page of each of its partitions as long as there is one, then sleeps until woken. */
class LocalConsumption implements Consumption {
  readonly #options: ConsumeOptions;
  readonly #page: (position: Position) => readonly LogRecord[] | Promise<readonly LogRecord[]>;
  readonly #onStop: (self: LocalConsumption) => void;
  readonly #offsets: { topic: string; partition: number; offset: number }[];
  #running: Promise<void> | undefined;
  #again = false;
  #stopped = false;

  constructor(
    options: ConsumeOptions,
    page: (position: Position) => readonly LogRecord[] | Promise<readonly LogRecord[]>,
    onStop: (self: LocalConsumption) => void,
  ) {
    this.#options = options;
    this.#page = page;
    this.#onStop = onStop;
    this.#offsets = options.positions.map((each) => ({ ...each }));
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
      const arrived: LogRecord[] = [];
      for (const position of this.#offsets) {
        const page = this.#page(position);
        const records = Array.isArray(page) ? (page as readonly LogRecord[]) : await page;
        const last = records.at(-1);
        if (last === undefined) continue;
        arrived.push(...records);
        position.offset = last.offset + 1;
        this.#again = true;
      }
      if (arrived.length > 0 && !this.#stopped) await this.#options.onRecords(arrived);
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#onStop(this);
    await this.#running;
  }
}
