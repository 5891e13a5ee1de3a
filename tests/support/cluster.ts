import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type ClusterProcess, startCluster } from '../../src/cluster.ts';
import { migrateCluster } from '../../src/composition/databases.ts';
import { openClusterLog } from '../../src/composition/kafka.ts';
import { type Role, roles } from '../../src/composition/roles.ts';
import { databaseOf, sandboxDatabase, topicsOf } from '../../src/composition/services.ts';
import { serviceNames } from '../../src/contracts/topics.ts';
import { databaseVariableOf, readConfiguration } from '../../src/runtime/configuration.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/runtime/embedded/postgres.ts';
import { createTopics } from '../../src/runtime/log/kafka/topic-admin.ts';
import type { KafkaLog } from '../../src/runtime/log/kafka-log.ts';
import { createLogger } from '../../src/runtime/logger.ts';
import { newTicketKey } from '../../src/services/ticket/code.ts';
import { temporaryDirectory } from './directory.ts';
import { startTestKafka, type TestKafka } from './kafka.ts';

const partitions = 4;
/** Of many processes. */
const connectionsMax = 400;

/** What processes of the cluster mode share: a PostgreSQL with a database and a role per service, a Kafka, secrets. */
export interface ClusterGround {
  readonly directory: string;
  readonly postgres: EmbeddedPostgres;
  readonly kafka: TestKafka;
  /** What every process is told. */
  readonly environment: Readonly<Record<string, string>>;
  /** The log as a process has it; whoever opens it closes it. */
  openLog(): Promise<KafkaLog>;
  /** Starts roles in this process. */
  start(run: readonly Role[], more?: Readonly<Record<string, string>>): Promise<ClusterProcess>;
  stop(): Promise<void>;
}

function serverIn(directory: string): Promise<EmbeddedPostgres> {
  return startEmbeddedPostgres(join(directory, 'postgres'), { connectionsMax });
}

function environmentOf(postgres: EmbeddedPostgres, brokers: string): Readonly<Record<string, string>> {
  const urls = [...serviceNames, 'sandbox' as const].map((service) => {
    const name = service === 'sandbox' ? sandboxDatabase : databaseOf(service);
    return [databaseVariableOf(service), postgres.url(name, { name, password: `${name}-password` })];
  });
  return {
    DATABASE_URL: postgres.url('postgres'),
    ...(Object.fromEntries(urls) as Record<string, string>),
    KAFKA_BROKERS: brokers,
    QUOTE_SECRET: randomBytes(32).toString('base64url'),
    SANDBOX_WEBHOOK_SECRET: `whsec_${randomBytes(32).toString('base64')}`,
    TICKET_SIGNING_KEY: newTicketKey(),
  };
}

/** Makes in a directory the databases of all services. */
export async function prepareDatabases(directory: string): Promise<void> {
  const postgres = await serverIn(directory);
  try {
    await migrateCluster(readConfiguration(environmentOf(postgres, 'nowhere:9092')), serviceNames);
  } finally {
    await postgres.stop();
  }
}

export interface ClusterGroundOptions {
  /** Whether databases and topics are made; else somebody else does that. */
  readonly prepared?: boolean;
  readonly kafka?: () => Promise<TestKafka>;
}

export async function clusterGround(
  given: Readonly<Record<string, string>> = {},
  { prepared = true, kafka: startKafka = startTestKafka }: ClusterGroundOptions = {},
): Promise<ClusterGround> {
  const directory = await temporaryDirectory(prepared ? 'cluster' : undefined);
  const [postgres, kafka] = await Promise.all([serverIn(directory.path), startKafka()]);
  const environment = {
    ...environmentOf(postgres, kafka.access.brokers.map(({ host, port }) => `${host}:${port}`).join()),
    ...given,
  };
  if (prepared) await migrateCluster(readConfiguration(environment), serviceNames);
  if (prepared)
    await createTopics(kafka.access, topicsOf(Number(given['FULLHOUSE_PARTITIONS'] ?? partitions)), kafka.replicas);
  const started: ClusterProcess[] = [];
  return {
    directory: directory.path,
    postgres,
    kafka,
    environment,
    openLog: () => openClusterLog(readConfiguration(environment), createLogger('silent'), 'test'),
    async start(run, more = {}) {
      const configuration = readConfiguration({ ...environment, ...more });
      const process = await startCluster(configuration, createLogger(configuration.LOG_LEVEL), {
        roles: run,
        openLog: () => openClusterLog(configuration, createLogger(configuration.LOG_LEVEL), 'test'),
        development: true,
      });
      started.push(process);
      return process;
    },
    async stop() {
      for (const process of started.reverse()) await process.stop();
      await Promise.all([postgres.stop(), kafka.stop()]);
      await directory.remove();
    },
  };
}

/** All roles in this process. */
export async function runCluster(environment: Readonly<Record<string, string>>) {
  const ground = await clusterGround(environment);
  try {
    const process = await ground.start(roles);
    return { app: { ...process, postgres: ground.postgres }, stop: () => ground.stop() };
  } catch (error) {
    await ground.stop();
    throw error;
  }
}
