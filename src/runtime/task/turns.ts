/** Why pauses end; made once, since an error costs more than all else about stopping. */
const stopped = new Error('the loop has stopped');

/** Batches, and what must not meet one, come one after the other. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();
  readonly #stop = new AbortController();

  take<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** Waits, unless it is stopped. */
  pause(durationMs: number): Promise<void> {
    const { signal } = this.#stop;
    if (durationMs === 0 || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, durationMs);
      signal.addEventListener('abort', done);
    });
  }

  /** Ends all pauses. */
  stop(): void {
    this.#stop.abort(stopped);
  }

  /** Resolves when nobody has the turn. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
