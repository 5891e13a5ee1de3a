import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecentIds } from './recent-ids.ts';

test('an id is new once', () => {
  const ids = new RecentIds();
  assert.deepEqual([ids.add('a'), ids.add('a'), ids.add('b')], [true, false, true]);
});

test('the latest twenty thousand are remembered, and not for ever', () => {
  const ids = new RecentIds();
  for (let n = 0; n < 100_000; n += 1) ids.add(String(n));
  assert.equal(ids.add('80001'), false);
  assert.equal(ids.add('99999'), false);
  assert.equal(ids.add('0'), true);
});

test('after a clearing all are new', () => {
  const ids = new RecentIds();
  ids.add('a');
  ids.clear();
  assert.equal(ids.add('a'), true);
});
