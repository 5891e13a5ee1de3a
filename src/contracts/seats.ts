import { z } from 'zod';
import { money } from './money.ts';
import { seatSyntax } from './rules/seat-limits.ts';

/** The words of seats that several services share. A seat's id is `<section id>-<row id>-<number>`. */
/** The most seats one booking can ever name; `seatsPerBookingMax` may say less. */
export const seatsPerRequestMax = 100;

export const seatId = z.string().regex(seatSyntax, 'must be a seat id: 1 to 40 of A-Z a-z 0-9 . _ -');
export const areaName = z.string().regex(seatSyntax, 'must be an area name: 1 to 40 of A-Z a-z 0-9 . _ -');
export const priceCategoryName = z.string().min(1).max(40);

export const areaCount = z.strictObject({ area: areaName, count: z.int().min(1).max(seatsPerRequestMax) });
export type AreaCount = Readonly<z.infer<typeof areaCount>>;

/** What a customer asks for: these seats, or the best that are free, or so many places in an area. */
export const wanted = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('seats'), seats: z.array(seatId).min(1).max(seatsPerRequestMax) }),
  z.object({
    kind: z.literal('bestAvailable'),
    count: z.int().min(1).max(seatsPerRequestMax),
    priceCategory: priceCategoryName.optional(),
    accessible: z.boolean().optional(),
  }),
  z.object({ kind: z.literal('areas'), areas: z.array(areaCount).min(1).max(20) }),
]);
export type Wanted = Readonly<z.infer<typeof wanted>>;

/** One line of a price: a seat or a place in an area, with its category. */
export const priceItem = z.object({
  seat: seatId.optional(),
  area: areaName.optional(),
  priceCategory: priceCategoryName,
  price: money,
});
export type PriceItem = Readonly<z.infer<typeof priceItem>>;

export const fee = z.object({ name: z.string().min(1).max(60), price: money });
export type Fee = Readonly<z.infer<typeof fee>>;

/** One step of the trace that explains a price. */
export const appliedRule = z.object({
  rule: z.string(),
  priceCategory: priceCategoryName.optional(),
  /** Hundredths of a percent added (or, below zero, taken away). */
  basisPoints: z.int().optional(),
  why: z.string(),
});
export type AppliedRule = Readonly<z.infer<typeof appliedRule>>;

/** What a quote promises: these places at this price until it expires. */
export const quotedPrice = z.object({
  quoteId: z.string().max(60),
  seats: z.array(seatId).max(seatsPerRequestMax),
  areas: z.array(areaCount).max(20),
  items: z.array(priceItem).max(seatsPerRequestMax),
  fees: z.array(fee).max(20),
  total: money,
  expiresAt: z.iso.datetime(),
  rules: z.array(appliedRule).max(400),
  /** Which version of the pricing settings made it. */
  rulesVersion: z.int().min(0),
});
export type QuotedPrice = Readonly<z.infer<typeof quotedPrice>>;
