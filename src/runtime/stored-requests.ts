import type { RequestRow } from './store/store.ts';

/**
 * Brings request rows that other instances have stored to their owner in this one. One read is under way at a time; what
 * is told meanwhile goes with the next.
 */
export class StoredRequests {
  readonly #options: StoredRequestsOptions;
  #ids = new Set<string>();
  #all = false;
  #running: Promise<void> | undefined;

  constructor(options: StoredRequestsOptions) {
    this.#options = options;
  }

  /** These rows have been stored. */
  stored(rows: readonly { readonly requestId: string; readonly partition: number }[]): void {
    for (const { requestId, partition } of rows) if (this.#options.concerns(partition)) this.#ids.add(requestId);
    this.#start();
  }

  /** Any rows may have been stored. */
  missed(): void {
    this.#all = true;
    this.#start();
  }

  #start(): void {
    if (this.#all || this.#ids.size > 0) this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    while (this.#all || this.#ids.size > 0) {
      const wanted = this.#all ? undefined : [...this.#ids];
      this.#all = false;
      this.#ids = new Set();
      try {
        this.#options.onRows(await this.#options.read(wanted));
      } catch (error) {
        this.#options.onError(error as Error);
      }
    }
    this.#running = undefined;
  }

  async idle(): Promise<void> {
    await this.#running;
  }
}

export interface StoredRequestsOptions {
  /** Reads rows by their ids, or all there are. */
  readonly read: (requestIds: readonly string[] | undefined) => Promise<readonly RequestRow[]>;
  /** Whether the rows of a partition are for this instance. */
  readonly concerns: (partition: number) => boolean;
  readonly onRows: (rows: readonly RequestRow[]) => void;
  readonly onError: (error: Error) => void;
}
