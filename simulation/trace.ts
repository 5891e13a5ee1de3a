import { createHash } from 'node:crypto';

/** Characters that are hashed together: each call costs more than the text it is given. */
const hashedCharsMin = 16_384;

/** One line of a run's story. */
export interface Line {
  /** Milliseconds since the run began. */
  readonly at: number;
  readonly who: string;
  readonly what: string;
}

/**
 * What happened in a run, in order: as a hash, which tells whether two runs were the same, and as a story where somebody
 * wants to read it.
 */
export class Trace {
  readonly #hash = createHash('sha256');
  #unhashed = '';
  readonly #lines: Line[] | undefined;
  readonly #elapsed: () => number;

  constructor(options: { readonly elapsed: () => number; readonly story: boolean }) {
    this.#elapsed = options.elapsed;
    this.#lines = options.story ? [] : undefined;
  }

  /** Something that must be the same in every run of the seed. */
  mix(what: string): void {
    this.#unhashed += `${what}\n`;
    if (this.#unhashed.length >= hashedCharsMin) this.#hashAll();
  }

  /** Something a reader of the story wants to know; costs nothing where nobody reads. */
  tell(who: string, what: () => string): void {
    this.#lines?.push({ at: Math.round(this.#elapsed()), who, what: what() });
  }

  get lines(): readonly Line[] {
    return this.#lines ?? [];
  }

  #hashAll(): void {
    this.#hash.update(this.#unhashed);
    this.#unhashed = '';
  }

  digest(): string {
    this.#hashAll();
    return this.#hash.digest('hex').slice(0, 16);
  }
}
