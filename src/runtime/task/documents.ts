import { LRUCache } from 'lru-cache';
import type { Applied, View } from '../service.ts';
import type { DocumentRow, LatestIds, Store } from '../store/store.ts';
import { NewIds } from './new-ids.ts';

/** Of each view: those of what is under way, and some more. */
const documentsCachedMax = 6_000;

/** The documents of a loop's views: a bounded cache of what is committed, and a draft for the batch at hand. */
export class Documents {
  readonly views: readonly View[];
  readonly #newIds: ReadonlyMap<string, NewIds>;
  /** By view, then by id. */
  readonly #known: ReadonlyMap<string, LRUCache<string, Known>>;

  /** `cachedMax`: documents of each view kept in memory; the store has them all. */
  constructor(views: readonly View[], cachedMax = documentsCachedMax) {
    this.views = views;
    this.#known = new Map(
      views.map(({ name }) => [
        name,
        new LRUCache<string, Known>({
          max: cachedMax,
          dispose: (_, id, why) => (why === 'set' ? undefined : this.#newIds.get(name)?.passed(id)),
        }),
      ]),
    );
    this.#newIds = new Map(
      views.filter((view) => view.begunByRequests !== true).map((view) => [view.name, new NewIds()]),
    );
  }

  /** Learns at a takeover which ids are the latest in the store. */
  learn(latest: LatestIds['documents'] | undefined): void {
    for (const [view, ids] of this.#newIds) ids.learn(latest === undefined ? undefined : (latest.get(view) ?? []));
  }

  /** Whether a document must be looked up to know if there is one. */
  isUnknown(view: string, id: string): boolean {
    return this.get(view, id) === undefined && this.#newIds.get(view)?.isNew(id) !== true;
  }

  get(view: string, id: string): { readonly doc: unknown } | undefined {
    return this.#known.get(view)?.get(id);
  }

  /** Keeps what a request has stored, unless more is known. */
  begun(view: string, id: string, doc: unknown): void {
    const known = this.#known.get(view);
    if (known?.has(id) === false) known.set(id, { doc });
  }

  draft(): DocumentDraft {
    return new DocumentDraft(this, (view, id, doc) => this.#known.get(view)?.set(id, { doc }));
  }

  clear(): void {
    for (const known of this.#known.values()) known.clear();
  }

  /** Somebody else has written to the views: nothing that was known of them holds any more. */
  distrust(): void {
    this.clear();
    for (const ids of this.#newIds.values()) ids.distrust();
  }
}

interface Known {
  readonly doc: unknown;
}

export class DocumentDraft {
  readonly #documents: Documents;
  readonly #keep: (view: string, id: string, doc: unknown) => void;
  readonly #rows = new Map<string, Map<string, DocumentRow>>();

  constructor(documents: Documents, keep: (view: string, id: string, doc: unknown) => void) {
    this.#documents = documents;
    this.#keep = keep;
  }

  /** Folds what was applied into the documents it concerns, each loaded once and written once. */
  async fold(applied: readonly Applied[], store: Store): Promise<void> {
    for (const view of this.#documents.views) {
      const concerned: { readonly id: string; readonly applied: Applied }[] = [];
      for (const each of applied) {
        const id = view.on[each.envelope.type]?.(each as Applied<never>);
        if (id !== undefined) concerned.push({ id, applied: each });
      }
      if (concerned.length === 0) continue;
      const unknown = [...new Set(concerned.map((each) => each.id))].filter((id) =>
        this.#documents.isUnknown(view.name, id),
      );
      const loaded = unknown.length === 0 ? new Map<string, unknown>() : await store.loadDocuments(view.name, unknown);
      for (const [id, doc] of loaded) this.#keep(view.name, id, doc);
      const rows = new Map<string, DocumentRow>();
      for (const { id, applied: change } of concerned) {
        const before = rows.has(id) ? rows.get(id)?.doc : (loaded.get(id) ?? this.#documents.get(view.name, id)?.doc);
        const doc = view.fold(before, change as Applied<never>);
        if (doc !== before) rows.set(id, { id, partition: change.partition, doc });
      }
      if (rows.size > 0) this.#rows.set(view.name, rows);
    }
  }

  rows(): ReadonlyMap<string, readonly DocumentRow[]> {
    return new Map([...this.#rows].map(([view, rows]) => [view, [...rows.values()]]));
  }

  get changed(): readonly { readonly view: string; readonly id: string; readonly partition: number }[] {
    return [...this.#rows].flatMap(([view, rows]) =>
      [...rows.values()].map(({ id, partition }) => ({ view, id, partition })),
    );
  }

  adopt(): void {
    for (const [view, rows] of this.#rows) for (const [id, row] of rows) this.#keep(view, id, row.doc);
  }
}
