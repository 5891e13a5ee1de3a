import { setImmediate } from 'node:timers/promises';

/** For how long an import keeps the process to itself; a file of the largest size takes seconds. */
const turnMsMax = 20;

/** Goes through items one by one; whenever a turn is over, other requests are answered before the next item. */
export async function* inTurns<Item>(items: Iterable<Item>): AsyncGenerator<Item, void, undefined> {
  let beganAt = performance.now();
  for (const item of items) {
    yield item;
    if (performance.now() - beganAt < turnMsMax) continue;
    await setImmediate();
    beganAt = performance.now();
  }
}
