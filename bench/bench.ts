import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import type { Figure, Goal } from './goals/goal.ts';
import { goals } from './goals/goals.ts';
import { openStage, type Sizes } from './goals/stage.ts';
import type { Mode } from './systems/system.ts';

/** What is measured, on a running system of its own, with the auditor after every run. */
export { goals };

const full: Sizes = { shows: 200, pairs: 5, warmUpMs: 5_000, measuredMs: 15_000, history: 1_000_000 };
const quick: Sizes = { shows: 60, pairs: 1, warmUpMs: 5_000, measuredMs: 10_000, history: 100_000 };

export interface BenchOptions {
  readonly wanted: readonly Goal[];
  readonly mode: Mode;
  /** One pair of runs of each goal, and shorter ones. */
  readonly quick: boolean;
  readonly pairs?: number | undefined;
  /** Keeps the figures in a file of `bench/results`. */
  readonly write: boolean;
}

interface Measured {
  readonly goal: string;
  readonly figures: readonly (Figure & { readonly median: number; readonly quartiles: readonly [number, number] })[];
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  const high = sorted[Math.ceil(at)] ?? Number.NaN;
  return Number((low + (high - low) * (at - Math.floor(at))).toFixed(3));
}

function summed(goal: string, figures: readonly Figure[]): Measured {
  return {
    goal,
    figures: figures.map((figure) => ({
      ...figure,
      median: quantile(figure.values, 0.5),
      quartiles: [quantile(figure.values, 0.25), quantile(figure.values, 0.75)],
    })),
  };
}

function print({ goal, figures }: Measured): void {
  for (const { what, unit, median, quartiles, wanted } of figures) {
    const asked =
      wanted === undefined
        ? ''
        : `  wanted ${wanted.atLeast === undefined ? `≤ ${wanted.atMost}` : `≥ ${wanted.atLeast}`}`;
    console.log(`${goal.padEnd(12)} ${what.padEnd(46)} ${median} ${unit} (${quartiles.join(' to ')})${asked}`);
  }
}

/** Measures goal by goal and prints what came out: a table for people and a line of JSON for each. */
export async function bench({ wanted, mode, quick: isQuick, pairs, write }: BenchOptions): Promise<void> {
  const base = isQuick ? quick : full;
  const sizes = { ...base, pairs: pairs ?? base.pairs };
  const stage = await openStage(mode, sizes);
  const measured: Measured[] = [];
  try {
    for (const goal of wanted.filter(({ modes }) => modes.includes(mode))) {
      const each = summed(goal.name, await goal.measure(stage));
      measured.push(each);
      print(each);
      console.log(JSON.stringify({ mode, ...each }));
    }
  } finally {
    await stage.stop();
  }
  if (!write) return;
  const machine = { processors: availableParallelism(), model: cpus()[0]?.model ?? '' };
  const at = new Date().toISOString();
  mkdirSync('bench/results', { recursive: true });
  const file = `bench/results/${at.slice(0, 10)}-${mode}.json`;
  writeFileSync(file, `${JSON.stringify({ at, mode, machine, sizes, measured }, null, 2)}\n`);
  console.log(`written to ${file}`);
}
