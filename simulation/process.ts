import type { Faults } from './faults.ts';
import { Random, seedOf } from './random.ts';
import type { Trace } from './trace.ts';

/** What every part of the simulated world shares. */
export interface Surroundings {
  readonly seed: number;
  readonly faults: Faults;
  readonly trace: Trace;
}

/**
 * One simulated operating-system process. Its ports go through here: each step may take its time, and when the process has
 * crashed, nothing it asks for is ever done or answered.
 */
export class SimulatedProcess {
  /** The service and a number that counts its processes: `booking/2`. */
  readonly name: string;
  readonly world: Surroundings;
  readonly #random: Random;
  readonly #onDeath: (() => void)[] = [];
  #dead = false;
  #returned: PromiseWithResolvers<void> | undefined;
  #death: Promise<void> | undefined;

  constructor(name: string, world: Surroundings) {
    this.name = name;
    this.world = world;
    this.#random = new Random(seedOf(world.seed, `process ${name}`));
  }

  get dead(): boolean {
    return this.#dead;
  }

  /** Ends it at once, as SIGKILL would. */
  kill(): void {
    if (this.#dead) return;
    this.#dead = true;
    this.world.trace.tell(this.name, () => 'is dead');
    for (const listener of this.#onDeath) listener();
  }

  onDeath(listener: () => void): void {
    if (this.#dead) listener();
    else this.#onDeath.push(listener);
  }

  /** Cuts it off from the log; the returned function brings it back. */
  cutOffFromLog(): () => void {
    const returned = Promise.withResolvers<void>();
    this.#returned = returned;
    return () => {
      this.#returned = undefined;
      returned.resolve();
    };
  }

  /** While it is cut off from the log: resolves when it no longer is. */
  get logReturns(): Promise<void> | undefined {
    return this.#returned?.promise;
  }

  /** Resolves when it has died. */
  get death(): Promise<void> {
    this.#death ??= new Promise((resolve) => this.onDeath(resolve));
    return this.#death;
  }

  /** Waits a little or not at all, as everything that leaves a process does; for ever, when it is dead. */
  pass(): Promise<void> | undefined {
    if (this.#dead) return forever();
    const ms = this.#shortWait();
    return ms === 0 ? undefined : this.#awake(ms);
  }

  #awake(ms: number): Promise<void> {
    return new Promise((resolve) => {
      setTimeout(() => {
        if (!this.#dead) resolve();
      }, ms);
    });
  }

  /** Kills itself if this fault strikes now. */
  mayCrash(kind: Parameters<Faults['strikes']>[0]): Promise<void> | undefined {
    if (!this.world.faults.strikes(kind, this.name)) return undefined;
    this.kill();
    return forever();
  }

  /** A wait of a length that is drawn. */
  waitBetween(leastMs: number, mostMs: number): Promise<void> {
    return sleep(this.#random.between(leastMs, mostMs));
  }

  chance(probability: number): boolean {
    return this.#random.chance(probability);
  }

  #shortWait(): number {
    const drawn = this.#random.next();
    if (drawn < 0.6) return 0;
    return drawn < 0.95 ? 1 + Math.floor((drawn - 0.6) * 10) : 5 + Math.floor((drawn - 0.95) * 800);
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** What comes first of several things, or nothing where none of them has come in time. */
export async function within<Result>(
  ms: number,
  things: readonly Promise<Result | undefined>[],
): Promise<Result | undefined> {
  const late = Promise.withResolvers<undefined>();
  // Taken down afterwards: a timer that nobody needs is one more turn of the clock.
  const timer = setTimeout(() => late.resolve(undefined), ms);
  try {
    return await Promise.race([...things, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** What a crashed process waits for. */
export function forever(): Promise<never> {
  return new Promise(() => undefined);
}
