import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { draftOf, emptyDraft, numbersIn, type PlanDraft, planOf, withNextKind } from './plan-draft.ts';
import { nextRow, rowsAlike } from './row-drafts.ts';

const rows = (from: string, to: string, more: object = {}) =>
  rowsAlike({ from, to, seats: 14, first: 1, step: 1, isWithoutIAndO: false, ...more }) ?? [];

const draft = (more: Partial<PlanDraft> = {}): PlanDraft => ({
  name: 'Small hall',
  sections: [{ name: 'Stalls', id: '', priceCategory: 'standard', rows: rows('A', 'M') }],
  areas: [],
  bestSeat: '',
  ...more,
});

describe('rows that are alike', () => {
  it('go from letter to letter, past Z, or from number to number', () => {
    assert.deepEqual(
      rows('A', 'C').map(({ name, first, last }) => [name, first, last]),
      [
        ['A', '1', '14'],
        ['B', '1', '14'],
        ['C', '1', '14'],
      ],
    );
    assert.deepEqual(
      rows('y', 'ab').map(({ name }) => name),
      ['Y', 'Z', 'AA', 'AB'],
    );
    assert.deepEqual(
      rows('9', '11').map(({ name }) => name),
      ['9', '10', '11'],
    );
  });

  it('leave out I and O where that is wanted, and number by their step', () => {
    assert.deepEqual(
      rows('H', 'P', { isWithoutIAndO: true }).map(({ name }) => name),
      ['H', 'J', 'K', 'L', 'M', 'N', 'P'],
    );
    assert.deepEqual(
      rows('A', 'A', { seats: 5, step: 2 }).map(({ first, last }) => [first, last]),
      [['1', '9']],
    );
  });

  it('are none from M to A, from A to 3, or without a name', () => {
    for (const [from, to] of [
      ['M', 'A'],
      ['A', '3'],
      ['', 'A'],
      ['Row A', 'Row C'],
      ['1', '900'],
    ] as const)
      assert.equal(rowsAlike({ from, to, seats: 14, first: 1, step: 1, isWithoutIAndO: false }), undefined);
  });
});

describe('a draft', () => {
  it('is a plan, its ids made of its names', () => {
    const { plan, faults } = planOf(
      draft({ areas: [{ name: 'Standing room', area: '', capacity: '50', priceCategory: 'standing' }] }),
    );
    assert.deepEqual(faults, []);
    assert.deepEqual([plan.sections[0]?.id, plan.sections[0]?.rows[12]?.id], ['S', 'M']);
    assert.deepEqual(plan.areas, [
      { name: 'Standing room', area: 'Standing_room', capacity: 50, priceCategory: 'standing' },
    ]);
  });

  it('keeps sections apart whose names begin alike', () => {
    const section = { name: 'Stalls', id: '', priceCategory: 'standard', rows: rows('A', 'A') };
    const { plan } = planOf(
      draft({ sections: [section, { ...section, name: 'Side stalls' }, { ...section, name: 'Ränge' }] }),
    );
    assert.deepEqual(
      plan.sections.map(({ id }) => id),
      ['S', 'SI', 'R'],
    );
  });

  it('has ids also for names that no id can be made of', () => {
    const [row] = rows('A', 'A');
    assert.ok(row);
    const section = {
      name: '一階',
      id: '',
      priceCategory: 'standard',
      rows: [
        { ...row, name: 'い' },
        { ...row, name: 'ろ' },
      ],
    };
    const { plan, faults } = planOf(draft({ sections: [section, section] }));
    assert.deepEqual(faults, []);
    assert.deepEqual(
      plan.sections.map(({ id, rows: [first, second] }) => [id, first?.id, second?.id]),
      [
        ['S1', 'R1', 'R2'],
        ['S2', 'R1', 'R2'],
      ],
    );
  });

  it('is what it was made from, and back', () => {
    const { plan } = planOf(draft());
    assert.deepEqual(planOf(draftOf(plan)).plan, plan);
    const chosen = { ...plan, bestSeat: 'S-C-3' };
    assert.deepEqual(planOf(draftOf(chosen)), { plan: chosen, faults: [] });
  });

  it('has its best seat in a usual place, which follows the rows, at a seat, or nowhere', () => {
    const bestOf = (bestSeat: string, more: Partial<PlanDraft> = {}) =>
      planOf(draft({ bestSeat, ...more })).plan.bestSeat;
    const short = [{ name: 'Stalls', id: '', priceCategory: 'standard', rows: rows('A', 'D', { seats: 5 }) }];
    assert.deepEqual([bestOf('middle'), bestOf('middle', { sections: short })], ['S-I-7', 'S-C-3']);
    assert.deepEqual([bestOf('front'), bestOf('S-C-3'), bestOf('')], ['S-A-7', 'S-C-3', undefined]);
    assert.equal(bestOf('middle', { sections: [] }), undefined);
  });

  it('asks for the best seat that was to be chosen, and says where it is none of the plan', () => {
    const { faults } = planOf(draft({ bestSeat: 'chosen' }));
    assert.deepEqual(faults, [{ pointer: '/bestSeat', message: 'is to be chosen in the picture', isMissing: true }]);
    const gone = planOf(draft({ bestSeat: 'S-Z-1' })).faults;
    assert.deepEqual(
      gone.map(({ pointer, isMissing }) => [pointer, isMissing]),
      [['/bestSeat', false]],
    );
  });

  it('says where something is wrong, by the rules that the server has as well', () => {
    const [row] = rows('A', 'A');
    assert.ok(row);
    const wrong = [
      { ...row, first: '9', last: '3' },
      { ...row, name: 'B', last: 'ten' },
      { ...row, name: 'C', accessible: '99' },
      { ...row, name: 'D', companion: 'left' },
      { ...row, name: 'A', id: 'A' },
    ];
    const { faults } = planOf(
      draft({ sections: [{ name: 'Stalls', id: '', priceCategory: 'standard', rows: wrong }] }),
    );
    assert.deepEqual(faults.map(({ pointer }) => pointer).sort(), [
      '/sections/0/rows/0/last',
      '/sections/0/rows/1/last',
      '/sections/0/rows/2/accessible/0',
      '/sections/0/rows/3/companion',
      '/sections/0/rows/4/id',
    ]);
    assert.ok(faults.every(({ isMissing }) => !isMissing));
  });

  it('of nothing is only not there yet', () => {
    const { faults } = planOf(emptyDraft);
    assert.ok(faults.length > 0);
    assert.ok(faults.every(({ isMissing }) => isMissing));
  });
});

describe('numbers of seats', () => {
  it('are listed one by one or as ranges', () => {
    assert.deepEqual(numbersIn('1, 2 11-14'), [1, 2, 11, 12, 13, 14]);
    assert.deepEqual(numbersIn('1-5', 2), [1, 3, 5]);
    assert.deepEqual(numbersIn(''), []);
  });

  it('are none of other text', () => {
    for (const text of ['left', '4-1', '1-999999']) assert.equal(numbersIn(text), undefined, text);
  });
});

describe('one row more', () => {
  it('is like the last one, under the next name', () => {
    const [row] = rows('Z', 'Z');
    assert.ok(row);
    const next = nextRow([{ ...row, id: 'Z', accessible: '1' }]);
    assert.deepEqual([next.name, next.id, next.last, next.accessible], ['AA', '', '14', '']);
    assert.equal(nextRow([{ ...row, name: '9' }]).name, '10');
    assert.equal(nextRow([{ ...row, name: 'Box left' }]).name, '');
    assert.equal(nextRow([]).name, 'A');
  });
});

describe('what a seat is kept for', () => {
  it('goes round', () => {
    const [row] = rows('A', 'A');
    assert.ok(row);
    const first = withNextKind({ ...row, accessible: '5' }, 2);
    assert.deepEqual([first.kind, first.row.accessible], ['wheelchair space', '2, 5']);
    const second = withNextKind(first.row, 2);
    assert.deepEqual([second.kind, second.row.accessible, second.row.companion], ['companion seat', '5', '2']);
    const third = withNextKind(second.row, 2);
    assert.deepEqual([third.kind, third.row.accessible, third.row.companion], ['ordinary seat', '5', '']);
  });
});
