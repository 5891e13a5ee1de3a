/**
 * Work in pieces that takes at most a share of the time, so that what shares the process with it goes on. Little work is done
 * at once; after much of it there is a pause, and what is wanted meanwhile is done with the next piece.
 */
export class Paced {
  readonly #share: number;
  readonly #nextPiece: () => boolean;
  readonly #now: () => number;
  #pause: NodeJS.Timeout | undefined;
  #isWanted = false;

  /** `nextPiece` does a piece and tells whether there is another; `now`: milliseconds that only grow. */
  constructor(options: { readonly share: number; readonly nextPiece: () => boolean; readonly now?: () => number }) {
    this.#share = options.share;
    this.#nextPiece = options.nextPiece;
    this.#now = options.now ?? (() => performance.now());
  }

  /** There is something to do. */
  wanted(): void {
    this.#isWanted = true;
    if (this.#pause === undefined) this.#work();
  }

  stop(): void {
    clearTimeout(this.#pause);
    this.#pause = undefined;
    this.#isWanted = false;
  }

  #work(): void {
    const began = this.#now();
    let spentMs = 0;
    while (this.#isWanted && spentMs < atOnceMs) {
      this.#isWanted = this.#nextPiece();
      spentMs = this.#now() - began;
    }
    const pauseMs = Math.min(spentMs / this.#share - spentMs, pauseMaxMs);
    if (pauseMs < 1 && !this.#isWanted) return;
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      if (this.#isWanted) this.#work();
    }, pauseMs).unref();
  }
}

/** After so much there is a pause, whatever is left. */
const atOnceMs = 10;
/** A process that was stopped within a piece has not spent that time on it. */
const pauseMaxMs = 2_000;
