import type { TopicName } from '../../contracts/topics.ts';
import type { Log } from '../log/log.ts';
import type { Lookup, ReferenceKey, ServiceDefinition } from '../service.ts';
import type { Store, TaskRow } from '../store/store.ts';
import { nameOf } from '../task/references.ts';

const pageRecordsMax = 1_000;

interface Version {
  /** When its record was made: milliseconds since 1970. */
  readonly at: number;
  /** `undefined` where it was erased. */
  readonly value: unknown;
}

/**
 * What the compacted topics said, for decisions that are made again: the restored table, and what was read since. A topic may
 * have kept its newest word only, so what was known at the moment of a decision is one of a few things that it can have been.
 * What was erased is not known at any moment.
 */
export class LookupThen {
  readonly #store: Store;
  readonly #wasOnce: ServiceDefinition['wasOnce'];
  readonly #since = new Map<string, Version[]>();
  readonly #stored = new Map<string, unknown>();

  constructor(store: Store, { wasOnce }: Pick<ServiceDefinition, 'wasOnce'>) {
    this.#store = store;
    this.#wasOnce = wasOnce;
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
        for (const { key, value, timestamp } of page) this.#take({ topic, key }, value, timestamp);
        offset = (page.at(-1)?.offset ?? next - 1) + 1;
      }
    }
  }

  #take(key: { readonly topic: string; readonly key: string }, json: string | null, at: number): void {
    const name = nameOf(key);
    try {
      const value: unknown = json === null ? undefined : JSON.parse(json);
      this.#since.set(name, [...(this.#since.get(name) ?? []), { at, value }]);
    } catch {
      // The loop parks what cannot be read; the value before it stays.
    }
  }

  async load(keys: readonly ReferenceKey[]): Promise<void> {
    const missing = keys.filter((key) => !this.#stored.has(nameOf(key)));
    if (missing.length === 0) return;
    for (const key of missing) this.#stored.set(nameOf(key), undefined);
    for (const row of await this.#store.loadReferences(missing)) this.#stored.set(nameOf(row), row.data ?? undefined);
  }

  /** What may have been known at a moment (milliseconds since 1970), the likeliest first. */
  at(moment: number): readonly [Lookup, ...Lookup[]] {
    return [
      this.#lookup(({ stored, since }) => since.findLast(({ at }) => at <= moment)?.value ?? stored ?? since[0]?.value),
      this.#lookup(({ stored, since }) => stored ?? since[0]?.value),
      this.#lookup(newest),
      this.#lookup((known) => {
        const value = newest(known);
        return value === undefined ? undefined : (this.#wasOnce?.[known.topic]?.(value as never) ?? value);
      }),
    ];
  }

  #lookup(choose: (known: Known) => unknown): Lookup {
    return {
      get: <Value>(topic: TopicName, key: string) => {
        const name = nameOf({ topic, key });
        const since = this.#since.get(name) ?? [];
        const known = { topic, since, stored: this.#stored.get(name) };
        const isErased = since.length > 0 && newest(known) === undefined;
        return (isErased ? undefined : choose(known)) as Value | undefined;
      },
    };
  }
}

/** All that is left of what one key of a topic said. */
interface Known {
  readonly topic: TopicName;
  readonly stored: unknown;
  readonly since: readonly Version[];
}

function newest({ stored, since }: Known): unknown {
  const last = since.at(-1);
  return last === undefined ? stored : last.value;
}
