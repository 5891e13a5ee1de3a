import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { databaseOf, definitions, migrateService } from '../../src/composition/services.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/runtime/embedded/postgres.ts';
import type { ServiceDefinition } from '../../src/runtime/service.ts';
import { partitions } from '../cluster.ts';
import { RealWork } from './real-work.ts';
import { SqlDatabase } from './sql-database.ts';

/** A PostgreSQL with a database for each simulated service. */
export interface SqlDatabases {
  readonly work: RealWork;
  readonly of: (definition: ServiceDefinition) => SqlDatabase;
  /** Forgets everything, for the next run. */
  empty(): Promise<void>;
  close(): Promise<void>;
}

/** Starts it. Nothing has to outlive the machine, so nothing waits for its disk. */
export async function openSqlDatabases(): Promise<SqlDatabases> {
  const directory = await mkdtemp(join(tmpdir(), 'fullhouse-simulation-'));
  const server = await startEmbeddedPostgres(join(directory, 'postgres'));
  const work = new RealWork();
  const databases = new Map<string, SqlDatabase>();
  const close = async () => {
    for (const database of databases.values()) await database.close();
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  };
  await setUp(server, { databases, work }).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  return {
    work,
    of: ({ name }) => {
      const database = databases.get(name);
      if (database === undefined) throw new Error(`there is no database of ${name}`);
      return database;
    },
    async empty() {
      await Promise.all([...databases.values()].map((database) => database.empty()));
    },
    close,
  };
}

async function setUp(
  server: EmbeddedPostgres,
  { databases, work }: { readonly databases: Map<string, SqlDatabase>; readonly work: RealWork },
): Promise<void> {
  const setup = new pg.Client({ connectionString: server.url('postgres') });
  await setup.connect();
  try {
    for (const setting of ['fsync', 'synchronous_commit', 'full_page_writes'])
      await setup.query(`alter system set ${setting} = off`);
    await setup.query('select pg_reload_conf()');
    for (const definition of definitions) {
      const { name } = definition;
      await setup.query(`create database "${databaseOf(name)}"`);
      const url = server.url(databaseOf(name));
      await migrateService(name, url);
      databases.set(name, await SqlDatabase.open({ definition, url, work, partitions }));
    }
  } finally {
    await setup.end();
  }
}
