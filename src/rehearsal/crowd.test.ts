import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RecordedRequest } from '../operations/on-sale.ts';
import { madeUpCrowd, recordedCrowd } from './crowd.ts';

const began = Date.parse('2026-03-01T12:00:00Z');
const asked = (seconds: number, more: Partial<RecordedRequest> = {}): RecordedRequest => ({
  ...{ showId: 'shw_1', userId: 'usr_1', at: began + seconds * 1_000, waits: false },
  wanted: { kind: 'bestAvailable', count: 2 },
  ...more,
});

test('a crowd that is made up comes at even distances, each for the next show, and stands where there are no seats', () => {
  const shows = [{ standing: undefined }, { standing: 'FLOOR' }];
  const crowd = madeUpCrowd({ customers: 4, withinMs: 1_000, seats: 2, shows });
  assert.deepEqual(
    crowd.map(({ atMs, customer, show }) => [atMs, customer, show]),
    [
      [0, 0, 0],
      [250, 1, 1],
      [500, 2, 0],
      [750, 3, 1],
    ],
  );
  assert.deepEqual(
    crowd.slice(0, 2).map(({ wants }) => wants),
    [{ bestAvailable: { count: 2 } }, { areas: [{ area: 'FLOOR', count: 2 }] }],
  );
});

test('those who came come again in their order, and as much faster as is wanted', () => {
  const requests = [asked(20, { userId: 'usr_2' }), asked(0), asked(10)];
  const crowd = recordedCrowd(requests, { showIds: ['shw_1'], speed: 10 });
  assert.deepEqual(
    crowd.map(({ atMs, customer }) => [atMs, customer]),
    [
      [0, 0],
      [1_000, 0],
      [2_000, 1],
    ],
  );
});

test('they want what they wanted, and pay when they paid', () => {
  const requests = [
    asked(0, { wanted: { kind: 'seats', seats: ['S-A-1'] }, paidAfterMs: 0 }),
    asked(1, { wanted: { kind: 'areas', areas: [{ area: 'FLOOR', count: 1 }] }, paidAfterMs: 4_000 }),
    asked(2, { wanted: { kind: 'bestAvailable', count: 1, accessible: true }, waits: true }),
  ];
  const crowd = recordedCrowd(requests, { showIds: ['shw_1'], speed: 2 });
  assert.deepEqual(
    crowd.map(({ wants, paysAfterMs }) => [wants, paysAfterMs]),
    [
      [{ seats: ['S-A-1'] }, 0],
      [{ areas: [{ area: 'FLOOR', count: 1 }] }, 2_000],
      [{ bestAvailable: { count: 1, accessible: true }, waitForSeats: {} }, undefined],
    ],
  );
});
