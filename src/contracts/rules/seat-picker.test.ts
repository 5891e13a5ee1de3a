import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type SeatPlan, seatPlan } from '../catalog.ts';
import { blockDistance } from './best-seats.ts';
import { hasBit, indexOfSeat, type PlanIndex, planIndex, priceCategoryAt, rowOfIndex, seatAt } from './plan-order.ts';
import { emptySeatMap, isFree, withSeats } from './seat-map.ts';
import { pickSeats, type Wish } from './seat-picker.ts';

const planOf = (sections: object[], more: object = {}): SeatPlan =>
  seatPlan.parse({
    seatPlanId: 'pln_01900000-0000-7000-8000-000000000001',
    name: 'Hall',
    sections,
    areas: [],
    ...more,
  });
const section = (id: string, priceCategory: string, rows: object[]) => ({ id, name: id, priceCategory, rows });
const row = (id: string, first: number, last: number, more: object = {}) => ({ id, name: id, first, last, ...more });

const hall = planIndex(
  planOf([
    section('F', 'front', [row('A', 1, 6), row('B', 1, 6)]),
    section('R', 'rear', [row('C', 1, 8, { accessible: [1, 4], companion: [2] }), row('D', 1, 8)]),
  ]),
);
const without = (...seats: string[]) => sold(hall, seats);
const sold = (plan: PlanIndex, seats: readonly string[]) =>
  withSeats(
    emptySeatMap,
    seats.map((seat) => indexOfSeat(plan, seat) ?? assert.fail(seat)),
    'sold',
  );
const pickIn = (plan: PlanIndex, wish: Wish, map = emptySeatMap) =>
  pickSeats(plan, map, wish)?.map((index) => seatAt(plan, index));
const pick = (wish: Wish, map = emptySeatMap) => pickIn(hall, wish, map);

test('the first seats side by side are picked, front to back', () => {
  assert.deepEqual(pick({ count: 2 }), ['F-A-1', 'F-A-2']);
  assert.deepEqual(pick({ count: 2 }, without('F-A-1')), ['F-A-2', 'F-A-3']);
  assert.deepEqual(pick({ count: 4 }, without('F-A-4')), ['F-B-1', 'F-B-2', 'F-B-3', 'F-B-4']);
});

test('no single seat is left over where another place avoids it', () => {
  assert.deepEqual(pick({ count: 5 }), ['R-D-1', 'R-D-2', 'R-D-3', 'R-D-4', 'R-D-5']);
  assert.deepEqual(pick({ count: 2 }, without('F-A-4')), ['F-A-5', 'F-A-6']);
});

test('a single seat is left over where nothing else fits', () => {
  assert.deepEqual(pick({ count: 5, priceCategory: 'front' }), ['F-A-1', 'F-A-2', 'F-A-3', 'F-A-4', 'F-A-5']);
});

test('a price category keeps the pick to its own rows', () => {
  assert.deepEqual(pick({ count: 2, priceCategory: 'rear' }), ['R-C-5', 'R-C-6']);
  assert.equal(pick({ count: 1, priceCategory: 'gallery' }), undefined);
});

test('a party that fits no row is split into few pieces within one price category', () => {
  assert.deepEqual(pick({ count: 9, priceCategory: 'front' }), [
    'F-A-1',
    'F-A-2',
    'F-A-3',
    'F-A-4',
    'F-A-5',
    'F-A-6',
    'F-B-1',
    'F-B-2',
    'F-B-3',
  ]);
});

test('a party is split over price categories only when none has room', () => {
  assert.equal(pick({ count: 14 })?.length, 14);
  assert.equal(
    pick({ count: 13 })?.every((seat) => seat.startsWith('R')),
    true,
  );
});

test('nothing is picked when there are not enough seats', () => {
  assert.equal(pick({ count: 26 }), undefined);
  assert.equal(pick({ count: 13, priceCategory: 'front' }), undefined);
  assert.equal(pick({ count: 0 }), undefined);
});

test('wheelchair places go to those who ask for them, with their companion seats', () => {
  assert.deepEqual(pick({ count: 1, accessible: true }), ['R-C-1']);
  assert.deepEqual(pick({ count: 2, accessible: true }), ['R-C-1', 'R-C-2']);
  assert.deepEqual(pick({ count: 1, accessible: true }, without('R-C-1')), ['R-C-4']);
  assert.deepEqual(pick({ count: 2, accessible: true }, without('R-C-1')), ['R-C-2', 'R-C-4']);
  assert.equal(pick({ count: 1, accessible: true }, without('R-C-1', 'R-C-4')), undefined);
  assert.equal(pick({ count: 4, accessible: true }), undefined);
  assert.equal(pick({ count: 1, accessible: true, priceCategory: 'front' }), undefined);
});

/** Six rows of nine, the four in front cheaper; the best seat is the middle one of the fourth. */
const cinema = planIndex(
  planOf(
    [
      section(
        'F',
        'front',
        ['A', 'B', 'C', 'D'].map((id) => row(id, 1, 9)),
      ),
      section(
        'R',
        'rear',
        ['E', 'F'].map((id, at) =>
          row(id, 1, 9, { y: 4 + at, ...(at === 1 ? { accessible: [1, 9], companion: [2, 8] } : {}) }),
        ),
      ),
    ],
    { bestSeat: 'F-D-5' },
  ),
);

test('where the house names its best seat, whoever comes first has it, and a pair a seat beside it', () => {
  assert.deepEqual(pickIn(cinema, { count: 1 }), ['F-D-5']);
  assert.deepEqual(pickIn(cinema, { count: 3 }), ['F-D-4', 'F-D-5', 'F-D-6']);
  assert.deepEqual(pickIn(cinema, { count: 2 }), ['F-D-4', 'F-D-5']);
});

test('then the nearest to it follow, in whichever row and price category they are', () => {
  assert.deepEqual(pickIn(cinema, { count: 3 }, sold(cinema, ['F-D-5'])), ['F-C-4', 'F-C-5', 'F-C-6']);
  const both = sold(cinema, ['F-D-5', 'F-C-5']);
  assert.deepEqual(pickIn(cinema, { count: 3 }, both), ['R-E-4', 'R-E-5', 'R-E-6']);
  assert.deepEqual(pickIn(cinema, { count: 3, priceCategory: 'front' }, both), ['F-B-4', 'F-B-5', 'F-B-6']);
});

test('the best seats leave no single one over where others do not', () => {
  // Three are left in the middle of the best row: a pair would leave one of them alone.
  const map = sold(cinema, ['F-D-3', 'F-D-7']);
  assert.deepEqual(pickIn(cinema, { count: 2 }, map), ['F-C-4', 'F-C-5']);
  assert.deepEqual(pickIn(cinema, { count: 3 }, map), ['F-D-4', 'F-D-5', 'F-D-6']);
});

test('a party that fits no row begins where the best seats are', () => {
  const picked = pickIn(cinema, { count: 12 }) ?? assert.fail();
  assert.deepEqual(new Set(picked.map((seat) => seat.slice(0, 3))), new Set(['F-D', 'F-C']));
});

test('wheelchair places are the nearest ones too', () => {
  assert.deepEqual(pickIn(cinema, { count: 2, accessible: true }), ['R-F-1', 'R-F-2']);
  assert.deepEqual(pickIn(cinema, { count: 1, accessible: true }, sold(cinema, ['R-F-1'])), ['R-F-9']);
  assert.deepEqual(pickIn(cinema, { count: 3, accessible: true }), ['R-F-1', 'R-F-2', 'R-F-9']);
});

const rowShape = fc.record({
  seats: fc.integer({ min: 1, max: 14 }),
  accessible: fc.uniqueArray(fc.nat(13), { maxLength: 3 }),
  companion: fc.uniqueArray(fc.nat(13), { maxLength: 3 }),
});
const hallShape = fc.array(fc.array(rowShape, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 4 });

function hallOf(shape: readonly { seats: number; accessible: number[]; companion: number[] }[][], bestAt?: number) {
  const sections = shape.map((rows, at) =>
    section(
      `S${at}`,
      `cat${at % 2}`,
      rows.map(({ seats, accessible, companion }, number) =>
        row(`R${number}`, 0, seats - 1, {
          accessible: accessible.filter((each) => each < seats),
          companion: companion.filter((each) => each < seats && !accessible.includes(each)),
        }),
      ),
    ),
  );
  const plan = planOf(sections);
  if (bestAt === undefined) return planIndex(plan);
  const index = planIndex(plan);
  return planIndex({ ...plan, bestSeat: seatAt(index, bestAt % index.seatCount) });
}

test('a pick is free, complete, of the asked kind, and there whenever enough such seats are', () => {
  const wish = fc.record({
    count: fc.integer({ min: 1, max: 12 }),
    priceCategory: fc.constantFrom(undefined, 'cat0', 'cat1'),
    accessible: fc.boolean(),
  });
  fc.assert(
    fc.property(
      hallShape,
      fc.option(fc.nat(300), { nil: undefined }),
      fc.array(fc.nat(300)),
      wish,
      (shape, bestAt, sold, asked) => {
        const plan = hallOf(shape, bestAt);
        const map = withSeats(
          emptySeatMap,
          sold.filter((index) => index < plan.seatCount),
          'sold',
        );
        const reserved = (index: number) => hasBit(plan.accessible, index) || hasBit(plan.companion, index);
        const candidates = Array.from({ length: plan.seatCount }, (_, index) => index).filter(
          (index) =>
            isFree(map, index) &&
            reserved(index) === asked.accessible &&
            (asked.priceCategory === undefined || priceCategoryAt(plan, index) === asked.priceCategory),
        );
        const places = candidates.filter((index) => hasBit(plan.accessible, index)).length;
        const enough = candidates.length >= asked.count && (!asked.accessible || places > 0);
        const picked = pickSeats(plan, map, asked);
        assert.equal(picked !== undefined, enough);
        if (picked === undefined) return;
        assert.equal(new Set(picked).size, asked.count);
        assert.ok(picked.every((index) => candidates.includes(index)));
        assert.deepEqual(pickSeats(plan, map, asked), picked);
        if (asked.accessible) assert.ok(picked.some((index) => hasBit(plan.accessible, index)));
        else checkBlock(plan, candidates, picked);
        if (plan.best !== undefined) checkNearest(plan, candidates, { asked, picked });
      },
    ),
    { numRuns: 500 },
  );
});

/** From the rule: of all blocks that leave as few single seats over, none is nearer to the best seat, or as near and earlier. */
function checkNearest(
  plan: PlanIndex,
  candidates: readonly number[],
  { asked, picked }: { readonly asked: Wish; readonly picked: readonly number[] },
) {
  const at = plan.best?.at ?? assert.fail();
  const free = new Set(candidates);
  const blocks = candidates
    .filter((start) => {
      const seats = Array.from({ length: asked.count }, (_, more) => start + more);
      const row = rowOfIndex(plan, start);
      const isBlock = seats.every((index) => free.has(index) && index < row.offset + row.count);
      return isBlock && (asked.accessible !== true || seats.some((index) => hasBit(plan.accessible, index)));
    })
    .map((start) => ({
      start,
      leaves: asked.accessible === true ? 0 : Math.min(1, singlesBeside(plan, free, start, asked.count)),
      distance: blockDistance(at, rowOfIndex(plan, start), { start, count: asked.count }),
    }))
    .sort((a, b) => a.leaves - b.leaves || a.distance - b.distance || a.start - b.start);
  if (blocks[0] !== undefined) assert.equal(picked[0], blocks[0].start);
}

function singlesBeside(plan: PlanIndex, free: ReadonlySet<number>, start: number, count: number): number {
  const row = rowOfIndex(plan, start);
  const isFree = (index: number) => index >= row.offset && index < row.offset + row.count && free.has(index);
  const end = start + count;
  return Number(isFree(start - 1) && !isFree(start - 2)) + Number(isFree(end) && !isFree(end + 1));
}

/** From the rule: where a block exists, the pick is one; where one exists that leaves no single seat, so does the pick. */
function checkBlock(plan: ReturnType<typeof planIndex>, candidates: readonly number[], picked: readonly number[]) {
  const free = new Set(candidates);
  const sameRow = (a: number, b: number) => rowOfIndex(plan, a) === rowOfIndex(plan, b);
  const runs: number[][] = [];
  for (const index of candidates) {
    const last = runs.at(-1)?.at(-1);
    if (last === index - 1 && sameRow(last, index)) runs.at(-1)?.push(index);
    else runs.push([index]);
  }
  const fits = runs.filter((run) => run.length >= picked.length);
  const first = picked[0] ?? assert.fail();
  const last = picked.at(-1) ?? assert.fail();
  const block = last - first + 1 === picked.length && sameRow(first, last);
  assert.equal(block, fits.length > 0);
  if (!fits.some((run) => run.length !== picked.length + 1)) return;
  const single = (index: number, step: number) =>
    free.has(index) && sameRow(index, first) && !(free.has(index + step) && sameRow(index + step, first));
  assert.equal(single(first - 1, -1) || single(last + 1, 1), false);
}
