import type { RequestRow } from './store/store.ts';

/** A row that has waited for so long should have been taken up, unless very much waits. */
export const waitedMs = 10_000;
const lookEveryMs = 10_000;
/** Rows of one look. */
const rowsMax = 1_000;

export interface OverlookedRequestsOptions {
  /** The tasks that are owned here. */
  readonly partitions: () => readonly number[];
  /** The database's clock: milliseconds since 1970. */
  readonly now: () => number;
  /** Reads the oldest of the rows that were accepted before a time. */
  readonly read: (
    partitions: readonly number[],
    which: { readonly before: number; readonly rowsMax: number },
  ) => Promise<readonly RequestRow[]>;
  /** Called with rows that have waited for long; most of them may be known. */
  readonly onRows: (rows: readonly RequestRow[]) => void;
}

/**
 * Finds request rows that their owner was never told of. A connection that breaks leaves its statement to the server, which
 * may commit it much later: then whoever stored the row has given it up, and the owner has looked already. So the owner
 * looks again, now and then, whatever it was told.
 */
export class OverlookedRequests {
  readonly #options: OverlookedRequestsOptions;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: OverlookedRequestsOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = setTimeout(() => {
      this.#looking = this.#look().finally(() => {
        if (!this.#stopped) this.start();
      });
    }, lookEveryMs).unref();
  }

  async #look(): Promise<void> {
    const { partitions, now, read, onRows } = this.#options;
    const owned = partitions();
    if (owned.length === 0) return;
    // Where the database says nothing, the next look is the better one.
    const rows = await read(owned, { before: now() - waitedMs, rowsMax }).catch(() => []);
    if (rows.length > 0 && !this.#stopped) onRows(rows);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#looking;
  }
}
