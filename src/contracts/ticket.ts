import { z } from 'zod';
import { event, type FactOf, moment } from './event.ts';
import { bookingId, showId, ticketId, transferId, userId } from './ids.ts';
import { areaName, priceCategoryName, seatId } from './seats.ts';

/** What the ticket service publishes: tickets as people hold them. */

export const TicketIssued = event(
  'TicketIssued',
  'A ticket for one seat, with all that is printed on it.',
  z.object({
    ticketId,
    bookingId,
    showId,
    userId,
    bookedUnderId: userId.optional(),
    movieName: z.string(),
    theatreName: z.string(),
    theatreLocation: z.string(),
    timeZone: z.string(),
    screenNumber: z.int(),
    showStartsAt: moment,
    /** Date and time as the clock in the theatre shows them. */
    showLocalTime: z.string(),
    seat: seatId.optional(),
    area: areaName.optional(),
    priceCategory: priceCategoryName,
    /** Tickets of the booking, so that a reader knows the last one. */
    ticketCount: z.int().min(1),
    /** Which of them this is, from 1: they come in this order. */
    ordinal: z.int().min(1).optional(),
    /** Filled in when published, never stored with the event. */
    bookedUnder: z.string().optional(),
    /** Signed (Ed25519); filled in when published. */
    code: z.string().optional(),
  }),
);

export const TicketVoided = event(
  'TicketVoided',
  'A ticket is worth nothing any more.',
  z.object({ ticketId, bookingId, showId, userId, reason: z.string() }),
);

export const TicketAdmitted = event(
  'TicketAdmitted',
  'The holder of a ticket was let in, once.',
  z.object({
    ...{ ticketId, bookingId, showId, userId, gate: z.string() },
    /** When the ticket was scanned. */
    admittedAt: moment,
    by: userId,
    /** Which issue of the ticket was scanned; 1 where it is not said. */
    issue: z.int().min(1).optional(),
    /** The door had no network and decided by itself; it told of the scan later. */
    offline: z.boolean().optional(),
  }),
);

export const TicketTransferred = event(
  'TicketTransferred',
  'A ticket belongs to somebody else now: the code it had lets nobody in any more, and the new one does.',
  z.object({
    ...{ ticketId, bookingId, showId },
    /** Whose booking it is, and stays. */
    userId,
    transferId,
    fromUserId: userId,
    toUserId: userId,
    seat: seatId.optional(),
    area: areaName.optional(),
    /** Of the code that counts from now on. */
    issue: z.int().min(2),
    /** Of who has it now; filled in when published, never stored with the event. */
    bookedUnder: z.string().optional(),
    /** Signed (Ed25519); filled in when published. */
    code: z.string().optional(),
  }),
);

export const TicketsReturned = event(
  'TicketsReturned',
  'Nobody was let in with a ticket of the booking, and nobody will be.',
  z.object({ bookingId, showId, userId }),
);

export const TicketsKept = event(
  'TicketsKept',
  'A ticket of the booking was used, or belongs to somebody else: they are not given back.',
  z.object({
    ...{ bookingId, showId, userId },
    /** `used` where it is not said. */
    because: z.enum(['used', 'given']).optional(),
  }),
);

export const ticketEvents = [
  TicketIssued,
  TicketVoided,
  TicketAdmitted,
  TicketTransferred,
  TicketsReturned,
  TicketsKept,
] as const;
export type TicketEvent = FactOf<typeof ticketEvents>;
