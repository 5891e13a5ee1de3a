import { z } from 'zod';
import { type DataOf, event, type FactOf, moment } from './event.ts';
import { bookingId, paymentId, refundId, showId, userId } from './ids.ts';
import { money } from './money.ts';
import { areaCount, fee, priceItem, quotedPrice, seatId, seatsPerRequestMax, wanted } from './seats.ts';
import { payment, paymentMethod, replaced } from './user.ts';

/** What the booking service publishes: every change of a booking, and the request to charge it. */

/** Why a booking was rejected. */
export const rejectionReason = z.enum([
  'show_not_found',
  'show_cancelled',
  'sales_closed',
  'seat_unknown',
  'seats_unavailable',
  'limit_exceeded',
  'price_changed',
  'payment_declined',
  'timed_out',
]);
export type RejectionReason = z.infer<typeof rejectionReason>;

export const bookingStatus = z.enum([
  'requested',
  'waiting',
  'awaiting_payment',
  'paying',
  'confirmed',
  'rejected',
  'expired',
  'cancelled',
]);
export type BookingStatus = z.infer<typeof bookingStatus>;

const about = { bookingId, showId, userId };
const places = {
  seats: z.array(seatId).max(seatsPerRequestMax),
  areas: z.array(areaCount).max(20),
};
const paymentError = z.object({ code: z.string(), message: z.string() });
export type PaymentError = Readonly<z.infer<typeof paymentError>>;

export const BookingCreated = event(
  'BookingCreated',
  'A booking exists, its show is on sale: please hold its seats.',
  z.object({
    ...about,
    bookedUnderId: userId.optional(),
    wanted,
    quote: quotedPrice.optional(),
    maxTotal: money.optional(),
    acceptedAt: moment,
    seatPlanId: z.string(),
    currency: z.string(),
    seatsPerCustomerMax: z.int().min(1).optional(),
    paymentSent: z.boolean(),
    /** Where no seats are free, it waits for some until then. */
    waitsUntil: moment.optional(),
  }),
);

export const BookingWaits = event(
  'BookingWaits',
  'No seats are free: the booking is on the waiting list of its show. Told again where it waits for longer, since its show was moved.',
  z.object({ ...about, until: moment }),
);

export const BookingHeld = event(
  'BookingHeld',
  'Seats are held and the price is fixed: the booking awaits its payment.',
  z.object({
    ...about,
    ...places,
    items: z.array(priceItem).max(seatsPerRequestMax),
    fees: z.array(fee).max(20),
    total: money,
    rulesVersion: z.int().min(0),
    holdExpiresAt: moment,
    paymentSent: z.boolean(),
  }),
);

export const BookingPaymentStarted = event(
  'BookingPaymentStarted',
  'A charge is open: the hold is extended by the payment grace.',
  z.object({
    ...about,
    attempt: z.int().min(1),
    paymentId,
    amount: money,
    /** Whose payment it is where two were sent at once; absent in what was said before it was told. */
    method: paymentMethod.optional(),
    /** When the payment was accepted that is charged; absent in what was said before it was told. */
    submittedAt: moment.optional(),
    holdExpiresAt: moment,
    heldUntil: moment,
  }),
);

/** Why a payment is not charged: another one is or was, the booking is paid already, or it has ended. */
export const passedOverReason = z.enum(['another_payment', 'paid', 'ended']);
export type PassedOverReason = z.infer<typeof passedOverReason>;

export const PaymentPassedOver = event(
  'PaymentPassedOver',
  'A payment that was accepted is not charged: one of two that were sent at once, or one that came too late.',
  z.object({ ...about, method: paymentMethod, submittedAt: moment, reason: passedOverReason }),
);

export const BookingPaymentUnsettled = event(
  'BookingPaymentUnsettled',
  'The outcome of a charge has been unknown for too long; a person should look.',
  z.object({ ...about, attempt: z.int().min(1), paymentId }),
);

export const PaymentDeclined = event(
  'PaymentDeclined',
  'A charge was declined; the hold stays for another try.',
  z.object({
    ...about,
    attempt: z.int().min(1),
    attemptsLeft: z.int().min(0),
    paymentId,
    error: paymentError,
    holdExpiresAt: moment,
  }),
);

export const BookingPaid = event(
  'BookingPaid',
  'The money is there: please sell the seats, taking them back if their hold has ended.',
  z.object({
    ...about,
    ...places,
    attempt: z.int().min(0),
    paymentId: paymentId.optional(),
    amount: money,
    /** The most that a customer may have of the show, as it was when this was asked for: no more is taken back. */
    seatsPerCustomerMax: z.int().min(1).optional(),
  }),
);

export const BookingConfirmed = event(
  'BookingConfirmed',
  'Paid and sold: tickets may be issued.',
  z.object({
    ...about,
    ...places,
    bookedUnderId: userId.optional(),
    items: z.array(priceItem).max(seatsPerRequestMax),
    total: money,
    paymentId: paymentId.optional(),
    /** When it was asked for: whoever did so before a show was moved has to be told. */
    acceptedAt: moment.optional(),
    /** The booking that its customer has it instead of, and that may be cancelled now. */
    replaces: replaced.optional(),
  }),
);

export const BookingRejected = event(
  'BookingRejected',
  'The booking ended without a sale.',
  z.object({
    ...about,
    ...places,
    reason: rejectionReason,
    /** What it would cost now (`price_changed`). */
    newTotal: money.optional(),
    /** The seats that stood in the way. */
    offending: z.array(z.string()).max(seatsPerRequestMax).optional(),
    error: paymentError.optional(),
  }),
);

export const BookingExpired = event(
  'BookingExpired',
  'The hold ended before the payment; money that came too late is refunded.',
  z.object({ ...about, ...places }),
);

export const TicketsAskedBack = event(
  'TicketsAskedBack',
  'A customer may cancel: please void the tickets of the booking, unless one was used.',
  z.object({ ...about }),
);

export const BookingCancelled = event(
  'BookingCancelled',
  'The booking, or some seats of it (`whole` false), was undone.',
  z.object({
    ...about,
    ...places,
    whole: z.boolean(),
    cause: z.enum(['customer', 'organizer', 'show_cancelled']),
    reason: z.string().optional(),
    refund: money.optional(),
    kept: money.optional(),
    /** It was paid in cash, and so goes back. */
    inCash: z.literal(true).optional(),
  }),
);

export const BookingCancellationRefused = event(
  'BookingCancellationRefused',
  'A cancellation came too late or named seats that are not part of the booking.',
  z.object({
    ...about,
    reason: z.enum(['cancellation_closed', 'not_cancellable', 'seat_unknown']),
    /** Whose request it answers, and when that was accepted: several may be under way. */
    by: z.enum(['customer', 'organizer']).optional(),
    acceptedAt: moment.optional(),
  }),
);

export const RefundRequested = event(
  'RefundRequested',
  'Money has to go back.',
  z.object({
    ...about,
    refundId,
    paymentId,
    amount: money,
    cause: z.enum(['late_payment', 'seats_lost', 'duplicate_payment', 'cancellation']),
  }),
);

export const BookingRefunded = event(
  'BookingRefunded',
  'The provider has given money back.',
  z.object({ ...about, refundId, amount: money }),
);

export const BookingRefundFailed = event(
  'BookingRefundFailed',
  'The provider refused a refund; a person has to look.',
  z.object({ ...about, refundId, amount: money, error: paymentError }),
);

export const BookingValidated = event(
  'BookingValidated',
  'Movie and show exist, seats are held, the price is fixed: please charge.',
  z.object({
    ...about,
    attempt: z.int().min(1),
    paymentId,
    amount: money,
    payment,
    movieTitle: z.string(),
  }),
);

export const bookingEvents = [
  BookingCreated,
  BookingWaits,
  BookingHeld,
  BookingPaymentStarted,
  BookingPaymentUnsettled,
  PaymentPassedOver,
  PaymentDeclined,
  BookingPaid,
  BookingConfirmed,
  BookingRejected,
  BookingExpired,
  TicketsAskedBack,
  BookingCancelled,
  BookingCancellationRefused,
  RefundRequested,
  BookingRefunded,
  BookingRefundFailed,
] as const;
export const movieFoundEvents = [BookingValidated] as const;
export type BookingEvent = FactOf<typeof bookingEvents>;
export type MovieFoundEvent = FactOf<typeof movieFoundEvents>;
export type BookingCreatedData = DataOf<typeof BookingCreated>;
