import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { temporaryDirectory } from '../../tests/support/directory.ts';
import type { ClusterPlan, FromCluster } from './cluster-process.ts';
import type { System, SystemOptions } from './system.ts';

const program = fileURLToPath(new URL('cluster-process.ts', import.meta.url));

/** `npm run cluster` in a directory of its own: Kafka, PostgreSQL, and every service as a process. */
export async function runCluster({ environment = {} }: SystemOptions): Promise<System> {
  const directory = await temporaryDirectory();
  // The services inherit the options of Node.js, so the parent has them as they would be given by the command line.
  const child = fork(program);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async () => {
    if (child.connected) child.send('stop');
    await ended;
    await directory.remove();
  };
  const ready = new Promise<Extract<FromCluster, { readonly kind: 'ready' }>>((resolve, reject) => {
    child.on('message', (message: FromCluster) => {
      if (message.kind === 'ready') resolve(message);
      else reject(new Error(message.message));
    });
    child.once('exit', (code) => reject(new Error(`the cluster ended with ${code}`)));
  });
  child.send({ directory: directory.path, environment } satisfies ClusterPlan);
  try {
    const { url, administrator, environment: told } = await ready;
    return {
      url,
      administrator,
      environment: told,
      pid: child.pid ?? 0,
      databaseUrl: told['DATABASE_URL'] ?? '',
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
