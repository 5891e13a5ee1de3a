import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TemporaryDirectory, temporaryDirectory } from '../../tests/support/directory.ts';
import { administrator, type RunningProcess, runProcess } from '../../tests/support/servers.ts';
import type { System, SystemOptions } from './system.ts';

/** `npm start`, in a directory of its own or in one that has a history; the directory is removed at the end. */
export async function runEmbedded({
  environment = {},
  directory: given,
}: SystemOptions & { readonly directory?: TemporaryDirectory } = {}): Promise<System> {
  const directory = given ?? (await temporaryDirectory());
  let running: RunningProcess = await runProcess(directory.path, environment);
  return {
    get url() {
      return running.url;
    },
    get pid() {
      return running.child.pid ?? 0;
    },
    administrator,
    environment: { FULLHOUSE_DATA_DIR: directory.path },
    databaseUrl: await superuserUrl(join(directory.path, 'postgres')),
    async restart() {
      await running.end('SIGKILL');
      const began = performance.now();
      running = await runProcess(directory.path, environment);
      return performance.now() - began;
    },
    stop: async () => {
      await running.end('SIGTERM');
      await directory.remove();
    },
  };
}

/** Where a running server keeps the directory of its socket (PostgreSQL, `miscadmin.h`, LOCK_FILE_LINE_SOCKET_DIR). */
const socketLine = 4;

async function superuserUrl(directory: string): Promise<string> {
  const lines = (await readFile(join(directory, 'data', 'postmaster.pid'), 'utf8')).split('\n');
  const password = (await readFile(join(directory, 'superuser-password'), 'utf8')).trim();
  return `postgres://fullhouse:${password}@/postgres?host=${encodeURIComponent(lines[socketLine]?.trim() ?? '')}`;
}
