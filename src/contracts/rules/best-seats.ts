/**
 * Which seats of a hall are good: the nearer to the best one, the better. Distances are those of the drawn plan, where
 * seats and rows stand one apart, and are compared by their squares.
 */

/** A place in the drawn plan, in seats: to the right, and away from the stage. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

/** A row as it is drawn: its first seat, with the others to the right of it. */
export interface PlacedRow extends Place {
  /** Index of its first seat. */
  readonly offset: number;
  readonly count: number;
}

/** Rows from the best seat outwards; of two that are as near, the earlier in the plan. */
export function fromBestOutwards<Row extends PlacedRow>(at: Place, rows: readonly Row[]): readonly Row[] {
  return rows.toSorted((a, b) => leastDistance(at, a) - leastDistance(at, b) || a.offset - b.offset);
}

/** No block of seats in the row is nearer to the best seat. */
export function leastDistance(at: Place, row: PlacedRow): number {
  return squaredDistance(at, { x: Math.min(row.x + row.count - 1, Math.max(row.x, at.x)), y: row.y });
}

/** How far the middle of `count` seats of a row from `start` on is from the best seat. */
export function blockDistance(
  at: Place,
  row: PlacedRow,
  block: { readonly start: number; readonly count: number },
): number {
  return squaredDistance(at, { x: row.x + (block.start - row.offset) + (block.count - 1) / 2, y: row.y });
}

function squaredDistance(one: Place, other: Place): number {
  const [x, y] = [one.x - other.x, one.y - other.y];
  return x * x + y * y;
}

/** Seats side by side that nobody has. */
interface FreeRun {
  readonly start: number;
  readonly length: number;
}

/**
 * Where in a run of free seats `count` of them are nearest to the best seat, if no single seat may be left over beside
 * them. Where that cannot be, in a run with one seat more than wanted, just where they are nearest.
 */
export function nearestStart(
  at: Place,
  row: PlacedRow,
  { run, count }: { readonly run: FreeRun; readonly count: number },
): number {
  const most = run.length - count;
  const leavesOne = (before: number) => most > 1 && (before === 1 || before === most - 1);
  const ideal = at.x - row.x - (run.start - row.offset) - (count - 1) / 2;
  let left = Math.floor(Math.min(most, Math.max(0, ideal)));
  let right = Math.min(most, left + 1);
  // Neither goes further than to its end of the run, which leaves nothing over on that side.
  while (leavesOne(left)) left -= 1;
  while (leavesOne(right)) right += 1;
  return run.start + (Math.abs(right - ideal) < Math.abs(left - ideal) ? right : left);
}

/** The nearest block so far; of two that are as near, the earlier in the plan. */
export class Nearest {
  #start: number | undefined;
  #distance = 0;

  get start(): number | undefined {
    return this.#start;
  }

  isNearerThan(distance: number): boolean {
    return this.#start !== undefined && this.#distance < distance;
  }

  offer(start: number, distance: number): void {
    const isNearer = distance < this.#distance || (distance === this.#distance && start < (this.#start ?? 0));
    if (this.#start !== undefined && !isNearer) return;
    this.#start = start;
    this.#distance = distance;
  }
}

/** Where the best seats of most halls are. */
export const usualPlaces = ['middle', 'front'] as const;
export type UsualPlace = (typeof usualPlaces)[number];

/**
 * What most houses take for their best seat: in the middle of the hall two thirds back, or in the middle of its first row.
 * The index of a seat; `undefined` in a hall without seats.
 */
export function usualBestSeat(rows: readonly PlacedRow[], usual: UsualPlace): number | undefined {
  const seated = rows.filter(({ count }) => count > 0);
  const left = Math.min(...seated.map(({ x }) => x));
  const right = Math.max(...seated.map(({ x, count }) => x + count - 1));
  const top = Math.min(...seated.map(({ y }) => y));
  const bottom = Math.max(...seated.map(({ y }) => y));
  const back = usual === 'middle' ? (2 * (bottom - top)) / 3 : 0;
  const at = { x: (left + right) / 2, y: top + back };
  const best = new Nearest();
  for (const row of fromBestOutwards(at, seated)) {
    if (best.isNearerThan(leastDistance(at, row))) break;
    const start = nearestStart(at, row, { run: { start: row.offset, length: row.count }, count: 1 });
    best.offer(start, blockDistance(at, row, { start, count: 1 }));
  }
  return best.start;
}
