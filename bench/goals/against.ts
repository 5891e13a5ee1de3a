import type { Arm } from '../baselines/arm.ts';
import { type ArmMeasured, startBaseline } from '../baselines/baseline.ts';
import type { Measured } from '../load/load.ts';
import { pairsOf, saturated } from './goal.ts';
import type { Stage } from './stage.ts';

type Untimed<Each> = Each extends unknown ? Omit<Each, 'warmUpMs' | 'measuredMs'> : never;

/** Runs an arm for as long as ours are run. */
export type RunBaseline = (arm: Untimed<Arm>) => Promise<ArmMeasured>;

/** Starts a baseline beside the stage for as long as something is compared with it. */
export async function withBaseline<Result>(
  { mode, sizes: { warmUpMs, measuredMs } }: Stage,
  measure: (baseline: RunBaseline) => Promise<Result>,
): Promise<Result> {
  const baseline = await startBaseline(mode);
  try {
    return await measure((arm) => baseline.run({ ...arm, warmUpMs, measuredMs } as Arm));
  } finally {
    await baseline.stop();
  }
}

/** Ours at saturation in turns with the pipeline that moves the same bytes and rows, without HTTP and without rules. */
export function besideNullPipeline(stage: Stage): Promise<readonly (readonly [Measured, ArmMeasured])[]> {
  return withBaseline(stage, (baseline) =>
    pairsOf(
      stage,
      () => stage.book({ pace: saturated }),
      () => baseline({ kind: 'pipeline', how: 'null', pace: saturated }),
    ),
  );
}
