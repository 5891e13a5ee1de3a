import { join } from 'node:path';
import { test } from 'node:test';
import { Admin } from '@platformatic/kafka';
import {
  type LocalKafka,
  type LocalKafkaOptions,
  startLocalKafka,
  whyNoLocalKafka,
} from '../../deploy/kafka/local-kafka.ts';
import type { KafkaAccess } from '../../src/runtime/log/kafka/cluster.ts';
import { createTopics } from '../../src/runtime/log/kafka/topic-admin.ts';
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
  /** Starts a broker that was stopped or killed again, at the same place with the same records. */
  restart(): Promise<void>;
  /** Makes these topics, empty, whatever there was under their names. */
  emptyTopics(topics: readonly WantedTopic[]): Promise<void>;
  stop(): Promise<void>;
}

/** For tests of the driver alone: members are few, and found missing soon. */
export const impatient = { heartbeatMs: 250, sessionMs: 3_000 };

export async function startTestKafka(options: Pick<LocalKafkaOptions, 'sasl' | 'patience'> = {}): Promise<TestKafka> {
  const directory = await temporaryDirectory();
  const at = { ...options, directory: join(directory.path, 'kafka'), heapMegabytes: 384, isBrief: true };
  let broker = await startLocalKafka(at);
  const access = accessTo(broker.brokers);
  const portOf = (address: string | undefined) => (address === undefined ? undefined : Number(address.split(':')[1]));
  return {
    get broker() {
      return broker;
    },
    access,
    async restart() {
      broker = await startLocalKafka({ ...at, port: portOf(broker.brokers), saslPort: portOf(broker.saslBrokers) });
    },
    async emptyTopics(topics) {
      const admin = new Admin({ clientId: 'test', bootstrapBrokers: [broker.brokers] });
      const known = await admin.listTopics();
      const old = topics.filter(({ name }) => known.includes(name)).map(({ name }) => name);
      if (old.length > 0) await admin.deleteTopics({ topics: old });
      // What was decided spreads a moment later.
      while ((await admin.listTopics()).some((name) => old.includes(name)));
      await admin.close();
      await createTopics(access, topics, { replicationFactor: 1, minInsyncReplicas: 1 });
    },
    async stop() {
      await broker.stop();
      await directory.remove();
    },
  };
}

/** Access to a broker of this machine, as a service has it. */
export function accessTo(brokers: string, more: Partial<KafkaAccess> = {}): KafkaAccess {
  const [host = '', port = ''] = brokers.split(':');
  return { brokers: [{ host, port: Number(port) }], clientId: 'test', logger: createLogger('silent'), ...more };
}
