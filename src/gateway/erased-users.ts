import { LRUCache } from 'lru-cache';
import { type Following, followSoon } from '../runtime/log/follower.ts';
import type { Log } from '../runtime/log/log.ts';
import type { Logger } from '../runtime/logger.ts';

/** Longer than an access token is good for. */
const rememberedMs = 20 * 60_000;
const usersMax = 50_000;
/** Profiles that are read at a start: whoever was erased a moment before is among them. */
const recentMax = 2_000;

/** Who was erased of late: their access tokens are good for some minutes more, and nobody is behind them. */
export class ErasedUsers {
  readonly #logger: Logger;
  readonly #ids = new LRUCache<string, true>({ max: usersMax, ttl: rememberedMs });
  readonly #onErased: (userId: string) => void;
  #following: Following | undefined;

  /** `onErased` is called for each, at once. */
  constructor(logger: Logger, onErased: (userId: string) => void) {
    this.#logger = logger;
    this.#onErased = onErased;
  }

  has(userId: string): boolean {
    return this.#ids.has(userId);
  }

  /** Told before the topic tells it. */
  add(userId: string): void {
    this.#ids.set(userId, true);
    this.#onErased(userId);
  }

  /** Resolves when it follows the topic, or a moment later: then it follows as soon as the log can be reached. */
  async start(log: Log): Promise<void> {
    this.#following = followSoon(log, {
      topic: 'user-profiles',
      from: ({ first, next }) => Math.max(first, next - recentMax),
      onRecords: (records) => {
        for (const { key, value } of records) if (value === null) this.add(key);
      },
      logger: this.#logger,
    });
    await this.#following.begun;
  }

  async stop(): Promise<void> {
    await this.#following?.stop();
  }
}
