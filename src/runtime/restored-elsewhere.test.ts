import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { setImmediate as immediate } from 'node:timers/promises';
import { RestoredElsewhere } from './restored-elsewhere.ts';

let watched: RestoredElsewhere | undefined;
afterEach(() => {
  watched?.stop();
  watched = undefined;
});
const watch = (look: () => Promise<boolean>) => {
  watched = new RestoredElsewhere({ look, lookAgainMs: 1 });
  return watched;
};

test('what a database lacks is known before anything is answered', async () => {
  const elsewhere = watch(async () => true);
  await elsewhere.start();
  assert.equal(elsewhere.isBehind, true);
});

test('it is looked again until nothing is missing, and not once more', async () => {
  const nothingMissing = Promise.withResolvers<void>();
  const last = () => {
    nothingMissing.resolve();
    return false;
  };
  const looks = [() => true, () => assert.fail('topics are out of reach'), last, () => true];
  const elsewhere = watch(async () => looks.shift()?.() ?? true);
  await elsewhere.start();
  assert.equal(elsewhere.isBehind, true);
  await nothingMissing.promise;
  await immediate();
  assert.deepEqual([elsewhere.isBehind, looks.length], [false, 1]);
});

test('topics that are out of reach keep nobody from starting, nor the second start', { timeout: 10_000 }, async () => {
  const elsewhere = watch(() => new Promise(() => undefined));
  await Promise.all([elsewhere.start(), elsewhere.start()]);
  assert.equal(elsewhere.isBehind, false);
});
