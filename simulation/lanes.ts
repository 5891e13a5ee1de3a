import { once } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { type Outcome, run } from './world.ts';

/** Something that runs one seed at a time. */
export interface Lane {
  run(seed: number): Promise<Outcome>;
  close(): Promise<unknown>;
}

/** One lane is this thread; more are worker threads, since clocks and timers of a thread are those of one run. */
export function openLanes(count: number): readonly Lane[] {
  if (count === 1) return [{ run: (seed) => run({ seed }), close: async () => undefined }];
  // Several threads that each collect their garbage on all processors are in each other's way.
  setFlagsFromString('--no-parallel-scavenge');
  return Array.from({ length: count }, () => {
    // A run makes much that is soon forgotten: with room for it, little is looked at twice.
    const limits = { maxYoungGenerationSizeMb: 64 };
    const worker = new Worker(new URL('./lane.ts', import.meta.url), { resourceLimits: limits });
    return {
      async run(seed) {
        worker.postMessage(seed);
        const [outcome] = (await once(worker, 'message')) as [Outcome];
        return outcome;
      },
      close: () => worker.terminate(),
    };
  });
}
