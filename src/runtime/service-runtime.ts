import type { Settings } from '../contracts/settings.ts';
import type { TopicName } from '../contracts/topics.ts';
import type { Configuration } from './configuration.ts';
import type { Logger } from './logger.ts';

/** What a running service offers to its endpoints and effects. */
export interface ServiceRuntime {
  readonly configuration: Configuration;
  readonly logger: Logger;
  /** The settings in force now. */
  settings(): Settings;
  /** The last value of a key of a compacted topic this service keeps. */
  reference<Value>(topic: TopicName, key: string): Promise<Value | undefined>;
  /** Waits for a reference up to `timeoutMs`; `undefined` when it did not come. */
  awaitReference<Value>(topic: TopicName, key: string, timeoutMs: number): Promise<Value | undefined>;
  /** One document of a view. */
  document<Doc>(view: string, id: string): Promise<Doc | undefined>;
  /** Resolves when a document of a view changes after now, or at the abort of `signal`. */
  changeOf(view: string, id: string, signal: AbortSignal): Promise<void>;
  /** Calls back at each change of a document until the returned function is called. */
  watch(view: string, id: string, listener: () => void): () => void;
  /**
   * The committed state of a stream (of a `split` stream: root, and the part if one is named). Whoever was told of a change
   * sees it here; with a store that does not answer, what was last known.
   */
  state<State>(stream: string, id: string, part?: string): Promise<{ readonly state: State; readonly version: number }>;
  /** Rows from this service's own database. */
  query<Row>(text: string, values?: readonly unknown[]): Promise<readonly Row[]>;
  /** Whether its database lacks what it has told, as one that was restored does: nothing may be decided by what it says. */
  isBehind(): boolean;
  /** Whether so much is under way that nothing new should be begun; what was begun goes on. */
  isFull(): boolean;
  /** Stores a request with its idempotency key and first document in one transaction, shared with concurrent ones. */
  submit(submission: Submission): Promise<Submitted>;
  /** A transaction of a request-owned stream: `publish` makes its facts leave with the commit. */
  transaction<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result>;
  /**
   * The same under an idempotency key: when the key is known, the work is not done and the first answer comes back.
   * Throws the problem `idempotency_key_reused` where the key came with another body; with `joins`, one that comes while the first
   * is being stored waits for it.
   */
  transactionOnce(
    idempotency: Idempotency | undefined,
    work: (transaction: Transaction) => Promise<FirstAnswer>,
    joins?: Pick<Submission, 'joins'>,
  ): Promise<Submitted>;
  /** Looks up what was answered to an idempotency key before; checks the body like `submit`. */
  answered(idempotency: Idempotency): Promise<FirstAnswer | undefined>;
  /** What the application wires in by name: keys, providers, channels. */
  part<Part>(name: string): Part;
}

/** An idempotency key as an endpoint got it: scoped to user and route, with a hash of the body it came with. */
export interface Idempotency {
  readonly scope: string;
  readonly key: string;
  readonly bodyHash: string;
}

export interface FirstAnswer {
  readonly status: number;
  readonly location?: string;
  /** Id of the resource that was made or changed. */
  readonly resource: string;
}

export interface Submission {
  readonly idempotency: Idempotency | undefined;
  /** Whether a second one with the same key waits while the first is being stored, instead of being told to come back. */
  readonly joins?: boolean;
  readonly answer: FirstAnswer;
  readonly requests: readonly Request[];
  /** Documents that must be readable at once, such as a booking that is `requested`. */
  readonly documents?: readonly FirstDocument[];
}

/** A document that a request begins; its id was made for it. */
export interface FirstDocument {
  readonly view: string;
  readonly id: string;
  readonly key: string;
  readonly doc: unknown;
}

export interface Submitted {
  /** Whether the key had been answered before. */
  readonly repeated: boolean;
  readonly answer: FirstAnswer;
}

/** A request row: an input of the partition's owner. */
export interface Request {
  /** Names a route. */
  readonly type: string;
  readonly key: string;
  readonly subject: string;
  readonly data: unknown;
  readonly traceparent?: string | undefined;
}

/** A fact of a request-owned stream, decided by the request itself: the task only numbers and publishes it. */
export interface OwnedFact {
  readonly type: string;
  readonly stream: string;
  readonly streamVersion: number;
  readonly key: string;
  readonly subject: string;
  /** `null` on a compacted topic: the key is erased. */
  readonly data: unknown;
  readonly traceparent?: string | undefined;
}

export interface Transaction {
  query<Row>(text: string, values?: readonly unknown[]): Promise<readonly Row[]>;
  /** One statement, whether one fact or thousands. */
  publish(facts: OwnedFact | readonly OwnedFact[]): Promise<void>;
  /** Submits a request to the partition's owner in the same transaction. */
  request(request: Request): Promise<void>;
}
