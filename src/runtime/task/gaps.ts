import { topicNamed } from '../../contracts/topics.ts';
import type { TopicPartition } from '../log/log.ts';

interface Gap extends TopicPartition {
  /** The first event that is missing. */
  readonly expected: number;
}

/**
 * Where events are missing on topics that are read: what comes behind them there is passed over until they are repeated, and no lag
 * tells of it. Known from the first record behind a gap until the missing one has come.
 */
export class Gaps {
  readonly #gaps = new Map<string, Gap>();

  get size(): number {
    return this.#gaps.size;
  }

  opened(gap: Gap): void {
    this.#gaps.set(nameOf(gap), gap);
  }

  closed(partition: TopicPartition): void {
    this.#gaps.delete(nameOf(partition));
  }

  /** Forgets those of tasks that somebody else owns by now. */
  drop(partitions: readonly number[]): void {
    for (const [name, { partition }] of this.#gaps) if (partitions.includes(partition)) this.#gaps.delete(name);
  }

  /** What somebody has to do about the first of them. */
  get trouble(): string | undefined {
    const [first] = this.#gaps.values();
    return first && sentenceOn(first);
  }
}

function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}

export function sentenceOn(gap: Gap): string {
  const { topic, partition, expected } = gap;
  const command = `fullhouse republish ${topicNamed(topic)?.owner} --topic ${topic} --partition ${partition} --from ${expected}`;
  return `events are missing on ${nameOf(gap)}; repeat them: ${command}`;
}
