import { fraction, seedOf } from './random.ts';
import type { Trace } from './trace.ts';

/** Every kind of fault there is, with how likely it is at each place where it could happen. */
export const faultRates = {
  // What a database does.
  'store fails before commit': 0.02,
  'store fails after commit': 0.02,
  'store fails while reading': 0.005,
  'store is slow': 0.02,
  'gate fails before storing': 0.05,
  'gate fails after storing': 0.05,
  'gate stores long after': 0.02,
  'notification comes late': 0.02,
  // What the log does.
  'append is lost': 0.02,
  'append of unknown outcome': 0.02,
  'append is stored in part': 0.02,
  'append is slow': 0.02,
  'records come twice': 0.02,
  'records come late': 0.02,
  'consumer starts again': 0.005,
  'log fails while reading': 0.005,
  // What becomes of processes.
  'crash before commit': 0.004,
  'crash after commit': 0.004,
  'crash before append': 0.004,
  'crash after append': 0.004,
  'crash before an effect': 0.01,
  'crash after an effect': 0.01,
  'crash at any time': 1,
  'long outage': 1,
  'owner changes': 1,
  'zombie goes on': 1,
  'zombie without a log': 1,
  'orderly restart': 1,
  'clock steps': 1,
  // What the outside does.
  'provider never hears': 0.05,
  'provider loses the answer': 0.05,
  'provider answers late': 0.05,
  'webhook is lost': 0.2,
  'webhook comes twice': 0.3,
  'webhook comes late': 0.3,
  'channel fails before': 0.05,
  'channel fails after': 0.05,
  'channel refuses': 0.02,
} as const;
export type FaultKind = keyof typeof faultRates;
export const faultKinds = Object.keys(faultRates) as readonly FaultKind[];

/** What is left out of a run, to see whether it fails without it too. */
export interface Without {
  readonly customers: ReadonlySet<number>;
  readonly kinds: ReadonlySet<FaultKind>;
  /** Single faults, by their names. */
  readonly faults: ReadonlySet<string>;
}

export const withoutNothing: Without = { customers: new Set(), kinds: new Set(), faults: new Set() };

interface Site {
  readonly seed: number;
  readonly probability: number;
  met: number;
}

/** How much of a kind a run gets: many runs do without some kinds altogether, so that others can do their worst. */
const temperaments = [0, 0, 0.5, 1, 1, 3] as const;

/**
 * Which faults happen. Whether the n-th chance at a place is taken follows from the seed, the kind, the place and n alone,
 * so that one fault can be left out without changing what becomes of the others.
 */
export class Faults {
  readonly #seed: number;
  readonly #without: Without;
  readonly #trace: Trace;
  readonly #kinds: ReadonlyMap<FaultKind, { readonly probability: number; readonly sites: Map<string, Site> }>;
  /** Faults that happened, by name. */
  readonly happened: string[] = [];
  readonly met = new Map<FaultKind, number>();
  /** Off while the world is set up, and when it has to come to rest. */
  active = false;

  constructor(options: { readonly seed: number; readonly without: Without; readonly trace: Trace }) {
    this.#seed = options.seed;
    this.#without = options.without;
    this.#trace = options.trace;
    this.#kinds = new Map(
      faultKinds.map((kind) => [
        kind,
        { probability: faultRates[kind] * this.temperament(kind), sites: new Map<string, Site>() },
      ]),
    );
  }

  /** Whether the fault happens here and now. */
  strikes(kind: FaultKind, place: string): boolean {
    if (!this.active || this.#kinds.get(kind)?.probability === 0) return false;
    const site = this.#site(kind, place);
    site.met += 1;
    if (fraction(site.seed + Math.imul(site.met, 0x9e3779b1)) >= site.probability) return false;
    return this.#happens(kind, `${kind} @ ${place} #${site.met}`, place);
  }

  /** A fault that is not chance but part of the plan of a run: happens unless it is left out. */
  happens(kind: FaultKind, place: string): boolean {
    if (!this.active) return false;
    const site = this.#site(kind, place);
    site.met += 1;
    return this.#happens(kind, `${kind} @ ${place} #${site.met}`, place);
  }

  #happens(kind: FaultKind, name: string, place: string): boolean {
    if (this.#without.kinds.has(kind) || this.#without.faults.has(name)) return false;
    this.met.set(kind, (this.met.get(kind) ?? 0) + 1);
    this.happened.push(name);
    this.#trace.tell(place, () => `FAULT: ${kind}`);
    return true;
  }

  /** How much of this kind the run gets: 0 for none. */
  temperament(kind: FaultKind): number {
    return temperaments[Math.floor(fraction(seedOf(this.#seed, `temperament ${kind}`)) * temperaments.length)] ?? 0;
  }

  #site(kind: FaultKind, place: string): Site {
    const { probability = 0, sites } = this.#kinds.get(kind) ?? {};
    const known = sites?.get(place);
    if (known !== undefined) return known;
    const site = { seed: seedOf(this.#seed, `${kind} @ ${place}`), probability, met: 0 };
    sites?.set(place, site);
    return site;
  }
}
