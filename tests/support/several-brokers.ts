import { join } from 'node:path';
import { Connection, metadataV12 } from '@platformatic/kafka';
import { freePorts } from '../../deploy/cluster/ports.ts';
import { type LocalKafka, startLocalKafka } from '../../deploy/kafka/local-kafka.ts';
import { createTopics } from '../../src/runtime/log/kafka/topic-admin.ts';
import { temporaryDirectory } from './directory.ts';
import { accessTo, brief, impatient, kafkaAdmin, type TestKafka } from './kafka.ts';

/** Brokers that copy each other's partitions and vote on who leads, by their ids from 1 on. */
export interface SeveralBrokers extends TestKafka {
  /** Who leads a partition, and who has all of it. */
  partition(topic: string, partition: number): Promise<{ readonly leader: number; readonly inSync: readonly number[] }>;
  kill(id: number): Promise<void>;
  /** Starts those that were killed. */
  restart(): Promise<void>;
}

export async function startSeveralBrokers(count: number): Promise<SeveralBrokers> {
  const directory = await temporaryDirectory();
  const ports = await freePorts(2 * count);
  const controllerPorts = ports.slice(count);
  const start = (id: number) =>
    startLocalKafka({
      directory: join(directory.path, `broker-${id}`),
      port: ports[id - 1],
      node: { id, controllerPorts },
      patience: impatient,
      ...brief,
    });
  const ids = Array.from({ length: count }, (_, index) => index + 1);
  const running = new Map<number, LocalKafka>();
  // None of them is anything before most of them are there.
  await Promise.all(ids.map(async (id) => running.set(id, await start(id))));
  const any = (): LocalKafka => {
    const [first] = running.values();
    if (first === undefined) throw new Error('no broker runs');
    return first;
  };
  const brokers = ids.map((id) => ({ host: '127.0.0.1', port: ports[id - 1] ?? 0 }));
  const access = accessTo(any().brokers, { brokers });
  const replicas = { replicationFactor: count, minInsyncReplicas: Math.max(1, count - 1) };
  return {
    access,
    get broker() {
      return any();
    },
    partition: (topic, partition) =>
      kafkaAdmin({ broker: any() }, async (admin) => {
        const found = (await admin.metadata({ topics: [topic], forceUpdate: true })).topics.get(topic);
        const { leader = -1, isr = [] } = found?.partitions[partition] ?? {};
        return { leader, inSync: isr };
      }),
    replicas,
    async emptyTopics(topics) {
      await kafkaAdmin({ broker: any() }, async (admin) => {
        const known = await admin.listTopics();
        const old = topics.filter(({ name }) => known.includes(name)).map(({ name }) => name);
        if (old.length > 0) await admin.deleteTopics({ topics: old });
      });
      // Whoever is asked next has to know that they are gone.
      for (const broker of brokers) for (const { name } of topics) while (await knows(broker, name));
      await createTopics(access, topics, replicas);
    },
    async kill(id) {
      const broker = running.get(id);
      running.delete(id);
      await broker?.kill();
    },
    async restart() {
      const killed = ids.filter((id) => !running.has(id));
      await Promise.all(killed.map(async (id) => running.set(id, await start(id))));
    },
    async stop() {
      await Promise.all([...running.values()].map((broker) => broker.stop()));
      await directory.remove();
    },
  };
}

/** Whether this very broker knows a topic. */
async function knows(
  { host, port }: { readonly host: string; readonly port: number },
  topic: string,
): Promise<boolean> {
  const connection = new Connection('test');
  await connection.connect(host, port);
  try {
    await metadataV12.api.async(connection, [topic], false, false);
    return true;
  } catch {
    return false;
  } finally {
    await connection.close();
  }
}
