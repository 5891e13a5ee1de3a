/** Whether the log answers: for `/readyz`. */
export type KafkaHealth =
  | { readonly reachable: true }
  | {
      readonly reachable: false;
      /** One clear line. */
      readonly error: string;
      /** Milliseconds since 1970. */
      readonly since: number;
    };

interface Trouble {
  readonly error: string;
  readonly since: number;
  /** When it was met last. */
  readonly metAt: number;
}

/** Everything that is asked of Kafka is asked again sooner than this while it fails. */
const askedAgainWithinMs = 20_000;
/** An answer that takes longer is told. */
const slowAfterMs = 2_000;
/** In the one line of them all. */
const errorsToldMax = 3;

/**
 * What each part of the driver met last: it is healthy when no part is in trouble. A part is out of it when it succeeds, or
 * when nobody has asked for that long what failed.
 */
export class HealthBook {
  readonly #troubles = new Map<string, Trouble>();
  readonly #onChange: (part: string, error: string | undefined) => void;

  constructor(onChange: (part: string, error: string | undefined) => void) {
    this.#onChange = onChange;
  }

  get health(): KafkaHealth {
    const troubles = [...this.#troubles.values()].sort((a, b) => a.since - b.since);
    const [first] = troubles;
    if (first === undefined) return { reachable: true };
    const errors = [...new Set(troubles.map(({ error }) => error))];
    const more = errors.length > errorsToldMax ? [`and ${errors.length - errorsToldMax} more`] : [];
    return { reachable: false, error: [...errors.slice(0, errorsToldMax), ...more].join('; '), since: first.since };
  }

  failed(part: string, error: string): void {
    const known = this.#troubles.get(part);
    const metAt = Date.now();
    this.#troubles.set(part, { error, since: known?.since ?? metAt, metAt });
    // The same trouble again is no news.
    if (known?.error !== error) this.#onChange(part, error);
  }

  succeeded(part: string): void {
    if (this.#troubles.delete(part)) this.#onChange(part, undefined);
  }

  /**
   * A question was asked of these brokers; what is returned is told of its end, and whether it was answered. That the answer
   * takes long is trouble, though it comes; without brokers it may, since it is one that waits there for news.
   */
  watched(part: string, brokers: string | undefined): (wasAnswered: boolean) => void {
    if (brokers === undefined) return (wasAnswered) => (wasAnswered ? this.succeeded(part) : undefined);
    const slowly = () => `Kafka at ${brokers} answers slowly: not within ${slowAfterMs / 1_000} s`;
    let isSlow = false;
    const timer = setTimeout(() => {
      isSlow = true;
      // Whoever cannot be reached is in worse trouble already.
      if (!this.#troubles.has(part)) this.failed(part, slowly());
    }, slowAfterMs);
    timer.unref();
    return (wasAnswered) => {
      clearTimeout(timer);
      if (wasAnswered && isSlow) this.failed(part, slowly());
      else if (wasAnswered) this.succeeded(part);
    };
  }

  /** Kafka answers: what failed and is no longer asked for is over. */
  answers(): void {
    for (const [part, { metAt }] of this.#troubles) if (Date.now() - metAt > askedAgainWithinMs) this.succeeded(part);
  }
}
