import type { SeatArea, SeatPlan, SeatRow, SeatSection } from '../catalog.ts';
import { fromBestOutwards, type Place, type PlacedRow, type UsualPlace, usualBestSeat } from './best-seats.ts';

/**
 * Plan order: a seat's index counts sections, rows and numbers as the plan lists them. The index of a plan is made of
 * its rows, never of its seats: 65,536 seats in 2,000 rows are 2,000 small objects.
 */

/** One row of a plan, as a range of seat indexes. It is drawn where the plan says, else below the row before it. */
export interface PlanRow extends PlacedRow {
  /** What its seat ids begin with: `<section>-<row>-`. */
  readonly prefix: string;
  readonly firstNumber: number;
  readonly step: number;
  readonly priceCategory: string;
  /** Whether some of its seats are kept for wheelchair users or those who come with them. */
  readonly hasReservedSeats: boolean;
}

/** Where every seat of a plan is. */
export interface PlanIndex {
  readonly seatPlanId: string;
  readonly seatCount: number;
  readonly rows: readonly PlanRow[];
  /** Rows by price category, categories in order of their first row, rows in plan order. */
  readonly rowsByCategory: ReadonlyMap<string, readonly PlanRow[]>;
  /** Bitmaps in plan order, low bits first. */
  readonly accessible: Uint8Array;
  readonly companion: Uint8Array;
  readonly areas: ReadonlyMap<string, SeatArea>;
  /** Seats and places of each price category. */
  readonly capacities: ReadonlyMap<string, number>;
  /** Seats and places together. */
  readonly capacity: number;
  /** Rows by prefix. */
  readonly rowsByPrefix: ReadonlyMap<string, PlanRow>;
  /** From the best seat outwards; where the plan names none, the earlier in the plan the better. */
  readonly best: BestOrder | undefined;
}

/** The order of a house that names its best seat. */
export interface BestOrder {
  /** Where that seat is drawn. */
  readonly at: Place;
  /** From there outwards. */
  readonly rows: readonly PlanRow[];
  /** The same by price category, categories in order of their nearest row. */
  readonly rowsByCategory: ReadonlyMap<string, readonly PlanRow[]>;
}

const indexes = new WeakMap<SeatPlan, PlanIndex>();

/** The index of a plan; made once for each plan object. */
export function planIndex(plan: SeatPlan): PlanIndex {
  let index = indexes.get(plan);
  if (index === undefined) {
    index = build(plan);
    indexes.set(plan, index);
  }
  return index;
}

/** How many seats a row has. */
export function rowSeatCount(row: Pick<SeatRow, 'first' | 'last' | 'step'>): number {
  return row.last < row.first ? 0 : Math.floor((row.last - row.first) / row.step) + 1;
}

/** What the ids of a row's seats begin with. */
export function rowPrefix(section: Pick<SeatSection, 'id'>, row: Pick<SeatRow, 'id'>): string {
  return `${section.id}-${row.id}-`;
}

/** Between two sections that have no places of their own, in rows. */
const sectionGap = 1;

function build(plan: SeatPlan): PlanIndex {
  const rows: PlanRow[] = [];
  const rowsByPrefix = new Map<string, PlanRow>();
  const rowsByCategory = new Map<string, PlanRow[]>();
  const capacities = new Map<string, number>();
  let seatCount = 0;
  let bottom = 0;
  for (const section of plan.sections) {
    if (rows.length > 0) bottom += sectionGap;
    for (const each of section.rows) {
      const count = rowSeatCount(each);
      const y = each.y ?? bottom;
      bottom = Math.max(bottom, y + 1);
      const row: PlanRow = {
        prefix: rowPrefix(section, each),
        ...{ offset: seatCount, count, x: each.x ?? -(count - 1) / 2, y },
        firstNumber: each.first,
        step: each.step,
        priceCategory: section.priceCategory,
        hasReservedSeats: each.accessible.length + each.companion.length > 0,
      };
      seatCount += row.count;
      rows.push(row);
      rowsByPrefix.set(row.prefix, row);
      append(rowsByCategory, row.priceCategory, row);
      capacities.set(row.priceCategory, (capacities.get(row.priceCategory) ?? 0) + row.count);
    }
  }
  let capacity = seatCount;
  for (const area of plan.areas) {
    capacity += area.capacity;
    capacities.set(area.priceCategory, (capacities.get(area.priceCategory) ?? 0) + area.capacity);
  }
  const areas = new Map(plan.areas.map((area) => [area.area, area]));
  const accessible = new Uint8Array(Math.ceil(seatCount / 8));
  const companion = new Uint8Array(Math.ceil(seatCount / 8));
  const index = { seatPlanId: plan.seatPlanId, seatCount, rows, rowsByCategory, accessible, companion };
  mark(plan, rowsByPrefix, 'accessible', accessible);
  mark(plan, rowsByPrefix, 'companion', companion);
  return { ...index, areas, capacities, capacity, rowsByPrefix, best: bestOf(plan, rows, rowsByPrefix) };
}

function bestOf(
  { bestSeat }: SeatPlan,
  rows: readonly PlanRow[],
  rowsByPrefix: ReadonlyMap<string, PlanRow>,
): BestOrder | undefined {
  const seat = bestSeat === undefined ? undefined : placeOfSeat(rowsByPrefix, bestSeat);
  if (seat === undefined) return undefined;
  const at = { x: seat.row.x + seat.index - seat.row.offset, y: seat.row.y };
  const outwards = fromBestOutwards(at, rows);
  const rowsByCategory = new Map<string, PlanRow[]>();
  for (const row of outwards) append(rowsByCategory, row.priceCategory, row);
  return { at, rows: outwards, rowsByCategory };
}

/** The seat that most halls of this shape take for their best; `undefined` without seats. */
export function usualSeat(sections: SeatPlan['sections'], usual: UsualPlace): string | undefined {
  const index = build({ seatPlanId: '', name: '', sections, areas: [] });
  const seat = usualBestSeat(index.rows, usual);
  return seat === undefined ? undefined : seatAt(index, seat);
}

function append(lists: Map<string, PlanRow[]>, key: string, row: PlanRow): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [row]);
  else list.push(row);
}

function mark(
  plan: SeatPlan,
  rows: ReadonlyMap<string, PlanRow>,
  kind: 'accessible' | 'companion',
  bits: Uint8Array,
): void {
  for (const section of plan.sections) {
    for (const each of section.rows) {
      const row = rows.get(rowPrefix(section, each));
      if (row === undefined) continue;
      for (const number of each[kind]) {
        const index = indexInRow(row, number);
        if (index !== undefined) bits[index >> 3] = (bits[index >> 3] ?? 0) | (1 << (index & 7));
      }
    }
  }
}

function indexInRow(row: PlanRow, number: number): number | undefined {
  const place = (number - row.firstNumber) / row.step;
  return Number.isInteger(place) && place >= 0 && place < row.count ? row.offset + place : undefined;
}

/** Whether a bitmap of `PlanIndex` has a seat. */
export function hasBit(bits: Uint8Array, index: number): boolean {
  return (((bits[index >> 3] ?? 0) >> (index & 7)) & 1) === 1;
}

const seatNumber = /^(?:0|[1-9][0-9]{0,5})$/;

/** The index of a seat id, `undefined` when the plan has no such seat. Ids of sections and rows may contain `-`. */
export function indexOfSeat(plan: PlanIndex, seat: string): number | undefined {
  return placeOfSeat(plan.rowsByPrefix, seat)?.index;
}

function placeOfSeat(rowsByPrefix: ReadonlyMap<string, PlanRow>, seat: string) {
  const cut = seat.lastIndexOf('-') + 1;
  const row = rowsByPrefix.get(seat.slice(0, cut));
  const number = seat.slice(cut);
  if (row === undefined || !seatNumber.test(number)) return undefined;
  const index = indexInRow(row, Number(number));
  return index === undefined ? undefined : { row, index };
}

/** The row that has an index; throws for an index outside of the plan. */
export function rowOfIndex(plan: PlanIndex, index: number): PlanRow {
  let low = 0;
  let high = plan.rows.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const row = plan.rows[middle];
    if (row === undefined) break;
    if (index < row.offset) high = middle - 1;
    else if (index >= row.offset + row.count) low = middle + 1;
    else return row;
  }
  throw new RangeError(`seat plan ${plan.seatPlanId} has no seat with index ${index}`);
}

/** The id of the seat with an index; throws for an index outside of the plan. */
export function seatAt(plan: PlanIndex, index: number): string {
  const row = rowOfIndex(plan, index);
  return row.prefix + String(row.firstNumber + (index - row.offset) * row.step);
}

/** The price category of the seat with an index; throws for an index outside of the plan. */
export function priceCategoryAt(plan: PlanIndex, index: number): string {
  return rowOfIndex(plan, index).priceCategory;
}
