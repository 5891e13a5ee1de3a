import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LocalLog } from '../runtime/log/local-log.ts';
import { createMemoryRecords } from '../runtime/log/memory-records.ts';
import { createLogger } from '../runtime/logger.ts';
import { ErasedUsers } from './erased-users.ts';

const profile = (key: string, value: string | null) => ({
  topic: 'user-profiles',
  partition: 0,
  key,
  headers: {},
  value,
});

test('people who were erased elsewhere are known by the topic, from before a start as from after it', async () => {
  const log = new LocalLog(createMemoryRecords([{ name: 'user-profiles', partitions: 1, retentionDays: 'compacted' }]));
  await log.append([profile('usr_before', null), profile('usr_there', '{}')]);
  const told: string[] = [];
  const erased = new ErasedUsers(createLogger('silent'), (userId) => told.push(userId));
  await erased.start(log);
  await log.append([profile('usr_after', null)]);
  while (!erased.has('usr_after')) await new Promise(setImmediate);
  assert.deepEqual(
    ['usr_before', 'usr_there', 'usr_after', 'usr_unknown'].map((each) => erased.has(each)),
    [true, false, true, false],
  );
  assert.deepEqual(told, ['usr_before', 'usr_after']);
  await erased.stop();
});
