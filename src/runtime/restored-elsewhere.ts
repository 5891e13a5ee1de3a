import { setTimeout as delay } from 'node:timers/promises';

/** While something is missing, or the topics cannot be read, it is looked again so often. */
const lookAgainMs = 1_000;
/** Whoever starts waits no longer for the first look: topics may be out of reach, and what needs none of them goes on. */
const firstLookMs = 2_000;

/**
 * Whether a restored database lacks what is told on the topics, whoever owns the tasks that lack it. Owners find that out for
 * their own tasks; an instance that answers from the database on the spot has to know it of all, before it answers at all. A
 * database is restored while no instance runs, so it need not be looked again once nothing is missing.
 */
export class RestoredElsewhere {
  readonly #look: () => Promise<boolean>;
  readonly #lookAgainMs: number;
  readonly #stopping = new AbortController();
  #isBehind = false;
  #firstLook: Promise<void> | undefined;

  /** `look` tells whether something is missing. */
  constructor(options: { readonly look: () => Promise<boolean>; readonly lookAgainMs?: number }) {
    this.#look = options.look;
    this.#lookAgainMs = options.lookAgainMs ?? lookAgainMs;
  }

  get isBehind(): boolean {
    return this.#isBehind;
  }

  /** Begins to look; returns once it is known, or after a while. */
  async start(): Promise<void> {
    this.#firstLook ??= new Promise((resolve) => void this.#watch(resolve));
    const waited = new AbortController();
    const patience = delay(firstLookMs, undefined, { signal: waited.signal }).catch(() => undefined);
    await Promise.race([this.#firstLook, patience]);
    waited.abort();
  }

  async #watch(looked: () => void): Promise<void> {
    for (;;) {
      try {
        this.#isBehind = await this.#look();
        looked();
        if (!this.#isBehind) return;
      } catch {
        // Neither is known: what was known before stands.
      }
      try {
        await delay(this.#lookAgainMs, undefined, { signal: this.#stopping.signal });
      } catch {
        return;
      }
    }
  }

  stop(): void {
    this.#stopping.abort();
  }
}
