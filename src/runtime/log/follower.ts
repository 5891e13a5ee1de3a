import type { Logger } from '../logger.ts';
import type { Bounds, Consumption, Log, LogRecord, TopicPartition } from './log.ts';

/**
 * Follows a topic outside the consumer groups, for what each process keeps in memory. Where reading cannot go on, since the
 * topic was created anew or the place is gone, it starts again at the right place and tells that something may be missed.
 */
export interface FollowOptions {
  readonly topic: string;
  /** Where to begin, and to begin again where the place is gone. */
  readonly from: (bounds: Bounds) => number;
  readonly onRecords: (records: readonly LogRecord[]) => void;
  /** Records may have been missed. */
  readonly onMissed?: () => void;
  readonly logger: Logger;
}

const retryFirstMs = 100;
const retryMaxMs = 5_000;

/** Resolves when every partition is followed; throws where one cannot be, and then none is. */
export async function follow(log: Log, options: FollowOptions): Promise<Consumption> {
  const partitions = log.topics.find(({ name }) => name === options.topic)?.partitions ?? 0;
  const followed = Array.from(
    { length: partitions },
    (_, partition) => new FollowedPartition(log, { topic: options.topic, partition }, options),
  );
  const stop = async () => {
    await Promise.all(followed.map((each) => each.stop()));
  };
  try {
    await Promise.all(followed.map((each) => each.start()));
  } catch (error) {
    // Whoever tries again begins with all of them.
    await stop();
    throw error;
  }
  return { stop };
}

/** What is followed as soon as the log can be reached. */
export interface Following {
  /** Resolves when it is followed, or a moment later; rejects where waiting will not help. */
  readonly begun: Promise<void>;
  stop(): Promise<void>;
}

/** A start waits so long for the log, and then goes on trying. */
const followWithinMs = 2_000;
const followAgainMs = 1_000;

/** Follows a topic now or, where the log cannot be reached, as soon as it can; `onFollowing` is called once it does. */
export function followSoon(log: Log, options: FollowOptions & { readonly onFollowing?: () => void }): Following {
  let consumption: Consumption | undefined;
  let stopped = false;
  const following = async () => {
    while (!stopped && consumption === undefined) {
      try {
        consumption = await follow(log, options);
      } catch (error) {
        if ((error as { readonly retryable?: boolean }).retryable !== true) throw error;
        await new Promise<void>((resolve) => setTimeout(resolve, followAgainMs).unref());
      }
    }
    if (stopped) await consumption?.stop();
    else options.onFollowing?.();
  };
  const late = new Promise<void>((resolve) => setTimeout(resolve, followWithinMs).unref());
  return {
    begun: Promise.race([following(), late]),
    stop: async () => {
      stopped = true;
      await consumption?.stop();
    },
  };
}

class FollowedPartition {
  readonly #log: Log;
  readonly #partition: TopicPartition;
  readonly #options: FollowOptions;
  #topicId: string | undefined;
  #offset = 0;
  #consumption: Consumption | undefined;
  #retryMs = retryFirstMs;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(log: Log, partition: TopicPartition, options: FollowOptions) {
    this.#log = log;
    this.#partition = partition;
    this.#options = options;
  }

  async start(): Promise<void> {
    const bounds = await this.#log.bounds(this.#partition);
    if (this.#stopped) return;
    const topicId = this.#log.topics.find(({ name }) => name === this.#options.topic)?.id;
    const isThere = topicId === this.#topicId && this.#offset >= bounds.first && this.#offset <= bounds.next;
    if (!isThere) {
      if (this.#topicId !== undefined) this.#options.onMissed?.();
      this.#offset = this.#options.from(bounds);
      this.#topicId = topicId;
    }
    this.#consumption = this.#log.consume({
      positions: [{ ...this.#partition, offset: this.#offset }],
      onRecords: async (records) => {
        this.#offset = (records.at(-1)?.offset ?? this.#offset - 1) + 1;
        this.#retryMs = retryFirstMs;
        this.#options.onRecords(records);
      },
      onError: (error) => this.#again(error),
    });
  }

  #again(error: Error): void {
    const told = { ...this.#partition, error: error.message, retryMs: this.#retryMs };
    this.#options.logger.error(told, 'a topic cannot be followed; it is tried again');
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#restart().catch((cause: Error) => this.#again(cause));
    }, this.#retryMs);
    this.#retryMs = Math.min(2 * this.#retryMs, retryMaxMs);
  }

  async #restart(): Promise<void> {
    const broken = this.#consumption;
    this.#consumption = undefined;
    await broken?.stop();
    await this.start();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#consumption?.stop();
  }
}
