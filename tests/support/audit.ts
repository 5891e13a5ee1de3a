import pg from 'pg';
import type { z } from 'zod';
import { databaseOf, definitions } from '../../src/composition/services.ts';
import { type CheckedInvariant, check, checkQuery } from '../../src/operations/check.ts';
import { type Installation, openInstallation } from '../../src/operations/installation.ts';
import { type GroupPosition, groupLag } from '../../src/operations/lag.ts';
import { listParked, type ParkedInput } from '../../src/operations/parked.ts';
import type { Log } from '../../src/runtime/log/log.ts';

/** What the databases of an installation say, whatever the services say. */
export interface Audited {
  readonly postgres: { url(database: string): string };
  readonly log: Log;
}

/** Tasks are in other processes, as in every cluster, and for this nothing is asked of them. */
const nobodyElse = {
  ask: () => Promise.reject(new Error('an audit asks no process')),
  close: async () => undefined,
};

async function examine<Found>(
  { postgres, log }: Audited,
  work: (installation: Installation) => Promise<Found>,
): Promise<Found> {
  const urlOf = (name: string) => postgres.url(databaseOf(name));
  const installation = openInstallation({ definitions, log, urlOf, elsewhere: nobodyElse });
  try {
    return await work(installation);
  } finally {
    await installation.close();
  }
}

/** The promises that do not hold now, with what breaks them. */
export async function brokenPromises(audited: Audited): Promise<readonly string[]> {
  return (await brokenInvariants(audited)).map((each) => JSON.stringify(each));
}

/** The same, looked at again as often and as late as is wanted. */
export function brokenInvariants(
  audited: Audited,
  query: Partial<z.infer<typeof checkQuery>> = {},
): Promise<readonly CheckedInvariant[]> {
  return examine(audited, async (installation) => {
    const broken: CheckedInvariant[] = [];
    for await (const line of check(installation, checkQuery.parse(query)))
      if ('checked' in line && !line.checked.holds) broken.push(line.checked);
    return broken;
  });
}

/** What `fullhouse lag` lists. */
export function lagIn(audited: Audited): Promise<readonly GroupPosition[]> {
  return examine(audited, (installation) => groupLag(installation));
}

/** What `fullhouse parked` lists. */
export function parkedIn(audited: Audited): Promise<readonly ParkedInput[]> {
  return examine(audited, (installation) => listParked(installation));
}

/** Of every view a hash of its documents, of every service the number of its events, and what the provider has moved. */
export async function contentsOf({ postgres }: Audited): Promise<Readonly<Record<string, string>>> {
  const contents: Record<string, string> = {};
  const ask = async (database: string, statements: Readonly<Record<string, string>>) => {
    const client = new pg.Client({ connectionString: postgres.url(databaseOf(database)) });
    await client.connect();
    for (const [name, text] of Object.entries(statements))
      contents[`${database} ${name}`] = (await client.query<{ found: string }>(text)).rows[0]?.found ?? '';
    await client.end();
  };
  for (const { name, views = [] } of definitions) {
    const hashed = views.map((view) => [
      view.name,
      `select md5(coalesce(string_agg(id || body::text, '' order by id), '')) as found from ${view.name}`,
    ]);
    await ask(name, { events: 'select count(*)::text as found from events', ...Object.fromEntries(hashed) });
  }
  await ask('notification', { messages: 'select count(*)::text as found from inbox_messages' });
  await ask('sandbox_provider', { ledger: 'select count(*)::text as found from ledger' });
  return contents;
}
