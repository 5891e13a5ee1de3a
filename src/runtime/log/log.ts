import type { Envelope, Headers } from '../../contracts/envelope.ts';

/**
 * The log port: partitioned, durable, replayable topics. Drivers: `kafka` (Apache Kafka), `embedded` (a file of the data
 * directory) and `memory` (tests, simulation); one contract suite runs over each of them.
 */
export interface Log {
  readonly topics: readonly LogTopic[];
  /**
   * Appends in the given order; records of one partition keep it. Resolves once no later crash can lose them; consumers may
   * have been given them a moment before. Throws `LogUnavailable` where nothing is known of the outcome: append again.
   */
  append(records: readonly OutgoingRecord[]): Promise<void>;
  /** Delivers records from given positions on until stopped. The next chunk of a partition waits for `onRecords`. */
  consume(options: ConsumeOptions): Consumption;
  /** One page of a partition, for tools: shorter where its records are long, and empty only at the end. */
  read(from: Position, recordsMax: number): Promise<readonly LogRecord[]>;
  /** First and next offset of a partition. */
  bounds(partition: TopicPartition): Promise<Bounds>;
  /**
   * Joins the consumer group that decides who owns which partition of a topic. `onAssigned` and `onRevoked` are called
   * as ownership comes and goes, never at the same time.
   */
  join(options: JoinOptions): Promise<Membership>;
  /** Keeps how far a group has come, for lag tools; never trusted. */
  commit(group: string, positions: readonly Position[]): void;
  /** How far each group has come. */
  committed(): Promise<readonly (Position & { readonly group: string })[]>;
  close(): Promise<void>;
}

export interface LogTopic {
  readonly name: string;
  readonly partitions: number;
  readonly retentionDays: number | 'compacted';
  /** Another id than before means: the topic was created anew. */
  readonly id: string;
}

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** The offset that comes next. */
export interface Position extends TopicPartition {
  readonly offset: number;
}

export interface Bounds {
  readonly first: number;
  readonly next: number;
}

/** Where a record in memory carries what it says; no driver stores or sends it. */
export const told: unique symbol = Symbol('told');

export interface OutgoingRecord extends TopicPartition {
  readonly key: string;
  readonly headers: Headers;
  /** JSON, or `null` for a tombstone. */
  readonly value: string | null;
  /** Set by a producer whose readers may be in the same process, so that they need not read and check it once more. */
  readonly [told]?: Envelope;
}

export interface LogRecord extends OutgoingRecord {
  readonly offset: number;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
}

export interface ConsumeOptions {
  readonly positions: readonly Position[];
  readonly onRecords: (records: readonly LogRecord[]) => Promise<void>;
  /**
   * What `onRecords` threw, and what reading on would not mend: after that one nothing comes any more, and what is asked
   * for anew is asked for at the right place. A log that cannot be reached is no error, reading goes on when it can.
   */
  readonly onError: (error: Error) => void;
  /**
   * There are no records from one offset up to another, where reading goes on: compaction has taken them, or they were
   * never for readers. Told only where no record follows that would show it.
   */
  readonly onSkipped?: (skipped: Skipped) => void;
}

export interface Skipped extends TopicPartition {
  readonly from: number;
  readonly next: number;
}

export interface Consumption {
  stop(): Promise<void>;
}

export interface JoinOptions {
  readonly group: string;
  readonly topic: string;
  readonly onAssigned: (partitions: readonly number[]) => Promise<void>;
  readonly onRevoked: (partitions: readonly number[]) => Promise<void>;
  /** Topics, any of the log's, have another id than before: they were deleted, and created anew. */
  readonly onCreatedAnew?: (topics: readonly string[]) => void;
}

export interface Membership {
  leave(): Promise<void>;
}

/** The log cannot be reached, or did not answer: what was asked may or may not have happened. */
export class LogUnavailable extends Error {
  override readonly name = 'LogUnavailable';
  readonly code = 'log_unavailable';
  readonly retryable = true;
}

/** What was on these topics is gone; whoever published it has it, and publishes it again. */
export class TopicsCreatedAnew extends Error {
  override readonly name = 'TopicsCreatedAnew';
  readonly code = 'topics_created_anew';
  readonly retryable = true;

  constructor(topics: readonly string[]) {
    super(`topic ${topics.join(', ')} was created anew`);
  }
}

/** The most records one call of `onRecords` brings. */
export const consumeRecordsMax = 1_000;
/** The text that is enough for one call, or for one page: a record of ours has about a thousand characters, others may have a million. */
export const consumeCharsMax = 4_000_000;

/** How much text a record is, and with that what it takes in memory. */
export function charsOf({ key, headers, value }: Pick<LogRecord, 'key' | 'headers' | 'value'>): number {
  let chars = key.length + (value?.length ?? 0);
  for (const name in headers) chars += name.length + (headers[name]?.length ?? 0);
  return chars;
}
