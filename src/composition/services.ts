import { fileURLToPath } from 'node:url';
import { type ServiceName, topics } from '../contracts/topics.ts';
import type { ServiceDefinition } from '../runtime/service.ts';
import type { ServiceHost } from '../runtime/service-host.ts';
import { migrate } from '../runtime/store/postgres/migrate.ts';
import { booking } from '../services/booking/service.ts';
import { catalog } from '../services/catalog/service.ts';
import { notification } from '../services/notification/service.ts';
import { payment } from '../services/payment/service.ts';
import { pricing } from '../services/pricing/service.ts';
import { seatInventory } from '../services/seat-inventory/service.ts';
import { ticket } from '../services/ticket/service.ts';
import { userService } from '../services/user/service.ts';

/** The eight services, however they are put together: their databases, their schemas, the topics between them. */
export const definitions: readonly ServiceDefinition[] = [
  catalog,
  userService,
  booking,
  seatInventory,
  pricing,
  payment,
  notification,
  ticket,
];

export const sandboxDatabase = 'sandbox_provider';

/** Name of a service's database and role. */
export function databaseOf(service: string): string {
  return service.replace(/-/g, '_');
}

const migrationsOf = (name: string) => fileURLToPath(new URL(`../services/${name}/migrations`, import.meta.url));
const loopMigrations = fileURLToPath(new URL('../runtime/store/postgres/migrations', import.meta.url));

/** Brings a service's database up to date; instances that start together do it one after the other. */
export async function migrateService(name: ServiceName, url: string): Promise<readonly string[]> {
  return migrate(url, [
    { name: 'runtime', path: loopMigrations },
    { name, path: migrationsOf(name) },
  ]);
}

/** Topics as an installation has them. */
export function topicsOf(partitions: number) {
  return Object.values(topics).map(({ name, retentionDays, partitions: kind }) => ({
    name,
    retentionDays,
    partitions: kind === 'one' ? 1 : partitions,
  }));
}

/** The host of a service, by its name. */
export function hostNamed(hosts: readonly ServiceHost[], name: string): ServiceHost {
  const host = hosts.find((each) => each.definition.name === name);
  if (host === undefined) throw new Error(`service ${name} does not run here`);
  return host;
}
