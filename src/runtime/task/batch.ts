import { UnreadableRecord } from '../../contracts/envelope.ts';
import { publication, topicNamed, type TopicName } from '../../contracts/topics.ts';
import type { Logger } from '../logger.ts';
import type { Addressed, Applied, Message, ReferenceKey, ServiceDefinition } from '../service.ts';
import {
  type Commit,
  type DeadlineRow,
  type EffectRow,
  type EventRow,
  type ParkedRow,
  privateChannel,
  type RequestRow,
  type Store,
  type TaskRow,
} from '../store/store.ts';
import { type Arrival, type FirstArrival, partitionOfArrival, subjectOf, toMessage } from './arrival.ts';
import type { Documents } from './documents.ts';
import type { Parking } from './parking.ts';
import { envelopeOf } from './publisher.ts';
import { nameOf, type References } from './references.ts';
import { verdictOn } from './sequences.ts';
import type { StateName, StreamStates } from './streams.ts';

/** An event larger than this fails before its commit: brokers refuse a megabyte. */
export const eventBytesMax = 900_000;

/** A task as a batch changes it; what it started from stays untouched until the batch has committed. */
interface TaskDraft {
  readonly row: TaskRow;
  readonly positions: Record<string, { offset: number; topicId: string }>;
  readonly heads: Record<string, { timeline: number; sequence: number }>;
  readonly sequences: Record<string, number>;
}

/** One arrival on its way through the batch. */
interface Taken {
  readonly arrival: Arrival;
  readonly first: FirstArrival;
  readonly subject: string;
  readonly message: Message;
  addressed: readonly Addressed[];
  /** Why the message could not be addressed. */
  misrouted?: Error;
}

export interface BatchPorts {
  readonly definition: ServiceDefinition;
  readonly store: Store;
  readonly states: StreamStates;
  readonly references: References;
  readonly documents: Documents;
  readonly parking: Parking;
  readonly tasks: ReadonlyMap<number, TaskRow>;
  readonly partitionsOf: (topic: string) => number;
  readonly topicId: (topic: string) => string;
  readonly published: (partition: number) => Readonly<Record<string, number>>;
  readonly nextParkedPosition: () => number;
  readonly referenceWaitMs: () => number;
  readonly logger: Logger;
}

/**
 * One batch: what arrived becomes decisions, and the decisions one commit. Nothing outside is changed before `adopt`, so
 * a batch that could not be committed can be thrown away and decided again.
 */
export class Batch {
  readonly #ports: BatchPorts;
  readonly #now: number;
  readonly #drafts = new Map<number, TaskDraft>();
  readonly #states;
  readonly #references;
  readonly #documents;
  readonly #parkedHere: ParkedRow[] = [];
  readonly #heldHere = new Set<string>();
  readonly #unparked: ParkedRow[] = [];
  readonly #requestsTaken: string[] = [];
  readonly #effectsClosed: EffectRow[] = [];
  readonly #applied: Applied[] = [];
  readonly #touched = new Map<string, { readonly name: StateName; readonly partition: number; readonly key: string }>();
  readonly #fired = new Map<string, DeadlineRow>();
  readonly events: EventRow[] = [];
  readonly effects: EffectRow[] = [];
  deadlines: DeadlineRow[] = [];
  /** Records that a person had read again, and how many of them had been applied before. */
  readonly replayed = { read: 0, dropped: 0 };
  /** References that came with this batch: whoever waits for them may go on. */
  arrivedReferences: readonly { readonly topic: string; readonly key: string }[] = [];

  constructor(ports: BatchPorts, now: number) {
    this.#ports = ports;
    this.#now = now;
    this.#states = ports.states.draft();
    this.#references = ports.references.draft();
    this.#documents = ports.documents.draft();
  }

  /** Decides all arrivals. Only the store can make it throw. */
  async decide(arrivals: readonly Arrival[], refused?: { readonly reason: string; readonly detail: string }): Promise<Commit> {
    const taken: Taken[] = [];
    await this.#loadKnownReferences(arrivals);
    for (const arrival of arrivals) {
      const each = this.#take(arrival, refused);
      if (each !== undefined) taken.push(each);
    }
    const ready = await this.#withReferences(taken);
    await this.#loadStates(ready);
    for (const each of ready) this.#decideOne(each);
    await this.#documents.fold(this.#applied, this.#ports.store);
    this.deadlines = this.#deadlineRows();
    this.arrivedReferences = this.#references.rows;
    return this.#commit();
  }

  /** For records of compacted topics: what is known of their keys decides whether they are news. */
  async #loadKnownReferences(arrivals: readonly Arrival[]): Promise<void> {
    const keys: { topic: string; key: string }[] = [];
    for (const arrival of arrivals) {
      if (arrival.kind === 'record' && isCompacted(arrival.record.topic)) keys.push(arrival.record);
    }
    if (keys.length > 0) await this.#ports.references.load(keys);
  }

  #draft(partition: number): TaskDraft {
    const known = this.#drafts.get(partition);
    if (known !== undefined) return known;
    const row = this.#ports.tasks.get(partition);
    if (row === undefined) throw new Error(`task ${partition} is not owned here`);
    const draft = { row, positions: { ...row.positions }, heads: { ...row.heads }, sequences: { ...row.sequences } };
    this.#drafts.set(partition, draft);
    return draft;
  }

  /** Checks order, reads the message and sets aside what cannot go on. */
  #take(arrival: Arrival, refused: { readonly reason: string; readonly detail: string } | undefined): Taken | undefined {
    const first = firstOf(arrival);
    const draft = this.#draft(partitionOfArrival(arrival));
    const subject = arrival.kind === 'parked' ? arrival.row.subject : subjectOf(first);
    if (arrival.kind === 'parked') {
      this.#unparked.push(arrival.row);
      if (arrival.discard) {
        this.#finish(first);
        return undefined;
      }
    } else if (arrival.kind === 'record') {
      if (arrival.replayed === true) this.replayed.read += 1;
      if (!this.#isNews(arrival.record, draft)) return this.#drop(arrival);
    }
    if (refused !== undefined) return this.#park(arrival, refused.reason, refused.detail);
    if (this.#isHeld(arrival, draft.row.partition, subject)) return this.#park(arrival, 'behind', 'an earlier input of this subject waits');
    try {
      const message = toMessage(first, this.#now, this.#ports.partitionsOf);
      if (first.kind === 'record' && isCompacted(first.record.topic) && !this.#keepReference(message, first.record.topic)) return this.#drop(arrival);
      return { arrival, first, subject, message, addressed: [] };
    } catch (error) {
      const reason = error instanceof UnreadableRecord ? error.reason : ((error as { code?: string }).code ?? 'undecodable');
      return this.#park(arrival, reason, (error as Error).message);
    }
  }

  #drop(arrival: Arrival): undefined {
    if (arrival.kind === 'record' && arrival.replayed === true) this.replayed.dropped += 1;
  }

  /** Rule 2: the producer's next event goes on, a repeated one is dropped, one beyond the next is not applied. */
  #isNews(record: { topic: string; partition: number; offset: number; headers: Readonly<Record<string, string>> }, draft: TaskDraft): boolean {
    const topicId = this.#ports.topicId(record.topic);
    const before = draft.positions[record.topic];
    // A replay reads what was read before: positions of one and the same topic never go back.
    const offset = before?.topicId === topicId ? Math.max(before.offset, record.offset + 1) : record.offset + 1;
    draft.positions[record.topic] = { offset, topicId };
    if (isCompacted(record.topic)) return true;
    const verdict = verdictOn(record.headers, draft.heads[record.topic]);
    if (verdict.kind === 'next') draft.heads[record.topic] = verdict.head;
    if (verdict.kind === 'gap') {
      this.#ports.logger.error(
        { topic: record.topic, partition: record.partition, expected: verdict.expected, found: verdict.found },
        `events are missing; repeat them: fullhouse republish ${topicNamed(record.topic)?.owner} --topic ${record.topic} --partition ${record.partition} --from ${verdict.expected}`,
      );
    }
    return verdict.kind === 'next' || verdict.kind === 'foreign';
  }

  #keepReference(message: Message, topic: string): boolean {
    const { envelope, key } = message;
    return this.#references.put({ topic, key, timeline: envelope.timeline, streamVersion: envelope.streamVersion, data: envelope.data });
  }

  #isHeld(arrival: Arrival, partition: number, subject: string): boolean {
    if (this.#heldHere.has(`${partition} ${subject}`)) return true;
    return arrival.kind !== 'parked' && this.#ports.parking.holds(partition, subject) && !this.#isUnparkedHere(partition, subject);
  }

  /** All that waited with this subject is part of this batch. */
  #isUnparkedHere(partition: number, subject: string): boolean {
    const here = this.#unparked.filter((row) => row.partition === partition && row.subject === subject).length;
    return here > 0 && here === this.#ports.parking.subject(partition, subject).length;
  }

  #park(arrival: Arrival, reason: string, detail: string, waitUntil?: number): undefined {
    const first = firstOf(arrival);
    const partition = partitionOfArrival(arrival);
    const subject = arrival.kind === 'parked' ? arrival.row.subject : subjectOf(first);
    const again = arrival.kind === 'parked' ? arrival.row : undefined;
    const position = again?.position ?? this.#ports.nextParkedPosition();
    this.#parkedHere.push({
      parkedId: again?.parkedId ?? `prk_${partition}_${position}`,
      partition,
      subject,
      position,
      reason,
      detail,
      arrival: first,
      parkedAt: again?.parkedAt ?? this.#now,
      waitUntil,
    });
    if (subject !== '') this.#heldHere.add(`${partition} ${subject}`);
    if (arrival.kind !== 'parked') this.#finish(first);
    if (reason !== 'behind' && waitUntil === undefined) this.#ports.logger.error({ partition, subject, reason, detail }, 'parked');
    return undefined;
  }

  /** The request row or the open effect behind an arrival is done with, whatever came of it. */
  #finish(first: FirstArrival): void {
    if (first.kind === 'request') this.#requestsTaken.push(first.row.requestId);
    if (first.kind === 'answer') this.#effectsClosed.push(first.effect);
  }

  /** Finds the references that decisions want to see; who misses one waits, and whoever is about the same subject with it. */
  async #withReferences(taken: readonly Taken[]): Promise<readonly Taken[]> {
    const routes = this.#ports.definition.routes;
    // Twice, since one reference may name the next: the show tells the seat plan.
    for (let round = 0; round < 2; round += 1) {
      const wanted: ReferenceKey[] = [];
      for (const { message } of taken) {
        wanted.push(...this.#references.missing(routes[message.envelope.type]?.needs?.(message as Message<never>, this.#references) ?? []));
      }
      if (wanted.length === 0) break;
      await this.#ports.references.load(wanted);
    }
    const ready: Taken[] = [];
    for (const each of taken) {
      if (this.#isHeldNow(each)) {
        this.#park(each.arrival, 'behind', 'an earlier input of this subject waits');
        continue;
      }
      const needs = routes[each.message.envelope.type]?.needs?.(each.message as Message<never>, this.#references) ?? [];
      const missing = this.#references.missing(needs);
      const until = this.#waitUntil(each.arrival);
      if (missing.length > 0 && until > this.#now) {
        this.#park(each.arrival, 'reference_missing', missing.map(nameOf).join('\n'), until);
        continue;
      }
      ready.push(each);
    }
    return ready;
  }

  #isHeldNow({ message, subject }: Taken): boolean {
    return subject !== '' && this.#heldHere.has(`${message.partition} ${subject}`);
  }

  #waitUntil(arrival: Arrival): number {
    if (arrival.kind === 'parked' && arrival.waited) return 0;
    const since = arrival.kind === 'parked' ? arrival.row.parkedAt : this.#now;
    return since + this.#ports.referenceWaitMs();
  }

  async #loadStates(taken: readonly Taken[]): Promise<void> {
    const names: StateName[] = [];
    for (const each of taken) {
      try {
        each.addressed = this.#address(each);
      } catch (error) {
        each.misrouted = error as Error;
      }
      for (const to of each.addressed) names.push({ kind: to.stream, id: to.id, part: to.part });
    }
    const missing = this.#ports.states.missing(names);
    if (missing.length === 0) return;
    const loaded = await this.#ports.store.loadStreams(missing);
    this.#ports.states.keep(loaded.map((each, index) => ({ ...each, kind: missing[index]?.kind ?? '' })));
  }

  #address({ first, message }: Taken): readonly Addressed[] {
    const input = { ...(message.envelope.data as object), type: message.envelope.type, id: message.envelope.id, at: message.at };
    if (first.kind === 'deadline') {
      const { kind, stream, part } = first.row;
      return [{ stream: kind, id: stream, ...(part === '' ? {} : { part }), input }];
    }
    const route = this.#ports.definition.routes[message.envelope.type];
    if (route !== undefined) return route.to(message as Message<never>, this.#references);
    if (first.kind !== 'answer') return [];
    const { kind, stream, part } = first.effect;
    return [{ stream: kind, id: stream, ...(part === '' ? {} : { part }), input }];
  }

  #decideOne(each: Taken): void {
    if (this.#isHeldNow(each)) {
      this.#park(each.arrival, 'behind', 'an earlier input of this subject waits');
      return;
    }
    const events: EventRow[] = [];
    const draft = this.#draft(each.message.partition);
    const sequences = { ...draft.sequences };
    try {
      if (each.first.kind === 'request' && each.first.row.intent === 'publish') {
        events.push(this.#ownedEvent(each.first.row, draft));
      } else {
        if (each.misrouted !== undefined) throw each.misrouted;
        for (const to of each.addressed) {
          const name = { kind: to.stream, id: to.id, part: to.part };
          const { decider } = this.#ports.states.definition(to.stream);
          for (const fact of decider.decide(this.#states.state(name), to.input)) {
            events.push(this.#event(each.message, draft, name, fact));
          }
          this.#touched.set(`${to.stream} ${to.id} ${to.part ?? ''}`, { name, partition: each.message.partition, key: each.message.key });
        }
      }
    } catch (error) {
      this.#states.undo();
      Object.assign(draft.sequences, sequences);
      this.#park(each.arrival, 'decider_threw', (error as Error).message);
      return;
    }
    this.#states.settle();
    this.#record(each, events);
  }

  #record({ arrival, first, message }: Taken, events: readonly EventRow[]): void {
    if (first.kind === 'deadline') this.#fired.set(`${first.row.stream} ${first.row.part}`, first.row);
    if (arrival.kind !== 'parked') this.#finish(first);
    if (message.source === 'topic') {
      this.#applied.push({ kind: 'message', key: message.key, partition: message.partition, envelope: message.envelope });
    }
    for (const event of events) {
      this.events.push(event);
      const envelope = envelopeOf(event, this.#ports.definition.name);
      this.#applied.push({ kind: 'fact', key: event.key, partition: event.partition, envelope });
    }
  }

  #event(message: Message, draft: TaskDraft, name: StateName, fact: { readonly type: string; readonly data: unknown }): EventRow {
    const streamVersion = this.#states.evolve(name, fact);
    const event: EventRow = {
      ...this.#numbered(fact.type, draft),
      stream: name.id,
      streamVersion,
      type: fact.type,
      subject: name.part ?? name.id,
      key: message.key,
      time: message.at,
      causationId: message.envelope.id,
      correlationId: message.envelope.correlationId,
      traceparent: message.envelope.traceparent,
      data: fact.data,
      json: toJson(fact),
    };
    if (this.#ports.definition.effects?.[fact.type] !== undefined) {
      this.effects.push({ ...event, kind: name.kind, part: name.part ?? '' });
    }
    return event;
  }

  #ownedEvent(row: RequestRow, draft: TaskDraft): EventRow {
    return {
      ...this.#numbered(row.type, draft),
      stream: row.stream ?? row.subject,
      streamVersion: row.streamVersion ?? 1,
      type: row.type,
      subject: row.subject,
      key: row.key,
      time: this.#now,
      causationId: row.requestId,
      correlationId: row.subject,
      traceparent: row.traceparent,
      data: row.data,
      json: toJson(row),
    };
  }

  /** The next number of a fact's channel; a topic of one partition is written by task 0 alone. */
  #numbered(type: string, draft: TaskDraft) {
    const published = publication(type);
    const channel = published?.topic.name ?? privateChannel;
    const sequence = (draft.sequences[channel] ?? 0) + 1;
    if (published?.topic.partitions === 'one' && draft.row.partition !== 0) {
      throw new Error(`${type} is published by task 0 alone, not by ${draft.row.partition}`);
    }
    draft.sequences[channel] = sequence;
    return { channel, sequence, partition: draft.row.partition, timeline: draft.row.timeline, version: published?.definition.version ?? 1 };
  }

  #deadlineRows(): DeadlineRow[] {
    const rows = new Map<string, DeadlineRow>();
    for (const [name, row] of this.#fired) rows.set(name, { ...row, dueAt: undefined });
    for (const { name, partition, key } of this.#touched.values()) {
      const row = { kind: name.kind, stream: name.id, part: name.part ?? '', partition, key, dueAt: this.#states.deadline(name) };
      rows.set(`${row.stream} ${row.part}`, row);
    }
    return [...rows.values()];
  }

  #commit(): Commit {
    const drafts = [...this.#drafts.values()];
    const parkedAgain = new Set(this.#parkedHere.map((row) => row.parkedId));
    return {
      tasks: drafts.map((draft) => ({ ...draft.row, ...taskChanges(draft), published: this.#ports.published(draft.row.partition) })),
      events: this.events,
      snapshots: this.#states.snapshots().map((each) => ({ ...each, partition: this.#partitionOf(each.stream) })),
      deadlines: this.deadlines,
      effectsOpened: this.effects,
      effectsClosed: this.#effectsClosed,
      requestsTaken: this.#requestsTaken,
      parked: this.#parkedHere,
      unparked: this.#unparked.filter((row) => !parkedAgain.has(row.parkedId)).map((row) => row.parkedId),
      references: this.#references.rows,
      documents: this.#documents.rows(),
      statements: this.#ports.definition.statements?.({ applied: this.#applied }) ?? [],
    };
  }

  #partitionOf(stream: string): number {
    for (const { name, partition } of this.#touched.values()) if (name.id === stream) return partition;
    throw new Error(`stream ${stream} was not touched`);
  }

  /** The batch has committed: its drafts become what everybody sees. */
  adopt(tasks: Map<number, TaskRow>): void {
    for (const [partition, draft] of this.#drafts) tasks.set(partition, { ...draft.row, ...taskChanges(draft) });
    this.#states.adopt();
    this.#references.adopt();
    this.#documents.adopt();
    for (const row of this.#unparked) this.#ports.parking.remove(row);
    for (const row of this.#parkedHere) this.#ports.parking.add(row);
  }

  get changedDocuments(): readonly { readonly view: string; readonly id: string }[] {
    return this.#documents.changed;
  }

  get requestsTaken(): readonly string[] {
    return this.#requestsTaken;
  }

  get parked(): readonly ParkedRow[] {
    return this.#parkedHere;
  }

  /** Positions to be told to the log, for lag tools. */
  get positions(): readonly { readonly topic: string; readonly partition: number; readonly offset: number }[] {
    return [...this.#drafts.values()].flatMap((draft) =>
      Object.entries(draft.positions).map(([topic, { offset }]) => ({ topic, partition: draft.row.partition, offset })),
    );
  }
}

/** A fact too large to travel. */
export class EventTooLarge extends Error {
  override readonly name = 'EventTooLarge';
  readonly code = 'event_too_large';
  readonly retryable = false;
}

/** Serialised once, for the store and for the log. */
function toJson(fact: { readonly type: string; readonly data: unknown }): string {
  const json = JSON.stringify(fact.data);
  // Three bytes are the most a UTF-16 unit takes, so most events need no exact count.
  if (json.length > eventBytesMax / 3 && Buffer.byteLength(json) > eventBytesMax) {
    throw new EventTooLarge(`${fact.type} has ${Buffer.byteLength(json)} bytes, more than ${eventBytesMax}`);
  }
  return json;
}

function firstOf(arrival: Arrival): FirstArrival {
  return arrival.kind === 'parked' ? (arrival.row.arrival as FirstArrival) : arrival;
}

function isCompacted(topic: string): boolean {
  return topicNamed(topic as TopicName)?.retentionDays === 'compacted';
}

function taskChanges({ positions, heads, sequences }: TaskDraft): Pick<TaskRow, 'positions' | 'heads' | 'sequences'> {
  return { positions, heads, sequences };
}
