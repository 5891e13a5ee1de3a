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
  const rounds = await roundsOf<'a' | 'b', A | B>(stage, { a, b });
  return rounds.map((round) => [round.a as A, round.b as B]);
}

/** Any number of arms in turns, every second time in the reverse order. */
export async function roundsOf<Name extends string, Result>(
  stage: Stage,
  arms: Readonly<Record<Name, () => Promise<Result>>>,
): Promise<readonly Readonly<Record<Name, Result>>[]> {
  const names = Object.keys(arms) as Name[];
  const rounds: Record<Name, Result>[] = [];
  for (let round = 0; round < stage.sizes.pairs; round += 1) {
    const results = new Map<Name, Result>();
    for (const name of round % 2 === 0 ? names : names.toReversed()) results.set(name, await arms[name]());
    rounds.push(Object.fromEntries(results) as Record<Name, Result>);
  }
  return rounds;
}

export const microseconds = (seconds: number, { ticketed }: Measured) => Math.round((seconds * 1_000_000) / ticketed);
export const costOf = (measured: Measured) => microseconds(cpuOf(measured.spent.cpu), measured);

export async function peakOf(stage: Stage): Promise<number> {
  return (await stage.book({ pace: saturated })).ticketedPerSecond;
}
