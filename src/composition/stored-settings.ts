import type { Setting } from '../contracts/catalog.ts';
import { settingKeys } from '../contracts/settings.ts';
import { serviceNames } from '../contracts/topics.ts';
import type { Configuration } from '../runtime/configuration.ts';
import { databaseUrlOf } from '../runtime/configuration.ts';
import { PostgresStore } from '../runtime/store/postgres/postgres-store.ts';
import type { Role } from './roles.ts';

/**
 * The settings as the databases of a process' services have stored them: for a start without the topic. A database that
 * cannot tell is passed over; the newest of what the others say counts.
 */
export async function storedSettings(
  configuration: Configuration,
  roles: readonly Role[],
): Promise<readonly Setting[]> {
  const urls = serviceNames
    .filter((name) => roles.includes(name))
    .map((name) => databaseUrlOf(configuration, name) ?? '');
  return (await Promise.all(urls.map((url) => storedIn(url).catch(() => [])))).flat();
}

async function storedIn(url: string): Promise<readonly Setting[]> {
  const store = new PostgresStore({ url, applicationName: 'fullhouse-settings', views: [] });
  try {
    const rows = await store.loadReferences(settingKeys.map((key) => ({ topic: 'settings', key })));
    return rows.flatMap(({ data }) => (data === null ? [] : [data as Setting]));
  } finally {
    await store.close();
  }
}
