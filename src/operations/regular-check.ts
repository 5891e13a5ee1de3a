import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../runtime/logger.ts';
import { type CheckedInvariant, check, checkQuery } from './check.ts';
import type { Installation } from './installation.ts';

/**
 * The auditor at work by itself: once some while after the start, then regularly, and whenever somebody asks. What it finds is in the
 * log, in the metrics that alarms are made of, and here for whoever asks.
 */
export interface CheckOutcome {
  readonly startedAt: string;
  readonly endedAt: string;
  readonly holds: boolean;
  readonly invariants: readonly CheckedInvariant[];
}

/** Whoever counts checks. */
export interface CheckObserver {
  checked(outcome: CheckOutcome): void;
  /** One did not come to its end. */
  notChecked(): void;
}

export interface RegularCheckOptions {
  readonly installation: Installation;
  readonly logger: Logger;
  /** Hours between two; 0: only when asked. */
  readonly everyHours: number;
  readonly observer: CheckObserver;
  /** Of the first after a start, so that a start has the machine for itself. */
  readonly firstAfterMs?: number;
}

const hourMs = 3_600_000;
const firstAfterMs = 600_000;
/** One that did not come to its end, since a database was away, is tried again so soon. */
const againAfterMs = 600_000;

export class RegularCheck {
  readonly #options: RegularCheckOptions;
  readonly #stopping = new AbortController();
  #running: { readonly startedAt: string; readonly done: Promise<void> } | undefined;
  #last: CheckOutcome | undefined;
  #failed = false;
  #scheduled: Promise<void> | undefined;

  constructor(options: RegularCheckOptions) {
    this.#options = options;
  }

  /** The last one that came to its end since the start of this process. */
  get last(): CheckOutcome | undefined {
    return this.#last;
  }

  /** When the one that runs has begun. */
  get runningSince(): string | undefined {
    return this.#running?.startedAt;
  }

  start(): void {
    if (this.#options.everyHours > 0) this.#scheduled = this.#regularly();
  }

  /** Begins one, unless one runs already. */
  now(): void {
    if (this.#running !== undefined || this.#stopping.signal.aborted) return;
    const startedAt = new Date().toISOString();
    this.#running = { startedAt, done: this.#run(startedAt).finally(() => (this.#running = undefined)) };
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#scheduled;
    await this.#running?.done;
  }

  async #regularly(): Promise<void> {
    let waitMs = this.#options.firstAfterMs ?? firstAfterMs;
    while (await this.#passed(waitMs)) {
      this.now();
      await this.#running?.done;
      const everyMs = this.#options.everyHours * hourMs;
      waitMs = this.#failed ? Math.min(againAfterMs, everyMs) : everyMs;
    }
  }

  /** Whether the time has passed, or this has to stop. */
  #passed(ms: number): Promise<boolean> {
    return delay(ms, true, { signal: this.#stopping.signal, ref: false }).catch(() => false);
  }

  async #run(startedAt: string): Promise<void> {
    const { installation, logger, observer } = this.#options;
    const invariants: CheckedInvariant[] = [];
    try {
      for await (const line of check(installation, checkQuery.parse({}), this.#stopping.signal)) {
        if (this.#stopping.signal.aborted) return;
        if ('checked' in line) invariants.push(line.checked);
      }
    } catch (error) {
      logger.warn({ err: error }, 'the promises could not be checked; this is tried again in some minutes');
      this.#failed = true;
      observer.notChecked();
      return;
    }
    const broken = invariants.filter(({ holds }) => !holds);
    for (const { name, says, violations } of broken)
      logger.error({ invariant: name, violations }, `does not hold: ${says}; fullhouse check shows the rows`);
    const endedAt = new Date().toISOString();
    this.#last = { startedAt, endedAt, holds: broken.length === 0, invariants };
    if (broken.length === 0) logger.info({ invariants: invariants.length }, 'all promises hold');
    this.#failed = false;
    observer.checked(this.#last);
  }
}
