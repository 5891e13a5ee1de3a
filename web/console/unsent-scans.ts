import { type Conflict, doorLog, type LoggedScan, noteOutcome, type Refusal } from '../kit/door-log.ts';
import { messageOf, Problem } from '../kit/problem.ts';
import { checkIn, isUnanswered } from './check-in.ts';
import { conflictOf } from './verdict.ts';

/** The scans that the server has not been told of yet, and those that it did not count. */
const sendingLock = 'fullhouse-door-sending';

export class UnsentScans {
  readonly #changed: () => void;
  #unsent: readonly LoggedScan[] = [];
  #conflicts: readonly Conflict[] = [];
  #why: string | undefined;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  get count(): number {
    return this.#unsent.length;
  }

  get conflicts(): readonly Conflict[] {
    return this.#conflicts;
  }

  /** Why they are unsent although the server answers. */
  get why(): string | undefined {
    return this.#why;
  }

  /** Reads the log of the device, to which other tabs write as well. */
  async look(): Promise<void> {
    const { unsent, conflicts } = await doorLog();
    this.#unsent = unsent;
    this.#conflicts = conflicts;
    this.#changed();
  }

  async seenTo({ scan }: Conflict): Promise<void> {
    await noteOutcome(scan);
    await this.look();
  }

  /** Sends them in the order they were made, one tab at a time. Throws where nobody answers. */
  async send(stopped: AbortSignal): Promise<void> {
    if (this.#unsent.length === 0) return;
    // A page that came without TLS has no locks; a scan that two tabs send is the same scan all the same.
    const locks = navigator.locks as LockManager | undefined;
    await (locks === undefined ? this.#sendAll(stopped) : locks.request(sendingLock, () => this.#sendAll(stopped)));
  }

  async #sendAll(stopped: AbortSignal): Promise<void> {
    await this.look();
    this.#why = undefined;
    try {
      for (const scan of this.#unsent) {
        if (stopped.aborted) return;
        await this.#sendOne(scan);
      }
    } finally {
      await this.look();
    }
  }

  async #sendOne(scan: LoggedScan): Promise<void> {
    let refusal: Refusal | undefined;
    try {
      await checkIn(scan);
    } catch (error) {
      if (!isFinal(error)) {
        if (!isUnanswered(error)) this.#why = messageOf(error);
        if (concernsAll(error)) throw error;
        return;
      }
      refusal = conflictOf(error, scan);
    }
    await noteOutcome(scan, refusal);
    this.#unsent = this.#unsent.filter(({ number }) => number !== scan.number);
    this.#changed();
  }
}

const finalCodes = [
  ...['already_admitted', 'ticket_void', 'ticket_given', 'wrong_show', 'code_invalid'],
  'idempotency_key_reused',
];

/** Whether the server will never say anything else to this scan. */
function isFinal(error: unknown): error is Problem {
  if (!(error instanceof Problem)) return false;
  return finalCodes.includes(error.code) || error.body.errors?.some(({ code }) => code === 'too_old') === true;
}

/** Whether the next scan would fare no better: nobody answers, somebody is signed out, or the server asks for patience. */
function concernsAll(error: unknown): boolean {
  return !(error instanceof Problem) || error.isPassing || error.status === 401 || error.status === 403;
}
