import { randomBytes } from 'node:crypto';
import type { AddressInfo, Server } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { FastifyInstance } from 'fastify';
import { serviceNames, topics } from './contracts/topics.ts';
import { createAdminServer } from './gateway/admin-server.ts';
import { createGateway, type Gateway } from './gateway/gateway.ts';
import { operationsEndpoints } from './gateway/operations-endpoints.ts';
import { ControlDoor } from './operations/control-door.ts';
import { createControlServer } from './operations/control-server.ts';
import { openInstallation } from './operations/installation.ts';
import { type Configuration, ConfigurationError } from './runtime/configuration.ts';
import { claim, type DataDirectory, openDataDirectory } from './runtime/embedded/data-directory.ts';
import { type EmbeddedPostgres, ensureDatabases, startEmbeddedPostgres } from './runtime/embedded/postgres.ts';
import { openEmbeddedRecords } from './runtime/log/embedded-records.ts';
import { LocalLog } from './runtime/log/local-log.ts';
import type { Log } from './runtime/log/log.ts';
import type { Logger } from './runtime/logger.ts';
import type { ServiceDefinition } from './runtime/service.ts';
import { ServiceHost } from './runtime/service-host.ts';
import { SettingsFeed } from './runtime/settings-feed.ts';
import { migrate } from './runtime/store/postgres/migrate.ts';
import { booking } from './services/booking/service.ts';
import { importDemoCatalogue } from './services/catalog/demo.ts';
import { catalog } from './services/catalog/service.ts';
import { createInbox } from './services/notification/channels/inbox.ts';
import { notification } from './services/notification/service.ts';
import { openPostgresLedger } from './services/payment/providers/postgres-ledger.ts';
import { createSandboxProvider, sandboxTokenKnown } from './services/payment/providers/sandbox.ts';
import { payment } from './services/payment/service.ts';
import { pricing } from './services/pricing/service.ts';
import { seatInventory } from './services/seat-inventory/service.ts';
import { createTicketCodes, newTicketKey } from './services/ticket/code.ts';
import { ticket } from './services/ticket/service.ts';
import { ensureAdministrator, ensureDemoUsers } from './services/user/accounts.ts';
import { createMessageFeed, messageFeedPart } from './services/user/message-feed.ts';
import { userService } from './services/user/service.ts';
import { createTokenIssuer } from './services/user/tokens.ts';

/**
 * The embedded mode: all services in this process, over an embedded PostgreSQL with a database each, and the log in a
 * database of its own. One composition, used by `npm start` and by every test of the whole.
 */
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

export const logDatabase = 'log';
export const sandboxDatabase = 'sandbox_provider';

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
  /** Made on the first start: shown once. */
  readonly firstAdministrator: { readonly email: string; readonly password: string } | undefined;
  readonly demo: boolean;
  stop(): Promise<void>;
}

const migrationsOf = (name: string) => fileURLToPath(new URL(`./services/${name}/migrations`, import.meta.url));
const loopMigrations = fileURLToPath(new URL('./runtime/store/postgres/migrations', import.meta.url));

/** Name of a service's database and role. */
export function databaseOf(service: string): string {
  return service.replace(/-/g, '_');
}

/** Opens every database of an embedded installation, migrating what is behind. */
export async function openDatabases(directory: DataDirectory) {
  const postgres = await startEmbeddedPostgres(`${directory.path}/postgres`);
  try {
    const names = [...serviceNames.map(databaseOf), logDatabase, sandboxDatabase];
    const databases = await Promise.all(
      names.map(async (name) => ({ name, password: await directory.secret(`${name}-password`) })),
    );
    await ensureDatabases(postgres.url('postgres'), databases);
    const urls = new Map(databases.map(({ name, password }) => [name, postgres.url(name, { name, password })]));
    const urlOf = (name: string): string => urls.get(databaseOf(name)) ?? '';
    await Promise.all(
      serviceNames.map((name) =>
        migrate(urlOf(name), [
          { name: 'runtime', path: loopMigrations },
          { name, path: migrationsOf(name) },
        ]),
      ),
    );
    return { postgres, urlOf };
  } catch (error) {
    await postgres.stop();
    throw error;
  }
}

/** Topics as this installation has them. */
export function topicsOf(partitions: number) {
  return Object.values(topics).map(({ name, retentionDays, partitions: kind }) => ({
    name,
    retentionDays,
    partitions: kind === 'one' ? 1 : partitions,
  }));
}

/** Starts everything; resolves when a booking can be made. Throws with one clear line where it cannot start. */
export async function startApp(given: Configuration, logger: Logger): Promise<App> {
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
    };
    const { postgres, urlOf } = await openDatabases(directory);
    started.push(() => postgres.stop());
    const log = new LocalLog(
      await openEmbeddedRecords(urlOf(logDatabase), topicsOf(configuration.FULLHOUSE_PARTITIONS)),
    );
    started.push(() => log.close());
    const settings = new SettingsFeed(logger);
    await settings.start(log);
    started.push(() => settings.stop());

    const address = { url: undefined as string | undefined };
    const parts = await wire({
      configuration,
      directory,
      log,
      logger,
      urlOf,
      webhookUrl: () => address.url && `${address.url}/v1/webhooks/payments/sandbox`,
    });
    started.push(() => parts.stop());
    const hosts = definitions.map(
      (definition) =>
        new ServiceHost({
          definition,
          databaseUrl: urlOf(definition.name),
          log,
          logger,
          configuration,
          settings,
          parts: parts.byName,
        }),
    );
    started.push(() => Promise.all(hosts.map((host) => host.stop())));
    await Promise.all(hosts.map((host) => host.start()));
    await parts.start();

    const users = hostNamed(hosts, 'user');
    const installation = openInstallation({ definitions, log, hosts, urlOf });
    started.push(() => installation.close());
    const endpoints = [
      ...hosts.flatMap((host) => host.definition.endpoints?.(host) ?? []),
      ...operationsEndpoints(installation),
    ];
    const issuer = createTokenIssuer(users);
    const gateway = await createGateway({
      log,
      logger,
      endpoints,
      jwks: () => issuer.jwks(),
      settings: () => settings.current,
    });
    started.push(() => gateway.stop());
    const firstAdministrator = await firstAdmin(users, configuration);
    const demo = configuration.FULLHOUSE_DEMO ?? true;
    if (demo) await importDemo(hosts);
    await Promise.all(hosts.map((host) => host.loop.caughtUp()));
    const { HOST: host, PORT: port, ADMIN_PORT: adminPort = port === 0 ? 0 : 9090 } = configuration;
    await listen(gateway.server, { host, port, variable: 'PORT' });
    const url = urlOfServer(gateway.server.server.address(), configuration.HOST);
    address.url = url;
    const admin = createAdminServer({ hosts, logger });
    started.push(() => admin.close());
    await listen(admin, { host, port: adminPort, variable: 'ADMIN_PORT' });
    const adminUrl = urlOfServer(admin.server.address(), configuration.HOST);
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
    return { url, adminUrl, directory, postgres, log, hosts, gateway, control, firstAdministrator, demo, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The host of a service, by its name. */
export function hostNamed(hosts: readonly ServiceHost[], name: string): ServiceHost {
  const host = hosts.find((each) => each.definition.name === name);
  if (host === undefined) throw new Error(`service ${name} does not run here`);
  return host;
}

/** Parts that services ask for by name. */
async function wire(options: {
  readonly configuration: Configuration;
  readonly directory: DataDirectory;
  readonly log: Log;
  readonly logger: Logger;
  readonly urlOf: (name: string) => string;
  readonly webhookUrl: () => string | undefined;
}) {
  const { configuration, directory, log, logger, urlOf, webhookUrl } = options;
  const ledger = await openPostgresLedger(urlOf(sandboxDatabase));
  const webhook = { url: webhookUrl, secret: configuration.SANDBOX_WEBHOOK_SECRET ?? '' };
  const provider = createSandboxProvider({ ledger, webhook });
  const inbox = createInbox(urlOf('notification'));
  const messages = createMessageFeed(logger);
  const codes = createTicketCodes(await directory.secret('ticket-signing-key', newTicketKey));
  return {
    byName: {
      'payment-provider': provider,
      'payment-token-known': sandboxTokenKnown,
      'sandbox-ledger': ledger,
      channels: inbox.channels,
      mailer: inbox.mailer,
      'ticket-codes': codes,
      [messageFeedPart]: messages,
    },
    start: async () => {
      await messages.start(log);
      await provider.start();
    },
    stop: async () => {
      await messages.stop();
      await provider.stop();
      await ledger.close();
      await inbox.close();
    },
  };
}

/** As Standard Webhooks writes secrets. */
function newWebhookSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`;
}

async function firstAdmin(users: ServiceHost, configuration: Configuration) {
  const email = configuration.FULLHOUSE_ADMIN_EMAIL ?? 'admin@fullhouse.example';
  const password = configuration.FULLHOUSE_ADMIN_PASSWORD ?? randomBytes(12).toString('base64url');
  const { created } = await ensureAdministrator(users, { email, password });
  return created ? { email, password } : undefined;
}

/** Into an empty catalogue only; the people of the demo come with it. */
async function importDemo(hosts: readonly ServiceHost[]): Promise<void> {
  const host = hostNamed(hosts, 'catalog');
  if (!(await importDemoCatalogue(host, new Date()))) return;
  await ensureDemoUsers(hostNamed(hosts, 'user'));
}

/** Listens, or says in one line which variable gives another place. */
async function listen(
  server: FastifyInstance,
  at: { readonly host: string; readonly port: number; readonly variable: 'PORT' | 'ADMIN_PORT' },
): Promise<void> {
  try {
    await server.listen({ host: at.host, port: at.port });
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const why = code === 'EADDRINUSE' ? `port ${at.port} of ${at.host} is in use` : message;
    const host = code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' ? ', or another HOST' : '';
    throw new ConfigurationError(
      `${at.variable}: ${why}; set ${at.variable} to another port (0 takes a free one)${host}`,
      { cause },
    );
  }
}

function urlOfServer(address: string | AddressInfo | null, host: string): string {
  const port = address !== null && typeof address !== 'string' ? address.port : 0;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
