import { type ServiceName, serviceNames } from '../contracts/topics.ts';
import { type Configuration, databaseUrlOf, isPattern } from '../runtime/configuration.ts';
import { createDatabases, databaseNamedBy, mayCreateDatabases } from '../runtime/store/postgres/databases.ts';
import { migrateService } from './services.ts';

export interface Migrated {
  /** Databases that were made. */
  readonly created: readonly string[];
  /** By service: how many migrations were applied. */
  readonly applied: ReadonlyMap<ServiceName, number>;
}

/**
 * Brings the databases of the cluster mode up to date. Where `DATABASE_URL` names a role that may, databases and roles that
 * are missing are made: those that the URLs of the services name.
 */
export async function migrateCluster(
  configuration: Configuration,
  services: readonly ServiceName[],
): Promise<Migrated> {
  const created = await createMissing(configuration, services);
  const applied = new Map<ServiceName, number>();
  for (const name of services) {
    applied.set(name, (await migrateService(name, databaseUrlOf(configuration, name) ?? '')).length);
  }
  return { created, applied };
}

async function createMissing(
  configuration: Configuration,
  services: readonly ServiceName[],
): Promise<readonly string[]> {
  const { DATABASE_URL: shared } = configuration;
  // One that stands for all of them is nobody's in particular.
  if (shared === undefined || isPattern(shared) || !(await mayCreateDatabases(shared))) return [];
  const names = services.length === serviceNames.length ? [...services, 'sandbox' as const] : services;
  const urls = names.map((name) => databaseUrlOf(configuration, name) ?? '');
  return createDatabases(shared, urls.map(databaseNamedBy), { setPasswords: false });
}
