import assert from 'node:assert/strict';
import { test } from 'node:test';
import { saleAt } from './shows.ts';

test('a sale opens and closes by the clock, whatever it was when the show was asked for', () => {
  const sales = { opensAt: '2026-12-01T10:00:00Z', closesAt: '2026-12-24T19:30:00Z' };
  const show = { status: 'scheduled', sales, startsAt: '2026-12-24T20:00:00Z' } as const;
  const at = (time: string) => saleAt(show, Date.parse(time));
  assert.equal(at('2026-12-01T09:59:59Z'), 'scheduled');
  assert.equal(at('2026-12-01T10:00:00Z'), 'open');
  assert.equal(at('2026-12-24T19:30:00Z'), 'closed');
  const begun = { ...show, sales: { ...sales, closesAt: '2026-12-25T00:00:00Z' } };
  assert.equal(saleAt(begun, Date.parse('2026-12-24T20:00:00Z')), 'closed');
});

test('a sold-out show is on sale, for a seat may come back; a cancelled one never is', () => {
  const show = { sales: { opensAt: '2026-12-01T10:00:00Z', closesAt: '2026-12-24T19:30:00Z' } };
  const now = Date.parse('2026-12-02T10:00:00Z');
  assert.equal(saleAt({ ...show, startsAt: '2026-12-24T20:00:00Z', status: 'sold_out' }, now), 'open');
  assert.equal(saleAt({ ...show, startsAt: '2026-12-24T20:00:00Z', status: 'cancelled' }, now), 'cancelled');
});
