import { type ServiceName, serviceNames } from '../contracts/topics.ts';
import { checkEndpoints } from '../gateway/check-endpoints.ts';
import { operationsEndpoints } from '../gateway/operations-endpoints.ts';
import { createElsewhere } from '../operations/elsewhere.ts';
import { openInstallation } from '../operations/installation.ts';
import { operating } from '../operations/operating.ts';
import { RegularCheck } from '../operations/regular-check.ts';
import type { Configuration } from '../runtime/configuration.ts';
import type { Endpoint } from '../runtime/http/endpoint.ts';
import { fetchKeys, type PublishedKeys } from '../runtime/http/published-keys.ts';
import type { Log } from '../runtime/log/log.ts';
import { type Logger, loggerOf } from '../runtime/logger.ts';
import { ServiceHost } from '../runtime/service-host.ts';
import type { SettingsFeed } from '../runtime/settings-feed.ts';
import { storeError } from '../runtime/store/postgres/connection.ts';
import { createPostgresNotices } from '../runtime/store/postgres/postgres-notices.ts';
import type { Metrics } from '../runtime/telemetry/metrics.ts';
import type { Tracing } from '../runtime/telemetry/tracing.ts';
import { importDemoCatalogue } from '../services/catalog/demo.ts';
import { ensureAdministrator, ensureDemoUsers } from '../services/user/accounts.ts';
import { createTokenIssuer } from '../services/user/tokens.ts';
import { type DatabasePlaces, databasePlaces } from './databases.ts';
import { externalIssuerOf } from './external-issuer.ts';
import type { Life } from './life.ts';
import { type ListenAt, listen } from './listening.ts';
import { wireParts } from './parts.ts';
import { providerBooksOf } from './provider-books.ts';
import { keyUrlsOf, type Role } from './roles.ts';
import { createServiceServer } from './service-server.ts';
import { definitions, hostNamed, migrateService } from './services.ts';

/** What all roles of a process share. */
export interface SharedProcess {
  readonly configuration: Configuration;
  readonly logger: Logger;
  readonly roles: readonly Role[];
  readonly development: boolean;
  readonly log: Log;
  readonly settings: SettingsFeed;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  readonly life: Life;
}

export interface ClusterServices {
  /** Where their HTTP side listens. */
  readonly url: string;
  readonly jwks: () => Promise<PublishedKeys>;
  /** Takes up the work: what they read, decide and publish. */
  run(): Promise<void>;
  /** The administrator and the demo, where the configuration asks for them. */
  prepare(): Promise<void>;
}

/**
 * The services of this process, and the answers for operators where they are among its roles: they answer requests from here
 * on, and do their work once they are run.
 */
export async function clusterServices(
  options: SharedProcess & { readonly hosts: ServiceHost[]; readonly at: ListenAt },
): Promise<ClusterServices> {
  const { configuration, logger, roles, log, life, hosts, at } = options;
  const names = serviceNames.filter((name) => roles.includes(name));
  const places = databasePlaces(configuration);
  const { urlOf } = places;
  await Promise.all(names.map((name) => life.until(`the database of ${name}`, () => upToDate(name, urlOf(name)))));
  const address = { url: undefined as string | undefined };
  const parts = await life.until('the database of payment', () =>
    wireParts({
      ...{ services: names, configuration, log, logger, urlOf },
      webhookUrl: () => address.url && `${address.url}/v1/webhooks/payments/sandbox`,
      pagesUrl: () => configuration.PUBLIC_URL,
    }).catch(asStoreError),
  );
  life.ends(() => parts.stop());
  for (const name of names) hosts.push(hostOf(name, { ...options, databaseUrl: urlOf(name), parts: parts.byName }));
  life.ends(() => Promise.all(hosts.map((host) => host.stop())));
  await Promise.all(hosts.map((host) => life.until(host.definition.name, () => host.connect())));
  const jwks = keysOf(configuration, hosts);
  const server = createServiceServer({
    endpoints: endpointsHere(options, places),
    jwks,
    externalIssuer: externalIssuerOf(configuration),
    metrics: options.metrics,
    tracing: options.tracing,
    logger: speakerOf(options),
  });
  life.ends(() => server.close());
  address.url = await listen(server, at);
  const run = async () => {
    await Promise.all(hosts.map((host) => life.until(host.definition.name, () => host.start())));
    await life.until('Kafka', () => parts.start());
  };
  return { url: address.url, jwks, run, prepare: () => prepare(hosts, configuration) };
}

/** Whose the lines about requests are: where a process has one role, its own. */
function speakerOf({ logger, roles: [first, ...others] }: SharedProcess): Logger {
  return first === undefined || others.length > 0 ? logger : loggerOf(logger, first);
}

async function upToDate(name: ServiceName, url: string): Promise<void> {
  await migrateService(name, url).catch(asStoreError);
}

function asStoreError(error: unknown): never {
  throw storeError(error);
}

function hostOf(
  name: ServiceName,
  options: SharedProcess & { readonly databaseUrl: string; readonly parts: Readonly<Record<string, unknown>> },
): ServiceHost {
  const { configuration, logger, log, settings, metrics, tracing, databaseUrl, parts } = options;
  const definition = definitions.find((each) => each.name === name);
  if (definition === undefined) throw new Error(`there is no service ${name}`);
  const applicationName = `fullhouse-${name}-notices`;
  const notices = createPostgresNotices({ url: databaseUrl, applicationName, logger: loggerOf(logger, name) });
  const operate = (host: ServiceHost) => {
    const installation = openInstallation({ definitions, log, hosts: [host], ...databasePlaces(configuration) });
    options.life.ends(() => installation.close());
    return operating(installation);
  };
  return new ServiceHost({
    definition,
    databaseUrl,
    log,
    logger,
    configuration,
    settings,
    notices,
    metrics,
    tracing,
    operate,
    parts,
  });
}

function endpointsHere(
  options: SharedProcess & { readonly hosts: readonly ServiceHost[] },
  places: DatabasePlaces,
): readonly Endpoint[] {
  const { roles, log, life, hosts, development, logger, configuration, metrics } = options;
  const endpoints = hosts.flatMap((host) => host.definition.endpoints?.(host) ?? []);
  const served = endpoints.filter(({ embeddedOnly }) => development || embeddedOnly !== true);
  if (!roles.includes('operations')) return served;
  const installation = openInstallation({
    ...{ definitions, log, hosts, ...places, books: providerBooksOf(configuration) },
    elsewhere: createElsewhere({ ...places, logger: loggerOf(logger, 'operations') }),
  });
  life.ends(() => installation.close());
  const check = new RegularCheck({
    ...{ installation, logger: loggerOf(logger, 'operations'), everyHours: configuration.CHECK_EVERY_HOURS },
    observer: metrics,
  });
  check.start();
  life.ends(() => check.stop());
  return [...served, ...operationsEndpoints(installation), ...checkEndpoints(check)];
}

/** The keys that tokens are checked with: one's own where the user service is here. */
function keysOf(configuration: Configuration, hosts: readonly ServiceHost[]): () => Promise<PublishedKeys> {
  if (!hosts.some(({ definition }) => definition.name === 'user')) return () => fetchKeys(keyUrlsOf(configuration));
  const issuer = createTokenIssuer(hostNamed(hosts, 'user'));
  return () => issuer.jwks();
}

async function prepare(hosts: readonly ServiceHost[], configuration: Configuration): Promise<void> {
  const { FULLHOUSE_ADMIN_EMAIL: email, FULLHOUSE_ADMIN_PASSWORD: password, FULLHOUSE_DEMO: demo } = configuration;
  for (const host of hosts) {
    if (host.definition.name === 'catalog' && demo === true) await importDemoCatalogue(host, new Date());
    // Where people sign in elsewhere, no account is made before its owner comes.
    if (host.definition.name !== 'user' || configuration.OIDC_ISSUER !== undefined) continue;
    if (email !== undefined && password !== undefined) await ensureAdministrator(host, { email, password });
    if (demo === true) await ensureDemoUsers(host);
  }
}
