import { LRUCache } from 'lru-cache';
import type { Applied, View } from '../service.ts';
import type { DocumentRow, Store } from '../store/store.ts';

/** Documents kept in memory; the store has them all. */
const documentsMax = 50_000;

/** The documents of a loop's views: a bounded cache of what is committed, and a draft for the batch at hand. */
export class Documents {
  readonly views: readonly View[];
  readonly #known = new LRUCache<string, { readonly doc: unknown }>({ max: documentsMax });

  constructor(views: readonly View[]) {
    this.views = views;
  }

  get(view: string, id: string): { readonly doc: unknown } | undefined {
    return this.#known.get(`${view} ${id}`);
  }

  draft(): DocumentDraft {
    return new DocumentDraft(this, (name, doc) => this.#known.set(name, { doc }));
  }

  clear(): void {
    this.#known.clear();
  }
}

export class DocumentDraft {
  readonly #documents: Documents;
  readonly #keep: (name: string, doc: unknown) => void;
  readonly #rows = new Map<string, Map<string, DocumentRow>>();

  constructor(documents: Documents, keep: (name: string, doc: unknown) => void) {
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
      const unknown = [...new Set(concerned.map((each) => each.id))].filter(
        (id) => this.#documents.get(view.name, id) === undefined,
      );
      const loaded = unknown.length === 0 ? new Map<string, unknown>() : await store.loadDocuments(view.name, unknown);
      const rows = new Map<string, DocumentRow>();
      for (const { id, applied: change } of concerned) {
        const before = rows.has(id) ? rows.get(id)?.doc : (this.#documents.get(view.name, id)?.doc ?? loaded.get(id));
        const doc = view.fold(before, change as Applied<never>);
        if (doc !== before) rows.set(id, { id, partition: change.partition, doc });
      }
      if (rows.size > 0) this.#rows.set(view.name, rows);
    }
  }

  rows(): ReadonlyMap<string, readonly DocumentRow[]> {
    return new Map([...this.#rows].map(([view, rows]) => [view, [...rows.values()]]));
  }

  get changed(): readonly { readonly view: string; readonly id: string }[] {
    return [...this.#rows].flatMap(([view, rows]) => [...rows.keys()].map((id) => ({ view, id })));
  }

  adopt(): void {
    for (const [view, rows] of this.#rows) for (const [id, row] of rows) this.#keep(`${view} ${id}`, row.doc);
  }
}
