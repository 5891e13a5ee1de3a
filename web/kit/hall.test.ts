import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SeatPlan } from '../../src/contracts/catalog.ts';
import { hallOf, neighbour, placeOf, type SeatPlace, seatNear, statesOf } from './hall.ts';

const row = (id: string, last: number, more: object = {}) => ({
  ...{ id, name: id, first: 1, last, step: 1, accessible: [], companion: [] },
  ...more,
});
const plan = (sections: SeatPlan['sections']): SeatPlan => ({ seatPlanId: 'pln_1', name: 'Hall', sections, areas: [] });
const stalls = { id: 'S', name: 'Stalls', priceCategory: 'standard' };
const circle = { id: 'C', name: 'Circle', priceCategory: 'premium' };
const categories = ['standard', 'premium'];

/** Seats by their ids, wherever they are in the plan. */
function seatOf(hall: ReturnType<typeof hallOf>, id: string): SeatPlace {
  for (let index = 0; index < hall.index.seatCount; index += 1) {
    const place = placeOf(hall, index);
    if (place?.id === id) return place;
  }
  throw new Error(`no seat ${id}`);
}

describe('a hall', () => {
  const unplaced = hallOf(
    plan([
      { ...stalls, rows: [row('A', 4), row('B', 6)] },
      { ...circle, rows: [row('A', 2, { accessible: [1], companion: [2] })] },
    ]),
    categories,
  );

  test('without places of its own has one row below the other, each in the middle, with a gap between sections', () => {
    assert.deepEqual(
      unplaced.rows.map(({ x, y }) => [x, y]),
      [
        [-1.5, 0],
        [-2.5, 1],
        [-0.5, 3],
      ],
    );
    assert.deepEqual([unplaced.left, unplaced.top, unplaced.width, unplaced.height], [-2.5, 0, 6, 4]);
  });

  test('with places of its own keeps them', () => {
    const placed = hallOf(
      plan([{ ...stalls, rows: [row('A', 3, { x: 10, y: -2 }), row('B', 3, { x: -4, y: 5 })] }]),
      categories,
    );
    assert.deepEqual([placed.left, placed.top, placed.width, placed.height], [-4, -2, 17, 8]);
    assert.equal(seatNear(placed, 12.4, -1.6)?.id, 'S-A-3');
  });

  test('finds the seat at a place, and none beside the rows', () => {
    assert.equal(seatNear(unplaced, -1.6, 0.3)?.id, 'S-A-1');
    assert.equal(seatNear(unplaced, 2.4, 1.2)?.id, 'S-B-6');
    assert.equal(seatNear(unplaced, 3.2, 1.2), undefined);
    assert.equal(seatNear(unplaced, 0, 2), undefined);
  });

  test('knows what a seat is', () => {
    const { row: own, isAccessible, isCompanion, number } = seatOf(unplaced, 'C-A-1');
    assert.deepEqual([own.section, own.category, number, isAccessible, isCompanion], ['Circle', 1, 1, true, false]);
    assert.equal(seatOf(unplaced, 'C-A-2').isCompanion, true);
    assert.equal(placeOf(unplaced, 12), undefined);
  });

  test('leads from each seat to the nearest one', () => {
    const from = seatOf(unplaced, 'S-A-1');
    const to = (direction: Parameters<typeof neighbour>[2]) => neighbour(unplaced, from, direction).id;
    assert.deepEqual([to('left'), to('right'), to('up'), to('down')], ['S-A-1', 'S-A-2', 'S-A-1', 'S-B-2']);
    assert.equal(neighbour(unplaced, seatOf(unplaced, 'S-B-6'), 'down').id, 'C-A-2');
    assert.equal(neighbour(unplaced, seatOf(unplaced, 'C-A-1'), 'up').id, 'S-B-3');
  });

  test('leads across an aisle to the block beside, which no other key leads to', () => {
    const rows = (x: number, y: number) => [row('A', 3, { x, y }), row('B', 3, { x, y: y + 1 })];
    const wide = hallOf(
      plan([
        { ...stalls, rows: rows(0, 0) },
        { ...circle, rows: rows(5, 0.3) },
      ]),
      categories,
    );
    const to = (id: string, direction: 'left' | 'right') => neighbour(wide, seatOf(wide, id), direction).id;
    assert.deepEqual([to('S-A-3', 'right'), to('C-B-1', 'left')], ['C-A-1', 'S-B-3']);
    assert.deepEqual([to('S-A-1', 'left'), to('C-A-3', 'right')], ['S-A-1', 'C-A-3']);
  });

  test('counts numbers by their steps', () => {
    const odd = hallOf(plan([{ ...stalls, rows: [row('A', 9, { step: 2 })] }]), categories);
    assert.deepEqual([seatNear(odd, odd.left + 2, 0)?.id, odd.index.seatCount], ['S-A-5', 5]);
  });
});

test('states are two bits a seat, low bits first', () => {
  const packed = Buffer.from([0b11_10_01_00, 0b01]).toString('base64');
  assert.deepEqual([...statesOf(packed, 6)], [0, 1, 2, 3, 1, 0]);
});
