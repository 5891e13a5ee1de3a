import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Problem } from '../../runtime/http/problem.ts';
import { HashingQueue } from './hashing-queue.ts';

/** Work that ends when it is told to, on a clock that it moves. */
function bench(atOnce: number, waitMsMax = 1_000) {
  let now = 0;
  const queue = new HashingQueue({ atOnce, waitMsMax, now: () => now });
  const running: { name: string; end: (tookMs: number) => void }[] = [];
  const done: string[] = [];
  const begin = (name: string) =>
    queue
      .run(
        () =>
          new Promise<void>((resolve) => {
            running.push({
              name,
              end: (tookMs) => {
                now += tookMs;
                resolve();
              },
            });
          }),
      )
      .then(() => void done.push(name));
  return { begin, running, done, names: () => running.map(({ name }) => name) };
}

describe('a queue for hashing', () => {
  test('lets so many in at once, and the others in the order they came', async () => {
    const { begin, running, names, done } = bench(2);
    const all = ['a', 'b', 'c', 'd'].map(begin);
    assert.deepEqual(names(), ['a', 'b']);
    running[1]?.end(10);
    await all[1];
    assert.deepEqual(names(), ['a', 'b', 'c']);
    running[0]?.end(10);
    await all[0];
    for (const each of running.slice(2)) each.end(10);
    await Promise.all(all);
    assert.deepEqual(done, ['b', 'a', 'c', 'd']);
  });

  test('sends away who would wait too long, by what the last one took', async () => {
    const { begin, running } = bench(1, 1_000);
    const first = begin('first');
    running[0]?.end(400);
    await first;
    const all = ['a', 'b', 'c'].map(begin);
    await assert.rejects(
      begin('d'),
      (error) => error instanceof Problem && error.code === 'overloaded' && error.retryAfterSeconds === 2,
    );
    for (let index = 1; index <= all.length; index += 1) {
      running[index]?.end(400);
      await all[index - 1];
    }
    const later = begin('later');
    running.at(-1)?.end(1);
    await later;
  });

  test('goes on after work that failed', async () => {
    const queue = new HashingQueue({ atOnce: 1, waitMsMax: 1_000 });
    await assert.rejects(
      queue.run(() => Promise.reject(new Error('no'))),
      /no/,
    );
    assert.equal(await queue.run(() => Promise.resolve('yes')), 'yes');
  });
});
