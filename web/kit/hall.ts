import type { SeatPlan } from '../../src/contracts/catalog.ts';
import { hasBit, type PlanIndex, type PlanRow, planIndex } from '../../src/contracts/rules/plan-order.ts';

/** Where the seats of a plan are, in seats: the plan's own places, or one row below the other where it has none. */
export interface Hall {
  readonly index: PlanIndex;
  readonly rows: readonly HallRow[];
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export interface HallRow {
  readonly row: PlanRow;
  /** Place of its first seat; the others follow to the right. */
  readonly x: number;
  readonly y: number;
  readonly name: string;
  readonly section: string;
  /** Which of the plan's price categories, by order. */
  readonly category: number;
}

export interface SeatPlace {
  readonly index: number;
  readonly id: string;
  readonly row: HallRow;
  readonly number: number;
  readonly x: number;
  readonly y: number;
  readonly isAccessible: boolean;
  readonly isCompanion: boolean;
}

export function hallOf(plan: SeatPlan, categories: readonly string[]): Hall {
  const index = planIndex(plan);
  const rows = plan.sections
    .flatMap((section) => section.rows.map(({ name }) => ({ section, name })))
    .flatMap(({ section, name }, at): HallRow[] => {
      const row = index.rows[at];
      if (row === undefined) return [];
      const category = Math.max(0, categories.indexOf(section.priceCategory));
      return [{ row, x: row.x, y: row.y, name, section: section.name, category }];
    });
  const left = Math.min(0, ...rows.map(({ x }) => x));
  const right = Math.max(0, ...rows.map(({ x, row }) => x + row.count - 1));
  const top = Math.min(0, ...rows.map(({ y }) => y));
  const bottom = Math.max(1, ...rows.map(({ y }) => y + 1));
  return { index, rows, left, top, width: right - left + 1, height: bottom - top };
}

/** The seat with an index; `undefined` outside of the hall. */
export function placeOf(hall: Hall, index: number): SeatPlace | undefined {
  const found = hall.rows.find(({ row }) => index >= row.offset && index < row.offset + row.count);
  return found && placeIn(hall, found, index - found.row.offset);
}

/** The seat at a place, at most half a seat away. */
export function seatNear(hall: Hall, x: number, y: number): SeatPlace | undefined {
  for (const row of hall.rows) {
    if (Math.abs(row.y - y) > 0.5) continue;
    const at = Math.round(x - row.x);
    if (at >= 0 && at < row.row.count) return placeIn(hall, row, at);
  }
  return undefined;
}

/** The next seat from one in a direction: along its row and then that beside it, or the nearest of the next row. */
export function neighbour(hall: Hall, from: SeatPlace, direction: 'left' | 'right' | 'up' | 'down'): SeatPlace {
  if (direction === 'left' || direction === 'right') {
    const at = from.index - from.row.row.offset + (direction === 'left' ? -1 : 1);
    return at >= 0 && at < from.row.row.count ? placeIn(hall, from.row, at) : (beside(hall, from, direction) ?? from);
  }
  const sign = direction === 'down' ? 1 : -1;
  const beyond = hall.rows.filter(({ y }) => (y - from.y) * sign > 0);
  const nearest = Math.min(...beyond.map(({ y }) => Math.abs(y - from.y)));
  const candidates = beyond
    .filter(({ y }) => Math.abs(y - from.y) === nearest)
    .map((row) => placeIn(hall, row, Math.min(row.row.count - 1, Math.max(0, Math.round(from.x - row.x)))));
  candidates.sort((a, b) => Math.abs(a.x - from.x) - Math.abs(b.x - from.x));
  return candidates[0] ?? from;
}

/** The first seat across the aisle, of a row on the same line. */
function beside(hall: Hall, from: SeatPlace, direction: 'left' | 'right'): SeatPlace | undefined {
  const sign = direction === 'right' ? 1 : -1;
  const ends = hall.rows
    .filter((row) => Math.abs(row.y - from.y) <= 0.5)
    .map((row) => placeIn(hall, row, direction === 'right' ? 0 : row.row.count - 1))
    .filter(({ x }) => (x - from.x) * sign > 0);
  return ends.toSorted((a, b) => Math.abs(a.x - from.x) - Math.abs(b.x - from.x))[0];
}

function placeIn(hall: Hall, row: HallRow, at: number): SeatPlace {
  const index = row.row.offset + at;
  const number = row.row.firstNumber + at * row.row.step;
  return {
    ...{ index, row, number, id: `${row.row.prefix}${number}`, x: row.x + at, y: row.y },
    isAccessible: hasBit(hall.index.accessible, index),
    isCompanion: hasBit(hall.index.companion, index),
  };
}

/** The states of all seats, one byte each, from two bits each in base64. */
export function statesOf(base64: string, seatCount: number): Uint8Array {
  const packed = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const states = new Uint8Array(seatCount);
  for (let index = 0; index < seatCount; index += 1) {
    states[index] = ((packed[index >> 2] ?? 0) >> ((index & 3) << 1)) & 3;
  }
  return states;
}
