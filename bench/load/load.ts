import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Probe, type Reading, type Spent, spentBetween } from '../measure/probe.ts';
import type { FromGenerator, LoadPlan, LoadResult } from './plan.ts';

export interface Measured extends LoadResult {
  /** Within the measured part of the run. */
  readonly spent: Spent;
}

const generator = fileURLToPath(new URL('generator.ts', import.meta.url));

/** Runs a plan from a process of its own; `environment` tells it where the log can be followed. */
export function runLoad(
  plan: LoadPlan,
  { environment, probe }: { readonly environment: Readonly<Record<string, string>>; readonly probe: Probe },
): Promise<Measured> {
  const child = fork(generator, { env: { ...process.env, ...environment } });
  const { promise, resolve, reject } = Promise.withResolvers<Measured>();
  let before: Promise<Reading> | undefined;
  let after: Promise<Reading> | undefined;
  child.on('message', async (message: FromGenerator) => {
    try {
      if (message.kind === 'measuring') before = probe.read();
      if (message.kind === 'measured') after = probe.read();
      if (message.kind === 'failed') reject(new Error(message.message));
      if (message.kind !== 'result' || before === undefined || after === undefined) return;
      resolve({ ...message.result, spent: spentBetween(await before, await after) });
    } catch (error) {
      reject(error as Error);
    }
  });
  child.once('exit', (code) => reject(new Error(`the generator ended with ${code}`)));
  child.send(plan);
  return promise;
}
