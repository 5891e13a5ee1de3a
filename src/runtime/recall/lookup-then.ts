import type { TopicName } from '../../contracts/topics.ts';
import type { Log } from '../log/log.ts';
import type { Lookup, ReferenceKey, ServiceDefinition } from '../service.ts';
import type { Store, TaskRow } from '../store/store.ts';
import { nameOf } from '../task/references.ts';

const pageRecordsMax = 1_000;

/**
 * What the compacted topics say, for decisions that are made again: the restored table, and on top of it what was read since.
 * It is the newest of each key, not what was known at the moment of the decision: where that makes a difference, what was
 * told on the topics wins.
 */
export class LookupThen implements Lookup {
  readonly #store: Store;
  readonly #later = new Map<string, unknown>();
  readonly #stored = new Map<string, unknown>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** Reads what has come since; global topics from where task 0 is. */
  async read(
    log: Log,
    { references }: ServiceDefinition,
    { task, global }: { readonly task: TaskRow; readonly global: TaskRow['positions'] },
  ): Promise<void> {
    for (const { name: topic, partitions, id } of log.topics) {
      if (!references.some((each) => each === topic)) continue;
      const partition = partitions > 1 ? task.partition : 0;
      const position = (partitions > 1 ? task.positions : global)[topic];
      const { first, next } = await log.bounds({ topic, partition });
      // Settings are read whole by every process: the table does not hold them.
      const from = topic === 'settings' || position?.topicId !== id ? first : Math.max(position.offset, first);
      for (let offset = from; offset < next; ) {
        const page = await log.read({ topic, partition, offset }, pageRecordsMax);
        for (const { key, value } of page) this.#take({ topic, key }, value);
        offset = (page.at(-1)?.offset ?? next - 1) + 1;
      }
    }
  }

  #take(key: { readonly topic: string; readonly key: string }, value: string | null): void {
    try {
      this.#later.set(nameOf(key), value === null ? undefined : JSON.parse(value));
    } catch {
      // The loop parks what cannot be read; the value before it stays.
    }
  }

  async load(keys: readonly ReferenceKey[]): Promise<void> {
    const missing = keys.filter((key) => !this.#later.has(nameOf(key)) && !this.#stored.has(nameOf(key)));
    if (missing.length === 0) return;
    for (const key of missing) this.#stored.set(nameOf(key), undefined);
    for (const row of await this.#store.loadReferences(missing)) this.#stored.set(nameOf(row), row.data ?? undefined);
  }

  get<Value>(topic: TopicName, key: string): Value | undefined {
    const name = nameOf({ topic, key });
    return (this.#later.has(name) ? this.#later.get(name) : this.#stored.get(name)) as Value | undefined;
  }
}
