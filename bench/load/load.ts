import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type ProcessorTime, processorTime, spent } from '../measure/processor-time.ts';
import type { FromGenerator, LoadPlan, LoadResult } from './plan.ts';

export interface Measured extends LoadResult {
  /** Processor time of the measured part of the run, in seconds. */
  readonly cpu: ProcessorTime;
}

const generator = fileURLToPath(new URL('generator.ts', import.meta.url));

/** Runs a plan from a process of its own; `environment` tells it where the log can be followed. */
export function runLoad(plan: LoadPlan, environment: Readonly<Record<string, string>>): Promise<Measured> {
  const child = fork(generator, { env: { ...process.env, ...environment } });
  const { promise, resolve, reject } = Promise.withResolvers<Measured>();
  let before: ProcessorTime | undefined;
  let cpu: ProcessorTime | undefined;
  child.on('message', (message: FromGenerator) => {
    if (message.kind === 'measuring') before = processorTime();
    if (message.kind === 'measured' && before !== undefined) cpu = spent(before, processorTime());
    if (message.kind === 'failed') reject(new Error(message.message));
    if (message.kind === 'result' && cpu !== undefined) resolve({ ...message.result, cpu });
  });
  child.once('exit', (code) => reject(new Error(`the generator ended with ${code}`)));
  child.send(plan);
  return promise;
}
