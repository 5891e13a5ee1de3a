import { timeOfId } from '../ids.ts';

/** An id younger than this may name something that has not arrived here yet. */
export const newForMs = 30_000;

/**
 * How long a reader should wait for the thing an id names: up to `waitMs` while the id is new (ids carry the time they
 * were made at: UUIDv7, RFC 9562), not at all for an old one, so that made-up ids are refused at once.
 */
export function waitForNewMs(id: string, now: number, waitMs: number): number {
  return Math.abs(now - timeOfId(id)) < newForMs ? waitMs : 0;
}
