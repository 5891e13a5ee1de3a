import { drawIdsFrom } from '../src/contracts/ids.ts';
import { Random, seedOf } from './random.ts';
import type { RealWork } from './sql/real-work.ts';
import { installTimers } from './timers.ts';

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
  /** Lets everything happen that needs no time, goes on to the next timer, and so on: until `isOver`, or no timer is left. */
  run(isOver: () => boolean): Promise<void>;
  uninstall(): void;
}

/** Taken before anything is installed. */
const realImmediate = setImmediate;
const realRandom = Math.random;
const realTimeout = AbortSignal.timeout;

/** `real`: work outside of the simulation, for which time stands still. */
export function installClock(seed: number, real?: RealWork): VirtualClock {
  const timers = installTimers();
  const random = new Random(seedOf(seed, 'Math.random'));
  Math.random = () => random.next();
  AbortSignal.timeout = abortAfter;
  const ids = new Random(seedOf(seed, 'ids'));
  drawIdsFrom(() => uuidAt(Date.now(), ids));
  return {
    elapsed: () => timers.elapsedMs,
    step: (byMs) => timers.step(byMs),
    run: (isOver) =>
      inTurns(() => {
        if (real?.isOpen === true) return real.next();
        return !isOver() && timers.fireNext();
      }),
    uninstall() {
      timers.uninstall();
      Math.random = realRandom;
      AbortSignal.timeout = realTimeout;
      drawIdsFrom();
    },
  };
}

/** Immediates that are set at once. */
const turnsAtOnce = 50;

/**
 * Does something again and again until it says that it was the last time. Node.js runs all promises that are ready to their
 * end after each immediate, so the next turn comes after them. A turn of the whole event loop costs more than most steps of
 * a run, so many immediates are set at once.
 */
function inTurns(turn: () => boolean | Promise<unknown>): Promise<void> {
  return new Promise((resolve, reject) => {
    let isOver = false;
    let left = 0;
    let waiting = false;
    const begin = () => {
      left = turnsAtOnce;
      for (let set = 0; set < turnsAtOnce; set += 1) realImmediate(once);
    };
    const once = () => {
      left -= 1;
      if (!isOver && !waiting) goOn();
      if (left === 0 && !isOver && !waiting) begin();
    };
    const goOn = () => {
      try {
        const again = turn();
        if (typeof again !== 'boolean') {
          waiting = true;
          again.then(() => {
            waiting = false;
            if (left === 0) begin();
          }, reject);
        } else if (!again) {
          isOver = true;
          resolve();
        }
      } catch (error) {
        isOver = true;
        reject(error);
      }
    };
    begin();
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
