import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seatsIn, spanText } from './words.ts';

describe('words of the console', () => {
  it('tell a time span in the two largest units that matter', () => {
    const spans = [
      0, 999, 1_000, 2_460, 59_999, 60_000, 185_000, 3_600_000, 7_830_000, 86_400_000, 273_600_000, -1_500,
    ];
    const told = [
      '0 ms',
      '999 ms',
      '1 s',
      '2.4 s',
      '59.9 s',
      '1 min',
      '3 min 5 s',
      '1 h',
      '2 h 10 min',
      '1 d',
      '3 d 4 h',
    ];
    assert.deepEqual(spans.map(spanText), [...told, '-1.5 s']);
  });

  it('find each seat of a text once, however they are separated', () => {
    assert.deepEqual(seatsIn(' S-A-1, S-A-2;S-A-3\nS-A-1 '), ['S-A-1', 'S-A-2', 'S-A-3']);
    assert.deepEqual(seatsIn('  '), []);
  });
});
