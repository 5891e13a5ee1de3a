import { type ServiceName, serviceNames } from '../contracts/topics.ts';
import { administrationUrlOf, type Configuration, databaseAsNamed, databaseUrlOf } from '../runtime/configuration.ts';
import { createDatabases, databaseNamedBy, enter, mayCreateDatabases } from '../runtime/store/postgres/databases.ts';
import { StoreUnavailable } from '../runtime/store/store.ts';
import { migrateService, sandboxDatabase } from './services.ts';

/** Where the configuration says that databases are, by the names they have among themselves. */
export interface DatabasePlaces {
  /** Empty where it names none. */
  urlOf(database: string): string;
  /** With the variable that names it. */
  named(database: string): string;
}

export function databasePlaces(configuration: Configuration): DatabasePlaces {
  const nameOf = (database: string) => (database === sandboxDatabase ? 'sandbox' : (database as ServiceName));
  return {
    urlOf: (database) => databaseUrlOf(configuration, nameOf(database)) ?? '',
    named: (database) => databaseAsNamed(configuration, nameOf(database)),
  };
}

export interface Migrated {
  /** Databases that were made. */
  readonly created: readonly string[];
  /** By service: how many migrations were applied. */
  readonly applied: ReadonlyMap<ServiceName, number>;
}

/**
 * Brings the databases of the cluster mode up to date. Where `DATABASE_URL` names a role that may, databases and roles that
 * are missing are made: those that the URLs of the services name. Throws `StoreUnavailable` where one does not answer.
 */
export async function migrateCluster(
  configuration: Configuration,
  services: readonly ServiceName[],
): Promise<Migrated> {
  const created = await createMissing(configuration, services);
  const applied = new Map<ServiceName, number>();
  for (const name of services) {
    await checkItAnswers(configuration, name);
    applied.set(name, (await migrateService(name, databaseUrlOf(configuration, name) ?? '')).length);
  }
  return { created, applied };
}

async function createMissing(
  configuration: Configuration,
  services: readonly ServiceName[],
): Promise<readonly string[]> {
  const url = administrationUrlOf(configuration);
  if (url === undefined) return [];
  const isAll = services.length === serviceNames.length;
  const names = isAll && configuration.PAYMENT_PROVIDER === 'sandbox' ? [...services, 'sandbox' as const] : services;
  const wanted = names.map((name) => databaseNamedBy(databaseUrlOf(configuration, name) ?? ''));
  const may = await mayCreateDatabases(url, wanted).catch((cause: Error) => {
    // Nobody named `postgres`, and nothing may be missing: what is says so itself.
    if (url !== configuration.DATABASE_URL) return false;
    throw new StoreUnavailable(`the database that DATABASE_URL names does not answer: ${cause.message}`, { cause });
  });
  return may ? createDatabases(url, wanted, { setPasswords: false }) : [];
}

/** SQLSTATE: no such database, no such role (or none that is let in), a password that is not right. */
const notMade: ReadonlySet<unknown> = new Set(['3D000', '28000', '28P01']);

/** Throws with one line that names the database, and where it is not there how to make it. */
async function checkItAnswers(configuration: Configuration, name: ServiceName): Promise<void> {
  try {
    await enter(databaseUrlOf(configuration, name) ?? '');
  } catch (cause) {
    const { code, message } = cause as Error & { readonly code?: unknown };
    const fix = notMade.has(code)
      ? '; make it and its role, or have DATABASE_URL name a role that may create databases and roles'
      : '';
    throw new StoreUnavailable(`${databaseAsNamed(configuration, name)} does not answer: ${message}${fix}`, { cause });
  }
}
