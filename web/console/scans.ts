import { serverNow } from '../kit/clock.ts';
import type { DoorScan } from '../kit/door-log.ts';
import { newKey } from '../kit/keys.ts';
import type { Verdict } from './verdict.ts';

/**
 * The scans of one door: sent one after the other, in the order they were made. A scan waits, is asked about, and has a verdict. Asked
 * about again it keeps its key: was the first answer lost, the second is the same.
 */
export interface Scan extends DoorScan {
  state: 'waiting' | 'asking' | 'told';
  verdict: Verdict | undefined;
}

const listedMax = 20;

export class Scans {
  readonly #changed: () => void;
  readonly #ask: (scan: Scan) => Promise<Verdict>;
  /** The latest first. */
  #all: readonly Scan[] = [];
  #isSending = false;
  #isStopped = false;

  constructor(changed: () => void, ask: (scan: Scan) => Promise<Verdict>) {
    this.#changed = changed;
    this.#ask = ask;
  }

  get all(): readonly Scan[] {
    return this.#all;
  }

  add(made: Pick<DoorScan, 'code' | 'gate' | 'showId'>): void {
    const scannedAt = new Date(serverNow()).toISOString();
    const scan: Scan = { ...made, scannedAt, key: newKey(), state: 'waiting', verdict: undefined };
    // What has no verdict yet stays, however many there are.
    this.#all = [scan, ...this.#all].filter((each, index) => index < listedMax || each.state !== 'told');
    this.#changed();
    void this.#send();
  }

  again(scan: Scan): void {
    if (scan.state !== 'told' || scan.verdict?.isOpen !== true) return;
    scan.state = 'waiting';
    // What is asked about last is what the door looks at.
    this.#all = [scan, ...this.#all.filter((each) => each !== scan)];
    this.#changed();
    void this.#send();
  }

  stop(): void {
    this.#isStopped = true;
  }

  async #send(): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    for (let next = this.#next(); next !== undefined && !this.#isStopped; next = this.#next()) {
      next.state = 'asking';
      this.#changed();
      next.verdict = await this.#ask(next);
      next.state = 'told';
      this.#changed();
    }
    this.#isSending = false;
  }

  #next(): Scan | undefined {
    return this.#all.findLast(({ state }) => state === 'waiting');
  }
}
