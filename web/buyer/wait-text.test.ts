import assert from 'node:assert/strict';
import { it } from 'node:test';
import { placeAgainMs, waitText } from './wait-text.ts';

it('a wait is said as exactly as it is known', () => {
  assert.deepEqual([5, 50, 89, 91, 600, 1_380, 5_200, 5_400, 9_000].map(waitText), [
    ...['less than a minute', 'about a minute', 'about a minute', 'about 2 minutes', 'about 10 minutes'],
    ...['about 25 minutes', 'about 85 minutes', 'about 2 hours', 'about 3 hours'],
  ]);
});

it('who is far behind on a waiting list asks for their place less often than who is near', () => {
  assert.deepEqual([undefined, 0, 100, 101, 5_000].map(placeAgainMs), [10_000, 10_000, 10_000, 60_000, 60_000]);
});
