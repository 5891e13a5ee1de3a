import { Problem } from '../../runtime/http/problem.ts';

/**
 * Takes its turn with what fills a processor for a while, such as the hash of a password: so many at once and no more, that
 * the others are left to who books, and nobody queues for longer than they would wait.
 */
export class HashingQueue {
  readonly #atOnce: number;
  readonly #waitMsMax: number;
  readonly #now: () => number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  /** What the last one took, in milliseconds. */
  #lastMs = 0;

  /** `now`: milliseconds that only grow. */
  constructor({
    atOnce,
    waitMsMax,
    now = () => performance.now(),
  }: {
    readonly atOnce: number;
    readonly waitMsMax: number;
    readonly now?: () => number;
  }) {
    this.#atOnce = atOnce;
    this.#waitMsMax = waitMsMax;
    this.#now = now;
  }

  /** Does the work when its turn has come; throws the problem `overloaded` where that would take too long. */
  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#running >= this.#atOnce) await this.#turn();
    else this.#running += 1;
    const began = this.#now();
    try {
      return await work();
    } finally {
      this.#lastMs = this.#now() - began;
      // Whoever is next takes this place over, so that nobody who comes just now is before them.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }

  #turn(): Promise<void> {
    const expectedMs = ((this.#waiting.length + 1) * this.#lastMs) / this.#atOnce;
    if (expectedMs > this.#waitMsMax) {
      const retryAfterSeconds = Math.ceil(expectedMs / 1_000);
      throw new Problem('overloaded', `Many people sign in right now. Come back in ${retryAfterSeconds} seconds.`, {
        retryAfterSeconds,
      });
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
