import { z } from 'zod';
import { money } from './money.ts';

/** Lines of reports, as programs and spreadsheets get them. */

const ofShow = {
  showId: z.string(),
  /** Absent where the catalogue has the show no more. */
  movie: z.string().optional(),
  theatre: z.string().optional(),
  screen: z.int().optional(),
  startsAt: z.string().optional(),
};

/** A booking that was asked for in a period, with what became of it. */
export const bookingLine = z.object({
  bookingId: z.string(),
  bookedAt: z.string(),
  status: z.string(),
  reason: z.string().optional(),
  ...ofShow,
  /** How many places it has or had, seats and those in areas. */
  places: z.int(),
  seats: z.array(z.string()).readonly(),
  fees: money.optional(),
  total: money.optional(),
  paid: z.boolean(),
  refunded: money.optional(),
});
export type BookingLine = Readonly<z.infer<typeof bookingLine>>;

/** A movement of money. */
export const moneyLine = z.object({
  at: z.string(),
  kind: z.enum(['charge', 'refund', 'refund_came_back']),
  amount: money,
  bookingId: z.string(),
  paymentId: z.string(),
  refundId: z.string().optional(),
  provider: z.string().optional(),
  providerReference: z.string().optional(),
  ...ofShow,
});
export type MoneyLine = Readonly<z.infer<typeof moneyLine>>;

/** What both say of the show. */
export type ReportedShow = Pick<BookingLine, 'showId' | 'movie' | 'theatre' | 'screen' | 'startsAt'>;
