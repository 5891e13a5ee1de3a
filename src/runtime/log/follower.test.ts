import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { logWith } from '../../../tests/support/toy-service.ts';
import { createLogger } from '../logger.ts';
import { follow } from './follower.ts';
import { LocalLog } from './local-log.ts';
import { record, testTopics } from './log.contract.ts';
import { type ConsumeOptions, type Log, LogUnavailable } from './log.ts';
import { createMemoryRecords } from './memory-records.ts';

/** Follows `letters` of a log whose reading a test can break off, and whose topics it can exchange. */
async function following(from: 'first' | 'next') {
  let inner = new LocalLog(createMemoryRecords(testTopics));
  const consumptions: ConsumeOptions[] = [];
  const values: (string | null)[] = [];
  const watchers = new Set<() => void>();
  let missed = 0;
  const log: Log = logWith(inner, {
    bounds: (partition) => inner.bounds(partition),
    consume: (options) => {
      if (options.positions[0]?.partition === 0) consumptions.push(options);
      const consumption = inner.consume(options);
      for (const look of watchers) look();
      return consumption;
    },
  });
  Object.defineProperty(log, 'topics', { get: () => inner.topics });
  const follower = await follow(log, {
    topic: 'letters',
    from: (bounds) => bounds[from],
    onRecords: (records) => {
      values.push(...records.map(({ value }) => value));
      for (const look of watchers) look();
    },
    onMissed: () => {
      missed += 1;
    },
    logger: createLogger('silent'),
  });
  const when = (isSo: () => boolean) =>
    new Promise<void>((resolve) => {
      const look = () => (isSo() ? resolve() : undefined);
      watchers.add(look);
      look();
    });
  return {
    values,
    follower,
    append: (value: string) => inner.append([record(value)]),
    missed: () => missed,
    breakOff: () => consumptions.at(-1)?.onError(new LogUnavailable('broken off')),
    createAnew: () => {
      inner = new LocalLog(createMemoryRecords(testTopics));
    },
    arrived: (count: number) => when(() => values.length >= count),
    begun: (times: number) => when(() => consumptions.length >= times),
  };
}

describe('a follower of a topic', () => {
  test('that cannot follow one of its partitions follows none of them', async () => {
    const inner = new LocalLog(createMemoryRecords(testTopics));
    let open = 0;
    const log = logWith(inner, {
      bounds: async (partition) => {
        if (partition.partition === 1) throw new LogUnavailable('it has no leader');
        return inner.bounds(partition);
      },
      consume: (options) => {
        open += 1;
        const consumption = inner.consume(options);
        return {
          stop: async () => {
            open -= 1;
            await consumption.stop();
          },
        };
      },
    });
    const options = { topic: 'letters', from: () => 0, onRecords: () => undefined, logger: createLogger('silent') };
    await assert.rejects(follow(log, options), /it has no leader/);
    assert.equal(open, 0);
  });

  test('whose reading breaks off goes on behind what it has, and has missed nothing', async () => {
    const { values, follower, append, breakOff, arrived, begun, missed } = await following('next');
    await append('a');
    await arrived(1);
    breakOff();
    await begun(2);
    await append('b');
    await arrived(2);
    await follower.stop();
    assert.deepEqual([values, missed()], [['a', 'b'], 0]);
  });

  test('whose topic was created anew begins again, and says that something may be missed', async () => {
    const { values, follower, append, breakOff, createAnew, arrived, missed } = await following('first');
    await append('old');
    await arrived(1);
    createAnew();
    await append('new');
    breakOff();
    await arrived(2);
    await follower.stop();
    assert.deepEqual([values, missed()], [['old', 'new'], 1]);
  });
});
