import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, afterEach, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Admin, Producer, stringSerializers } from '@platformatic/kafka';
import { impatient, kafkaOrSkip, startTestKafka, type TestKafka } from '../../../tests/support/kafka.ts';
import { RecordTooLarge } from './kafka/errors.ts';
import { type KafkaLog, openKafkaLog } from './kafka-log.ts';
import { follow, logContract, record, testTopics } from './log.contract.ts';
import type { LogUnavailable, Skipped } from './log.ts';

const start = { topic: 'letters', partition: 0, offset: 0 };
const memberScript = fileURLToPath(new URL('../../../tests/support/kafka-member.ts', import.meta.url));

if (await kafkaOrSkip('the log on Kafka')) {
  describe('the log on Kafka', () => {
    let kafka: TestKafka;
    const toStop: (() => Promise<unknown>)[] = [];
    before(async () => {
      kafka = await startTestKafka({ patience: impatient });
    });
    after(() => kafka.stop());
    afterEach(async () => {
      for (const stop of toStop.splice(0).reverse()) await stop();
    });

    const again = async (): Promise<KafkaLog> => {
      const log = await openKafkaLog({ ...kafka.access, topics: testTopics });
      toStop.push(() => log.close());
      return log;
    };
    const opened = async (): Promise<KafkaLog> => {
      await kafka.emptyTopics(testTopics);
      return again();
    };
    const following = (...parameters: Parameters<typeof follow>) => {
      const follower = follow(...parameters);
      toStop.push(follower.stop);
      return follower;
    };
    const admin = () => {
      const client = new Admin({ clientId: 'test', bootstrapBrokers: [kafka.broker.brokers] });
      toStop.push(() => client.close());
      return client;
    };

    logContract('kafka', opened);

    describe('appending', () => {
      test('refuses a record that is too large, at once and for good, and takes the others', async () => {
        const log = await opened();
        const large = record('x'.repeat(1_100_000));
        const [refused, taken] = await Promise.allSettled([
          log.append([record('a'), large]),
          log.append([record('b')]),
        ]);
        assert.equal(taken?.status, 'fulfilled');
        assert.ok(refused?.status === 'rejected' && refused.reason instanceof RecordTooLarge);
        assert.equal(refused.reason.retryable, false);
        assert.match(refused.reason.message, /a record for letters \(key k\) has 11000\d\d bytes/);
        assert.deepEqual(
          (await log.read(start, 9)).map(({ value }) => value),
          ['b'],
        );
      });

      test('keeps the order of more than fits one request, headers counted', async () => {
        const log = await opened();
        const headers = { padding: 'h'.repeat(3_000) };
        const many = Array.from({ length: 1_000 }, (_, each) => record(`${each}${'v'.repeat(3_000)}`, { headers }));
        await log.append(many);
        const follower = following(log, [start]);
        await follower.arrived(many.length);
        assert.deepEqual(
          follower.values(),
          many.map(({ value }) => value),
        );
      });

      test('goes on with smaller batches where a topic takes less, and refuses what never fits', async () => {
        const log = await opened();
        await admin().incrementalAlterConfigs({
          resources: [
            {
              resourceType: 2,
              resourceName: 'letters',
              configs: [{ name: 'max.message.bytes', value: '20000', configOperation: 0 }],
            },
          ],
        });
        // A setting reaches the partition a moment after it is answered.
        const isRefused = () =>
          log.append([record('x'.repeat(30_000))]).then(
            () => false,
            (error: unknown) => error instanceof RecordTooLarge,
          );
        while (!(await isRefused()));
        const { next: offset } = await log.bounds(start);
        const values = Array.from({ length: 50 }, (_, each) => `${each}${'v'.repeat(1_000)}`);
        await log.append(values.map((value) => record(value)));
        assert.ok(await isRefused());
        await log.append([record('last')]);
        assert.deepEqual(
          (await log.read({ ...start, offset }, 99)).map(({ value }) => value),
          [...values, 'last'],
        );
      });
    });

    describe('reading', () => {
      test('serves consumers of one partition that are at different places', async () => {
        const log = await opened();
        const values = Array.from({ length: 5_000 }, (_, each) => String(each));
        await log.append(values.map((value) => record(value)));
        const followers = [0, 0, 2_500, 4_999, 5_000].map((offset) => ({
          offset,
          ...following(log, [{ ...start, offset }]),
        }));
        await log.append([record('last')]);
        for (const { offset, arrived, values: got } of followers) {
          await arrived(5_001 - offset);
          assert.deepEqual(got(), [...values.slice(offset), 'last']);
        }
      });

      test('gives no more of long records at once than is enough text', async () => {
        const log = await opened();
        const text = 'x'.repeat(900_000);
        await log.append(Array.from({ length: 12 }, () => record(text)));
        const pages: number[] = [];
        for (let { offset } = start; offset < 12; ) {
          const page = await log.read({ ...start, offset }, 99);
          pages.push(page.length);
          offset = (page.at(-1)?.offset ?? 99) + 1;
        }
        assert.deepEqual(pages, [5, 5, 2]);
      });

      test('tells a consumer whose place is gone; a page starts at what is left', async () => {
        const log = await opened();
        await log.append(['a', 'b', 'c'].map((value) => record(value)));
        await admin().deleteRecords({ topics: [{ name: 'letters', partitions: [{ partition: 0, offset: 2n }] }] });
        const follower = following(log, [start]);
        await follower.failed();
        assert.match(follower.errors[0]?.message ?? '', /offset 0 of letters\/0 is no longer there/);
        assert.equal((follower.errors[0] as LogUnavailable).retryable, true);
        assert.deepEqual(await log.bounds(start), { first: 2, next: 3 });
        assert.deepEqual(
          (await log.read(start, 9)).map(({ offset, value }) => [offset, value]),
          [[2, 'c']],
        );
      });

      test('passes over what a transaction has taken back, and tells that there is nothing more', async () => {
        const log = await opened();
        await log.append([record('a')]);
        const foreign = new Producer({
          clientId: 'foreign',
          bootstrapBrokers: [kafka.broker.brokers],
          serializers: stringSerializers,
          idempotent: true,
          transactionalId: 'foreign',
        });
        toStop.push(() => foreign.close());
        const transaction = await foreign.beginTransaction();
        await transaction.send({ messages: [{ topic: 'letters', partition: 0, key: 'k', value: 'never' }] });
        await transaction.abort();
        const told = Promise.withResolvers<Skipped>();
        const values: (string | null)[] = [];
        const consumption = log.consume({
          positions: [start],
          onRecords: async (records) => void values.push(...records.map(({ value }) => value)),
          onError: told.reject,
          onSkipped: told.resolve,
        });
        toStop.push(() => consumption.stop());
        const skipped = await told.promise;
        const { next } = await log.bounds(start);
        assert.deepEqual([skipped, next, values], [{ topic: 'letters', partition: 0, from: 1, next }, 3, ['a']]);
        assert.deepEqual(
          (await log.read(start, 9)).map(({ value }) => value),
          ['a'],
        );
      });

      test('goes on over what compaction has removed', async () => {
        const log = await opened();
        const kept = { topic: 'kept', partition: 0 };
        const settings = { 'segment.ms': '50', 'min.cleanable.dirty.ratio': '0.01', 'max.compaction.lag.ms': '100' };
        await admin().incrementalAlterConfigs({
          resources: [
            {
              resourceType: 2,
              resourceName: 'kept',
              configs: Object.entries(settings).map(([name, value]) => ({ name, value, configOperation: 0 as const })),
            },
          ],
        });
        await log.append([record('old', { ...kept, key: 'x' }), record('new', { ...kept, key: 'x' })]);
        // Only what lies in front of the newest segment is compacted; a later record starts one.
        const offsets = async () => (await log.read({ ...kept, offset: 0 }, 99)).map(({ offset }) => offset);
        do await log.append([record('y', { ...kept, key: 'y' })]);
        while ((await offsets())[0] === 0);
        const end = (await log.bounds(kept)).next;
        const follower = following(log, [{ ...kept, offset: 0 }]);
        await follower.arrived(2);
        assert.deepEqual(follower.values().slice(0, 1), ['new']);
        await log.append([record('last', { ...kept, key: 'z' })]);
        await follower.arrived((await offsets()).filter((offset) => offset <= end).length);
        assert.deepEqual(follower.errors, []);
      });

      test('tells a consumer whose topic was created anew, and shows the new id', async () => {
        const log = await opened();
        await log.append([record('old')]);
        const follower = following(log, [start]);
        await follower.arrived(1);
        const before = log.topics.map(({ id }) => id);
        await kafka.emptyTopics(testTopics);
        await follower.failed();
        assert.match(follower.errors[0]?.message ?? '', /topic letters was created anew/);
        const now = log.topics.map(({ id }) => id);
        assert.ok(now.every((id) => !before.includes(id)));
        await log.append([record('new')]);
        const next = following(log, [start]);
        await next.arrived(1);
        assert.deepEqual([next.values(), log.health], [['new'], { reachable: true }]);
      });
    });

    describe('a group', () => {
      // The coordinator forgets the offsets of topics that were deleted some time later, by their names.
      before(() => kafka.emptyTopics(testTopics));

      /** What a member owns, as the calls say. */
      async function member(log: KafkaLog) {
        const owned = new Set<number>();
        const watchers = new Set<() => void>();
        let isBusy = false;
        const change = (apply: (partition: number) => void) => async (partitions: readonly number[]) => {
          assert.ok(!isBusy, 'two changes of ownership at the same time');
          isBusy = true;
          await new Promise((resolve) => setImmediate(resolve));
          for (const partition of partitions) apply(partition);
          isBusy = false;
          for (const look of watchers) look();
        };
        const membership = await log.join({
          group: 'fullhouse-members',
          topic: 'letters',
          onAssigned: change((partition) => owned.add(partition)),
          onRevoked: change((partition) => owned.delete(partition)),
        });
        toStop.push(() => membership.leave());
        const owns = (count: number) =>
          new Promise<void>((resolve) => {
            const look = () => (owned.size === count ? resolve() : undefined);
            watchers.add(look);
            look();
          });
        return { owned, owns, leave: () => membership.leave() };
      }

      test('gives two members partitions of their own, and one what the other leaves', async () => {
        const first = await member(await again());
        await first.owns(2);
        const second = await member(await again());
        await Promise.all([first.owns(1), second.owns(1)]);
        assert.deepEqual([...first.owned, ...second.owned].toSorted(), [0, 1]);
        await second.leave();
        assert.equal(second.owned.size, 0);
        await first.owns(2);
      });

      test('gives a member what belonged to one that was killed', async () => {
        const first = await member(await again());
        const child = spawn(process.execPath, [memberScript, kafka.broker.brokers], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        await Promise.all([once(child.stdout, 'data'), first.owns(1)]);
        child.kill('SIGKILL');
        await first.owns(2);
      });

      test('keeps offsets of topics that it does not subscribe to, for lag tools', async () => {
        const log = await again();
        await member(log);
        log.commit('fullhouse-members', [
          { ...start, offset: 7 },
          { topic: 'numbers', partition: 1, offset: 3 },
        ]);
        const committed = (await log.committed()).filter(({ group }) => group === 'fullhouse-members');
        assert.deepEqual(
          committed.map(({ topic, partition, offset }) => [topic, partition, offset]),
          [
            ['letters', 0, 7],
            ['numbers', 1, 3],
          ],
        );
      });
    });
  });
}
