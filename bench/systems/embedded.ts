import { type TemporaryDirectory, temporaryDirectory } from '../../tests/support/directory.ts';
import { administrator, type RunningProcess, runProcess } from '../../tests/support/servers.ts';
import type { System } from './system.ts';

/** `npm start`, in a directory of its own or in one that has a history; the directory is removed at the end. */
export async function runEmbedded(given?: TemporaryDirectory): Promise<System> {
  const directory = given ?? (await temporaryDirectory());
  let running: RunningProcess = await runProcess(directory.path);
  return {
    get url() {
      return running.url;
    },
    administrator,
    environment: { FULLHOUSE_DATA_DIR: directory.path },
    async restart() {
      await running.end('SIGKILL');
      const began = performance.now();
      running = await runProcess(directory.path);
      return performance.now() - began;
    },
    stop: async () => {
      await running.end('SIGTERM');
      await directory.remove();
    },
  };
}
