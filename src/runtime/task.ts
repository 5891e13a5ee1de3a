import type { Log, LogRecord, Membership, Position } from './log/log.ts';
import type { Logger } from './logger.ts';
import type { ServiceDefinition } from './service.ts';
import type { ServiceRuntime } from './service-runtime.ts';
import { ConstraintViolated, type DeadlineRow, type EventRow, Fenced, type ParkedRow, privateChannel, type RequestRow, type Store, type TaskRow } from './store/store.ts';
import { type Arrival, partitionOfArrival } from './task/arrival.ts';
import { Batch, type BatchPorts } from './task/batch.ts';
import { TaskClock } from './task/clock.ts';
import { Deadlines } from './task/deadlines.ts';
import { Documents } from './task/documents.ts';
import { Effects, effectsOpenMax } from './task/effects.ts';
import { Parking } from './task/parking.ts';
import { Publisher, unpublishedEventsMax } from './task/publisher.ts';
import { RecentIds } from './task/recent-ids.ts';
import { References } from './task/references.ts';
import { type Replayed, Replays } from './task/replays.ts';
import { StreamStates } from './task/streams.ts';
import { Takeovers } from './task/takeovers.ts';

/**
 * The loop that runs a service. It carries all tasks (partitions) the process owns, and goes round like this:
 *
 *   take what has arrived → decide → one transaction → publish what was decided, fire what is due, run effects
 *
 * There is no timer in it: the next batch is whatever came while the last one committed. Being *stopped*, it owns
 * nothing; *running*, it owns what its group assigned; *recovering*, it has dropped everything it knew, because a commit's
 * outcome is unknown, and takes its tasks over anew: the task rows tell what had been committed.
 */

/** Inputs of one batch. */
const batchInputsMax = 500;
/** Inputs waiting for a batch before topics are asked for no more. */
const inputsQueuedMax = 2_000;
const caughtUpPauseMs = 5;
const recoverFirstMs = 200;
const recoverMaxMs = 5_000;

export interface TaskLoopOptions {
  readonly definition: ServiceDefinition;
  readonly store: Store;
  readonly log: Log;
  readonly logger: Logger;
  readonly runtime: ServiceRuntime;
  /** The value of a setting's record, kept by the process. */
  readonly setting: (key: string) => unknown;
  readonly referenceWaitMs: () => number;
  /** Called after each commit with what it changed. */
  readonly onCommitted: (changes: Committed) => void;
}

/** A task whose inputs of before its takeover are still coming in. */
interface CatchingUp {
  readonly inputs: readonly Position[];
  readonly deadlines: readonly DeadlineRow[];
  readonly parked: readonly ParkedRow[];
}

export interface Committed {
  readonly events: readonly EventRow[];
  readonly documents: readonly { readonly view: string; readonly id: string }[];
}

export class TaskLoop {
  readonly #options: TaskLoopOptions;
  readonly clock = new TaskClock();
  readonly #tasks = new Map<number, TaskRow>();
  readonly #published = new Map<number, Record<string, number>>();
  readonly #parking = new Parking();
  readonly #states: StreamStates;
  readonly #references: References;
  readonly #documents: Documents;
  readonly #deadlines: Deadlines;
  readonly #effects: Effects;
  readonly #publisher: Publisher;
  readonly #takeovers: Takeovers;
  readonly #requestsTaken = new RecentIds();
  readonly #replays = new Replays();
  readonly #ports: BatchPorts;
  readonly #catchingUp = new Map<number, CatchingUp>();
  #queue: Arrival[] = [];
  #queueFree: (() => void)[] = [];
  #membership: Membership | undefined;
  #running: Promise<void> | undefined;
  #stopping = false;
  #parkedPosition = 0;
  /** Batches, and what must not meet one, come one after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: TaskLoopOptions) {
    const { definition, store, log, logger, runtime } = options;
    this.#options = options;
    this.#states = new StreamStates(definition.streams);
    const partitionsOf = (topic: string) => log.topics.find((each) => each.name === topic)?.partitions ?? 1;
    this.#references = new References({
      store,
      settings: options.setting,
      reads: (topic) => partitionsOf(topic) > 1 || this.#tasks.has(0),
    });
    this.#documents = new Documents(definition.views ?? []);
    this.#deadlines = new Deadlines({ now: () => this.clock.now(), onDue: (rows) => this.#onDue(rows) });
    this.#effects = new Effects({
      effects: definition.effects ?? {},
      runtime,
      logger,
      onAnswer: (effect, answer) => this.#arrive([{ kind: 'answer', effect, answer }]),
    });
    this.#publisher = new Publisher({
      service: definition.name,
      log,
      logger,
      runtime,
      enrich: definition.enrich ?? {},
      references: this.#references,
      onPublished: (rows) => this.#onPublished(rows),
    });
    this.#takeovers = new Takeovers({ definition, store, log, onRecords: (records) => this.#onRecords(records), onError: (error) => this.#onLogError(error) });
    this.#ports = {
      definition,
      store,
      logger,
      states: this.#states,
      references: this.#references,
      documents: this.#documents,
      parking: this.#parking,
      tasks: this.#tasks,
      partitionsOf,
      topicId: (topic) => log.topics.find((each) => each.name === topic)?.id ?? '',
      published: (partition) => this.#published.get(partition) ?? {},
      nextParkedPosition: () => this.#nextParkedPosition(),
      referenceWaitMs: options.referenceWaitMs,
    };
  }

  /** Joins the service's group; resolves when the first tasks are owned and running. */
  async start(): Promise<void> {
    const { log, definition } = this.#options;
    this.#membership = await log.join({
      group: groupOf(definition.name),
      topic: definition.mainInput,
      onAssigned: (partitions) => this.#own(partitions),
      onRevoked: (partitions) => this.#disown(partitions),
    });
  }

  owns(partition: number): boolean {
    return this.#tasks.has(partition);
  }

  get partitions(): readonly number[] {
    return [...this.#tasks.keys()];
  }

  get queued(): number {
    return this.#queue.length;
  }

  /** Resolves when all that the topics hold now has been handled and all that was decided is published. */
  async caughtUp(): Promise<void> {
    for (;;) {
      const before = this.#queue.length === 0 && this.#running === undefined;
      await this.#publisher.drained();
      const behind = await this.#takeovers.behind([...this.#tasks.values()]);
      if (before && behind === 0 && this.#queue.length === 0 && this.#running === undefined) return;
      await (this.#running ?? new Promise((resolve) => setTimeout(resolve, caughtUpPauseMs)));
    }
  }

  get parked(): readonly ParkedRow[] {
    return this.#parking.rows;
  }

  get states(): StreamStates {
    return this.#states;
  }

  get references(): References {
    return this.#references;
  }

  get documents(): Documents {
    return this.#documents;
  }

  /** Rows that were just stored; those of other owners' partitions are left to them. */
  requestsArrived(rows: readonly RequestRow[]): void {
    const mine = rows.filter((row) => this.owns(row.partition) && this.#requestsTaken.add(row.requestId));
    this.#arrive(mine.map((row) => ({ kind: 'request', row })));
  }

  /** Takes up parked inputs again, with everything that waits behind them. */
  redrive(partition: number, subject: string, parkedId?: string): number {
    const rows = subject === '' ? this.#parking.rows.filter((row) => row.parkedId === parkedId) : this.#parking.subject(partition, subject);
    this.#arrive(rows.map((row) => ({ kind: 'parked', row, waited: false })));
    return rows.length;
  }

  /** Throws one parked input away and takes up what waits behind it. */
  discard(parkedId: string): boolean {
    const row = this.#parking.rows.find((each) => each.parkedId === parkedId);
    if (row === undefined) return false;
    const behind = row.subject === '' ? [row] : this.#parking.subject(row.partition, row.subject);
    this.#arrive(behind.map((each) => ({ kind: 'parked', row: each, waited: false, discard: each.parkedId === parkedId })));
    return true;
  }

  /** What of a topic this loop has handled: the offset to read next; `undefined` for a task it does not own. */
  position({ topic, partition }: { readonly topic: string; readonly partition: number }): number | undefined {
    const task = this.#tasks.get(partition);
    return task && (task.positions[topic]?.offset ?? 0);
  }

  /**
   * Handles records once more that were handled before (those beyond `position` are not for this). What was applied is
   * dropped by its sequence; what was missed, or comes from a producer that keeps no count, goes on as if it were new.
   */
  async replay(records: readonly LogRecord[]): Promise<Replayed> {
    const handled = records.filter((record) => record.offset < (this.position(record) ?? 0));
    if (handled.length === 0) return { read: 0, dropped: 0 };
    const done = this.#replays.begin(handled.length);
    this.#arrive(handled.map((record) => ({ kind: 'record', record, replayed: true })));
    return done;
  }

  /** Appends stored events again, for consumers that missed them; others drop them by their sequence. */
  async republish(rows: readonly EventRow[]): Promise<void> {
    await this.#options.log.append(await this.#publisher.toRecords(rows));
  }

  /** Does something while no batch is under way; documents are read from the store anew after it. */
  betweenBatches<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#inTurn(async () => {
      try {
        return await work();
      } finally {
        this.#documents.clear();
      }
    });
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  async #own(partitions: readonly number[]): Promise<void> {
    await this.#disown(partitions);
    const { takeover, unpublished, ends, consume } = await this.#takeovers.begin(partitions);
    this.clock.synchronise(takeover.now);
    for (const task of takeover.tasks) {
      this.#tasks.set(task.partition, task);
      this.#published.set(task.partition, { ...task.published });
    }
    for (const row of takeover.parked) {
      this.#parking.add(row);
      this.#parkedPosition = Math.max(this.#parkedPosition, row.position);
    }
    this.#publisher.publish(unpublished);
    for (const row of takeover.effects) this.#effects.start(row);
    for (const [partition, inputs] of ends) {
      const mine = <Row extends { readonly partition: number }>(rows: readonly Row[]) => rows.filter((row) => row.partition === partition);
      this.#catchingUp.set(partition, { inputs, deadlines: mine(takeover.deadlines), parked: mine(takeover.parked) });
    }
    this.requestsArrived(takeover.requests);
    consume();
    this.#armWhatCaughtUp();
  }

  /**
   * Overdue deadlines of a task that was taken over count only once the inputs that were there before have been handled:
   * one of them may have decided otherwise in time.
   */
  #armWhatCaughtUp(): void {
    for (const [partition, { inputs, deadlines, parked }] of this.#catchingUp) {
      const positions = this.#tasks.get(partition)?.positions ?? {};
      if (inputs.some(({ topic, offset }) => (positions[topic]?.offset ?? 0) < offset)) continue;
      this.#catchingUp.delete(partition);
      for (const row of deadlines) if (!this.#deadlines.has(row)) this.#deadlines.set(row);
      for (const row of parked) this.#armWait(row);
    }
  }

  async #disown(partitions: readonly number[]): Promise<void> {
    await this.#takeovers.end(partitions);
    for (const partition of partitions) {
      this.#tasks.delete(partition);
      this.#published.delete(partition);
      this.#catchingUp.delete(partition);
    }
    this.#queue = this.#queue.filter((arrival) => this.owns(partitionOfArrival(arrival)));
    this.#replays.abandon();
    this.#parking.drop(partitions);
    this.#deadlines.drop(partitions);
    this.#states.clear();
    this.#references.clear();
    this.#documents.clear();
    this.#requestsTaken.clear();
  }

  async #onRecords(records: readonly LogRecord[]): Promise<void> {
    this.#arrive(records.map((record) => ({ kind: 'record', record })));
    while (!this.#stopping && this.#isFull()) await new Promise<void>((resolve) => this.#queueFree.push(resolve));
  }

  /** Whether topics have to wait; requests, answers and deadlines never do, they drain what is full. */
  #isFull(): boolean {
    return (
      this.#queue.length >= inputsQueuedMax ||
      this.#effects.open >= effectsOpenMax ||
      this.#publisher.waiting >= unpublishedEventsMax ||
      this.partitions.some((partition) => this.#parking.isFull(partition))
    );
  }

  #onLogError(error: Error): void {
    this.#options.logger.error({ error: error.message }, 'cannot read from the log; the tasks are taken over anew');
    void this.#recover([...this.#tasks.keys()]);
  }

  #onDue(rows: readonly DeadlineRow[]): void {
    this.#arrive(rows.map((row) => (row.kind === waitKind ? this.#endOfWait(row) : { kind: 'deadline' as const, row })).flat());
  }

  /** The wait for references is a deadline of the loop's own. */
  #armWait(row: ParkedRow): void {
    if (row.waitUntil === undefined) return;
    this.#deadlines.set({ kind: waitKind, stream: waitKind, part: row.parkedId, partition: row.partition, key: row.subject, dueAt: row.waitUntil });
  }

  #endOfWait(row: DeadlineRow): readonly Arrival[] {
    const rows = this.#parking.subject(row.partition, row.key);
    return rows.map((each) => ({ kind: 'parked', row: each, waited: each.parkedId === row.part }));
  }

  #nextParkedPosition(): number {
    // Larger than any before, also after a restart, without asking the database.
    this.#parkedPosition = Math.max(this.#parkedPosition + 1, this.clock.now() * 1_000);
    return this.#parkedPosition;
  }

  #onPublished(rows: readonly EventRow[]): void {
    for (const row of rows) {
      const marks = this.#published.get(row.partition);
      if (marks !== undefined) marks[row.channel] = Math.max(marks[row.channel] ?? 0, row.sequence);
    }
    this.#free();
  }

  #free(): void {
    if (this.#queueFree.length === 0 || this.#isFull()) return;
    const waiting = this.#queueFree;
    this.#queueFree = [];
    for (const resolve of waiting) resolve();
  }

  #arrive(arrivals: readonly Arrival[]): void {
    for (const arrival of arrivals) if (this.owns(partitionOfArrival(arrival))) this.#queue.push(arrival);
    if (this.#queue.length > 0 && !this.#stopping) this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0 && !this.#stopping) {
      const arrivals = this.#queue.slice(0, batchInputsMax);
      this.#queue = this.#queue.slice(arrivals.length);
      const partitions = [...new Set(arrivals.map(partitionOfArrival))];
      try {
        await this.#inTurn(() => this.#process(arrivals));
      } catch (error) {
        this.#options.logger.error({ error: (error as Error).message, inputs: arrivals.length }, 'cannot commit; the tasks are taken over anew');
        await this.#recover(partitions);
      }
      this.#free();
    }
  }

  /** Commits a batch. When the database refuses a row, halves it until the offender is alone and parks it. */
  async #process(arrivals: readonly Arrival[], refused?: { readonly reason: string; readonly detail: string }): Promise<void> {
    const mine = arrivals.filter((arrival) => this.owns(partitionOfArrival(arrival)));
    if (mine.length === 0) return;
    const batch = new Batch(this.#ports, this.clock.now());
    try {
      await this.#options.store.commit(await batch.decide(mine, refused));
    } catch (error) {
      if (error instanceof Fenced) {
        this.#options.logger.warn({ error: error.message }, 'another owner has taken tasks over');
        return this.#recover(this.partitions);
      }
      if (!(error instanceof ConstraintViolated) || refused !== undefined) throw error;
      if (mine.length === 1) return this.#process(mine, { reason: error.code, detail: error.message });
      const half = Math.ceil(mine.length / 2);
      await this.#process(mine.slice(0, half));
      return this.#process(mine.slice(half));
    }
    this.#after(batch);
  }

  #after(batch: Batch): void {
    batch.adopt(this.#tasks);
    this.#replays.handled(batch.replayed);
    if (this.#catchingUp.size > 0) this.#armWhatCaughtUp();
    this.#publisher.publish(batch.events.filter((event) => event.channel !== privateChannel));
    for (const row of batch.deadlines) this.#deadlines.set(row);
    for (const row of batch.parked) this.#armWait(row);
    for (const row of batch.effects) this.#effects.start(row);
    for (const reference of batch.arrivedReferences) {
      this.#arrive(this.#parking.awaiting(reference).map((row) => ({ kind: 'parked', row, waited: false })));
    }
    this.#options.log.commit(groupOf(this.#options.definition.name), batch.positions);
    this.#options.onCommitted({ events: batch.events, documents: batch.changedDocuments });
  }

  /** Drops all that was known of these tasks and takes them over anew, until the store and the log answer again. */
  async #recover(partitions: readonly number[]): Promise<void> {
    for (let waitMs = recoverFirstMs; !this.#stopping && partitions.length > 0; waitMs = Math.min(2 * waitMs, recoverMaxMs)) {
      try {
        await this.#own(partitions);
        return;
      } catch (error) {
        this.#options.logger.error({ error: (error as Error).message, waitMs }, 'cannot take tasks over; trying again');
        await new Promise((resolve) => setTimeout(resolve, waitMs));
      }
    }
  }

  /** Stops intake, finishes the batch, publishes what is committed, writes the marks and leaves the group. */
  async stop(): Promise<void> {
    const partitions = this.partitions;
    this.#stopping = true;
    this.#effects.stop();
    this.#deadlines.stop();
    for (const resolve of this.#queueFree) resolve();
    await this.#takeovers.end(partitions);
    await this.#running;
    await this.#publisher.drained();
    await this.#publisher.stop();
    const tasks = [...this.#tasks.values()].map((task) => ({ ...task, published: this.#published.get(task.partition) ?? {} }));
    if (tasks.length > 0) {
      const nothing = { events: [], snapshots: [], deadlines: [], effectsOpened: [], effectsClosed: [], requestsTaken: [] };
      const rest = { parked: [], unparked: [], references: [], documents: new Map(), statements: [] };
      await this.#options.store.commit({ tasks, ...nothing, ...rest }).catch((error: Error) => {
        this.#options.logger.warn({ error: error.message }, 'published marks were not written; the next owner publishes again');
      });
    }
    await this.#membership?.leave();
  }
}

const waitKind = 'reference-wait';

function groupOf(service: string): string {
  return `fullhouse-${service}`;
}
