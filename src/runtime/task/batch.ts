import { UnreadableRecord } from '../../contracts/envelope.ts';
import type { LogRecord } from '../log/log.ts';
import type { Logger } from '../logger.ts';
import type { Addressed, Applied, Message, ReferenceKey, ServiceDefinition } from '../service.ts';
import type {
  Commit,
  DeadlineRow,
  EffectRow,
  EventRow,
  ParkedRow,
  PublishedMark,
  Store,
  TaskRow,
} from '../store/store.ts';
import { endBatch, type MessageSpan, type Tracing } from '../telemetry/tracing.ts';
import { addressesOf } from './addressing.ts';
import {
  type Arrival,
  type FirstArrival,
  type MessageArrival,
  partitionOfArrival,
  subjectOf,
  toMessage,
  traceIdOfArrival,
  WrongPartition,
} from './arrival.ts';
import type { Documents } from './documents.ts';
import { eventOf, ownedEventOf } from './facts.ts';
import type { Gaps } from './gaps.ts';
import { behind, type Parking } from './parking.ts';
import { ParkingDraft, type Placed, type Reason } from './parking-draft.ts';
import { envelopeOf } from './publisher.ts';
import { nameOf, type References } from './references.ts';
import type { DraftedState, StateName, StreamStates } from './streams.ts';
import { isCompacted, TaskDrafts } from './task-drafts.ts';

/** Why the store would not take a batch with this one input in it. */
export interface Refused {
  readonly reason: string;
  readonly detail: string;
}

/** One arrival on its way through the batch. */
interface Taken extends Placed {
  readonly first: FirstArrival;
  readonly subject: string;
  readonly message: Message;
  addressed: readonly Concerned[];
  /** Why the message could not be addressed. */
  misrouted?: Error;
}

/** A stream that a message concerns, and as what. */
interface Concerned extends Pick<Addressed, 'input'> {
  readonly name: StateName;
  /** Where it was in memory before anything was loaded. */
  readonly found: DraftedState | undefined;
}

export interface BatchPorts {
  readonly definition: ServiceDefinition;
  readonly store: Store;
  readonly states: StreamStates;
  readonly references: References;
  readonly documents: Documents;
  readonly parking: Parking;
  readonly tasks: ReadonlyMap<number, TaskRow>;
  readonly gaps: Gaps;
  readonly partitionsOf: (topic: string) => number;
  /** Whether anything can follow from a record here: others of its topic are passed by, unread. */
  readonly concerns: (record: LogRecord) => boolean;
  readonly topicId: (topic: string) => string;
  readonly published: (partition: number) => Readonly<Record<string, PublishedMark>>;
  /** Whether a timer is another than the one that is stored. */
  readonly isNewDeadline: (row: DeadlineRow) => boolean;
  readonly nextParkedPosition: () => number;
  readonly referenceWaitMs: () => number;
  readonly logger: Logger;
  readonly tracing: Tracing;
}

/** One reference may name the next (the show tells the seat plan), so needs are asked for so many times. */
const referenceRounds = 2;
/** The reason of an input that only waits for a reference. */
const referenceMissing = 'reference_missing';
/** What could not be decided for want of a reference is not tried again sooner than this. */
const retryLeastMs = 1_000;

/**
 * One batch: what arrived becomes decisions, and the decisions one commit. Nothing outside is changed before `adopt`, so
 * a batch that could not be committed can be thrown away and decided again.
 *
 * Longer than other files: the steps of a batch share its drafts, and are read in one go, from `decide` down.
 */
export class Batch {
  readonly #ports: BatchPorts;
  readonly #now: number;
  readonly #tasks: TaskDrafts;
  readonly #states;
  readonly #references;
  readonly #documents;
  readonly #parking: ParkingDraft;
  readonly #requestsTaken: string[] = [];
  readonly #effectsClosed: EffectRow[] = [];
  readonly #applied: Applied[] = [];
  readonly #deadlines = new Map<string, DeadlineRow>();
  #changedDeadlines: readonly DeadlineRow[] | undefined;
  readonly #fired = new Set<string>();
  readonly #partitionOfStream = new Map<string, number>();
  readonly events: EventRow[] = [];
  readonly effects: EffectRow[] = [];
  /** What this batch parks for a reason of its own: said once it is committed, since another owner may decide it. */
  readonly #parkedNow: object[] = [];
  /** The messages whose traces are recorded. */
  readonly #spans: MessageSpan[] = [];
  #commitBegan = 0;
  #inputs = 0;
  /** Records that a person had read again, and how many of them had been applied before. */
  readonly replayed = { read: 0, dropped: 0 };

  constructor(ports: BatchPorts, now: number) {
    this.#ports = ports;
    this.#now = now;
    this.#tasks = new TaskDrafts(ports);
    this.#states = ports.states.draft();
    this.#references = ports.references.draft();
    this.#documents = ports.documents.draft();
    this.#parking = new ParkingDraft({ parking: ports.parking, now, nextPosition: ports.nextParkedPosition });
  }

  /**
   * Decides all arrivals. What the domain's own code throws parks its input; only the store, a view or a statement can make
   * the whole throw. With `refused`, the one arrival is parked unseen.
   */
  async decide(arrived: readonly Arrival[], refused?: Refused): Promise<Commit> {
    const taken: Taken[] = [];
    const arrivals = await this.#withLongInputs(arrived);
    await this.#loadKnownReferences(arrivals);
    inOrder(arrivals).forEach((arrival, index) => {
      const each =
        arrival.kind === 'skipped' ? this.#tasks.skip(arrival.skipped) : this.#take({ index, arrival }, refused);
      if (each !== undefined) taken.push(each);
    });
    const ready = await this.#withReferences(taken);
    await this.#loadStates(ready);
    for (const each of ready) this.#decideOne(each);
    await this.#documents.fold(this.#applied, this.#ports.store);
    this.#inputs = arrivals.length;
    this.#commitBegan = Date.now();
    return this.#commit();
  }

  /** Gets the parked inputs that are in the store only; what is not there (any longer) is nothing to decide. */
  async #withLongInputs(arrivals: readonly Arrival[]): Promise<readonly Arrival[]> {
    const long = arrivals.flatMap((each) => (isLong(each) ? [each.row.parkedId] : []));
    if (long.length === 0) return arrivals;
    const inputs = await this.#ports.store.loadParked(long);
    return arrivals.flatMap<Arrival>((each) => {
      if (!isLong(each)) return [each];
      const arrival = inputs.get(each.row.parkedId);
      return arrival === undefined ? [] : [{ ...each, row: { ...each.row, arrival } }];
    });
  }

  /** For records of compacted topics: what is known of their keys decides whether they are news. */
  async #loadKnownReferences(arrivals: readonly Arrival[]): Promise<void> {
    const keys: { topic: string; key: string }[] = [];
    for (const arrival of arrivals) {
      if (arrival.kind === 'skipped') continue;
      const first = firstOf(arrival);
      if (first.kind === 'record' && isCompacted(first.record.topic)) keys.push(first.record);
    }
    if (keys.length > 0) await this.#ports.references.load(keys);
  }

  /** Checks order, reads the message and sets aside what cannot go on. */
  #take(placed: Placed, refused: Refused | undefined): Taken | undefined {
    const { arrival } = placed;
    const first = firstOf(arrival);
    this.#tasks.of(partitionOfArrival(arrival));
    if (arrival.kind === 'parked') {
      const discard = arrival.discard === true;
      if (!this.#parking.takeUp(arrival.row, discard) || discard) return undefined;
    } else if (arrival.kind === 'record') {
      if (arrival.replayed === true) this.replayed.read += 1;
      const news = this.#tasks.newsIn(arrival.record);
      if (news === undefined) return this.#drop(arrival);
      // What its owner has counted was checked when it was decided; what anybody else wrote is looked at by every reader.
      if (news === 'counted' && !this.#ports.concerns(arrival.record)) return undefined;
    }
    const subject = arrival.kind === 'parked' ? arrival.row.subject : subjectOf(first);
    if (refused !== undefined) return this.#park(placed, refused);
    if (this.#parking.holds(placed, subject)) return this.#parkBehind(placed);
    try {
      const message = this.#traced(toMessage(first, this.#now, this.#ports.partitionsOf), first);
      if (first.kind === 'record' && isCompacted(first.record.topic)) {
        // A record that was parked has been checked before; it may well be the one that is known by now.
        const isLater = this.#keepReference(message, first.record.topic);
        if (!isLater && arrival.kind !== 'parked') return this.#drop(arrival);
      }
      return { ...placed, first, subject, message, addressed: [] };
    } catch (error) {
      return this.#park(placed, { ...reasonOf(error as Error, 'undecodable'), alone: error instanceof WrongPartition });
    }
  }

  /** What follows from a message whose trace is recorded belongs to its span. */
  #traced(message: Message, first: FirstArrival): Message {
    const { envelope, partition } = message;
    const from = first.kind === 'record' ? first.record.topic : first.kind;
    const about = { service: this.#ports.definition.name, from, partition, type: envelope.type, id: envelope.id };
    const span = this.#ports.tracing.message(envelope.traceparent, about);
    if (span === undefined) return message;
    this.#spans.push(span);
    return { ...message, envelope: { ...envelope, traceparent: span.traceparent } };
  }

  #drop(arrival: MessageArrival): undefined {
    if (arrival.kind === 'record' && arrival.replayed === true) this.replayed.dropped += 1;
  }

  #keepReference(message: Message, topic: string): boolean {
    const { envelope, key } = message;
    return this.#references.put({
      topic,
      key,
      timeline: envelope.timeline,
      streamVersion: envelope.streamVersion,
      data: envelope.data,
    });
  }

  #park(placed: Placed, reason: Reason): undefined {
    const { arrival } = placed;
    this.#parking.park(placed, reason);
    if (arrival.kind !== 'parked') this.#finish(arrival);
    if (reason.reason === behind || reason.reason === referenceMissing) return;
    const first = firstOf(arrival);
    const about = { subject: subjectOf(first), traceId: traceIdOfArrival(first) };
    this.#parkedNow.push({ partition: partitionOfArrival(arrival), ...about, ...reason });
  }

  #parkBehind(placed: Placed): undefined {
    this.#parking.parkBehind(placed);
    if (placed.arrival.kind !== 'parked') this.#finish(placed.arrival);
  }

  /** The request row, the open effect or the timer behind an arrival is done with, whatever came of it. */
  #finish(first: FirstArrival): void {
    if (first.kind === 'request') this.#requestsTaken.push(first.row.requestId);
    if (first.kind === 'answer') this.#effectsClosed.push(first.effect);
    if (first.kind !== 'deadline') return;
    const name = deadlineName(first.row);
    this.#fired.add(name);
    if (!this.#deadlines.has(name)) this.#deadlines.set(name, { ...first.row, dueAt: undefined });
  }

  /** Finds the references that decisions want to see; who misses one waits, and whoever is about the same subject with it. */
  async #withReferences(taken: readonly Taken[]): Promise<readonly Taken[]> {
    let needs = taken.map((each) => this.#needs(each));
    for (let round = 0; round < referenceRounds; round += 1) {
      const isNews = await this.#ports.references.load(needs.flat().filter((key) => !this.#references.has(key)));
      if (!isNews) break;
      needs = taken.map((each) => this.#needs(each));
    }
    return taken.filter((each, index) => this.#isReady(each, needs[index] ?? []));
  }

  #isReady(each: Taken, needs: readonly ReferenceKey[]): boolean {
    if (this.#parking.holds(each, each.subject)) {
      this.#parkBehind(each);
      return false;
    }
    const missing = this.#references.missing(needs);
    const waitUntil = this.#waitUntil(each.arrival);
    if (missing.length === 0 || waitUntil <= this.#now) return true;
    this.#park(each, { reason: referenceMissing, detail: missing.map(nameOf).join('\n'), waitUntil });
    return false;
  }

  #needs(each: Taken): readonly ReferenceKey[] {
    if (isPublication(each.first)) return [];
    try {
      return (
        this.#ports.definition.routes[each.message.envelope.type]?.needs?.(
          each.message as Message<never>,
          this.#references,
        ) ?? []
      );
    } catch (error) {
      each.misrouted = error as Error;
      return [];
    }
  }

  #waitUntil(arrival: MessageArrival): number {
    if (arrival.kind === 'parked' && arrival.waited) return 0;
    const since = arrival.kind === 'parked' ? arrival.row.parkedAt : this.#now;
    return since + this.#ports.referenceWaitMs();
  }

  async #loadStates(taken: readonly Taken[]): Promise<void> {
    const unknown: StateName[] = [];
    for (const each of taken) {
      if (isPublication(each.first)) continue;
      try {
        each.addressed = addressesOf(this.#ports.definition, each, this.#references).map(
          ({ stream, id, part, input }) => {
            const name = { kind: stream, id, part };
            return { input, name, found: this.#states.find(name) };
          },
        );
        for (const { name, found } of each.addressed) if (found === undefined) unknown.push(name);
      } catch (error) {
        each.misrouted ??= error as Error;
        each.addressed = [];
      }
    }
    const missing = this.#ports.states.missing(unknown);
    if (missing.length === 0) return;
    const loaded = await this.#ports.store.loadStreams(missing);
    this.#ports.states.keep(loaded.map((each, index) => ({ ...each, kind: missing[index]?.kind ?? '' })));
  }

  #decideOne(each: Taken): void {
    if (this.#parking.holds(each, each.subject)) {
      this.#parkBehind(each);
      return;
    }
    const draft = this.#tasks.of(each.message.partition);
    const { sequences } = draft;
    try {
      if (each.misrouted !== undefined) throw each.misrouted;
      const states = each.addressed.map(({ name, found }) => found ?? this.#states.open(name));
      const events = isPublication(each.first)
        ? [ownedEventOf(each.first.row, { draft, at: this.#now })]
        : this.#decisions(each, states);
      const deadlines = each.addressed.map(({ name }, index) =>
        deadlineOf(each.message, name, states[index]?.deadline),
      );
      this.#states.settle();
      this.#record(each, { events, deadlines });
    } catch (error) {
      this.#states.undo();
      draft.sequences = sequences;
      this.#park(each, this.#undecidable(each, error as Error));
    }
  }

  /**
   * What cannot be decided without a reference that is still missing is taken up again when that comes, and tried again now
   * and then: nobody has to redrive it.
   */
  #undecidable(each: Taken, error: Error): Reason {
    const reason = reasonOf(error, 'decider_threw');
    const missing = this.#references.missing(this.#needs(each));
    if (missing.length === 0) return reason;
    const detail = [...missing.map(nameOf), reason.detail].join('\n');
    return {
      reason: reason.reason,
      detail,
      waitUntil: this.#now + Math.max(this.#ports.referenceWaitMs(), retryLeastMs),
    };
  }

  /** What follows from a message, stream by stream. */
  #decisions({ first, addressed, message }: Taken, states: readonly DraftedState[]): readonly EventRow[] {
    const draft = this.#tasks.of(message.partition);
    const events: EventRow[] = [];
    addressed.forEach(({ name, input }, index) => {
      const stream = states[index];
      if (stream === undefined || (first.kind === 'deadline' && !this.#isDue(stream))) return;
      for (const fact of stream.decide(input)) {
        const streamVersion = stream.evolve(fact);
        events.push(eventOf(fact, { message, name, streamVersion, draft }));
      }
      this.#partitionOfStream.set(name.id, message.partition);
    });
    return events;
  }

  /** A timer that rang may have been put off, or taken away, by what came before it. */
  #isDue({ deadline }: DraftedState): boolean {
    return deadline !== undefined && deadline <= this.#now;
  }

  /** The decisions of a message came through: only now do they count. */
  #record(
    each: Taken,
    { events, deadlines }: { readonly events: readonly EventRow[]; readonly deadlines: readonly DeadlineRow[] },
  ): void {
    const { arrival, message, addressed } = each;
    if (arrival.kind !== 'parked') this.#finish(arrival);
    for (const row of deadlines) this.#deadlines.set(deadlineName(row), row);
    if (message.source === 'topic') {
      this.#applied.push({
        kind: 'message',
        key: message.key,
        partition: message.partition,
        envelope: message.envelope,
      });
    }
    for (const event of events) {
      this.events.push(event);
      const envelope = envelopeOf(event, this.#ports.definition.name);
      this.#applied.push({ kind: 'fact', key: event.key, partition: event.partition, envelope });
      if (!Object.hasOwn(this.#ports.definition.effects ?? {}, event.type)) continue;
      const from = addressed.find(({ name }) => name.id === event.stream);
      if (from === undefined) continue;
      this.effects.push({ ...event, kind: from.name.kind, part: event.subject === event.stream ? '' : event.subject });
    }
  }

  #commit(): Commit {
    return {
      tasks: this.#tasks.rows().map((row) => ({ ...row, published: this.#ports.published(row.partition) })),
      events: this.events,
      snapshots: this.#states
        .snapshots()
        .map((each) => ({ ...each, partition: this.#partitionOfStream.get(each.stream) ?? 0 })),
      deadlines: this.deadlines,
      effectsOpened: this.effects,
      effectsClosed: this.#effectsClosed,
      requestsTaken: this.#requestsTaken,
      parked: this.parked,
      unparked: this.#parking.unparked,
      references: this.arrivedReferences,
      documents: this.#documents.rows(),
      statements: this.#ports.definition.statements?.({ applied: this.#applied }) ?? [],
    };
  }

  /** The batch has committed: its drafts become what everybody sees. Returns parked inputs that may go on now. */
  adopt(tasks: Map<number, TaskRow>): readonly ParkedRow[] {
    for (const parked of this.#parkedNow) this.#ports.logger.error(parked, 'parked');
    for (const row of this.#tasks.rows()) tasks.set(row.partition, row);
    this.#tasks.adoptGaps();
    this.#states.adopt();
    this.#references.adopt();
    this.#documents.adopt();
    if (this.#spans.length > 0) {
      const { name: service } = this.#ports.definition;
      endBatch(this.#spans, {
        ...{ service, inputs: this.#inputs, events: this.events.length, commitBegan: this.#commitBegan },
      });
    }
    return this.#parking.adopt();
  }

  /** Timers that are other than they were; one that has gone off is, whatever follows. Asked for when all is decided. */
  get deadlines(): readonly DeadlineRow[] {
    this.#changedDeadlines ??= [...this.#deadlines]
      .filter(([name, row]) => this.#fired.has(name) || this.#ports.isNewDeadline(row))
      .map(([, row]) => row);
    return this.#changedDeadlines;
  }

  get parked(): readonly ParkedRow[] {
    return this.#parking.rows;
  }

  /** References that came with this batch: whoever waits for them may go on. */
  get arrivedReferences() {
    return this.#references.rows;
  }

  get changedDocuments(): ReturnType<Documents['draft']>['changed'] {
    return this.#documents.changed;
  }

  /** Positions to be told to the log, for lag tools. */
  get positions(): readonly { readonly topic: string; readonly partition: number; readonly offset: number }[] {
    return this.#tasks
      .rows()
      .flatMap(({ partition, positions }) =>
        Object.entries(positions).map(([topic, { offset }]) => ({ topic, partition, offset })),
      );
  }
}

/** What is taken up again goes before what has just come, since it arrived before. */
function inOrder(arrivals: readonly Arrival[]): readonly Arrival[] {
  const parked = arrivals.filter((each) => each.kind === 'parked').sort((a, b) => a.row.position - b.row.position);
  return parked.length === 0 ? arrivals : [...parked, ...arrivals.filter((each) => each.kind !== 'parked')];
}

function isLong(arrival: Arrival): arrival is Extract<Arrival, { readonly kind: 'parked' }> {
  return arrival.kind === 'parked' && arrival.row.arrival === undefined;
}

function firstOf(arrival: MessageArrival): FirstArrival {
  return arrival.kind === 'parked' ? (arrival.row.arrival as FirstArrival) : arrival;
}

function deadlineOf(
  { partition, key }: Message,
  { kind, id, part }: StateName,
  dueAt: number | undefined,
): DeadlineRow {
  return { kind, stream: id, part: part ?? '', partition, key, dueAt };
}

function deadlineName({ stream, part }: DeadlineRow): string {
  return `${stream} ${part}`;
}

/** A fact that its own transaction has decided: it concerns no stream here. */
function isPublication(first: FirstArrival): first is FirstArrival & { readonly kind: 'request' } {
  return first.kind === 'request' && first.row.intent === 'publish';
}

/** What `fullhouse parked` shows of an error. */
function reasonOf(error: Error & { readonly code?: unknown }, otherwise: string): Reason {
  const code = error instanceof UnreadableRecord ? error.reason : error.code;
  return { reason: typeof code === 'string' ? code : otherwise, detail: error.message };
}
