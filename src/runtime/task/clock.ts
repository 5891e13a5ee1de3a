/** Clocks that differ by less than this are the same clock, seen through a busy machine. */
const sameClockMs = 250;

/**
 * A task's time: the database's clock when the task was taken over, carried on by the monotonic clock. Where this
 * machine's clock and the database's are the same, reading it here is more exact than asking for it.
 */
export class TaskClock {
  #startedAt = Date.now();
  #monotonicAt = performance.now();

  /** Starts again from the database's clock; time never runs backwards. */
  synchronise(databaseNow: number): void {
    const here = Date.now();
    const now = Math.abs(databaseNow - here) < sameClockMs ? here : databaseNow;
    this.#startedAt = this.#isSynchronised ? Math.max(now, this.now()) : now;
    this.#monotonicAt = performance.now();
    this.#isSynchronised = true;
  }
  #isSynchronised = false;

  /** Milliseconds since 1970, whole. */
  now(): number {
    return Math.floor(this.#startedAt + (performance.now() - this.#monotonicAt));
  }
}
