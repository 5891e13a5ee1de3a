import { availableParallelism, cpus } from 'node:os';
import type { Figure } from '../goals/goal.ts';
import type { Sizes } from '../goals/stage.ts';
import type { Mode } from '../systems/system.ts';

/** What a run of the bench has measured; a file of it is in `bench/results`. */
export interface Results {
  readonly at: string;
  /** The commit that was measured. */
  readonly commit: string;
  readonly machine: { readonly processors: number; readonly model: string };
  readonly isQuick: boolean;
  readonly sizes: Sizes;
  readonly tookSeconds: number;
  readonly measured: readonly MeasuredGoal[];
}

export interface MeasuredGoal {
  /** Where it is another than that of the run: measured again by itself. */
  readonly commit?: string;
  readonly goal: string;
  readonly mode: Mode;
  readonly says: string;
  readonly figures: readonly SummedFigure[];
  /** Why there are none: it counts as 0. */
  readonly failed?: string;
  readonly tookSeconds: number;
}

export interface SummedFigure extends Figure {
  /** `null` where nothing of the kind happened. */
  readonly median: number | null;
  readonly quartiles: readonly [number | null, number | null];
}

/** Significant digits of what is shown. */
const digits = 3;

/** Between the two values that a share of the others lies below; `null` where there are none. */
export function quantile(values: readonly number[], share: number): number | null {
  const sorted = values.filter((value) => Number.isFinite(value)).toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const low = sorted[Math.floor(at)];
  const high = sorted[Math.ceil(at)];
  return low === undefined || high === undefined ? null : low + (high - low) * (at - Math.floor(at));
}

export function summed(figures: readonly Figure[]): readonly SummedFigure[] {
  return figures.map((figure) => ({
    ...figure,
    median: quantile(figure.values, 0.5),
    quartiles: [quantile(figure.values, 0.25), quantile(figure.values, 0.75)],
  }));
}

/** Whether a figure is as it should be; `undefined` where nothing was said or nothing measured. */
export function holds({ median, wanted }: Pick<SummedFigure, 'median' | 'wanted'>): boolean | undefined {
  if (wanted === undefined || median === null) return undefined;
  return (
    median >= (wanted.atLeast ?? Number.NEGATIVE_INFINITY) && median <= (wanted.atMost ?? Number.POSITIVE_INFINITY)
  );
}

/** As people read it: three digits that count, thousands apart. */
export function shown(value: number | null): string {
  if (value === null) return '–';
  const rounded = Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(digits));
  return rounded.toLocaleString('en-US', { maximumFractionDigits: 6 });
}

export function shownWanted(wanted: Figure['wanted']): string {
  if (wanted === undefined) return '';
  return wanted.atLeast === undefined ? `≤ ${shown(wanted.atMost ?? null)}` : `≥ ${shown(wanted.atLeast)}`;
}

export function thisMachine(): Results['machine'] {
  return { processors: availableParallelism(), model: cpus()[0]?.model ?? '' };
}

/** The results with one goal measured again; another commit than that of the run is told with it. */
export function withAgain(results: Results, again: MeasuredGoal, commit: string): Results {
  const told = commit === results.commit ? again : { ...again, commit };
  const isSame = ({ goal, mode }: MeasuredGoal) => goal === again.goal && mode === again.mode;
  const measured = results.measured.some(isSame)
    ? results.measured.map((each) => (isSame(each) ? told : each))
    : [...results.measured, told];
  return { ...results, measured };
}
