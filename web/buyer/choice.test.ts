import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isNothing, keepChoice, keptChoice, nothing, placesIn, withPlaces, withSeat } from './choice.ts';

describe('a choice', () => {
  test('takes a seat, and gives it back when it is chosen again', () => {
    const one = withSeat(nothing, 'S-A-1');
    const two = withSeat(one, 'S-A-2');
    assert.deepEqual(two.seats, ['S-A-1', 'S-A-2']);
    assert.deepEqual(withSeat(two, 'S-A-1').seats, ['S-A-2']);
    assert.ok(isNothing(withSeat(one, 'S-A-1')));
  });

  test('is of seats or of places, as a booking is', () => {
    const places = withPlaces(withSeat(nothing, 'S-A-1'), 'FLOOR', 3);
    assert.deepEqual(places, { seats: [], areas: [{ area: 'FLOOR', count: 3 }] });
    assert.equal(placesIn(places), 3);
    assert.deepEqual(withPlaces(places, 'FLOOR', 2).areas, [{ area: 'FLOOR', count: 2 }]);
    assert.ok(isNothing(withPlaces(places, 'FLOOR', 0)));
    assert.deepEqual(withSeat(places, 'S-A-1'), { seats: ['S-A-1'], areas: [] });
  });

  test('is there again for whoever comes back, until it is let go', () => {
    const chosen = withSeat(nothing, 'S-A-1');
    keepChoice('shw_1', chosen);
    assert.deepEqual(keptChoice('shw_2'), nothing);
    assert.deepEqual(keptChoice('shw_1'), chosen);
    assert.deepEqual(keptChoice('shw_1'), chosen);
    keepChoice('shw_1', nothing);
    assert.deepEqual(keptChoice('shw_1'), nothing);
  });
});
