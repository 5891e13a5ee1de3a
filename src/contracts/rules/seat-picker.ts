import { blockDistance, leastDistance, Nearest, nearestStart, type Place } from './best-seats.ts';
import { hasBit, type PlanIndex, type PlanRow } from './plan-order.ts';
import { nextFree, nextTaken, type SeatMap, takenSeats } from './seat-map.ts';

/**
 * Picks the best free seats. Best means, in this order: next to each other; no single seat left over beside them where
 * another place avoids it; near to the seat that the house calls its best, whatever it costs. A plan that names none is
 * taken in its own order: early in the plan, one price category after the other. Where no row has enough seats side by
 * side, a party is split into the fewest pieces, in one price category if that is possible. Seats for wheelchair users
 * and their companions are given to those who ask for them, who get no others.
 *
 * The same seats come out for the same plan and map. A pick reads rows in the order of the house and stops where no further
 * one can be better; it never reads the hall more than a few times, and makes no object per seat.
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
  const groups = categoryRows(plan.best ?? plan, wish.priceCategory);
  const search = { plan, map, count: wish.count };
  return wish.accessible === true ? pickAccessible(search, groups) : pickOrdinary(search, groups);
}

interface Search {
  readonly plan: PlanIndex;
  readonly map: SeatMap;
  readonly count: number;
}
type Rows = readonly PlanRow[];

function categoryRows(
  { rowsByCategory }: Pick<PlanIndex, 'rowsByCategory'>,
  wanted: string | undefined,
): readonly Rows[] {
  if (wanted === undefined) return [...rowsByCategory.values()];
  return [rowsByCategory.get(wanted) ?? []];
}

function pickOrdinary(search: Search, groups: readonly Rows[]): readonly number[] | undefined {
  const { best } = search.plan;
  const start =
    best === undefined ? adjacent(search, groups) : nearest(search, { at: best.at, rows: outwards(search, groups) });
  return start === undefined ? split(search, groups) : block(search, start);
}

/** Rows of a house that says which seats are best, from there outwards: of one category, or all of them. */
function outwards({ plan }: Search, groups: readonly Rows[]): Rows {
  return (groups.length === 1 ? groups[0] : plan.best?.rows) ?? [];
}

/** Rows from the best seat outwards. */
interface Outwards {
  readonly at: Place;
  readonly rows: Rows;
}

/** The block nearest to the best seat without a single seat left beside it, else the nearest there is. */
function nearest(search: Search, { at, rows }: Outwards): number | undefined {
  const { count } = search;
  const exact = new Nearest();
  const leavingOne = new Nearest();
  for (const row of rows) {
    if (exact.isNearerThan(leastDistance(at, row))) break;
    if (row.count < count) continue;
    ordinaryRuns(search, row, (runStart, length) => {
      if (length < count) return false;
      const start = nearestStart(at, row, { run: { start: runStart, length }, count });
      (length === count + 1 ? leavingOne : exact).offer(start, blockDistance(at, row, { start, count }));
      return false;
    });
  }
  return exact.start ?? leavingOne.start;
}

/** One place after the other: a block without a single seat left beside it, else the first block there is. */
function adjacent(search: Search, groups: readonly Rows[]): number | undefined {
  const { count } = search;
  let exact: number | undefined;
  let leavingOne: number | undefined;
  const found = (start: number, length: number): boolean => {
    if (length < count) return false;
    if (length === count + 1) {
      leavingOne ??= start;
      return false;
    }
    exact = start;
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
      if (free < row.offset + row.count && ordinaryRuns(search, row, found)) return exact;
    }
  }
  return leavingOne;
}

/** Fewest pieces: no run is long enough for all, so the longest goes first and the rest goes where it fits best. */
function split(search: Search, groups: readonly Rows[]): readonly number[] | undefined {
  for (const rows of groups) {
    const pieces = splitOver(search, rows);
    if (pieces !== undefined) return pieces;
  }
  return groups.length > 1 ? splitOver(search, search.plan.best?.rows ?? groups.flat()) : undefined;
}

function splitOver(search: Search, rows: Rows): readonly number[] | undefined {
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
  for (const row of rows) ordinaryRuns(search, row, found);
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

/**
 * Calls `found` for free seats side by side, but for those that are kept for wheelchair users and companions, in order,
 * until it says stop.
 */
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
  const { best } = search.plan;
  const start =
    best === undefined
      ? firstAccessible(search, groups)
      : nearestAccessible(search, { at: best.at, rows: outwards(search, groups) });
  if (start !== undefined) return block(search, start);
  for (const rows of groups) {
    const seats = accessibleSplit(search, rows);
    if (seats !== undefined) return seats;
  }
  return groups.length > 1 ? accessibleSplit(search, best?.rows ?? groups.flat()) : undefined;
}

function firstAccessible(search: Search, groups: readonly Rows[]): number | undefined {
  let first: number | undefined;
  const found = (start: number) => {
    first = start;
    return true;
  };
  for (const rows of groups) {
    for (const row of rows) if (accessibleBlocks(search, row, found)) return first;
  }
  return undefined;
}

function nearestAccessible(search: Search, { at, rows }: Outwards): number | undefined {
  const best = new Nearest();
  for (const row of rows) {
    if (best.isNearerThan(leastDistance(at, row))) break;
    accessibleBlocks(search, row, (start) => {
      best.offer(start, blockDistance(at, row, { start, count: search.count }));
      return false;
    });
  }
  return best.start;
}

/** Calls `found` for each block, in order, until it says stop. */
function accessibleBlocks(search: Search, row: PlanRow, found: (start: number) => boolean): boolean {
  if (!row.hasReservedSeats) return false;
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
    if (first >= start && lastPlace >= first && found(first)) return true;
  }
  return false;
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

function block({ count }: Search, start: number): readonly number[] {
  return seatsOf([{ start, length: count }]);
}

function seatsOf(runs: readonly Run[]): readonly number[] {
  const seats: number[] = [];
  for (const run of runs) {
    for (let index = run.start; index < run.start + run.length; index += 1) seats.push(index);
  }
  return seats.sort((a, b) => a - b);
}
