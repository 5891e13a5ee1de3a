import type { Consumption, Log, LogRecord, Position, Skipped, TopicPartition } from '../log/log.ts';
import type { ServiceDefinition } from '../service.ts';
import { privateChannel, type Store, type Takeover, type TaskRow } from '../store/store.ts';

/**
 * Taking tasks over: raise the epoch, read what a new owner needs, publish what the earlier one had committed but perhaps
 * not published, and read on from the stored positions.
 */
export class Takeovers {
  readonly #definition: ServiceDefinition;
  readonly #store: Store;
  readonly #log: Log;
  readonly #onRecords: (records: readonly LogRecord[]) => Promise<void>;
  readonly #onSkipped: (skipped: Skipped) => void;
  readonly #onError: (partition: number, error: Error) => void;
  readonly #topicId: (topic: string) => string;
  readonly #consumptions = new Map<number, Consumption>();

  constructor(options: {
    readonly definition: ServiceDefinition;
    readonly store: Store;
    readonly log: Log;
    readonly onRecords: (records: readonly LogRecord[]) => Promise<void>;
    readonly onSkipped: (skipped: Skipped) => void;
    readonly topicId: (topic: string) => string;
    readonly onError: (partition: number, error: Error) => void;
  }) {
    this.#definition = options.definition;
    this.#store = options.store;
    this.#log = options.log;
    this.#onRecords = options.onRecords;
    this.#onSkipped = options.onSkipped;
    this.#topicId = options.topicId;
    this.#onError = options.onError;
  }

  async begin(partitions: readonly number[]): Promise<{
    readonly takeover: Takeover;
    readonly unpublished: readonly Unpublished[];
    /** By task: where its inputs end now. Until they are handled, overdue deadlines wait. */
    readonly ends: ReadonlyMap<number, readonly Position[]>;
    /** Starts reading from the log. */
    readonly consume: () => void;
  }> {
    const takeover = await this.#store.takeOver(partitions);
    const positions = new Map<number, readonly Position[]>();
    const ends = new Map<number, readonly Position[]>();
    for (const task of takeover.tasks) {
      const inputs = await Promise.all(this.#inputsOf(task.partition).map((topic) => this.#input(topic, task)));
      positions.set(
        task.partition,
        inputs.map((each) => each.from),
      );
      ends.set(
        task.partition,
        inputs.filter((each) => each.from.offset < each.end.offset).map((each) => each.end),
      );
    }
    return {
      takeover,
      unpublished: takeover.tasks.flatMap(unpublishedOf),
      ends,
      consume: () => {
        for (const [partition, from] of positions) {
          const onError = (error: Error) => this.#onError(partition, error);
          this.#consumptions.set(
            partition,
            this.#log.consume({ positions: from, onRecords: this.#onRecords, onSkipped: this.#onSkipped, onError }),
          );
        }
      },
    };
  }

  /** Topics of a task; global ones are read by task 0. */
  #inputsOf(partition: number): readonly string[] {
    const names = [...new Set<string>([...this.#definition.inputs, ...this.#definition.references])];
    const partitionsOf = (name: string) => this.#log.topics.find((topic) => topic.name === name)?.partitions ?? 0;
    return names.filter((name) => partition < partitionsOf(name));
  }

  /** Where a task goes on reading a topic, and where the topic ends now. */
  async #input(
    topic: string,
    { partition, positions }: TaskRow,
  ): Promise<{ readonly from: Position; readonly end: Position }> {
    const stored = positions[topic];
    const { first, next } = await this.#log.bounds({ topic, partition });
    // A position beyond the end is one in a log that lost its last records: what came in their place is unknown here.
    const isKnown = stored !== undefined && stored.topicId === this.#topicId(topic) && stored.offset <= next;
    const offset = isKnown ? Math.max(stored.offset, first) : first;
    return { from: { topic, partition, offset }, end: { topic, partition, offset: next } };
  }

  /** Records that these tasks have not handled yet. */
  async behind(tasks: readonly TaskRow[]): Promise<number> {
    return (await this.lag(tasks)).reduce((sum, { records }) => sum + records, 0);
  }

  /** The same for each of their topic partitions. */
  lag(tasks: readonly TaskRow[]): Promise<readonly (TopicPartition & { readonly records: number })[]> {
    const inputs = tasks.flatMap((task) => this.#inputsOf(task.partition).map((topic) => ({ topic, task })));
    return Promise.all(
      inputs.map(async ({ topic, task }) => {
        const { from, end } = await this.#input(topic, task);
        return { topic, partition: task.partition, records: end.offset - from.offset };
      }),
    );
  }

  async end(partitions: readonly number[] = [...this.#consumptions.keys()]): Promise<void> {
    for (const partition of partitions) {
      const consumption = this.#consumptions.get(partition);
      this.#consumptions.delete(partition);
      await consumption?.stop();
    }
  }
}

/** Events of a channel that an earlier owner had committed but perhaps not published. */
export interface Unpublished {
  readonly channel: string;
  readonly partition: number;
  readonly next: number;
  readonly last: number;
}

function unpublishedOf({ partition, sequences, published }: TaskRow): readonly Unpublished[] {
  return Object.entries(sequences)
    .filter(([channel]) => channel !== privateChannel)
    .map(([channel, last]) => ({ channel, partition, next: (published[channel] ?? 0) + 1, last }))
    .filter(({ next, last }) => next <= last);
}
