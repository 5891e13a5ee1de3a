import { topicNamed } from '../../contracts/topics.ts';
import type { Consumption, Log, LogRecord, Position, Skipped, TopicPartition } from '../log/log.ts';
import type { ServiceDefinition } from '../service.ts';
import { privateChannel, type Store, type Takeover, type TaskRow } from '../store/store.ts';
import { type DatabaseBehind, databaseBehind } from './database-behind.ts';
import { globalTask, type LastWords } from './last-words.ts';

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
  readonly #lastWords: LastWords;
  readonly #consumptions = new Map<number, Consumption>();

  constructor(options: {
    readonly definition: ServiceDefinition;
    readonly store: Store;
    readonly log: Log;
    readonly onRecords: (records: readonly LogRecord[]) => Promise<void>;
    readonly onSkipped: (skipped: Skipped) => void;
    readonly topicId: (topic: string) => string;
    readonly onError: (partition: number, error: Error) => void;
    readonly lastWords: LastWords;
  }) {
    this.#definition = options.definition;
    this.#store = options.store;
    this.#log = options.log;
    this.#onRecords = options.onRecords;
    this.#onSkipped = options.onSkipped;
    this.#topicId = options.topicId;
    this.#onError = options.onError;
    this.#lastWords = options.lastWords;
  }

  async begin(partitions: readonly number[]): Promise<Begun> {
    const unreadable = await this.#unreadableOf(partitions);
    const taken = await this.#store.takeOver(partitions.filter((partition) => !unreadable.has(partition)));
    const refused = await this.#refusedOf(taken.tasks);
    const takeover = without(refused, taken);
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
    const global = takeover.tasks.find(({ partition }) => partition === globalTask);
    const lastWords = global === undefined ? [] : await this.#lastWords.beginnings();
    return {
      takeover,
      refused,
      unreadable,
      unpublished: takeover.tasks.flatMap((task) => this.#unpublished(task)),
      ends,
      consume: () => {
        for (const [partition, from] of positions) {
          const onError = (error: Error) => this.#onError(partition, error);
          this.#consumptions.set(
            partition,
            this.#log.consume({ positions: from, onRecords: this.#onRecords, onSkipped: this.#onSkipped, onError }),
          );
        }
        if (global !== undefined)
          this.#lastWords.begin(lastWords, global.sequences, (error) => this.#onError(globalTask, error));
      },
    };
  }

  /**
   * Tasks whose topics cannot be read at the moment: whoever cannot read takes nothing away from whoever can, and leaves the
   * other tasks alone. Throws where that is so for all of them.
   */
  async #unreadableOf(partitions: readonly number[]): Promise<ReadonlyMap<number, Error>> {
    const unreadable = new Map<number, Error>();
    const looks = partitions.map(async (partition) => {
      try {
        await Promise.all(this.#inputsOf(partition).map((topic) => this.#log.bounds({ topic, partition })));
      } catch (error) {
        unreadable.set(partition, error as Error);
      }
    });
    await Promise.all(looks);
    const [first] = unreadable.values();
    if (first !== undefined && unreadable.size === partitions.length) throw first;
    return unreadable;
  }

  async #refusedOf(tasks: readonly TaskRow[]): Promise<ReadonlyMap<number, DatabaseBehind>> {
    const given = { definition: this.#definition, log: this.#log, store: this.#store };
    const refusals = await Promise.all(
      tasks.map(async (task) => [task.partition, await databaseBehind(task, given)] as const),
    );
    return new Map(
      refusals.flatMap(([partition, error]) => (error === undefined ? [] : [[partition, error] as const])),
    );
  }

  /** Topics of a task; global ones are read by task 0. */
  #inputsOf(partition: number): readonly string[] {
    const partitionsOf = (name: string) => this.#log.topics.find((topic) => topic.name === name)?.partitions ?? 0;
    return this.#inputs.filter((name) => partition < partitionsOf(name));
  }

  get #inputs(): readonly string[] {
    return [...new Set<string>([...this.#definition.inputs, ...this.#definition.references])];
  }

  /** Whether a topic is read or written by this service. */
  concerns(topic: string): boolean {
    return this.#inputs.includes(topic) || topicNamed(topic)?.owner === this.#definition.name;
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

  /** A topic that was created anew gets all that was ever published on it. */
  #unpublished({ partition, sequences, published }: TaskRow): readonly Unpublished[] {
    return Object.entries(sequences)
      .filter(([channel]) => channel !== privateChannel)
      .map(([channel, last]) => {
        const mark = published[channel];
        const isThere = mark !== undefined && mark.topicId === this.#topicId(channel);
        return { channel, partition, next: isThere ? mark.sequence + 1 : 1, last };
      })
      .filter(({ next, last }) => next <= last);
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

  /**
   * Stops reading for tasks. All are told to stop before any is waited for: one that had not been told would bring its next
   * records meanwhile, and wait with them for room that nobody makes.
   */
  async end(partitions: readonly number[] = [...this.#consumptions.keys()]): Promise<void> {
    const consumptions = partitions.map((partition) => this.#consumptions.get(partition));
    for (const partition of partitions) this.#consumptions.delete(partition);
    await Promise.all([
      ...consumptions.map((consumption) => consumption?.stop()),
      ...(partitions.includes(globalTask) ? [this.#lastWords.end()] : []),
    ]);
  }
}

/** What a new owner needs of the tasks it has taken over, but for those it may not go on with. */
export interface Begun {
  readonly takeover: Takeover;
  /** Tasks whose topics hold more than their database, and why they were refused. */
  readonly refused: ReadonlyMap<number, DatabaseBehind>;
  /** Tasks that were not taken over, since their topics cannot be read at the moment. */
  readonly unreadable: ReadonlyMap<number, Error>;
  readonly unpublished: readonly Unpublished[];
  /** By task: where its inputs end now. Until they are handled, overdue deadlines wait. */
  readonly ends: ReadonlyMap<number, readonly Position[]>;
  /** Starts reading from the log. */
  readonly consume: () => void;
}

function without(refused: ReadonlyMap<number, unknown>, takeover: Takeover): Takeover {
  if (refused.size === 0) return takeover;
  const kept = <Row extends { readonly partition: number }>(rows: readonly Row[]) =>
    rows.filter((row) => !refused.has(row.partition));
  const { tasks, deadlines, effects, requests, parked } = takeover;
  return {
    ...takeover,
    tasks: kept(tasks),
    deadlines: kept(deadlines),
    effects: kept(effects),
    requests: kept(requests),
    parked: kept(parked),
  };
}

/** Events of a channel that an earlier owner had committed but perhaps not published. */
export interface Unpublished {
  readonly channel: string;
  readonly partition: number;
  readonly next: number;
  readonly last: number;
}
