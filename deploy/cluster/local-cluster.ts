import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
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
import { type LocalKafka, type LocalKafkaOptions, startLocalKafka } from '../kafka/local-kafka.ts';
import { type LocalProcess, startLocalProcess } from './local-process.ts';
import { scraped, traced } from './observe.ts';
import { freePorts } from './ports.ts';

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
  /** The same as a file for a shell to read; nobody else may. */
  readonly environmentFile: string;
  readonly processes: readonly LocalProcess[];
  /** Where it is watched, where that was asked for. */
  readonly observed: { readonly prometheus: string | undefined; readonly traces: string | undefined } | undefined;
  stop(): Promise<void>;
}

export interface LocalClusterOptions {
  readonly directory: string;
  /** Processes of each service; one where none are named. */
  readonly instances?: Partial<Readonly<Record<RoleName, number>>>;
  /** What every process is told beside where things are. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Starts a Prometheus, where there is one, and a view of traces. */
  readonly observe?: boolean;
  readonly onLine?: (line: string) => void;
  readonly kafka?: Pick<LocalKafkaOptions, 'heapMegabytes' | 'isBrief'>;
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
      startLocalKafka({ ...options.kafka, directory: join(directory.path, 'kafka') }),
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
    const gatewayAdminPort = await adminPortOfGateway(configuration);
    const tracing =
      options.observe === true ? await traced(configuration, { onLine, ends: (step) => steps.push(step) }) : {};
    const environment = { ...options.environment, ...own, ...urlsOf(places), ...tracing };
    await mkdir(join(directory.path, 'logs'), { recursive: true });
    const begin = (role: Role, number: number, more: Readonly<Record<string, string>>): LocalProcess => {
      const name = nameOf(role, number);
      const process = startLocalProcess({
        name,
        command: [globalThis.process.execPath, ...globalThis.process.execArgv, program, 'serve', role],
        environment: { ...environment, ...more },
        logFile: join(directory.path, 'logs', `${name}.log`),
        onLine,
      });
      return process;
    };
    const processes = places.map(({ role, number, port, adminPort }) =>
      begin(role, number, { PORT: String(port), ADMIN_PORT: String(adminPort) }),
    );
    const gateway = begin('gateway', 1, { ADMIN_PORT: String(gatewayAdminPort) });
    steps.push(
      () => Promise.all(processes.map((each) => each.stop())),
      () => gateway.stop(),
    );
    await Promise.all(processes.map(({ ready }) => ready));
    const { FULLHOUSE_ADMIN_EMAIL: email = '', FULLHOUSE_ADMIN_PASSWORD: password = '' } = configuration;
    const url = await gateway.ready;
    const targets = [...places, { role: 'gateway', number: 1, adminPort: gatewayAdminPort }].map(
      ({ role, number, adminPort }) => ({ name: nameOf(role, number), address: `127.0.0.1:${adminPort}` }),
    );
    const prometheus =
      options.observe === true
        ? await scraped({
            directory: join(directory.path, 'prometheus'),
            targets,
            onLine,
            ends: (step) => steps.push(step),
          })
        : undefined;
    const traces = tracing.OTEL_EXPORTER_OTLP_ENDPOINT;
    const told = { ...own, ...urlsOf(places), PUBLIC_URL: url };
    const environmentFile = join(directory.path, 'environment');
    const watched = { ...(prometheus && { PROMETHEUS_URL: prometheus }), ...(traces && { TRACES_URL: traces }) };
    await writeEnvironment(environmentFile, { ...told, ...watched });
    return {
      url,
      observed: options.observe === true ? { prometheus, traces } : undefined,
      administrator: { email, password },
      environment: told,
      environmentFile,
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
  readonly adminPort: number;
}

const nameOf = (role: string, number: number) => (number === 1 ? role : `${role}-${number}`);

async function placesFor({ instances = {} }: LocalClusterOptions): Promise<readonly Place[]> {
  const wanted = serviceRoles.flatMap((role) =>
    Array.from({ length: instances[role] ?? 1 }, (_, index) => ({ role, number: index + 1 })),
  );
  const ports = await freePorts(2 * wanted.length);
  return wanted.map((each, index) => ({
    ...each,
    port: ports[2 * index] ?? 0,
    adminPort: ports[2 * index + 1] ?? 0,
  }));
}

/** For a shell: `. <file>`. Values are quoted, and a quote in one of them is, too. */
async function writeEnvironment(file: string, values: Readonly<Record<string, string>>): Promise<void> {
  const lines = Object.entries(values).map(([name, value]) => `export ${name}='${value.replaceAll("'", `'\\''`)}'\n`);
  await writeFile(file, lines.join(''), { mode: 0o600 });
}

/** Where the gateway's admin side listens, as it would choose it itself, but for one that has to be known beforehand. */
async function adminPortOfGateway({ PORT: port, ADMIN_PORT: adminPort }: Configuration): Promise<number> {
  if (adminPort !== undefined && adminPort !== 0) return adminPort;
  return port === 0 || adminPort === 0 ? ((await freePorts(1))[0] ?? 0) : 9090;
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
