import { readFile } from 'node:fs/promises';
import { Pool } from 'pg';
import { bigints, rowsOf, texts } from '../../../runtime/store/postgres/arrays.ts';
import { survive } from '../../../runtime/store/postgres/connection.ts';
import type { LedgerEntry, SandboxLedger } from './sandbox-ledger.ts';

/** The sandbox provider's books in PostgreSQL: what was acknowledged is there after a crash. */

interface Row {
  readonly entry_id: string;
  readonly key: string;
  readonly type: 'charge' | 'refund';
  readonly booking_id: string;
  readonly amount: string;
  readonly currency: string;
  readonly outcome: 'succeeded' | 'declined';
  readonly error_code: string | null;
  readonly charge_key: string | null;
  readonly created_at: string;
  readonly due_at: string;
  readonly webhook: 'none' | 'open';
}

const columns =
  'entry_id, key, type, booking_id, amount, currency, outcome, error_code, charge_key, created_at, due_at, webhook';
const migration = new URL('./migrations/001-ledger.sql', import.meta.url);
/** Any number, always the same: instances that start together make the table one after the other. */
const migrationLock = 7_140_021;
const connectionsMax = 4;
const statementTimeoutMs = 10_000;

/** Opens the books and makes their table where it is missing. */
export async function openPostgresLedger(connectionString: string): Promise<SandboxLedger> {
  const pool = new Pool({ connectionString, max: connectionsMax, statement_timeout: statementTimeoutMs });
  survive(pool);
  await migrate(pool, await readFile(migration, 'utf8'));
  return ledgerOn(pool);
}

async function migrate(pool: Pool, sql: string): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    await client.query('select pg_advisory_xact_lock($1)', [migrationLock]);
    await client.query(sql);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw error;
  } finally {
    client.release();
  }
}

function ledgerOn(pool: Pool): SandboxLedger {
  const select = async (where: string, values: readonly unknown[]): Promise<readonly LedgerEntry[]> => {
    const { rows } = await pool.query<Row>(`select ${columns} from ledger ${where}`, [...values]);
    return rows.map(entryOf);
  };
  return {
    enter: async (entries) => {
      const { rowCount } = await pool.query({ name: 'ledger-enter', text: insert, values: valuesOf(entries) });
      // All keys were new: the books say what was just written.
      if (rowCount === entries.length) return entries;
      const found = await select('where key = any($1)', [entries.map((entry) => entry.key)]);
      const byKey = new Map(found.map((entry) => [entry.key, entry]));
      return entries.map((entry) => byKey.get(entry.key) ?? entry);
    },
    find: async (key) => (await select('where key = $1', [key]))[0],
    refundedOf: async (chargeKey) => {
      const { rows } = await pool.query<{ readonly total: string }>(
        `select coalesce(sum(amount), 0) total from ledger where charge_key = $1 and outcome = 'succeeded'`,
        [chargeKey],
      );
      return Number(rows[0]?.total ?? 0);
    },
    openWebhooks: (limit) => select(`where webhook = 'open' order by due_at limit $1`, [limit]),
    closeWebhooks: async (keys) => {
      await pool.query(`update ledger set webhook = 'none' where key = any($1)`, [keys]);
    },
    moved: ({ now, limit, before, bookingId }) =>
      select(
        `where outcome = 'succeeded' and due_at <= $1 and ($2::text is null or entry_id < $2)
           and ($4::text is null or booking_id = $4)
         order by entry_id desc limit $3`,
        [now, before ?? null, limit, bookingId ?? null],
      ),
    close: () => pool.end(),
  };
}

const insert = `
  insert into ledger (${columns})
  ${rowsOf('text', 'text', 'text', 'text', 'bigint', 'text', 'text', 'text', 'text', 'bigint', 'bigint', 'text')}
  on conflict (key) do nothing`;

function valuesOf(entries: readonly LedgerEntry[]): unknown[] {
  return [
    texts(entries.map((entry) => entry.entryId)),
    texts(entries.map((entry) => entry.key)),
    texts(entries.map((entry) => entry.type)),
    texts(entries.map((entry) => entry.bookingId)),
    bigints(entries.map((entry) => entry.amount.amount)),
    texts(entries.map((entry) => entry.amount.currency)),
    texts(entries.map((entry) => entry.outcome)),
    texts(entries.map((entry) => entry.errorCode ?? null)),
    texts(entries.map((entry) => entry.chargeKey ?? null)),
    bigints(entries.map((entry) => entry.createdAt)),
    bigints(entries.map((entry) => entry.dueAt)),
    texts(entries.map((entry) => entry.webhook)),
  ];
}

function entryOf(row: Row): LedgerEntry {
  return {
    entryId: row.entry_id,
    key: row.key,
    type: row.type,
    bookingId: row.booking_id,
    amount: { amount: Number(row.amount), currency: row.currency },
    outcome: row.outcome,
    errorCode: row.error_code ?? undefined,
    chargeKey: row.charge_key ?? undefined,
    createdAt: Number(row.created_at),
    dueAt: Number(row.due_at),
    webhook: row.webhook,
  };
}
