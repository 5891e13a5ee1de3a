import pg from 'pg';
import { type ProcessorTime, processorTime, spent } from './processor-time.ts';

/** What something running has used up so far. */
export interface Reading {
  readonly cpu: ProcessorTime;
  /** Transactions that PostgreSQL has committed in all databases (`pg_stat_database`), as far as backends have told. */
  readonly commits: number;
  /** Of the write-ahead log (`pg_current_wal_insert_lsn`). */
  readonly walBytes: number;
}

export type Spent = Reading;

export interface Probe {
  read(): Promise<Reading>;
  close(): Promise<void>;
}

/** Looks at the processes from one on, and at their PostgreSQL. */
export async function openProbe({
  below,
  databaseUrl,
}: {
  readonly below: number;
  readonly databaseUrl: string;
}): Promise<Probe> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'bench' });
  await client.connect();
  return {
    async read() {
      // First, so that the question itself is not in it.
      const cpu = processorTime(below);
      const { rows } = await client.query<{ commits: string; bytes: string }>(
        `select (select sum(xact_commit) from pg_stat_database) as commits,
           pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0') as bytes`,
      );
      return { cpu, commits: Number(rows[0]?.commits), walBytes: Number(rows[0]?.bytes) };
    },
    close: () => client.end(),
  };
}

export function spentBetween(before: Reading, after: Reading): Spent {
  return {
    cpu: spent(before.cpu, after.cpu),
    commits: after.commits - before.commits,
    walBytes: after.walBytes - before.walBytes,
  };
}
