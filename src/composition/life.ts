import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../runtime/logger.ts';

const retryFirstMs = 200;
const retryMaxMs = 5_000;

/**
 * A process from its start to its end: what was started is stopped in the opposite order, and what a start waits for is
 * tried again until it answers or the process is told to stop.
 */
export class Life {
  readonly #logger: Logger;
  readonly #steps: (() => Promise<unknown>)[] = [];
  readonly #stopping = new AbortController();
  /** What the start waits for; `undefined` once it is over. */
  waitsFor: string | undefined = 'the start is under way';

  constructor(logger: Logger, stopping?: AbortSignal) {
    this.#logger = logger;
    stopping?.addEventListener('abort', () => this.#stopping.abort());
  }

  /** Something runs now; this ends it. */
  ends(step: () => Promise<unknown>): void {
    this.#steps.push(step);
  }

  /** Tries until it works; what waiting will not mend is thrown. */
  async until<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
    for (let pauseMs = retryFirstMs; ; pauseMs = Math.min(2 * pauseMs, retryMaxMs)) {
      try {
        return await work();
      } catch (error) {
        const { message, retryable } = error as Error & { readonly retryable?: boolean };
        if (retryable !== true || this.#stopping.signal.aborted) throw error;
        this.waitsFor = `${what} does not answer: ${message}`;
        this.#logger.error({ error: message, pauseMs }, `${what} does not answer; the start waits for it`);
        await delay(pauseMs, undefined, { signal: this.#stopping.signal });
      }
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const step of this.#steps.splice(0).reverse()) {
      await step().catch((error: Error) => this.#logger.warn({ error: error.message }, 'a part did not stop in order'));
    }
  }
}
