import { z } from 'zod';
import { byName, objectOf } from '../../contracts/rules/by-name.ts';
import { decodeSeatMap, encodeSeatMap, spannedSeats } from '../../contracts/rules/seat-map.ts';
import type { Demand } from './state.ts';

/** How a show's demand is kept in a snapshot: the map as base64, what has a name by its name, the rest as it is. */
const snapshot = z.object({
  seatPlanId: z.string().optional(),
  map: z.base64(),
  areas: byName(z.object({ held: z.int(), sold: z.int() })),
  categories: byName(z.object({ held: z.int(), sold: z.int(), revenue: z.int() })),
  recentSales: z.array(z.object({ slot: z.int(), seats: z.int() })),
  prices: byName(z.object({ amount: z.int(), listAmount: z.int() })),
});

export function encodeRoot(root: Demand): unknown {
  return {
    ...root,
    map: encodeSeatMap(root.map, spannedSeats(root.map)),
    areas: objectOf(root.areas),
    categories: objectOf(root.categories),
    prices: objectOf(root.prices),
  };
}

/** Reads a snapshot; throws for anything that is none. */
export function decodeRoot(json: unknown): Demand {
  const root = snapshot.parse(json);
  return { ...root, seatPlanId: root.seatPlanId, map: decodeSeatMap(root.map) };
}

/** For the registry, which knows no types: what comes in is a root of this service. */
export const codec = { encode: (root: unknown) => encodeRoot(root as Demand), decode: decodeRoot };
