import { startLocalCluster } from '../../deploy/cluster/local-cluster.ts';
import { temporaryDirectory } from '../../tests/support/directory.ts';
import type { System } from './system.ts';

/** `npm run cluster` in a directory of its own: Kafka, PostgreSQL, and every service as a process. */
export async function runCluster(): Promise<System> {
  const directory = await temporaryDirectory();
  const cluster = await startLocalCluster({
    directory: directory.path,
    environment: { ...process.env, PORT: '0', LOG_LEVEL: 'error', FULLHOUSE_DEMO: 'false' },
  });
  return {
    ...cluster,
    stop: async () => {
      await cluster.stop();
      await directory.remove();
    },
  };
}
