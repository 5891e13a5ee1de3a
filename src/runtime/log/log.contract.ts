import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { consumeRecordsMax, type Log, type LogRecord, type LogTopic, type OutgoingRecord } from './log.ts';

export const testTopics: readonly Omit<LogTopic, 'id'>[] = [
  { name: 'letters', partitions: 2, retentionDays: 30 },
  { name: 'numbers', partitions: 2, retentionDays: 30 },
  { name: 'kept', partitions: 1, retentionDays: 'compacted' },
];

/** So many records that no buffer in memory reaches back to the first. */
const farBehind = 1_500;

export const record = (value: string | null, more: Partial<OutgoingRecord> = {}): OutgoingRecord => ({
  topic: 'letters',
  partition: 0,
  key: 'k',
  headers: {},
  value,
  ...more,
});

/** Follows a log from given positions and keeps what came. */
export function follow(log: Log, positions: readonly { topic: string; partition: number; offset: number }[]) {
  const chunks: (readonly LogRecord[])[] = [];
  const errors: Error[] = [];
  const watchers = new Set<() => void>();
  let gate: Promise<void> = Promise.resolve();
  const consumption = log.consume({
    positions,
    onRecords: async (records) => {
      chunks.push(records);
      for (const look of watchers) look();
      await gate;
    },
    onError: (error) => {
      errors.push(error);
      for (const look of watchers) look();
    },
  });
  const records = () => chunks.flat();
  const when = (isSo: () => boolean) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (!isSo()) return;
        watchers.delete(look);
        resolve();
      };
      watchers.add(look);
      look();
    });
  return {
    chunks,
    errors,
    records,
    values: () => records().map((each) => each.value),
    /** Resolves when so many records have come. */
    arrived: (count: number) => when(() => records().length >= count),
    failed: () => when(() => errors.length > 0),
    /** From the next delivery on, `onRecords` stays pending until the returned function is called. */
    hold(): () => void {
      let open = () => {};
      gate = new Promise((resolve) => {
        open = resolve;
      });
      return open;
    },
    stop: () => consumption.stop(),
  };
}

/** What every log promises. `open` gives an empty one with `testTopics`; one that is spread over servers reads each in its own time. */
export function logContract(
  name: string,
  open: () => Promise<Log>,
  { isSpread = false }: { readonly isSpread?: boolean } = {},
): void {
  describe(`${name} as a log`, () => {
    const toStop: (() => Promise<void>)[] = [];
    const following = (...[log, positions]: Parameters<typeof follow>) => {
      const follower = follow(log, positions);
      toStop.push(follower.stop);
      return follower;
    };
    const opened = async () => {
      const log = await open();
      toStop.push(() => log.close());
      return log;
    };
    afterEach(async () => {
      for (const stop of toStop.splice(0)) await stop();
    });
    const from = (offset = 0, more: object = {}) => ({ topic: 'letters', partition: 0, offset, ...more });

    test('has its topics, each with an id', async () => {
      const log = await opened();
      assert.deepEqual(
        log.topics.map(({ name: topic, partitions }) => [topic, partitions]),
        testTopics.map((topic) => [topic.name, topic.partitions]),
      );
      assert.ok(log.topics.every((topic) => topic.id.length > 0));
    });

    test('gives contiguous offsets in order, each partition its own', async () => {
      const log = await opened();
      await log.append([record('a'), record('x', { partition: 1 }), record('b')]);
      await log.append([record('c')]);
      const read = await log.read(from(), 10);
      assert.deepEqual(
        read.map(({ offset, value }) => [offset, value]),
        [
          [0, 'a'],
          [1, 'b'],
          [2, 'c'],
        ],
      );
      assert.deepEqual(await log.bounds({ topic: 'letters', partition: 0 }), { first: 0, next: 3 });
      assert.deepEqual(await log.bounds({ topic: 'letters', partition: 1 }), { first: 0, next: 1 });
    });

    test('brings keys, headers, values and tombstones back as they were', async () => {
      const log = await opened();
      const headers = { ce_id: 'a/1', 'content-type': 'application/json', odd: 'é " \\ \n' };
      const sent = [
        record('{"ü":"\\u0000"}', { key: 'schlüssel', headers }),
        record(null, { topic: 'kept', key: 'gone' }),
      ];
      await log.append(sent);
      const [value] = await log.read(from(), 1);
      const [tombstone] = await log.read(from(0, { topic: 'kept' }), 1);
      assert.deepEqual(
        [value, tombstone].map(
          (each) =>
            each && {
              topic: each.topic,
              partition: each.partition,
              key: each.key,
              headers: each.headers,
              value: each.value,
            },
        ),
        sent,
      );
      assert.ok(Number.isSafeInteger(value?.timestamp));
    });

    test('reads page by page, and nothing past the end', async () => {
      const log = await opened();
      await log.append(Array.from({ length: 25 }, (_, index) => record(String(index))));
      assert.deepEqual(
        (await log.read(from(10), 10)).map((each) => each.offset),
        [10, 11, 12, 13, 14, 15, 16, 17, 18, 19],
      );
      assert.deepEqual((await log.read(from(20), 10)).length, 5);
      assert.deepEqual(await log.read(from(25), 10), []);
    });

    test('refuses a partition that is not there, without spoiling what others append', async () => {
      const log = await opened();
      const [good, bad] = await Promise.allSettled([
        log.append([record('a')]),
        log.append([record('b', { partition: 9 })]),
      ]);
      assert.deepEqual([good?.status, bad?.status], ['fulfilled', 'rejected']);
      assert.throws(() =>
        log.consume({ positions: [from(0, { topic: 'nowhere' })], onRecords: async () => {}, onError: () => {} }),
      );
    });

    test('delivers from a position on: what is there, then what comes', async () => {
      const log = await opened();
      await log.append(['a', 'b', 'c'].map((value) => record(value)));
      const follower = following(log, [from(1)]);
      await follower.arrived(2);
      await log.append([record('d')]);
      await follower.arrived(3);
      assert.deepEqual(follower.values(), ['b', 'c', 'd']);
    });

    test('delivers in order to whoever starts far behind', async () => {
      const log = await opened();
      const values = Array.from({ length: farBehind }, (_, index) => String(index));
      for (let start = 0; start < farBehind; start += 100)
        await log.append(values.slice(start, start + 100).map((value) => record(value)));
      const follower = following(log, [from()]);
      await follower.arrived(farBehind);
      await log.append([record('last')]);
      await follower.arrived(farBehind + 1);
      assert.deepEqual(follower.values(), [...values, 'last']);
    });

    test('never delivers more than a chunk at once, and a busy partition does not starve the others', async () => {
      const log = await opened();
      const many = Array.from({ length: 3 * consumeRecordsMax }, (_, index) => record(String(index)));
      await log.append([
        ...many,
        ...Array.from({ length: 5 }, (_, index) => record(`n${index}`, { topic: 'numbers' })),
      ]);
      const follower = following(log, [from(), from(0, { topic: 'numbers' })]);
      await follower.arrived(many.length + 5);
      assert.ok(follower.chunks.every((chunk) => chunk.length <= consumeRecordsMax));
      const place = follower.chunks.findIndex((chunk) => chunk.some((each) => each.topic === 'numbers'));
      assert.ok(place <= 1 || isSpread, `the other topic came in chunk ${place}`);
      const mine = follower.records().filter((each) => each.topic === 'letters');
      assert.deepEqual(
        mine.map((each) => each.offset),
        many.map((_, index) => index),
      );
    });

    test('delivers nothing more while what it delivered is being handled', async () => {
      const log = await opened();
      const follower = following(log, [from()]);
      const release = follower.hold();
      await log.append([record('a')]);
      await follower.arrived(1);
      await log.append([record('b')]);
      await log.append([record('c')]);
      assert.deepEqual(follower.values(), ['a']);
      release();
      await follower.arrived(3);
      assert.deepEqual(follower.values(), ['a', 'b', 'c']);
    });

    test('delivers nothing after a stop, which waits for what is being handled', async () => {
      const log = await opened();
      const follower = following(log, [from()]);
      const release = follower.hold();
      await log.append([record('a')]);
      await follower.arrived(1);
      let stopped = false;
      const stopping = follower.stop().then(() => {
        stopped = true;
      });
      await log.append([record('b')]);
      assert.equal(stopped, false);
      release();
      await stopping;
      await log.append([record('c')]);
      assert.deepEqual(follower.values(), ['a']);
    });

    test('tells when a consumer throws, and has lost nothing for the next', async () => {
      const log = await opened();
      const errors: Error[] = [];
      const told = Promise.withResolvers<void>();
      const broken = log.consume({
        positions: [from()],
        onRecords: async () => {
          throw new Error('cannot');
        },
        onError: (error) => {
          errors.push(error);
          told.resolve();
        },
      });
      await log.append([record('a')]);
      await told.promise;
      await broken.stop();
      const follower = following(log, [from()]);
      await follower.arrived(1);
      assert.deepEqual([errors.map((error) => error.message), follower.values()], [['cannot'], ['a']]);
    });

    test('keeps each producer’s order when several append at once', async () => {
      const log = await opened();
      const follower = following(log, [from()]);
      const producers = ['p', 'q', 'r', 's'];
      await Promise.all(
        producers.map(async (producer) => {
          for (let n = 0; n < 50; n += 1) await log.append([record(`${producer}${n}`), record(`${producer}${n}+`)]);
        }),
      );
      await follower.arrived(400);
      assert.deepEqual(
        follower.records().map((each) => each.offset),
        Array.from({ length: 400 }, (_, offset) => offset),
      );
      for (const producer of producers) {
        const mine = follower.values().filter((value) => value?.startsWith(producer));
        assert.deepEqual(mine, Array.from({ length: 50 }, (_, n) => [`${producer}${n}`, `${producer}${n}+`]).flat());
      }
    });

    test('gives a group its partitions, and takes them back when it leaves', async () => {
      const log = await opened();
      const told: string[] = [];
      const assigned = Promise.withResolvers<void>();
      const membership = await log.join({
        group: 'fullhouse-g',
        topic: 'letters',
        onAssigned: async (partitions) => {
          told.push(`+${partitions.join()}`);
          assigned.resolve();
        },
        onRevoked: async (partitions) => void told.push(`-${partitions.join()}`),
      });
      await assigned.promise;
      await membership.leave();
      assert.deepEqual(told, ['+0,1', '-0,1']);
    });

    test('keeps how far each group has come', async () => {
      const log = await opened();
      log.commit('fullhouse-g', [from(3)]);
      log.commit('fullhouse-g', [from(5)]);
      log.commit('fullhouse-h', [from(1)]);
      assert.deepEqual(await log.committed(), [
        { ...from(5), group: 'fullhouse-g' },
        { ...from(1), group: 'fullhouse-h' },
      ]);
    });
  });
}
