import { LRUCache } from 'lru-cache';
import type { Split, StreamDefinition } from '../service.ts';
import type { LoadedStream, StreamToLoad } from '../store/store.ts';
import { NewIds } from './new-ids.ts';

/** Which state: of a stream, or of one part of a split stream. */
export interface StateName {
  readonly kind: string;
  readonly id: string;
  readonly part: string | undefined;
}

interface RootState {
  readonly state: unknown;
  /** Version of the stream's last event; 0 before the first. */
  readonly version: number;
  readonly snapshotVersion: number;
}

interface KeptRoot extends RootState {
  readonly kind: string;
  readonly id: string;
}

interface KeptPart {
  readonly part: string;
  readonly state: unknown;
}

type Decide = (state: unknown, input: unknown) => readonly { readonly type: string; readonly data: unknown }[];
type Evolve = (state: unknown, event: unknown) => unknown;
interface AnyDecider {
  readonly initialState: unknown;
  readonly decide: Decide;
  readonly evolve: Evolve;
  readonly deadline: (state: unknown) => number | undefined;
}

/** What the root of a split stream (all seats of a show) counts as, beside the state of a short one. */
const splitRootWeight = 20;
/** A split stream gets a new snapshot after so many events. */
const snapshotEvents = 500;

/**
 * The states of a loop's streams: a bounded cache of what is committed, and a draft on top of it while a batch is being
 * decided. Nothing of a draft is seen by anyone until the batch has committed.
 */
export class StreamStates {
  readonly #definitions: Readonly<Record<string, StreamDefinition>>;
  readonly #newIds = new NewIds();
  readonly #roots: LRUCache<string, KeptRoot>;
  readonly #parts: LRUCache<string, KeptPart>;

  /** `cachedMax`: states kept in memory; the store has them all. More than one batch needs. */
  constructor(definitions: Readonly<Record<string, StreamDefinition>>, cachedMax = 100_000) {
    this.#definitions = definitions;
    this.#roots = new LRUCache({
      maxSize: cachedMax,
      sizeCalculation: ({ kind }) => (this.definition(kind).shape === 'split' ? splitRootWeight : 1),
      dispose: ({ id }, _, why) => (why === 'set' ? undefined : this.#newIds.passed(id)),
    });
    this.#parts = new LRUCache({
      max: cachedMax,
      dispose: ({ part }, _, why) => (why === 'set' ? undefined : this.#newIds.passed(part)),
    });
  }

  definition(
    kind: string,
  ): { readonly decider: AnyDecider; readonly shape: 'whole' | 'split' } & Pick<StreamDefinition, 'codec'> {
    const definition = this.#definitions[kind];
    if (definition === undefined) throw new Error(`there is no stream kind ${kind}`);
    return definition as unknown as { decider: AnyDecider; shape: 'whole' | 'split' };
  }

  /** What must be loaded before these states can be used; what the store cannot know begins at once. */
  missing(names: readonly StateName[]): readonly (StreamToLoad & { readonly kind: string })[] {
    const missing = new Map<string, StreamToLoad & { readonly kind: string }>();
    const want = (wanted: StreamToLoad & { readonly kind: string }, isNew: boolean) => {
      if (isNew) this.keep([{ ...wanted, snapshot: undefined, events: [] }]);
      else missing.set(`${wanted.kind} ${wanted.stream} ${wanted.part ?? ''}`, wanted);
    };
    for (const { kind, id, part } of names) {
      if (!this.#roots.has(rootKey(kind, id))) want({ kind, stream: id, root: true }, this.#newIds.isNew(id));
      if (part !== undefined && !this.#parts.has(partKey(kind, id, part)))
        want({ kind, stream: id, root: false, part }, this.#newIds.isNew(part));
    }
    return [...missing.values()];
  }

  /** Learns at a takeover which ids are the latest in the store. */
  learn(latest: readonly string[] | undefined): void {
    this.#newIds.learn(latest);
  }

  /** Folds what the store loaded and keeps it. */
  keep(loaded: readonly (LoadedStream & { readonly kind: string })[]): void {
    for (const each of loaded) {
      const { decider, shape, codec } = this.definition(each.kind);
      if (!each.root && each.part !== undefined) {
        const initial = decider.initialState as Split<unknown, unknown>;
        let part = initial.part;
        for (const event of each.events)
          part = (decider.evolve({ root: initial.root, part }, event) as Split<unknown, unknown>).part;
        this.#parts.set(partKey(each.kind, each.stream, each.part), { part: each.part, state: part });
        continue;
      }
      const snapshotVersion = each.snapshot?.version ?? 0;
      const version = each.events.at(-1)?.streamVersion ?? snapshotVersion;
      let state = decider.initialState;
      if (shape === 'whole') {
        for (const event of each.events) state = decider.evolve(state, event);
      } else {
        const initial = decider.initialState as Split<unknown, unknown>;
        let root =
          each.snapshot === undefined ? initial.root : (codec?.decode(each.snapshot.root) ?? each.snapshot.root);
        for (const event of each.events)
          root = (decider.evolve({ root, part: initial.part }, event) as Split<unknown, unknown>).root;
        state = root;
      }
      const root = { kind: each.kind, id: each.stream, state, version, snapshotVersion };
      this.#roots.set(rootKey(each.kind, each.stream), root);
    }
  }

  /** The committed state; `undefined` where it is not in memory. */
  committed({ kind, id, part }: StateName): { readonly state: unknown; readonly version: number } | undefined {
    const root = this.#roots.get(rootKey(kind, id));
    if (root === undefined) return undefined;
    if (this.definition(kind).shape === 'whole') return root;
    const initial = this.definition(kind).decider.initialState as Split<unknown, unknown>;
    const kept = part === undefined ? { state: initial.part } : this.#parts.get(partKey(kind, id, part));
    return kept === undefined ? undefined : { state: { root: root.state, part: kept.state }, version: root.version };
  }

  draft(): StreamDraft {
    return new StreamDraft(this, this.#roots, this.#parts);
  }

  clear(): void {
    this.#roots.clear();
    this.#parts.clear();
  }
}

/** The states as a batch makes them. A message's changes count only when all its decisions came through. */
export class StreamDraft {
  readonly #states: StreamStates;
  readonly #cachedRoots: LRUCache<string, KeptRoot>;
  readonly #cachedParts: LRUCache<string, KeptPart>;
  readonly #roots = new Map<string, KeptRoot>();
  readonly #parts = new Map<string, KeptPart>();
  #undo: (() => void)[] = [];

  constructor(states: StreamStates, roots: LRUCache<string, KeptRoot>, parts: LRUCache<string, KeptPart>) {
    this.#states = states;
    this.#cachedRoots = roots;
    this.#cachedParts = parts;
  }

  #root(kind: string, id: string): RootState {
    const key = rootKey(kind, id);
    const root = this.#roots.get(key) ?? this.#cachedRoots.get(key);
    if (root === undefined) throw new Error(`${key} was not loaded`);
    return root;
  }

  #part(kind: string, id: string, part: string | undefined): unknown {
    if (part === undefined) return (this.#states.definition(kind).decider.initialState as Split<unknown, unknown>).part;
    const key = partKey(kind, id, part);
    const kept = this.#parts.get(key) ?? this.#cachedParts.get(key);
    if (kept === undefined) throw new Error(`${key} was not loaded`);
    return kept.state;
  }

  /** The state a decider sees. */
  state({ kind, id, part }: StateName): unknown {
    const root = this.#root(kind, id);
    if (this.#states.definition(kind).shape === 'whole') return root.state;
    return { root: root.state, part: this.#part(kind, id, part) };
  }

  /** Folds one fact in and returns its stream version. */
  evolve(name: StateName, fact: { readonly type: string; readonly data: unknown }): number {
    const { kind, id, part } = name;
    const { decider, shape } = this.#states.definition(kind);
    const before = this.#root(kind, id);
    const after = decider.evolve(this.state(name), fact);
    const version = before.version + 1;
    const state = shape === 'whole' ? after : (after as Split<unknown, unknown>).root;
    this.#set(this.#roots, rootKey(kind, id), { kind, id, state, version, snapshotVersion: before.snapshotVersion });
    if (shape === 'split' && part !== undefined) {
      this.#set(this.#parts, partKey(kind, id, part), { part, state: (after as Split<unknown, unknown>).part });
    }
    return version;
  }

  #set<Value>(map: Map<string, Value>, key: string, value: Value): void {
    const before = map.get(key);
    this.#undo.push(() => {
      if (before === undefined) map.delete(key);
      else map.set(key, before);
    });
    map.set(key, value);
  }

  /** The decisions of a message came through. */
  settle(): void {
    this.#undo = [];
  }

  /** Takes back what came since the last `settle`. */
  undo(): void {
    for (const step of this.#undo.reverse()) step();
    this.#undo = [];
  }

  deadline(name: StateName): number | undefined {
    return this.#states.definition(name.kind).decider.deadline(this.state(name));
  }

  /** Roots of split streams that have grown enough since their last snapshot. */
  snapshots(): readonly { readonly stream: string; readonly version: number; readonly root: unknown }[] {
    const due: { stream: string; version: number; root: unknown }[] = [];
    for (const [key, root] of this.#roots) {
      const { shape, codec } = this.#states.definition(root.kind);
      if (shape === 'whole' || root.version - root.snapshotVersion < snapshotEvents) continue;
      due.push({ stream: root.id, version: root.version, root: codec?.encode(root.state) ?? root.state });
      this.#roots.set(key, { ...root, snapshotVersion: root.version });
    }
    return due;
  }

  /** The batch has committed: the draft becomes what everybody sees. */
  adopt(): void {
    for (const [key, root] of this.#roots) this.#cachedRoots.set(key, root);
    for (const [key, part] of this.#parts) this.#cachedParts.set(key, part);
  }
}

function rootKey(kind: string, id: string): string {
  return `${kind} ${id}`;
}

function partKey(kind: string, id: string, part: string): string {
  return `${kind} ${id} ${part}`;
}
