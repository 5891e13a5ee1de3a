import type { Measured } from '../load/load.ts';
import { cpuOf } from '../measure/processor-time.ts';
import type { Mode } from '../systems/system.ts';
import type { Stage } from './stage.ts';

/** One figure: of each run, or of each pair of runs. */
export interface Figure {
  readonly what: string;
  readonly unit: string;
  readonly values: readonly number[];
  /** What the figure should be, where that was said. */
  readonly wanted?: { readonly atLeast?: number; readonly atMost?: number };
}

export interface Goal {
  readonly name: string;
  readonly says: string;
  /** In which it can be measured. */
  readonly modes: readonly Mode[];
  /** Measures on a running system; what else it needs it starts, and stops again. */
  measure(stage: Stage): Promise<readonly Figure[]>;
}

export const bothModes: readonly Mode[] = ['embedded', 'cluster'];

/** Bookings that are asked for and have no ticket yet, when as many as can be handled are wanted. */
export const saturated = { inFlightMax: 1_500 } as const;

/** Arms in the order A B B A, so that what changes with time falls on both alike. */
export async function pairsOf<A, B>(
  stage: Stage,
  a: () => Promise<A>,
  b: () => Promise<B>,
): Promise<readonly (readonly [A, B])[]> {
  const pairs: (readonly [A, B])[] = [];
  for (let pair = 0; pair < stage.sizes.pairs; pair += 1) {
    if (pair % 2 === 0) {
      const first = await a();
      pairs.push([first, await b()]);
    } else {
      const second = await b();
      pairs.push([await a(), second]);
    }
  }
  return pairs;
}

export const microseconds = (seconds: number, { ticketed }: Measured) => Math.round((seconds * 1_000_000) / ticketed);
export const costOf = (measured: Measured) => microseconds(cpuOf(measured.spent.cpu), measured);

export async function peakOf(stage: Stage): Promise<number> {
  return (await stage.book({ pace: saturated })).ticketedPerSecond;
}
