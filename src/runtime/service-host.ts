import { EventEmitter } from 'node:events';
import type pg from 'pg';
import type { Settings } from '../contracts/settings.ts';
import type { TopicName } from '../contracts/topics.ts';
import { Admission } from './admission.ts';
import { AskedOperations, type Operate } from './asked-operations.ts';
import { type Batcher, createBatcher } from './batcher.ts';
import type { Configuration } from './configuration.ts';
import { FoldedStates } from './folded-states.ts';
import { Housekeeping } from './housekeeping/housekeeping.ts';
import { loopRetentions } from './housekeeping/retentions.ts';
import { Ingress } from './ingress.ts';
import type { Log } from './log/log.ts';
import { partitionOf } from './log/partitioner.ts';
import { type Logger, loggerOf } from './logger.ts';
import type { Following, Notice, Notices } from './notices.ts';
import { OverlookedRequests } from './overlooked-requests.ts';
import { RestoredElsewhere } from './restored-elsewhere.ts';
import type { ServiceDefinition } from './service.ts';
import type {
  FirstAnswer,
  Idempotency,
  ServiceRuntime,
  Submission,
  Submitted,
  Transaction,
} from './service-runtime.ts';
import type { SettingsFeed } from './settings-feed.ts';
import { createPool, storeError } from './store/postgres/connection.ts';
import { PostgresStore } from './store/postgres/postgres-store.ts';
import { type Commit, newTask, type RequestRow } from './store/store.ts';
import { StoredRequests } from './stored-requests.ts';
import { databaseBehind } from './task/database-behind.ts';
import { type Committed, inputsWaitingMax, TaskLoop } from './task.ts';
import type { Metrics } from './telemetry/metrics.ts';
import type { Tracing } from './telemetry/tracing.ts';
import { nextTurn } from './turns-of-the-process.ts';
import { WaitingElsewhere } from './waiting-elsewhere.ts';

/** Connections for the queries of requests. */
const connectionsMax = 6;
/** Documents that share one query, and those that may wait for theirs. */
const documentsPerQueryMax = 500;
const documentsQueuedMax = 20_000;

export interface ServiceHostOptions {
  readonly definition: ServiceDefinition;
  readonly databaseUrl: string;
  readonly log: Log;
  readonly logger: Logger;
  readonly configuration: Configuration;
  readonly settings: SettingsFeed;
  /** How instances of the service tell each other what is new. */
  readonly notices: Notices;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  /** Does what operators ask of this instance's tasks from elsewhere. */
  readonly operate?: (host: ServiceHost) => Operate;
  /** What the application wires in by name. */
  readonly parts: Readonly<Record<string, unknown>>;
}

/**
 * One running service: its task loop, its ingress, and what its endpoints and effects may use.
 *
 * A little longer than other files: nearly all of it wires these together, once, and is read together.
 */
export class ServiceHost implements ServiceRuntime {
  readonly definition: ServiceDefinition;
  readonly configuration: Configuration;
  readonly logger: Logger;
  readonly loop: TaskLoop;
  readonly store: PostgresStore;
  readonly #reader: PostgresStore;
  readonly #pool: pg.Pool;
  readonly #foldedStates: FoldedStates;
  readonly #documents: Batcher<{ readonly view: string; readonly id: string }, unknown>;
  readonly #ingress: Ingress;
  readonly #settings: SettingsFeed;
  readonly #parts: Readonly<Record<string, unknown>>;
  readonly #changes = new EventEmitter().setMaxListeners(0);
  readonly #notices: Notices;
  readonly #requests: StoredRequests;
  readonly #elsewhere: WaitingElsewhere;
  readonly #admission = new Admission();
  /** Of a view that tells, whether what a document is about is under way. */
  readonly #isUnderWay: ReadonlyMap<string, (doc: never) => boolean>;
  readonly #partitions: number;
  readonly #asked: AskedOperations | undefined;
  readonly #isTold: { readonly view: (name: string) => boolean; readonly topic: (name: string) => boolean };
  readonly #housekeeping: Housekeeping;
  readonly #overlooked: OverlookedRequests;
  readonly #restoredElsewhere: RestoredElsewhere;
  #following: Following | undefined;

  constructor(options: ServiceHostOptions) {
    const { definition, databaseUrl: url, log, configuration, settings } = options;
    this.definition = definition;
    this.configuration = configuration;
    this.logger = loggerOf(options.logger, definition.name);
    this.#settings = settings;
    this.#parts = options.parts;
    this.#notices = options.notices;
    const views = definition.views ?? [];
    this.#isUnderWay = new Map(views.flatMap(({ name, isUnderWay }) => (isUnderWay ? [[name, isUnderWay]] : [])));
    this.#partitions = log.topics.find((topic) => topic.name === definition.mainInput)?.partitions ?? 1;
    const name = `fullhouse-${definition.name}`;
    this.store = new PostgresStore({ url, applicationName: `${name}-loop`, views });
    this.#reader = new PostgresStore({ url, applicationName: `${name}-reader`, views });
    this.#pool = createPool({ url, applicationName: `${name}-requests`, connectionsMax });
    this.#documents = createBatcher({
      itemsMax: documentsPerQueryMax,
      queuedMax: documentsQueuedMax,
      run: (wanted) => this.#loadDocuments(wanted),
    });
    this.#foldedStates = new FoldedStates({
      streams: definition.streams,
      load: (wanted) => this.#reader.loadStreams(wanted),
    });
    const observed = options.metrics.observe({
      service: definition.name,
      measures: definition.measures ?? [],
      gauges: (definition.gauges ?? []).map((each) => ({ ...each, read: () => each.read(this) })),
      tellsGauges: () => this.loop.owns(0),
      tasks: () => this.loop.partitions.length,
      queued: () => this.loop.queued,
      parked: () => this.loop.parked.length,
      deadlines: () => this.loop.deadlines,
      effectsOpen: () => this.loop.effects.open,
      breakers: () => this.loop.effects.breakers(),
      lag: () => this.loop.lag(),
    });
    this.loop = new TaskLoop({
      definition,
      log,
      store: this.store,
      logger: this.logger,
      runtime: this,
      setting: (key) => settings.record(key),
      referenceWaitMs: () => settings.current.referenceWaitMs,
      telling: (commit) => this.#notices.telling(this.#noticeOf(changesIn(commit))),
      observer: observed.loop,
      tracing: options.tracing,
      nextTurn,
      onCommitted: (changes) => {
        observed.facts(changes.events);
        for (const { view, id, partition } of changes.documents) {
          this.#moved({ view, id, partition });
          this.#changes.emit(`${view} ${id}`);
        }
        this.#notices.told(this.#noticeOf(changes));
      },
    });
    const global = new Set(log.topics.filter(({ partitions }) => partitions === 1).map((topic) => topic.name));
    const watched = new Set(views.filter((view) => view.watched === true).map((view) => view.name));
    this.#isTold = { view: (each) => watched.has(each), topic: (each) => global.has(each) };
    this.#requests = new StoredRequests({
      read: (requestIds) => this.#reader.loadRequests(requestIds),
      concerns: (partition) => this.loop.isAssigned(partition),
      onRows: (rows) => this.loop.requestsArrived(rows),
      onError: (error) => this.loop.requestsMissed(error),
    });
    this.#overlooked = new OverlookedRequests({
      partitions: () => this.loop.partitions,
      now: () => this.loop.clock.now(),
      read: (partitions, which) => this.#reader.loadOldRequests(partitions, which),
      onRows: (rows) => {
        const taken = this.loop.requestsArrived(rows);
        if (taken > 0) this.logger.warn({ requests: taken }, 'requests are taken up that nobody had told of');
      },
    });
    this.#asked =
      options.operate &&
      new AskedOperations({
        ...{ pool: this.#pool, notices: this.#notices, logger: this.logger, operate: options.operate(this) },
        partitions: () => this.loop.partitions,
      });
    this.#elsewhere = new WaitingElsewhere({
      count: async () => (await this.#reader.look(inputsWaitingMax)).requests,
      rowsMax: inputsWaitingMax,
    });
    this.#restoredElsewhere = new RestoredElsewhere({
      look: async () => {
        const stored = new Map((await this.#reader.tasks()).map((task) => [task.partition, task]));
        const given = { definition, log, store: this.#reader };
        const partitions = Math.max(0, ...log.topics.map((topic) => topic.partitions));
        const tasks = Array.from({ length: partitions }, (_, each) => stored.get(each) ?? newTask(each));
        const found = await Promise.all(tasks.map((task) => databaseBehind(task, given)));
        return found.some((each) => each !== undefined);
      },
    });
    this.#housekeeping = new Housekeeping({
      retentions: [...loopRetentions, ...(definition.retentions ?? [])],
      query: (text, values) => this.query(text, values),
      settings: () => settings.current,
      logger: this.logger,
      onRemoved: observed.removed,
    });
    this.#ingress = new Ingress({
      connection: { url, applicationName: `${name}-ingress` },
      pool: this.#pool,
      views,
      partitions: this.#partitions,
      now: () => this.loop.clock.now(),
      telling: (rows) => this.#notices.telling({ requests: rows }),
      onStored: (rows, documents) => {
        this.loop.documentsBegun(documents);
        for (const { view, id, key } of documents)
          if (this.#isUnderWay.has(view)) this.#admission.began(id, partitionOf(key, this.#partitions));
        this.#onStored(rows);
      },
      onUnknown: (error) => this.loop.requestsMissed(error),
      isFull: () => this.loop.queued >= inputsWaitingMax || this.#elsewhere.isFull,
    });
  }

  async start(): Promise<void> {
    await this.connect();
    await this.loop.start();
    this.#overlooked.start();
    this.#housekeeping.start();
  }

  /** As an instance that owns nothing: requests are stored and documents waited for, others do the work. */
  async connect(): Promise<void> {
    this.loop.clock.synchronise((await this.#reader.look(0)).now);
    this.#following ??= await this.#notices.follow({
      onNotice: ({ requests = [], documents = [], references = [], operations = [] }) => {
        if (operations.some(({ partition }) => this.loop.owns(partition))) this.#asked?.look();
        this.#requests.stored(requests);
        for (const { view, id } of documents) {
          if (this.#admission.isUnderWay(id)) void this.#movedElsewhere(view, id);
          this.#changes.emit(`${view} ${id}`);
        }
        if (references.length > 0) this.loop.referencesArrived(references);
      },
      onMissed: () => {
        this.#requests.missed();
        this.#asked?.look();
        this.#admission.forget();
        for (const name of this.#changes.eventNames()) this.#changes.emit(name);
        this.loop.referencesArrived();
      },
    });
    if (this.definition.answersFromDatabase === true) await this.#restoredElsewhere.start();
  }

  /** Why it cannot do all of its part at the moment. */
  get trouble(): string | undefined {
    return this.loop.trouble ?? this.#following?.trouble;
  }

  /** Whether some of its tasks go on, whatever the others wait for, and it hears of other instances. */
  get isAtWork(): boolean {
    return this.loop.isAtWork && this.#following?.trouble === undefined;
  }

  #onStored(rows: readonly RequestRow[]): void {
    this.loop.requestsArrived(rows);
    this.#notices.told({ requests: rows });
    const others = rows.filter(({ partition }) => !this.loop.isAssigned(partition));
    if (others.length > 0) this.#elsewhere.stored(others.length);
  }

  #moved({ view, id, partition }: Committed['documents'][number]): void {
    const doc = this.loop.documents.get(view, id)?.doc;
    // One that is gone, or no longer in memory, says nothing: it is forgotten in time.
    if (doc === undefined) return;
    const isUnderWay = this.#isUnderWay.get(view)?.(doc as never);
    if (isUnderWay === true) this.#admission.began(id, partition);
    if (isUnderWay === false) this.#admission.done(id);
  }

  /** Another instance has changed a document that a request of ours began. */
  async #movedElsewhere(view: string, id: string): Promise<void> {
    // Where the database says nothing, it is forgotten in time.
    const doc = await this.document(view, id).catch(() => undefined);
    if (doc !== undefined && this.#isUnderWay.get(view)?.(doc as never) === false) this.#admission.done(id);
  }

  /** What others may be waiting for: documents that requests watch, references that one task reads for all. */
  #noticeOf({ documents, references }: Pick<Committed, 'documents' | 'references'>): Notice {
    return {
      documents: documents.filter(({ view }) => this.#isTold.view(view)),
      references: references.filter(({ topic }) => this.#isTold.topic(topic)),
    };
  }

  async stop(): Promise<void> {
    this.#restoredElsewhere.stop();
    await this.#ingress.close();
    await this.#housekeeping.stop();
    await this.#overlooked.stop();
    await this.loop.stop();
    await this.#following?.stop();
    await this.#requests.idle();
    await this.#asked?.idle();
    await Promise.all([this.store.close(), this.#reader.close(), this.#pool.end()]);
  }

  settings(): Settings {
    return this.#settings.current;
  }

  async reference<Value>(topic: TopicName, key: string): Promise<Value | undefined> {
    if (topic === 'settings') return this.#settings.record(key) as Value | undefined;
    const known = this.loop.references.current(topic, key);
    if (known !== undefined) return known as Value;
    const [row] = await this.#reader.loadReferences([{ topic, key }]);
    return (row?.data ?? undefined) as Value | undefined;
  }

  async awaitReference<Value>(topic: TopicName, key: string, timeoutMs: number): Promise<Value | undefined> {
    const until = performance.now() + timeoutMs;
    for (let pauseMs = 5; ; pauseMs = Math.min(2 * pauseMs, 200)) {
      const found = await this.reference<Value>(topic, key);
      if (found !== undefined || performance.now() + pauseMs > until) return found;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  async document<Doc>(view: string, id: string): Promise<Doc | undefined> {
    return (await this.#documents.add({ view, id })) as Doc | undefined;
  }

  /** Documents that are asked for at the same time, with one statement for each view. */
  async #loadDocuments(wanted: readonly { readonly view: string; readonly id: string }[]): Promise<readonly unknown[]> {
    const byView = Map.groupBy(wanted, ({ view }) => view);
    const loaded = new Map<string, ReadonlyMap<string, unknown>>();
    for (const [view, all] of byView) {
      const ids = [...new Set(all.map(({ id }) => id))];
      loaded.set(view, await this.#reader.loadDocuments(view, ids));
    }
    return wanted.map(({ view, id }) => loaded.get(view)?.get(id));
  }

  changeOf(view: string, id: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const name = `${view} ${id}`;
      const done = () => {
        this.#changes.off(name, done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#changes.on(name, done);
      if (signal.aborted) done();
      else signal.addEventListener('abort', done);
    });
  }

  watch(view: string, id: string, listener: () => void): () => void {
    this.#changes.on(`${view} ${id}`, listener);
    return () => this.#changes.off(`${view} ${id}`, listener);
  }

  async state<State>(
    kind: string,
    id: string,
    part?: string,
  ): Promise<{ readonly state: State; readonly version: number }> {
    const name = { kind, id, part };
    await this.loop.adopting(id);
    const known = this.loop.states.committed(name);
    if (known !== undefined) return known as { state: State; version: number };
    return (await this.#foldedStates.state(name)) as { state: State; version: number };
  }

  async query<Row>(text: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
    try {
      return (await this.#pool.query(text, [...values])).rows as Row[];
    } catch (error) {
      throw storeError(error);
    }
  }

  isBehind(): boolean {
    return this.loop.isBehind || this.#restoredElsewhere.isBehind;
  }

  isFull(): boolean {
    return this.#admission.isFull(this.#ingress.entering);
  }

  submit(submission: Submission): Promise<Submitted> {
    return this.#ingress.submit(submission);
  }

  transaction<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    return this.#ingress.transaction(work);
  }

  transactionOnce(
    idempotency: Idempotency | undefined,
    work: (transaction: Transaction) => Promise<FirstAnswer>,
    joins?: Pick<Submission, 'joins'>,
  ): Promise<Submitted> {
    return this.#ingress.transactionOnce(idempotency, work, joins);
  }

  answered(idempotency: Idempotency): Promise<FirstAnswer | undefined> {
    return this.#ingress.answered(idempotency);
  }

  part<Part>(name: string): Part {
    if (!Object.hasOwn(this.#parts, name))
      throw new Error(`${this.definition.name} needs a part ${name} that was not wired in`);
    return this.#parts[name] as Part;
  }
}

function changesIn({ documents, references }: Commit): Pick<Committed, 'documents' | 'references'> {
  return {
    documents: [...documents].flatMap(([view, rows]) => rows.map(({ id, partition }) => ({ view, id, partition }))),
    references,
  };
}
