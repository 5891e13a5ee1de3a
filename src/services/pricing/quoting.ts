import { z } from 'zod';
import { indexOfSeat, type PlanIndex, seatAt } from '../../contracts/rules/plan-order.ts';
import { isFree } from '../../contracts/rules/seat-map.ts';
import { pickSeats } from '../../contracts/rules/seat-picker.ts';
import { type AreaCount, areaCount, priceCategoryName, seatId, seatsPerRequestMax } from '../../contracts/seats.ts';
import { invalid, Problem } from '../../runtime/http/problem.ts';
import type { Demand } from './state.ts';

/** What a buyer wants a price for: exactly one of the three. */
export const quoteRequest = z
  .strictObject({
    seats: z.array(seatId).min(1).max(seatsPerRequestMax).optional(),
    bestAvailable: z
      .strictObject({
        count: z.int().min(1).max(seatsPerRequestMax),
        priceCategory: priceCategoryName.optional(),
        accessible: z.boolean().optional(),
      })
      .optional(),
    areas: z.array(areaCount).min(1).max(20).optional(),
  })
  .refine(({ seats, bestAvailable, areas }) => [seats, bestAvailable, areas].filter(Boolean).length === 1, {
    message: 'give exactly one of seats, bestAvailable and areas',
  });
export type QuoteRequest = Readonly<z.infer<typeof quoteRequest>>;

export interface QuotedPlaces {
  readonly seats: readonly string[];
  readonly areas: readonly AreaCount[];
}
interface Hall {
  readonly plan: PlanIndex;
  readonly demand: Demand;
  readonly seatsPerBookingMax: number;
}

/** The places that are quoted for; throws the problem where they are unknown, too many or not free. */
export function quotedPlaces(request: QuoteRequest, hall: Hall): QuotedPlaces {
  if (request.seats !== undefined) return { seats: freeSeats(request.seats, hall), areas: [] };
  if (request.areas !== undefined) return { seats: [], areas: freePlaces(request.areas, hall) };
  if (request.bestAvailable !== undefined) return { seats: bestSeats(request.bestAvailable, hall), areas: [] };
  throw invalid('', 'nothing_wanted', 'give exactly one of seats, bestAvailable and areas');
}

function freeSeats(seats: readonly string[], { plan, demand, seatsPerBookingMax }: Hall): readonly string[] {
  checkCount('/seats', seats.length, seatsPerBookingMax);
  const taken: string[] = [];
  seats.forEach((seat, at) => {
    const pointer = `/seats/${at}`;
    const index = indexOfSeat(plan, seat);
    if (index === undefined) throw invalid(pointer, 'seat_unknown', `there is no seat ${seat} in this show`);
    if (seats.indexOf(seat) !== at) throw invalid(pointer, 'duplicate_seat', `seat ${seat} is named twice`);
    if (!isFree(demand.map, index)) taken.push(seat);
  });
  if (taken.length > 0) throw unavailable(`Not free any more: ${taken.join(', ')}. Choose others.`, taken);
  return seats;
}

function freePlaces(areas: readonly AreaCount[], { plan, demand, seatsPerBookingMax }: Hall): readonly AreaCount[] {
  const total = areas.reduce((sum, { count }) => sum + count, 0);
  checkCount('/areas', total, seatsPerBookingMax);
  const full: string[] = [];
  areas.forEach(({ area, count }, at) => {
    const pointer = `/areas/${at}/area`;
    const capacity = plan.areas.get(area)?.capacity;
    if (capacity === undefined) throw invalid(pointer, 'area_unknown', `there is no area ${area} in this show`);
    if (areas.findIndex((each) => each.area === area) !== at) {
      throw invalid(pointer, 'duplicate_area', `area ${area} is named twice`);
    }
    const { held, sold } = demand.areas.get(area) ?? { held: 0, sold: 0 };
    if (capacity - held - sold < count) full.push(area);
  });
  if (full.length > 0) throw unavailable(`Not enough places left in: ${full.join(', ')}.`, full);
  return areas;
}

function bestSeats(wish: NonNullable<QuoteRequest['bestAvailable']>, hall: Hall): readonly string[] {
  checkCount('/bestAvailable/count', wish.count, hall.seatsPerBookingMax);
  const { plan, demand } = hall;
  if (wish.priceCategory !== undefined && !plan.rowsByCategory.has(wish.priceCategory)) {
    const message = `no seat of this show is in the price category ${wish.priceCategory}`;
    throw invalid('/bestAvailable/priceCategory', 'price_category_unknown', message);
  }
  const indexes = pickSeats(plan, demand.map, wish);
  if (indexes === undefined) throw unavailable('There are not that many free seats of this kind. Ask for fewer.', []);
  return indexes.map((index) => seatAt(plan, index));
}

function checkCount(pointer: string, count: number, most: number): void {
  if (count > most) throw invalid(pointer, 'too_many', `a booking can have ${most} seats, not ${count}`);
}

function unavailable(detail: string, offending: readonly string[]): Problem {
  return new Problem('seats_unavailable', detail, { extensions: { offending } });
}
