import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { consumeCharsMax, type LogRecord } from '../log.ts';
import { KafkaConsumption } from './kafka-consumption.ts';

const topics = ['letters', 'parcels'];
const partition = 0;
const text = 'x'.repeat(900_000);
const recordOf = (topic: string, offset: number): LogRecord => ({
  ...{ topic, partition, offset, key: 'k', headers: {}, timestamp: 0 },
  value: text,
});

describe('a consumption of long records', () => {
  it('wants no more of a partition once it has read enough text ahead, and delivers no more than enough of it at once', async () => {
    const chunks: (readonly LogRecord[])[] = [];
    const handled = Promise.withResolvers<void>();
    const consumption = new KafkaConsumption(
      {
        positions: topics.map((topic) => ({ topic, partition, offset: 0 })),
        onRecords: async (records) => {
          chunks.push(records);
          if (chunks.flat().length === 40) handled.resolve();
        },
        onError: (error) => handled.reject(error),
      },
      { room: () => {}, stop: () => {} },
    );
    for (const subscription of consumption.subscriptions) {
      assert.equal(subscription.wantsMore, true);
      const records = Array.from({ length: 20 }, (_, offset) => recordOf(subscription.topic, offset));
      subscription.accept(records, { from: 0, next: records.length });
      assert.equal(subscription.wantsMore, false);
    }
    consumption.wake();
    await handled.promise;
    assert.ok(chunks.every((chunk) => (chunk.length - 1) * text.length < consumeCharsMax));
    for (const topic of topics)
      assert.deepEqual(
        chunks.flat().flatMap((each) => (each.topic === topic ? [each.offset] : [])),
        Array.from({ length: 20 }, (_, offset) => offset),
      );
    assert.ok(consumption.subscriptions.every(({ wantsMore }) => wantsMore));
    await consumption.stop();
  });
});
