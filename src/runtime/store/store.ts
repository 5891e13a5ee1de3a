import type { Statement } from '../service.ts';

/**
 * The store port: what a service's task loop keeps, in one database of its own. Drivers: `postgres` and `memory`; one
 * contract suite runs over both. The event table is the state, the audit trail and the outbox in one.
 */
export interface Store {
  /** Raises the epoch of these tasks, so that any earlier owner's commit fails, and reads all that a new owner needs. */
  takeOver(partitions: readonly number[]): Promise<Takeover>;
  /** What is needed to fold the named streams. */
  loadStreams(streams: readonly StreamToLoad[]): Promise<readonly LoadedStream[]>;
  loadReferences(keys: readonly { readonly topic: string; readonly key: string }[]): Promise<readonly ReferenceRow[]>;
  loadDocuments(view: string, ids: readonly string[]): Promise<ReadonlyMap<string, unknown>>;
  /** By parked id: inputs of which a takeover brings only what is known of them. */
  loadParked(parkedIds: readonly string[]): Promise<ReadonlyMap<string, unknown>>;
  /**
   * One transaction: either all of it or nothing. Throws `Fenced` when another owner has taken a task over,
   * `ConstraintViolated` when a row breaks a constraint, `StatementRefused` when a statement itself is wrong,
   * `StoreUnavailable` where the outcome is unknown.
   */
  commit(commit: Commit): Promise<void>;
  /** Events of one channel partition in sequence order. */
  readEvents(from: EventsFrom): Promise<readonly EventRow[]>;
  close(): Promise<void>;
}

/** Facts a service keeps to itself have no topic: their channel is this. */
export const privateChannel = '';

export interface TaskRow {
  readonly partition: number;
  readonly epoch: number;
  readonly timeline: number;
  /** By topic: the offset to read next, and the id of the topic it belongs to. */
  readonly positions: Readonly<Record<string, { readonly offset: number; readonly topicId: string }>>;
  /** By topic: the last sequence applied of its producer. */
  readonly heads: Readonly<Record<string, { readonly timeline: number; readonly sequence: number }>>;
  /** By channel: the last sequence given. */
  readonly sequences: Readonly<Record<string, number>>;
  /** By channel: what is known to be published. */
  readonly published: Readonly<Record<string, PublishedMark>>;
}

/** A task that has done nothing yet. */
export function newTask(partition: number): TaskRow {
  return { partition, epoch: 0, timeline: 1, positions: {}, heads: {}, sequences: {}, published: {} };
}

/** The last sequence published, and the id of the topic it is on: one created anew holds nothing yet. */
export interface PublishedMark {
  readonly sequence: number;
  readonly topicId: string;
}

export interface Takeover {
  readonly tasks: readonly TaskRow[];
  readonly deadlines: readonly DeadlineRow[];
  readonly effects: readonly EffectRow[];
  readonly requests: readonly RequestRow[];
  readonly parked: readonly ParkedRow[];
  /** The database's clock: milliseconds since 1970. */
  readonly now: number;
  /** Ids after which there is none in the store, whoever's they are; `undefined` where the store cannot tell quickly. */
  readonly latest: LatestIds | undefined;
}

/** Of each kind of id that is there, at least the one that sorts last. */
export interface LatestIds {
  /** Of streams and of their events' subjects. */
  readonly streams: readonly string[];
  /** By view. */
  readonly documents: ReadonlyMap<string, readonly string[]>;
}

export interface StreamToLoad {
  readonly stream: string;
  /** The root of a split stream: its snapshot and the events since. */
  readonly root: boolean;
  /** One part of a split stream: the events of that subject. */
  readonly part?: string;
}

export interface LoadedStream extends StreamToLoad {
  readonly snapshot: { readonly version: number; readonly root: unknown } | undefined;
  readonly events: readonly StoredFact[];
}

export interface StoredFact {
  readonly streamVersion: number;
  readonly type: string;
  readonly data: unknown;
}

export interface EventRow {
  readonly channel: string;
  readonly partition: number;
  readonly sequence: number;
  readonly timeline: number;
  readonly stream: string;
  readonly streamVersion: number;
  readonly type: string;
  readonly version: number;
  readonly subject: string;
  readonly key: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly causationId: string;
  readonly correlationId: string;
  readonly traceparent: string | undefined;
  readonly data: unknown;
  /** The same as JSON text. */
  readonly json: string;
}

export interface DeadlineRow {
  readonly kind: string;
  readonly stream: string;
  /** `''` where the stream is not split. */
  readonly part: string;
  readonly partition: number;
  readonly key: string;
  /** Milliseconds since 1970; `undefined` in a commit: no deadline any more. */
  readonly dueAt: number | undefined;
}

/** An open effect: its intent is the event of this stream and version. */
export interface EffectRow {
  readonly kind: string;
  readonly stream: string;
  readonly streamVersion: number;
  readonly part: string;
  readonly partition: number;
  readonly type: string;
  readonly subject: string;
  readonly key: string;
  readonly correlationId: string;
  readonly traceparent: string | undefined;
  readonly data: unknown;
}

export interface RequestRow {
  readonly requestId: string;
  readonly partition: number;
  /** `decide`: an input. `publish`: a fact that its own transaction has decided already. */
  readonly intent: 'decide' | 'publish';
  readonly type: string;
  readonly key: string;
  readonly subject: string;
  readonly stream: string | undefined;
  readonly streamVersion: number | undefined;
  readonly traceparent: string | undefined;
  /** Milliseconds since 1970. */
  readonly acceptedAt: number;
  readonly data: unknown;
}

export interface ParkedRow {
  readonly parkedId: string;
  readonly partition: number;
  /** `''` for an input without a readable subject: it is set aside alone. */
  readonly subject: string;
  /** Order of arrival within the task. */
  readonly position: number;
  readonly reason: string;
  readonly detail: string;
  /** The input, as the loop takes it up again; `undefined` where it is in the store only, for `loadParked` to get. */
  readonly arrival: unknown;
  /** What is known of an input that is too long to be kept in memory. */
  readonly brief: ParkedBrief | undefined;
  readonly parkedAt: number;
  /** Only waiting for a reference, and until when. */
  readonly waitUntil: number | undefined;
}

/** As much of a long record as says what it is. */
export interface ParkedBrief {
  readonly kind: 'record';
  readonly record: {
    readonly topic: string;
    readonly offset: number;
    readonly headers: Readonly<Record<string, string>>;
  };
  /** How much text it has. */
  readonly chars: number;
}

/** A parked row as it is kept in memory. */
export function withoutLongInput(row: ParkedRow): ParkedRow {
  return row.brief === undefined ? row : { ...row, arrival: undefined };
}

export interface ReferenceRow {
  readonly topic: string;
  readonly key: string;
  readonly timeline: number;
  readonly streamVersion: number;
  /** `null`: erased. */
  readonly data: unknown;
}

export interface DocumentRow {
  readonly id: string;
  readonly partition: number;
  /** `undefined`: the document is no more. */
  readonly doc: unknown;
}

export interface SnapshotRow {
  readonly stream: string;
  readonly partition: number;
  readonly version: number;
  readonly root: unknown;
}

export interface Commit {
  readonly tasks: readonly TaskRow[];
  readonly events: readonly EventRow[];
  readonly snapshots: readonly SnapshotRow[];
  readonly deadlines: readonly DeadlineRow[];
  readonly effectsOpened: readonly EffectRow[];
  readonly effectsClosed: readonly { readonly stream: string; readonly streamVersion: number }[];
  readonly requestsTaken: readonly string[];
  readonly parked: readonly ParkedRow[];
  readonly unparked: readonly string[];
  readonly references: readonly ReferenceRow[];
  readonly documents: ReadonlyMap<string, readonly DocumentRow[]>;
  readonly statements: readonly Statement[];
}

export interface EventsFrom {
  readonly channel: string;
  readonly partition: number;
  readonly sequence: number;
  readonly eventsMax: number;
  /** Only the last event of each stream: all that a compacted topic is for. */
  readonly lastOfStream?: boolean;
  /** Only those of these streams. */
  readonly streams?: readonly string[];
}

/** Another owner has taken these tasks over. */
export class Fenced extends Error {
  override readonly name = 'Fenced';
  readonly code = 'fenced';
  readonly retryable = false;
  readonly partitions: readonly number[];

  constructor(partitions: readonly number[], options?: ErrorOptions) {
    super(`tasks ${partitions.join()} have another owner`, options);
    this.partitions = partitions;
  }
}

/** A row breaks a constraint of the database: the second wall held. */
export class ConstraintViolated extends Error {
  override readonly name: string = 'ConstraintViolated';
  readonly code = 'constraint_violated';
  readonly retryable = false;
}

/** A request row was taken before: what it asks for is done already, and whoever has it in mind may forget it. */
export class RequestsTaken extends ConstraintViolated {
  override readonly name = 'RequestsTaken';
}

/** The database does not know a table or a column, or may not be asked so: a bug or a missing migration, no input's fault. */
export class StatementRefused extends Error {
  override readonly name = 'StatementRefused';
  readonly code = 'statement_refused';
  readonly retryable = false;
}

/** The database cannot be reached or did not answer; whether the commit happened is told by the task row. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
  readonly code = 'store_unavailable';
  readonly retryable = true;
}
