import { Problem } from '../../runtime/http/problem.ts';

/**
 * Takes its turn with what fills a processor for a while, such as the hash of a password: so many at once and no more, that
 * the others are left to who books, and nobody queues for longer than they would wait. Those who ask are served in turn, one piece of
 * work each: whoever asks for hundreds waits for them, and not everybody else.
 */
export class HashingQueue {
  readonly #atOnce: number;
  readonly #waitMsMax: number;
  readonly #now: () => number;
  /** By who asks, whose turn comes first first; nobody without work. */
  readonly #waiting = new Map<string, (() => void)[]>();
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

  /** Does the work when the turn of who asks has come; throws the problem `overloaded` where that would take too long. */
  async run<Result>(asker: string, work: () => Promise<Result>): Promise<Result> {
    if (this.#running >= this.#atOnce) await this.#turn(asker);
    else this.#running += 1;
    const began = this.#now();
    try {
      return await work();
    } finally {
      this.#lastMs = this.#now() - began;
      // Whoever is next takes this place over, so that nobody who comes just now is before them.
      const next = this.#next();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }

  /** The first of whoever's turn it is, who then comes after all others. */
  #next(): (() => void) | undefined {
    for (const [asker, works] of this.#waiting) {
      const next = works.shift();
      this.#waiting.delete(asker);
      if (works.length > 0) this.#waiting.set(asker, works);
      return next;
    }
    return undefined;
  }

  #turn(asker: string): Promise<void> {
    const own = this.#waiting.get(asker) ?? [];
    const round = own.length + 1;
    // Of each of the others as many come before it as of its own.
    let before = round;
    for (const [other, works] of this.#waiting) if (other !== asker) before += Math.min(works.length, round);
    const expectedMs = (before * this.#lastMs) / this.#atOnce;
    if (expectedMs > this.#waitMsMax) {
      const retryAfterSeconds = Math.ceil(expectedMs / 1_000);
      throw new Problem('overloaded', `Many people sign in right now. Come back in ${retryAfterSeconds} seconds.`, {
        retryAfterSeconds,
      });
    }
    return new Promise((resolve) => {
      own.push(resolve);
      this.#waiting.set(asker, own);
    });
  }
}
