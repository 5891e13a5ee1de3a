import assert from 'node:assert/strict';
import type { RejectionReason } from '../../contracts/booking.ts';
import type { Show } from '../../contracts/catalog.ts';
import { deriveId } from '../../contracts/ids.ts';
import type { BookingRequestedData } from '../../contracts/user.ts';
import { booking } from './decider.ts';
import type { BookingRequested, CancellationRequested, Input, PaymentSubmitted, SeatsReleased } from './inputs.ts';
import type { Event, State } from './state.ts';

/** Inputs and histories that the booking's tests tell their stories with. */

export const bookingId = 'bkg_019a0000-0000-7000-8000-000000000001';
const showId = 'shw_019a0000-0000-7000-8000-000000000002';
const userId = 'usr_019a0000-0000-7000-8000-000000000003';
const about = { bookingId, showId, userId };
const seats = ['A-1-1', 'A-1-2'];
const places = { seats, areas: [], indexes: [0, 1] };
const start = Date.parse('2026-11-21T12:00:00.000Z');

/** So many minutes after the request was accepted. */
export const at = (minutes: number): string => new Date(start + minutes * 60_000).toISOString();
const euro = (amount: number, currency = 'EUR') => ({ amount, currency });
const terms = { requestTtlMs: 60_000, paymentGraceMs: 60_000, paymentAttemptsMax: 3 };

export const message = (n: number) => ({ id: `sample/${n}`, at: start });
const context = message(0);

export function show(facts: Partial<Show> = {}): Show {
  return {
    showId,
    movie: { movieId: 'mov_1', title: 'Metropolis' },
    theatre: { theatreId: 'thr_1', name: 'Astor', location: 'Berlin', timeZone: 'Europe/Berlin' },
    screen: { screenId: 'scr_1', number: 1 },
    startsAt: at(7 * 24 * 60),
    seatPlanId: 'pln_1',
    priceCategories: [{ name: 'standard', price: euro(1_250) }],
    sales: { opensAt: at(-60), closesAt: at(7 * 24 * 60) },
    refundPolicy: { untilMinutesBefore: 0, feePercent: 0 },
    state: 'scheduled',
    ...facts,
  };
}

export function requested(facts: Partial<BookingRequestedData> & { show?: Show | undefined } = {}): BookingRequested {
  const { show: asked, ...data } = 'show' in facts ? facts : { ...facts, show: show() };
  return {
    ...context,
    type: 'BookingRequested',
    data: { ...about, wanted: { kind: 'seats', seats }, acceptedAt: at(0), ...data },
    show: asked,
    terms,
  };
}

const twoSeats = { kind: 'bestAvailable', count: 2 } as const;

/** Whoever waits where no seats are free. */
export const wouldWait = (facts: Partial<BookingRequestedData> & { show?: Show | undefined } = {}): Input =>
  requested({ show: show(), wanted: twoSeats, waitsForSeats: {}, ...facts });

export function quote(total: number, expiresAfterMinutes: number) {
  return {
    quoteId: 'quo_1',
    seats,
    areas: [],
    items: [],
    fees: [],
    total: euro(total),
    expiresAt: at(expiresAfterMinutes),
    rules: [],
    rulesVersion: 1,
  };
}

export const submitted = (token = 'tok_visa'): PaymentSubmitted => ({
  ...context,
  type: 'PaymentSubmitted',
  data: { ...about, payment: { method: 'card', token }, acceptedAt: at(1) },
  terms,
});

export function cancellation(
  facts: Partial<CancellationRequested['data']> & { show?: Show | undefined } = {},
): CancellationRequested {
  const { show: asked, ...data } = 'show' in facts ? facts : { ...facts, show: show() };
  return {
    ...context,
    type: 'BookingCancellationRequested',
    data: { bookingId, showId, by: 'customer', byUserId: userId, acceptedAt: at(10), ...data },
    show: asked,
  };
}

export const seatsReserved = (): Input => ({
  ...context,
  type: 'SeatsReserved',
  data: { ...about, ...places, seatPlanId: 'pln_1', holdExpiresAt: at(5), acceptedAt: at(0) },
});
export const seatsRefused = (reason: RejectionReason & ('seats_unavailable' | 'limit_exceeded')): Input => ({
  ...context,
  type: 'SeatsRefused',
  data: { ...about, reason, offending: ['A-1-1'] },
});
export const seatsAwaited = (): Input => ({
  ...context,
  type: 'SeatsAwaited',
  data: { ...about, wanted: twoSeats, acceptedAt: at(0) },
});
/** What the show says at the end of a wait: at that time, unless another is given. */
export const waitEndDue = (facts: { readonly at?: string; readonly show?: Show | undefined } = {}): Input => ({
  ...context,
  at: Date.parse(facts.at ?? at(7 * 24 * 60)),
  type: 'WaitEndDue',
  show: 'show' in facts ? facts.show : show(),
});
export const seatsSold = (): Input => ({ ...context, type: 'SeatsSold', data: { ...about, ...places } });
export const released = (cause: SeatsReleased['data']['cause']): Input => ({
  ...context,
  type: 'SeatsReleased',
  data: { ...about, ...places, from: 'held', cause, whole: true },
});
export const seatsLost = (): Input => ({
  ...context,
  type: 'SeatsLost',
  data: { ...about, ...places, offending: ['A-1-2'] },
});

export const priced = (total = 2_650, currency = 'EUR'): Input => ({
  ...context,
  type: 'PriceCalculated',
  data: {
    ...about,
    seats,
    areas: [],
    items: seats.map((seat) => ({ seat, priceCategory: 'standard', price: euro(1_250, currency) })),
    fees: [{ name: 'booking fee', price: euro(150, currency) }],
    total: euro(total, currency),
    rules: [],
    rulesVersion: 1,
    holdExpiresAt: at(5),
    acceptedAt: at(0),
  },
  terms,
});

const charge = (paymentId: string, amount = 2_650) => ({ ...about, paymentId, attempt: 1, amount: euro(amount) });
export const succeeded = (paymentId: string, amount?: number): Input => ({
  ...context,
  type: 'PaymentSucceeded',
  data: { ...charge(paymentId, amount), provider: 'sandbox', providerReference: 'ch_1' },
});
export const failed = (paymentId: string): Input => ({
  ...context,
  type: 'PaymentFailed',
  data: { ...charge(paymentId), error: { code: 'card_declined', message: 'The card was declined.' } },
  terms,
});
export const unsettled = (paymentId: string): Input => ({
  ...context,
  type: 'PaymentUnsettled',
  data: charge(paymentId),
});

const refund = (refundId: string) => ({ ...about, paymentId: firstPayment, refundId, amount: euro(2_650) });
const firstPayment = deriveId('payment', bookingId, 'attempt-1');
export const refunded = (refundId: string): Input => ({
  ...context,
  type: 'PaymentRefunded',
  data: { ...refund(refundId), providerReference: 're_1' },
});
export const refundFailed = (refundId: string): Input => ({
  ...context,
  type: 'RefundFailed',
  data: { ...refund(refundId), error: { code: 'refused', message: 'No.' } },
});

export const admitted = (): Input => ({
  ...context,
  type: 'TicketAdmitted',
  data: { ...about, ticketId: deriveId('ticket', bookingId, 'A-1-1'), gate: 'north', admittedAt: at(20), by: userId },
});
export const ticketsReturned = (): Input => ({ ...context, type: 'TicketsReturned', data: about });
export const ticketsKept = (): Input => ({ ...context, type: 'TicketsKept', data: about });
export const showCancelled = (): Input => ({ ...context, type: 'ShowCancelled' });
export const deadlineReached = (): Input => ({ ...context, type: 'DeadlineReached' });

const card = { method: 'card', token: 'tok_visa' } as const;
const paying = [requested({ payment: card }), seatsReserved(), priced()];
const paid = [...paying, succeeded(firstPayment)];

/** The customer's cancellation of a confirmed booking whose tickets nobody has used. */
export const undone = (facts?: Parameters<typeof cancellation>[0]) => [cancellation(facts), ticketsReturned()];

/** For each state a history that leads to it. */
export const states = {
  unseen: [],
  requested: [requested()],
  awaiting_payment: [requested(), seatsReserved(), priced()],
  paying,
  paid,
  confirmed: [...paid, seatsSold()],
  'requested, on the list': [wouldWait(), seatsAwaited()],
  rejected: [requested(), seatsRefused('seats_unavailable')],
  expired: [requested(), seatsReserved(), priced(), released('hold_expired')],
  cancelled: [...paid, seatsSold(), cancellation(), ticketsReturned()],
} satisfies Readonly<Record<State['status'], readonly Input[]>> & Readonly<Record<string, readonly Input[]>>;

type DataOf = { readonly [Each in Event as Each['type']]: Each['data'] };

/** Runs inputs through the decider and shows what came of them. */
export function given(...inputs: readonly Input[]) {
  const events: Event[] = [];
  let state = booking.initialState;
  for (const input of inputs) {
    for (const event of booking.decide(state, input)) {
      events.push(event);
      state = booking.evolve(state, event);
    }
  }
  const last = <Type extends Event['type']>(type: Type): DataOf[Type] => {
    const found = events.findLast((event) => event.type === type);
    assert.ok(found, `${type} was not decided, but ${events.map((event) => event.type).join(', ')}`);
    return found.data as DataOf[Type];
  };
  return {
    events,
    state,
    types: events.map((event) => event.type),
    last,
    isLast: (type: Event['type']) => assert.equal(events.at(-1)?.type, type),
  };
}
