import { readdir, readFile, readlink } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { eventually } from './client.ts';
import { type RunningProcess, runProcess } from './servers.ts';

/** What the operating system knows of our processes. */

/** Process id of the PostgreSQL that a data directory's file names. */
export async function postmasterOf(directory: string): Promise<number> {
  return Number((await readFile(join(directory, 'postgres', 'data', 'postmaster.pid'), 'utf8')).split('\n')[0]);
}

/** Waits until nothing of a PostgreSQL is left: neither the server nor any process that worked for it. */
export async function postgresGone(directory: string): Promise<void> {
  await eventually(
    () => postgresProcesses(directory),
    (processes) => processes.length === 0,
  );
}

/** Every process of a data directory's PostgreSQL works in its data directory. */
export async function postgresProcesses(directory: string): Promise<readonly number[]> {
  const data = join(directory, 'postgres', 'data');
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^[0-9]+$/.test(name)) continue;
    const works = await readlink(`/proc/${name}/cwd`).catch(() => '');
    if (works === data || works === `${data} (deleted)`) found.push(Number(name));
  }
  return found;
}

/** Somebody else's server on a free port. */
export async function occupiedPort(): Promise<{ readonly port: number; readonly server: Server }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return { port: typeof address === 'object' && address !== null ? address.port : 0, server };
}

/** Starts processes and, at the end, kills those that a failed test has left running. */
export function processes() {
  const started: RunningProcess[] = [];
  return {
    start: async (...given: Parameters<typeof runProcess>): Promise<RunningProcess> => {
      const server = await runProcess(...given);
      started.push(server);
      return server;
    },
    endAll: async (): Promise<void> => {
      const left = started.filter(({ child }) => child.exitCode === null && child.signalCode === null);
      await Promise.all(left.map((server) => server.end('SIGKILL')));
    },
  };
}
