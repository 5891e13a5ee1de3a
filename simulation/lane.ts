import { parentPort } from 'node:worker_threads';
import { run } from './world.ts';

/** What one worker thread does: runs the seeds it is given, one after the other, on clocks of its own. */
parentPort?.on('message', (seed: number) => {
  void run({ seed }).then((outcome) => parentPort?.postMessage(outcome));
});
