import pg from 'pg';
import { copyColumns, type Original, textOfCopy } from './copied-rows.ts';
import type { PastScene } from './past-bookings.ts';

/** What the past bookings have left in one database, and the statements that make the same of their copies. */
export interface CopiedDatabase {
  readonly name: string;
  readonly client: pg.Client;
  readonly tables: readonly CopiedTable[];
  /** By kind: by channel its events, and how many events of the show's stream. */
  readonly events: readonly { readonly channels: ReadonlyMap<string, number>; readonly ofShow: number }[];
  /** By kind: when its original was made. */
  readonly madeAt: readonly number[];
  /** Last sequences by partition and channel, and last versions of the streams of shows. */
  readonly sequences: Map<string, number>;
  readonly versions: Map<string, number>;
}

export interface CopiedTable {
  readonly table: string;
  /** By kind: the statement that copies its rows. */
  readonly statements: readonly (string | undefined)[];
}

/** Tables that hold nothing of a single booking. */
const notCopied: ReadonlySet<string> = new Set(['migrations', 'tasks', 'snapshots', 'reference_records', 'show_sales']);
const statementMs = 600_000;

export async function openCopied(name: string, url: string, scene: PastScene): Promise<CopiedDatabase> {
  const options = `-c statement_timeout=${statementMs} -c timezone=UTC -c jit=off`;
  const client = new pg.Client({ connectionString: url, options });
  await client.connect();
  const { rows } = await client.query<{ table: string }>(
    `select tablename as table from pg_tables where schemaname = 'public' order by 1`,
  );
  const originals = originalsOf(scene);
  const tables: CopiedTable[] = [];
  let events: CopiedDatabase['events'] = originals.map(() => ({ channels: new Map(), ofShow: 0 }));
  for (const { table } of rows) {
    if (notCopied.has(table)) continue;
    const columns = await columnsOf(client, table);
    const found: (readonly Row[])[] = [];
    for (const original of originals) found.push(await rowsOf(client, { table, columns }, original));
    if (found.every((some) => some.length === 0)) continue;
    if (table === 'events') events = found.map(countsOf);
    const statements = originals.map((original, kind) => statementOf({ table, columns }, found[kind] ?? [], original));
    tables.push({ table, statements });
  }
  const madeAt = originals.map(({ bookingId }) => Number.parseInt(bookingId.slice(4, 17).replace('-', ''), 16));
  return { name, client, tables, events, madeAt, ...(await lastOf(client)) };
}

function originalsOf({ bookings, customers, ...scene }: PastScene): readonly Original[] {
  const [[userId, email] = ['', '']] = customers;
  let firstSeat = 1;
  return bookings.map(({ bookingId, seats }) => {
    const original = { ...scene, bookingId, showId: scene.shows[0] ?? '', firstSeat, userId, email };
    firstSeat += seats;
    return original;
  });
}

interface Table {
  readonly table: string;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
}
type Row = Readonly<Record<string, string | null>>;

async function columnsOf(client: pg.Client, table: string): Promise<Table['columns']> {
  const { rows } = await client.query<Table['columns'][number]>(
    `select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute
     where attrelid = $1::regclass and attnum > 0 and not attisdropped and attidentity = '' order by attnum`,
    [table],
  );
  return rows;
}

/** The rows that name a booking, as texts. */
async function rowsOf(client: pg.Client, { table, columns }: Table, { bookingId }: Original): Promise<readonly Row[]> {
  const texts = columns.map(({ name }) => `${name}::text as ${name}`).join(', ');
  const order = table === 'events' ? 'order by channel, sequence' : '';
  const { rows } = await client.query<Row>(`select ${texts} from ${table} as t where t::text like $1 ${order}`, [
    `%${bookingId}%`,
  ]);
  return rows;
}

function countsOf(rows: readonly Row[]): CopiedDatabase['events'][number] {
  const channels = new Map<string, number>();
  for (const { channel } of rows) channels.set(channel ?? '', (channels.get(channel ?? '') ?? 0) + 1);
  return { channels, ofShow: rows.filter(isOfShow).length };
}

function isOfShow({ stream }: Row): boolean {
  return stream?.startsWith('shw_') === true;
}

/** All rows of a kind in one statement, in the order of the copies. */
function statementOf({ table, columns }: Table, rows: readonly Row[], original: Original): string | undefined {
  if (rows.length === 0) return undefined;
  const ofShow = rows.filter(isOfShow).map(({ stream_version: version }) => Number(version));
  const before = ofShow.length === 0 ? 0 : Math.min(...ofShow) - 1;
  const counts = new Map<string, number>();
  const selects = rows.map((row, place) => {
    const channel = row['channel'] ?? '';
    const count = (counts.get(channel) ?? 0) + 1;
    counts.set(channel, count);
    const expressions = columns.map(({ name, type }) => {
      const text = row[name];
      if (text === null || text === undefined) return `null::${type}`;
      if (name === 'partition') return 'c.partition';
      if (name === 'seat_index') return `c.first_seat + ${Number(text) - original.firstSeat}`;
      if (table === 'events' && name === 'sequence') return `c.${sequenceColumn(channel)} + ${count}`;
      if (table === 'events' && name === 'stream_version' && isOfShow(row))
        return `c.show_version + ${Number(text) - before}`;
      return `(${textOfCopy(text, original, before)})::${type}`;
    });
    const named = expressions.map((each, at) => `${each} as c${at}`);
    return `select c.number as copy, ${place} as place, ${named.join(', ')} from c`;
  });
  return `insert into ${table} (${columns.map(({ name }) => name).join(', ')})
    select ${columns.map((_, at) => `c${at}`).join(', ')} from (${selects.join('\nunion all ')}) as copied order by copy, place`;
}

/** The column of a copy that says how many events of a channel come before it. */
export function sequenceColumn(channel: string): string {
  return channel === '' ? 'before_none' : `before_${channel.replaceAll('-', '_')}`;
}

/** The relation `c` that the statements of a kind copy from, its columns as parameters. */
export function relationOf(channels: readonly string[]): string {
  const columns = [
    ...Object.entries(copyColumns),
    ...channels.map((each) => [sequenceColumn(each), 'bigint'] as const),
  ];
  const parameters = columns.map(([, type], at) => `$${at + 1}::${type}[]`).join(', ');
  return `with c as (select * from unnest(${parameters}) as c(${columns.map(([name]) => name).join(', ')}))`;
}

async function lastOf(client: pg.Client): Promise<Pick<CopiedDatabase, 'sequences' | 'versions'>> {
  const sequences = new Map<string, number>();
  const versions = new Map<string, number>();
  const { rows: has } = await client.query(`select from pg_tables where tablename = 'events'`);
  if (has.length === 0) return { sequences, versions };
  const channels = await client.query<{ partition: number; channel: string; last: string }>(
    `select partition, key as channel, value as last from tasks, json_each_text(sequences)`,
  );
  for (const { partition, channel, last } of channels.rows) sequences.set(`${partition} ${channel}`, Number(last));
  const streams = await client.query<{ stream: string; last: number }>(
    `select stream, max(stream_version) as last from events where stream like 'shw\\_%' group by stream`,
  );
  for (const { stream, last } of streams.rows) versions.set(stream, last);
  return { sequences, versions };
}
