import { EventEmitter } from 'node:events';
import { defaultSettings, type Settings } from '../src/contracts/settings.ts';
import type { TopicName } from '../src/contracts/topics.ts';
import type { Configuration } from '../src/runtime/configuration.ts';
import type { Endpoint } from '../src/runtime/http/endpoint.ts';
import { Problem } from '../src/runtime/http/problem.ts';
import { reused } from '../src/runtime/ingress.ts';
import type { LocalLog } from '../src/runtime/log/local-log.ts';
import type { Log } from '../src/runtime/log/log.ts';
import type { Logger } from '../src/runtime/logger.ts';
import type { Applied, AppliedBatch, ServiceDefinition, Split } from '../src/runtime/service.ts';
import type {
  FirstAnswer,
  Idempotency,
  ServiceRuntime,
  Submission,
  Submitted,
  Transaction,
} from '../src/runtime/service-runtime.ts';
import { SettingsFeed } from '../src/runtime/settings-feed.ts';
import { type RequestRow, type Store, StoreUnavailable } from '../src/runtime/store/store.ts';
import { StreamStates } from '../src/runtime/task/streams.ts';
import { TaskLoop } from '../src/runtime/task.ts';
import type { Alterations } from './alterations.ts';
import type { GateTransaction, SimulatedDatabase } from './database.ts';
import { FaultyLog } from './faulty-log.ts';
import { type Auditor, FaultyStore } from './faulty-store.ts';
import type { Groups } from './groups.ts';
import type { SimulatedProcess } from './process.ts';

/** Few enough to be quick to make, and to be forgotten now and then; more than one batch needs. */
const cachedMax = 64;
/** So few that readers of several partitions wait for room now and then. */
const queuedMax = 6;

export interface HostOptions {
  readonly definition: ServiceDefinition;
  readonly database: SimulatedDatabase;
  readonly process: SimulatedProcess;
  readonly log: LocalLog;
  readonly groups: Groups;
  readonly auditor: Auditor;
  readonly configuration: Configuration;
  readonly logger: Logger;
  readonly alterations: Alterations;
  readonly parts: Readonly<Record<string, unknown>>;
  /** Tells every process of the service of requests that were just stored, as a notification of the database does. */
  readonly onStored: (rows: readonly RequestRow[]) => void;
  /** Requests were stored, and nobody was told. */
  readonly onOverlooked: (rows: readonly RequestRow[]) => void;
}

/**
 * One process of a service in the simulated world: the real task loop and the real endpoints over simulated ports. What
 * the gate does in SQL, it does in memory, with the same outcome.
 */
export class SimulatedHost implements ServiceRuntime {
  readonly definition: ServiceDefinition;
  readonly configuration: Configuration;
  readonly logger: Logger;
  readonly process: SimulatedProcess;
  readonly loop: TaskLoop;
  readonly #options: HostOptions;
  readonly #store: Store;
  readonly #log: Log;
  readonly #settings: SettingsFeed;
  readonly #changes = new EventEmitter().setMaxListeners(0);
  readonly #storing = new Set<string>();
  #endpoints: readonly Endpoint[] | undefined;
  /** What the batch under way has applied, until its commit takes it. */
  #applied: Applied[] = [];

  constructor(options: HostOptions) {
    const { definition, database, process, log, groups, auditor, logger } = options;
    this.#options = options;
    this.definition = definition;
    this.configuration = options.configuration;
    this.logger = logger;
    this.process = process;
    const { alterations } = options;
    const faultyLog = new FaultyLog({ log, groups, process });
    this.#log = alterations.log?.(faultyLog, process) ?? faultyLog;
    const memory = alterations.store?.(database.store, definition.name) ?? database.store;
    this.#store = new FaultyStore({
      service: definition.name,
      process,
      memory,
      auditor,
      applied: () => this.#applied.splice(0),
    });
    this.#settings = new SettingsFeed(logger);
    this.loop = new TaskLoop({
      definition: { ...definition, statements: (batch) => this.#note(batch) },
      store: this.#store,
      log: this.#log,
      logger,
      runtime: this,
      setting: (key) => this.#settings.record(key),
      referenceWaitMs: () => this.settings().referenceWaitMs,
      cachedMax,
      queuedMax,
      onCommitted: ({ documents }) => {
        for (const { view, id } of documents) this.#changes.emit(`${view} ${id}`);
      },
    });
    process.onDeath(() => this.#end());
  }

  /** Made when the first request comes: many a process dies before. */
  get endpoints(): readonly Endpoint[] {
    this.#endpoints ??= this.definition.endpoints?.(this) ?? [];
    return this.#endpoints;
  }

  /** What the batch applied is noted for whoever checks the projections; in memory there are no walls to build. */
  #note(batch: AppliedBatch): ReturnType<NonNullable<ServiceDefinition['statements']>> {
    this.#applied = [...batch.applied];
    const statements = this.definition.statements?.(batch) ?? [];
    return statements.filter((each) => this.#options.database.runs(each));
  }

  /** A dead process does nothing more: its ports answer nobody, and its timers are taken down. */
  #end(): void {
    void this.loop.stop();
    void this.#settings.stop();
    this.#changes.removeAllListeners();
  }

  async start(): Promise<void> {
    await this.#settings.start(this.#log);
    await this.loop.start();
  }

  /** Stops in order, as SIGTERM would have it. */
  async stop(): Promise<void> {
    await this.loop.stop();
    this.process.kill();
  }

  settings(): Settings {
    return this.#settings.current ?? defaultSettings;
  }

  async reference<Value>(topic: TopicName, key: string): Promise<Value | undefined> {
    if (topic === 'settings') return this.#settings.record(key) as Value | undefined;
    const known = this.loop.references.current(topic, key);
    if (known !== undefined) return known as Value;
    const [row] = await this.#store.loadReferences([{ topic, key }]);
    return (row?.data ?? undefined) as Value | undefined;
  }

  /** Nobody in the simulation asks for what was made a moment ago. */
  awaitReference<Value>(topic: TopicName, key: string): Promise<Value | undefined> {
    return this.reference(topic, key);
  }

  async document<Doc>(view: string, id: string): Promise<Doc | undefined> {
    return (await this.#store.loadDocuments(view, [id])).get(id) as Doc | undefined;
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

  async state<State>(kind: string, id: string, part?: string) {
    const name = { kind, id, part };
    const known = this.loop.states.committed(name);
    if (known !== undefined) return known as { state: State; version: number };
    const states = new StreamStates(this.definition.streams, cachedMax);
    const missing = states.missing([name]);
    const loaded = await this.#store.loadStreams(missing);
    states.keep(loaded.map((each) => ({ ...each, kind })));
    const committed = states.committed(name) ?? { state: undefined as State | Split<unknown, unknown>, version: 0 };
    return committed as { state: State; version: number };
  }

  async query<Found>(text: string, values: readonly unknown[] = []): Promise<readonly Found[]> {
    await this.process.pass();
    if (this.process.world.faults.strikes('store fails while reading', this.process.name))
      throw new StoreUnavailable('the connection broke');
    return (await this.#options.database.query(text, values)) as readonly Found[];
  }

  /** What the real one goes by is how fast things go, and here they take no time. */
  isBehind(): boolean {
    return false;
  }

  isFull(): boolean {
    return false;
  }

  async submit(submission: Submission): Promise<Submitted> {
    const { idempotency } = submission;
    const submit = () => this.#options.database.submit(submission, this.loop.clock.now());
    const isLate = this.process.world.faults.strikes('gate stores long after', this.process.name);
    const { before } = await this.#once(idempotency, () => (isLate ? this.#storedLate(submit) : this.#stored(submit)));
    if (before === undefined) return { repeated: false, answer: submission.answer };
    if (before.bodyHash !== idempotency?.bodyHash) throw reused();
    return { repeated: true, answer: before.answer };
  }

  /** A transaction of the gate, which may fail before it is stored, or after. */
  async #stored<Result extends { readonly rows: readonly RequestRow[] }>(work: () => Promise<Result>): Promise<Result> {
    const { process } = this;
    const { faults } = process.world;
    await process.pass();
    if (faults.strikes('gate fails before storing', process.name)) throw new StoreUnavailable('the connection broke');
    const result = await work();
    for (const row of result.rows)
      process.world.trace.mix(`${process.name} stores ${row.type} ${row.requestId} ${JSON.stringify(row.data)}`);
    // The database tells every process that listens, whatever becomes of this one.
    this.#options.onStored(result.rows);
    await process.mayCrash('crash after commit');
    await process.pass();
    if (!faults.strikes('gate fails after storing', process.name)) return result;
    const error = new StoreUnavailable('no answer to the commit');
    if (result.rows.length > 0) this.loop.requestsMissed(error);
    throw error;
  }

  /**
   * The connection breaks, and the database does what it was asked for when nobody waits for it any more: as long after as a
   * statement may take.
   */
  async #storedLate(work: () => Promise<{ readonly rows: readonly RequestRow[] }>): Promise<never> {
    void this.process
      .waitBetween(10, 30_000)
      .then(work)
      .then(({ rows }) => this.#options.onOverlooked(rows));
    const error = new StoreUnavailable('the connection broke');
    this.loop.requestsMissed(error);
    throw error;
  }

  async #once<Result>(idempotency: Idempotency | undefined, work: () => Promise<Result>): Promise<Result> {
    const name = idempotency && `${idempotency.scope} ${idempotency.key}`;
    if (name !== undefined && this.#storing.has(name))
      throw new Problem('request_in_progress', 'Send the request again in a second.', { retryAfterSeconds: 1 });
    if (name !== undefined) this.#storing.add(name);
    try {
      return await work();
    } finally {
      if (name !== undefined) this.#storing.delete(name);
    }
  }

  transaction<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    return this.#transaction(work);
  }

  async #transaction<Result>(work: (transaction: GateTransaction) => Promise<Result>): Promise<Result> {
    const { database } = this.#options;
    return (await this.#stored(() => database.transaction(this.loop.clock.now(), work))).result;
  }

  async transactionOnce(
    idempotency: Idempotency | undefined,
    work: (transaction: Transaction) => Promise<FirstAnswer>,
  ): Promise<Submitted> {
    const first = idempotency && (await this.answered(idempotency));
    if (first !== undefined) return { repeated: true, answer: first };
    const answered = await this.#transaction(async (transaction) => {
      const done = await work(transaction);
      if (idempotency !== undefined) await transaction.keep(idempotency, done);
      return done;
    });
    return { repeated: false, answer: answered };
  }

  async answered(idempotency: Idempotency): Promise<FirstAnswer | undefined> {
    await this.process.pass();
    const known = await this.#options.database.answered(idempotency);
    if (known !== undefined && known.bodyHash !== idempotency.bodyHash) throw reused();
    return known?.answer;
  }

  part<Part>(name: string): Part {
    if (!Object.hasOwn(this.#options.parts, name)) throw new Error(`there is no part ${name} in the simulation`);
    return this.#options.parts[name] as Part;
  }
}
