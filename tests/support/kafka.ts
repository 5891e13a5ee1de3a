import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { Admin } from '@platformatic/kafka';
import { freePorts } from '../../deploy/cluster/ports.ts';
import { localDistribution, whyNoLocalKafka } from '../../deploy/kafka/distribution.ts';
import { type LocalKafka, type LocalKafkaOptions, startLocalKafka } from '../../deploy/kafka/local-kafka.ts';
import type { GroupPosition } from '../../src/operations/lag.ts';
import type { KafkaAccess } from '../../src/runtime/log/kafka/cluster.ts';
import { createTopics, type TopicSettings } from '../../src/runtime/log/kafka/topic-admin.ts';
import type { WantedTopic } from '../../src/runtime/log/kafka/topic-check.ts';
import { createLogger } from '../../src/runtime/logger.ts';
import { temporaryDirectory } from './directory.ts';

/**
 * Whether there can be a Kafka here. Where not, says so loudly and leaves a skipped test; with `CI=true` that is a failure,
 * so that nobody takes silence for proof.
 */
export async function kafkaOrSkip(what: string): Promise<boolean> {
  const reason = await whyNoLocalKafka();
  if (reason === undefined) return true;
  console.error(`SKIPPED ${what}: ${reason}`);
  test(what, { skip: process.env['CI'] === 'true' ? false : reason }, () => {
    throw new Error(reason);
  });
  return false;
}

/** A broker of a test file's own. */
export interface TestKafka {
  readonly broker: LocalKafka;
  readonly access: KafkaAccess;
  /** What topics are made with here. */
  readonly replicas: TopicSettings;
  /** Starts a broker that was stopped or killed again, at the same place with the same records. */
  restart(): Promise<void>;
  /** Makes these topics, empty, whatever there was under their names. */
  emptyTopics(topics: readonly WantedTopic[]): Promise<void>;
  stop(): Promise<void>;
}

/** For tests of the driver alone: members are few, and found missing soon. */
export const impatient = { heartbeatMs: 250, sessionMs: 3_000 };

/** As brokers are that live as long as a test. */
export const brief = { heapMegabytes: 384, isBrief: true };

type TestKafkaOptions = Pick<LocalKafkaOptions, 'sasl' | 'saslAdvertisedPort' | 'saslPort' | 'tls' | 'patience'>;

/** Makes in a directory what a broker makes at its first start, where there can be one. */
export async function prepareKafka(directory: string): Promise<void> {
  if ((await whyNoLocalKafka()) !== undefined) return;
  const broker = await startLocalKafka({ directory: join(directory, 'kafka'), ...brief });
  await broker.stop();
}

export async function startTestKafka(options: TestKafkaOptions = {}): Promise<TestKafka> {
  // Users are written down when the place is made.
  const directory = await temporaryDirectory(options.sasl === undefined ? 'kafka' : undefined);
  const [port, saslPort] = await freePorts(2);
  const at = { port, saslPort, ...options, directory: join(directory.path, 'kafka'), ...brief };
  let broker = await startLocalKafka(at);
  const access = accessTo(broker.brokers);
  const replicas = { replicationFactor: 1, minInsyncReplicas: 1 };
  return {
    get broker() {
      return broker;
    },
    access,
    replicas,
    async restart() {
      broker = await startLocalKafka(at);
    },
    async emptyTopics(topics) {
      await kafkaAdmin({ broker }, async (admin) => {
        const known = await admin.listTopics();
        const old = topics.filter(({ name }) => known.includes(name)).map(({ name }) => name);
        if (old.length > 0) await admin.deleteTopics({ topics: old });
        // What was decided spreads a moment later.
        while ((await admin.listTopics()).some((name) => old.includes(name)));
      });
      await createTopics(access, topics, replicas);
    },
    async stop() {
      await broker.stop();
      await directory.remove();
    },
  };
}

/** As whoever runs the brokers does, by a client that is not ours. */
export async function kafkaAdmin<Result>(
  { broker }: Pick<TestKafka, 'broker'>,
  work: (admin: Admin) => Promise<Result>,
): Promise<Result> {
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: [broker.brokers] });
  return work(admin).finally(() => admin.close());
}

const run = promisify(execFile);

/** How far each group has come, as Kafka's own tool tells it. */
export async function consumerGroups({ broker }: Pick<TestKafka, 'broker'>): Promise<readonly GroupPosition[]> {
  const { jars, archive } = await localDistribution();
  const command = 'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand';
  const asked = ['--bootstrap-server', broker.brokers, '--describe', '--all-groups'];
  const java = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', ...archive.flags, '-cp', join(jars, '*')];
  const { stdout } = await run('java', [...java, command, ...asked]);
  return stdout.split('\n').flatMap((line) => {
    const [group = '', topic = '', ...numbers] = line.trim().split(/\s+/);
    const [partition = 0, position = 0, end = 0, lag = 0] = numbers.slice(0, 4).map(Number);
    return Number.isInteger(lag) && numbers.length >= 4 ? [{ group, topic, partition, position, end, lag }] : [];
  });
}

/** Access to a broker of this machine, as a service has it. */
export function accessTo(brokers: string, more: Partial<KafkaAccess> = {}): KafkaAccess {
  const [host = '', port = ''] = brokers.split(':');
  return { brokers: [{ host, port: Number(port) }], clientId: 'test', logger: createLogger('silent'), ...more };
}
