import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defaultSettings, settings } from '../../src/contracts/settings.ts';
import { examplePrice, isWhole, pricingDraftOf, pricingText, pricingValueOf } from './pricing-draft.ts';

const rules = defaultSettings.pricingRules;
const situation = { listAmount: 1_000, takenPercent: 0, hoursToShow: 240, seatsSoldPerHour: 0 };

describe('pricing rules that are edited', () => {
  it('are what they were, where nothing was changed', () => {
    assert.deepEqual(pricingValueOf(pricingDraftOf(rules)), rules);
    assert.equal(settings.pricingRules.schema.safeParse(pricingValueOf(pricingDraftOf(rules))).success, true);
  });

  it('take a decimal comma, and say where there is no number', () => {
    const draft = { ...pricingDraftOf(rules), floorPercent: '72,5', timeToShow: [{ from: 'a day', add: '' }] };
    const value = pricingValueOf(draft);
    assert.deepEqual(value, { ...rules, floorPercent: 72.5, timeToShow: [{ withinHours: null, addPercent: null }] });
    assert.deepEqual([isWhole(value), isWhole(rules)], [false, true]);
  });
});

describe('pricing rules in a line', () => {
  it('say all that the rules say', () => {
    const all =
      '70 to 150 %, by 10 % at once; from 50 % taken +5 %; from 75 % taken +10 %; from 90 % taken +20 %; within 24 h +5 %; from 200 seats/h +5 %';
    assert.equal(pricingText(rules), all);
    const cheaper = { ...rules, occupancy: [], salesSpeed: [], timeToShow: [{ withinHours: 2, addPercent: -50 }] };
    assert.equal(pricingText(cheaper), '70 to 150 %, by 10 % at once; within 2 h -50 %');
  });
});

describe('the price of an example', () => {
  it('is the list price while nothing moves it', () => {
    const { amounts, trace } = examplePrice(rules, situation);
    assert.deepEqual([amounts, trace.map(({ rule }) => rule)], [[1_000], ['list_price']]);
  });

  it('is reached by steps that are no larger than the rules allow', () => {
    const demand = { ...situation, takenPercent: 90, hoursToShow: 2, seatsSoldPerHour: 200 };
    const { amounts, trace } = examplePrice(rules, demand);
    // A fifth more for the hall, a twentieth each for time and speed, a tenth at a time.
    assert.deepEqual(amounts, [1_000, 1_100, 1_200, 1_300]);
    assert.deepEqual(
      trace.map(({ rule }) => rule),
      ['list_price', 'occupancy', 'time_to_show', 'sales_speed'],
    );
  });

  it('stays within floor and ceiling, and ends where no step leads on', () => {
    const demand = { ...situation, takenPercent: 90 };
    assert.deepEqual(examplePrice({ ...rules, ceilingPercent: 105 }, demand).amounts, [1_000, 1_050]);
    assert.deepEqual(examplePrice({ ...rules, largestStepPercent: 0 }, demand).amounts, [1_000]);
  });
});
