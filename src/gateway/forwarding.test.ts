import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Endpoint, endpoint } from '../runtime/http/endpoint.ts';
import { Overloads } from './forwarding.ts';

const book = (more: Partial<Endpoint>): Endpoint =>
  endpoint({
    ...{ method: 'POST', path: '/book', summary: 'Books', tag: 'test', who: 'anyone', answers: {}, ...more },
    handle: async () => ({ status: 202 }),
  });

test('what a service said no to for all that comes is refused for it for a moment, and nothing else is', () => {
  let now = 0;
  const overloads = new Overloads(() => now);
  const full = overloads.guarded(book({ isFull: () => true }));
  const other = overloads.guarded(book({ path: '/other', isFull: () => true }));
  assert.equal(full.isFull?.(), false);
  overloads.told(full);
  assert.deepEqual([full.isFull?.(), other.isFull?.()], [true, false]);
  now = 1_000;
  assert.equal(full.isFull?.(), false);
});

test('an endpoint that never is full is served as it is', () => {
  const plain = book({});
  assert.equal(new Overloads().guarded(plain), plain);
});
