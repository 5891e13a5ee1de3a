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

/** States in memory: of what is under way and of the minutes before; the others are read from the store again. */
const statesCachedMax = 12_000;
/** What the root of a split stream (all seats of a show) counts as, beside the state of a short one. */
const splitRootWeight = 6;
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
  constructor(definitions: Readonly<Record<string, StreamDefinition>>, cachedMax = statesCachedMax) {
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

/** A value of the cache that a draft may change. */
class Drafted<Value> {
  readonly key: string;
  value: Value;
  isChanged = false;

  constructor(key: string, value: Value) {
    this.key = key;
    this.value = value;
  }
}

/** The states as a batch makes them. A message's changes count only when all its decisions came through. */
export class StreamDraft {
  readonly #states: StreamStates;
  readonly #cachedRoots: LRUCache<string, KeptRoot>;
  readonly #cachedParts: LRUCache<string, KeptPart>;
  readonly #roots = new Map<string, Drafted<KeptRoot>>();
  readonly #parts = new Map<string, Drafted<KeptPart>>();
  #undo: (() => void)[] = [];

  constructor(states: StreamStates, roots: LRUCache<string, KeptRoot>, parts: LRUCache<string, KeptPart>) {
    this.#states = states;
    this.#cachedRoots = roots;
    this.#cachedParts = parts;
  }

  /** The state a message speaks to; `undefined` where it has to be loaded first. Throws for a kind that is not there. */
  find({ kind, id, part }: StateName): DraftedState | undefined {
    const definition = this.#states.definition(kind);
    const root = found(this.#roots, this.#cachedRoots, rootKey(kind, id));
    if (root === undefined) return undefined;
    if (part === undefined || definition.shape === 'whole') return new DraftedState(this, { definition, root });
    const drafted = found(this.#parts, this.#cachedParts, partKey(kind, id, part));
    return drafted && new DraftedState(this, { definition, root, part: drafted });
  }

  /** As `find`, for what was loaded. */
  open(name: StateName): DraftedState {
    const found = this.find(name);
    if (found === undefined) throw new Error(`${partKey(name.kind, name.id, name.part ?? '')} was not loaded`);
    return found;
  }

  change<Value>(drafted: Drafted<Value>, value: Value): void {
    const { value: before, isChanged } = drafted;
    this.#undo.push(() => {
      drafted.value = before;
      drafted.isChanged = isChanged;
    });
    drafted.value = value;
    drafted.isChanged = true;
  }

  /** The decisions of a message came through. */
  settle(): void {
    this.#undo.length = 0;
  }

  /** Takes back what came since the last `settle`. */
  undo(): void {
    for (const step of this.#undo.reverse()) step();
    this.#undo.length = 0;
  }

  /** Roots of split streams that have grown enough since their last snapshot. */
  snapshots(): readonly { readonly stream: string; readonly version: number; readonly root: unknown }[] {
    const due: { stream: string; version: number; root: unknown }[] = [];
    for (const drafted of this.#roots.values()) {
      const root = drafted.value;
      const { shape, codec } = this.#states.definition(root.kind);
      if (!drafted.isChanged || shape === 'whole' || root.version - root.snapshotVersion < snapshotEvents) continue;
      due.push({ stream: root.id, version: root.version, root: codec?.encode(root.state) ?? root.state });
      drafted.value = { ...root, snapshotVersion: root.version };
    }
    return due;
  }

  /** The batch has committed: the draft becomes what everybody sees. */
  adopt(): void {
    for (const { key, value, isChanged } of this.#roots.values()) if (isChanged) this.#cachedRoots.set(key, value);
    for (const { key, value, isChanged } of this.#parts.values()) if (isChanged) this.#cachedParts.set(key, value);
  }
}

function found<Value extends object>(
  drafts: Map<string, Drafted<Value>>,
  cached: LRUCache<string, Value>,
  key: string,
): Drafted<Value> | undefined {
  const known = drafts.get(key);
  if (known !== undefined) return known;
  const value = cached.get(key);
  if (value === undefined) return undefined;
  const drafted = new Drafted(key, value);
  drafts.set(key, drafted);
  return drafted;
}

/** One state of a draft: looked up once, then decided about and changed in place. */
export class DraftedState {
  readonly #draft: StreamDraft;
  readonly #definition: { readonly decider: AnyDecider; readonly shape: 'whole' | 'split' };
  readonly #root: Drafted<KeptRoot>;
  readonly #part: Drafted<KeptPart> | undefined;

  constructor(
    draft: StreamDraft,
    of: {
      readonly definition: { readonly decider: AnyDecider; readonly shape: 'whole' | 'split' };
      readonly root: Drafted<KeptRoot>;
      readonly part?: Drafted<KeptPart>;
    },
  ) {
    this.#draft = draft;
    this.#definition = of.definition;
    this.#root = of.root;
    this.#part = of.part;
  }

  /** What a decider sees. */
  get state(): unknown {
    const { decider, shape } = this.#definition;
    const root = this.#root.value.state;
    if (shape === 'whole') return root;
    const part =
      this.#part === undefined ? (decider.initialState as Split<unknown, unknown>).part : this.#part.value.state;
    return { root, part };
  }

  decide(input: unknown): readonly { readonly type: string; readonly data: unknown }[] {
    return this.#definition.decider.decide(this.state, input);
  }

  /** Folds one fact in and returns its stream version. */
  evolve(fact: { readonly type: string; readonly data: unknown }): number {
    const { decider, shape } = this.#definition;
    const before = this.#root.value;
    const after = decider.evolve(this.state, fact);
    const version = before.version + 1;
    const state = shape === 'whole' ? after : (after as Split<unknown, unknown>).root;
    this.#draft.change(this.#root, { ...before, state, version });
    if (this.#part !== undefined)
      this.#draft.change(this.#part, { part: this.#part.value.part, state: (after as Split<unknown, unknown>).part });
    return version;
  }

  get deadline(): number | undefined {
    return this.#definition.decider.deadline(this.state);
  }
}

function rootKey(kind: string, id: string): string {
  return `${kind} ${id}`;
}

function partKey(kind: string, id: string, part: string): string {
  return `${kind} ${id} ${part}`;
}
