import { setTimeout as delay } from 'node:timers/promises';
import type { Settings } from '../../contracts/settings.ts';
import type { Logger } from '../logger.ts';

/** Rows that are kept for a time and then removed. */
export interface Retention {
  readonly table: string;
  /** For how many milliseconds. */
  readonly kept: (settings: Settings) => number;
  /**
   * Removes at most `$2` of the rows that are older than `$1` milliseconds. An index finds them, and rows that somebody holds
   * are passed over, so that it neither reads a whole table nor waits.
   */
  readonly text: string;
}

export interface HousekeepingOptions {
  readonly retentions: readonly Retention[];
  readonly query: (text: string, values: readonly unknown[]) => Promise<readonly unknown[]>;
  readonly settings: () => Settings;
  readonly logger: Logger;
  readonly onRemoved: (table: string, rows: number) => void;
}

/** Rows of one transaction: small enough that nobody notices. */
export const rowsMax = 1_000;
/** Transactions for one table in one round. */
const batchesMax = 100;
const pauseMs = 10;
/** The first round comes at a moment of its own, so that instances that start together do not do the same together. */
const firstRoundWithinMs = 120_000;
const roundMs = 600_000;
/** Where a round was not enough. */
const nextRoundMs = 10_000;

/**
 * Removes what a service's database need not keep: a rare round over its tables, each in small transactions and no more of
 * them than a limit. Any instance may do it, several at once as well.
 */
export class Housekeeping {
  readonly #options: HousekeepingOptions;
  readonly #stopping = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<unknown> = Promise.resolve();

  constructor(options: HousekeepingOptions) {
    this.#options = options;
  }

  start(): void {
    this.#plan(Math.random() * firstRoundWithinMs);
  }

  #plan(afterMs: number): void {
    this.#timer = setTimeout(() => {
      this.#running = this.round().then((isDone) => {
        if (!this.#stopping.signal.aborted) this.#plan(isDone ? roundMs : nextRoundMs);
      });
    }, afterMs).unref();
  }

  /** One round; says whether nothing outdated is left. A table that cannot be cleaned at the moment has its turn again. */
  async round(): Promise<boolean> {
    let isDone = true;
    for (const retention of this.#options.retentions) {
      try {
        isDone = (await this.#clean(retention)) && isDone;
      } catch (error) {
        if (this.#stopping.signal.aborted) return true;
        const { table } = retention;
        this.#options.logger.warn({ table, error: (error as Error).message }, 'outdated rows were not removed');
      }
    }
    return isDone;
  }

  async #clean({ table, kept, text }: Retention): Promise<boolean> {
    const { query, settings, logger, onRemoved } = this.#options;
    let removed = 0;
    let isDone = false;
    for (let batch = 0; batch < batchesMax && !isDone; batch += 1) {
      const [row] = (await query(text, [kept(settings()), rowsMax])) as readonly { readonly removed: number }[];
      const rows = row?.removed ?? 0;
      removed += rows;
      isDone = rows < rowsMax;
      if (rows > 0) onRemoved(table, rows);
      if (!isDone) await delay(pauseMs, undefined, { signal: this.#stopping.signal });
    }
    if (removed > 0) logger.info({ table, removed }, 'outdated rows were removed');
    return isDone;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    clearTimeout(this.#timer);
    await this.#running;
  }
}
