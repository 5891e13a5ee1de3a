/** How a replay went: records read again, and how many of them had been applied before. */
export interface Replayed {
  readonly read: number;
  readonly dropped: number;
}

interface Running {
  left: number;
  dropped: number;
  readonly read: number;
  readonly resolve: (replayed: Replayed) => void;
  readonly reject: (error: Error) => void;
}

/** Tasks were taken over anew while their records were replayed. */
export class ReplayAbandoned extends Error {
  override readonly name = 'ReplayAbandoned';
  readonly code = 'replay_abandoned';
  readonly retryable = true;
}

/** The replays under way in a loop: their records pass through its batches in the order in which they were asked for. */
export class Replays {
  #running: Running[] = [];

  /** Resolves when so many replayed records have passed. Throws `ReplayAbandoned`. */
  begin(read: number): Promise<Replayed> {
    return new Promise((resolve, reject) => this.#running.push({ left: read, dropped: 0, read, resolve, reject }));
  }

  /** A batch with replayed records has committed. */
  handled({ read, dropped }: Replayed): void {
    let left = read;
    for (const each of this.#running) {
      const taken = Math.min(left, each.left);
      each.left -= taken;
      left -= taken;
    }
    // Exact as long as one replay runs at a time, which is how people ask for them.
    const first = this.#running[0];
    if (first !== undefined) first.dropped += dropped;
    for (const each of this.#running) if (each.left === 0) each.resolve({ read: each.read, dropped: each.dropped });
    this.#running = this.#running.filter((each) => each.left > 0);
  }

  abandon(): void {
    for (const each of this.#running) each.reject(new ReplayAbandoned('the tasks were taken over anew; replay again'));
    this.#running = [];
  }
}
