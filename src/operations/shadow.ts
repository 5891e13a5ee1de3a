import type pg from 'pg';

/** A table beside another one of the same shape: made, compared and put in its place. Names are those of our own views. */
export interface Comparison {
  readonly equal: boolean;
  readonly rows: number;
  readonly rebuiltRows: number;
  readonly hash: string;
  readonly rebuiltHash: string;
  /** Some of the documents that differ. */
  readonly differing: readonly string[];
}

/** The same of a table that may not be a view's. */
export interface ComparedTable extends Omit<Comparison, 'differing'> {
  readonly table: string;
}

const differingShown = 10;

export async function makeShadow(client: pg.Client, table: string, shadow: string): Promise<void> {
  await client.query(`drop table if exists ${shadow}`);
  await client.query(`create table ${shadow} (like ${table} including all)`);
}

/** Compares row by row; what a request has stored ahead of its task counts as it is. */
export async function compare(client: pg.Client, table: string, shadow: string): Promise<Comparison> {
  await client.query(
    `insert into ${shadow} select * from ${table} where id in (select subject from requests) on conflict do nothing`,
  );
  const [live, rebuilt] = [await hashOf(client, table), await hashOf(client, shadow)];
  const { rows } = await client.query<{ id: string }>(
    `select id from ${table} live full join ${shadow} rebuilt using (id)
     where to_jsonb(live) is distinct from to_jsonb(rebuilt) order by id limit ${differingShown}`,
  );
  return {
    equal: live.hash === rebuilt.hash && live.rows === rebuilt.rows,
    rows: live.rows,
    rebuiltRows: rebuilt.rows,
    hash: live.hash,
    rebuiltHash: rebuilt.hash,
    differing: rows.map(({ id }) => id),
  };
}

/** A hash of all rows that does not depend on their order, nor on the order of fields. */
export async function hashOf(
  client: pg.Client,
  table: string,
): Promise<{ readonly rows: number; readonly hash: string }> {
  const { rows } = await client.query<{ rows: number; hash: string }>(
    `select count(*)::int as rows, coalesce(sum(('x' || left(md5(to_jsonb(each)::text), 15))::bit(60)::bigint), 0)::text as hash
     from ${table} each`,
  );
  return rows[0] ?? { rows: 0, hash: '0' };
}

/** Puts the shadow in the table's place, indexes by their old names. */
export async function swap(client: pg.Client, table: string, shadow: string): Promise<void> {
  const old = await indexesOf(client, table);
  const made = await indexesOf(client, shadow);
  await client.query(`drop table ${table}`);
  await client.query(`alter table ${shadow} rename to ${table}`);
  for (const { name, shape } of made) {
    const before = old.find((each) => each.shape === shape);
    if (before === undefined) continue;
    old.splice(old.indexOf(before), 1);
    await client.query(`alter index ${name} rename to ${before.name}`);
  }
}

async function indexesOf(client: pg.Client, table: string) {
  const { rows } = await client.query<{ name: string; definition: string }>(
    'select indexname as name, indexdef as definition from pg_indexes where tablename = $1 order by indexname',
    [table],
  );
  // What an index is, without its name and its table's.
  return rows.map(({ name, definition }) => ({
    name,
    shape: definition.replace(name, '').replace(`.${table} `, '. '),
  }));
}
