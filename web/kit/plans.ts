import type { SeatPlan } from '../../src/contracts/catalog.ts';
import { byId, type PlaceNames, placeNames } from '../../src/contracts/rules/places.ts';
import type { Show } from './answers.ts';
import { type Ask, get } from './api.ts';

/** A seat plan; browsers keep it, for it never changes. */
export function planById(seatPlanId: string, ask: Ask = {}): Promise<SeatPlan> {
  return get<SeatPlan>(`/v1/seat-plans/${encodeURIComponent(seatPlanId)}`, ask);
}

/** What the places of a show are called; their ids, where nobody can tell. */
export async function namesOf(show: Pick<Show, 'seatPlanId'> | undefined, ask: Ask = {}): Promise<PlaceNames> {
  if (show === undefined) return byId;
  return planById(show.seatPlanId, ask).then(placeNames, () => byId);
}
