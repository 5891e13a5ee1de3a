import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatMoney, percentOf } from './money.ts';

test('a share is rounded half up, whatever floating point numbers make of its decimals', () => {
  const rows: readonly (readonly [amount: number, percent: number, share: number])[] = [
    [2_650, 10, 265],
    [2_650, 0, 0],
    [2_650, 100, 2_650],
    [1, 50, 1],
    [10_000, 1.005, 101],
    [1_000, 4.35, 44],
    [3, 33.33, 1],
    [10_000_000_000_000, 0.000001, 100_000],
  ];
  for (const [amount, percent, share] of rows)
    assert.equal(percentOf({ amount, currency: 'EUR' }, percent).amount, share, `${percent} % of ${amount}`);
});

test('an amount is read by the decimals that its currency has for providers, not by those people pay with', () => {
  const rows = {
    EUR: '€12,345.00',
    JPY: '¥1,234,500',
    HUF: 'HUF 12,345.00',
    IQD: 'IQD 1,234.500',
    KWD: 'KWD 1,234.500',
  };
  for (const [currency, text] of Object.entries(rows))
    assert.equal(formatMoney({ amount: 1_234_500, currency }).replace('\u00a0', ' '), text);
});
