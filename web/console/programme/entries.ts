import type { Theatre } from '../../kit/answers.ts';
import { all } from '../../kit/api.ts';

/** What the catalogue has, as the parts of the programme need it. */
export interface Movie {
  readonly movieId: string;
  readonly title: string;
  readonly runningTimeMinutes?: number;
  readonly releaseDate?: string;
}

export interface Screen {
  readonly screenId: string;
  readonly theatreId: string;
  readonly number: number;
  readonly seatPlanId: string;
}

/** A seat plan without its seats. */
export interface PlanSummary {
  readonly seatPlanId: string;
  readonly name: string;
  readonly capacity: number;
  readonly priceCategories: readonly string[];
}

/** A screen with all that a show on it takes over from it. */
export interface Place {
  readonly screen: Screen;
  readonly theatre: Theatre;
  readonly plan: PlanSummary;
}

export const programme = '/console/programme';
/** Lists to choose from are read to so many entries. */
const listed = { most: 5_000 };

export const moviesOf = (signal: AbortSignal) => all<Movie>('/v1/movies', { ...listed, signal });
export const theatresOf = (signal: AbortSignal) => all<Theatre>('/v1/theatres', { ...listed, signal });
export const plansOf = (signal: AbortSignal) => all<PlanSummary>('/v1/seat-plans', { ...listed, signal });

export function screensOf(signal: AbortSignal, theatreId?: string): Promise<readonly Screen[]> {
  const query = theatreId === undefined ? '' : `?theatreId=${encodeURIComponent(theatreId)}`;
  return all<Screen>(`/v1/screens${query}`, { ...listed, signal });
}

/** All screens of all theatres, in order. */
export async function placesOf(signal: AbortSignal): Promise<readonly Place[]> {
  const [theatres, screens, plans] = await Promise.all([theatresOf(signal), screensOf(signal), plansOf(signal)]);
  const planById = new Map(plans.map((plan) => [plan.seatPlanId, plan]));
  return theatres.flatMap((theatre) =>
    screens.flatMap((screen) => {
      const plan = planById.get(screen.seatPlanId);
      return screen.theatreId === theatre.theatreId && plan !== undefined ? [{ screen, theatre, plan }] : [];
    }),
  );
}

export const planText = ({ name, capacity }: PlanSummary) => `${name} (${capacity} places)`;
