import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { after, afterEach, before, describe, test } from 'node:test';
import { accessTo, impatient, kafkaOrSkip, startTestKafka, type TestKafka } from '../../../../tests/support/kafka.ts';
import { type KafkaLog, openKafkaLog } from '../kafka-log.ts';
import { follow, record, testTopics } from '../log.contract.ts';
import { LogUnavailable } from '../log.ts';
import type { KafkaAccess } from './cluster.ts';
import { KafkaRefused } from './errors.ts';
import { createTopics } from './topic-admin.ts';

const start = { topic: 'letters', partition: 0, offset: 0 };
const alice = { username: 'alice', password: 'the looking glass' };
const replicas = { replicationFactor: 1, minInsyncReplicas: 1 };

/** Opening fails; the message is one line. */
async function refused(access: KafkaAccess, topics = testTopics): Promise<Error> {
  try {
    await (await openKafkaLog({ ...access, topics })).close();
  } catch (error) {
    assert.ok(error instanceof Error && !error.message.includes('\n'), String(error));
    return error;
  }
  throw new assert.AssertionError({ message: 'it opened' });
}

/** A broker that takes a connection and answers nothing, as one does that is frozen. */
async function silentBroker(): Promise<{ readonly port: number; readonly end: () => void }> {
  const sockets = new Set<Socket>();
  const silent = createServer((socket) => sockets.add(socket));
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const address = silent.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  const end = () => {
    for (const socket of sockets) socket.destroy();
    silent.close();
  };
  return { port, end };
}

/** What is said of it. */
async function refusedBySilence(): Promise<{ readonly port: number; readonly error: Error }> {
  const { port, end } = await silentBroker();
  const error = await refused(accessTo(`127.0.0.1:${port}`));
  end();
  return { port, error };
}

/** Takes a health's word for it once it says so. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 20));
}

if (await kafkaOrSkip('a Kafka that fails')) {
  describe('a Kafka that fails', () => {
    let kafka: TestKafka;
    // It takes its time, while others are tested.
    const silence = refusedBySilence();
    const toStop: (() => Promise<unknown>)[] = [];
    const opened = async (access = kafka.access): Promise<KafkaLog> => {
      const log = await openKafkaLog({ ...access, topics: testTopics });
      toStop.push(() => log.close());
      return log;
    };
    afterEach(async () => {
      for (const stop of toStop.splice(0).reverse()) await stop();
    });
    before(async () => {
      kafka = await startTestKafka({ sasl: alice, patience: impatient });
      await kafka.emptyTopics(testTopics);
    });
    after(() => kafka.stop());

    test('in one of its brokers, which takes connections and says nothing, is asked at another', async () => {
      const { port, end } = await silentBroker();
      toStop.push(async () => end());
      const brokers = [{ host: '127.0.0.1', port }, ...kafka.access.brokers];
      const log = await opened({ ...kafka.access, brokers });
      await log.append([record('taken')]);
      assert.equal((await log.bounds(start)).next, 1);
    });

    test('in that nobody listens is told with its address', async () => {
      const error = await refused(accessTo('127.0.0.1:1'));
      assert.ok(error instanceof LogUnavailable);
      assert.match(error.message, /^Kafka at 127\.0\.0\.1:1 cannot be reached: .*ECONNREFUSED/);
    });

    test('in that topics are missing names them, and the command that makes them', async () => {
      const wanted = [...testTopics, { name: 'absent', partitions: 2, retentionDays: 7 }] as const;
      const error = await refused(kafka.access, wanted);
      assert.ok(error instanceof KafkaRefused);
      assert.equal(error.message, 'topic absent is missing; run "fullhouse topics create"');
    });

    test('in that a topic has another number of partitions says which to set', async () => {
      const wanted = testTopics.map((topic) => ({ ...topic, partitions: 2 * topic.partitions }));
      const told = /^topic letters has 2 partitions, not 4 \(and 2 more topics\); set FULLHOUSE_PARTITIONS=2/;
      assert.match((await refused(kafka.access, wanted)).message, told);
      await assert.rejects(createTopics(kafka.access, wanted, replicas), { message: told });
    });

    test('in that topics are kept otherwise is set right by the same command', async () => {
      const wanted = testTopics.map((topic) => ({ ...topic, retentionDays: 3 }));
      const outcome = await createTopics(kafka.access, wanted, replicas);
      assert.deepEqual(
        outcome.map(({ topic, outcome: what }) => [topic, what]),
        testTopics.map(({ name }) => [name, 'changed']),
      );
      assert.deepEqual(outcome[0]?.changes, ['retention.ms 2592000000 → 259200000']);
      await createTopics(kafka.access, testTopics, replicas);
      // A broker may say for a moment longer what was set before.
      const isSettled = async () =>
        (await createTopics(kafka.access, testTopics, replicas)).every(({ outcome: what }) => what === 'found');
      while (!(await isSettled())) await new Promise(setImmediate);
    });

    for (const mechanism of ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const) {
      test(`lets in who knows the password by ${mechanism}, and nobody else`, async () => {
        const brokers = kafka.broker.saslBrokers ?? '';
        const log = await opened(accessTo(brokers, { sasl: { mechanism, ...alice } }));
        await log.append([record(mechanism)]);
        const error = await refused(accessTo(brokers, { sasl: { mechanism, ...alice, password: 'wrong' } }));
        assert.ok(error instanceof KafkaRefused);
        assert.match(error.message, /the user name or password is refused/);
        assert.ok(!error.message.includes('wrong') && !error.message.includes(alice.password));
      });
    }

    test('and comes back: appends fail meanwhile and succeed again, consumers go on by themselves', async () => {
      const log = await opened();
      const { next } = await log.bounds(start);
      const follower = follow(log, [{ ...start, offset: next }]);
      toStop.push(follower.stop);
      await log.append([record('before')]);
      await follower.arrived(1);
      await kafka.broker.kill();
      await assert.rejects(log.append([record('meanwhile')]), LogUnavailable);
      assert.match((log.health as { error?: string }).error ?? '', /cannot be reached: .*ECONNREFUSED/);
      await kafka.restart();
      await log.append([record('after')]);
      await follower.arrived(2);
      await until(() => log.health.reachable);
      assert.deepEqual([follower.values(), follower.errors], [['before', 'after'], []]);
    });

    test('and comes back: whoever owned partitions does so again, and never twice', async () => {
      const log = await opened();
      const told: string[] = [];
      await log.join({
        group: 'fullhouse-faithful',
        topic: 'letters',
        onAssigned: async (partitions) => void told.push(`+${partitions.join()}`),
        onRevoked: async (partitions) => void told.push(`-${partitions.join()}`),
      });
      await until(() => told.length > 0);
      await kafka.broker.kill();
      await until(() => !log.health.reachable);
      await kafka.restart();
      await until(() => log.health.reachable);
      log.commit('fullhouse-faithful', [{ ...start, offset: 1 }]);
      while ((await log.committed()).every(({ group }) => group !== 'fullhouse-faithful'));
      await until(() => told.at(-1) === '+0,1');
      // A coordinator that came back may know its members no more: then they let go before they join again.
      assert.ok(
        told.every((each, index) => each === (index % 2 === 0 ? '+0,1' : '-0,1')),
        told.join(' '),
      );
    });

    test('in that it never answers is told after a while', async () => {
      const { port, error } = await silence;
      assert.ok(error instanceof LogUnavailable);
      assert.match(error.message, new RegExp(`Kafka at 127\\.0\\.0\\.1:${port} cannot be reached: Request timed out`));
    });
  });
}
