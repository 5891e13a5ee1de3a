import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { lagByService } from './lag.ts';

const at = (group: string, topic: string, partition: number, lag: number) => ({ group, topic, partition, lag });

describe('the lag of a service', () => {
  it('is the sum over all that it reads, and says where it is furthest behind', () => {
    const lags = lagByService([
      at('fullhouse-booking', 'seat-events', 0, 3),
      at('fullhouse-booking', 'seat-events', 1, 40),
      at('fullhouse-booking', 'payment-topic', 1, 7),
    ]);
    const worst = { topic: 'seat-events', partition: 1, lag: 40 };
    assert.deepEqual(lags, [{ service: 'booking', lag: 50, worst }]);
  });

  it('comes worst first, and those that are level by name', () => {
    const lags = lagByService([
      at('fullhouse-user', 'booking-events', 0, 0),
      at('fullhouse-ticket', 'booking-events', 0, 2),
      at('fullhouse-catalog', 'seat-events', 0, 0),
    ]);
    assert.deepEqual(
      lags.map(({ service }) => service),
      ['ticket', 'catalog', 'user'],
    );
  });

  it('names no place where there is none', () => {
    assert.deepEqual(lagByService([at('fullhouse-user', 'booking-events', 0, 0)])[0]?.worst, undefined);
    assert.deepEqual(lagByService([]), []);
  });
});
