import { syncBuiltinESMExports } from 'node:module';
import { install } from '@sinonjs/fake-timers';
import { v7 as uuidv7 } from 'uuid';
import { drawIdsFrom } from '../src/contracts/ids.ts';
import { Random, seedOf } from './random.ts';
import type { RealWork } from './sql/real-work.ts';

/**
 * Virtual time over the whole process: while it is installed, clocks and timers of Node.js are those of the simulation,
 * and so are ids and random numbers. Time moves only from one timer to the next, so an hour costs nothing, and the same
 * seed gives the same run.
 */
export interface VirtualClock {
  /** Milliseconds since the run began, whatever the clocks of its machines say. */
  elapsed(): number;
  /** Has the clocks of all machines jump; timers go on as they were. */
  step(byMs: number): void;
  /** Lets everything happen that needs no time, then goes on to the next timer; `false` when there is none. */
  advance(): Promise<boolean>;
  /** Lets everything happen that needs no time. */
  settle(): Promise<void>;
  uninstall(): void;
}

/** When every run begins. */
export const beginning = Date.parse('2026-05-04T10:00:00Z');

/** Taken before anything is installed. */
const realImmediate = setImmediate;
const realRandom = Math.random;
const realTimeout = AbortSignal.timeout;

/** `real`: work outside of the simulation, for which time stands still. */
export function installClock(seed: number, real?: RealWork): VirtualClock {
  const clock = install({
    now: beginning,
    toFake: [
      'setTimeout',
      'clearTimeout',
      'setInterval',
      'clearInterval',
      'setImmediate',
      'clearImmediate',
      'Date',
      'performance',
    ],
    loopLimit: 10_000_000,
    ignoreMissingTimers: true,
  });
  // Named imports of node:timers/promises follow.
  syncBuiltinESMExports();
  const random = new Random(seedOf(seed, 'Math.random'));
  Math.random = () => random.next();
  AbortSignal.timeout = abortAfter;
  const ids = new Random(seedOf(seed, 'ids'));
  drawIdsFrom(() => uuidAt(Date.now(), ids));
  const settle = settler();
  const startedAt = performance.now();
  return {
    elapsed: () => performance.now() - startedAt,
    step: (byMs) => clock.setSystemTime(Date.now() + byMs),
    settle,
    async advance() {
      await settle();
      while (real?.isOpen === true) {
        await real.next();
        await settle();
      }
      if (clock.countTimers() === 0) return false;
      clock.next();
      return true;
    },
    uninstall() {
      clock.uninstall();
      syncBuiltinESMExports();
      Math.random = realRandom;
      AbortSignal.timeout = realTimeout;
      drawIdsFrom(uuidv7);
    },
  };
}

/** Immediates that are set at once. */
const turnsAtOnce = 50;

/**
 * Waits until all promises that are ready have run: Node.js runs them to their end after each immediate, so the next
 * immediate comes after them. A turn of the whole event loop costs more than most steps of a run, so many are set at once.
 */
function settler(): () => Promise<void> {
  let left = 0;
  let waiting: (() => void) | undefined;
  const turn = () => {
    left -= 1;
    const resolve = waiting;
    waiting = undefined;
    resolve?.();
  };
  return () =>
    new Promise<void>((resolve) => {
      waiting = resolve;
      if (left > 0) return;
      left = turnsAtOnce;
      for (let set = 0; set < turnsAtOnce; set += 1) realImmediate(turn);
    });
}

/** One for all: making it costs more than all else about a timeout. */
const timedOut = new DOMException('The operation was aborted due to timeout', 'TimeoutError');

/** As Node's own, on the virtual clock. */
function abortAfter(ms: number): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => controller.abort(timedOut), ms);
  return controller.signal;
}

/** A UUIDv7 (RFC 9562): its time is the clock's, the rest is drawn. */
function uuidAt(now: number, random: Random): string {
  const time = now.toString(16).padStart(12, '0');
  const hex = (digits: number) =>
    Math.floor(random.next() * 16 ** digits)
      .toString(16)
      .padStart(digits, '0');
  const variant = (8 + Math.floor(random.next() * 4)).toString(16);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hex(3)}-${variant}${hex(3)}-${hex(6)}${hex(6)}`;
}
