import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { temporaryDirectory } from '../../tests/support/directory.ts';
import { openProbe, type Probe, type Spent, spentBetween } from '../measure/probe.ts';
import type { Mode } from '../systems/system.ts';
import type { Arm, ArmResult, FromHost, ToHost } from './arm.ts';

/** A running baseline, and what its arms use up. */
export interface Baseline {
  run(arm: Arm): Promise<ArmMeasured>;
  stop(): Promise<void>;
}

export interface ArmMeasured extends ArmResult {
  /** Within the measured time. */
  readonly spent: Spent;
}

const host = fileURLToPath(new URL('host.ts', import.meta.url));
const nothing: Spent = { cpu: { services: 0, postgres: 0, broker: 0, generator: 0 }, commits: 0, walBytes: 0 };

/** Starts a PostgreSQL and a log in a directory of their own, below a process of their own. */
export async function startBaseline(mode: Mode): Promise<Baseline> {
  const directory = await temporaryDirectory();
  // It inherits the options of Node.js, so its heap is as ours are.
  const child = fork(host);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async () => {
    if (child.connected) child.send({ kind: 'stop' } satisfies ToHost);
    await ended;
    await directory.remove();
  };
  try {
    child.send({ mode, directory: directory.path });
    const { databaseUrl } = await answer(child, 'ready');
    const probe = await openProbe({ below: child.pid ?? 0, databaseUrl });
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

async function run(child: ChildProcess, probe: Probe, arm: Arm): Promise<ArmMeasured> {
  child.send({ kind: 'run', arm } satisfies ToHost);
  if (arm.kind === 'producer-performance') return { ...(await answer(child, 'result')).result, spent: nothing };
  await answer(child, 'measuring');
  const before = await probe.read();
  await answer(child, 'measured');
  const after = await probe.read();
  // Its end cannot be missed: what is under way is waited for first.
  const { result } = await answer(child, 'result');
  return { ...result, spent: spentBetween(before, after) };
}

/** The next message of a kind; rejects for a failure and for an end. */
function answer<Kind extends FromHost['kind']>(
  child: ChildProcess,
  kind: Kind,
): Promise<Extract<FromHost, { readonly kind: Kind }>> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      child.off('message', onMessage).off('exit', onExit);
      act();
    };
    const onMessage = (message: FromHost) => {
      if (message.kind === 'failed') settle(() => reject(new Error(message.message)));
      if (message.kind === kind) settle(() => resolve(message as Extract<FromHost, { readonly kind: Kind }>));
    };
    const onExit = (code: number | null) => settle(() => reject(new Error(`the baseline ended with ${code}`)));
    child.on('message', onMessage).once('exit', onExit);
  });
}
