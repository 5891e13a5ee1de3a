import type { Decider } from '../contracts/decider.ts';
import type { Envelope } from '../contracts/envelope.ts';
import type { ServiceName, TopicName } from '../contracts/topics.ts';
import type { Retention } from './housekeeping/housekeeping.ts';
import type { Endpoint } from './http/endpoint.ts';
import type { ServiceRuntime } from './service-runtime.ts';
import type { Measure, ServiceGauge } from './telemetry/metrics.ts';

/**
 * What a service is made of. A `service.ts` fills in one `ServiceDefinition`; the task loop runs it over any store and
 * any log. Everything in here but effects and HTTP is pure.
 */
export interface ServiceDefinition {
  readonly name: ServiceName;
  /** The topic whose consumer group decides who owns which task. */
  readonly mainInput: TopicName;
  /** Topics whose events are inputs (those in `references` need not be repeated). */
  readonly inputs: readonly TopicName[];
  /** Compacted topics kept as a table, for `Lookup`. */
  readonly references: readonly TopicName[];
  readonly streams: Readonly<Record<string, StreamDefinition>>;
  /** By message type: an event's type, a request's type or an effect's answer. A type without a route concerns no stream. */
  readonly routes: Readonly<Record<string, Route>>;
  /** By fact type: what has to be done outside once the fact is committed. */
  readonly effects?: Readonly<Record<string, Effect>>;
  readonly views?: readonly View[];
  /** Further rows that follow from a batch; the number of statements must not depend on its size. */
  readonly statements?: (batch: AppliedBatch) => readonly Statement[];
  /**
   * After a database was restored: brings back what requests had stored themselves, as far as the facts that left with them
   * tell it. What is there already, and as new, must stay as it is.
   */
  readonly recalled?: (batch: AppliedBatch) => readonly Statement[];
  /**
   * After a database was restored: what a compacted topic may have said before its newest word, which is all it keeps. By it,
   * decisions are made again that cannot have been made by what is stored or told now.
   */
  readonly wasOnce?: Readonly<Partial<Record<TopicName, (value: never) => unknown>>>;
  /**
   * Whether requests are answered by what the database has, whoever owns the task: then each instance has to know, before it
   * answers, what a restored database lacks (`isBehind`).
   */
  readonly answersFromDatabase?: boolean;
  /** Types of messages that `statements` looks at and that have neither route nor view. */
  readonly statementsOn?: readonly string[];
  /** Types of events that nobody waits for: they are taken with what comes next, or a moment later. */
  readonly unhurried?: readonly string[];
  /** By fact type: fills in, at publishing, what must not be stored with the event. */
  readonly enrich?: Readonly<Record<string, Enrichment>>;
  /** What its own tables keep for a time only. */
  readonly retentions?: readonly Retention[];
  readonly endpoints?: (service: ServiceRuntime) => readonly Endpoint[];
  /** What its committed facts say to who watches the system. */
  readonly measures?: readonly Measure[];
  /** What its tables say to who watches the system. */
  readonly gauges?: readonly ServiceGauge<ServiceRuntime>[];
}

/** One kind of stream: its decider and how its state is kept. */
export interface StreamDefinition<State = unknown, Input = never, Event = never> {
  readonly decider: Decider<State, Input, Event>;
  /**
   * `whole`: short streams, folded from their own events. `split`: a long stream whose state is `{ root, part }`; the
   * root is what the stream shares, a part belongs to one subject of it (a show's seats, one booking's allocation).
   * Roots are kept as snapshots, parts are folded from the events of their subject. `evolve` sees both, but must make the new
   * root from the root alone and the new part from the part alone: they are loaded apart, each with an initial other half.
   */
  readonly shape: 'whole' | 'split';
  /** Root to JSON and back, where it is not JSON already. */
  readonly codec?: { encode(root: unknown): unknown; decode(json: unknown): unknown };
}

/** The state of a `split` stream. */
export interface Split<Root, Part> {
  readonly root: Root;
  readonly part: Part;
}

/** Makes a typed stream definition fit the untyped registry. */
export function stream<State, Input, Event>(definition: StreamDefinition<State, Input, Event>): StreamDefinition {
  return definition as unknown as StreamDefinition;
}

/** Something that arrived: a record of a topic, a request from HTTP, an effect's answer, a deadline. */
export interface Message<Data = unknown> {
  readonly source: 'topic' | 'request' | 'answer' | 'deadline';
  /** The partition key: the showId for everything about a show. */
  readonly key: string;
  readonly partition: number;
  readonly envelope: Envelope<Data>;
  /** The task's time when the message was taken: milliseconds since 1970. */
  readonly at: number;
}

/** Names one record of a compacted topic. */
export interface ReferenceKey {
  readonly topic: TopicName;
  readonly key: string;
}

/** What the compacted topics say now. */
export interface Lookup {
  /** The last value of a key, `undefined` when the key is unknown or erased. */
  get<Value>(topic: TopicName, key: string): Value | undefined;
}

/** Where a message goes and as what. */
export interface Addressed<Input = unknown> {
  /** A name in `streams`. */
  readonly stream: string;
  readonly id: string;
  /** The part of a `split` stream. */
  readonly part?: string;
  readonly input: Input;
}

/**
 * How one type of message reaches its streams. `needs` names the references the decision wants to see; a message waits
 * for missing ones up to `referenceWaitMs`, then goes on without them. It may be asked again once some are found (the
 * show tells the plan).
 */
export interface Route {
  readonly needs?: (message: Message<never>, lookup: Lookup) => readonly ReferenceKey[];
  readonly to: (message: Message<never>, lookup: Lookup) => readonly Addressed[];
}

/** Makes a route with typed payload. */
export function route<Data>(definition: {
  needs?: (message: Message<Data>, lookup: Lookup) => readonly ReferenceKey[];
  to: (message: Message<Data>, lookup: Lookup) => readonly Addressed[];
}): Route {
  return definition as unknown as Route;
}

/** The intent of an effect: the committed fact that asks for it. */
export interface Intent<Data = unknown> {
  /** Always the same for the same intent: stream and version. */
  readonly idempotencyKey: string;
  readonly stream: string;
  readonly part: string | undefined;
  readonly subject: string;
  readonly key: string;
  readonly partition: number;
  readonly data: Data;
  readonly traceparent: string | undefined;
}

/** What an effect answers: it comes back as an input to the stream that asked, its `type` and `data` merged with id and time. */
export interface Answer {
  readonly type: string;
  /** The runtime adds `tries`, how often it was tried, where once was not enough. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** Limits within which an effect runs. */
export interface EffectPolicy {
  readonly timeoutMs: number;
  /** Tries within one run, the first included. */
  readonly attemptsMax: number;
  readonly backoffMs: number;
  readonly backoffMaxMs: number;
  readonly concurrencyMax: number;
  /** Consecutive failures after which the circuit opens, and for how long. */
  readonly breakerFailures: number;
  readonly breakerOpenMs: number;
}

export interface Effect {
  readonly policy: EffectPolicy;
  /** Does it; throws where the outcome is unknown. `signal` aborts at the timeout. */
  readonly run: (intent: Intent<never>, service: ServiceRuntime, signal: AbortSignal) => Promise<Answer>;
  /** The answer when every try has failed: unknown, never failed, unless the outside said so. */
  readonly unanswered: (intent: Intent<never>, error: Error) => Answer;
  /**
   * Of a `split` stream: the answer is for all of it, although one part has asked. It does not wait behind what that part has
   * parked, and others with it.
   */
  readonly forWhole?: boolean;
  /** The service asks itself: what `unanswered` says is the answer, whoever asks and when. A restored database has it again. */
  readonly asksNobody?: boolean;
}

/** Makes an effect with typed payload. */
export function effect<Data>(definition: {
  policy: EffectPolicy;
  run: (intent: Intent<Data>, service: ServiceRuntime, signal: AbortSignal) => Promise<Answer>;
  unanswered: (intent: Intent<Data>, error: Error) => Answer;
  forWhole?: boolean;
  asksNobody?: boolean;
}): Effect {
  return definition as unknown as Effect;
}

/**
 * An effect by which a stream asks itself: nothing outside is asked, and what the fact says comes back as a message of that type, with
 * what its route finds beside it. `forWhole`: see `Effect`.
 */
export function askingItself(type: string, more: Pick<Effect, 'forWhole'> = {}): Effect {
  const answer = ({ data }: Intent<Readonly<Record<string, unknown>>>): Answer => ({ type, data });
  return effect<Readonly<Record<string, unknown>>>({
    policy: {
      ...{ timeoutMs: 1_000, attemptsMax: 1, backoffMs: 1, backoffMaxMs: 1 },
      ...{ concurrencyMax: 1_000, breakerFailures: 1_000_000, breakerOpenMs: 1 },
    },
    run: async (intent) => answer(intent),
    unanswered: answer,
    asksNobody: true,
    ...more,
  });
}

/** A fact as committed, or a message as applied: what views and statements are made from, in order. */
export interface Applied<Data = unknown> {
  /** `fact`: decided by this service in this batch. `message`: an input from a topic. */
  readonly kind: 'fact' | 'message';
  readonly key: string;
  readonly partition: number;
  readonly envelope: Envelope<Data>;
}

export interface AppliedBatch {
  readonly applied: readonly Applied[];
}

/**
 * A read model: documents folded from what is applied, one table row each (`id text primary key, partition int, body
 * json` and the named columns). Several changes of a document in one batch are one write.
 */
export interface View<Doc = unknown> {
  /** The table. */
  readonly name: string;
  /** By type: which document an applied message or fact changes; `undefined` for none. */
  readonly on: Readonly<Record<string, (applied: Applied<never>) => string | undefined>>;
  /** Somebody may be waiting for a document of it to change, at any instance of the service. */
  readonly watched?: boolean;
  /** The new document; `undefined` where there is none (yet). */
  readonly fold: (doc: Doc | undefined, applied: Applied<never>) => Doc | undefined;
  /** Its documents are first written with the requests that begin them, not by the task loop. */
  readonly begunByRequests?: boolean;
  /** Whether we still have to do something about what a request began here: how much of it there is says when to let no more in. */
  readonly isUnderWay?: (doc: Doc) => boolean;
  /** Further columns to find and order documents by, with their SQL types. */
  readonly columns: Readonly<
    Record<string, { readonly type: string; readonly of: (doc: Doc) => string | number | boolean | null }>
  >;
}

/** Makes a typed view fit the untyped registry. */
export function view<Doc>(definition: View<Doc>): View {
  return definition as unknown as View;
}

/** One SQL statement; arrays become PostgreSQL arrays, for `unnest`. */
export interface Statement {
  /** A name for the prepared statement, unique within the service. */
  readonly name: string;
  readonly text: string;
  readonly values: readonly (SqlValue | readonly SqlValue[])[];
}
export type SqlValue = string | number | boolean | Uint8Array | null;

export interface Enrichment {
  readonly needs: (data: never) => readonly ReferenceKey[];
  readonly fill: (data: never, lookup: Lookup, service: ServiceRuntime) => unknown;
  /** Takes out again what was filled in: of what was published, what is stored. */
  readonly strip: (published: never) => unknown;
}

/** Makes a typed enrichment fit the untyped registry. */
export function enrichment<Data>(definition: {
  needs: (data: Data) => readonly ReferenceKey[];
  fill: (data: Data, lookup: Lookup, service: ServiceRuntime) => Data;
  strip: (published: Data) => Data;
}): Enrichment {
  return definition as unknown as Enrichment;
}
