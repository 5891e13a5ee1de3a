import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { migrateCluster } from '../../src/composition/databases.ts';
import type { Role } from '../../src/composition/roles.ts';
import { databaseOf, sandboxDatabase, topicsOf } from '../../src/composition/services.ts';
import { serviceNames } from '../../src/contracts/topics.ts';
import {
  type Configuration,
  databaseVariableOf,
  type RoleName,
  readConfiguration,
  serviceRoles,
  variableOf,
} from '../../src/runtime/configuration.ts';
import { claim, type DataDirectory, openDataDirectory } from '../../src/runtime/embedded/data-directory.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/runtime/embedded/postgres.ts';
import { kafkaAccess } from '../../src/runtime/log/kafka/access.ts';
import { createTopics } from '../../src/runtime/log/kafka/topic-admin.ts';
import { createLogger } from '../../src/runtime/logger.ts';
import { newTicketKey } from '../../src/services/ticket/code.ts';
import { type LocalKafka, startLocalKafka } from '../kafka/local-kafka.ts';
import { type LocalProcess, startLocalProcess } from './local-process.ts';

/**
 * The cluster mode on one machine: a Kafka, a PostgreSQL, every service as processes of its own, the answers for operators
 * and the gateway. For development and tests; in earnest, other things start the same processes.
 */
export interface LocalCluster {
  /** Where the gateway listens. */
  readonly url: string;
  readonly administrator: { readonly email: string; readonly password: string };
  /** What a command line needs to act on it. */
  readonly environment: Readonly<Record<string, string>>;
  readonly processes: readonly LocalProcess[];
  stop(): Promise<void>;
}

export interface LocalClusterOptions {
  readonly directory: string;
  /** Processes of each service; one where none are named. */
  readonly instances?: Partial<Readonly<Record<RoleName, number>>>;
  /** What every process is told beside where things are. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly onLine?: (line: string) => void;
}

const program = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const connectionsMax = 400;

export async function startLocalCluster(options: LocalClusterOptions): Promise<LocalCluster> {
  const { onLine = () => undefined } = options;
  const steps: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (const step of steps.splice(0).reverse()) await step();
  };
  try {
    const directory = await openDataDirectory(options.directory);
    const lock = await claim(directory);
    steps.push(() => new Promise((resolve) => lock.close(resolve)));
    const [postgres, kafka] = await Promise.all([
      startEmbeddedPostgres(join(directory.path, 'postgres'), { connectionsMax }),
      startLocalKafka({ directory: join(directory.path, 'kafka') }),
    ]);
    steps.push(
      () => postgres.stop(),
      () => kafka.stop(),
    );
    onLine(`${'kafka'.padEnd(18)} ${kafka.brokers}`);
    const own = await ownEnvironment(directory, options, { postgres, kafka });
    const configuration = readConfiguration({ ...options.environment, ...own });
    await Promise.all([migrateCluster(configuration, serviceNames), makeTopics(configuration)]);
    const places = await placesFor(options);
    const environment = { ...options.environment, ...own, ...urlsOf(places) };
    await mkdir(join(directory.path, 'logs'), { recursive: true });
    const begin = (role: Role, number: number, more: Readonly<Record<string, string>>): LocalProcess => {
      const name = number === 1 ? role : `${role}-${number}`;
      const process = startLocalProcess({
        name,
        command: [globalThis.process.execPath, program, 'serve', role],
        environment: { ...environment, ...more },
        logFile: join(directory.path, 'logs', `${name}.log`),
        onLine,
      });
      return process;
    };
    const processes = places.map(({ role, number, port }) =>
      begin(role, number, { PORT: String(port), ADMIN_PORT: '0' }),
    );
    const gateway = begin('gateway', 1, {});
    steps.push(
      () => Promise.all(processes.map((each) => each.stop())),
      () => gateway.stop(),
    );
    await Promise.all(processes.map(({ ready }) => ready));
    const { FULLHOUSE_ADMIN_EMAIL: email = '', FULLHOUSE_ADMIN_PASSWORD: password = '' } = configuration;
    return {
      url: await gateway.ready,
      administrator: { email, password },
      environment: { ...own, ...urlsOf(places) },
      processes: [...processes, gateway],
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Where things are, and the secrets: made at the first start, kept in the directory. */
async function ownEnvironment(
  directory: DataDirectory,
  { environment: given }: LocalClusterOptions,
  { postgres, kafka }: { readonly postgres: EmbeddedPostgres; readonly kafka: LocalKafka },
): Promise<Readonly<Record<string, string>>> {
  const databases = await Promise.all(
    [...serviceNames, 'sandbox' as const].map(async (service) => {
      const name = service === 'sandbox' ? sandboxDatabase : databaseOf(service);
      const password = await directory.secret(`${name}-password`);
      return [databaseVariableOf(service), postgres.url(name, { name, password })] as const;
    }),
  );
  const secret = () => randomBytes(32).toString('base64');
  return {
    KAFKA_BROKERS: kafka.brokers,
    // For whoever makes databases and roles; the services' own names stand before it.
    DATABASE_URL: postgres.url('postgres'),
    ...Object.fromEntries(databases),
    QUOTE_SECRET: await directory.secret('quote-secret'),
    SANDBOX_WEBHOOK_SECRET: await directory.secret('sandbox-webhook-secret', () => `whsec_${secret()}`),
    TICKET_SIGNING_KEY: await directory.secret('ticket-signing-key', newTicketKey),
    FULLHOUSE_ADMIN_EMAIL: given['FULLHOUSE_ADMIN_EMAIL'] ?? 'admin@fullhouse.example',
    FULLHOUSE_ADMIN_PASSWORD:
      given['FULLHOUSE_ADMIN_PASSWORD'] ??
      (await directory.secret('administrator-password', () => randomBytes(12).toString('base64url'))),
  };
}

async function makeTopics(configuration: Configuration): Promise<void> {
  const access = kafkaAccess(configuration, { clientId: 'fullhouse-topics', logger: createLogger('silent') });
  if (access === undefined) return;
  const topics = topicsOf(configuration.FULLHOUSE_PARTITIONS);
  await createTopics(access, topics, { replicationFactor: 1, minInsyncReplicas: 1 });
}

interface Place {
  readonly role: RoleName;
  readonly number: number;
  readonly port: number;
}

async function placesFor({ instances = {} }: LocalClusterOptions): Promise<readonly Place[]> {
  const wanted = serviceRoles.flatMap((role) =>
    Array.from({ length: instances[role] ?? 1 }, (_, index) => ({ role, number: index + 1 })),
  );
  const ports = await freePorts(wanted.length);
  return wanted.map((each, index) => ({ ...each, port: ports[index] ?? 0 }));
}

/** As many ports as nobody uses now. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, () => {
      const server = createServer();
      return new Promise<Server>((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
    }),
  );
  const ports = servers.map((server) => (server.address() as { readonly port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

function urlsOf(places: readonly Place[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    serviceRoles.map((name) => [
      variableOf(name),
      places
        .filter(({ role }) => role === name)
        .map(({ port }) => `http://127.0.0.1:${port}`)
        .join(','),
    ]),
  );
}
