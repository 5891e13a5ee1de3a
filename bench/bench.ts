import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { Goal } from './goals/goal.ts';
import { goals } from './goals/goals.ts';
import { openStage, type Sizes } from './goals/stage.ts';
import {
  type MeasuredGoal,
  type Results,
  shown,
  shownWanted,
  summed,
  thisMachine,
  withAgain,
} from './report/results.ts';
import type { Mode } from './systems/system.ts';

/** What is measured, on running systems of its own, with the auditor after every run. */
export { goals };

const full: Sizes = { shows: 200, pairs: 5, warmUpMs: 5_000, measuredMs: 10_000, history: 1_000_000 };
const quick: Sizes = { shows: 60, pairs: 1, warmUpMs: 3_000, measuredMs: 8_000, history: 100_000 };

export interface BenchOptions {
  readonly wanted: readonly Goal[];
  /** Each of those that a goal can be measured in. */
  readonly modes: readonly Mode[];
  /** One pair of runs of each goal, and shorter ones. */
  readonly quick: boolean;
  readonly pairs?: number | undefined;
  /** Keeps the figures in a file of `bench/results`. */
  readonly write: boolean;
}

function print({ goal, mode, figures, failed }: MeasuredGoal): void {
  if (failed !== undefined) console.log(`${goal.padEnd(12)} failed, which counts as 0: ${failed}`);
  for (const { what, unit, median, quartiles, wanted } of figures) {
    const range = `(${quartiles.map(shown).join(' to ')})`;
    const asked = wanted === undefined ? '' : `  wanted ${shownWanted(wanted)}`;
    console.log(`${goal.padEnd(12)} ${mode.padEnd(8)} ${what.padEnd(46)} ${shown(median)} ${unit} ${range}${asked}`);
  }
}

/** On a system of its own, so that no goal has the bookings of another one behind it. */
async function measure(goal: Goal, mode: Mode, sizes: Sizes): Promise<MeasuredGoal> {
  const began = performance.now();
  const about = { goal: goal.name, mode, says: goal.says };
  const tookSeconds = () => Math.round((performance.now() - began) / 1_000);
  try {
    const stage = await openStage(mode, sizes);
    const figures = await goal.measure(stage).finally(() => stage.stop());
    return { ...about, figures: summed(figures), tookSeconds: tookSeconds() };
  } catch (error) {
    return { ...about, figures: [], failed: (error as Error).message, tookSeconds: tookSeconds() };
  }
}

/**
 * Measures goal by goal and prints what came out: a table for people and a line of JSON for each. Resolves with whether all
 * of them could be measured.
 */
export async function bench({ wanted, modes, quick: isQuick, pairs, write }: BenchOptions): Promise<boolean> {
  const base = isQuick ? quick : full;
  const sizes = { ...base, pairs: pairs ?? base.pairs };
  const began = performance.now();
  const at = new Date().toISOString();
  const measured: MeasuredGoal[] = [];
  const isAll = wanted.length === goals.length;
  const keep = (latest: MeasuredGoal) => {
    if (!write) return;
    const tookSeconds = Math.round((performance.now() - began) / 1_000);
    const file = `bench/results/${at.slice(0, 10)}.json`;
    const earlier = isAll ? undefined : resultsIn(file);
    if (earlier !== undefined) return keepResults(file, withAgain(earlier, latest, commit()));
    keepResults(file, { at, commit: commit(), machine: thisMachine(), isQuick, sizes, tookSeconds, measured });
  };
  for (const mode of modes)
    for (const goal of wanted.filter((each) => each.modes.includes(mode))) {
      const each = await measure(goal, mode, sizes);
      measured.push(each);
      print(each);
      console.log(JSON.stringify(each));
      // After each, so that what was measured outlives a run that is broken off.
      keep(each);
    }
  return measured.every(({ failed }) => failed === undefined);
}

/** Of the same day, where there are any. */
function resultsIn(file: string): Results | undefined {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Results) : undefined;
}

function keepResults(file: string, results: Results): void {
  mkdirSync('bench/results', { recursive: true });
  writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
}

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}
