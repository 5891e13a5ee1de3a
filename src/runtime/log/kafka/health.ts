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

/** What each part of the driver met last: it is healthy when no part is in trouble. */
export class HealthBook {
  readonly #troubles = new Map<string, { readonly error: string; readonly since: number }>();
  readonly #onChange: (part: string, error: string | undefined) => void;

  constructor(onChange: (part: string, error: string | undefined) => void) {
    this.#onChange = onChange;
  }

  get health(): KafkaHealth {
    const [first] = [...this.#troubles.values()].sort((a, b) => a.since - b.since);
    return first === undefined ? { reachable: true } : { reachable: false, ...first };
  }

  failed(part: string, error: string): void {
    const known = this.#troubles.get(part);
    this.#troubles.set(part, { error, since: known?.since ?? Date.now() });
    // The same trouble again is no news.
    if (known?.error !== error) this.#onChange(part, error);
  }

  succeeded(part: string): void {
    if (this.#troubles.delete(part)) this.#onChange(part, undefined);
  }
}
