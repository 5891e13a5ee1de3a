import { temporaryDirectory } from '../../tests/support/directory.ts';
import { administrator, runProcess } from '../../tests/support/servers.ts';
import type { System } from './system.ts';

/** `npm start` in a directory of its own. */
export async function runEmbedded(): Promise<System> {
  const directory = await temporaryDirectory();
  const { url, end } = await runProcess(directory.path);
  return {
    url,
    administrator,
    environment: { FULLHOUSE_DATA_DIR: directory.path },
    stop: async () => {
      await end('SIGTERM');
      await directory.remove();
    },
  };
}
