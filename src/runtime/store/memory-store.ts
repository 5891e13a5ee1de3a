import {
  type Commit,
  ConstraintViolated,
  type DeadlineRow,
  type EffectRow,
  type EventRow,
  type EventsFrom,
  Fenced,
  type LoadedStream,
  type ParkedRow,
  type ReferenceRow,
  type RequestRow,
  RequestsTaken,
  type Store,
  type StreamToLoad,
  type Takeover,
  type TaskRow,
  withoutLongInput,
} from './store.ts';

/**
 * The store port in memory, for tests and simulation. What goes in and comes out is copied as JSON, like a database
 * would. SQL statements of a service are not run: they are walls and reports, never what decisions are made from.
 */
export class MemoryStore implements Store {
  readonly #now: () => number;
  readonly #tasks = new Map<number, TaskRow>();
  readonly #events = new Map<string, EventRow[]>();
  readonly #channels = new Map<string, EventRow[]>();
  /** Names of all versions and sequences that were given. */
  readonly #given = new Set<string>();
  readonly #latestStreams = new LatestOfPrefix();
  readonly #latestDocuments = new Map<string, LatestOfPrefix>();
  readonly #snapshots = new Map<string, { readonly version: number; readonly root: unknown }>();
  readonly #deadlines = new Map<string, DeadlineRow>();
  readonly #effects = new Map<string, EffectRow>();
  readonly #requests = new Map<string, RequestRow>();
  readonly #parked = new Map<string, ParkedRow>();
  readonly #references = new Map<string, ReferenceRow>();
  readonly #documents = new Map<string, Map<string, unknown>>();

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  async takeOver(partitions: readonly number[]): Promise<Takeover> {
    for (const partition of partitions) {
      const row = this.#tasks.get(partition) ?? {
        partition,
        epoch: 0,
        timeline: 1,
        positions: {},
        heads: {},
        sequences: {},
        published: {},
      };
      this.#tasks.set(partition, { ...row, epoch: row.epoch + 1 });
    }
    const mine = <Row extends { readonly partition: number }>(rows: Iterable<Row>): Row[] =>
      [...rows].filter((row) => partitions.includes(row.partition)).map(copy);
    return {
      tasks: mine(this.#tasks.values()),
      deadlines: mine(this.#deadlines.values()),
      effects: mine(this.#effects.values()),
      requests: mine(this.#requests.values()).sort(
        (a, b) => a.acceptedAt - b.acceptedAt || (a.requestId < b.requestId ? -1 : 1),
      ),
      parked: mine([...this.#parked.values()].map(withoutLongInput)).sort((a, b) => a.position - b.position),
      now: this.#now(),
      latest: {
        streams: this.#latestStreams.ids,
        documents: new Map([...this.#latestDocuments].map(([view, latest]) => [view, latest.ids])),
      },
    };
  }

  /** Stores request rows, as ingress does. */
  async accept(rows: readonly RequestRow[]): Promise<void> {
    for (const row of rows) this.#requests.set(row.requestId, copyRow(row));
  }

  /** Keeps a document that is there before anything was decided, unless one is known already. */
  keepFirstDocument(view: string, { id, doc }: { readonly id: string; readonly doc: unknown }): void {
    if (!this.#documentsOf(view).has(id)) this.#keepDocument(view, id, doc);
  }

  /** All that is stored, for whoever examines it: nothing is copied, so nothing may be changed. */
  get contents(): Contents {
    return {
      tasks: [...this.#tasks.values()],
      events: [...this.#channels.values()].flat(),
      deadlines: [...this.#deadlines.values()],
      effects: [...this.#effects.values()],
      requests: [...this.#requests.values()],
      parked: [...this.#parked.values()],
      documents: this.#documents,
    };
  }

  async loadStreams(wanted: readonly StreamToLoad[]): Promise<readonly LoadedStream[]> {
    return wanted.map((each) => {
      const snapshot = each.root ? this.#snapshots.get(each.stream) : undefined;
      const events = (this.#events.get(each.stream) ?? [])
        .filter((event) => (each.root ? event.streamVersion > (snapshot?.version ?? 0) : event.subject === each.part))
        .sort((a, b) => a.streamVersion - b.streamVersion);
      return { ...each, snapshot: copy(snapshot), events: events.map(copyRow) };
    });
  }

  async loadReferences(
    keys: readonly { readonly topic: string; readonly key: string }[],
  ): Promise<readonly ReferenceRow[]> {
    return keys.flatMap(({ topic, key }) => this.#references.get(`${topic} ${key}`) ?? []).map(copyRow);
  }

  async loadDocuments(view: string, ids: readonly string[]): Promise<ReadonlyMap<string, unknown>> {
    const known = this.#documents.get(view);
    return new Map(ids.flatMap((id) => (known?.has(id) === true ? [[id, copy(known.get(id))] as const] : [])));
  }

  async loadParked(parkedIds: readonly string[]): Promise<ReadonlyMap<string, unknown>> {
    return new Map(
      parkedIds.flatMap((id) => this.#parked.get(id) ?? []).map((row) => [row.parkedId, copy(row.arrival)]),
    );
  }

  async commit(commit: Commit): Promise<void> {
    for (const name of this.#check(commit)) this.#given.add(name);
    for (const task of commit.tasks) this.#tasks.set(task.partition, copyTask(task));
    for (const event of commit.events) {
      const kept = copyRow(event);
      push(this.#events, kept.stream, kept);
      push(this.#channels, `${kept.channel}/${kept.partition}`, kept);
      this.#latestStreams.note(kept.stream);
      this.#latestStreams.note(kept.subject);
    }
    for (const { stream, version, root } of commit.snapshots) this.#snapshots.set(stream, copy({ version, root }));
    for (const row of commit.deadlines) {
      if (row.dueAt === undefined) this.#deadlines.delete(`${row.stream} ${row.part}`);
      else this.#deadlines.set(`${row.stream} ${row.part}`, { ...row });
    }
    for (const row of commit.effectsClosed) this.#effects.delete(versionName(row));
    for (const row of commit.effectsOpened) this.#effects.set(versionName(row), copyRow(row));
    for (const id of commit.requestsTaken) this.#requests.delete(id);
    for (const id of commit.unparked) this.#parked.delete(id);
    for (const row of commit.parked) this.#parked.set(row.parkedId, copy(row));
    for (const row of commit.references) this.#keepReference(row);
    for (const [view, rows] of commit.documents) {
      const known = this.#documentsOf(view);
      for (const { id, doc } of rows) {
        if (doc === undefined) known.delete(id);
        else this.#keepDocument(view, id, doc);
      }
    }
  }

  #documentsOf(view: string): Map<string, unknown> {
    const known = this.#documents.get(view) ?? new Map<string, unknown>();
    this.#documents.set(view, known);
    return known;
  }

  #keepDocument(view: string, id: string, doc: unknown): void {
    this.#documentsOf(view).set(id, copy(doc));
    const latest = this.#latestDocuments.get(view) ?? new LatestOfPrefix();
    this.#latestDocuments.set(view, latest);
    latest.note(id);
  }

  /** All that a database would refuse, before anything is changed; the names that the commit's events take. */
  #check({ tasks, events, requestsTaken }: Commit): ReadonlySet<string> {
    const moved = tasks.filter((task) => this.#tasks.get(task.partition)?.epoch !== task.epoch);
    if (moved.length > 0) throw new Fenced(moved.map((task) => task.partition));
    const seen = new Set<string>();
    for (const event of events) {
      const [version, sequence] = [versionName(event), sequenceName(event)];
      if ([version, sequence].some((name) => this.#given.has(name) || seen.has(name)))
        throw new ConstraintViolated(`event ${version} (${sequence}) exists already`);
      seen.add(version).add(sequence);
    }
    const taken = requestsTaken.filter((id) => !this.#requests.has(id));
    if (taken.length > 0) throw new RequestsTaken(`requests ${taken.join()} were taken before`);
    return seen;
  }

  #keepReference(row: ReferenceRow): void {
    const name = `${row.topic} ${row.key}`;
    const known = this.#references.get(name);
    const isLater =
      known === undefined ||
      row.timeline > known.timeline ||
      (row.timeline === known.timeline && row.streamVersion > known.streamVersion);
    if (isLater) this.#references.set(name, copyRow(row));
  }

  async readEvents(from: EventsFrom): Promise<readonly EventRow[]> {
    const { channel, partition, sequence, eventsMax, lastOfStream = false, streams } = from;
    const all = this.#channels.get(`${channel}/${partition}`) ?? [];
    const events = streams === undefined ? all : all.filter(({ stream }) => streams.includes(stream));
    const last = new Map<string, number>();
    if (lastOfStream)
      for (const { stream, streamVersion } of events) last.set(stream, Math.max(last.get(stream) ?? 0, streamVersion));
    return events
      .filter((event) => event.sequence >= sequence && event.streamVersion >= (last.get(event.stream) ?? 0))
      .sort((a, b) => a.sequence - b.sequence)
      .slice(0, eventsMax)
      .map(copyRow);
  }

  async close(): Promise<void> {
    // What is in memory goes with the last reference to it.
  }
}

export interface Contents {
  readonly tasks: readonly TaskRow[];
  /** Of each channel partition in order of their sequences. */
  readonly events: readonly EventRow[];
  readonly deadlines: readonly DeadlineRow[];
  readonly effects: readonly EffectRow[];
  readonly requests: readonly RequestRow[];
  readonly parked: readonly ParkedRow[];
  readonly documents: ReadonlyMap<string, ReadonlyMap<string, unknown>>;
}

/** Of ids that begin alike, the one that sorts last. */
class LatestOfPrefix {
  readonly #latest = new Map<string, string>();

  note(id: string): void {
    const prefix = id.slice(0, 4);
    if (id > (this.#latest.get(prefix) ?? '')) this.#latest.set(prefix, id);
  }

  get ids(): readonly string[] {
    return [...this.#latest.values()];
  }
}

function versionName(row: { readonly stream: string; readonly streamVersion: number }): string {
  return `${row.stream}/${row.streamVersion}`;
}

function sequenceName({ channel, partition, sequence }: EventRow): string {
  return `#${channel}/${partition}/${sequence}`;
}

/** Of a row with `data`, only that is more than texts and numbers. */
export function copyRow<Row extends { readonly data: unknown }>(row: Row): Row {
  return { ...row, data: copy(row.data) };
}

/** Places and counts are replaced when they change, never written to. */
function copyTask(task: TaskRow): TaskRow {
  const { positions, heads, sequences, published } = task;
  const copied = { positions: { ...positions }, heads: { ...heads }, sequences: { ...sequences } };
  return { ...task, ...copied, published: { ...published } };
}

/** Rows are JSON: arrays, plain objects and what cannot change. */
function copy<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(copy) as Value;
  if (Object.getPrototypeOf(value) !== Object.prototype) return structuredClone(value);
  // Copied at once, then what is in it that can change: field by field, the copy would change its shape with each.
  const copied: Record<string, unknown> = { ...(value as Record<string, unknown>) };
  for (const name in copied) {
    const field = copied[name];
    if (typeof field === 'object' && field !== null) copied[name] = copy(field);
  }
  return copied as Value;
}

function push<Value>(map: Map<string, Value[]>, key: string, value: Value): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [value]);
  else known.push(value);
}
