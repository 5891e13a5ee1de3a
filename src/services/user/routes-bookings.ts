import { z } from 'zod';
import { moment } from '../../contracts/event.ts';
import { bookingId, bookingNumberText, newId, showId } from '../../contracts/ids.ts';
import { money } from '../../contracts/money.ts';
import { idEndOf } from '../../contracts/rules/booking-number.ts';
import { readQuote } from '../../contracts/rules/quote.ts';
import { areaCount, seatId, seatsPerRequestMax } from '../../contracts/seats.ts';
import type { BookingRequestedData, Payment } from '../../contracts/user.ts';
import { type Call, type Endpoint, endpoint, hasRole } from '../../runtime/http/endpoint.ts';
import { decodeCursor, page, pageOf, pageQuery } from '../../runtime/http/page.ts';
import { invalid, Problem } from '../../runtime/http/problem.ts';
import type { ServiceRuntime, Submitted } from '../../runtime/service-runtime.ts';
import { addAccount } from './accounts.ts';
import {
  acceptedBooking,
  answerAbout,
  booking,
  bookingFor,
  locationOf,
  mayRead,
  publicBooking,
  waitFor,
} from './booking-answers.ts';
import { type BookingDocument, isFinal, isSought, requestedDocument } from './booking-document.ts';
import { streamBooking } from './booking-stream.ts';
import { emailField, nameField, wantedCategoryField } from './fields.ts';
import { type Asked, gateRefusal, wantedOf } from './gate-rules.ts';
import { checkPayment } from './payment-checks.ts';
import * as projection from './projection.ts';
import { replacedBy } from './replacement.ts';
import type { WaitingRooms } from './waiting-rooms.ts';

/** Customers' bookings: asking for one, reading it, paying for it. */

/** Cash needs no token: the drawer at the counter is the proof. */
const paymentField = z.discriminatedUnion('method', [
  z.strictObject({ method: z.literal('card'), token: z.string().min(1).max(200) }),
  z.strictObject({ method: z.literal('cash'), token: z.string().min(1).max(200).default('cash') }),
]);

const bookingRequest = z.strictObject({
  showId,
  seats: z.array(seatId).min(1).max(seatsPerRequestMax).optional(),
  bestAvailable: z
    .strictObject({
      count: z.int().min(1).max(seatsPerRequestMax),
      priceCategory: wantedCategoryField.optional(),
      accessible: z.boolean().optional(),
    })
    .optional(),
  areas: z.array(areaCount).min(1).max(20).optional(),
  quote: z.string().min(1).max(100_000).optional(),
  maxTotal: money.optional(),
  waitForSeats: z
    .strictObject({ until: moment.optional() })
    .describe(
      'Where no seats are free, wait for some: until then, at most as long as the show is on sale. The booking is `waiting` meanwhile. Who has twice let go of what they had waited for, of one show, does not wait again.',
    )
    .optional(),
  payment: paymentField.optional(),
  replaces: bookingId
    .describe(
      'Exchange: a confirmed booking of yours, of any show, that is cancelled by the terms of its show as soon as this one is confirmed, and stays as it is where this one is not.',
    )
    .optional(),
  customerName: nameField.optional(),
});

const bookingParams = z.strictObject({ bookingId });

/** How long a payment's answer waits for the booking to know of it; a slow task delays nobody longer. */
const takenWithinMs = 500;
/** Whoever stands at the counter waits a little longer to know whether their cash was taken. */
const cashDecidedWithinMs = 2_000;

export function bookingEndpoints(service: ServiceRuntime, rooms: WaitingRooms): readonly Endpoint[] {
  return [
    requestBooking(service, rooms),
    listBookings(service),
    readBooking(service),
    streamBooking(service),
    pay(service),
  ];
}

function requestBooking(service: ServiceRuntime, rooms: WaitingRooms): Endpoint {
  return endpoint({
    method: 'POST',
    path: '/bookings',
    summary: 'Ask for seats of a show, or for its best ones; with a payment it is charged at once.',
    tag: 'bookings',
    who: ['customer', 'staff'],
    body: bookingRequest,
    example: {
      showId: 'shw_01a20250-9c73-72d8-baca-56680c127773',
      bestAvailable: { count: 2 },
      payment: { method: 'card', token: 'tok_visa' },
    },
    idempotency: 'required',
    isFull: () => service.isFull(),
    answers: {
      202: { says: 'Accepted; follow `Location`.', body: acceptedBooking },
      200: { says: 'The booking, as far as it comes without you (with `Prefer: wait`).', body: booking },
    },
    problems: [
      'idempotency_key_missing',
      'idempotency_key_reused',
      'forbidden',
      'validation_failed',
      'waiting_room',
      'payment_method_off',
      'conflict',
      'cancellation_closed',
    ],
    async handle(call) {
      const paymentSent = call.body.payment !== undefined;
      const { repeated, answer: first } = await submitOnce(service, rooms, call);
      const isDone = (document: BookingDocument) =>
        repeated ? wasWithCustomer(document, paymentSent) : isWithCustomer(document, paymentSent);
      return answerAbout(service, call, { first, isDone, isNew: !repeated });
    },
  });
}

/** Whether it has come as far as it comes without its customer. Where there is nothing to pay it goes on by itself. */
function isWithCustomer({ status, total, payment }: BookingDocument, paymentSent: boolean): boolean {
  if (isFinal(status) || status === 'waiting') return true;
  return paymentSent ? payment.status === 'declined' : status === 'awaiting_payment' && total?.amount !== 0;
}

/**
 * Whether it has ever come as far, and so to where the first request was answered. Whoever repeats that request is answered
 * in the same way, with the booking as it is now: another payment that is under way is nothing they wait for.
 */
function wasWithCustomer({ status, total, history }: BookingDocument, paymentSent: boolean): boolean {
  if (isFinal(status) || history.some((step) => step.status === 'waiting')) return true;
  const comesFrom = (index: number) => history[index - 1]?.status;
  return history.some(
    (step, index) =>
      step.status === 'awaiting_payment' && (paymentSent ? comesFrom(index) === 'paying' : total?.amount !== 0),
  );
}

type BookingCall = Call<unknown, unknown, z.infer<typeof bookingRequest>>;

/**
 * Most keys are new, so that is told by storing them. Whoever repeats a request gets the first answer even where the
 * request would be refused by now, such as for a limit that was changed since.
 */
async function submitOnce(service: ServiceRuntime, rooms: WaitingRooms, call: BookingCall): Promise<Submitted> {
  const { body, principal } = call;
  try {
    await rooms.mustBeIn(body.showId, principal);
    const submitted = await submitBooking(service, call);
    // What was asked before was noted then: who is inside again has not booked yet.
    if (!submitted.repeated)
      rooms.booked({ showId: body.showId, userId: principal.userId, bookingId: submitted.answer.resource });
    return submitted;
  } catch (error) {
    const answer = error instanceof Problem && call.idempotency && (await service.answered(call.idempotency));
    if (answer) return { repeated: true, answer };
    throw error;
  }
}

async function submitBooking(service: ServiceRuntime, call: BookingCall): Promise<Submitted> {
  const { body, principal } = call;
  const asked: Asked = {
    choice: body,
    quote: body.quote === undefined ? undefined : (readQuote(body.quote, quoteSecret(service)) ?? 'forged'),
    seatsPerBookingMax: service.settings().seatsPerBookingMax,
    now: Date.now(),
  };
  const refusal = gateRefusal(asked);
  if (refusal !== undefined) throw invalid(refusal.pointer, refusal.code, refusal.message);
  if (body.payment !== undefined)
    checkPayment(service, { principal, payment: body.payment, pointer: '/payment/token' });
  if (body.customerName !== undefined && !hasRole(principal, 'staff')) {
    throw new Problem('forbidden', '/customerName: only staff book for somebody else; leave it out.');
  }
  const replaces = body.replaces === undefined ? undefined : await replacedBy(service, principal, body.replaces);
  // Names travel on user-profiles alone, so a customer at the counter gets a profile. It leaves before the booking does.
  const before = body.customerName !== undefined && call.idempotency && (await service.answered(call.idempotency));
  if (before) return { repeated: true, answer: before };
  const guest =
    body.customerName === undefined
      ? undefined
      : await addAccount(service, { name: body.customerName, roles: [] }, { traceparent: call.traceparent });
  const id = newId('booking');
  const { showId: _quotedShow, ...quote } =
    asked.quote === undefined || asked.quote === 'forged' ? { showId: '' } : asked.quote;
  const data: BookingRequestedData = {
    bookingId: id,
    showId: body.showId,
    userId: principal.userId,
    ...(guest === undefined ? {} : { bookedUnderId: guest.userId }),
    wanted: wantedOf(asked),
    ...('quoteId' in quote ? { quote } : {}),
    ...(body.maxTotal === undefined ? {} : { maxTotal: body.maxTotal }),
    ...(body.payment === undefined ? {} : { payment: body.payment }),
    ...(body.waitForSeats === undefined ? {} : { waitsForSeats: body.waitForSeats }),
    ...(replaces === undefined ? {} : { replaces }),
    acceptedAt: new Date().toISOString(),
  };
  return service.submit({
    idempotency: call.idempotency,
    answer: { status: 202, location: locationOf(id), resource: id },
    requests: [{ type: 'BookingRequested', key: body.showId, subject: id, data, traceparent: call.traceparent }],
    documents: [{ view: 'bookings', id, key: body.showId, doc: requestedDocument(data, data.payment !== undefined) }],
  });
}

function listBookings(service: ServiceRuntime): Endpoint {
  return endpoint({
    method: 'GET',
    path: '/bookings',
    summary:
      'Your bookings, the newest first; staff and organizers find those of others by `email`, or by the `number` that people call one by.',
    tag: 'bookings',
    who: ['customer', 'staff', 'organizer'],
    query: z.strictObject({ ...pageQuery, email: emailField.optional(), number: bookingNumberText.optional() }),
    answers: { 200: { says: 'A page of bookings.', body: pageOf(booking) } },
    problems: ['forbidden', 'validation_failed'],
    async handle({ query, principal }) {
      const { email, number, limit } = query;
      const others = number === undefined ? 'email' : 'number';
      if (query[others] !== undefined && !hasRole(principal, 'staff', 'organizer')) {
        throw new Problem('forbidden', `/query/${others}: only staff and organizers look for the bookings of others.`);
      }
      if (email !== undefined && number !== undefined)
        throw invalid('/query/number', 'one_of', 'finds bookings alone; give either email or number');
      const before = decodeCursor(query.cursor, 1)?.[0];
      const documents =
        number === undefined
          ? await bookingsOfPerson(service, { email, userId: principal.userId, before, limit })
          : await projection.bookingsNumbered(service, { idEnd: idEndOf(number) ?? '', before, limit });
      return { status: 200, body: page(documents.map(publicBooking), limit, (each) => [each.bookingId]) };
    },
  });
}

async function bookingsOfPerson(
  service: ServiceRuntime,
  {
    email,
    userId: own,
    ...page
  }: {
    readonly email: string | undefined;
    readonly userId: string;
    readonly before: string | undefined;
    readonly limit: number;
  },
): Promise<readonly BookingDocument[]> {
  const userId = email === undefined ? own : (await projection.userByEmail(service, email))?.userId;
  return userId === undefined ? [] : projection.bookingsOf(service, { userId, ...page });
}

function readBooking(service: ServiceRuntime): Endpoint {
  return endpoint({
    method: 'GET',
    path: '/bookings/{bookingId}',
    summary: 'One booking as it is now.',
    tag: 'bookings',
    who: ['customer', 'staff', 'organizer'],
    params: bookingParams,
    answers: { 200: { says: 'The booking.', body: booking } },
    problems: ['not_found'],
    async handle({ params, principal }) {
      const document = await bookingFor(service, params.bookingId, mayRead(principal));
      return { status: 200, body: publicBooking(document) };
    },
  });
}

function pay(service: ServiceRuntime): Endpoint {
  return endpoint({
    method: 'POST',
    path: '/bookings/{bookingId}/payments',
    summary: 'Pay for seats that are held.',
    tag: 'bookings',
    who: ['customer', 'staff'],
    params: bookingParams,
    body: paymentField,
    example: { method: 'card', token: 'tok_visa' },
    idempotency: 'required',
    answers: {
      202: { says: 'Accepted; follow `Location`.', body: acceptedBooking },
      200: { says: 'The booking after this payment (with `Prefer: wait`).', body: booking },
    },
    problems: [
      'idempotency_key_missing',
      'idempotency_key_reused',
      'forbidden',
      'not_found',
      'conflict',
      'validation_failed',
      'payment_method_off',
    ],
    async handle(call) {
      const { params, principal, body } = call;
      const document = await bookingFor(service, params.bookingId, mayRead(principal));
      if (document.userId !== principal.userId && !hasRole(principal, 'staff'))
        throw new Problem('forbidden', 'Only its owner or staff pays for a booking.');
      const before = call.idempotency && (await service.answered(call.idempotency));
      const first = before ?? (await submitPayment(service, { call, document, payment: body }));
      // A decline before this payment is not its outcome; of a repeated request that is no longer known.
      const attempts = before === undefined ? document.payment.attempts : Math.max(0, document.payment.attempts - 1);
      const isDone = ({ status, payment }: BookingDocument) =>
        isFinal(status) || (payment.status === 'declined' && payment.attempts > attempts);
      const answered = await answerAbout(service, call, { first, isDone });
      if (body.method === 'cash') await mustBePaidInCash(service, call);
      return answered;
    },
  });
}

/**
 * Of two payments that are sent at once one counts. A card that does not is not charged, but cash is in somebody's hand: whoever
 * took it is told to give it back.
 */
async function mustBePaidInCash(
  service: ServiceRuntime,
  { params, closing }: Call<z.infer<typeof bookingParams>, unknown, unknown>,
): Promise<void> {
  const isDecided = ({ status }: BookingDocument) => status === 'paying' || isFinal(status);
  const { document } = await waitFor(service, {
    ...{ bookingId: params.bookingId, waitMs: cashDecidedWithinMs, closing, isDone: isDecided },
  });
  const byCard = document?.internal.chargedBy === 'card' && ['paying', 'confirmed'].includes(document.status);
  if (byCard) throw new Problem('conflict', 'The booking was paid by card in the same moment. Take no cash for it.');
}

async function submitPayment(
  service: ServiceRuntime,
  submission: {
    readonly call: Call<unknown, unknown, unknown>;
    readonly document: BookingDocument;
    readonly payment: Payment;
  },
) {
  const { call, document, payment } = submission;
  checkPayment(service, { principal: call.principal, payment, pointer: '/token' });
  const { bookingId: id, showId: show, userId } = document;
  const answer = { status: 202, location: locationOf(id), resource: id };
  if (!isSought(document.status) && document.status !== 'awaiting_payment') {
    throw new Problem('conflict', `The booking is ${document.status}; only one that awaits its payment can be paid.`);
  }
  if (document.status === 'awaiting_payment' && ['pending', 'unknown'].includes(document.payment.status)) {
    throw new Problem('conflict', 'A payment of this booking is under way. Wait for its outcome.');
  }
  const data = { bookingId: id, showId: show, userId, payment, acceptedAt: new Date().toISOString() };
  const request = { type: 'PaymentSubmitted', key: show, subject: id, data, traceparent: call.traceparent };
  const submitted = await service.submit({ idempotency: call.idempotency, answer, requests: [request] });
  // Taken within moments; answered after that, so that a second payment sees this one and is refused.
  const isTaken = (now: BookingDocument) => now.payment.status === 'pending' || now.status !== document.status;
  await waitFor(service, { bookingId: id, waitMs: takenWithinMs, closing: call.closing, isDone: isTaken });
  return submitted.answer;
}

function quoteSecret(service: ServiceRuntime): string {
  const secret = service.configuration.QUOTE_SECRET;
  if (secret === undefined) throw new Error('QUOTE_SECRET is not set');
  return secret;
}
