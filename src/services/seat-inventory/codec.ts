import { z } from 'zod';
import { byName, objectOf } from '../../contracts/rules/by-name.ts';
import { countsFrom, entriesOf } from '../../contracts/rules/counts.ts';
import { decodeSeatMap, encodeSeatMap, spannedSeats } from '../../contracts/rules/seat-map.ts';
import { areaCount, wanted } from '../../contracts/seats.ts';
import type { ShowSeats } from './state.ts';
import { everybodyIn, lineOf } from './waiting-line.ts';

/** How a show's seats are kept in a snapshot: the map as base64, areas by their names, customers as pairs, the waiting list in order. */
const snapshot = z.object({
  seatPlanId: z.string().optional(),
  map: z.base64(),
  areas: byName(z.object({ capacity: z.int(), held: z.int(), sold: z.int() })),
  customers: z.array(z.tuple([z.string(), z.int()])).optional(),
  waiting: z
    .array(z.object({ bookingId: z.string(), userId: z.string(), isAtCounter: z.boolean(), wanted }))
    .optional(),
  lapses: z.array(z.tuple([z.string(), z.int()])).optional(),
  offered: z
    .object({
      indexes: z.array(z.int()),
      areas: z.array(areaCount),
      foundAt: z.int().optional(),
      wholeHall: z.literal(true).optional(),
    })
    .optional(),
});

export function encodeRoot(root: ShowSeats): z.input<typeof snapshot> {
  return {
    seatPlanId: root.seatPlanId,
    map: encodeSeatMap(root.map, spannedSeats(root.map)),
    areas: objectOf(root.areas),
    customers: root.customers && entriesOf(root.customers).map(([user, count]) => [user, count]),
    ...(root.waiting.size > 0 && {
      waiting: [...everybodyIn(root.waiting)].map(([bookingId, each]) => ({ bookingId, ...each })),
    }),
    ...(root.lapses.size > 0 && { lapses: [...root.lapses].map(([user, count]): [string, number] => [user, count]) }),
    ...(root.offered && { offered: offeredIn(root.offered) }),
  };
}

function offeredIn({ indexes, areas, foundAt, wholeHall }: NonNullable<ShowSeats['offered']>) {
  const places = { indexes: [...indexes], areas: [...areas] };
  return { ...places, ...(foundAt !== undefined && { foundAt }), ...(wholeHall && { wholeHall }) };
}

/** Reads a snapshot; throws for anything that is none. */
export function decodeRoot(json: unknown): ShowSeats {
  const { seatPlanId, map, areas, customers, waiting = [], lapses = [], offered } = snapshot.parse(json);
  return {
    seatPlanId,
    map: decodeSeatMap(map),
    areas,
    customers: customers && countsFrom(customers),
    waiting: lineOf(waiting.map(({ bookingId, ...each }) => [bookingId, each])),
    lapses: new Map(lapses),
    offered,
  };
}

/** For the registry, which knows no types: what comes in is a root of this service. */
export const codec = { encode: (root: unknown) => encodeRoot(root as ShowSeats), decode: decodeRoot };
