import { partitionOf } from '../../src/runtime/log/partitioner.ts';
import { type PastBooking, type PastScene, rowsOfHall, seatsBooked, seatsOfRow } from './past-bookings.ts';

/** Which copies there are: of what, when, on which seats of which show, and whose. */
export interface Copy {
  readonly kind: number;
  readonly number: number;
  readonly at: number;
  readonly show: CopiedShow;
  readonly firstSeat: number;
  readonly customer: readonly [id: string, email: string];
}

export interface CopiedShow {
  readonly showId: string;
  readonly partition: number;
  /** The next seat that nobody had yet. */
  seat: number;
  sold: number;
}

export interface HistoryOptions {
  readonly bookings: number;
  /** Over how many days up to now. */
  readonly days: number;
}

export const dayMs = 86_400_000;
/** The last copies are over when the services start again. */
const untilMs = 3_600_000;
/** As `FULLHOUSE_PARTITIONS` has it by default. */
const partitions = 4;
const seatsMax = 2;
const showsMin = 8;

/** Shows that a history of so many bookings needs. */
export function showsNeeded(bookings: number): number {
  return Math.max(showsMin, Math.ceil((bookings * seatsMax) / (rowsOfHall * seatsOfRow - seatsBooked)));
}

/** Copies one after the other, as they were made. */
export function planCopies({ bookings: kinds, shows, customers }: PastScene, { bookings, days }: HistoryOptions) {
  const order = kinds.flatMap(({ share }, kind) => Array.from({ length: share }, () => kind));
  // So that kinds take turns instead of coming in blocks: any number that shares no divisor with a hundred will do.
  const turn = 37;
  const people = [...customers];
  const first = Date.now() - days * dayMs;
  const every = (days * dayMs - untilMs) / bookings;
  const copied = shows.map(
    (showId): CopiedShow => ({ showId, partition: partitionOf(showId, partitions), seat: seatsBooked, sold: 0 }),
  );
  let number = 0;
  return {
    shows: copied,
    next(): Copy {
      const kind = order[(number * turn) % order.length] ?? 0;
      const { seats, sold } = kinds[kind] as PastBooking;
      const show = copied[number % copied.length] as CopiedShow;
      const firstSeat = show.seat;
      show.seat += seats;
      show.sold += sold;
      number += 1;
      const customer = people[number % people.length] as readonly [string, string];
      return { kind, number, at: Math.round(first + number * every), show, firstSeat, customer };
    },
  };
}
