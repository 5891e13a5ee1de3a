import type { Log, LogRecord } from '../log/log.ts';
import type { Addressed, Applied, Intent, Lookup, Message, ServiceDefinition } from '../service.ts';
import {
  type Commit,
  type EffectRow,
  type EventRow,
  type ParkedRow,
  privateChannel,
  type Store,
  type Takeover,
  type TaskRow,
} from '../store/store.ts';
import { addressesOf } from '../task/addressing.ts';
import { type FirstArrival, subjectOf, toMessage } from '../task/arrival.ts';
import { Documents } from '../task/documents.ts';
import { answeredOf, intentOf } from '../task/effects.ts';
import { briefOf } from '../task/parking.ts';
import { envelopeOf } from '../task/publisher.ts';
import { isCompacted } from '../task/task-drafts.ts';
import { type EarlierInput, type EarlierInputs, type EarlierRecord, timerNamed } from './inputs.ts';
import type { LookupThen } from './lookup-then.ts';
import { StreamsThen } from './streams-then.ts';

/** Inputs of which it cannot be told what became of them are taken up by the loop under this reason. */
const recalledReason = 'restored';
/** Of the inputs that have found no place yet, so many are tried again each time that something told has taken its own. */
const leftAgainMax = 100;
/** One reference may name the next. */
const referenceRounds = 2;

interface RecallingOptions {
  readonly definition: ServiceDefinition;
  readonly log: Log;
  readonly store: Store;
  readonly takeover: Takeover;
  readonly task: TaskRow;
  readonly told: readonly EventRow[];
  readonly inputs: EarlierInputs;
  readonly lookup: LookupThen;
  /** The records that something was told of; `undefined` while that is to be found out. */
  readonly causes: ReadonlySet<LogRecord> | undefined;
}

interface Read {
  readonly message: Message;
  readonly addressed: readonly Addressed[];
}

/** One pass over what a task told and what it may have read, in order of time. */
export class Recalling {
  readonly #options: RecallingOptions;
  readonly #streams: StreamsThen;
  readonly #rows: EventRow[] = [];
  readonly #applied: Applied[] = [];
  readonly #effects: EffectRow[] = [];
  readonly #answered = new Set<string>();
  /** Answers that the service gives itself and that are not decided yet, by their ids. */
  readonly #itsOwn = new Map<string, EarlierInput>();
  readonly #requestsTaken: string[] = [];
  readonly #unparked: string[] = [];
  /** By topic: the last record that was read for certain. */
  readonly #lastRead = new Map<string, EarlierRecord>();
  /** Records that something was told of. */
  readonly matched = new Set<LogRecord>();
  /** By cause: how often it is named by what is still to come. */
  readonly #toCome = new Map<string, number>();
  /** Records that may be meant by one of these. */
  readonly #possible: EarlierRecord[] = [];
  /** Records that were read perhaps. */
  #perhaps: LogRecord[] = [];
  /** Records that were read, and nobody knows what became of them. */
  readonly #left: LogRecord[] = [];

  constructor(options: RecallingOptions) {
    this.#options = options;
    this.#streams = new StreamsThen(options);
    for (const { stream, kind } of [...options.takeover.deadlines, ...options.takeover.effects])
      this.#streams.learnKind(stream, kind);
    for (const effect of options.takeover.effects) this.#noteOwn(effect);
  }

  async run(): Promise<void> {
    const { told, inputs, causes } = this.#options;
    const groups = [...Map.groupBy(told, ({ causationId, time }) => `${causationId} ${time}`).values()];
    for (const [row] of groups) this.#named(row?.causationId ?? '', 1);
    for (const each of inputs.records) if (causes?.has(each.record) === true) this.#wasRead(each);
    const between = inputs.records.filter(({ record, isNews }) => isNews && causes?.has(record) !== true);
    for (const rows of groups) {
      const [{ causationId, time } = { causationId: '', time: 0 }] = rows;
      while ((between[0]?.record.timestamp ?? Number.POSITIVE_INFINITY) <= time)
        await this.#between(between.shift() as EarlierRecord);
      await this.#told(causationId, rows);
      const keys = new Set(rows.map(({ key }) => key));
      await this.#leftOf(keys);
      await this.#ownAnswers(keys, time);
      if (this.#named(causationId, -1) === 0) for (const each of this.#possible.splice(0)) await this.#between(each);
    }
    for (const each of between) await this.#between(each);
    for (const { key, time } of told.slice(-1)) await this.#ownAnswers(new Set([key]), time);
    // With all that was told before them, they may have nothing to say any more.
    for (const record of this.#left.splice(0)) await this.#untold(record);
  }

  /** What was read in the same batch as something told, and decided after it: there is a place for it now. */
  async #leftOf(keys: ReadonlySet<string>): Promise<void> {
    const again = this.#left.filter(({ key }) => keys.has(key)).slice(0, leftAgainMax);
    if (again.length === 0) return;
    const others = this.#left.filter((record) => !again.includes(record));
    this.#left.length = 0;
    for (const record of again) await this.#untold(record);
    this.#left.push(...others);
  }

  /**
   * What the service has answered itself, and said nothing aloud to: it was decided once what it follows of was, so it has the first
   * place that is free. An answer that something was told of comes with that.
   */
  async #ownAnswers(keys: ReadonlySet<string>, at: number): Promise<void> {
    let tried = 0;
    for (const [id, { first }] of this.#itsOwn) {
      if (first.kind !== 'answer' || !keys.has(first.effect.key) || this.#named(id, 0) > 0) continue;
      tried += 1;
      if (tried > leftAgainMax) return;
      const read = await this.#read(first, at);
      if (read === undefined || !this.#privately(read)) continue;
      this.#answered.add(id);
      this.#itsOwn.delete(id);
    }
  }

  /** Takes the private facts that follow of a message; false where it would have said something aloud, or finds no place. */
  #privately({ message, addressed }: Read): boolean {
    return addressed.every((to) => {
      const again = this.#streams.decide(to, { message, told: [] });
      for (const each of again ?? []) this.#keep(each, to.stream);
      return again !== undefined;
    });
  }

  #noteOwn(row: EffectRow): void {
    const effect = this.#options.definition.effects?.[row.type];
    if (effect?.asksNobody !== true) return;
    const answer = effect.unanswered(intentOf(row) as Intent<never>, new Error('nobody is asked'));
    this.#itsOwn.set(`${row.stream}/${row.streamVersion}/answer`, {
      first: { kind: 'answer', effect: answeredOf(effect, row), answer },
    });
  }

  /** How often a cause is named by what is still to come. */
  #named(cause: string, change: number): number {
    const times = (this.#toCome.get(cause) ?? 0) + change;
    this.#toCome.set(cause, times);
    return times;
  }

  #wasRead(each: EarlierRecord): void {
    const { topic, offset } = each.record;
    if (offset >= (this.#lastRead.get(topic)?.record.offset ?? 0)) this.#lastRead.set(topic, each);
  }

  /** A record of which nothing was told, as far as is known: was it read at all? */
  async #between(each: EarlierRecord): Promise<void> {
    const { record } = each;
    if (this.matched.has(record)) return;
    if (record.offset <= (this.#lastRead.get(record.topic)?.record.offset ?? -1)) return this.#untold(record);
    if (await this.#fills(record)) return this.#wasReadTo(each);
    const isPossible = this.#options.causes === undefined && (this.#toCome.get(record.headers['ce_id'] ?? '') ?? 0) > 0;
    if (isPossible) this.#possible.push(each);
    else this.#perhaps.push(record);
  }

  /** This one was read, and so was what comes before it on its topic. */
  async #wasReadTo(each: EarlierRecord): Promise<void> {
    this.#wasRead(each);
    const { topic, offset } = each.record;
    const isBefore = (other: LogRecord) => topic === other.topic && other.offset < offset;
    const before = this.#perhaps.filter(isBefore);
    this.#perhaps = this.#perhaps.filter((other) => !isBefore(other));
    for (const other of before) await this.#untold(other);
  }

  /** An input and all that was told because of it. */
  async #told(cause: string, rows: readonly EventRow[]): Promise<void> {
    const left = new Set(rows);
    const [row] = rows;
    if (row === undefined) return;
    if (cause.endsWith('/answer')) this.#answered.add(cause);
    for (const input of this.#causes(cause, row)) {
      if (input.first.kind === 'request' && input.first.row.intent === 'publish') this.#done(input);
      const found = await this.#foundOut(input.first, row.time, left);
      if (found === undefined) continue;
      this.#done(input);
      this.#heard(found.message, input);
      for (const { to, again } of found.followed) for (const each of again) this.#keep(each, to.stream);
    }
    this.#itsOwn.delete(cause);
    for (const each of left) this.#keep(each, await this.#streams.take(each));
  }

  /** What follows of an input by what may have been known then, where that is what was told; takes it out of what is left. */
  async #foundOut(first: FirstArrival, at: number, left: Set<EventRow>) {
    for (const lookup of this.#options.lookup.at(at)) {
      const read = await this.#read(first, at, lookup);
      const followed = read === undefined ? [] : this.#followed(read, left);
      if (read !== undefined && followed.length > 0) return { message: read.message, followed };
    }
    return undefined;
  }

  /** What follows of a message, where that is what was told; takes it out of what is left. */
  #followed({ message, addressed }: Read, left: Set<EventRow>) {
    const followed: { readonly to: Addressed; readonly again: readonly EventRow[] }[] = [];
    for (const to of addressed) {
      const told = [...left].filter((each) => each.stream === to.id && each.subject === (to.part ?? to.id));
      // What a service answers itself may say nothing aloud to the last of those whom it concerns.
      const isHeard = told.length > 0 || (message.source === 'answer' && followed.length > 0);
      const again = !isHeard ? undefined : this.#streams.decide(to, { message, told });
      if (again === undefined) continue;
      for (const each of again) left.delete(each);
      followed.push({ to, again });
    }
    return followed;
  }

  /** What may be meant by a cause. */
  #causes(cause: string, row: EventRow): readonly EarlierInput[] {
    const { inputs, causes } = this.#options;
    const timer = timerNamed(cause, row, (stream) => this.#streams.kindOf(stream));
    const isMeant = ({ earlier }: EarlierInput) =>
      earlier === undefined ||
      (!this.matched.has(earlier.record) && (causes === undefined || causes.has(earlier.record)));
    const own = this.#itsOwn.get(cause);
    return [
      ...(timer === undefined ? [] : [timer]),
      ...(own === undefined ? [] : [own]),
      ...(inputs.byId.get(cause) ?? []).filter(isMeant),
    ];
  }

  /** An input of which nothing was told: it may add private facts. Otherwise the loop decides it, as if it had just come. */
  async #untold(record: LogRecord): Promise<void> {
    // What it says may hang on what an earlier one about the same has to say.
    const subject = subjectOf({ kind: 'record', record });
    if (subject !== '' && this.#left.some((earlier) => subjectOf({ kind: 'record', record: earlier }) === subject)) {
      this.#left.push(record);
      return;
    }
    const read = await this.#read({ kind: 'record', record }, record.timestamp);
    const decided = (read?.addressed ?? []).map((to) => ({
      to,
      again: read && this.#streams.decide(to, { message: read.message, told: [] }),
    }));
    if (read === undefined || decided.some(({ again }) => again === undefined)) this.#left.push(record);
    else this.#heard(read.message);
    for (const { to, again = [] } of decided) for (const each of again) this.#keep(each, to.stream);
    await this.#ownAnswers(new Set([record.key]), record.timestamp);
  }

  /** Whether private facts that follow of an input fill a place before something that was told; if so, they are taken. */
  async #fills(record: LogRecord): Promise<boolean> {
    const read = await this.#read({ kind: 'record', record }, record.timestamp);
    const [to, ...others] = read?.addressed ?? [];
    // What speaks to several streams is rare, and proves nothing where one of them does not answer.
    if (read === undefined || to === undefined || others.length > 0) return false;
    const again = this.#streams.decide(to, { message: read.message, told: [], filling: true });
    if (again === undefined) return false;
    this.#heard(read.message);
    for (const each of again) this.#keep(each, to.stream);
    await this.#ownAnswers(new Set([record.key]), record.timestamp);
    return true;
  }

  #done({ requestId, parkedId, earlier }: EarlierInput): void {
    if (earlier !== undefined) this.matched.add(earlier.record);
    if (requestId !== undefined) this.#requestsTaken.push(requestId);
    if (parkedId !== undefined) this.#unparked.push(parkedId);
  }

  /** The message of an input and the streams it concerns, with their states at hand; `undefined` where that cannot be. */
  async #read(first: FirstArrival, at: number, then?: Lookup): Promise<Read | undefined> {
    const { definition, lookup: references } = this.#options;
    const lookup = then ?? references.at(at)[0];
    const message = this.#message(first, at);
    if (message === undefined || (first.kind === 'request' && first.row.intent === 'publish')) return undefined;
    try {
      for (let round = 0; round < referenceRounds; round += 1) {
        await references.load(
          definition.routes[message.envelope.type]?.needs?.(message as Message<never>, lookup) ?? [],
        );
      }
      const addressed = addressesOf(definition, { first, message }, lookup);
      for (const to of addressed) await this.#streams.load({ kind: to.stream, id: to.id, part: to.part });
      return { message, addressed };
    } catch {
      return undefined;
    }
  }

  #message(first: FirstArrival, at: number): Message | undefined {
    const { topics } = this.#options.log;
    try {
      return toMessage(first, at, (topic) => topics.find(({ name }) => name === topic)?.partitions ?? 1);
    } catch {
      return undefined;
    }
  }

  /** Views are made from messages, too. Those of compacted topics come again. */
  #heard({ source, key, partition, envelope }: Message, { first, parkedId }: Partial<EarlierInput> = {}): void {
    const comesAgain = first?.kind === 'record' && parkedId === undefined && isCompacted(first.record.topic);
    if (source === 'topic' && !comesAgain) this.#applied.push({ kind: 'message', key, partition, envelope });
  }

  #keep(row: EventRow, kind: string | undefined): void {
    const { definition } = this.#options;
    this.#rows.push(row);
    this.#applied.push({
      ...{ kind: 'fact', key: row.key, partition: row.partition },
      envelope: envelopeOf(row, definition.name),
    });
    if (kind === undefined || !Object.hasOwn(definition.effects ?? {}, row.type)) return;
    const effect = { ...row, kind, part: row.subject === row.stream ? '' : row.subject };
    this.#effects.push(effect);
    this.#noteOwn(effect);
  }

  async result() {
    const { definition, store, takeover, task, told } = this.#options;
    const documents = new Documents(definition.views ?? []).draft();
    await documents.fold(this.#applied, store);
    const events = this.#numbered();
    const timeline = Math.max(task.timeline, ...told.map((row) => row.timeline)) + 1;
    const isOpen = ({ stream, streamVersion }: EffectRow) => !this.#answered.has(`${stream}/${streamVersion}/answer`);
    const parked = this.#parked();
    const applied = { applied: this.#applied };
    const commit: Commit = {
      tasks: [
        {
          ...{ partition: task.partition, epoch: task.epoch, timeline },
          ...this.#progress(),
          ...this.#marks(events),
        },
      ],
      events,
      snapshots: [],
      deadlines: this.#streams.deadlines(),
      effectsOpened: this.#effects.filter(isOpen),
      effectsClosed: takeover.effects.filter((effect) => !isOpen(effect)),
      requestsTaken: this.#requestsTaken,
      parked,
      unparked: this.#unparked,
      references: [],
      documents: documents.rows(),
      statements: [...(definition.statements?.(applied) ?? []), ...(definition.recalled?.(applied) ?? [])],
    };
    const decidedAgain = events.length - told.length;
    return { commit, timeline, decidedAgain, leftToDecide: parked.length, broken: this.#streams.broken };
  }

  /** What was told has its number; what was kept to itself gets the next. */
  #numbered(): readonly EventRow[] {
    let sequence = this.#options.task.sequences[privateChannel] ?? 0;
    return this.#rows.map((row) => {
      if (row.channel !== privateChannel) return row;
      sequence += 1;
      return { ...row, sequence };
    });
  }

  #progress(): Pick<TaskRow, 'positions' | 'heads'> {
    const { task } = this.#options;
    const positions = { ...task.positions };
    const heads = { ...task.heads };
    for (const [topic, { record, head, topicId }] of this.#lastRead) {
      positions[topic] = { offset: record.offset + 1, topicId };
      if (head !== undefined) heads[topic] = head;
    }
    return { positions, heads };
  }

  /** All that was told is published, wherever the mark was. */
  #marks(events: readonly EventRow[]): Pick<TaskRow, 'sequences' | 'published'> {
    const { task, log } = this.#options;
    const sequences = { ...task.sequences };
    const published = { ...task.published };
    for (const { channel, sequence } of events) sequences[channel] = Math.max(sequence, sequences[channel] ?? 0);
    for (const { name, id } of log.topics) {
      const last = sequences[name];
      const isTold = events.some(({ channel }) => channel === name);
      if (isTold && last !== undefined) published[name] = { sequence: last, topicId: id };
    }
    return { sequences, published };
  }

  #parked(): readonly ParkedRow[] {
    const { takeover, task } = this.#options;
    const last = Math.max(takeover.now * 1_000, ...takeover.parked.map(({ position }) => position));
    return this.#left.map((record, index) => {
      const first: FirstArrival = { kind: 'record', record };
      const position = last + index + 1;
      return {
        ...{ parkedId: `prk_${task.partition}_${position}`, partition: task.partition },
        // What cannot be read is set aside alone.
        subject: this.#message(first, takeover.now) === undefined ? '' : subjectOf(first),
        ...{ position, reason: recalledReason, detail: 'the database was restored; it is decided again' },
        ...{ arrival: first, brief: briefOf(first), parkedAt: takeover.now, waitUntil: takeover.now },
      };
    });
  }
}
