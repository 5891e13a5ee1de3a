import pg from 'pg';
import { settingsOf, type Ways } from '../../src/runtime/store/postgres/connection.ts';

/** PostgreSQL's plan of a prepared statement for parameters given as SQL. */
export async function planOf(
  url: string,
  { text, parameters, finds }: { readonly text: string; readonly parameters: readonly string[]; readonly finds: Ways },
): Promise<string> {
  const client = new pg.Client(settingsOf({ url, applicationName: 'plan' }, finds));
  await client.connect();
  try {
    await client.query(`prepare statement as ${text}`);
    const given = parameters.length === 0 ? '' : `(${parameters.join()})`;
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(`explain execute statement${given}`);
    return rows.map((row) => row['QUERY PLAN']).join('\n');
  } finally {
    await client.end();
  }
}
