import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TimelineEntry } from './answers.ts';
import { layOut } from './timeline.ts';

function entry(more: Partial<TimelineEntry> & Pick<TimelineEntry, 'id' | 'type'>): TimelineEntry {
  return { at: '2026-01-01T00:00:00.000Z', ms: 0, service: 'booking', kind: 'event', says: '', ...more };
}

describe('the timeline of a booking', () => {
  it('joins an entry to the one that led to it, and that one to all it led to', () => {
    const placed = layOut([
      entry({ service: 'user', type: 'BookingRequested', id: 'bkg_1/1', causedBy: 'request req_1' }),
      entry({ type: 'BookingCreated', id: 'bkg_1/1', causedBy: 'user BookingRequested bkg_1/1' }),
      entry({ type: 'RequestAccepted', id: 'bkg_1/2', causedBy: 'user BookingRequested bkg_1/1' }),
    ]);
    assert.deepEqual(
      placed.map(({ cause, effects }) => ({ cause, effects })),
      [
        { cause: undefined, effects: [1, 2] },
        { cause: 0, effects: [] },
        { cause: 0, effects: [] },
      ],
    );
  });

  it('joins an answer to what was asked by the same service', () => {
    const placed = layOut([
      entry({ service: 'notification', type: 'MessagePlanned', id: 'pay_1/1' }),
      entry({ service: 'payment', type: 'ChargeRequested', id: 'pay_1/1' }),
      entry({ service: 'payment', type: 'PaymentSucceeded', id: 'pay_1/2', causedBy: 'the answer to pay_1/1' }),
      entry({ service: 'ticket', type: 'TicketsPlanned', id: 'pay_1/3', causedBy: 'the answer to pay_1/1' }),
    ]);
    assert.deepEqual(
      placed.map(({ cause }) => cause),
      [undefined, undefined, 1, undefined],
    );
  });

  it('leaves a cause that is no entry in words', () => {
    const [placed] = layOut([entry({ type: 'BookingExpired', id: 'bkg_1/4', causedBy: 'its own deadline' })]);
    assert.equal(placed?.cause, undefined);
  });

  it('tells of long times in which nothing happened, not of short ones', () => {
    const placed = layOut([
      entry({ type: 'A', id: '1', ms: 0 }),
      entry({ type: 'B', id: '2', ms: 9_999 }),
      entry({ type: 'C', id: '3', ms: 310_000 }),
    ]);
    assert.deepEqual(
      placed.map(({ quietMs }) => quietMs),
      [undefined, undefined, 300_001],
    );
  });
});
