import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type SeatPlan, seatPlan } from '../catalog.ts';
import { planErrors } from './plan-errors.ts';
import { hasBit, indexOfSeat, planIndex, priceCategoryAt, seatAt, usualSeat } from './plan-order.ts';

const row = (id: string, first: number, last: number, more: object = {}) => ({ id, name: id, first, last, ...more });
const section = (id: string, priceCategory: string, rows: object[]) => ({ id, name: id, priceCategory, rows });
const planOf = (sections: object[], areas: object[] = [], more: object = {}): SeatPlan =>
  seatPlan.parse({ seatPlanId: 'pln_01900000-0000-7000-8000-000000000001', name: 'Hall', sections, areas, ...more });

const hall = planOf(
  [
    section('ST-L', 'stalls', [row('A', 1, 5, { step: 2, accessible: [3], companion: [5] }), row('B-1', 0, 9)]),
    section('C', 'circle', [row('A', 101, 103)]),
  ],
  [{ area: 'pit', name: 'Pit', capacity: 100, priceCategory: 'stalls' }],
);

test('seats are counted section by section, row by row, number by number', () => {
  const index = planIndex(hall);
  const seats = Array.from({ length: index.seatCount }, (_, at) => seatAt(index, at));
  assert.deepEqual(seats.slice(0, 4), ['ST-L-A-1', 'ST-L-A-3', 'ST-L-A-5', 'ST-L-B-1-0']);
  assert.deepEqual(seats.slice(-3), ['C-A-101', 'C-A-102', 'C-A-103']);
  assert.equal(seats.length, 16);
});

test('every seat id leads back to its index', () => {
  const index = planIndex(hall);
  for (let at = 0; at < index.seatCount; at += 1) assert.equal(indexOfSeat(index, seatAt(index, at)), at);
});

test('an id that the plan does not have leads nowhere', () => {
  const index = planIndex(hall);
  for (const seat of [
    '',
    '-',
    'ST-L-A-2',
    'ST-L-A-7',
    'ST-L-A-01',
    'ST-L-A-',
    'C-A-100',
    'C-B-101',
    'C-A-1e2',
    'A-1',
  ]) {
    assert.equal(indexOfSeat(index, seat), undefined, seat);
  }
  assert.throws(() => seatAt(index, 16), RangeError);
  assert.throws(() => seatAt(index, -1), RangeError);
});

test('categories, capacities and reserved seats are those of the plan', () => {
  const index = planIndex(hall);
  assert.equal(priceCategoryAt(index, 0), 'stalls');
  assert.equal(priceCategoryAt(index, 13), 'circle');
  assert.deepEqual(
    [...index.capacities],
    [
      ['stalls', 113],
      ['circle', 3],
    ],
  );
  assert.equal(index.capacity, 116);
  assert.equal(hasBit(index.accessible, 1), true);
  assert.equal(hasBit(index.accessible, 2), false);
  assert.equal(hasBit(index.companion, 2), true);
});

test('the index of a plan is made once', () => {
  assert.equal(planIndex(hall), planIndex(hall));
});

test('a plan that can be sold has no errors', () => {
  assert.deepEqual(planErrors(hall), []);
});

test('each fault of a plan is named with its place', () => {
  const faulty = planOf(
    [
      section('A', 'x', [
        row('B-C', 1, 2),
        row('D', 5, 4),
        row('E', 1, 9, { step: 2, accessible: [2], companion: [3, 3] }),
      ]),
      section('A-B', 'x', [row('C', 1, 2)]),
      section('A', 'x', [row('a'.repeat(37), 1, 9), row('F', 1, 9)]),
    ],
    [
      { area: 'pit', name: 'Pit', capacity: 1, priceCategory: 'x' },
      { area: 'pit', name: 'Pit', capacity: 1, priceCategory: 'x' },
    ],
  );
  assert.deepEqual(
    planErrors(faulty).map(({ pointer, code }) => `${pointer} ${code}`),
    [
      '/sections/0/rows/1/last wrong_range',
      '/sections/0/rows/2/accessible/0 not_in_row',
      '/sections/0/rows/2/companion/1 duplicate_seat',
      '/sections/1/rows/0/id duplicate_row',
      '/sections/2/id duplicate_section',
      '/sections/2/rows/0/id seat_id_too_long',
      '/areas/1/area duplicate_area',
    ],
  );
});

test('a plan is neither empty nor larger than 65,536 seats', () => {
  assert.deepEqual(
    planErrors(planOf([])).map(({ code }) => code),
    ['empty_plan'],
  );
  const exactly = planOf([section('A', 'x', [row('1', 1, 65_536)])]);
  const oneMore = planOf([section('A', 'x', [row('1', 1, 65_536), row('2', 1, 1)])]);
  assert.deepEqual(planErrors(exactly), []);
  assert.deepEqual(
    planErrors(oneMore).map(({ code }) => code),
    ['too_many_seats'],
  );
});

test('the best seat is one of the plan', () => {
  const sections = [section('A', 'x', [row('1', 1, 9, { step: 2 })])];
  const errorsWith = (bestSeat: string) => planErrors(planOf(sections, [], { bestSeat }));
  assert.deepEqual(errorsWith('A-1-5'), []);
  for (const seat of ['A-1-2', 'A-1-11', 'A-1-05', 'A-1-', 'A-1', 'B-1-1']) {
    const [error, ...others] = errorsWith(seat);
    assert.deepEqual([error?.pointer, error?.code, others], ['/bestSeat', 'seat_unknown', []], seat);
    assert.match(error?.message ?? '', new RegExp(`no seat "${seat}"; name one of its seats`));
  }
});

test('rows go from the best seat outwards, the earlier first where they are as near', () => {
  const rows = ['A', 'B', 'C', 'D'].map((id) => row(id, 1, 5));
  const sections = [section('S', 'cheap', rows), section('C', 'dear', [row('A', 1, 3, { x: 40, y: 2 })])];
  const { best } = planIndex(planOf(sections, [], { bestSeat: 'S-C-3' }));
  assert.deepEqual(best?.at, { x: 0, y: 2 });
  assert.deepEqual(
    best?.rows.map(({ prefix }) => prefix),
    ['S-C-', 'S-B-', 'S-D-', 'S-A-', 'C-A-'],
  );
  assert.deepEqual([...best.rowsByCategory.keys()], ['cheap', 'dear']);
  assert.equal(planIndex(planOf(sections)).best, undefined);
});

test('most halls are best in the middle, two thirds back or in front', () => {
  const sections = planOf([
    section(
      'S',
      'x',
      ['A', 'B', 'C', 'D', 'E', 'F', 'G'].map((id) => row(id, 1, 9)),
    ),
  ]).sections;
  assert.equal(usualSeat(sections, 'middle'), 'S-E-5');
  assert.equal(usualSeat(sections, 'front'), 'S-A-5');
  // Of two halves, the seat at the aisle.
  const halves = planOf([
    section('L', 'x', [row('A', 1, 4, { x: 0, y: 0 })]),
    section('R', 'x', [row('A', 1, 4, { x: 6, y: 0 })]),
  ]);
  assert.equal(usualSeat(halves.sections, 'front'), 'L-A-4');
  assert.equal(usualSeat([], 'middle'), undefined);
});
