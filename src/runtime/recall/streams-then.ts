import { publication } from '../../contracts/topics.ts';
import type { Addressed, Message, ServiceDefinition } from '../service.ts';
import { type EventRow, privateChannel, type Store, type TaskRow } from '../store/store.ts';
import { type StateName, type StreamDraft, StreamStates } from '../task/streams.ts';

interface Fact {
  readonly type: string;
  readonly data: unknown;
}

/**
 * The streams of a restored task while they come back: each is folded from what is stored and what was recalled of it so
 * far. A stream some of whose private facts are lost for good may not fold any more: it is *broken*, what was told of it is
 * stored as it was told, and nothing is decided about it.
 */
export class StreamsThen {
  readonly #store: Store;
  readonly #task: TaskRow;
  readonly #states: StreamStates;
  readonly #draft: StreamDraft;
  /** By stream: its kind. What is told of a stream of unknown kind waits until somebody speaks to it. */
  readonly #kinds = new Map<string, string>();
  readonly #waiting = new Map<string, EventRow[]>();
  readonly #versions = new Map<string, number>();
  /** By stream: versions that are told and still to come. */
  readonly #toCome = new Map<string, number[]>();
  readonly #broken = new Set<string>();
  readonly #changed = new Map<string, { readonly name: StateName; readonly key: string }>();

  constructor(options: {
    readonly definition: ServiceDefinition;
    readonly store: Store;
    readonly task: TaskRow;
    readonly told: readonly EventRow[];
  }) {
    this.#store = options.store;
    this.#task = options.task;
    this.#states = new StreamStates(options.definition.streams);
    this.#draft = this.#states.draft();
    for (const { stream, streamVersion } of options.told)
      this.#toCome.set(stream, [...(this.#toCome.get(stream) ?? []), streamVersion]);
    for (const versions of this.#toCome.values()) versions.sort((a, b) => a - b);
  }

  kindOf(stream: string): string | undefined {
    return this.#kinds.get(stream);
  }

  learnKind(stream: string, kind: string): void {
    this.#kinds.set(stream, kind);
  }

  /** Brings a state into memory, with what was told of it before its kind was known. */
  async load(name: StateName): Promise<void> {
    this.#kinds.set(name.id, name.kind);
    const missing = this.#states.missing([name]);
    if (missing.length > 0) {
      const loaded = await this.#store.loadStreams(missing);
      try {
        this.#states.keep(loaded.map((each, index) => ({ ...each, kind: missing[index]?.kind ?? name.kind })));
      } catch {
        this.#broken.add(name.id);
      }
      const version = this.#states.committed({ ...name, part: undefined })?.version ?? 0;
      this.#versions.set(name.id, Math.max(version, this.#versions.get(name.id) ?? 0));
    }
    const waiting = this.#waiting.get(name.id) ?? [];
    this.#waiting.delete(name.id);
    for (const row of waiting) await this.#fold(row, name.kind);
  }

  /** Takes an event as it was told, whatever led to it. Returns the kind of its stream, where that is known. */
  async take(row: EventRow): Promise<string | undefined> {
    const kind = this.#kinds.get(row.stream);
    this.#passed(row);
    if (kind === undefined) this.#waiting.set(row.stream, [...(this.#waiting.get(row.stream) ?? []), row]);
    else await this.#fold(row, kind);
    return kind;
  }

  async #fold(row: EventRow, kind: string): Promise<void> {
    const name = { kind, id: row.stream, part: row.subject === row.stream ? undefined : row.subject };
    await this.load(name);
    if (this.#broken.has(row.stream)) return;
    try {
      this.#draft.open(name).evolve(row);
      this.#draft.settle();
      this.#note(name, row.key);
    } catch {
      this.#draft.undo();
      this.#broken.add(row.stream);
    }
  }

  /**
   * Decides an input again. What it says aloud has to be what was told next, and private facts have to fit in between:
   * returns all that follows, or `undefined` where it would not be what was. `filling`: only where what follows fills a place
   * before something that was told, which proves that the input was decided before that.
   */
  decide(
    to: Addressed,
    {
      message,
      told,
      filling = false,
    }: { readonly message: Message; readonly told: readonly EventRow[]; readonly filling?: boolean },
  ): readonly EventRow[] | undefined {
    const name = { kind: to.stream, id: to.id, part: to.part };
    if (this.#broken.has(to.id)) return undefined;
    try {
      const drafted = this.#draft.open(name);
      const facts = drafted.decide(to.input);
      const aloud = told.slice(0, facts.filter(({ type }) => publication(type) !== undefined).length);
      // It has something to say to what was told, or it is not what was meant.
      if (told.length > 0 && aloud.length === 0) return undefined;
      const first = this.#firstVersion(to.id, facts, aloud);
      if (first === undefined) return undefined;
      if (filling && !(facts.length > 0 && (this.#toCome.get(to.id) ?? []).some((version) => version > first)))
        return undefined;
      const left = [...aloud];
      const rows = facts.map((fact, index) =>
        publication(fact.type) === undefined
          ? this.#privateRow(fact, { name, streamVersion: first + index, message })
          : (left.shift() as EventRow),
      );
      for (const row of rows) drafted.evolve(row);
      this.#draft.settle();
      for (const row of rows) this.#passed(row);
      this.#note(name, message.key);
      return rows;
    } catch {
      this.#draft.undo();
      return undefined;
    }
  }

  /** The version of the first of these facts: they follow one another, around those that are told, in free places. */
  #firstVersion(stream: string, facts: readonly Fact[], told: readonly EventRow[]): number | undefined {
    const places = facts.flatMap(({ type }, index) => (publication(type) === undefined ? [] : [{ type, index }]));
    const last = this.#versions.get(stream) ?? 0;
    const first = told[0] === undefined ? last + 1 : told[0].streamVersion - (places[0]?.index ?? 0);
    const isTold =
      places.length === told.length &&
      places.every(({ type, index }, each) => told[each]?.type === type && told[each].streamVersion === first + index);
    const others = (this.#toCome.get(stream) ?? []).filter((version) =>
      told.every(({ streamVersion }) => streamVersion !== version),
    );
    const isFree = first > last && others.every((version) => version < first || version >= first + facts.length);
    return isTold && isFree ? first : undefined;
  }

  #privateRow(
    { type, data }: Fact,
    {
      name,
      streamVersion,
      message,
    }: { readonly name: StateName; readonly streamVersion: number; readonly message: Message },
  ): EventRow {
    const { envelope, key, at } = message;
    const { id: causationId, correlationId, traceparent } = envelope;
    return {
      ...{ channel: privateChannel, partition: this.#task.partition, timeline: this.#task.timeline },
      // Given when all is known.
      sequence: 0,
      ...{ stream: name.id, streamVersion, type, version: 1, subject: name.part ?? name.id, key, time: at },
      ...{ causationId, correlationId, traceparent, data, json: JSON.stringify(data) },
    };
  }

  #passed({ stream, streamVersion }: EventRow): void {
    this.#versions.set(stream, Math.max(streamVersion, this.#versions.get(stream) ?? 0));
    const toCome = this.#toCome.get(stream)?.filter((version) => version !== streamVersion);
    if (toCome !== undefined) this.#toCome.set(stream, toCome);
  }

  #note(name: StateName, key: string): void {
    this.#changed.set(`${name.kind} ${name.id} ${name.part ?? ''}`, { name, key });
  }

  /** The timers of all that has changed. */
  deadlines() {
    return [...this.#changed.values()]
      .filter(({ name }) => !this.#broken.has(name.id))
      .map(({ name, key }) => ({
        ...{ kind: name.kind, stream: name.id, part: name.part ?? '', partition: this.#task.partition, key },
        dueAt: this.#draft.open(name).deadline,
      }));
  }

  get broken(): readonly string[] {
    return [...this.#broken];
  }
}
