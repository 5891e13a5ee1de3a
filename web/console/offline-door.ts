import { serverNow } from '../kit/clock.ts';
import { addScan, type DoorScan, forgetOldScans } from '../kit/door-log.ts';
import { messageOf, Problem, unreachable } from '../kit/problem.ts';
import type { Admission } from './answers.ts';
import { checkIn, isUnanswered } from './check-in.ts';
import { checkCode, verifyingKeys } from './code-check.ts';
import type { DoorNames } from './door-names.ts';
import {
  askedPreparation,
  type KnownTicket,
  keepPreparation,
  keptPreparation,
  type Preparation,
} from './preparation.ts';
import { type Repeating, repeating } from './repeating.ts';
import { UnsentScans } from './unsent-scans.ts';
import { admitted, admittedHere, notAdmitted, notKept, refusedHere, usedHere, type Verdict } from './verdict.ts';

/**
 * A door that goes on without a network. The server is asked about every scan until it does not answer one, or the browser says that it
 * has no network. From then on the door is alone: codes of the show it was prepared for are checked on the device, and who is let in is
 * written to its log before they are. Meanwhile the server is tried again and again; once it was told of everything in the log, and has
 * told what happened meanwhile, it is asked about every scan as before.
 */
const lookEveryMs = 5_000;
const prepareEveryMs = 60_000;

interface Prepared {
  readonly preparation: Preparation;
  readonly keys: ReadonlyMap<string, CryptoKey>;
}

export class OfflineDoor {
  readonly unsent: UnsentScans;
  readonly #changed: () => void;
  readonly #names: DoorNames;
  readonly #stopping = new AbortController();
  readonly #contact: Repeating;
  #showId: string | undefined;
  #prepared: Prepared | undefined;
  /** Whom the server let in here: what it told of the show a moment before does not know them. */
  readonly #letIn = new Map<string, KnownTicket>();
  #preparedAtMs = Number.NEGATIVE_INFINITY;
  /** Whether the server did not answer when it was asked last. */
  #isUnheard = !navigator.onLine;
  /** How often it did not: one that answered before that is not there now. */
  #losses = 0;
  #whyNot: string | undefined;

  constructor(
    changed: () => void,
    { showId, names }: { readonly showId: string | undefined; readonly names: DoorNames },
  ) {
    this.#changed = changed;
    this.#names = names;
    this.#showId = showId;
    this.unsent = new UnsentScans(changed);
    const { signal } = this.#stopping;
    addEventListener('offline', () => this.#lose(), { signal });
    addEventListener('online', () => this.#contact.soon(), { signal });
    this.#contact = repeating(() => this.#keepUp(), lookEveryMs);
  }

  /** Whether codes are checked on this device now. */
  get isAlone(): boolean {
    return this.#isUnheard && this.#prepared !== undefined;
  }

  /** What the device could go on with. */
  get preparation(): Preparation | undefined {
    return this.#prepared?.preparation;
  }

  /** Why it has nothing to go on with, where that is not only a matter of moments. */
  get whyNot(): string | undefined {
    return this.#whyNot;
  }

  choose(showId: string | undefined): void {
    this.#showId = showId;
    this.#prepared = undefined;
    this.#whyNot = undefined;
    this.#preparedAtMs = Number.NEGATIVE_INFINITY;
    this.#contact.soon();
  }

  stop(): void {
    this.#stopping.abort();
    this.#contact.stop();
  }

  /** Tells whether to let somebody in. */
  async ask(scan: DoorScan): Promise<Verdict> {
    const prepared = this.#prepared?.preparation.showId === scan.showId ? this.#prepared : undefined;
    if (prepared === undefined || !this.#isUnheard) {
      try {
        const admission = await checkIn(scan);
        this.#isUnheard = false;
        this.#remember(admission);
        return admitted(admission);
      } catch (error) {
        if (!isUnanswered(error)) return notAdmitted(error);
        this.#lose();
        if (prepared === undefined) return notAdmitted(error);
      }
    }
    return this.#decide(scan, prepared).catch(notAdmitted);
  }

  async #decide(scan: DoorScan, { preparation, keys }: Prepared): Promise<Verdict> {
    const checked = await checkCode(scan, preparation, keys);
    if (checked.is !== 'good') return refusedHere(checked, preparation.asOf);
    const { ticketId, ticket } = checked;
    const { code, gate, showId, key, scannedAt } = scan;
    const place = ticket?.seat ?? ticket?.area;
    try {
      const earlier = await addScan({ code, gate, showId, key, scannedAt, ticketId, place });
      if (earlier !== undefined && earlier.key !== key) return usedHere(earlier);
    } catch {
      return notKept();
    }
    void this.unsent.look().catch(() => undefined);
    return admittedHere(scan, ticket, preparation.asOf);
  }

  #remember({ ticketId, priceCategory, admittedAt, gate }: Admission): void {
    const { issue } = this.preparation?.tickets.get(ticketId) ?? {};
    const ticket = {
      ...({ ticketId, priceCategory, status: 'used', admittedAt, gate } as const),
      ...(issue === undefined ? {} : { issue }),
    };
    this.#letIn.set(ticketId, ticket);
    this.preparation?.tickets.set(ticketId, ticket);
  }

  #lose(): void {
    this.#losses += 1;
    this.#isUnheard = true;
    this.#changed();
  }

  async #use(preparation: Preparation): Promise<void> {
    const keys = await verifyingKeys(preparation.keys);
    if (preparation.showId !== this.#showId) return;
    for (const [ticketId, ticket] of this.#letIn) preparation.tickets.set(ticketId, ticket);
    this.#prepared = keys && { preparation, keys };
    this.#whyNot = keys === undefined ? 'This browser cannot verify the signatures of tickets (Ed25519).' : undefined;
    this.#changed();
  }

  /** What is to be sent is sent, and what the device knows is brought up to date. */
  async #keepUp(): Promise<void> {
    const { signal } = this.#stopping;
    try {
      await this.unsent.look();
      await this.#recall();
    } catch {
      this.#prepared = undefined;
      this.#preparedAtMs = Number.NEGATIVE_INFINITY;
      this.#whyNot = 'This browser keeps nothing, so scans could be lost.';
      return this.#changed();
    }
    const lossesBefore = this.#losses;
    try {
      await this.unsent.send(signal);
      const isHeard = await this.#prepare();
      // Whom the device has let in meanwhile.
      await this.unsent.send(signal);
      if (isHeard && this.#losses === lossesBefore) this.#isUnheard = false;
    } catch (error) {
      if (isUnanswered(error)) this.#isUnheard = true;
      // A server that is too busy has not been told of everything yet; one that says no is there.
      else if (!(error instanceof Problem && error.isPassing)) this.#isUnheard = false;
    }
    this.#changed();
  }

  /** What the browser keeps from before is used until the server has told anew. */
  async #recall(): Promise<void> {
    if (this.#showId === undefined || this.#prepared !== undefined) return;
    const kept = await keptPreparation(this.#showId);
    if (kept !== undefined) await this.#use(kept);
  }

  /** Tells whether the server was asked. */
  async #prepare(): Promise<boolean> {
    const showId = this.#showId;
    if (showId === undefined) return false;
    if (!this.#isUnheard && performance.now() - this.#preparedAtMs < prepareEveryMs) return false;
    try {
      const [preparation] = await Promise.all([
        askedPreparation(showId, this.preparation, this.#stopping.signal),
        this.#names.load(showId),
      ]);
      if (this.#showId === showId) this.#preparedAtMs = performance.now();
      await this.#use(preparation);
      // Where there is no room for it, this page has it all the same.
      await keepPreparation(preparation).catch(() => undefined);
      await forgetOldScans(serverNow());
      return true;
    } catch (error) {
      this.#whyNot = messageOf(isUnanswered(error) ? unreachable() : error);
      throw error;
    }
  }
}
