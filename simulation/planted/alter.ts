import type { ServiceDefinition, StreamDefinition, View } from '../../src/runtime/service.ts';
import type { Commit, Store, Takeover } from '../../src/runtime/store/store.ts';
import type { Alterations } from '../alterations.ts';

/** A fault of the kind this field really makes, put into the simulated world to see whether anybody notices. */
export interface PlantedBug {
  readonly name: string;
  readonly alterations: Alterations;
  /** A seed by which it has shown before, so that it is tried first: those that need a rare mishap are long looked for. */
  readonly shownBy?: number;
}

/** States, inputs and facts as a planted bug handles them: it has no business with their types. */
export type Loose = Readonly<Record<string, unknown>>;
export interface LooseFact {
  readonly type: string;
  readonly data: Loose;
}
export interface LooseInput extends Loose {
  readonly type: string;
  readonly at: number;
  readonly data: Loose;
}
export interface LooseDecider {
  readonly initialState: unknown;
  decide(state: Loose, input: LooseInput): readonly LooseFact[];
  evolve(state: Loose, fact: LooseFact): Loose;
  deadline(state: Loose): number | undefined;
}

/** The decider of one kind of stream, altered. */
export function decider(
  service: string,
  kind: string,
  alter: (before: LooseDecider) => Partial<LooseDecider>,
): Alterations {
  return {
    definitions: (definitions) =>
      definitions.map((definition) =>
        definition.name === service ? withDecider(definition, kind, alter) : definition,
      ),
  };
}

function withDecider(
  definition: ServiceDefinition,
  kind: string,
  alter: (before: LooseDecider) => Partial<LooseDecider>,
): ServiceDefinition {
  const stream = definition.streams[kind];
  if (stream === undefined) throw new Error(`${definition.name} has no stream ${kind}`);
  const before = stream.decider as unknown as LooseDecider;
  const altered = { ...stream, decider: { ...before, ...alter(before) } } as unknown as StreamDefinition;
  return { ...definition, streams: { ...definition.streams, [kind]: altered } };
}

/** What one input of a decider leads to, altered. */
export function decision(
  service: string,
  kind: string,
  alter: (state: Loose, input: LooseInput, decide: LooseDecider['decide']) => readonly LooseFact[],
): Alterations {
  return decider(service, kind, (before) => ({
    decide: (state, input) => alter(state, input, (...given) => before.decide(...given)),
  }));
}

/** A view, altered. */
export function viewFold(service: string, name: string, fold: (before: View['fold']) => View['fold']): Alterations {
  return {
    definitions: (definitions) =>
      definitions.map((definition) =>
        definition.name === service
          ? {
              ...definition,
              views: (definition.views ?? []).map((each) =>
                each.name === name ? { ...each, fold: fold(each.fold) } : each,
              ),
            }
          : definition,
      ),
  };
}

/** Some operations of a store, altered. */
export function store(alter: (before: Store, service: string) => Partial<Store>): Alterations {
  return {
    store: (before, service) => {
      const same: Store = {
        takeOver: (partitions) => before.takeOver(partitions),
        loadStreams: (streams) => before.loadStreams(streams),
        loadReferences: (keys) => before.loadReferences(keys),
        loadDocuments: (view, ids) => before.loadDocuments(view, ids),
        loadParked: (parkedIds) => before.loadParked(parkedIds),
        readEvents: (from) => before.readEvents(from),
        commit: (commit) => before.commit(commit),
        close: () => before.close(),
      };
      return { ...same, ...alter(before, service) };
    },
  };
}

/** What a takeover forgets. */
export function takeover(forget: (read: Takeover) => Partial<Takeover>): Alterations {
  return store((before) => ({
    takeOver: async (partitions) => {
      const read = await before.takeOver(partitions);
      return { ...read, ...forget(read) };
    },
  }));
}

/** A part that is wired in, altered. */
export function part<Part>(name: string, alter: (before: Part) => Part): Alterations {
  return { parts: (parts) => ({ ...parts, [name]: alter(parts[name] as Part) }) };
}

export const emptyCommit: Omit<Commit, 'tasks'> = {
  events: [],
  snapshots: [],
  deadlines: [],
  effectsOpened: [],
  effectsClosed: [],
  requestsTaken: [],
  parked: [],
  unparked: [],
  references: [],
  documents: new Map(),
  statements: [],
};
