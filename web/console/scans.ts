import { post } from '../kit/api.ts';
import { newKey } from '../kit/keys.ts';
import type { Admission } from './answers.ts';
import { admitted, notAdmitted, type Verdict } from './verdict.ts';

/**
 * The scans of one door: sent one after the other, in the order they were made. A scan waits, is asked about, and has a verdict. Asked
 * about again it keeps its key: was the first answer lost, the second is the same.
 */
export interface Scan {
  readonly code: string;
  readonly at: Date;
  readonly gate: string;
  readonly showId: string | undefined;
  readonly key: string;
  state: 'waiting' | 'asking' | 'told';
  verdict: Verdict | undefined;
}

const listedMax = 20;
/** A queue of people waits: after that nobody expects an answer any more. */
const answerWithinMs = 8_000;

export class Scans {
  readonly #changed: () => void;
  readonly #ask: (scan: Scan) => Promise<Verdict>;
  /** The latest first. */
  #all: readonly Scan[] = [];
  #isSending = false;
  #isStopped = false;

  constructor(changed: () => void, ask: (scan: Scan) => Promise<Verdict> = verdictOf) {
    this.#changed = changed;
    this.#ask = ask;
  }

  get all(): readonly Scan[] {
    return this.#all;
  }

  add(made: Pick<Scan, 'code' | 'gate' | 'showId'>): void {
    const scan: Scan = { ...made, at: new Date(), key: newKey(), state: 'waiting', verdict: undefined };
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

async function verdictOf({ code, gate, showId, key }: Scan): Promise<Verdict> {
  const body = { code, gate, ...(showId === undefined ? {} : { showId }) };
  const signal = AbortSignal.timeout(answerWithinMs);
  try {
    return admitted(await post<Admission>('/v1/check-ins', body, { key, signal, triesMax: 1 }));
  } catch (error) {
    return notAdmitted(error);
  }
}
