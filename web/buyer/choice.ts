import type { AreaCount } from '../kit/answers.ts';
import { keep, kept } from '../kit/storage.ts';

/** What somebody has chosen of a show. Seats or places, not both. */
export interface Choice {
  readonly seats: readonly string[];
  readonly areas: readonly AreaCount[];
}

export const nothing: Choice = { seats: [], areas: [] };

export const isNothing = ({ seats, areas }: Choice) => seats.length === 0 && areas.length === 0;

/** How many people it is for. */
export const placesIn = ({ seats, areas }: Choice) => areas.reduce((sum, { count }) => sum + count, seats.length);

/** A seat more, or one fewer where it was chosen already. */
export function withSeat({ seats }: Choice, seat: string): Choice {
  const others = seats.filter((each) => each !== seat);
  return { seats: others.length < seats.length ? others : [...seats, seat], areas: [] };
}

/** So many places of an area. */
export function withPlaces({ areas }: Choice, area: string, count: number): Choice {
  const others = areas.filter((each) => each.area !== area);
  return { seats: [], areas: count > 0 ? [...others, { area, count }] : others };
}

const keyOf = (showId: string) => `fullhouse-choice-${showId}`;

/** Keeps a choice with its tab, over reloads, the sign-in page and the way back; until it is booked. */
export function keepChoice(showId: string, choice: Choice): void {
  keep(keyOf(showId), isNothing(choice) ? undefined : JSON.stringify(choice), 'tab');
}

export function keptChoice(showId: string): Choice {
  const text = kept(keyOf(showId), 'tab');
  return text === undefined ? nothing : (JSON.parse(text) as Choice);
}
