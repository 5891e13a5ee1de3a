import { randomFillSync } from 'node:crypto';

/** Asking for many costs hardly more than asking for few. */
const pool = new Uint8Array(4_096);
let used = pool.length;

/** So many random bytes, given to nobody else; the caller is done with them before it asks again. */
export function nextRandomBytes(count: number): Uint8Array {
  if (used + count > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += count;
  return pool.subarray(used - count, used);
}
