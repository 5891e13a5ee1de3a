import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byId } from '../contracts/rules/places.ts';
import { conclusionOf } from './timeline-sentences.ts';

/** Why a booking ended, in a sentence for whoever asks. */

const fact = (type: string, data: object) => ({ type, data, at: '2026-12-01T20:00:00.000Z' });
const rejected = (data: object) => fact('BookingRejected', { reason: 'seats_unavailable', ...data });

test('a booking that found no seats names those that somebody else has, where it had named some', () => {
  assert.equal(
    conclusionOf([rejected({ offending: ['S-A-1', 'S-A-2'] })], byId),
    'It was rejected because somebody else has these seats: S-A-1, S-A-2.',
  );
  for (const data of [{}, { offending: [] }])
    assert.equal(conclusionOf([rejected(data)], byId), 'It was rejected because no such seats were free.');
});

test('a booking that has waited in vain says so', () => {
  const waits = fact('BookingWaits', { until: '2026-12-01T20:00:00.000Z' });
  assert.equal(
    conclusionOf([waits, rejected({})], byId),
    'It was rejected because nothing that it waited for became free in time.',
  );
});
