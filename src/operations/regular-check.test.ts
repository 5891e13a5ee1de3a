import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLogger } from '../runtime/logger.ts';
import { storeError } from '../runtime/store/postgres/connection.ts';
import type { Installation } from './installation.ts';
import { RegularCheck } from './regular-check.ts';

/** An installation whose databases do not answer; `asked` is told of each question. */
function unanswered(asked: () => void): Installation {
  const query = async () => {
    asked();
    throw storeError(new Error('connection refused'));
  };
  return { query, definitions: [], hosts: [] } as unknown as Installation;
}

describe('the check that runs by itself', () => {
  it('is tried again at its next time where the databases do not answer', async () => {
    const asked = Promise.withResolvers<void>();
    let times = 0;
    const told: string[] = [];
    const check = new RegularCheck({
      installation: unanswered(() => {
        times += 1;
        if (times === 3) asked.resolve();
      }),
      ...{ logger: createLogger('silent'), everyHours: 1e-9, firstAfterMs: 0 },
      observer: { checked: () => told.push('checked'), notChecked: () => told.push('not checked') },
    });
    check.start();
    await asked.promise;
    await check.stop();
    assert.deepEqual([new Set(told), check.last, check.runningSince], [new Set(['not checked']), undefined, undefined]);
    assert.ok(told.length >= 2, 'each time');
  });

  it('does not run by itself where it is only to run when asked, nor after its end', async () => {
    let times = 0;
    const observer = { checked: () => undefined, notChecked: () => undefined };
    const shared = { logger: createLogger('silent'), firstAfterMs: 0, observer };
    const check = new RegularCheck({ ...shared, everyHours: 0, installation: unanswered(() => (times += 1)) });
    check.start();
    // Another one that does run by itself, begun later: this one has had its time.
    const asked = Promise.withResolvers<void>();
    const other = new RegularCheck({ ...shared, everyHours: 1, installation: unanswered(asked.resolve) });
    other.start();
    await asked.promise;
    await Promise.all([check.stop(), other.stop()]);
    check.now();
    assert.equal(times, 0);
  });
});
