import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { csvLine } from './csv.ts';

describe('a line of comma-separated values', () => {
  it('has quotes where a value has a comma, a quote or a line end', () => {
    assert.equal(csvLine(['a', 'b,c', 'say "d"', 'e\nf', undefined, 7]), 'a,"b,c","say ""d""","e\nf",,7\r\n');
  });

  it('keeps a spreadsheet from taking text for a formula, and leaves amounts as they are', () => {
    assert.equal(csvLine(['=1+1', '@SUM(A1)', '+49 1', '-ve', '-12.50']), "'=1+1,'@SUM(A1),'+49 1,'-ve,-12.50\r\n");
  });
});
