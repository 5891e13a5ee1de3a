import { type Counts, countOf, noCounts, withCount } from '../../contracts/rules/counts.ts';
import type { Wanted } from '../../contracts/seats.ts';

/** One on the waiting list. */
export interface Waiting {
  readonly userId: string;
  /** Of a sale at the counter: one member of staff waits for many. */
  readonly isAtCounter: boolean;
  readonly wanted: Wanted;
}

/**
 * Who waits, in the order they came, as a line that is never changed: stretches of some dozens of bookings, of which a change
 * copies one and the list of them. Thousands who come or go in one batch, as with a cancelled show, would otherwise copy thousands
 * each.
 */
export interface WaitingLine {
  readonly size: number;
  readonly stretches: readonly Stretch[];
  /** How many places in the line each customer has, those at the counter left out. */
  readonly customers: Counts;
}
type Stretch = ReadonlyMap<string, Waiting>;

export const nobodyWaits: WaitingLine = { size: 0, stretches: [], customers: noCounts };
const stretchMax = 64;

export function isWaiting(line: WaitingLine, bookingId: string): boolean {
  return stretchOf(line, bookingId) >= 0;
}

/** Whether a customer has a place; staff who wait for others have none of their own. */
export function hasPlace(line: WaitingLine, userId: string): boolean {
  return countOf(line.customers, userId) > 0;
}

/** Everybody by their bookings, the first who came first. */
export function* everybodyIn(line: WaitingLine): Generator<readonly [bookingId: string, entry: Waiting]> {
  for (const stretch of line.stretches) yield* stretch;
}

/** Everybody in their order, as a line at once. */
export function lineOf(everybody: readonly (readonly [bookingId: string, entry: Waiting])[]): WaitingLine {
  const stretches: Stretch[] = [];
  for (let from = 0; from < everybody.length; from += stretchMax)
    stretches.push(new Map(everybody.slice(from, from + stretchMax)));
  const customers = everybody.reduce((line, [, entry]) => counted(line, entry, 1), noCounts);
  return { size: everybody.length, stretches, customers };
}

/** The line with one more at its end. */
export function joined(line: WaitingLine, bookingId: string, entry: Waiting): WaitingLine {
  const last = line.stretches.at(-1);
  const stretches =
    last === undefined || last.size >= stretchMax
      ? [...line.stretches, new Map([[bookingId, entry]])]
      : line.stretches.with(-1, new Map(last).set(bookingId, entry));
  return { size: line.size + 1, stretches, customers: counted(line.customers, entry, 1) };
}

/** The line without one of them; the same line where they are not in it. */
export function left(line: WaitingLine, bookingId: string): WaitingLine {
  const at = stretchOf(line, bookingId);
  const stretch = line.stretches[at];
  const entry = stretch?.get(bookingId);
  if (stretch === undefined || entry === undefined) return line;
  const others = new Map(stretch);
  others.delete(bookingId);
  return { size: line.size - 1, stretches: replaced(line, at, others), customers: counted(line.customers, entry, -1) };
}

/** Short stretches become one, so that a line is never many of them, whoever leaves it. */
function replaced({ stretches }: WaitingLine, at: number, stretch: Stretch): readonly Stretch[] {
  if (stretch.size === 0) return stretches.toSpliced(at, 1);
  const before = stretches[at - 1];
  if (before !== undefined && before.size + stretch.size <= stretchMax)
    return stretches.toSpliced(at - 1, 2, new Map([...before, ...stretch]));
  const after = stretches[at + 1];
  if (after !== undefined && stretch.size + after.size <= stretchMax)
    return stretches.toSpliced(at, 2, new Map([...stretch, ...after]));
  return stretches.with(at, stretch);
}

function stretchOf({ stretches }: WaitingLine, bookingId: string): number {
  return stretches.findIndex((stretch) => stretch.has(bookingId));
}

function counted(customers: Counts, { isAtCounter, userId }: Waiting, change: 1 | -1): Counts {
  return isAtCounter ? customers : withCount(customers, userId, change);
}
