import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { survive } from './connection.ts';

/** Any number; the same for everybody who migrates a database. */
const migrationLock = 7_318_349;

/**
 * Applies the SQL files of several folders, in the order of folders and names, each once and in a transaction of its own.
 * Safe to run twice and from several places: an advisory lock lets one through at a time. A file that was changed after
 * it had been applied is refused.
 */
export async function migrate(
  url: string,
  folders: readonly { readonly name: string; readonly path: string }[],
): Promise<string[]> {
  const client = new pg.Client({ connectionString: url, application_name: 'fullhouse-migrate' });
  survive(client);
  await client.connect();
  const applied: string[] = [];
  try {
    await client.query('select pg_advisory_lock($1)', [migrationLock]);
    await client.query(
      'create table if not exists migrations (name text primary key, hash text not null, applied_at timestamptz not null default now())',
    );
    const known = new Map<string, string>(
      (await client.query<{ name: string; hash: string }>('select name, hash from migrations')).rows.map((row) => [
        row.name,
        row.hash,
      ]),
    );
    for (const folder of folders) {
      const files = (await readdir(folder.path).catch(() => [])).filter((file) => file.endsWith('.sql')).sort();
      for (const file of files) {
        const name = `${folder.name}/${file}`;
        const sql = await readFile(join(folder.path, file), 'utf8');
        const hash = createHash('sha256').update(sql).digest('hex');
        if (known.get(name) === hash) continue;
        if (known.has(name))
          throw new Error(`migration ${name} was changed after it had been applied; add a new file instead`);
        await client.query(
          `begin;\n${sql}\n;insert into migrations (name, hash) values (${client.escapeLiteral(name)}, '${hash}');commit`,
        );
        applied.push(name);
      }
    }
    return applied;
  } finally {
    await client.end();
  }
}
