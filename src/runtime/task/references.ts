import { LRUCache } from 'lru-cache';
import type { TopicName } from '../../contracts/topics.ts';
import type { Lookup, ReferenceKey } from '../service.ts';
import type { ReferenceRow, Store } from '../store/store.ts';

/** Of each topic; a show takes some kilobytes, in each service that reads of it. */
const referencesCachedMax = 5_000;

/**
 * What the compacted topics say: a bounded cache over the store's table, and a draft for the records of the batch at
 * hand. Settings come from the process-wide feed, since every process reads them for itself.
 */
export class References {
  readonly #store: Store;
  readonly #settings: (key: string) => unknown;
  /** Whether a topic's records pass through this loop; others may change in the table behind our back. */
  readonly #reads: (topic: string) => boolean;
  /** By topic, then by key: a name of both would have to be put together at every look. */
  readonly #known = new Map<string, LRUCache<string, ReferenceRow>>();
  readonly #cachedMax: number;

  /** `cachedMax`: records of each topic kept in memory; the store has them all. More than one batch needs. */
  constructor(options: {
    store: Store;
    settings: (key: string) => unknown;
    reads: (topic: string) => boolean;
    cachedMax?: number | undefined;
  }) {
    this.#cachedMax = options.cachedMax ?? referencesCachedMax;
    this.#store = options.store;
    this.#settings = options.settings;
    this.#reads = options.reads;
  }

  /** Brings these keys into memory where the table has them; says whether the table had to be asked. */
  async load(keys: readonly { readonly topic: string; readonly key: string }[]): Promise<boolean> {
    const missing = new Map<string, { readonly topic: string; readonly key: string }>();
    for (const key of keys) {
      if (key.topic !== 'settings' && !(this.#reads(key.topic) && this.row(key) !== undefined))
        missing.set(nameOf(key), key);
    }
    if (missing.size === 0) return false;
    for (const row of await this.#store.loadReferences([...missing.values()])) this.keep(row);
    return true;
  }

  keep(row: ReferenceRow): void {
    let ofTopic = this.#known.get(row.topic);
    if (ofTopic === undefined) {
      ofTopic = new LRUCache({ max: this.#cachedMax });
      this.#known.set(row.topic, ofTopic);
    }
    ofTopic.set(row.key, row);
  }

  row({ topic, key }: { readonly topic: string; readonly key: string }): ReferenceRow | undefined {
    return this.#known.get(topic)?.get(key);
  }

  get(topic: string, key: string): unknown {
    return topic === 'settings' ? this.#settings(key) : (this.row({ topic, key })?.data ?? undefined);
  }

  /** What is known of a key that cannot have changed behind our back. */
  current(topic: string, key: string): unknown {
    return this.#reads(topic) ? this.get(topic, key) : undefined;
  }

  draft(): ReferenceDraft {
    return new ReferenceDraft(this);
  }

  clear(): void {
    this.#known.clear();
  }
}

/** The references as a batch sees them: its own records on top. */
export class ReferenceDraft implements Lookup {
  readonly #references: References;
  /** Of the batch at hand: seldom any. */
  readonly #rows = new Map<string, ReferenceRow>();

  constructor(references: References) {
    this.#references = references;
  }

  /** Takes a record unless a later one of the same key is known: says whether it was taken. */
  put(row: ReferenceRow): boolean {
    const known = this.#own(row) ?? this.#references.row(row);
    if (known !== undefined && !isLater(row, known)) return false;
    this.#rows.set(nameOf(row), row);
    return true;
  }

  get<Value>(topic: TopicName, key: string): Value | undefined {
    const own = this.#own({ topic, key });
    return (own === undefined ? this.#references.get(topic, key) : (own.data ?? undefined)) as Value | undefined;
  }

  /** A record of this very batch. */
  #own(key: { readonly topic: string; readonly key: string }): ReferenceRow | undefined {
    return this.#rows.size === 0 ? undefined : this.#rows.get(nameOf(key));
  }

  has(key: ReferenceKey): boolean {
    return this.#own(key) !== undefined;
  }

  /** Keys nothing is known of; an erased one is known. */
  missing(keys: readonly ReferenceKey[]): readonly ReferenceKey[] {
    return keys.filter(
      (each) => each.topic !== 'settings' && !this.has(each) && this.#references.row(each) === undefined,
    );
  }

  get rows(): readonly ReferenceRow[] {
    return [...this.#rows.values()];
  }

  adopt(): void {
    for (const row of this.#rows.values()) this.#references.keep(row);
  }
}

function isLater(row: ReferenceRow, known: ReferenceRow): boolean {
  return row.timeline > known.timeline || (row.timeline === known.timeline && row.streamVersion > known.streamVersion);
}

export function nameOf({ topic, key }: { readonly topic: string; readonly key: string }): string {
  return `${topic} ${key}`;
}
