import { hash as digestOf } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import { nextRandomBytes } from './random-bytes.ts';
import { idEndOf } from './rules/booking-number.ts';
import { type IdKind, idPrefixes } from './rules/id-prefixes.ts';

/** Ids are a three-letter prefix and a UUIDv7 (RFC 9562), so that they sort by time and tell what they name. */
const uuidPattern = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';

/** A schema for the id of one kind of thing. */
export function idSchema(kind: IdKind): z.ZodString {
  const prefix = idPrefixes[kind];
  return z.string().regex(new RegExp(`^${prefix}_${uuidPattern}$`), `must be an id like ${prefix}_<uuid>`);
}

const uuidBytes = 16;
/** The sequence begins at random, with room above: within a millisecond ids go up (RFC 9562, section 6.2). */
let latest = { msecs: 0, seq: 0 };

function nextUuid(): string {
  const random = nextRandomBytes(uuidBytes);
  const msecs = Date.now();
  latest =
    msecs > latest.msecs
      ? { msecs, seq: Buffer.from(random).readUInt32BE() >>> 1 }
      : { msecs: latest.msecs, seq: latest.seq + 1 };
  return uuidv7({ random, ...latest });
}

let drawUuid: () => string = nextUuid;

/**
 * Has the process draw its ids from another source: a simulation's, where the same seed gives the same ids. Without one, from
 * its own again.
 */
export function drawIdsFrom(source: () => string = nextUuid): void {
  drawUuid = source;
}

/** A UUIDv7: time-ordered, so that indexes grow at one end. */
export function newUuid(): string {
  return drawUuid();
}

/** A new id of one kind of thing. */
export function newId(kind: IdKind): string {
  return `${idPrefixes[kind]}_${newUuid()}`;
}

/** When an id was made: milliseconds since 1970, as its UUIDv7 says. */
export function timeOfId(id: string): number {
  return Number.parseInt(
    id
      .slice(id.indexOf('_') + 1)
      .replace('-', '')
      .slice(0, 12),
    16,
  );
}

/** What all ids made at a moment or later sort after, and all that were made before sort before. */
export function firstIdAt(kind: IdKind, at: number): string {
  const time = Math.max(0, at).toString(16).padStart(12, '0');
  return `${idPrefixes[kind]}_${time.slice(0, 8)}-${time.slice(8)}`;
}

/**
 * An id that follows from another one and a name, always the same: the way a pure decider gives ids. It keeps the time
 * part of the id it comes from, so it sorts like a UUIDv7 made at that time.
 */
export function deriveId(kind: IdKind, from: string, name: string): string {
  const uuid = from.slice(from.indexOf('_') + 1);
  const hash = digestOf('sha256', `${kind}\0${from}\0${name}`, 'hex');
  const variant = ((Number.parseInt(hash.slice(3, 4), 16) & 0x3) | 0x8).toString(16);
  return `${idPrefixes[kind]}_${uuid.slice(0, 13)}-7${hash.slice(0, 3)}-${variant}${hash.slice(4, 7)}-${hash.slice(8, 20)}`;
}

export const movieId: z.ZodString = idSchema('movie');
export const theatreId: z.ZodString = idSchema('theatre');
export const screenId: z.ZodString = idSchema('screen');
export const seatPlanId: z.ZodString = idSchema('seatPlan');
export const showId: z.ZodString = idSchema('show');
export const userId: z.ZodString = idSchema('user');
export const bookingId: z.ZodString = idSchema('booking');
/** What people call a booking by; `idEndOf` reads it. */
export const bookingNumberText: z.ZodString = z
  .string()
  .max(40)
  .refine((text) => idEndOf(text) !== undefined, 'must be the number of a booking, like FH-7K3Q-9XDM');
export const paymentId: z.ZodString = idSchema('payment');
export const refundId: z.ZodString = idSchema('refund');
export const ticketId: z.ZodString = idSchema('ticket');
export const transferId: z.ZodString = idSchema('transfer');
export const messageId: z.ZodString = idSchema('message');
