import assert from 'node:assert/strict';
import { test } from 'node:test';
import { phoneIn } from './phone.ts';

test('a phone number is read as people write it', () => {
  const written = ['+44 20 7123 4567', '+44-20-7123-4567', '0044 (20) 7123.4567', '+442071234567'];
  assert.deepEqual(new Set(written.map(phoneIn)), new Set(['+442071234567']));
});

test('without the code of a country it stays what it is, for nobody knows whose it is', () => {
  assert.equal(phoneIn('020 7123 4567'), '02071234567');
});
