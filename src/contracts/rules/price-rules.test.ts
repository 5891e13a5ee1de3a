import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { defaultSettings, type PricingRules } from '../settings.ts';
import { floorAndCeiling, occupancy, type PriceContext, ruledPrice, salesSpeed, timeToShow } from './price-rules.ts';

const rules: PricingRules = {
  floorPercent: 80,
  ceilingPercent: 130,
  largestStepPercent: 100,
  occupancy: [
    { fromPercent: 75, addPercent: 10 },
    { fromPercent: 50, addPercent: 5 },
  ],
  timeToShow: [
    { withinHours: 24, addPercent: 5 },
    { withinHours: 2, addPercent: -50 },
  ],
  salesSpeed: [{ fromSeatsPerHour: 100, addPercent: 2.5 }],
};
const context: PriceContext = {
  category: 'stalls',
  listAmount: 1_000,
  currentAmount: 1_000,
  taken: 0,
  capacity: 100,
  hoursToShow: 240,
  seatsSoldPerHour: 0,
};
const price = (more: Partial<PriceContext>, changed: Partial<PricingRules> = {}) =>
  ruledPrice({ ...context, ...more }, { ...rules, ...changed });
const applied = (more: Partial<PriceContext>, changed: Partial<PricingRules> = {}) =>
  price(more, changed).trace.map(({ rule }) => rule);

test('without demand a seat costs its list price, and the trace says so', () => {
  assert.equal(price({}).amount, 1_000);
  assert.deepEqual(applied({}), ['list_price']);
});

test('the highest occupancy that is reached counts, not the sum of all', () => {
  assert.equal(occupancy({ ...context, taken: 49 }, rules), undefined);
  assert.equal(occupancy({ ...context, taken: 50 }, rules)?.basisPoints, 500);
  assert.equal(occupancy({ ...context, taken: 75 }, rules)?.basisPoints, 1_000);
  assert.equal(price({ taken: 80 }).amount, 1_100);
});

test('a category without seats is not full', () => {
  assert.equal(occupancy({ ...context, capacity: 0 }, rules), undefined);
});

test('the shortest time that the show is within counts, also after its start', () => {
  assert.equal(timeToShow({ ...context, hoursToShow: 24.1 }, rules), undefined);
  assert.equal(timeToShow({ ...context, hoursToShow: 24 }, rules)?.basisPoints, 500);
  assert.equal(timeToShow({ ...context, hoursToShow: 1 }, rules)?.basisPoints, -5_000);
  assert.equal(timeToShow({ ...context, hoursToShow: -1 }, rules)?.basisPoints, -5_000);
});

test('fast sales raise the price by fractions of a percent too', () => {
  assert.equal(salesSpeed({ ...context, seatsSoldPerHour: 99 }, rules), undefined);
  assert.equal(salesSpeed({ ...context, seatsSoldPerHour: 100 }, rules)?.basisPoints, 250);
});

test('rules add up', () => {
  assert.equal(price({ taken: 80, hoursToShow: 20, seatsSoldPerHour: 100 }).amount, 1_175);
  assert.deepEqual(applied({ taken: 80, hoursToShow: 20, seatsSoldPerHour: 100 }), [
    'list_price',
    'occupancy',
    'time_to_show',
    'sales_speed',
  ]);
});

test('a price stays above the floor and below the ceiling', () => {
  assert.equal(price({ hoursToShow: 1 }).amount, 800);
  assert.deepEqual(applied({ hoursToShow: 1 }), ['list_price', 'time_to_show', 'floor']);
  assert.equal(price({ taken: 80 }, { ceilingPercent: 104 }).amount, 1_040);
  assert.deepEqual(applied({ taken: 80 }, { ceilingPercent: 104 }), ['list_price', 'occupancy', 'ceiling']);
});

test('one change moves a price by the largest step at most', () => {
  assert.equal(price({ taken: 80 }, { largestStepPercent: 3 }).amount, 1_030);
  assert.equal(price({ taken: 80, currentAmount: 1_030 }, { largestStepPercent: 3 }).amount, 1_060);
  assert.equal(price({ currentAmount: 1_030 }, { largestStepPercent: 1 }).amount, 1_020);
  assert.deepEqual(applied({ taken: 80 }, { largestStepPercent: 3 }), ['list_price', 'occupancy', 'largest_step']);
});

test('a free seat stays free', () => {
  assert.equal(price({ listAmount: 0, currentAmount: 0, taken: 100, hoursToShow: 1 }).amount, 0);
});

test('the default rules are rules', () => {
  assert.equal(ruledPrice({ ...context, taken: 95 }, defaultSettings.pricingRules).amount, 1_100);
});

const percent = (least: number, most: number) => fc.double({ min: least, max: most, noNaN: true });
const anyRules: fc.Arbitrary<PricingRules> = fc.record({
  floorPercent: percent(0, 100),
  ceilingPercent: percent(100, 1_000),
  largestStepPercent: percent(0, 1_000),
  occupancy: fc.array(fc.record({ fromPercent: percent(0, 100), addPercent: percent(-100, 900) }), { maxLength: 5 }),
  timeToShow: fc.array(fc.record({ withinHours: percent(0, 1_000), addPercent: percent(-100, 900) }), { maxLength: 5 }),
  salesSpeed: fc.array(fc.record({ fromSeatsPerHour: percent(0, 1_000), addPercent: percent(-100, 900) }), {
    maxLength: 5,
  }),
});

test('whatever the rules, a price is a whole amount within floor, ceiling and step', () => {
  const demand = fc.record({
    listAmount: fc.integer({ min: 0, max: 10_000_000 }),
    taken: fc.nat(100),
    hoursToShow: percent(-10, 2_000),
    seatsSoldPerHour: fc.nat(2_000),
  });
  fc.assert(
    fc.property(anyRules, demand, percent(0, 1), (given, shown, share) => {
      const { least, most } = floorAndCeiling(shown.listAmount, given);
      const currentAmount = Math.round(least + (most - least) * share);
      const { amount } = ruledPrice({ ...context, ...shown, currentAmount }, given);
      assert.ok(Number.isInteger(amount));
      assert.ok(amount >= least && amount <= most, `${least} <= ${amount} <= ${most}`);
      assert.ok(least >= (shown.listAmount * Math.round(given.floorPercent * 100)) / 10_000);
      assert.ok(most <= (shown.listAmount * Math.round(given.ceilingPercent * 100)) / 10_000);
      const step = (shown.listAmount * Math.round(given.largestStepPercent * 100)) / 10_000;
      assert.ok(Math.abs(amount - currentAmount) <= step, `${currentAmount} → ${amount}`);
    }),
    { numRuns: 2_000 },
  );
});
