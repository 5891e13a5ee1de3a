/** A task's time: the database's clock when the task was taken over, carried on by the monotonic clock. */
export class TaskClock {
  #databaseAt = Date.now();
  #monotonicAt = performance.now();

  /** Starts again from the database's clock; time never runs backwards. */
  synchronise(databaseNow: number): void {
    const now = this.now();
    this.#monotonicAt = performance.now();
    this.#databaseAt = Math.max(databaseNow, this.#started ? now : 0);
    this.#started = true;
  }
  #started = false;

  /** Milliseconds since 1970, whole. */
  now(): number {
    return Math.floor(this.#databaseAt + (performance.now() - this.#monotonicAt));
  }
}
