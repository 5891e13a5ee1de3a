import assert from 'node:assert/strict';
import { it } from 'node:test';
import { waitText } from './wait-text.ts';

it('a wait is said as exactly as it is known', () => {
  assert.deepEqual([5, 50, 89, 91, 600, 1_380, 5_200, 5_400, 9_000].map(waitText), [
    ...['less than a minute', 'about a minute', 'about a minute', 'about 2 minutes', 'about 10 minutes'],
    ...['about 25 minutes', 'about 85 minutes', 'about 2 hours', 'about 3 hours'],
  ]);
});
