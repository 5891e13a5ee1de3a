import type { Applied, ServiceDefinition, Statement, View } from '../runtime/service.ts';
import type { PostgresStore } from '../runtime/store/postgres/postgres-store.ts';
import { Documents } from '../runtime/task/documents.ts';
import type { Installation } from './installation.ts';
import { newRefoldState, parkedRecords, type RefoldState, refold, taskMarks } from './refold.ts';

/** Facts and records that are written by one commit. */
const foldMax = 1_000;

export interface FoldingOptions {
  readonly installation: Installation;
  readonly definition: ServiceDefinition;
  /** What concerns whoever folds; asked anew for each round, since there may be new kinds of facts by then. */
  readonly hears: () => View | Promise<View>;
  /** Views that are made. */
  readonly makes: readonly View[];
  /** Where they are written. */
  readonly store: PostgresStore;
  /** What else each batch writes. */
  readonly statements?: (applied: readonly Applied[]) => readonly Statement[];
}

/** Folds what a service has stored and heard into another store, as far as its tasks have come. */
export class Folding {
  readonly #options: FoldingOptions;
  readonly #documents: Documents;
  readonly #states = new Map<number, RefoldState>();
  folded = 0;

  constructor(options: FoldingOptions) {
    this.#options = options;
    this.#documents = new Documents(options.makes);
  }

  /** Goes on from where the round before has ended. Yields how much was folded so far. */
  async *round(): AsyncGenerator<number> {
    const { installation, definition, hears } = this.#options;
    const view = await hears();
    const marks = await taskMarks(installation, definition.name);
    const parked = await parkedRecords(installation, definition.name);
    for (const mark of marks) {
      const state = this.#states.get(mark.partition) ?? newRefoldState();
      this.#states.set(mark.partition, state);
      let batch: Applied[] = [];
      for await (const applied of refold({ installation, definition, view, mark, state, parked })) {
        batch.push(applied);
        if (batch.length < foldMax) continue;
        await this.#fold(batch);
        batch = [];
        yield this.folded;
      }
      await this.#fold(batch);
    }
    yield this.folded;
  }

  async #fold(applied: readonly Applied[]): Promise<void> {
    if (applied.length === 0) return;
    const { store } = this.#options;
    const draft = this.#documents.draft();
    await draft.fold(applied, store);
    const nothing = { tasks: [], events: [], snapshots: [], deadlines: [], effectsOpened: [], effectsClosed: [] };
    const rest = { requestsTaken: [], parked: [], unparked: [], references: [] };
    const statements = this.#options.statements?.(applied) ?? [];
    await store.commit({ ...nothing, ...rest, statements, documents: draft.rows() });
    draft.adopt();
    this.folded += applied.length;
  }
}

/** Topics whose first records retention has removed, with where they start now: what these said cannot be folded any more. */
export async function missingBeginnings({ log }: Installation, topics: readonly string[]): Promise<readonly string[]> {
  const missing: string[] = [];
  for (const topic of topics) {
    const partitions = log.topics.find(({ name }) => name === topic)?.partitions ?? 0;
    for (let partition = 0; partition < partitions; partition += 1) {
      const { first } = await log.bounds({ topic, partition });
      if (first > 0) missing.push(`${topic}/${partition} starts at offset ${first}`);
    }
  }
  return missing;
}
