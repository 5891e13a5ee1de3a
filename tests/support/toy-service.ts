import { pino } from 'pino';
import { toHeaders } from '../../src/contracts/envelope.ts';
import { newId } from '../../src/contracts/ids.ts';
import { LocalLog } from '../../src/runtime/log/local-log.ts';
import type { Log, LogRecord, LogTopic, OutgoingRecord } from '../../src/runtime/log/log.ts';
import { createMemoryRecords } from '../../src/runtime/log/memory-records.ts';
import { partitionOf } from '../../src/runtime/log/partitioner.ts';
import { effect, route, type ServiceDefinition, type Split, stream, view } from '../../src/runtime/service.ts';
import type { ServiceRuntime } from '../../src/runtime/service-runtime.ts';
import { MemoryStore } from '../../src/runtime/store/memory-store.ts';
import type { Commit, EventRow, RequestRow, Store } from '../../src/runtime/store/store.ts';
import { TaskLoop } from '../../src/runtime/task.ts';

/**
 * A tiny service for tests of the task loop. It borrows topics and event types of the catalogue: commands come in as the
 * reason of a `BookingCancellationRequested`, what is noted goes out as `BookingHeld`.
 */
export const partitions = 2;

export type Command =
  /** Notes a text. */
  | { readonly do: 'note'; readonly text: string; readonly profile?: string }
  /** Asks outside and notes the answer. */
  | { readonly do: 'ask'; readonly text: string }
  /** Asks, and then breaks: neither happened. */
  | { readonly do: 'ask-and-break'; readonly text: string }
  | { readonly do: 'remind'; readonly afterMs: number }
  | { readonly do: 'forget' }
  /** Notes a text in the hall: a split stream. */
  | { readonly do: 'seat'; readonly text: string }
  /** Asks for all of the hall. */
  | { readonly do: 'ask-for-all'; readonly text: string }
  /** Has the hall ask itself, and seat what it answers; aloud as well, where that is wanted. */
  | { readonly do: 'ask-itself'; readonly text: string }
  /** Notes a text that the view cannot show. */
  | { readonly do: 'unshowable' }
  | { readonly do: 'large'; readonly bytes: number }
  /** Publishes on a topic of one partition. */
  | { readonly do: 'global' };

export interface Note {
  readonly texts: readonly string[];
  readonly answers: readonly string[];
  readonly firedAt: readonly number[];
  readonly dueAt?: number;
}

interface Input {
  readonly type: string;
  readonly at: number;
  readonly reason?: string;
  readonly text?: string;
  readonly answer?: string;
  readonly name?: string;
}
interface Fact {
  readonly type: string;
  readonly data: { readonly text?: string; readonly dueAt?: number; readonly at?: number; readonly answer?: string };
}

/** What tests change under way: as a fix of the code would, or a provider that goes away. */
export interface Faults {
  /** Texts that break the decider. */
  readonly broken: Set<string>;
  provider: (key: string, text: string, signal: AbortSignal) => Promise<string>;
}

const commandOf = (input: Input): Command => JSON.parse(input.reason ?? '{}') as Command;

function decideNote(faults: Faults, state: Note, input: Input): readonly Fact[] {
  if (input.type === 'DeadlineReached') return [{ type: 'Fired', data: { at: input.at } }];
  if (input.type === 'Answered') return [{ type: 'AnswerNoted', data: { answer: input.answer ?? '' } }];
  const command: Command = input.type === 'WriteNote' ? { do: 'note', text: input.text ?? '' } : commandOf(input);
  switch (command.do) {
    case 'note':
      if (faults.broken.has(command.text)) throw new Error(`cannot note ${command.text}`);
      return [
        {
          type: 'BookingHeld',
          data: { text: input.name === undefined ? command.text : `${command.text} for ${input.name}` },
        },
      ];
    case 'ask':
      return [{ type: 'Asked', data: { text: command.text } }];
    case 'ask-and-break':
      return [
        { type: 'Asked', data: { text: command.text } },
        { type: 'Breaking', data: {} },
      ];
    case 'remind':
      return [{ type: 'Reminded', data: { dueAt: input.at + command.afterMs } }];
    case 'forget':
      return state.dueAt === undefined ? [] : [{ type: 'Forgotten', data: {} }];
    case 'unshowable':
      return [{ type: 'BookingHeld', data: { text: 'unshowable' } }];
    case 'large':
      return [{ type: 'BookingHeld', data: { text: 'x'.repeat(command.bytes) } }];
    case 'global':
      return [{ type: 'UserProfileChanged', data: { text: 'mine' } }];
    default:
      throw new Error(`a note cannot ${command.do}`);
  }
}

function evolveNote(state: Note, { type, data }: Fact): Note {
  const { dueAt: _, ...rest } = state;
  switch (type) {
    case 'BookingHeld':
      return { ...state, texts: [...state.texts, data.text ?? ''] };
    case 'AnswerNoted':
      return { ...state, answers: [...state.answers, data.answer ?? ''] };
    case 'Reminded':
      return { ...rest, dueAt: data.dueAt ?? 0 };
    case 'Forgotten':
      return rest;
    case 'Fired':
      return { ...rest, firedAt: [...state.firedAt, data.at ?? 0] };
    case 'Breaking':
      throw new Error('evolve broke');
    default:
      return state;
  }
}

function decideHall(input: Input): readonly Fact[] {
  if (input.type === 'Answered') return [{ type: 'Seated', data: { text: input.answer ?? '' } }];
  if (input.type === 'ItselfAnswered') {
    const data = { text: input.text ?? '' };
    return [...(data.text.endsWith('aloud') ? [{ type: 'BookingHeld', data }] : []), { type: 'Seated', data }];
  }
  const { do: what, text = '' } = commandOf(input) as { readonly do: string; readonly text?: string };
  const asks: Readonly<Record<string, string>> = { 'ask-for-all': 'AskedForAll', 'ask-itself': 'AskedItself' };
  return [{ type: asks[what] ?? 'Seated', data: { text } }];
}

export type Hall = Split<{ readonly count: number }, readonly string[]>;

function asking(
  faults: Faults,
  { timeoutMs, forWhole = false }: { readonly timeoutMs: number; readonly forWhole?: boolean },
) {
  return effect<{ text: string }>({
    policy: {
      timeoutMs,
      attemptsMax: 2,
      backoffMs: 1,
      backoffMaxMs: 2,
      concurrencyMax: 2,
      breakerFailures: 6,
      breakerOpenMs: 60_000,
    },
    run: async ({ idempotencyKey, data }, _, signal) => ({
      type: 'Answered',
      data: { answer: await faults.provider(idempotencyKey, data.text, signal) },
    }),
    unanswered: (_, error) => ({ type: 'Answered', data: { answer: `unknown: ${error.name}` } }),
    forWhole,
  });
}

export function toyService(faults: Faults): ServiceDefinition {
  return {
    name: 'booking',
    mainInput: 'booking-movie',
    inputs: ['booking-movie', 'payment-topic'],
    references: ['user-profiles'],
    streams: {
      note: stream<Note, Input, Fact>({
        shape: 'whole',
        decider: {
          initialState: { texts: [], answers: [], firedAt: [] },
          decide: (state, input) => decideNote(faults, state, input),
          evolve: evolveNote,
          deadline: (state) => state.dueAt,
        },
      }),
      hall: stream<Hall, Input, Fact>({
        shape: 'split',
        decider: {
          initialState: { root: { count: 0 }, part: [] },
          decide: (_, input) => decideHall(input),
          evolve: ({ root, part }, { data }) => ({ root: { count: root.count + 1 }, part: [...part, data.text ?? ''] }),
          deadline: () => undefined,
        },
      }),
    },
    routes: {
      BookingCancellationRequested: route<{ bookingId: string; showId: string; reason: string }>({
        needs: ({ envelope }, lookup) => {
          const { profile } = JSON.parse(envelope.data?.reason ?? '{}') as { profile?: string };
          if (profile === undefined) return [];
          if (profile === 'broken') throw new Error('needs broke');
          // A profile whose name is an id names the next one.
          const name = lookup.get<{ name: string }>('user-profiles', profile)?.name ?? '';
          return [profile, ...(name.startsWith('usr_') ? [name] : [])].map((key) => ({
            topic: 'user-profiles' as const,
            key,
          }));
        },
        to: ({ envelope }, lookup) => {
          const data = envelope.data ?? { bookingId: '', showId: '', reason: '{}' };
          const command = JSON.parse(data.reason) as Command & { readonly profile?: string };
          const { id, time } = envelope;
          const input = { ...data, type: envelope.type, id, at: time };
          if (['seat', 'ask-for-all', 'ask-itself'].includes(command.do))
            return [{ stream: 'hall', id: data.showId, part: data.bookingId, input }];
          const named = (key: string): string => {
            const name = lookup.get<{ name: string }>('user-profiles', key)?.name ?? 'nobody';
            return name.startsWith('usr_') ? named(name) : name;
          };
          const name = command.profile === undefined ? {} : { name: named(command.profile) };
          return [{ stream: 'note', id: data.bookingId, input: { ...input, ...name } }];
        },
      }),
      WriteNote: route<{ text: string }>({
        to: ({ envelope, at }) => [
          {
            stream: 'note',
            id: envelope.subject,
            input: { type: 'WriteNote', text: envelope.data?.text, id: envelope.id, at },
          },
        ],
      }),
    },
    effects: {
      Asked: asking(faults, { timeoutMs: 50 }),
      AskedForAll: asking(faults, { timeoutMs: 60_000, forWhole: true }),
      AskedItself: effect<{ text: string }>({
        policy: asking(faults, { timeoutMs: 50 }).policy,
        run: async ({ data: { text } }) => ({ type: 'ItselfAnswered', data: { text } }),
        unanswered: ({ data: { text } }) => ({ type: 'ItselfAnswered', data: { text } }),
        forWhole: true,
        asksNobody: true,
      }),
    },
    views: [
      view<{ texts: readonly string[] }>({
        name: 'notes',
        on: { BookingHeld: ({ envelope }) => (envelope.data === null ? undefined : envelope.subject) },
        fold: (doc, { envelope }) => {
          const { text } = envelope.data as unknown as { text: string };
          if (text === 'unshowable') throw new TypeError('the view broke');
          return { texts: [...(doc?.texts ?? []), text] };
        },
        columns: { size: { type: 'int', of: (doc) => doc.texts.length } },
      }),
    ],
    statements: ({ applied }) => {
      const texts = applied.filter(
        (each) => each.kind === 'fact' && each.envelope.type === 'BookingHeld' && each.envelope.data !== null,
      );
      if (texts.length === 0) return [];
      return [
        {
          name: 'wall',
          text: 'insert into walls (text, n) select text, 1 from unnest($1::text[]) as text where text like $2',
          values: [texts.map((each) => (each.envelope.data as { text: string }).text), 'seat %'],
        },
      ];
    },
    enrich: {},
  };
}

export const toyTables = `
  create table notes (id text primary key, partition int not null, body json not null, size int not null);
  create table walls (text text primary key, n int not null);`;

/** The topics of the toy. */
export const toyTopics: readonly Omit<LogTopic, 'id'>[] = [
  ...['booking-movie', 'payment-topic', 'booking-events'].map((name) => ({ name, partitions, retentionDays: 30 })),
  { name: 'user-profiles', partitions: 1, retentionDays: 'compacted' },
];

/** Where they are kept. */
export function createToyLog(): LocalLog {
  return new LocalLog(createMemoryRecords(toyTopics));
}

/** A log that does some things otherwise. */
export function logWith(log: Log, otherwise: Partial<Log>): Log {
  return {
    get topics() {
      return log.topics;
    },
    append: (records) => log.append(records),
    consume: (options) => log.consume(options),
    read: (from, recordsMax) => log.read(from, recordsMax),
    bounds: (partition) => log.bounds(partition),
    join: (options) => log.join(options),
    commit: (group, positions) => log.commit(group, positions),
    committed: () => log.committed(),
    close: () => log.close(),
    ...otherwise,
  };
}

/** A show whose key belongs to a partition. */
export function showIn(partition: number): string {
  for (;;) {
    const showId = newId('show');
    if (partitionOf(showId, partitions) === partition) return showId;
  }
}

/** The service that produces for the toy: it keeps count, as every producer does. */
export class Producer {
  readonly #log: Log;
  readonly #sequences = new Map<string, number>();
  readonly shows = Array.from({ length: partitions }, (_, partition) => showIn(partition));
  readonly #userId = newId('user');

  constructor(log: Log) {
    this.#log = log;
  }

  /** A command as a record, numbered but not sent. */
  record(
    bookingId: string,
    command: Command,
    more: { readonly partition?: number; readonly foreign?: boolean } = {},
  ): OutgoingRecord {
    const { partition = 0, foreign = false } = more;
    const showId = this.shows[partition] ?? '';
    const sequence = (this.#sequences.get(`booking-movie/${partition}`) ?? 0) + 1;
    if (!foreign) this.#sequences.set(`booking-movie/${partition}`, sequence);
    const headers = toHeaders({
      id: `${bookingId}/${foreign ? newId('request') : sequence}`,
      type: 'BookingCancellationRequested',
      version: 1,
      source: 'user',
      time: Date.now(),
      subject: bookingId,
      streamVersion: sequence,
      causationId: 'cause',
      correlationId: bookingId,
      traceparent: undefined,
      sequence: foreign ? undefined : sequence,
      timeline: 1,
      data: undefined,
    });
    const acceptedAt = new Date().toISOString();
    const data = {
      bookingId,
      showId,
      by: 'customer',
      byUserId: this.#userId,
      reason: JSON.stringify(command),
      acceptedAt,
    };
    return { topic: 'booking-movie', partition, key: showId, headers, value: JSON.stringify(data) };
  }

  send(
    bookingId: string,
    command: Command,
    more: { readonly partition?: number; readonly foreign?: boolean } = {},
  ): Promise<void> {
    return this.#log.append([this.record(bookingId, command, more)]);
  }

  /** What a user is called now: a record of a compacted topic. */
  profile(userId: string, name: string | null, streamVersion = 1): Promise<void> {
    const headers = toHeaders({
      id: `${userId}/${streamVersion}`,
      type: 'UserProfileChanged',
      version: 1,
      source: 'user',
      time: Date.now(),
      subject: userId,
      streamVersion,
      causationId: 'cause',
      correlationId: userId,
      traceparent: undefined,
      sequence: undefined,
      timeline: 1,
      data: undefined,
    });
    const value = name === null ? null : JSON.stringify({ userId, name, locale: 'en' });
    return this.#log.append([{ topic: 'user-profiles', partition: 0, key: userId, headers, value }]);
  }
}

/** A store that fails when a test says so. */
export class FaultyStore implements Store {
  readonly inner: Store;
  /** Asked before and after each commit; throws to fail there. */
  onCommit: ((moment: 'before' | 'after', commit: Commit) => void | Promise<void>) | undefined;
  onTakeOver: ((moment: 'before' | 'after') => void | Promise<void>) | undefined;
  readonly commits: Commit[] = [];

  constructor(inner: Store) {
    this.inner = inner;
  }

  async takeOver(...[owned]: Parameters<Store['takeOver']>) {
    await this.onTakeOver?.('before');
    const takeover = await this.inner.takeOver(owned);
    await this.onTakeOver?.('after');
    return takeover;
  }
  async commit(commit: Commit) {
    await this.onCommit?.('before', commit);
    await this.inner.commit(commit);
    this.commits.push(commit);
    await this.onCommit?.('after', commit);
  }
  loadStreams(...parameters: Parameters<Store['loadStreams']>) {
    return this.inner.loadStreams(...parameters);
  }
  loadReferences(...parameters: Parameters<Store['loadReferences']>) {
    return this.inner.loadReferences(...parameters);
  }
  loadDocuments(...parameters: Parameters<Store['loadDocuments']>) {
    return this.inner.loadDocuments(...parameters);
  }
  loadParked(...parameters: Parameters<Store['loadParked']>) {
    return this.inner.loadParked(...parameters);
  }
  readEvents(...parameters: Parameters<Store['readEvents']>) {
    return this.inner.readEvents(...parameters);
  }
  close() {
    return this.inner.close();
  }
}

export interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly [name: string]: unknown;
}

export interface ToyOptions {
  readonly log?: Log;
  readonly memory?: MemoryStore;
  readonly store?: Store;
  readonly faults?: Faults;
  readonly producer?: Producer;
  readonly referenceWaitMs?: number;
  readonly claimAgainMs?: number;
}

/** One running loop of the toy service, and all that a test wants to see of it. */
export class Toy {
  readonly log: Log;
  readonly memory: MemoryStore;
  readonly store: FaultyStore;
  readonly faults: Faults;
  readonly producer: Producer;
  readonly loop: TaskLoop;
  readonly lines: LogLine[] = [];
  readonly committed: EventRow[][] = [];

  constructor(options: ToyOptions = {}) {
    this.log = options.log ?? createToyLog();
    this.memory = options.memory ?? new MemoryStore();
    this.store = new FaultyStore(options.store ?? this.memory);
    this.faults = options.faults ?? {
      broken: new Set(),
      provider: async (_, text) => `yes to ${text}`,
    };
    this.producer = options.producer ?? new Producer(this.log);
    this.loop = new TaskLoop({
      definition: toyService(this.faults),
      store: this.store,
      log: this.log,
      logger: pino({ level: 'trace' }, { write: (line: string) => void this.lines.push(JSON.parse(line) as LogLine) }),
      // Nothing in the toy asks for more of its surroundings.
      runtime: {} as ServiceRuntime,
      setting: () => undefined,
      referenceWaitMs: () => options.referenceWaitMs ?? 60_000,
      ...(options.claimAgainMs === undefined ? {} : { claimAgainMs: options.claimAgainMs }),
      onCommitted: ({ events }) => void this.committed.push([...events]),
    });
  }

  static async start(options: ToyOptions = {}): Promise<Toy> {
    const toy = new Toy(options);
    await toy.loop.start();
    return toy;
  }

  /** Another process over the same store and log; this one is left as it is, or has crashed. */
  next(more: ToyOptions = {}): Toy {
    const { log, memory, faults, producer } = this;
    return new Toy({ log, memory, store: this.store.inner, faults, producer, ...more });
  }

  send(...parameters: Parameters<Producer['send']>): Promise<void> {
    return this.producer.send(...parameters);
  }

  /** Everything on a partition of the topic that the toy writes. */
  async published(partition = 0): Promise<readonly LogRecord[]> {
    return this.log.read({ topic: 'booking-events', partition, offset: 0 }, 10_000);
  }

  async publishedTexts(partition = 0): Promise<readonly string[]> {
    return (await this.published(partition)).map(
      (record) => (JSON.parse(record.value ?? '{}') as { text: string }).text,
    );
  }

  async note(bookingId: string): Promise<Note> {
    const [loaded] = await this.store.loadStreams([{ stream: bookingId, root: true }]);
    const facts = (loaded?.events ?? []) as unknown as readonly Fact[];
    return facts.reduce(evolveNote, { texts: [], answers: [], firedAt: [] } as Note);
  }

  async document(bookingId: string): Promise<readonly string[] | undefined> {
    return (
      (await this.store.loadDocuments('notes', [bookingId])).get(bookingId) as { texts: readonly string[] } | undefined
    )?.texts;
  }

  request(bookingId: string, text: string, more: Partial<RequestRow> = {}): RequestRow {
    return {
      requestId: newId('request'),
      partition: 0,
      intent: 'decide',
      type: 'WriteNote',
      key: this.producer.shows[0] ?? '',
      subject: bookingId,
      stream: undefined,
      streamVersion: undefined,
      traceparent: undefined,
      acceptedAt: Date.now(),
      data: { text },
      ...more,
    };
  }

  /** Waits until something is so; the test's own time limit ends the waiting. */
  async until(isSo: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await isSo())) await new Promise((resolve) => setImmediate(resolve));
  }
}
