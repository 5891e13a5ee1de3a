import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cancellationTerms } from './cancellation-terms.ts';

const startsAt = '2026-12-24T20:00:00.000Z';
const starts = Date.parse(startsAt);
const refundPolicy = { untilMinutesBefore: 60, feePercent: 10 };
const booked = { at: '2026-12-01T10:00:00.000Z' };

test('a booking can be cancelled until so long before the start, for the fee of the show', () => {
  assert.deepEqual(cancellationTerms({ startsAt, refundPolicy }, booked), {
    closesAt: starts - 3_600_000,
    feePercent: 10,
  });
});

test('what was promised at the purchase counts where it is better, in each of its parts', () => {
  const promised = { untilMinutesBefore: 30, feePercent: 50 };
  assert.deepEqual(cancellationTerms({ startsAt, refundPolicy }, { ...booked, promised }), {
    closesAt: starts - 1_800_000,
    feePercent: 10,
  });
});

test('whoever booked before the show was moved has until its start, for nothing; whoever booked it as it is now has not', () => {
  const moved = { startsAt, refundPolicy, movedAt: '2026-12-02T10:00:00.000Z' };
  assert.deepEqual(cancellationTerms(moved, booked), { closesAt: starts, feePercent: 0 });
  for (const at of ['2026-12-02T10:00:00.000Z', '2026-12-03T10:00:00.000Z'])
    assert.deepEqual(cancellationTerms(moved, { at }), { closesAt: starts - 3_600_000, feePercent: 10 });
});
