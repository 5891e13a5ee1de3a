import { randomBytes } from 'node:crypto';
import type { Server } from 'node:net';
import { join } from 'node:path';
import { externalIssuerOf } from './composition/external-issuer.ts';
import { listen } from './composition/listening.ts';
import { openTracing } from './composition/open-tracing.ts';
import { pageSettingsOf } from './composition/page-settings.ts';
import { wireParts } from './composition/parts.ts';
import { providerBooksOf } from './composition/provider-books.ts';
import { missingOfProvider, roles } from './composition/roles.ts';
import {
  databaseOf,
  definitions,
  hostNamed,
  migrateService,
  sandboxDatabase,
  topicsOf,
} from './composition/services.ts';
import { serviceNames } from './contracts/topics.ts';
import { createAdminServer } from './gateway/admin-server.ts';
import { checkEndpoints } from './gateway/check-endpoints.ts';
import { createGateway, type Gateway } from './gateway/gateway.ts';
import { operationsEndpoints } from './gateway/operations-endpoints.ts';
import { ControlDoor } from './operations/control-door.ts';
import { createControlServer } from './operations/control-server.ts';
import { openInstallation } from './operations/installation.ts';
import { RegularCheck } from './operations/regular-check.ts';
import { type Configuration, ConfigurationError } from './runtime/configuration.ts';
import { claim, type DataDirectory, openDataDirectory } from './runtime/embedded/data-directory.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './runtime/embedded/postgres.ts';
import { openEmbeddedRecords } from './runtime/log/embedded-records.ts';
import { LocalLog } from './runtime/log/local-log.ts';
import type { Log } from './runtime/log/log.ts';
import { type Logger, loggerOf, setLogLevels } from './runtime/logger.ts';
import { createLocalNotices } from './runtime/notices.ts';
import { ServiceHost } from './runtime/service-host.ts';
import { SettingsFeed } from './runtime/settings-feed.ts';
import { createDatabases } from './runtime/store/postgres/databases.ts';
import { Metrics } from './runtime/telemetry/metrics.ts';
import { importDemoCatalogue, isCatalogueEmpty } from './services/catalog/demo.ts';
import { newTicketKey } from './services/ticket/code.ts';
import { ensureAdministrator, ensureDemoUsers, isOpenToDemoStaff } from './services/user/accounts.ts';
import { createTokenIssuer } from './services/user/tokens.ts';

/**
 * The embedded mode: all services in this process, over an embedded PostgreSQL with a database each, and the log in a
 * file beside it. One composition, used by `npm start` and by every test of the whole.
 */
export const logFile = 'log.sqlite';

export interface App {
  /** Where the gateway listens. */
  readonly url: string;
  readonly adminUrl: string;
  readonly directory: DataDirectory;
  readonly postgres: EmbeddedPostgres;
  readonly log: Log;
  readonly hosts: readonly ServiceHost[];
  readonly gateway: Gateway;
  /** The command line's door: a server that listens on the data directory's socket. */
  readonly control: Server;
  readonly demo: boolean;
  stop(): Promise<void>;
}

/** Opens every database of an embedded installation, migrating what is behind. */
export async function openDatabases(directory: DataDirectory) {
  const postgres = await startEmbeddedPostgres(`${directory.path}/postgres`);
  try {
    const names = [...serviceNames.map(databaseOf), sandboxDatabase];
    const databases = await Promise.all(
      names.map(async (name) => ({ name, password: await directory.secret(`${name}-password`) })),
    );
    const wanted = databases.map(({ name, password }) => ({ name, role: { name, password } }));
    await createDatabases(postgres.url('postgres'), wanted, { setPasswords: true });
    const urls = new Map(databases.map(({ name, password }) => [name, postgres.url(name, { name, password })]));
    const urlOf = (name: string): string => urls.get(databaseOf(name)) ?? '';
    await Promise.all(serviceNames.map((name) => migrateService(name, urlOf(name))));
    return { postgres, urlOf };
  } catch (error) {
    await postgres.stop();
    throw error;
  }
}

export interface StartOptions {
  /** Called once the first administrator is made, whatever becomes of the start: the password is known to nobody else. */
  readonly onAdministrator?: (made: FirstAdministrator) => void;
}

export interface FirstAdministrator {
  readonly email: string;
  readonly password: string;
}

/** Starts everything; resolves when a booking can be made. Throws with one clear line where it cannot start. */
export async function startApp(
  given: Configuration,
  logger: Logger,
  { onAdministrator = () => undefined }: StartOptions = {},
): Promise<App> {
  // The sandbox's secret is made where it is missing.
  const missing = given.PAYMENT_PROVIDER === 'sandbox' ? [] : missingOfProvider(given, roles);
  if (missing.length > 0) throw new ConfigurationError(missing.join('; '));
  const directory = await openDataDirectory(given.FULLHOUSE_DATA_DIR);
  const control = await claim(directory);
  const door = new ControlDoor(control, directory.socketPath);
  const started: (() => Promise<unknown>)[] = [() => closed(control), async () => door.close()];
  const stop = async (): Promise<void> => {
    for (const step of started.splice(0).reverse()) {
      await step().catch((error: Error) => logger.warn({ error: error.message }, 'a part did not stop in order'));
    }
  };
  try {
    const configuration: Configuration = {
      ...given,
      QUOTE_SECRET: given.QUOTE_SECRET ?? (await directory.secret('quote-secret')),
      SANDBOX_WEBHOOK_SECRET:
        given.SANDBOX_WEBHOOK_SECRET ?? (await directory.secret('sandbox-webhook-secret', newWebhookSecret)),
      TICKET_SIGNING_KEY: given.TICKET_SIGNING_KEY ?? (await directory.secret('ticket-signing-key', newTicketKey)),
    };
    const { postgres, urlOf } = await openDatabases(directory);
    started.push(() => postgres.stop());
    const log = new LocalLog(
      await openEmbeddedRecords(join(directory.path, logFile), topicsOf(configuration.FULLHOUSE_PARTITIONS)),
    );
    started.push(() => log.close());
    const settings = new SettingsFeed(logger);
    settings.onChange(({ logLevels }) => setLogLevels(logger, logLevels, configuration.LOG_LEVEL));
    await settings.start(log);
    started.push(() => settings.stop());

    const address = { url: undefined as string | undefined };
    const parts = await wireParts({
      services: serviceNames,
      configuration,
      log,
      logger,
      urlOf,
      webhookUrl: () => address.url && `${address.url}/v1/webhooks/payments/sandbox`,
      pagesUrl: () => configuration.PUBLIC_URL ?? address.url,
    });
    started.push(() => parts.stop());
    const metrics = new Metrics();
    const tracing = await openTracing(configuration, { serviceName: 'fullhouse', settings: () => settings.current });
    started.push(() => tracing.stop());
    const hosts = definitions.map(
      (definition) =>
        new ServiceHost({
          definition,
          databaseUrl: urlOf(definition.name),
          log,
          logger,
          configuration,
          settings,
          notices: createLocalNotices()(),
          metrics,
          tracing,
          parts: parts.byName,
        }),
    );
    started.push(() => Promise.all(hosts.map((host) => host.stop())));
    await Promise.all(hosts.map((host) => host.start()));
    await parts.start();

    const users = hostNamed(hosts, 'user');
    const installation = openInstallation({ definitions, log, hosts, urlOf, books: providerBooksOf(configuration) });
    started.push(() => installation.close());
    const check = new RegularCheck({
      ...{ installation, logger: loggerOf(logger, 'operations'), everyHours: configuration.CHECK_EVERY_HOURS },
      observer: metrics,
    });
    check.start();
    started.push(() => check.stop());
    const endpoints = [
      ...hosts.flatMap((host) => host.definition.endpoints?.(host) ?? []),
      ...operationsEndpoints(installation),
      ...checkEndpoints(check),
    ];
    const issuer = createTokenIssuer(users);
    const gateway = await createGateway({
      log,
      logger: loggerOf(logger, 'gateway'),
      endpoints,
      jwks: () => issuer.jwks(),
      metrics,
      tracing,
      settings: () => settings.current,
      trustedProxies: configuration.TRUSTED_PROXIES,
      externalIssuer: externalIssuerOf(configuration),
      pages: pageSettingsOf(configuration),
    });
    started.push(() => gateway.stop());
    const firstAdministrator = await firstAdmin(users, configuration);
    if (firstAdministrator !== undefined) onAdministrator(firstAdministrator);
    const demo = configuration.FULLHOUSE_DEMO ?? true;
    if (demo) await importDemo(hosts);
    if (isReachable(configuration) && (await isOpenToDemoStaff(users)))
      logger.warn('the people of the demo work here, and everybody knows their passwords: take their roles away');
    await Promise.all(hosts.map((host) => host.loop.caughtUp()));
    const { HOST: host, PORT: port, ADMIN_PORT: adminPort = port === 0 ? 0 : 9090 } = configuration;
    const url = await listen(gateway.server, { host, port, variable: 'PORT' });
    address.url = url;
    const admin = createAdminServer({ hosts: () => hosts, metrics, logger });
    started.push(() => admin.close());
    const adminUrl = await listen(admin, { host, port: adminPort, variable: 'ADMIN_PORT' });
    const status = () => ({
      url,
      adminUrl,
      dataDirectory: directory.path,
      services: hosts.map((host) => host.definition.name),
    });
    const controlServer = await createControlServer({ installation, endpoints, logger, status });
    started.push(
      () => controlServer.close(),
      async () => door.close(),
    );
    door.open(controlServer.server);
    return { url, adminUrl, directory, postgres, log, hosts, gateway, control, demo, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** As Standard Webhooks writes secrets. */
function newWebhookSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`;
}

async function firstAdmin(users: ServiceHost, configuration: Configuration): Promise<FirstAdministrator | undefined> {
  // Where people sign in elsewhere, that is where one is named.
  if (configuration.OIDC_ISSUER !== undefined) return undefined;
  const email = configuration.FULLHOUSE_ADMIN_EMAIL ?? 'admin@fullhouse.example';
  const password = configuration.FULLHOUSE_ADMIN_PASSWORD ?? randomBytes(12).toString('base64url');
  return (await ensureAdministrator(users, { email, password })) ? { email, password } : undefined;
}

/** Into an empty catalogue only. The people of the demo come first, so that they are there whenever the rest of it is. */
async function importDemo(hosts: readonly ServiceHost[]): Promise<void> {
  const host = hostNamed(hosts, 'catalog');
  if (!(await isCatalogueEmpty(host))) return;
  const users = hostNamed(hosts, 'user');
  if (users.configuration.OIDC_ISSUER === undefined) await ensureDemoUsers(users);
  await importDemoCatalogue(host, new Date());
}

/** Whether others than the people at this machine may reach it, as far as the configuration tells. */
function isReachable({ HOST: host, PUBLIC_URL: publicUrl, TRUSTED_PROXIES: proxies = [] }: Configuration): boolean {
  const isLoopback = /^(?:127\.|::1$|localhost$)/.test(host);
  return !isLoopback || publicUrl !== undefined || proxies.length > 0;
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
