import { statSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { logFile } from '../src/app.ts';
import { databaseOf, sandboxDatabase } from '../src/composition/services.ts';
import { serviceNames } from '../src/contracts/topics.ts';
import { outcomesOf, startLoad } from '../tests/support/load.ts';
import { runApp } from '../tests/support/servers.ts';
import { buildVenue, openShow } from '../tests/support/venue.ts';

/**
 * `npm run bench:growth [-- <bookings>]`: what a booking leaves behind for good, row by row and byte by byte, of every table
 * that grew (indexes included), embedded. A booking here is one seat, paid at once, confirmed, with its ticket and two
 * messages. Prints a table in Markdown.
 */
const bookings = Number(process.argv[2] ?? 2_000);
const customers = 8;
const rowsShownFrom = 0.01;

interface Size {
  readonly rows: number;
  readonly bytes: number;
}

const running = await runApp();
const showIds = await Promise.all(
  Array.from({ length: 4 }, async () =>
    openShow(running.admin, await buildVenue(running.admin, { rows: 26, seats: 100 })),
  ),
);
const clients = await Promise.all(Array.from({ length: customers }, () => running.anyone.register()));

/** Of every table its rows and bytes, without what only waits to be used again. */
async function sizes(): Promise<ReadonlyMap<string, Size>> {
  const found = new Map<string, Size>();
  for (const name of [...serviceNames.map(databaseOf), sandboxDatabase]) {
    const client = new pg.Client({ connectionString: running.app.postgres.url(name) });
    await client.connect();
    await client.query('vacuum analyze');
    const { rows } = await client.query<{ table: string }>(
      `select tablename as table from pg_tables where schemaname = 'public'`,
    );
    for (const { table } of rows) {
      const size = await client.query<Size>(
        `select count(*)::int as rows, pg_total_relation_size('${table}')::int as bytes from ${table}`,
      );
      found.set(`${name}.${table}`, size.rows[0] ?? { rows: 0, bytes: 0 });
    }
    await client.end();
  }
  return found;
}

/** The log's file and what it has not yet moved there. */
function logBytes(): number {
  const path = join(running.directory ?? '', logFile);
  return statSync(path).size + statSync(`${path}-wal`).size;
}

async function book(count: number): Promise<number> {
  const load = startLoad(clients, showIds);
  while (load.acknowledged.length < count) await new Promise((resolve) => setTimeout(resolve, 20));
  await load.end();
  const outcomes = await outcomesOf(running.admin, load);
  const strangers = outcomes.filter(({ status }) => status !== 'confirmed').length;
  if (strangers > 0) throw new Error(`${strangers} bookings of ${outcomes.length} were not confirmed`);
  return outcomes.length;
}

await running.admin.call('PUT', '/v1/settings/rateLimitPerUser', { body: { value: 1_000_000, why: 'a measurement' } });
await book(Math.ceil(bookings / 4));
const before = await sizes();
const logBytesBefore = logBytes();
const made = await book(bookings);
const after = await sizes();

const grown = [...after]
  .map(([table, { rows, bytes }]) => {
    const { rows: rowsBefore, bytes: bytesBefore } = before.get(table) ?? { rows: 0, bytes: 0 };
    return { table, rows: (rows - rowsBefore) / made, bytes: (bytes - bytesBefore) / made };
  })
  .filter(({ rows }) => rows >= rowsShownFrom)
  .sort((a, b) => b.bytes - a.bytes);
console.log('| table | rows a booking | bytes a booking |\n|---|---|---|');
for (const { table, rows, bytes } of grown) console.log(`| \`${table}\` | ${rows.toFixed(2)} | ${Math.round(bytes)} |`);
const total = (prefix: (table: string) => boolean) =>
  Math.round(grown.filter(({ table }) => prefix(table)).reduce((sum, { bytes }) => sum + bytes, 0));
console.log(`| services together | | ${total((table) => !table.startsWith(sandboxDatabase))} |`);
console.log(`| embedded log | | ${Math.round((logBytes() - logBytesBefore) / made)} |`);
console.log(JSON.stringify({ goal: 'growth', bookings: made }));
await running.stop();
