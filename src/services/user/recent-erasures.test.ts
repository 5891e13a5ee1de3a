import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endpoint } from '../../runtime/http/endpoint.ts';
import { Problem } from '../../runtime/http/problem.ts';
import { RecentErasures } from './recent-erasures.ts';

test('whoever was erased is refused, wherever that was, and they are looked up once a second at most', async () => {
  const erased: string[] = [];
  let now = 0;
  let loads = 0;
  const erasures = new RecentErasures(
    async () => {
      loads += 1;
      return [...erased];
    },
    () => now,
  );
  const book = erasures.closing(
    endpoint({
      ...{ method: 'POST', path: '/book', summary: 'Books', tag: 'test', who: ['customer'], answers: {} },
      handle: async () => ({ status: 202 }),
    }),
  );
  const ask = async (userId: string) => book.handle({ principal: { userId } } as never);
  await Promise.all([ask('usr_1'), ask('usr_2'), ask('usr_3')]);
  assert.equal(loads, 1);
  erased.push('usr_1');
  now = 1_000;
  await assert.rejects(ask('usr_1'), (error) => error instanceof Problem && error.code === 'unauthenticated');
  assert.equal((await ask('usr_2')).status, 202);
  assert.equal(loads, 2);
});

test('who needs no account is not looked up', () => {
  const erasures = new RecentErasures(() => Promise.reject(new Error('nobody asks')));
  const plain = endpoint({
    ...{ method: 'GET', path: '/plain', summary: 'Reads', tag: 'test', who: 'anyone', answers: {} },
    handle: async () => ({ status: 200 }),
  });
  assert.equal(erasures.closing(plain), plain);
});
