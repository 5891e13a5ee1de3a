import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newId } from '../ids.ts';
import { newForMs, waitForNewMs } from './new-id.ts';

test('a thing with a new id is waited for', () => {
  assert.equal(waitForNewMs(newId('show'), Date.now(), 5_000), 5_000);
});

test('a thing with an old id, or one from the future, is not', () => {
  const id = newId('show');
  assert.equal(waitForNewMs(id, Date.now() + newForMs + 5_000, 5_000), 0);
  assert.equal(waitForNewMs(id, Date.now() - newForMs - 5_000, 5_000), 0);
});
