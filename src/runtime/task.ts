import { LRUCache } from 'lru-cache';
import type { Log, LogRecord, TopicPartition } from './log/log.ts';
import { partitionOf } from './log/partitioner.ts';
import type { Logger } from './logger.ts';
import type { ServiceDefinition, Statement } from './service.ts';
import type { FirstDocument, ServiceRuntime } from './service-runtime.ts';
import {
  type Commit,
  type DeadlineRow,
  type EventRow,
  Fenced,
  type ParkedRow,
  type PublishedMark,
  privateChannel,
  type RequestRow,
  RequestsTaken,
  StatementRefused,
  type Store,
  StoreUnavailable,
  type TaskRow,
} from './store/store.ts';
import { Adoption } from './task/adoption.ts';
import { type Arrival, isKnownEvent, partitionOfArrival } from './task/arrival.ts';
import { Batch, type BatchPorts, type Refused } from './task/batch.ts';
import { CatchingUp } from './task/catching-up.ts';
import { TaskClock } from './task/clock.ts';
import { Deadlines } from './task/deadlines.ts';
import { Documents } from './task/documents.ts';
import { Effects, effectsOpenMax } from './task/effects.ts';
import { Gaps } from './task/gaps.ts';
import { Intake } from './task/intake.ts';
import { LastWords } from './task/last-words.ts';
import { groupOf, Ownership } from './task/ownership.ts';
import { awaitedReferences, Parking, parkedInputsMax } from './task/parking.ts';
import { Publisher, unpublishedEventsMax } from './task/publisher.ts';
import { RecentIds } from './task/recent-ids.ts';
import { nameOf, References } from './task/references.ts';
import { type Replayed, Replays } from './task/replays.ts';
import { StreamStates } from './task/streams.ts';
import { type Begun, Takeovers } from './task/takeovers.ts';
import { isCompacted } from './task/task-drafts.ts';
import { Turns } from './task/turns.ts';
import { type LoopObserver, unobserved } from './telemetry/metrics.ts';
import { noTracing, type Tracing } from './telemetry/tracing.ts';

/**
 * The loop that runs a service. It carries all tasks (partitions) the process owns, and goes round like this:
 *
 *   take what has arrived → decide → one transaction → publish what was decided, fire what is due, run effects
 *
 * The next batch is whatever came while the last one committed; only what nobody waits for waits a moment for company. Which tasks it has, and how they
 * come and go, is in `task/ownership.ts`. Batches, takeovers and revocations never overlap (`Turns`).
 *
 * The file is longer than others because this is the one place where all of that meets; what each part does is in `task/`.
 */

/** Inputs of one batch. */
const batchInputsMax = 500;
/** The text of records that is enough for one batch. */
export const batchCharsMax = 4_000_000;
/** Inputs waiting for a batch before topics are asked for no more, and the text of records among them. */
const inputsQueuedMax = 2_000;
const inputsQueuedCharsMax = 16_000_000;
/** Requests, answers and timers do not wait for room in memory, so their senders have to: beyond this, ingress says 503. */
export const inputsWaitingMax = 20_000;
/** Inputs of which nothing followed that a crash may have us read again. */
const unwrittenInputsMax = 2_000;
const caughtUpPauseMs = 5;
/** References that other instances have stored, remembered for inputs that are being parked at the same moment. */
const arrivedElsewhereMax = 10_000;
/** What is committed but not published within this time at a stop is left to the next owner. */
const publishGraceMs = 3_000;
/** A stop that takes longer, since a database or a log says nothing, is left unfinished: all of it is stored. */
const stopMs = 8_000;

export interface TaskLoopOptions {
  readonly definition: ServiceDefinition;
  readonly store: Store;
  readonly log: Log;
  readonly logger: Logger;
  readonly runtime: ServiceRuntime;
  /** The value of a setting's record, kept by the process. */
  readonly setting: (key: string) => unknown;
  readonly referenceWaitMs: () => number;
  /** States, references and documents kept in memory, where that is to be fewer than a server has room for. */
  readonly cachedMax?: number;
  /** Inputs that wait before topics are asked for no more, where that is to be fewer than usual. */
  readonly queuedMax?: number;
  /** When a task is claimed again that somebody else took while the group said it was ours; 10 s. */
  readonly claimAgainMs?: number;
  /** Statements that tell other instances of the service what a commit brings, as part of it. */
  readonly telling?: (commit: Commit) => readonly Statement[];
  /** Called after each commit with what it changed. */
  readonly onCommitted: (changes: Committed) => void;
  /** Awaited before each batch: whoever shares the process lets others have their turn. */
  readonly nextTurn?: () => Promise<unknown>;
  readonly observer?: LoopObserver;
  readonly tracing?: Tracing;
}

export interface Committed {
  readonly events: readonly EventRow[];
  readonly documents: readonly { readonly view: string; readonly id: string; readonly partition: number }[];
  readonly references: readonly { readonly topic: string; readonly key: string }[];
}

export class TaskLoop {
  readonly #options: TaskLoopOptions;
  readonly #observer: LoopObserver;
  readonly clock = new TaskClock();
  readonly #tasks = new Map<number, TaskRow>();
  readonly #published = new Map<number, Record<string, PublishedMark>>();
  readonly #turns = new Turns();
  readonly #ownership: Ownership;
  readonly #intake: Intake;
  readonly #parking = new Parking();
  readonly #states: StreamStates;
  readonly #references: References;
  readonly #documents: Documents;
  readonly #deadlines: Deadlines;
  readonly #effects: Effects;
  readonly #publisher: Publisher;
  readonly #takeovers: Takeovers;
  readonly #catchingUp: CatchingUp;
  readonly #requestsTaken = new RecentIds();
  /** References that another instance has stored of late: an input may be about to be parked for one of them. */
  readonly #arrivedElsewhere: LRUCache<string, true>;
  readonly #replays = new Replays();
  readonly #gaps = new Gaps();
  readonly #ports: BatchPorts;
  /** Raised when tasks change hands: a reader that waits for room in the name of the earlier ones gives up. */
  #handovers = 0;
  #running: Promise<void> | undefined;
  /** What is being written. */
  #adoption: Adoption | undefined;
  #stopping = false;
  #parkedPosition = 0;
  /** Tasks whose positions in memory are ahead of the stored ones, and by how many inputs at the most. */
  readonly #unwritten = new Set<number>();
  #unwrittenInputs = 0;

  constructor(options: TaskLoopOptions) {
    const { definition, store, log, logger, runtime } = options;
    this.#options = options;
    this.#observer = options.observer ?? unobserved;
    const concerns = concernedBy(definition);
    const unhurried = new Set(definition.unhurried);
    this.#intake = new Intake(
      (record) => unhurried.has(record.headers['ce_type'] ?? '') || !concerns(record),
      () => this.#start(),
    );
    this.#arrivedElsewhere = new LRUCache({ max: options.cachedMax ?? arrivedElsewhereMax });
    this.#states = new StreamStates(definition.streams, options.cachedMax);
    const partitionsOf = (topic: string) => log.topics.find((each) => each.name === topic)?.partitions ?? 1;
    this.#references = new References({
      store,
      settings: options.setting,
      reads: (topic) => partitionsOf(topic) > 1 || this.#tasks.has(0),
      cachedMax: options.cachedMax,
    });
    this.#documents = new Documents(definition.views ?? [], options.cachedMax);
    this.#deadlines = new Deadlines({ now: () => this.clock.now(), onDue: (rows) => this.#onDue(rows) });
    this.#effects = new Effects({
      effects: definition.effects ?? {},
      runtime,
      logger,
      onAnswer: (effect, answer) => this.#arrive([{ kind: 'answer', effect, answer }]),
      onEnded: this.#observer.effect,
      tracing: options.tracing ?? noTracing,
    });
    this.#publisher = new Publisher({
      service: definition.name,
      log,
      store,
      logger,
      runtime,
      enrich: definition.enrich ?? {},
      references: this.#references,
      onPublished: (rows) => this.#onPublished(rows),
    });
    this.#takeovers = new Takeovers({
      definition,
      store,
      log,
      onRecords: (records) => this.#onRecords(records),
      onSkipped: (skipped) => this.#arrive([{ kind: 'skipped', skipped }]),
      topicId: (topic) => this.#ownership.topicId(topic),
      onError: (partition, error) => this.#ownership.lose([partition], error),
      lastWords: new LastWords({
        ...{ service: definition.name, log, store, logger },
        toRecords: (rows) => this.#publisher.toRecords(rows),
      }),
    });
    this.#ownership = new Ownership({
      definition,
      log,
      logger,
      turns: this.#turns,
      takeovers: this.#takeovers,
      owned: () => this.partitions,
      isStopping: () => this.#stopping,
      disown: (partitions) => this.#disown(partitions),
      own: (begun, early) => this.#own(begun, early),
      start: () => this.#start(),
      claimAgainMs: options.claimAgainMs,
    });
    const topicId = (topic: string) => this.#ownership.topicId(topic);
    this.#catchingUp = new CatchingUp(topicId);
    this.#ports = {
      definition,
      store,
      logger,
      states: this.#states,
      references: this.#references,
      documents: this.#documents,
      parking: this.#parking,
      tasks: this.#tasks,
      gaps: this.#gaps,
      partitionsOf,
      concerns,
      topicId,
      published: (partition) => this.#published.get(partition) ?? {},
      isNewDeadline: (row) => this.#catchingUp.holds(row.partition) || !this.#deadlines.isSet(row),
      nextParkedPosition: () => this.#nextParkedPosition(),
      referenceWaitMs: options.referenceWaitMs,
      tracing: options.tracing ?? noTracing,
    };
  }

  /** Joins the service's group; resolves when the first tasks are owned and running. */
  start(): Promise<void> {
    return this.#ownership.join();
  }

  owns(partition: number): boolean {
    return this.#tasks.has(partition);
  }

  get partitions(): readonly number[] {
    return [...this.#tasks.keys()];
  }

  /** Whether the group has given a partition to this loop, taken over or not. */
  isAssigned(partition: number): boolean {
    return this.#ownership.isAssigned(partition);
  }

  get queued(): number {
    return this.#intake.length;
  }

  /** Why the last batch or takeover failed, while none has succeeded since. */
  get trouble(): string | undefined {
    return this.#ownership.trouble;
  }

  /** Why it does not do its part yet; a loop that the group gives nothing to is as it should be. */
  get notReady(): string | undefined {
    return this.#ownership.notReady ?? this.#gaps.trouble;
  }

  /** Whether some of its tasks go on, whatever the others wait for. */
  get isAtWork(): boolean {
    return this.#ownership.isAtWork;
  }

  /** Resolves when all that the topics hold now has been handled and all that was decided is published. */
  async caughtUp(): Promise<void> {
    const isIdle = () => this.#intake.length === 0 && this.#running === undefined;
    while (!this.#stopping) {
      const before = isIdle();
      await this.#publisher.drained();
      const behind = await this.#takeovers.behind([...this.#tasks.values()]);
      if (before && behind === 0 && isIdle()) return;
      await (this.#running ?? new Promise((resolve) => setTimeout(resolve, caughtUpPauseMs)));
    }
  }

  /** Timers that are set. */
  get deadlines(): number {
    return this.#deadlines.size;
  }

  get effects(): Pick<Effects, 'open' | 'breakers'> {
    return this.#effects;
  }

  /** Records that its tasks have not handled yet, by topic partition. */
  lag(): Promise<readonly (TopicPartition & { readonly records: number })[]> {
    return this.#takeovers.lag([...this.#tasks.values()]);
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

  /** Resolves once a commit that changes a stream is in memory too; `undefined` where none is being written. */
  adopting(stream: string): Promise<void> | undefined {
    return this.#adoption?.concerns(stream) === true ? this.#adoption.wait() : undefined;
  }

  /** Rows that were just stored; those of other owners' partitions are left to them. Returns how many it did not know. */
  requestsArrived(rows: readonly RequestRow[]): number {
    this.#ownership.keepEarly(rows);
    const mine = rows.filter((row) => this.owns(row.partition) && this.#requestsTaken.add(row.requestId));
    this.#arrive(mine.map((row) => ({ kind: 'request', row })));
    return mine.length;
  }

  /** Documents that were just stored with a request; their ids were made for them. */
  documentsBegun(documents: readonly FirstDocument[]): void {
    for (const { view, id, key, doc } of documents)
      if (this.owns(partitionOf(key, this.#ports.partitionsOf(this.#options.definition.mainInput))))
        this.#documents.begun(view, id, doc);
  }

  /** Rows may have been stored that nobody was told of: they are read from the store with everything else. */
  requestsMissed(error: Error): void {
    this.#ownership.loseAll(error);
  }

  /** Whether topics hold more than the database of these tasks. */
  get isBehind(): boolean {
    return this.#ownership.refused.size > 0;
  }

  /** Another instance has stored references that inputs may wait for; without names: any may have come. */
  referencesArrived(references?: readonly { readonly topic: string; readonly key: string }[]): void {
    for (const each of references ?? []) this.#arrivedElsewhere.set(nameOf(each), true);
    this.#takeUp(references?.flatMap((each) => this.#parking.awaiting(each)) ?? this.#parking.awaitingAny);
  }

  /** Takes up parked inputs again, with everything that waits behind them. */
  redrive(partition: number, subject: string, parkedId?: string): number {
    const rows =
      subject === ''
        ? this.#parking.rows.filter((row) => row.parkedId === parkedId)
        : this.#parking.subject(partition, subject);
    this.#arrive(rows.map((row) => ({ kind: 'parked', row, waited: false })));
    return rows.length;
  }

  /** Throws one parked input away and takes up what waits behind it. */
  discard(parkedId: string): boolean {
    const row = this.#parking.rows.find((each) => each.parkedId === parkedId);
    if (row === undefined) return false;
    const behind = row.subject === '' ? [row] : this.#parking.subject(row.partition, row.subject);
    this.#arrive(
      behind.map((each) => ({ kind: 'parked', row: each, waited: false, discard: each.parkedId === parkedId })),
    );
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
    return this.#turns.take(async () => {
      try {
        return await work();
      } finally {
        this.#documents.distrust();
      }
    });
  }

  /** Makes its own what was taken over. */
  #own({ takeover, unpublished, ends, consume }: Begun, early: readonly RequestRow[]): void {
    this.clock.synchronise(takeover.now);
    this.#states.learn(takeover.latest?.streams);
    this.#documents.learn(takeover.latest?.documents);
    for (const task of takeover.tasks) {
      this.#tasks.set(task.partition, task);
      this.#published.set(task.partition, { ...task.published });
    }
    for (const row of takeover.parked) {
      this.#parking.add(row);
      this.#parkedPosition = Math.max(this.#parkedPosition, row.position);
    }
    for (const each of unpublished) this.#publisher.publishStored(each);
    for (const row of takeover.effects) this.#effects.start(row);
    for (const [partition, inputs] of ends) {
      const mine = <Row extends { readonly partition: number }>(rows: readonly Row[]) =>
        rows.filter((row) => row.partition === partition);
      this.#catchingUp.begin(partition, { inputs, deadlines: mine(takeover.deadlines), parked: mine(takeover.parked) });
    }
    const subjects = new Map(takeover.parked.map((row) => [`${row.partition} ${row.subject}`, row]));
    this.#takeUp(
      [...subjects.values()].flatMap((row) => this.#parking.released(row.partition, row.subject, isNewlyKnown)),
    );
    this.requestsArrived([...takeover.requests, ...early]);
    consume();
    this.#armWhatCaughtUp();
  }

  #armWhatCaughtUp(): void {
    const { deadlines, parked } = this.#catchingUp.caughtUp(this.#tasks);
    for (const row of deadlines) if (!this.#deadlines.has(row)) this.#deadlines.set(row);
    for (const row of parked) if (this.#parking.has(row)) this.#armWait(row);
  }

  async #disown(partitions: readonly number[]): Promise<void> {
    // Readers may be waiting for room that only a batch makes, and no batch comes before this is done.
    this.#handovers += 1;
    this.#intake.changed();
    await this.#takeovers.end(partitions);
    for (const partition of partitions) {
      this.#tasks.delete(partition);
      this.#published.delete(partition);
    }
    this.#intake.keep((arrival) => this.owns(partitionOfArrival(arrival)));
    this.#requestsTaken.clear();
    for (const { row } of this.#intake.requests) this.#requestsTaken.add(row.requestId);
    for (const partition of partitions) this.#unwritten.delete(partition);
    this.#catchingUp.end(partitions);
    this.#replays.abandon();
    this.#publisher.drop(partitions);
    this.#effects.disown(partitions);
    this.#parking.drop(partitions);
    this.#gaps.drop(partitions);
    this.#deadlines.drop(partitions);
    this.#states.clear();
    this.#references.clear();
    this.#documents.clear();
  }

  async #onRecords(records: readonly LogRecord[]): Promise<void> {
    const handovers = this.#handovers;
    const partition = records[0]?.partition ?? 0;
    this.#arrive(records.map((record) => ({ kind: 'record', record })));
    let told = false;
    while (!this.#stopping && handovers === this.#handovers && this.#isFull(partition)) {
      if (this.#parking.isFull(partition) && !told) {
        told = true;
        this.#options.logger.error(
          { partition, parkedInputsMax },
          'too many inputs are parked; the topics of this task are read no further',
        );
      }
      await this.#intake.change();
    }
  }

  /** Whether topics have to wait; requests, answers and deadlines never do, they drain what is full. */
  #isFull(partition: number): boolean {
    return (
      this.#intake.length >= (this.#options.queuedMax ?? inputsQueuedMax) ||
      this.#intake.chars >= inputsQueuedCharsMax ||
      this.#effects.open >= effectsOpenMax ||
      this.#publisher.waiting >= unpublishedEventsMax ||
      this.#parking.isFull(partition)
    );
  }

  #onDue(rows: readonly DeadlineRow[]): void {
    for (const { dueAt } of rows) if (dueAt !== undefined) this.#observer.rang((this.clock.now() - dueAt) / 1_000);
    this.#arrive(
      rows.flatMap((row) => (row.kind === waitKind ? this.#endOfWait(row) : { kind: 'deadline' as const, row })),
    );
  }

  /** The wait for references is a deadline of the loop's own. */
  #armWait(row: ParkedRow): void {
    if (row.waitUntil === undefined) return;
    this.#deadlines.set({
      kind: waitKind,
      stream: waitKind,
      part: row.parkedId,
      partition: row.partition,
      key: row.subject,
      dueAt: row.waitUntil,
    });
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
      if (marks === undefined) continue;
      const topicId = this.#ownership.topicId(row.channel);
      const before = marks[row.channel];
      if (before?.topicId !== topicId || before.sequence < row.sequence)
        marks[row.channel] = { sequence: row.sequence, topicId };
    }
    this.#intake.changed();
  }

  #arrive(arrivals: readonly Arrival[]): void {
    this.#intake.add(arrivals.filter((arrival) => this.owns(partitionOfArrival(arrival))));
    this.#start();
  }

  #takeUp(rows: readonly ParkedRow[]): void {
    this.#arrive(rows.map((row) => ({ kind: 'parked', row, waited: false })));
  }

  #start(): void {
    if (this.#hasWork) this.#running ??= this.#run();
  }

  get #hasWork(): boolean {
    return (this.#intake.isReady || this.#ownership.hasLost) && !this.#stopping;
  }

  async #run(): Promise<void> {
    while (this.#hasWork) {
      if (this.#ownership.hasLost) await this.#ownership.recover();
      else {
        await this.#options.nextTurn?.();
        await this.#handle(this.#intake.take(batchInputsMax, batchCharsMax));
      }
      this.#intake.changed();
    }
    // In the same turn as the check above: what arrives later starts anew.
    this.#running = undefined;
  }

  async #handle(arrivals: readonly Arrival[]): Promise<void> {
    const began = performance.now();
    try {
      await this.#turns.take(() => this.#process(arrivals));
    } catch (error) {
      this.#ownership.lose([...new Set(arrivals.map(partitionOfArrival))], error as Error);
    }
    this.#observer.batch(countsOf(arrivals), (performance.now() - began) / 1_000);
  }

  /** Commits a batch. When an input makes that impossible, halves it until the offender is alone and parks it. */
  async #process(arrivals: readonly Arrival[], refused?: Refused): Promise<void> {
    const mine = arrivals.filter((arrival) => this.owns(partitionOfArrival(arrival)));
    if (mine.length === 0) return;
    const batch = new Batch(this.#ports, this.clock.now());
    try {
      const commit = await batch.decide(mine, refused);
      this.#adoption = new Adoption(commit);
      await this.#write(commit, mine.length);
    } catch (error) {
      this.#endAdoption();
      if (error instanceof Fenced && error.partitions.some((partition) => this.owns(partition))) {
        this.#options.logger.warn(
          { partitions: error.partitions },
          'another owner has taken tasks over; they are given up',
        );
        await this.#ownership.giveUp(error.partitions);
        return this.#process(mine, refused);
      }
      const isNobodysFault =
        error instanceof StoreUnavailable || error instanceof StatementRefused || error instanceof Fenced;
      if (isNobodysFault || refused !== undefined) throw error;
      // Told of twice, and done the first time, perhaps by the task's earlier owner.
      if (mine.length === 1 && error instanceof RequestsTaken) return;
      if (mine.length === 1) return this.#process(mine, refusedFor(error as Error));
      const half = Math.ceil(mine.length / 2);
      await this.#process(mine.slice(0, half));
      return this.#process(mine.slice(half));
    }
    this.#after(batch);
    this.#endAdoption();
  }

  #endAdoption(): void {
    this.#adoption?.end();
    this.#adoption = undefined;
  }

  /**
   * A batch of which nothing follows but positions need not be written at once: they go with the next one of which
   * something does. After a crash in between its inputs are read again, and nothing follows of them again.
   */
  async #write(commit: Commit, inputs: number): Promise<void> {
    for (const { partition } of commit.tasks) this.#unwritten.add(partition);
    this.#unwrittenInputs += inputs;
    if (isNothing(commit) && this.#unwrittenInputs < unwrittenInputsMax) return;
    const others = [...this.#unwritten].filter(
      (partition) => !commit.tasks.some((task) => task.partition === partition),
    );
    const rows = others.flatMap((partition) => this.#marked(partition));
    const statements = [...commit.statements, ...(this.#options.telling?.(commit) ?? [])];
    await this.#options.store.commit({ ...commit, statements, tasks: [...commit.tasks, ...rows] });
    this.#unwritten.clear();
    this.#unwrittenInputs = 0;
  }

  /** A task's row with what is published by now. */
  #marked(partition: number): readonly TaskRow[] {
    const task = this.#tasks.get(partition);
    return task === undefined ? [] : [{ ...task, published: this.#published.get(partition) ?? {} }];
  }

  #after(batch: Batch): void {
    const released = batch.adopt(this.#tasks);
    this.#ownership.succeeded();
    this.#replays.handled(batch.replayed);
    if (this.#catchingUp.size > 0) this.#armWhatCaughtUp();
    this.#publisher.publish(batch.events.filter((event) => event.channel !== privateChannel));
    for (const row of batch.deadlines) this.#deadlines.set(row);
    for (const row of batch.parked) this.#armWait(row);
    this.#takeUp(this.#arrivedMeanwhile(batch.parked));
    for (const row of batch.effects) this.#effects.start(row);
    this.#takeUp(released);
    for (const reference of batch.arrivedReferences) this.#takeUp(this.#parking.awaiting(reference));
    this.#options.log.commit(groupOf(this.#options.definition.name), batch.positions);
    this.#options.onCommitted({
      events: batch.events,
      documents: batch.changedDocuments,
      references: batch.arrivedReferences,
    });
  }

  /** Of inputs that were just parked, those whose reference another instance stored while that was decided. */
  #arrivedMeanwhile(parked: readonly ParkedRow[]): readonly ParkedRow[] {
    if (this.#arrivedElsewhere.size === 0) return [];
    const names = new Set(parked.flatMap(awaitedReferences).filter((name) => this.#arrivedElsewhere.has(name)));
    for (const name of names) this.#arrivedElsewhere.delete(name);
    return parked.filter((row) => awaitedReferences(row).some((name) => names.has(name)));
  }

  /** Stops intake, finishes the batch, publishes what is committed, writes the marks and leaves the group. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#turns.stop();
    this.#effects.stop();
    this.#deadlines.stop();
    this.#ownership.stop();
    this.#intake.stop();
    this.#intake.changed();
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        this.#options.logger.warn(
          { stopMs },
          'the store or the log does not answer; the next owner finishes what is open',
        );
        resolve();
      }, stopMs);
    });
    await Promise.race([this.#finish(), tooLong]);
    clearTimeout(timer);
  }

  async #finish(): Promise<void> {
    await this.#takeovers.end();
    await this.#running;
    await this.#turns.idle();
    await this.#takeovers.end();
    await this.#publisher.stop(publishGraceMs);
    await this.#writeMarks();
    await this.#ownership.leave();
  }

  /** So that the next owner need not publish again what is out. */
  async #writeMarks(): Promise<void> {
    const marked = this.partitions
      .filter((partition) => !this.#ownership.isLost(partition))
      .flatMap((each) => this.#marked(each));
    if (marked.length === 0) return;
    const nothing = {
      events: [],
      snapshots: [],
      deadlines: [],
      effectsOpened: [],
      effectsClosed: [],
      requestsTaken: [],
    };
    const rest = { parked: [], unparked: [], references: [], documents: new Map(), statements: [] };
    await this.#options.store.commit({ tasks: marked, ...nothing, ...rest }).catch((error: Error) => {
      this.#options.logger.warn(
        { error: error.message },
        'published marks were not written; the next owner publishes again',
      );
    });
  }
}

/** By what a service says of itself: an event that has no route, no view and no statement is nothing to it. */
function concernedBy({ routes, views = [], statementsOn = [] }: ServiceDefinition): (record: LogRecord) => boolean {
  const types = new Set([...Object.keys(routes), ...views.flatMap(({ on }) => Object.keys(on)), ...statementsOn]);
  return (record) => types.has(record.headers['ce_type'] ?? '') || isCompacted(record.topic) || !isKnownEvent(record);
}

/** Whether an input is an event that the build which parked it did not know, and this one does. */
function isNewlyKnown({ reason, arrival, brief }: ParkedRow): boolean {
  const wasUnknown = reason === 'unknown_type' || reason === 'unsupported_version';
  const parked = brief ?? (arrival as Arrival);
  return wasUnknown && parked.kind === 'record' && isKnownEvent(parked.record);
}

/** How many there are of each task. */
function countsOf(arrivals: readonly Arrival[]): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const arrival of arrivals) {
    const partition = partitionOfArrival(arrival);
    counts.set(partition, (counts.get(partition) ?? 0) + 1);
  }
  return counts;
}

/** Whether nothing follows of a batch but positions. */
function isNothing({ tasks: _tasks, documents, ...rows }: Commit): boolean {
  return documents.size === 0 && Object.values(rows).every((each) => each.length === 0);
}

function refusedFor(error: Error & { readonly code?: unknown }): Refused {
  return { reason: typeof error.code === 'string' ? error.code : 'not_decidable', detail: error.message };
}

const waitKind = 'reference-wait';
