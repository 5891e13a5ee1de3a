import { z } from 'zod';
import { event, type FactOf, moment } from './event.ts';
import { bookingId, showId, userId } from './ids.ts';
import { money } from './money.ts';
import {
  appliedRule,
  areaCount,
  fee,
  priceCategoryName,
  priceItem,
  quotedPrice,
  seatId,
  seatsPerRequestMax,
} from './seats.ts';

/** What pricing publishes: the price of a booking, and the price list of a show whenever demand moves it. */

export const PriceCalculated = event(
  'PriceCalculated',
  'The price of the seats that a booking holds, and what made it.',
  z.object({
    bookingId,
    showId,
    userId,
    seats: z.array(seatId).max(seatsPerRequestMax),
    areas: z.array(areaCount).max(20),
    items: z.array(priceItem).max(seatsPerRequestMax),
    fees: z.array(fee).max(20),
    total: money,
    rules: z.array(appliedRule).max(400),
    rulesVersion: z.int().min(0),
    /** Set when the price is that of a quote which was valid when the request was accepted. */
    quoteId: z.string().optional(),
    /** Repeated for the next step, which may see this before the seats. */
    holdExpiresAt: moment,
    quote: quotedPrice.optional(),
    maxTotal: money.optional(),
    acceptedAt: moment,
  }),
);

export const PriceListChanged = event(
  'PriceListChanged',
  'A show sells at other prices from now on.',
  z.object({
    showId,
    priceCategories: z.array(z.object({ name: priceCategoryName, price: money, listPrice: money })).max(50),
    rules: z.array(appliedRule).max(400),
    rulesVersion: z.int().min(0),
  }),
);

export const priceEvents = [PriceCalculated, PriceListChanged] as const;
export type PriceEvent = FactOf<typeof priceEvents>;
