import { hasBit, type PlanIndex, type PlanRow } from './plan-order.ts';
import { nextFree, nextTaken, type SeatMap, takenSeats } from './seat-map.ts';

/**
 * Picks the best free seats. Best means, in this order: next to each other; no single seat left over beside them where
 * another place avoids it; early in the plan, one price category after the other. Where no row has enough seats side by
 * side, a party is split into the fewest pieces, in one price category if that is possible. Seats for wheelchair users
 * and their companions are given to those who ask for them, who get no others.
 *
 * The same seats come out for the same plan and map. A pick reads rows front to back and stops at the first that fits;
 * it never reads the hall more than a few times, and makes no object per seat.
 */
export interface Wish {
  readonly count: number;
  readonly priceCategory?: string | undefined;
  readonly accessible?: boolean | undefined;
}

/** Seats side by side: index of the first, and how many. */
interface Run {
  readonly start: number;
  readonly length: number;
}

/** The picked seats in plan order, `undefined` when there are not enough. */
export function pickSeats(plan: PlanIndex, map: SeatMap, wish: Wish): readonly number[] | undefined {
  if (wish.count < 1 || plan.seatCount - takenSeats(map) < wish.count) return undefined;
  const groups = categoryRows(plan, wish.priceCategory);
  const search = { plan, map, count: wish.count };
  return wish.accessible === true ? pickAccessible(search, groups) : pickOrdinary(search, groups);
}

interface Search {
  readonly plan: PlanIndex;
  readonly map: SeatMap;
  readonly count: number;
}
type Rows = readonly PlanRow[];
/** Calls `found` for runs of seats that may be taken, in order, until it says stop. */
type Runs = (search: Search, row: PlanRow, found: (start: number, length: number) => boolean) => boolean;

function categoryRows(plan: PlanIndex, priceCategory: string | undefined): readonly Rows[] {
  if (priceCategory === undefined) return [...plan.rowsByCategory.values()];
  return [plan.rowsByCategory.get(priceCategory) ?? []];
}

function pickOrdinary(search: Search, groups: readonly Rows[]): readonly number[] | undefined {
  const block = adjacent(search, groups, ordinaryRuns);
  return block === undefined ? split(search, groups, ordinaryRuns) : seatsOf([block]);
}

/** One place after the other: a block without a single seat left beside it, else the first block there is. */
function adjacent(search: Search, groups: readonly Rows[], runs: Runs): Run | undefined {
  const { count } = search;
  let exact: Run | undefined;
  let leavingOne: Run | undefined;
  const found = (start: number, length: number): boolean => {
    if (length < count) return false;
    if (length === count + 1) {
      leavingOne ??= { start, length: count };
      return false;
    }
    exact = { start, length: count };
    return true;
  };
  // Rows that are sold out are most of a hall on its best day: one look over many of them at once.
  let lookedFrom = 0;
  let free = -1;
  for (const rows of groups) {
    for (const row of rows) {
      if (row.count < count) continue;
      if (row.offset < lookedFrom || row.offset > free) {
        lookedFrom = row.offset;
        free = nextFree(search.map, row.offset, search.plan.seatCount);
      }
      if (free < row.offset + row.count && runs(search, row, found)) return exact;
    }
  }
  return leavingOne;
}

/** Fewest pieces: no run is long enough for all, so the longest goes first and the rest goes where it fits best. */
function split(search: Search, groups: readonly Rows[], runs: Runs): readonly number[] | undefined {
  for (const rows of groups) {
    const pieces = splitOver(search, rows, runs);
    if (pieces !== undefined) return pieces;
  }
  return groups.length > 1 ? splitOver(search, groups.flat(), runs) : undefined;
}

function splitOver(search: Search, rows: Rows, runs: Runs): readonly number[] | undefined {
  const { count } = search;
  // Never more than `count` pieces are needed, so no more than that many of each length are remembered.
  const byLength: number[][] = Array.from({ length: count + 1 }, () => []);
  let seats = 0;
  const found = (start: number, length: number): boolean => {
    const starts = byLength[Math.min(length, count)];
    if (starts !== undefined && starts.length < count) {
      starts.push(start);
      seats += Math.min(length, count);
    }
    return false;
  };
  for (const row of rows) runs(search, row, found);
  if (seats < count) return undefined;
  const pieces: Run[] = [];
  for (let missing = count; missing > 0; ) {
    const piece = bestPiece(byLength, missing);
    if (piece === undefined) return undefined;
    pieces.push(piece);
    missing -= piece.length;
  }
  return seatsOf(pieces);
}

/** A run that is just right, else one that leaves two or more over, else one over, else the longest. */
function bestPiece(byLength: readonly number[][], missing: number): Run | undefined {
  const longest = byLength.length - 1;
  const lengths = [missing];
  for (let length = missing + 2; length <= longest; length += 1) lengths.push(length);
  lengths.push(missing + 1);
  for (let length = missing - 1; length > 0; length -= 1) lengths.push(length);
  for (const length of lengths) {
    const start = byLength[length]?.shift();
    if (start !== undefined) return { start, length: Math.min(length, missing) };
  }
  return undefined;
}

/** Free seats side by side, but for those that are kept for wheelchair users and companions. */
function ordinaryRuns(search: Search, row: PlanRow, found: (start: number, length: number) => boolean): boolean {
  const { map, plan } = search;
  const end = row.offset + row.count;
  for (let start = nextFree(map, row.offset, end); start < end; ) {
    const taken = nextTaken(map, start, end);
    if (!row.hasReservedSeats) {
      if (found(start, taken - start)) return true;
    } else if (unreservedRuns(plan, start, taken, found)) return true;
    start = nextFree(map, taken, end);
  }
  return false;
}

function unreservedRuns(
  plan: PlanIndex,
  from: number,
  end: number,
  found: (start: number, length: number) => boolean,
): boolean {
  let start = from;
  for (let index = from; index <= end; index += 1) {
    if (index < end && !hasBit(plan.accessible, index) && !hasBit(plan.companion, index)) continue;
    if (index > start && found(start, index - start)) return true;
    start = index + 1;
  }
  return false;
}

/**
 * A block of wheelchair places and companion seats with at least one wheelchair place in it; else a place and whatever
 * of them is free, in plan order.
 */
function pickAccessible(search: Search, groups: readonly Rows[]): readonly number[] | undefined {
  for (const rows of groups) {
    for (const row of rows) {
      const start = row.hasReservedSeats ? accessibleBlock(search, row) : undefined;
      if (start !== undefined) return seatsOf([{ start, length: search.count }]);
    }
  }
  for (const rows of groups) {
    const seats = accessibleSplit(search, rows);
    if (seats !== undefined) return seats;
  }
  return groups.length > 1 ? accessibleSplit(search, groups.flat()) : undefined;
}

function accessibleBlock(search: Search, row: PlanRow): number | undefined {
  const { plan, map, count } = search;
  const end = row.offset + row.count;
  let start = row.offset;
  let lastPlace = -1;
  for (let index = row.offset; index < end; index += 1) {
    const place = hasBit(plan.accessible, index);
    const free = nextFree(map, index, index + 1) === index;
    if (!free || !(place || hasBit(plan.companion, index))) {
      start = index + 1;
      continue;
    }
    if (place) lastPlace = index;
    const first = index - count + 1;
    if (first >= start && lastPlace >= first) return first;
  }
  return undefined;
}

function accessibleSplit(search: Search, rows: Rows): readonly number[] | undefined {
  const { plan, map, count } = search;
  const places: number[] = [];
  const companions: number[] = [];
  for (const row of rows) {
    if (!row.hasReservedSeats) continue;
    const end = row.offset + row.count;
    for (let index = nextFree(map, row.offset, end); index < end; index = nextFree(map, index + 1, end)) {
      if (hasBit(plan.accessible, index) && places.length < count) places.push(index);
      else if (hasBit(plan.companion, index) && companions.length < count) companions.push(index);
    }
  }
  if (places.length === 0 || places.length + companions.length < count) return undefined;
  const together = [...places, ...companions].slice(0, count);
  return together.sort((a, b) => a - b);
}

function seatsOf(runs: readonly Run[]): readonly number[] {
  const seats: number[] = [];
  for (const run of runs) {
    for (let index = run.start; index < run.start + run.length; index += 1) seats.push(index);
  }
  return seats.sort((a, b) => a - b);
}
