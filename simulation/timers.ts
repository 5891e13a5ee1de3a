import { syncBuiltinESMExports } from 'node:module';
import promised from 'node:timers/promises';
import TinyQueue from 'tinyqueue';

/**
 * Timers, `Date` and `performance.now()` as they are while time is virtual. The functions that take the places of Node's
 * are the same for every run, so that what was compiled for one run need not be compiled again for the next.
 */
export interface Timers {
  /** Milliseconds since they were installed. */
  readonly elapsedMs: number;
  /** Has the time of day jump; timers go on as they were. */
  step(byMs: number): void;
  /** Goes on to the next timer; `false` when there is none. */
  fireNext(): boolean;
  uninstall(): void;
}

/** When every run begins. */
export const beginning = Date.parse('2026-05-04T10:00:00Z');

/** Taken before anything is installed. */
const real = {
  ...{ setTimeout, clearTimeout, setInterval, clearInterval, setImmediate, clearImmediate, Date },
  delay: promised.setTimeout,
};

class VirtualTimer {
  readonly call: () => void;
  readonly everyMs: number | undefined;
  dueMs: number;
  /** Timers that are due at the same time go off in the order in which they were set. */
  order: number;
  isSet = true;

  constructor(options: {
    readonly call: () => void;
    readonly everyMs: number | undefined;
    readonly dueMs: number;
    readonly order: number;
  }) {
    this.call = options.call;
    this.everyMs = options.everyMs;
    this.dueMs = options.dueMs;
    this.order = options.order;
  }

  /** Nothing keeps the process of the simulation alive but the simulation. */
  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}

class VirtualTimers {
  readonly #queue = new TinyQueue<VirtualTimer>([], (a, b) => a.dueMs - b.dueMs || a.order - b.order);
  #set = 0;
  #steppedMs = 0;
  elapsedMs = 0;

  get timeOfDay(): number {
    return beginning + this.#steppedMs + this.elapsedMs;
  }

  step(byMs: number): void {
    this.#steppedMs += byMs;
  }

  set(call: () => void, { afterMs, everyMs }: { readonly afterMs: number; readonly everyMs?: number }): VirtualTimer {
    this.#set += 1;
    const timer = new VirtualTimer({ call, everyMs, dueMs: this.elapsedMs + afterMs, order: this.#set });
    this.#queue.push(timer);
    return timer;
  }

  /** What was cleared stays in the queue until its turn comes: to look for it would cost more. */
  fireNext(): boolean {
    for (;;) {
      const timer = this.#queue.pop();
      if (timer === undefined) return false;
      if (!timer.isSet) continue;
      this.elapsedMs = timer.dueMs;
      if (timer.everyMs === undefined) timer.isSet = false;
      else this.#again(timer, timer.everyMs);
      timer.call();
      return true;
    }
  }

  #again(timer: VirtualTimer, everyMs: number): void {
    this.#set += 1;
    timer.dueMs += everyMs;
    timer.order = this.#set;
    this.#queue.push(timer);
  }
}

/** Those of the run at hand. */
let timers = new VirtualTimers();

/** Longer delays mean 1 ms, as in Node.js. */
const delayMaxMs = 2 ** 31 - 1;

function wholeMs(delay: unknown): number {
  const ms = Math.trunc(Number(delay));
  if (!(ms > 0)) return 0;
  return ms > delayMaxMs ? 1 : ms;
}

function setVirtualTimeout(call: (...given: unknown[]) => void, delay?: number, ...given: unknown[]): VirtualTimer {
  return timers.set(given.length === 0 ? call : () => call(...given), { afterMs: wholeMs(delay) });
}

function setVirtualInterval(call: (...given: unknown[]) => void, delay?: number, ...given: unknown[]): VirtualTimer {
  const everyMs = Math.max(1, wholeMs(delay));
  return timers.set(() => call(...given), { afterMs: everyMs, everyMs });
}

function setVirtualImmediate(call: (...given: unknown[]) => void, ...given: unknown[]): VirtualTimer {
  return timers.set(() => call(...given), { afterMs: 0 });
}

/** A timer of Node.js may have been set before time became virtual. */
function clearVirtual(timer: unknown): void {
  if (timer instanceof VirtualTimer) timer.isSet = false;
  else real.clearTimeout(timer as NodeJS.Timeout);
}

/** `setTimeout` of node:timers/promises. */
function virtualDelay<Value>(
  delay?: number,
  value?: Value,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<Value | undefined> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason);
    const timer = setVirtualTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve(value);
    }, delay);
    const abort = () => {
      clearVirtual(timer);
      reject(signal?.reason);
    };
    signal?.addEventListener('abort', abort, { once: true });
  });
}

class VirtualDate extends Date {
  constructor(...given: readonly unknown[]) {
    super(...((given.length === 0 ? [timers.timeOfDay] : given) as [number]));
  }

  static override now(): number {
    return timers.timeOfDay;
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof real.Date;
  }
}

const virtualNow = () => timers.elapsedMs;

/** Has the process use virtual time, from its beginning. */
export function installTimers(): Timers {
  timers = new VirtualTimers();
  const installed = timers;
  Object.assign(globalThis, {
    setTimeout: setVirtualTimeout,
    clearTimeout: clearVirtual,
    setInterval: setVirtualInterval,
    clearInterval: clearVirtual,
    setImmediate: setVirtualImmediate,
    clearImmediate: clearVirtual,
    Date: VirtualDate,
  });
  performance.now = virtualNow;
  setDelay(virtualDelay);
  return {
    get elapsedMs() {
      return installed.elapsedMs;
    },
    step: (byMs) => installed.step(byMs),
    fireNext: () => installed.fireNext(),
    uninstall() {
      const { delay, ...globals } = real;
      Object.assign(globalThis, globals);
      Reflect.deleteProperty(performance, 'now');
      setDelay(delay);
    },
  };
}

/** Named imports of node:timers/promises follow. */
function setDelay(delay: unknown): void {
  Object.assign(promised, { setTimeout: delay });
  syncBuiltinESMExports();
}
