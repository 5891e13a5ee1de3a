import type { SeatChange } from './answers.ts';

/** The hall of a show as it was after each of its changes. */
export class PastHall {
  readonly #changes: readonly SeatChange[];
  readonly #indexOf: (seat: string) => number | undefined;
  readonly #seatCount: number;

  /** `indexOf`: of a seat in its plan; seats of an earlier plan have none. Changes are those that made something of seats. */
  constructor(
    changes: readonly SeatChange[],
    hall: { readonly seatCount: number; readonly indexOf: (seat: string) => number | undefined },
  ) {
    this.#changes = changes.filter(({ becomes }) => becomes !== undefined);
    this.#indexOf = hall.indexOf;
    this.#seatCount = hall.seatCount;
  }

  /** How many there were. */
  get length(): number {
    return this.#changes.length;
  }

  /** The change that made it so; none at the beginning. */
  after(count: number): SeatChange | undefined {
    return this.#changes[count - 1];
  }

  /** After so many changes: 0 free, 1 held, 2 sold, 3 blocked, by index. */
  statesAfter(count: number): Uint8Array {
    const states = new Uint8Array(this.#seatCount);
    for (const { seats, becomes = 'free' } of this.#changes.slice(0, count)) {
      for (const seat of seats) {
        const index = this.#indexOf(seat);
        if (index !== undefined) states[index] = stateCodes[becomes];
      }
    }
    return states;
  }
}

const stateCodes = { free: 0, held: 1, sold: 2, blocked: 3 } as const;

/** How many seats are in each state. */
export function countsOf(states: Uint8Array): readonly [free: number, held: number, sold: number, blocked: number] {
  const counts: [number, number, number, number] = [0, 0, 0, 0];
  for (const state of states) counts[state & 3] = (counts[state & 3] ?? 0) + 1;
  return counts;
}
