import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { csvLine, decimalText } from './csv.ts';

describe('a line of comma-separated values', () => {
  it('has quotes where a value has a comma, a quote or a line end', () => {
    assert.equal(csvLine(['a', 'b,c', 'say "d"', 'e\nf', undefined, 7]), 'a,"b,c","say ""d""","e\nf",,7\r\n');
  });

  it('keeps a spreadsheet from taking text for a formula, and leaves amounts as they are', () => {
    assert.equal(csvLine(['=1+1', '@SUM(A1)', '+49 1', '-ve', '-12.50']), "'=1+1,'@SUM(A1),'+49 1,'-ve,-12.50\r\n");
  });
});

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
