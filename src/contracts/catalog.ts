import { z } from 'zod';
import { type DataOf, event, type FactOf, moment } from './event.ts';
import { movieId, screenId, seatPlanId, showId, theatreId } from './ids.ts';
import { money } from './money.ts';
import { areaCapacityMax, rowsPerSectionMax, seatSyntax } from './rules/seat-limits.ts';
import { areaName, priceCategoryName, seatId } from './seats.ts';

/** What catalog publishes: shows with all that others need to know of them, seat plans and settings. */

const label = z.string().min(1).max(120);
const part = z.string().regex(seatSyntax);

export const seatRow = z.object({
  id: part,
  name: label,
  /** Seat numbers run from `first` to `last` by `step`. */
  first: z.int().min(0).max(100_000),
  last: z.int().min(0).max(100_000),
  step: z.int().min(1).max(10).default(1),
  accessible: z.array(z.int()).max(1_000).default([]),
  companion: z.array(z.int()).max(1_000).default([]),
  x: z.number().optional(),
  y: z.number().optional(),
});
export type SeatRow = Readonly<z.infer<typeof seatRow>>;

export const seatSection = z.object({
  id: part,
  name: label,
  priceCategory: priceCategoryName,
  rows: z.array(seatRow).min(1).max(rowsPerSectionMax),
});
export type SeatSection = Readonly<z.infer<typeof seatSection>>;

export const seatArea = z.object({
  area: areaName,
  name: label,
  capacity: z.int().min(1).max(areaCapacityMax),
  priceCategory: priceCategoryName,
});
export type SeatArea = Readonly<z.infer<typeof seatArea>>;

/** A plan that names none has its best seats where it begins. */
export const bestSeat = seatId.describe('The best seat of the house; the nearer to it, the better the seat.');

export const seatPlan = z.object({
  seatPlanId,
  name: label,
  sections: z.array(seatSection).max(200),
  areas: z.array(seatArea).max(50),
  bestSeat: bestSeat.optional(),
});
export type SeatPlan = Readonly<z.infer<typeof seatPlan>>;

export const refundPolicy = z.object({
  /** A customer may cancel until so many minutes before the start. */
  untilMinutesBefore: z.int().min(0).max(527_040),
  /** The share of the total that is kept. */
  feePercent: z.number().min(0).max(100),
});
export type RefundPolicy = Readonly<z.infer<typeof refundPolicy>>;

export const priceCategory = z.object({ name: priceCategoryName, price: money });
export type PriceCategory = Readonly<z.infer<typeof priceCategory>>;

/** A show, whole: every event on `catalog` repeats all of it. */
export const show = z.object({
  showId,
  movie: z.object({
    movieId,
    title: z.string(),
    runningTimeMinutes: z.int().optional(),
    certificate: z.string().optional(),
    genre: z.string().optional(),
  }),
  theatre: z.object({ theatreId, name: z.string(), location: z.string(), timeZone: z.string() }),
  screen: z.object({ screenId, number: z.int() }),
  startsAt: moment,
  seatPlanId,
  priceCategories: z.array(priceCategory).min(1).max(50),
  sales: z.object({ opensAt: moment, closesAt: moment }),
  seatsPerCustomerMax: z.int().min(1).optional(),
  refundPolicy,
  state: z.enum(['scheduled', 'cancelled', 'withdrawn']),
  /** When it was last moved: bookings made before may be cancelled free of charge. */
  movedAt: moment.optional(),
});
export type Show = Readonly<z.infer<typeof show>>;

export const ShowScheduled = event('ShowScheduled', 'A show is on the programme.', show);
export const ShowChanged = event('ShowChanged', 'Something of a show changed, not its start.', show);
export const ShowMoved = event(
  'ShowMoved',
  'A show starts at another time, or those who booked it get another movie or theatre.',
  show,
);
export const ShowCancelled = event('ShowCancelled', 'A show will not take place; every booking is refunded.', show);
export const ShowWithdrawn = event('ShowWithdrawn', 'A show nobody booked was taken off the programme.', show);

export const SeatPlanPublished = event('SeatPlanPublished', 'An immutable seat plan.', seatPlan);

export const SettingChanged = event(
  'SettingChanged',
  'A setting has a new value.',
  z.object({
    key: z.string(),
    value: z.unknown(),
    /** Counts the changes of this key. */
    version: z.int().min(1),
    who: z.string(),
    when: moment,
    why: z.string(),
  }),
);
export type Setting = DataOf<typeof SettingChanged>;

export const catalogEvents = [ShowScheduled, ShowChanged, ShowMoved, ShowCancelled, ShowWithdrawn] as const;
export const seatPlanEvents = [SeatPlanPublished] as const;
export const settingsEvents = [SettingChanged] as const;
export type CatalogEvent = FactOf<typeof catalogEvents>;
