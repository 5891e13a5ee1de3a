import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WishKey } from './wish-key.ts';

function counted(): WishKey {
  let count = 0;
  return new WishKey(() => {
    count += 1;
    return `key-${count}`;
  });
}

describe('the key of a wish', () => {
  it('is the same for the same wish, however often it is asked for', () => {
    const key = counted();
    assert.deepEqual([key.of({ seats: ['A'] }), key.of({ seats: ['A'] })], ['key-1', 'key-1']);
  });

  it('is another for another wish, and after an answer', () => {
    const key = counted();
    assert.deepEqual([key.of({ seats: ['A'] }), key.of({ seats: ['B'] })], ['key-1', 'key-2']);
    key.answered();
    assert.equal(key.of({ seats: ['B'] }), 'key-3');
  });

  it('is there for a wish that says nothing', () => {
    assert.equal(counted().of(undefined), 'key-1');
  });
});
