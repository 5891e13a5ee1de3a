import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createBatcher, QueueFull } from './batcher.ts';

/** A batcher whose batches end when the test says so. */
function held(options: { itemsMax?: number; queuedMax?: number } = {}) {
  const batches: { items: readonly number[]; end: PromiseWithResolvers<readonly string[]> }[] = [];
  const batcher = createBatcher<number, string>({
    itemsMax: options.itemsMax ?? 10,
    queuedMax: options.queuedMax ?? 10,
    run: (items) => {
      const end = Promise.withResolvers<readonly string[]>();
      batches.push({ items, end });
      return end.promise;
    },
  });
  const finish = async (index: number) => batches[index]?.end.resolve(batches[index].items.map((item) => `r${item}`));
  return { batcher, batches, finish };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('a batcher', () => {
  test('shares a batch among what comes in one turn, and makes the next of what comes meanwhile', async () => {
    const { batcher, batches, finish } = held();
    const first = [1, 2].map((item) => batcher.add(item));
    await turn();
    const second = [3, 4, 5].map((item) => batcher.add(item));
    await finish(0);
    assert.deepEqual(await Promise.all(first), ['r1', 'r2']);
    await turn();
    await finish(1);
    assert.deepEqual(await Promise.all(second), ['r3', 'r4', 'r5']);
    assert.deepEqual(
      batches.map((batch) => batch.items),
      [
        [1, 2],
        [3, 4, 5],
      ],
    );
  });

  test('takes no more than it may into one batch', async () => {
    const { batcher, batches, finish } = held({ itemsMax: 2 });
    const results = [1, 2, 3].map((item) => batcher.add(item));
    await turn();
    await finish(0);
    await turn();
    await finish(1);
    await Promise.all(results);
    assert.deepEqual(
      batches.map((batch) => batch.items),
      [[1, 2], [3]],
    );
  });

  test('refuses what is too much, and goes on afterwards', async () => {
    const { batcher, finish } = held({ queuedMax: 2 });
    const kept = [batcher.add(1), batcher.add(2)];
    await assert.rejects(batcher.add(3), QueueFull);
    await turn();
    await finish(0);
    assert.deepEqual(await Promise.all(kept), ['r1', 'r2']);
    const later = batcher.add(4);
    await turn();
    await finish(1);
    assert.equal(await later, 'r4');
  });

  test('fails a batch for all in it, and for nobody else', async () => {
    const { batcher, batches, finish } = held();
    const failed = [1, 2].map((item) => batcher.add(item));
    await turn();
    const later = batcher.add(3);
    batches[0]?.end.reject(new Error('away'));
    const outcomes = await Promise.allSettled(failed);
    assert.deepEqual(
      outcomes.map((each) => each.status),
      ['rejected', 'rejected'],
    );
    await turn();
    await finish(1);
    assert.equal(await later, 'r3');
  });

  test('is idle when nothing runs or waits', async () => {
    const { batcher, finish } = held();
    await batcher.idle();
    const result = batcher.add(1);
    const idle = batcher.idle();
    await turn();
    await finish(0);
    await idle;
    assert.equal(await result, 'r1');
  });
});
