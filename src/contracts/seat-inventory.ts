import { z } from 'zod';
import { event, type FactOf, moment } from './event.ts';
import { bookingId, showId, userId } from './ids.ts';
import { money } from './money.ts';
import { seatsPerPlanMax } from './rules/seat-limits.ts';
import { areaCount, quotedPrice, seatId, seatsPerRequestMax, wanted } from './seats.ts';

/** What seat-inventory publishes: who holds, owns or lost which seats. The stream version is the show's version. */

const about = { bookingId, showId, userId };
/** Sold at the counter, whose seats they are: who has sold them is `userId`. */
const owned = { ...about, bookedUnderId: userId.optional() };
const places = {
  seats: z.array(seatId).max(seatsPerRequestMax),
  /** The same seats by their index in plan order, for bitmaps. */
  indexes: z.array(z.int().min(0).max(seatsPerPlanMax)).max(seatsPerRequestMax),
  areas: z.array(areaCount).max(20),
};
const blocked = {
  showId,
  seats: z.array(seatId).min(1).max(seatsPerPlanMax),
  indexes: z.array(z.int().min(0)).min(1).max(seatsPerPlanMax),
  by: userId,
  /** The plan that the indexes count in; the show's of that time where absent. */
  seatPlanId: z.string().optional(),
};

export const SeatsReserved = event(
  'SeatsReserved',
  'Seats are held for a booking until a deadline.',
  z.object({
    ...owned,
    ...places,
    seatPlanId: z.string(),
    holdExpiresAt: moment,
    acceptedAt: moment,
    quote: quotedPrice.optional(),
    maxTotal: money.optional(),
  }),
);

export const SeatsRefused = event(
  'SeatsRefused',
  'A booking gets no seats: all or nothing.',
  z.object({
    ...about,
    reason: z.enum(['show_not_found', 'seat_unknown', 'seats_unavailable', 'limit_exceeded']),
    offending: z.array(z.string()).max(seatsPerRequestMax),
  }),
);

export const SeatsAwaited = event(
  'SeatsAwaited',
  'No seats are free for a booking that waits for some: it is on the waiting list of the show.',
  z.object({
    ...owned,
    wanted,
    acceptedAt: moment,
    maxTotal: money.optional(),
    seatsPerCustomerMax: z.int().min(1).optional(),
  }),
);

export const SeatsSold = event(
  'SeatsSold',
  'Seats are sold to a booking that is paid.',
  z.object({
    ...owned,
    ...places,
    /** What the seats were before: `free` when they were taken back after their hold had ended. Held when absent. */
    from: z.enum(['held', 'free']).optional(),
    /** Their customer had waited for them, and has paid late: they have not let them go after all. */
    waitedFor: z.literal(true).optional(),
  }),
);

export const SeatsReleased = event(
  'SeatsReleased',
  'Seats are free again.',
  z.object({
    ...owned,
    ...places,
    from: z.enum(['held', 'sold']),
    cause: z.enum(['hold_expired', 'booking_ended', 'booking_cancelled']),
    /** Whether the booking owns no seat any more. */
    whole: z.boolean(),
    /** Their customer had waited for them, and let them go. */
    waitedFor: z.literal(true).optional(),
  }),
);

export const SeatsLost = event(
  'SeatsLost',
  'Money came after the hold had ended, and not all seats are free any more, or the customer has as many as they may.',
  z.object({ ...owned, ...places, offending: z.array(z.string()).max(seatsPerRequestMax) }),
);

export const SeatsBlocked = event('SeatsBlocked', 'The organizer keeps seats off sale.', z.object(blocked));
export const SeatsUnblocked = event('SeatsUnblocked', 'Blocked seats are on sale again.', z.object(blocked));

export const seatEvents = [
  SeatsReserved,
  SeatsRefused,
  SeatsAwaited,
  SeatsSold,
  SeatsReleased,
  SeatsLost,
  SeatsBlocked,
  SeatsUnblocked,
] as const;
export type SeatEvent = FactOf<typeof seatEvents>;
