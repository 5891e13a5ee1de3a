/** So much may come at once, as in the first seconds of an on-sale, before it is known how fast it goes. */
export const burstMax = 2_000;
/** Where more came than that, as much stays under way as is done within this time: whoever is let in waits no longer. */
export const targetWaitMs = 1_500;
/** And this at least, so that there is something for batches to be made of. */
export const standingMin = 400;
/** A partition of which nothing was done for so long stands still: what waits there waits for a repair, not for its turn. */
export const standsStillAfterMs = 5_000;
/** What is not done by then waits for somebody, or was done where nobody told us. */
export const forgottenAfterMs = 60_000;
/** The time over which it is counted how much is done. */
const windowMs = 2_000;

interface UnderWay {
  readonly partition: number;
  readonly since: number;
}

interface Flow {
  underWay: number;
  /** When the last was done, or the first began to wait. */
  movedAt: number;
}

/**
 * Whether more may be let in, by Little’s law: who is let in waits as long as it takes to do what is under way, at the pace
 * at which things were done of late. A flow that stands still is no overload, and counts for nothing here: with a broker
 * that is down everything is accepted, up to the limits of what may be stored and not taken up (`inputsWaitingMax`).
 */
export class Admission {
  readonly #now: () => number;
  /** In the order in which they were let in. */
  readonly #underWay = new Map<string, UnderWay>();
  readonly #flows = new Map<number, Flow>();
  /** Since more came than could be taken at once, until half of what may stay under way is done. */
  #isRefusing = false;
  #windowFrom: number;
  #done = 0;
  #doneBefore = 0;

  /** `now`: milliseconds that only grow. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#windowFrom = now();
  }

  began(id: string, partition: number): void {
    if (this.#underWay.has(id)) return;
    const now = this.#now();
    const flow = this.#flows.get(partition) ?? { underWay: 0, movedAt: now };
    if (flow.underWay === 0) flow.movedAt = now;
    flow.underWay += 1;
    this.#flows.set(partition, flow);
    this.#underWay.set(id, { partition, since: now });
  }

  isUnderWay(id: string): boolean {
    return this.#underWay.has(id);
  }

  done(id: string): void {
    const known = this.#underWay.get(id);
    if (known === undefined) return;
    const now = this.#now();
    this.#turnWindow(now);
    this.#done += 1;
    this.#leave(id, known).movedAt = now;
  }

  /** Nothing is known any more of what is under way. */
  forget(): void {
    this.#underWay.clear();
    this.#flows.clear();
  }

  /** `entering`: let in, and on the way to being under way. */
  isFull(entering = 0): boolean {
    // Most of the time this is all there is to ask.
    if (this.#underWay.size < standingMin / 2) this.#isRefusing = false;
    if (!this.#isRefusing && this.#underWay.size + entering < burstMax) return false;
    const now = this.#now();
    this.#forgetOld(now);
    const moving = this.#moving(now) + entering;
    const standing = Math.max(standingMin, this.#donePerMs(now) * targetWaitMs);
    this.#isRefusing = moving >= (this.#isRefusing ? standing / 2 : Math.max(burstMax, standing));
    return this.#isRefusing && moving >= standing;
  }

  /** Under way where anything moves. */
  #moving(now: number): number {
    let moving = 0;
    for (const { underWay, movedAt } of this.#flows.values())
      if (now - movedAt < standsStillAfterMs) moving += underWay;
    return moving;
  }

  #forgetOld(now: number): void {
    for (const [id, known] of this.#underWay) {
      if (now - known.since < forgottenAfterMs) return;
      this.#leave(id, known);
    }
  }

  #leave(id: string, { partition }: UnderWay): Flow {
    this.#underWay.delete(id);
    const flow = this.#flows.get(partition) ?? { underWay: 1, movedAt: 0 };
    flow.underWay -= 1;
    return flow;
  }

  /** Done a millisecond: of this window, and of the one before as much as lies within the last `windowMs`. */
  #donePerMs(now: number): number {
    this.#turnWindow(now);
    const shareBefore = 1 - (now - this.#windowFrom) / windowMs;
    return (this.#done + shareBefore * this.#doneBefore) / windowMs;
  }

  #turnWindow(now: number): void {
    const windows = Math.floor((now - this.#windowFrom) / windowMs);
    if (windows < 1) return;
    this.#doneBefore = windows === 1 ? this.#done : 0;
    this.#done = 0;
    this.#windowFrom += windows * windowMs;
  }
}
