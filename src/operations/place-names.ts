import type { SeatPlan } from '../contracts/catalog.ts';
import { byId, type PlaceNames, placeNames } from '../contracts/rules/places.ts';
import type { Installation } from './installation.ts';

/** The seat plan of a show, as the seat inventory has it; `undefined` for a show that nobody knows. */
export async function planOfShow(installation: Installation, showId: string): Promise<SeatPlan | undefined> {
  const [row] = await installation.query<{ readonly plan: SeatPlan }>(
    'seat-inventory',
    `select plans.data as plan from reference_records shows
     join reference_records plans on plans.topic = 'seat-plans' and plans.key = shows.data ->> 'seatPlanId'
     where shows.topic = 'catalog' and shows.key = $1`,
    [showId],
  );
  return row?.plan;
}

/** What the places of a show are called; their ids, where nobody can tell. */
export async function placesOfShow(installation: Installation, showId: string): Promise<PlaceNames> {
  const plan = await planOfShow(installation, showId);
  return plan === undefined ? byId : placeNames(plan);
}
