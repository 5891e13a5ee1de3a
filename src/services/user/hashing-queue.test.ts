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
  const begin = (name: string, asker = 'everybody') =>
    queue
      .run(
        asker,
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
    const all = ['a', 'b', 'c', 'd'].map((name) => begin(name));
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
    const all = ['a', 'b', 'c'].map((name) => begin(name));
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

  test('serves all who ask in turn: whoever asks for many waits for them, and nobody else does', async () => {
    const { begin, running, names, done } = bench(1, 1_000);
    const first = begin('first');
    running[0]?.end(100);
    await first;
    const ask = (name: string, asker: string) => begin(name, asker);
    const many = Array.from({ length: 11 }, (_, number) => ask(`many ${number}`, 'one'));
    await assert.rejects(ask('too many', 'one'), (error) => error instanceof Problem && error.code === 'overloaded');
    const others = [ask('other', 'two'), ask('another', 'two'), ask('third', 'three')];
    for (let index = 1; done.length < 15; index += 1) {
      running[index]?.end(100);
      await new Promise(setImmediate);
    }
    await Promise.all([...many, ...others]);
    const before = ['first', 'many 0', 'many 1', 'other', 'third', 'many 2', 'another', 'many 3'];
    assert.deepEqual(names().slice(0, before.length), before);
  });

  test('goes on after work that failed', async () => {
    const queue = new HashingQueue({ atOnce: 1, waitMsMax: 1_000 });
    await assert.rejects(
      queue.run('a', () => Promise.reject(new Error('no'))),
      /no/,
    );
    assert.equal(await queue.run('a', () => Promise.resolve('yes')), 'yes');
  });
});
