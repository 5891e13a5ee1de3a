import { temporaryDirectory } from '../../tests/support/directory.ts';
import { type Child, startChild } from '../load/child.ts';
import { openProbe, type Probe, type Spent, spentBetween } from '../measure/probe.ts';
import type { Mode } from '../systems/system.ts';
import type { Arm, ArmResult, HostPlan, ToldOfHost } from './arm.ts';

/** A running baseline, and what its arms use up. */
export interface Baseline {
  run(arm: Arm): Promise<ArmMeasured>;
  stop(): Promise<void>;
}

export interface ArmMeasured extends ArmResult {
  /** Within the measured time. */
  readonly spent: Spent;
}

const nothing: Spent = { cpu: { services: 0, postgres: 0, broker: 0, generator: 0 }, commits: 0, walBytes: 0 };

/** Starts a PostgreSQL and a log in a directory of their own, below a process of their own. */
export async function startBaseline(mode: Mode): Promise<Baseline> {
  const directory = await temporaryDirectory();
  const plan: HostPlan = { mode, directory: directory.path };
  const child = startChild<ToldOfHost>('host.ts', { from: import.meta.url, plan });
  const stop = async () => {
    await child.end();
    await directory.remove();
  };
  try {
    const { databaseUrl } = await child.told('ready');
    const probe = await openProbe({ below: child.pid, databaseUrl });
    return {
      run: (arm) => run(child, probe, arm),
      stop: async () => {
        await probe.close();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function run(child: Child<ToldOfHost>, probe: Probe, arm: Arm): Promise<ArmMeasured> {
  child.send(arm);
  if (arm.kind === 'producer-performance') return { ...(await child.told('result')).result, spent: nothing };
  await child.told('measuring');
  const before = await probe.read();
  await child.told('measured');
  // Asked for before the reading is done: where nothing is under way the result comes at once.
  const done = child.told('result');
  const [after, { result }] = await Promise.all([probe.read(), done]);
  return { ...result, spent: spentBetween(before, after) };
}
