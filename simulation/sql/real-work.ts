/**
 * Real work inside virtual time: done one after the other, in the order in which it was asked for, while the virtual clock
 * stands still. So how long it really takes changes nothing about a run.
 */
export class RealWork {
  #last: Promise<unknown> = Promise.resolve();
  #open = 0;
  #waiting: (() => void) | undefined;

  /** Whether something is still to be done. */
  get isOpen(): boolean {
    return this.#open > 0;
  }

  take<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#open += 1;
    const result = this.#last.then(work);
    const done = () => {
      this.#open -= 1;
      this.#waiting?.();
      this.#waiting = undefined;
    };
    this.#last = result.then(done, done);
    return result;
  }

  /** Resolves when something has been done. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }
}
