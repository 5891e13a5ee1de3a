import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countdownText, countText, dayOf, isOtherClock, moneyText, placeTimeText } from './format.ts';

test('money has as many decimals as its currency', () => {
  const digits = (amount: number, currency: string) => moneyText({ amount, currency }).replace(/[^\d.,]/g, '');
  assert.equal(digits(1_250, 'GBP'), '12.50');
  assert.equal(digits(1_250, 'JPY'), '1,250');
  assert.equal(digits(1_250, 'KWD'), '1.250');
  // Where people pay with none of them, as with HUF, the minor unit is a hundredth all the same.
  assert.equal(digits(125_000, 'HUF'), '1,250.00');
});

test('what is left of a time is rounded up, and never less than nothing', () => {
  assert.deepEqual([299_001, 61_000, 1, 0, -5_000].map(countdownText), ['5:00', '1:01', '0:01', '0:00', '0:00']);
});

test('a day is that of the place', () => {
  const at = new Date('2026-12-01T04:30:00Z');
  assert.deepEqual(
    ['Europe/London', 'America/New_York'].map((zone) => dayOf(at, zone)),
    ['2026-12-01', '2026-11-30'],
  );
});

test('one is not many', () => {
  assert.deepEqual([countText(1, 'seat'), countText(2, 'seat')], ['1 seat', '2 seats']);
});

test('a time that clocks here do not show is called local', () => {
  const at = '2026-12-01T04:30:00Z';
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const elsewhere = here === 'Asia/Tokyo' ? 'America/New_York' : 'Asia/Tokyo';
  assert.deepEqual(
    [here, elsewhere].map((zone) => isOtherClock(at, zone)),
    [false, true],
  );
  assert.deepEqual(
    [here, elsewhere].map((zone) => placeTimeText(at, zone).endsWith('local time')),
    [false, true],
  );
});
