import { z } from 'zod';
import { bestSeat, refundPolicy as refundPolicyData, seatArea, seatRow, seatSection } from '../../contracts/catalog.ts';
import { movieId, screenId, seatPlanId, theatreId } from '../../contracts/ids.ts';
import { price } from '../../contracts/money.ts';
import { rowsPerSectionMax } from '../../contracts/rules/seat-limits.ts';
import { priceCategoryName } from '../../contracts/seats.ts';
import { isTimeZone } from './show-rules.ts';

/** The fields of catalogue entries as people send them. Unknown fields are refused: they are mostly typing errors. */

/** Names are what entries are known by, so the same letters are the same name, however they were typed (NFC). */
const label = z
  .string()
  .trim()
  .normalize()
  .min(1, 'must not be empty')
  .max(120)
  .refine((text) => !/[\p{Cc}\u202A-\u202E\u2066-\u2069]/u.test(text), 'must not have control or direction characters');
const day = z.iso.date('must be a date like 2026-03-01');

/** What both JavaScript and PostgreSQL can keep. */
const firstMoment = Date.UTC(1900, 0, 1);
const lastMoment = Date.UTC(9999, 0, 1);
const isMoment = (text: string) => Date.parse(text) >= firstMoment && Date.parse(text) < lastMoment;

/** A moment with any offset, kept in UTC. */
export const momentField = z.iso
  .datetime({ offset: true, message: 'must be an RFC 3339 time like 2026-03-01T19:30:00Z', abort: true })
  .refine(isMoment, { message: 'must lie between the years 1900 and 9998', abort: true })
  .overwrite((text) => new Date(text).toISOString());

/** Why something is done, for those who read the log of the service. */
export const reasonField = z.string().trim().max(500);

export const movieFields = z.strictObject({
  title: label.max(200),
  releaseDate: day.optional(),
  runningTimeMinutes: z.int().min(1).max(1_440).optional(),
  certificate: z.string().trim().min(1).max(20).optional(),
  genre: z.string().trim().min(1).max(60).optional(),
  director: label.optional(),
  rating: z.number().min(0).max(10).optional(),
  synopsis: z.string().trim().max(4_000).optional(),
});
export const movie = z.object({ movieId, ...movieFields.shape });
export type Movie = Readonly<z.infer<typeof movie>>;
export type MovieDetails = Omit<Movie, 'movieId' | 'title'>;

export const theatreFields = z.strictObject({
  name: label,
  location: label.max(200),
  timeZone: z.string().max(60).refine(isTimeZone, 'must be an IANA time zone like Europe/London'),
});
export const theatre = z.object({ theatreId, ...theatreFields.shape });
export type Theatre = Readonly<z.infer<typeof theatre>>;

export const screenFields = z.strictObject({ theatreId, number: z.int().min(1).max(999), seatPlanId });
export const screen = z.object({ screenId, ...screenFields.shape });
export type Screen = Readonly<z.infer<typeof screen>>;

/** A plan as people write it; `planErrors` says what else is wrong with it. */
export const seatPlanFields = z.strictObject({
  name: label,
  sections: z
    .array(
      z.strictObject({
        ...seatSection.shape,
        rows: z.array(z.strictObject(seatRow.shape)).min(1).max(rowsPerSectionMax),
      }),
    )
    .max(200)
    .default([]),
  areas: z.array(z.strictObject(seatArea.shape)).max(50).default([]),
  bestSeat: bestSeat.optional(),
});
export const seatPlanSummary = z.object({
  seatPlanId,
  name: z.string(),
  capacity: z.int(),
  priceCategories: z.array(z.string()),
});
export type SeatPlanSummary = Readonly<z.infer<typeof seatPlanSummary>>;

/** What an organizer decides about a show beside movie, screen and start. */
export const saleFields = {
  priceCategories: z
    .array(z.strictObject({ name: priceCategoryName, price }))
    .min(1)
    .max(50),
  sales: z.strictObject({ opensAt: momentField.optional(), closesAt: momentField.optional() }).optional(),
  seatsPerCustomerMax: z.int().min(1).max(100_000).optional(),
  refundPolicy: z
    .strictObject({
      untilMinutesBefore: refundPolicyData.shape.untilMinutesBefore.default(0),
      feePercent: refundPolicyData.shape.feePercent.default(0),
    })
    .optional(),
};
/** What of a refund policy is not named stays as it is. */
export const refundPolicyChanges = z.strictObject(refundPolicyData.shape).partial();
export const showFields = z.strictObject({ movieId, screenId, startsAt: momentField, ...saleFields });
export type ShowFields = Readonly<z.infer<typeof showFields>>;

/** One change of a setting. */
export interface SettingChange {
  readonly key: string;
  readonly value: unknown;
  readonly version: number;
  readonly who: string;
  readonly when: string;
  readonly why: string;
}
