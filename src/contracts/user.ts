import { z } from 'zod';
import { type DataOf, event, type FactOf, moment } from './event.ts';
import { bookingId, showId, userId } from './ids.ts';
import { money } from './money.ts';
import { quotedPrice, seatId, seatsPerRequestMax, wanted } from './seats.ts';

/** What the user service publishes: what customers ask for about bookings, and profiles. */

export const paymentMethod = z.enum(['card', 'cash']);
export const payment = z.object({ method: paymentMethod, token: z.string().min(1).max(200) });
export type Payment = Readonly<z.infer<typeof payment>>;

/** A booking, with the show that all about it travels with. */
export const replaced = z.object({ bookingId, showId });
export type Replaced = Readonly<z.infer<typeof replaced>>;

export const BookingRequested = event(
  'BookingRequested',
  'A customer asks for seats of a show.',
  z.object({
    bookingId,
    showId,
    /** Who owns the booking. */
    userId,
    /** Whose name goes on the tickets, where that is somebody else (a counter sale). */
    bookedUnderId: userId.optional(),
    wanted,
    /** The price that was shown, its signature checked at the door. */
    quote: quotedPrice.optional(),
    /** The most the customer agreed to pay. */
    maxTotal: money.optional(),
    payment: payment.optional(),
    /** Where no seats are free, it waits for some, until then and as long as the show is on sale. */
    waitsForSeats: z.object({ until: moment.optional() }).optional(),
    /** A booking of the same customer that is to be cancelled as soon as this one is confirmed. */
    replaces: replaced.optional(),
    acceptedAt: moment,
  }),
);

export const PaymentSubmitted = event(
  'PaymentSubmitted',
  'A customer pays for seats that are held.',
  z.object({ bookingId, showId, userId, payment, acceptedAt: moment }),
);

export const BookingCancellationRequested = event(
  'BookingCancellationRequested',
  'A customer or the organizer wants a booking, or some seats of it, undone.',
  z.object({
    bookingId,
    showId,
    by: z.enum(['customer', 'organizer']),
    byUserId: userId,
    /** Only these seats; all when absent. */
    seats: z.array(seatId).min(1).max(seatsPerRequestMax).optional(),
    reason: z.string().max(500).optional(),
    /** Nobody has asked for it, the account was erased: what is paid by then stays as it is. */
    whileUnpaid: z.literal(true).optional(),
    acceptedAt: moment,
  }),
);

export const PaymentAuthorisationBegun = event(
  'PaymentAuthorisationBegun',
  'A customer is given a payment to authorise in the browser: where it is not paid with, it has to be let go.',
  z.object({
    bookingId,
    showId,
    userId,
    /** Tries to pay before this one; each has an authorisation of its own. */
    attempts: z.int().min(0),
    amount: money,
    holdExpiresAt: moment,
    acceptedAt: moment,
  }),
);

export const profile = z.object({
  userId,
  name: z.string(),
  email: z.string().optional(),
  phone: z.string().optional(),
  locale: z.string(),
});
export type Profile = Readonly<z.infer<typeof profile>>;

export const UserProfileChanged = event('UserProfileChanged', 'A user has this name and these addresses.', profile);

const bookingRequests = [BookingRequested, PaymentSubmitted, BookingCancellationRequested] as const;
export const bookingMovieEvents = [...bookingRequests, PaymentAuthorisationBegun] as const;
export const userProfileEvents = [UserProfileChanged] as const;
/** What customers ask of the booking service. */
export type BookingMovieEvent = FactOf<typeof bookingRequests>;
export type BookingRequestedData = DataOf<typeof BookingRequested>;
