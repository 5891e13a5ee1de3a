import type pg from 'pg';
import { topics } from '../contracts/topics.ts';
import type { ServiceDefinition, View } from '../runtime/service.ts';
import { PostgresStore } from '../runtime/store/postgres/postgres-store.ts';
import { Folding, missingBeginnings } from './folding.ts';
import { definitionNamed, type Installation } from './installation.ts';
import { type ComparedTable, compare, hashOf } from './shadow.ts';
import { type Intended, intended, timersOf } from './shadow-streams.ts';

/**
 * Folds all that a service has stored into an empty store beside the one in use, and compares the two. Every effect that was
 * intended is written down instead of done, and has to have its answer in the store in use, or to be open there. Nothing is
 * sent, nothing is changed.
 */
export interface ShadowReplay {
  readonly service: string;
  readonly folded: number;
  readonly tables: readonly ComparedTable[];
  readonly intended: Intended;
  /** Inputs whose first records retention has removed: tables that are made from them too may differ for that. */
  readonly incomplete: readonly string[];
  readonly equal: boolean;
}

const schema = 'fullhouse_shadow';
const lockWait = '5s';

/** How far it has come, then one `ShadowReplay`. */
export async function* shadowReplay(
  installation: Installation,
  service: string,
): AsyncGenerator<{ readonly folded: number } | ShadowReplay> {
  const definition = definitionNamed(installation, service);
  const url = installation.urlOf(definition.name);
  const client = await installation.connect(definition.name, 'fullhouse-shadow');
  const store = new PostgresStore({
    url: inShadow(url),
    applicationName: 'fullhouse-shadow',
    views: definition.views ?? [],
  });
  try {
    await makeEmpty(client);
    const folding = new Folding({
      ...{ installation, definition, store },
      hears: () => everything(installation, definition),
      makes: definition.views ?? [],
      statements: (applied) => definition.statements?.({ applied }) ?? [],
    });
    for await (const folded of folding.round()) yield { folded };
    // What came meanwhile; then both hold still, as at one moment.
    yield await still(installation, definition, client, async () => {
      for await (const _ of folding.round()) {
        // Only what is left.
      }
      return result({ installation, definition, client, folding });
    });
  } finally {
    await store.close();
    await client.query('rollback').catch(() => undefined);
    await client.query(`drop schema if exists ${schema} cascade`).catch(() => undefined);
    await client.end();
  }
}

/** Everything is found in the shadow first; only functions are those of the store in use. */
function inShadow(url: string): string {
  // By hand: the URL of a socket has no host, which WHATWG's rules do not allow.
  const options = encodeURIComponent(`-c search_path=${schema},public`);
  return `${url}${url.includes('?') ? '&' : '?'}options=${options}`;
}

async function makeEmpty(client: pg.Client): Promise<void> {
  await client.query(`drop schema if exists ${schema} cascade`);
  await client.query(`create schema ${schema}`);
  for (const table of await tablesOf(client))
    await client.query(`create table ${schema}.${table} (like public.${table} including all)`);
}

async function tablesOf(client: pg.Client): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select tablename as name from pg_tables where schemaname = 'public' order by 1`,
  );
  return rows.map(({ name }) => name);
}

/** The service commits nothing while this goes on: its rows of tasks are locked, or, in this process, its loop waits. */
async function still<Result>(
  { hosts }: Installation,
  definition: ServiceDefinition,
  client: pg.Client,
  work: () => Promise<Result>,
): Promise<Result> {
  const host = hosts.find((each) => each.definition.name === definition.name);
  if (host !== undefined) return host.loop.betweenBatches(work);
  await client.query(
    `begin; set local lock_timeout = '${lockWait}'; lock table public.tasks in share row exclusive mode`,
  );
  const done = await work();
  await client.query('commit');
  return done;
}

const heard = Object.values(topics).flatMap(({ events }) => events.map(({ type }) => type));

/** A view of all that the service hears and says. */
async function everything({ query }: Installation, { name }: ServiceDefinition): Promise<View> {
  const own = await query<{ readonly type: string }>(name, 'select distinct type from events');
  const on = Object.fromEntries([...own.map(({ type }) => type), ...heard].map((type) => [type, () => undefined]));
  return { name: 'everything', on, fold: (document) => document, columns: {} };
}

async function result(options: {
  readonly installation: Installation;
  readonly definition: ServiceDefinition;
  readonly client: pg.Client;
  readonly folding: Folding;
}): Promise<ShadowReplay> {
  const { installation, definition, client, folding } = options;
  const tables: ComparedTable[] = [];
  for (const { name } of definition.views ?? []) {
    const compared = await compare(client, `public.${name}`, `${schema}.${name}`);
    tables.push({ table: name, ...compared });
  }
  const views = new Set(tables.map(({ table }) => table));
  for (const table of await tablesOf(client)) {
    if (views.has(table)) continue;
    const rebuilt = await hashOf(client, `${schema}.${table}`);
    // What the fold has not written is not made from facts: requests, keys, tasks themselves. What is parked may not even be hashed.
    if (rebuilt.rows === 0) continue;
    const live = await hashOf(client, `public.${table}`);
    const equal = live.hash === rebuilt.hash && live.rows === rebuilt.rows;
    tables.push({
      table,
      rows: live.rows,
      rebuiltRows: rebuilt.rows,
      hash: live.hash,
      rebuiltHash: rebuilt.hash,
      equal,
    });
  }
  tables.push(await timersOf(installation, definition));
  const effects = await intended(installation, definition);
  return {
    ...{ service: definition.name, folded: folding.folded, tables, intended: effects },
    incomplete: await missingBeginnings(installation, definition.inputs),
    equal: tables.every(({ equal }) => equal) && effects.missing.length === 0,
  };
}
