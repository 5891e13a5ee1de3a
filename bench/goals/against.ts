import type { Arm } from '../baselines/arm.ts';
import { type ArmMeasured, startBaseline } from '../baselines/baseline.ts';
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
