import { topicNamed } from '../../contracts/topics.ts';
import type { LogRecord, Position, Skipped, TopicPartition } from '../log/log.ts';
import type { Logger } from '../logger.ts';
import type { TaskRow } from '../store/store.ts';
import { type Gaps, sentenceOn } from './gaps.ts';
import { verdictOn } from './sequences.ts';

/** A task as a batch changes it; what it started from stays untouched until the batch has committed. */
export interface TaskDraft {
  readonly row: TaskRow;
  readonly positions: Record<string, { offset: number; topicId: string }>;
  readonly heads: Record<string, { timeline: number; sequence: number }>;
  sequences: Readonly<Record<string, number>>;
}

/** The tasks of a batch: how far each has read, and what it has numbered. */
export class TaskDrafts {
  readonly #tasks: ReadonlyMap<number, TaskRow>;
  readonly #topicId: (topic: string) => string;
  readonly #logger: Logger;
  readonly #drafts = new Map<number, TaskDraft>();
  readonly #gaps: Gaps;
  /** Gaps that this batch has met, by their place; `undefined` where it has met the end of one. */
  readonly #met = new Map<string, { readonly partition: TopicPartition; readonly expected: number | undefined }>();

  constructor(options: {
    readonly tasks: ReadonlyMap<number, TaskRow>;
    readonly gaps: Gaps;
    readonly topicId: (topic: string) => string;
    readonly logger: Logger;
  }) {
    this.#tasks = options.tasks;
    this.#gaps = options.gaps;
    this.#topicId = options.topicId;
    this.#logger = options.logger;
  }

  of(partition: number): TaskDraft {
    const known = this.#drafts.get(partition);
    if (known !== undefined) return known;
    const row = this.#tasks.get(partition);
    if (row === undefined) throw new Error(`task ${partition} is not owned here`);
    const draft = { row, positions: { ...row.positions }, heads: { ...row.heads }, sequences: row.sequences };
    this.#drafts.set(partition, draft);
    return draft;
  }

  /**
   * Advances the position, and says whether a record is news: the producer's next event is, a repeated one is dropped, one
   * beyond the next is not applied. On a compacted topic this is decided per key, by the record itself. `counted`: it is
   * news, and the topic's owner has counted it.
   */
  newsIn({ topic, partition, offset, headers }: LogRecord): 'counted' | 'uncounted' | undefined {
    const { heads } = this.of(partition);
    this.#advance({ topic, partition, offset: offset + 1 });
    if (isCompacted(topic)) return 'uncounted';
    const verdict = verdictOn(topic, headers, heads[topic]);
    if (verdict.kind === 'foreign') return 'uncounted';
    if (verdict.kind === 'gap') this.#alarm({ topic, partition, ...verdict });
    if (verdict.kind !== 'next') return undefined;
    heads[topic] = verdict.head;
    if (this.#gaps.size > 0 || this.#met.size > 0)
      this.#met.set(`${topic}/${partition}`, { partition: { topic, partition }, expected: undefined });
    return 'counted';
  }

  /** Goes on behind offsets that hold nothing. */
  skip({ topic, partition, next }: Skipped): undefined {
    this.#advance({ topic, partition, offset: next });
  }

  #advance({ topic, partition, offset }: Position): void {
    const { positions } = this.of(partition);
    const topicId = this.#topicId(topic);
    const before = positions[topic];
    // A replay reads what was read before: positions of one and the same topic never go back.
    positions[topic] = { offset: before?.topicId === topicId ? Math.max(before.offset, offset) : offset, topicId };
  }

  /** Once a batch and topic: behind a gap, every record is beyond the next. */
  #alarm({
    topic,
    partition,
    expected,
    found,
  }: {
    topic: string;
    partition: number;
    expected: number;
    found: number;
  }): void {
    const name = `${topic}/${partition}`;
    if (this.#met.get(name)?.expected !== undefined) return;
    this.#met.set(name, { partition: { topic, partition }, expected });
    const says = sentenceOn({ topic, partition, expected });
    this.#logger.error({ topic, partition, expected, found }, says);
  }

  /** What this batch has met is so. */
  adoptGaps(): void {
    for (const { partition, expected } of this.#met.values()) {
      if (expected === undefined) this.#gaps.closed(partition);
      else this.#gaps.opened({ ...partition, expected });
    }
  }

  /** The tasks as they are after the batch. */
  rows(): readonly TaskRow[] {
    return [...this.#drafts.values()].map(({ row, positions, heads, sequences }) => ({
      ...row,
      positions,
      heads,
      sequences,
    }));
  }
}

export function isCompacted(topic: string): boolean {
  return topicNamed(topic)?.retentionDays === 'compacted';
}
