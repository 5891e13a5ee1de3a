import pg from 'pg';
import { survive } from './connection.ts';

/** A database and the role that owns it: nobody else may enter. */
export interface WantedDatabase {
  readonly name: string;
  readonly role: { readonly name: string; readonly password: string | undefined };
}

/** Any number; the same for everybody who makes databases on a server. */
const creationLock = 7_318_350;
const connectMs = 5_000;

/**
 * Makes roles and databases where they are missing; safe from several places at once. `setPasswords` sets those of roles
 * that exist, too. Returns the names of the databases it made.
 */
export async function createDatabases(
  adminUrl: string,
  wanted: readonly WantedDatabase[],
  { setPasswords }: { readonly setPasswords: boolean },
): Promise<readonly string[]> {
  const client = await connected(adminUrl);
  try {
    await client.query('select pg_advisory_lock($1)', [creationLock]);
    const roles = await namesIn(client, 'select rolname as name from pg_roles');
    const existing = await namesIn(client, 'select datname as name from pg_database');
    for (const { role } of wanted) {
      if (!roles.has(role.name)) await createRole(client, role.name);
      if (role.password !== undefined && (setPasswords || !roles.has(role.name)))
        await client.query(
          `alter role ${client.escapeIdentifier(role.name)} password ${client.escapeLiteral(role.password)}`,
        );
      roles.add(role.name);
    }
    const missing = wanted.filter(({ name }) => !existing.has(name));
    for (const { name, role } of missing) {
      const database = client.escapeIdentifier(name);
      // Ids sort by their bytes, as they do everywhere else; only the untouched template takes another order than its own.
      await client.query(
        `create database ${database} owner ${client.escapeIdentifier(role.name)} template template0
         encoding 'UTF8' locale 'C' strategy file_copy`,
      );
      await client.query(`revoke connect on database ${database} from public`);
    }
    return missing.map(({ name }) => name);
  } finally {
    await client.end();
  }
}

async function createRole(client: pg.Client, name: string): Promise<void> {
  const role = client.escapeIdentifier(name);
  await client.query(`create role ${role} login`);
  // Who is no superuser has to belong to a role to make databases for it.
  await client.query(`grant ${role} to current_user`);
}

async function namesIn(client: pg.Client, text: string): Promise<Set<string>> {
  return new Set((await client.query<{ name: string }>(text)).rows.map((row) => row.name));
}

/** Whether the role of a URL may make these databases there, and those of their roles that are missing. */
export async function mayCreateDatabases(url: string, wanted: readonly WantedDatabase[]): Promise<boolean> {
  const client = await connected(url);
  try {
    const { rows } = await client.query<{ may: boolean }>(
      `select rolsuper or (rolcreatedb and (rolcreaterole or $1::text[] <@
         (select array_agg(own.rolname::text) from pg_roles as own where pg_has_role(own.oid, 'member')))) as may
       from pg_roles where rolname = current_user`,
      [wanted.map(({ role }) => role.name)],
    );
    return rows[0]?.may === true;
  } finally {
    await client.end();
  }
}

/** Enters a database and leaves it again. Throws what the driver says where it does not let anybody in. */
export async function enter(url: string): Promise<void> {
  await (await connected(url)).end();
}

async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'fullhouse-databases',
    connectionTimeoutMillis: connectMs,
  });
  survive(client);
  await client.connect();
  return client;
}

/** The database and the role that a connection URL names. */
export function databaseNamedBy(url: string): WantedDatabase {
  const { database = '', user = '', password } = new pg.Client({ connectionString: url });
  return { name: database, role: { name: user, password: password ?? undefined } };
}
