import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { byId, placeNames, placesText, rowText } from './places.ts';

const row = (id: string, name: string) => ({ id, name, first: 1, last: 20, step: 1, accessible: [], companion: [] });
const section = (id: string, name: string, rows: ReturnType<typeof row>[]) => ({
  id,
  name,
  priceCategory: 'standard',
  rows,
});
const stalls = section('S', 'Stalls', [row('A', 'A'), row('B-1', 'Row B')]);
const circle = section('C', 'Circle', [row('X', 'Box 3')]);
const areas = [{ area: 'FLOOR', name: 'Standing', capacity: 50, priceCategory: 'standing' }];
const one = placeNames({ sections: [stalls], areas });
const several = placeNames({ sections: [stalls, circle], areas });

describe('a seat in words', () => {
  it('is a row and a number, and its section where a hall has several', () => {
    assert.deepEqual([one.seat('S-A-3'), one.seat('S-B-1-12')], ['row A, seat 3', 'row B, seat 12']);
    assert.deepEqual(
      [several.seat('S-A-3'), several.seat('C-X-2')],
      ['Stalls, row A, seat 3', 'Circle, Box 3, seat 2'],
    );
  });

  it('is its id where the plan does not have it', () => {
    assert.deepEqual([one.seat('S-Z-3'), one.area('ROOF'), byId.seat('S-A-3')], ['S-Z-3', 'ROOF', 'S-A-3']);
  });

  it('is in a row once, however the row is called', () => {
    assert.deepEqual(['A', 'Row A', 'row 12', 'Box 3', 'Rowan'].map(rowText), [
      'row A',
      'row A',
      'row 12',
      'Box 3',
      'row Rowan',
    ]);
  });
});

describe('places in words', () => {
  it('are told by rows, and places without a number by their count', () => {
    const seats = ['S-A-3', 'S-A-4', 'S-B-1-1'];
    assert.equal(placesText({ seats }, one), 'row A, seats 3, 4; row B, seat 1');
    assert.equal(placesText({ seats: ['C-X-1', 'S-A-3'] }, several), 'Circle, Box 3, seat 1; Stalls, row A, seat 3');
    assert.equal(placesText({ areas: [{ area: 'FLOOR', count: 2 }] }, one), '2 places in Standing');
  });

  it('are their ids where nothing else is known', () => {
    assert.equal(placesText({ seats: ['S-A-3', 'S-A-4'] }, byId), 'seats S-A-3, S-A-4');
    assert.equal(placesText({ seats: ['S-Z-1', 'S-A-3'] }, one), 'seat S-Z-1; row A, seat 3');
    assert.equal(placesText({ seats: [] }, byId), '');
  });
});
