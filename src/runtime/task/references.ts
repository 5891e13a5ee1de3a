import { LRUCache } from 'lru-cache';
import type { TopicName } from '../../contracts/topics.ts';
import type { Lookup, ReferenceKey } from '../service.ts';
import type { ReferenceRow, Store } from '../store/store.ts';

/**
 * What the compacted topics say: a bounded cache over the store's table, and a draft for the records of the batch at
 * hand. Settings come from the process-wide feed, since every process reads them for itself.
 */
export class References {
  readonly #store: Store;
  readonly #settings: (key: string) => unknown;
  /** Whether a topic's records pass through this loop; others may change in the table behind our back. */
  readonly #reads: (topic: string) => boolean;
  readonly #known: LRUCache<string, ReferenceRow>;

  /** `cachedMax`: records kept in memory; the store has them all. More than one batch needs. */
  constructor(options: {
    store: Store;
    settings: (key: string) => unknown;
    reads: (topic: string) => boolean;
    cachedMax?: number | undefined;
  }) {
    this.#known = new LRUCache({ max: options.cachedMax ?? 50_000 });
    this.#store = options.store;
    this.#settings = options.settings;
    this.#reads = options.reads;
  }

  /** Brings these keys into memory where the table has them. */
  async load(keys: readonly { readonly topic: string; readonly key: string }[]): Promise<void> {
    const missing = new Map<string, { readonly topic: string; readonly key: string }>();
    for (const key of keys) {
      if (key.topic !== 'settings' && !(this.#reads(key.topic) && this.#known.has(nameOf(key))))
        missing.set(nameOf(key), key);
    }
    if (missing.size === 0) return;
    for (const row of await this.#store.loadReferences([...missing.values()])) this.#known.set(nameOf(row), row);
  }

  row(key: { readonly topic: string; readonly key: string }): ReferenceRow | undefined {
    return this.#known.get(nameOf(key));
  }

  get(topic: string, key: string): unknown {
    return topic === 'settings' ? this.#settings(key) : (this.#known.get(nameOf({ topic, key }))?.data ?? undefined);
  }

  /** What is known of a key that cannot have changed behind our back. */
  current(topic: string, key: string): unknown {
    return this.#reads(topic) ? this.get(topic, key) : undefined;
  }

  draft(): ReferenceDraft {
    return new ReferenceDraft(this, (row) => this.#known.set(nameOf(row), row));
  }

  clear(): void {
    this.#known.clear();
  }
}

/** The references as a batch sees them: its own records on top. */
export class ReferenceDraft implements Lookup {
  readonly #references: References;
  readonly #keep: (row: ReferenceRow) => void;
  readonly #rows = new Map<string, ReferenceRow>();

  constructor(references: References, keep: (row: ReferenceRow) => void) {
    this.#references = references;
    this.#keep = keep;
  }

  /** Takes a record unless a later one of the same key is known: says whether it was taken. */
  put(row: ReferenceRow): boolean {
    const known = this.#rows.get(nameOf(row)) ?? this.#references.row(row);
    if (known !== undefined && !isLater(row, known)) return false;
    this.#rows.set(nameOf(row), row);
    return true;
  }

  get<Value>(topic: TopicName, key: string): Value | undefined {
    const own = this.#rows.get(nameOf({ topic, key }));
    return (own === undefined ? this.#references.get(topic, key) : (own.data ?? undefined)) as Value | undefined;
  }

  /** Whether a record of this very batch is on top. */
  has(key: ReferenceKey): boolean {
    return this.#rows.has(nameOf(key));
  }

  /** Keys nothing is known of; an erased one is known. */
  missing(keys: readonly ReferenceKey[]): readonly ReferenceKey[] {
    return keys.filter(
      (each) => each.topic !== 'settings' && !this.#rows.has(nameOf(each)) && this.#references.row(each) === undefined,
    );
  }

  get rows(): readonly ReferenceRow[] {
    return [...this.#rows.values()];
  }

  adopt(): void {
    for (const row of this.#rows.values()) this.#keep(row);
  }
}

function isLater(row: ReferenceRow, known: ReferenceRow): boolean {
  return row.timeline > known.timeline || (row.timeline === known.timeline && row.streamVersion > known.streamVersion);
}

export function nameOf({ topic, key }: { readonly topic: string; readonly key: string }): string {
  return `${topic} ${key}`;
}
