import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type KafkaLog, openKafkaLog } from '../../src/runtime/log/kafka-log.ts';
import { follow, logContract, record, testTopics } from '../../src/runtime/log/log.contract.ts';
import { eventually } from '../support/client.ts';
import { type SeveralBrokers, startSeveralBrokers } from '../support/several-brokers.ts';

/**
 * Three brokers, each partition on all of them and acknowledged by two: whoever leads is killed while records are appended and
 * consumed, `BROKER_KILLS` times.
 */
const kills = Number(process.env['BROKER_KILLS'] ?? 1);
const replicas = { replicationFactor: 3, minInsyncReplicas: 2 };
const recordsAfterKill = 50;

describe('three brokers', { timeout: 120_000 + kills * 60_000 }, () => {
  let kafka: SeveralBrokers;
  const opened: KafkaLog[] = [];
  const open = async (): Promise<KafkaLog> => {
    const log = await openKafkaLog({ ...kafka.access, topics: testTopics });
    opened.push(log);
    return log;
  };
  before(async () => {
    kafka = await startSeveralBrokers(3);
  });
  after(async () => {
    await Promise.all(opened.map((log) => log.close()));
    await kafka?.stop();
  });

  logContract(
    'kafka of three brokers',
    async () => {
      await kafka.emptyTopics(testTopics, replicas);
      return open();
    },
    { isSpread: true },
  );

  it(`lose nothing and have nothing twice when their leader is killed, ${kills} times`, async (t) => {
    await kafka.emptyTopics(testTopics, replicas);
    const log = await open();
    const follower = follow(log, [{ topic: 'letters', partition: 0, offset: 0 }]);
    const owned = new Set<number>();
    await log.join({
      group: 'fullhouse-faithful',
      topic: 'letters',
      onAssigned: async (partitions) => {
        for (const each of partitions) owned.add(each);
      },
      onRevoked: async (partitions) => {
        for (const each of partitions) owned.delete(each);
      },
    });
    const acknowledged: string[] = [];
    /** Of unknown outcome, and so sent again. */
    const repeated = new Set<string>();
    let isWriting = true;
    const writing = (async () => {
      for (let number = 0; isWriting; number += 1) {
        const value = String(number);
        const taken = () =>
          log.append([record(value)]).then(
            () => true,
            () => false,
          );
        while (!(await taken())) repeated.add(value);
        acknowledged.push(value);
      }
    })();
    const more = async () => {
      const wanted = acknowledged.length + recordsAfterKill;
      await eventually(
        async () => Math.min(acknowledged.length, follower.values().length),
        (count) => count >= wanted,
      );
    };
    for (let kill = 1; kill <= kills; kill += 1) {
      await more();
      const { leader } = await kafka.partition('letters', 0);
      const began = performance.now();
      await kafka.kill(leader);
      await more();
      const tookMs = Math.round(performance.now() - began);
      t.diagnostic(`broker ${leader} killed: ${recordsAfterKill} records were written and read after ${tookMs} ms`);
      assert.notEqual((await kafka.partition('letters', 0)).leader, leader);
      await kafka.restart(leader);
      await eventually(
        () => kafka.partition('letters', 0),
        ({ inSync }) => inSync.length === 3,
      );
    }
    isWriting = false;
    await writing;
    await follower.arrived(acknowledged.length);
    const { next } = await log.bounds({ topic: 'letters', partition: 0 });
    await eventually(
      async () => follower.records().at(-1)?.offset,
      (offset) => offset === next - 1,
    );
    const values = follower.values().map(String);
    assert.deepEqual([...new Set(values)], acknowledged);
    const twice = values.filter((value, index) => values.indexOf(value) !== index);
    // Its reader knows such a one by its sequence.
    assert.deepEqual(
      twice.filter((value) => !repeated.has(value)),
      [],
    );
    t.diagnostic(`${acknowledged.length} records, ${repeated.size} sent again, ${twice.length} of them there twice`);
    assert.deepEqual([follower.errors, [...owned].sort()], [[], [0, 1]]);
    await eventually(
      async () => log.health,
      ({ reachable }) => reachable,
    );
    await follower.stop();
  });
});
