import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planIndex } from '../../contracts/rules/plan-order.ts';
import { Problem } from '../../runtime/http/problem.ts';
import { given, plan, reserved } from './decider.fixtures.ts';
import { type QuoteRequest, quotedPlaces, quoteRequest } from './quoting.ts';

const { root: demand } = given(reserved(1, { seats: ['S-A-1'], areas: [{ area: 'pit', count: 9 }] }));
const quoted = (request: QuoteRequest) =>
  quotedPlaces(request, { plan: planIndex(plan), demand, seatsPerBookingMax: 3 });

function refused(request: QuoteRequest): string {
  try {
    quoted(request);
  } catch (error) {
    if (error instanceof Problem) return `${error.code} ${error.errors?.[0]?.pointer ?? ''}`.trim();
  }
  return 'allowed';
}

test('free seats, the best of them, and places of an area are quoted', () => {
  assert.deepEqual(quoted({ seats: ['S-A-2', 'C-A-1'] }).seats, ['S-A-2', 'C-A-1']);
  assert.deepEqual(quoted({ bestAvailable: { count: 2, priceCategory: 'circle' } }).seats, ['C-A-1', 'C-A-2']);
  assert.deepEqual(quoted({ areas: [{ area: 'pit', count: 1 }] }).areas, [{ area: 'pit', count: 1 }]);
});

test('seats that are taken are unavailable', () => {
  assert.equal(refused({ seats: ['S-A-1', 'S-A-2'] }), 'seats_unavailable');
  assert.equal(refused({ areas: [{ area: 'pit', count: 2 }] }), 'seats_unavailable');
});

test('what does not exist, comes twice or is too much is a wrong field', () => {
  assert.equal(refused({ seats: ['S-A-2', 'S-Z-1'] }), 'validation_failed /seats/1');
  assert.equal(refused({ seats: ['S-A-2', 'S-A-2'] }), 'validation_failed /seats/1');
  assert.equal(refused({ seats: ['C-A-1', 'C-A-2', 'C-A-3', 'C-A-4'] }), 'validation_failed /seats');
  assert.equal(refused({ areas: [{ area: 'lawn', count: 1 }] }), 'validation_failed /areas/0/area');
  assert.equal(
    refused({
      areas: [
        { area: 'pit', count: 1 },
        { area: 'pit', count: 1 },
      ],
    }),
    'validation_failed /areas/1/area',
  );
  assert.equal(refused({ bestAvailable: { count: 4 } }), 'validation_failed /bestAvailable/count');
  assert.equal(
    refused({ bestAvailable: { count: 1, priceCategory: 'x' } }),
    'validation_failed /bestAvailable/priceCategory',
  );
});

test('a request names exactly one of seats, the best available and areas', () => {
  assert.equal(quoteRequest.safeParse({}).success, false);
  assert.equal(quoteRequest.safeParse({ seats: ['A'], bestAvailable: { count: 1 } }).success, false);
  assert.equal(quoteRequest.safeParse({ seats: ['A'], more: 1 }).success, false);
  assert.equal(quoteRequest.safeParse({ areas: [{ area: 'pit', count: 1 }] }).success, true);
});
