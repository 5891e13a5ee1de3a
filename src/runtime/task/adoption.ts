import type { Commit } from '../store/store.ts';

/** A store that does not answer keeps nobody from what is in memory for longer. */
const waitMs = 1_000;

/** A commit on its way: the database may have it, and others may tell of it, before it is adopted in memory. */
export class Adoption {
  readonly #events: Commit['events'];
  readonly #ended = Promise.withResolvers<void>();
  #timer: NodeJS.Timeout | undefined;

  constructor({ events }: Pick<Commit, 'events'>) {
    this.#events = events;
  }

  concerns(stream: string): boolean {
    return this.#events.some((event) => event.stream === stream);
  }

  /** Resolves once it is adopted or has failed, or after a second. */
  wait(): Promise<void> {
    this.#timer ??= setTimeout(this.#ended.resolve, waitMs).unref();
    return this.#ended.promise;
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#ended.resolve();
  }
}
