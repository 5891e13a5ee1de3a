import { join } from 'node:path';
import pg from 'pg';
import { startLocalKafka } from '../../deploy/kafka/local-kafka.ts';
import { topicsOf } from '../../src/composition/services.ts';
import { startEmbeddedPostgres } from '../../src/runtime/embedded/postgres.ts';
import { openEmbeddedRecords } from '../../src/runtime/log/embedded-records.ts';
import { createTopics } from '../../src/runtime/log/kafka/topic-admin.ts';
import { openKafkaLog } from '../../src/runtime/log/kafka-log.ts';
import { LocalLog } from '../../src/runtime/log/local-log.ts';
import type { Log } from '../../src/runtime/log/log.ts';
import { createLogger } from '../../src/runtime/logger.ts';
import type { HostPlan } from './arm.ts';
import { inboxOf } from './conventional.ts';
import { tablesOf } from './null-pipeline.ts';
import { stepServices } from './shape.ts';

/** Where a baseline writes: a PostgreSQL and a log of its own, set up as ours are. */
export interface Places {
  readonly log: Log;
  readonly databaseUrl: string;
  /** `host:port`, where there is a Kafka. */
  readonly brokers: string | undefined;
  close(): Promise<void>;
}

/** As many as an installation has by default. */
export const partitions = 4;
const connectionsMax = 400;
/** For single hops and commits, and for Kafka's own measurement. */
export const probeTopic = 'bench-probe';

export async function openPlaces({ mode, directory }: HostPlan): Promise<Places> {
  const postgres = await startEmbeddedPostgres(join(directory, 'postgres'), { connectionsMax });
  const databaseUrl = postgres.url('postgres');
  await createTables(databaseUrl);
  const topics = [...topicsOf(partitions), { name: probeTopic, partitions: 1, retentionDays: 1 }];
  if (mode === 'embedded') {
    const log = new LocalLog(await openEmbeddedRecords(join(directory, 'log.sqlite'), topics));
    const close = async () => {
      await log.close();
      await postgres.stop();
    };
    return { log, databaseUrl, brokers: undefined, close };
  }
  const kafka = await startLocalKafka({ directory: join(directory, 'kafka') });
  const [host = '', port = ''] = kafka.brokers.split(':');
  const access = {
    brokers: [{ host, port: Number(port) }],
    clientId: 'bench-baseline',
    logger: createLogger('silent'),
  };
  await createTopics(access, topics, { replicationFactor: 1, minInsyncReplicas: 1 });
  const log = await openKafkaLog({ ...access, topics });
  const close = async () => {
    await log.close();
    await kafka.stop();
    await postgres.stop();
  };
  return { log, databaseUrl, brokers: kafka.brokers, close };
}

async function createTables(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  for (const name of stepServices) await client.query(tablesOf(name) + inboxOf(name));
  await client.query('create table probe (id bigint generated always as identity primary key, body json not null)');
  await client.end();
}
