import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { startEmbeddedPostgres } from '../../src/runtime/embedded/postgres.ts';
import { migrate } from '../../src/runtime/store/postgres/migrate.ts';
import { temporaryDirectory } from './directory.ts';

const runtimeMigrations = fileURLToPath(new URL('../../src/runtime/store/postgres/migrations', import.meta.url));

/** A PostgreSQL server of a test file's own: one start, a new database for whoever asks. */
export interface TestPostgres {
  /** An empty database. */
  emptyDatabase(): Promise<string>;
  /** A database with the task loop's tables and the given statements on top. */
  database(more?: string): Promise<string>;
  /** Runs SQL as the administrator of a database. */
  sql<Row = Record<string, unknown>>(url: string, text: string, values?: readonly unknown[]): Promise<readonly Row[]>;
  stop(): Promise<void>;
}

const serverIn = (directory: string) => startEmbeddedPostgres(join(directory, 'postgres'));

/** Makes in a directory a server without databases. */
export async function preparePostgres(directory: string): Promise<void> {
  const server = await serverIn(directory);
  await server.stop();
}

export async function startTestPostgres(): Promise<TestPostgres> {
  const directory = await temporaryDirectory('postgres');
  const server = await serverIn(directory.path);
  const sql = async <Row>(url: string, text: string, values: readonly unknown[] = []) => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      return (await client.query(text, values.length === 0 ? undefined : [...values])).rows as Row[];
    } finally {
      await client.end();
    }
  };
  const emptyDatabase = async () => {
    const name = `t_${randomUUID().replaceAll('-', '')}`;
    await sql(server.url('postgres'), `create database ${name} strategy file_copy`);
    return server.url(name);
  };
  return {
    emptyDatabase,
    sql,
    async database(more = '') {
      const url = await emptyDatabase();
      await migrate(url, [{ name: 'runtime', path: runtimeMigrations }]);
      if (more !== '') await sql(url, more);
      return url;
    },
    async stop() {
      await server.stop();
      await directory.remove();
    },
  };
}
