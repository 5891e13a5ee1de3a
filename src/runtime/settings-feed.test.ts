import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import type { Setting } from '../contracts/catalog.ts';
import { LocalLog } from './log/local-log.ts';
import { type Log, LogUnavailable, type TopicPartition } from './log/log.ts';
import { createMemoryRecords } from './log/memory-records.ts';
import { createLogger } from './logger.ts';
import { SettingsFeed } from './settings-feed.ts';

const settings = { name: 'settings', partitions: 1, retentionDays: 'compacted' } as const;

const changed = (holdTtlMs: number, version: number): Setting => ({
  ...{ key: 'holdTtlMs', value: holdTtlMs, version },
  ...{ who: 'usr_0', when: '2030-01-01T00:00:00.000Z', why: 'test' },
});

const append = (log: Log, setting: Setting) =>
  log.append([{ topic: 'settings', partition: 0, key: setting.key, headers: {}, value: JSON.stringify(setting) }]);

/** A log whose topics cannot be read until it is repaired. */
class BrokenLog extends LocalLog {
  #failure: 'throws' | 'is silent' | undefined;

  constructor(failure: 'throws' | 'is silent') {
    super(createMemoryRecords([settings]));
    this.#failure = failure;
  }

  repair(): void {
    this.#failure = undefined;
  }

  override async bounds(partition: TopicPartition) {
    if (this.#failure === 'throws') throw new LogUnavailable('no leader');
    if (this.#failure === 'is silent') await once(new EventTarget(), 'never');
    return super.bounds(partition);
  }
}

/** Resolves with the first hold time that is as wanted. */
const holdTtl = (feed: SettingsFeed, wanted: number) =>
  new Promise<void>((resolve) => feed.onChange(({ holdTtlMs }) => holdTtlMs === wanted && resolve()));

test('a start waits until what the topic holds has been read, and whoever listens hears of each change', async () => {
  const log = new LocalLog(createMemoryRecords([settings]));
  await append(log, changed(7_000, 1));
  const feed = new SettingsFeed(createLogger('silent'), { stored: async () => [changed(9_000, 9)] });
  await feed.start(log);
  assert.equal(feed.current.holdTtlMs, 7_000, 'what was stored counts only where the topic cannot be read');
  await append(log, changed(8_000, 2));
  await holdTtl(feed, 8_000);
  await feed.stop();
});

for (const failure of ['throws', 'is silent'] as const) {
  test(`a start uses what was stored last where the topic ${failure}`, async () => {
    const log = new BrokenLog(failure);
    const options = { stored: async () => [changed(7_000, 1)], readWithinMs: 20, retryMs: 10 };
    const feed = new SettingsFeed(createLogger('silent'), options);
    await feed.start(log);
    assert.equal(feed.current.holdTtlMs, 7_000);
    assert.equal(feed.record('holdTtlMs')?.version, 1);
    await feed.stop();
  });
}

test('the topic is followed as soon as it can be read', async () => {
  const log = new BrokenLog('throws');
  const feed = new SettingsFeed(createLogger('silent'), { stored: async () => [changed(7_000, 1)], retryMs: 10 });
  await feed.start(log);
  await append(log, changed(8_000, 2));
  log.repair();
  await holdTtl(feed, 8_000);
  await append(log, changed(9_000, 3));
  await holdTtl(feed, 9_000);
  await feed.stop();
});

test('where nothing was ever stored, the start says that it cannot read the topic', async () => {
  await assert.rejects(new SettingsFeed(createLogger('silent')).start(new BrokenLog('throws')), LogUnavailable);
});
