import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { postgresProcesses } from './operating-system.ts';

/** The PostgreSQL of another process's data directory, as whoever runs the machine may treat it. */

/** Runs SQL as its administrator. */
export async function administer<Row = Record<string, unknown>>(
  directory: string,
  database: string,
  text: string,
): Promise<readonly Row[]> {
  const postgres = join(directory, 'postgres');
  // The file tells the process id, the directory, the start, the port and where its socket is.
  const [, , , port, sockets] = (await readFile(join(postgres, 'data', 'postmaster.pid'), 'utf8')).split('\n');
  const client = new pg.Client({
    host: sockets ?? '',
    port: Number(port),
    user: 'fullhouse',
    password: (await readFile(join(postgres, 'superuser-password'), 'utf8')).trim(),
    database,
  });
  // Whoever cuts all connections may cut this one.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(text)).rows as Row[];
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Ends every connection, whatever is under way on it. */
export async function cutConnections(directory: string): Promise<void> {
  await administer(
    directory,
    'postgres',
    `select pg_terminate_backend(pid) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()`,
  );
}

/** Stops all its processes, and has them go on when the returned function is called. */
export async function freeze(directory: string): Promise<() => void> {
  const processes = await postgresProcesses(directory);
  const all = (signal: NodeJS.Signals) => {
    for (const id of processes) {
      try {
        process.kill(id, signal);
      } catch {
        // One of them has ended since.
      }
    }
  };
  all('SIGSTOP');
  return () => all('SIGCONT');
}
