import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { ClusterProcess } from '../../src/cluster.ts';
import { roles } from '../../src/composition/roles.ts';
import { type KafkaLog, openKafkaLog } from '../../src/runtime/log/kafka-log.ts';
import { follow, logContract, record, testTopics } from '../../src/runtime/log/log.contract.ts';
import { brokenPromises } from '../support/audit.ts';
import { Client, eventually, visa } from '../support/client.ts';
import { type ClusterGround, clusterGround } from '../support/cluster.ts';
import { outcomesOf, startLoad } from '../support/load.ts';
import { liftRateLimits } from '../support/people.ts';
import { administrator, signInTo } from '../support/servers.ts';
import { type SeveralBrokers, startSeveralBrokers } from '../support/several-brokers.ts';
import { buildVenue, openShow } from '../support/venue.ts';

/**
 * Three brokers, each partition on all of them and acknowledged by two: whoever leads is killed while records are appended and
 * consumed, `BROKER_KILLS` times.
 */
const kills = Number(process.env['BROKER_KILLS'] ?? 1);
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
      await kafka.emptyTopics(testTopics);
      return open();
    },
    { isSpread: true },
  );

  it(`lose nothing and have nothing twice when their leader is killed, ${kills} times`, async (t) => {
    await kafka.emptyTopics(testTopics);
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
      await kafka.restart();
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

describe('an installation over three brokers', { timeout: 180_000 + kills * 60_000 }, () => {
  let kafka: SeveralBrokers;
  let ground: ClusterGround;
  let app: ClusterProcess;
  let admin: Client;
  let people: readonly Client[];
  const showIds: string[] = [];

  before(async () => {
    ground = await clusterGround(
      {
        PORT: '0',
        LOG_LEVEL: 'silent',
        FULLHOUSE_ADMIN_EMAIL: administrator.email,
        FULLHOUSE_ADMIN_PASSWORD: administrator.password,
      },
      {
        kafka: async () => {
          kafka = await startSeveralBrokers(3);
          return kafka;
        },
      },
    );
    app = await ground.start(roles);
    admin = await signInTo(app);
    await liftRateLimits(admin);
    const venue = await buildVenue(admin, { rows: 20, seats: 100 });
    for (let shows = 0; shows < 8; shows += 1) showIds.push(await openShow(admin, venue));
    people = await Promise.all(['Ada', 'Bob'].map((name) => new Client(app.url).register(name)));
  });
  after(() => ground?.stop());

  it(`loses no booking and makes none twice when brokers are killed, ${kills} times`, async (t) => {
    const load = startLoad(people, showIds);
    /** One of each show, so that every partition has its part in it. */
    const bookedEverywhere = () =>
      Promise.all(
        showIds.map((showId) =>
          eventually(
            () => admin.book({ showId, bestAvailable: { count: 1 }, payment: visa }, { waitSeconds: 30 }),
            ({ body }) => body.status === 'confirmed',
          ),
        ),
      );
    await bookedEverywhere();
    for (let kill = 1; kill <= kills; kill += 1) {
      const { leader } = await kafka.partition('booking-movie', kill % 4);
      const began = performance.now();
      await kafka.kill(leader);
      await bookedEverywhere();
      t.diagnostic(`broker ${leader} killed: every show booked after ${Math.round(performance.now() - began)} ms`);
      await kafka.restart();
      await eventually(
        () => kafka.partition('booking-movie', kill % 4),
        ({ inSync }) => inSync.length === 3,
      );
    }
    await load.end();
    const bookings = await outcomesOf(admin, load);
    assert.ok(bookings.some(({ status }) => status === 'confirmed'));
    await Promise.all(app.hosts.map(({ loop }) => loop.caughtUp()));
    assert.deepEqual(await brokenPromises({ postgres: ground.postgres, log: app.log }), []);
    t.diagnostic(`${bookings.length} bookings`);
  });
});
