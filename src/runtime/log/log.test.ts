import assert from 'node:assert/strict';
import { type FileHandle, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { type TemporaryDirectory, temporaryDirectory } from '../../../tests/support/directory.ts';
import { openEmbeddedRecords } from './embedded-records.ts';
import { LocalLog, type RecordStore } from './local-log.ts';
import { follow, logContract, record, testTopics } from './log.contract.ts';
import { LogUnavailable } from './log.ts';
import { createMemoryRecords } from './memory-records.ts';

logContract('memory', async () => new LocalLog(createMemoryRecords(testTopics)));

const start = { topic: 'letters', partition: 0, offset: 0 };

describe('a log whose store fails', () => {
  /** A store whose next write or read fails; `stored` says whether the write had happened all the same. */
  function failing() {
    const records = createMemoryRecords(testTopics);
    const kept = new Map<string, Parameters<RecordStore['write']>[0][number]>();
    const faults: { write?: 'before' | 'after'; read?: boolean } = {};
    const store: RecordStore = {
      ...records,
      async write(all) {
        const fault = faults.write;
        delete faults.write;
        if (fault === 'before') throw new LogUnavailable('away');
        for (const each of all) kept.set(`${each.topic}/${each.partition}/${each.offset}`, each);
        if (fault === 'after') throw new LogUnavailable('away');
      },
      async read(from, recordsMax) {
        if (faults.read === true) {
          delete faults.read;
          throw new LogUnavailable('away');
        }
        return [...kept.values()]
          .filter(
            (each) => each.topic === from.topic && each.partition === from.partition && each.offset >= from.offset,
          )
          .sort((a, b) => a.offset - b.offset)
          .slice(0, recordsMax);
      },
    };
    return { log: new LocalLog(store), faults };
  }

  for (const moment of ['before', 'after'] as const) {
    test(`says so when it failed ${moment} storing, and takes the same records again`, async () => {
      const { log, faults } = failing();
      await log.append([record('a')]);
      faults.write = moment;
      await assert.rejects(log.append([record('b')]), LogUnavailable);
      await log.append([record('b')]);
      assert.deepEqual(
        (await log.read(start, 9)).map(({ offset, value }) => [offset, value]),
        [
          [0, 'a'],
          [1, 'b'],
        ],
      );
    });
  }

  test('shows nobody an append of unknown outcome: what comes in its place is not missed', async () => {
    const { log, faults } = failing();
    // Far enough that a consumer from the beginning reads from the store.
    for (let n = 0; n < 15; n += 1) await log.append(Array.from({ length: 100 }, () => record('old')));
    faults.write = 'after';
    await assert.rejects(log.append([record('unknown')]), LogUnavailable);
    const follower = follow(log, [start]);
    await follower.arrived(1_500);
    assert.equal((await log.read({ ...start, offset: 1_500 }, 9)).length, 0);
    await log.append([record('known')]);
    await follower.arrived(1_501);
    await follower.stop();
    assert.deepEqual(follower.values().slice(1_499), ['old', 'known']);
  });

  test('is not asked for what somebody who is a little behind has not been given yet', async () => {
    const { log, faults } = failing();
    const fast = follow(log, [start]);
    const held = Promise.withResolvers<void>();
    const finished = Promise.withResolvers<void>();
    const slow: string[] = [];
    const consumption = log.consume({
      positions: [start],
      onRecords: async (records) => {
        slow.push(...records.map(({ value }) => value ?? ''));
        if (slow.length === 1) await held.promise;
        if (slow.length === 5) finished.resolve();
      },
      onError: finished.reject,
    });
    for (const value of ['a', 'b', 'c', 'd']) await log.append([record(value)]);
    await fast.arrived(4);
    faults.read = true;
    held.resolve();
    await log.append([record('e')]);
    await finished.promise;
    await consumption.stop();
    await fast.stop();
    assert.deepEqual(slow, ['a', 'b', 'c', 'd', 'e']);
  });

  test('is asked for what everybody who listens has been given: that is not kept in memory', async () => {
    const { log, faults } = failing();
    const first = follow(log, [start]);
    await log.append([record('a')]);
    await first.arrived(1);
    await log.append([record('b')]);
    faults.read = true;
    const later = follow(log, [start]);
    await later.failed();
    await Promise.all([first.stop(), later.stop()]);
  });

  test('tells a consumer that cannot be served, and goes on from the same place', async () => {
    const { log, faults } = failing();
    for (let n = 0; n < 15; n += 1) await log.append(Array.from({ length: 100 }, () => record('old')));
    await log.append([record('n', { topic: 'numbers' })]);
    faults.read = true;
    const follower = follow(log, [{ ...start, topic: 'numbers' }, start]);
    await follower.failed();
    assert.deepEqual(follower.values(), []);
    await log.append([record('last')]);
    await follower.arrived(1_502);
    await follower.stop();
    assert.equal(follower.values().length, 1_502);
  });
});

describe('over a file', () => {
  const directories: TemporaryDirectory[] = [];
  after(() => Promise.all(directories.map((each) => each.remove())));
  const emptyPath = async (): Promise<string> => {
    const directory = await temporaryDirectory();
    directories.push(directory);
    return join(directory.path, 'log.sqlite');
  };
  const openAt = async (path: string, { topics = testTopics, now = Date.now } = {}) =>
    new LocalLog(await openEmbeddedRecords(path, topics), now);
  const longAgo = () => 0;

  logContract('embedded', async () => openAt(await emptyPath()));

  test('keeps records, offsets and topic ids when it is opened again', async () => {
    const path = await emptyPath();
    const first = await openAt(path);
    await first.append([record('a', { headers: { h: '1' } }), record('b')]);
    const ids = first.topics.map((topic) => topic.id);
    await first.close();
    const second = await openAt(path);
    await second.append([record('c')]);
    assert.deepEqual(
      (await second.read(start, 9)).map(({ offset, value }) => [offset, value]),
      [
        [0, 'a'],
        [1, 'b'],
        [2, 'c'],
      ],
    );
    assert.deepEqual(
      second.topics.map((topic) => topic.id),
      ids,
    );
    await second.close();
  });

  test('gives no offset twice that a power cut took away: who had read on misses nothing', async () => {
    const path = await emptyPath();
    const first = new LocalLog(await openEmbeddedRecords(path, testTopics, 'before'));
    await first.append([record('a')]);
    const onDisk = await Promise.all(['', '-wal'].map((end) => readFile(path + end)));
    await first.append([record('lost'), record('lost too')]);
    await first.close();
    await Promise.all(['', '-wal'].map((end, index) => writeFile(path + end, onDisk[index] ?? '')));

    const second = new LocalLog(await openEmbeddedRecords(path, testTopics, 'after'));
    const { next } = await second.bounds(start);
    assert.ok(next > 3);
    const skipped = Promise.withResolvers<unknown>();
    const ahead: (string | null)[] = [];
    const reader = second.consume({
      positions: [{ ...start, offset: 3 }],
      onRecords: async (records) => void ahead.push(...records.map(({ value }) => value)),
      onError: skipped.reject,
      onSkipped: skipped.resolve,
    });
    assert.deepEqual(await skipped.promise, { topic: start.topic, partition: 0, from: 3, next });
    const fromBeginning = follow(second, [start]);
    await second.append([record('b')]);
    await fromBeginning.arrived(2);
    assert.deepEqual([ahead, fromBeginning.values()], [['b'], ['a', 'b']]);
    await Promise.all([reader.stop(), fromBeginning.stop()]);
    await second.close();

    const third = new LocalLog(await openEmbeddedRecords(path, testTopics, 'after the next'));
    assert.equal((await third.bounds(start)).next, next + 1, 'it was closed in order: nothing was lost');
    await third.close();
  });

  test('reads from within what one append brought, and no more than was asked for', async () => {
    const path = await emptyPath();
    const first = await openAt(path);
    await first.append(['a', 'b', 'c'].map((value) => record(value)));
    await first.append(['d', 'e'].map((value) => record(value)));
    await first.close();
    const later = await openAt(path);
    const page = await later.read({ ...start, offset: 1 }, 3);
    assert.deepEqual(
      page.map(({ offset, value }) => [offset, value]),
      [
        [1, 'b'],
        [2, 'c'],
        [3, 'd'],
      ],
    );
    await later.close();
  });

  test('never gives an offset twice, whatever retention has removed', async () => {
    const path = await emptyPath();
    const first = await openAt(path);
    await first.append([record('a')]);
    await first.close();
    // The clock had gone back when these were written.
    const second = await openAt(path, { now: longAgo });
    await second.append(['b', 'c'].map((value) => record(value)));
    await second.close();
    await (await openAt(path)).close();
    const later = await openAt(path);
    assert.deepEqual(await later.bounds(start), { first: 0, next: 3 });
    await later.append([record('d')]);
    assert.deepEqual(
      (await later.read(start, 9)).map(({ offset, value }) => [offset, value]),
      [
        [0, 'a'],
        [3, 'd'],
      ],
    );
    await later.close();
  });

  test('an emptied partition goes on where it ended', async () => {
    const path = await emptyPath();
    const first = await openAt(path, { now: longAgo });
    await first.append(['a', 'b'].map((value) => record(value)));
    await first.close();
    await (await openAt(path)).close();
    const later = await openAt(path);
    assert.deepEqual(await later.bounds(start), { first: 2, next: 2 });
    await later.close();
  });

  test('a compacted topic keeps the last record of each key', async () => {
    const path = await emptyPath();
    const kept = { topic: 'kept' };
    const first = await openAt(path);
    await first.append([
      record('old', { ...kept, key: 'x' }),
      record('y', { ...kept, key: 'y' }),
      record('new', { ...kept, key: 'x' }),
    ]);
    await first.close();
    await (await openAt(path)).close();
    const later = await openAt(path);
    const follower = follow(later, [{ ...start, ...kept }]);
    await follower.arrived(2);
    assert.deepEqual(
      follower.records().map(({ offset, value }) => [offset, value]),
      [
        [1, 'y'],
        [2, 'new'],
      ],
    );
    await follower.stop();
    await later.close();
  });

  test('leaves nothing of an append that the disk did not take beside what comes in its place', async (context) => {
    const path = await emptyPath();
    const log = await openAt(path);
    const handle = await open(path, 'r');
    const disk = context.mock.method(Object.getPrototypeOf(handle) as FileHandle, 'datasync', () =>
      Promise.reject(new Error('EIO')),
    );
    // More than may be lost at once, so that it waits for the disk.
    const many = Array.from({ length: 1_001 }, (_, each) => record(`lost ${each}`));
    await assert.rejects(log.append(many), LogUnavailable);
    disk.mock.restore();
    await handle.close();
    await log.append([record('elsewhere', { partition: 1 })]);
    await log.append([record('first')]);
    await log.append([record('second')]);
    const there = [
      [0, 'first'],
      [1, 'second'],
    ];
    assert.deepEqual(
      (await log.read(start, 9)).map(({ offset, value }) => [offset, value]),
      there,
    );
    await log.close();
    const again = await openAt(path);
    assert.equal((await again.bounds(start)).next, 2);
    assert.deepEqual(
      (await again.read(start, 9)).map(({ offset, value }) => [offset, value]),
      there,
    );
    await again.close();
  });

  test('has in its file what an append was answered for, before anything is closed', async () => {
    const path = await emptyPath();
    const store = await openEmbeddedRecords(path, testTopics);
    const log = new LocalLog(store);
    await log.append([record('a')]);
    // What another program finds in the file at this moment is what a sudden end would leave.
    const found = new LocalLog(await openEmbeddedRecords(path, testTopics));
    assert.deepEqual(
      (await found.read(start, 9)).map(({ value }) => value),
      ['a'],
    );
    await found.close();
    await log.close();
  });

  test('refuses to open with another number of partitions, and says what to set', async () => {
    const path = await emptyPath();
    await (await openAt(path)).close();
    const topics = testTopics.map((topic) => ({ ...topic, partitions: 8 }));
    await assert.rejects(openAt(path, { topics }), /letters has 2 partitions, not 8; set FULLHOUSE_PARTITIONS=2/);
  });
});
