/** Asks a connection of PostgreSQL, always the same one. */
export type Ask = (text: string) => Promise<readonly unknown[]>;

/** PostgreSQL's plan of a prepared statement for parameters given as SQL, on whatever connection is asked. */
export async function planOf(ask: Ask, text: string, parameters: readonly string[] = []): Promise<string> {
  const given = parameters.length === 0 ? '' : `(${parameters.join()})`;
  await ask(`prepare planned as ${text}`);
  const rows = (await ask(`explain execute planned${given}`)) as readonly { readonly 'QUERY PLAN': string }[];
  await ask('deallocate planned');
  return rows.map((row) => row['QUERY PLAN']).join('\n');
}
