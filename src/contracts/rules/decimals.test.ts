import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decimalText, minorUnits } from './decimals.ts';

describe('an amount as a decimal number', () => {
  it('has the decimals of its currency, exactly', () => {
    assert.deepEqual(
      [
        decimalText(1_250, 'EUR'),
        decimalText(-5, 'EUR'),
        decimalText(0, 'EUR'),
        decimalText(1_250, 'JPY'),
        decimalText(1_250, 'KWD'),
        decimalText(90_071_992_547_409_91, 'EUR'),
      ],
      ['12.50', '-0.05', '0.00', '1250', '1.250', '90071992547409.91'],
    );
  });
});

describe('an amount as people write it', () => {
  it('is counted in the minor units of its currency', () => {
    assert.deepEqual(
      [minorUnits('12.50', 'EUR'), minorUnits('12.5', 'EUR'), minorUnits('12', 'EUR'), minorUnits('12.5', 'KWD')],
      [1_250, 1_250, 1_200, 12_500],
    );
    assert.equal(minorUnits('1250', 'JPY'), 1_250);
  });

  it('is none with more decimals than the currency has, or without a currency', () => {
    for (const [text, currency] of [
      ['12.505', 'EUR'],
      ['12.5', 'JPY'],
      ['-1', 'EUR'],
      ['', 'EUR'],
      ['1,000', 'EUR'],
      ['12.50', 'euro'],
    ] as const)
      assert.equal(minorUnits(text, currency), undefined, `${text} ${currency}`);
  });
});
