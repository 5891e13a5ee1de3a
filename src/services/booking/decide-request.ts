import type { RejectionReason } from '../../contracts/booking.ts';
import type { Show } from '../../contracts/catalog.ts';
import { unreachable } from '../../contracts/decider.ts';
import type { Money } from '../../contracts/money.ts';
import type { BookingRequestedData } from '../../contracts/user.ts';
import { applyCancellations } from './decide-cancellation.ts';
import { limitOf, startCharge } from './decide-payment.ts';
import { evolve } from './evolve.ts';
import type { BookingRequested, PriceCalculated, WaitEndDue } from './inputs.ts';
import { type AwaitingPayment, about, type Event, type Held, type Requested, type State } from './state.ts';

/** From the request to the fixed price. */

type Rule = (request: BookingRequestedData, show: Show | undefined) => RejectionReason | undefined;

const showIsUnknown: Rule = (_request, show) =>
  show === undefined || show.state === 'withdrawn' ? 'show_not_found' : undefined;
const showIsCancelled: Rule = (_request, show) => (show?.state === 'cancelled' ? 'show_cancelled' : undefined);
const salesHaveNotOpened: Rule = (request, show) =>
  show !== undefined && moment(request.acceptedAt) < moment(show.sales.opensAt) ? 'sales_closed' : undefined;
const salesHaveClosed: Rule = (request, show) =>
  show !== undefined && moment(request.acceptedAt) >= moment(show.sales.closesAt) ? 'sales_closed' : undefined;
const showHasStarted: Rule = (request, show) =>
  show !== undefined && moment(request.acceptedAt) >= moment(show.startsAt) ? 'sales_closed' : undefined;

/** The first refusal wins. All are judged at the time the request was accepted: the way here costs nobody a seat. */
const rules: readonly Rule[] = [showIsUnknown, showIsCancelled, salesHaveNotOpened, salesHaveClosed, showHasStarted];

export function onBookingRequested(state: State, input: BookingRequested): readonly Event[] {
  // One id is one booking: a second request under it is the first one, delivered again.
  if (state.status !== 'unseen') return [];
  const { data, show, terms } = input;
  for (const rule of rules) {
    const reason = rule(data, show);
    if (reason !== undefined) {
      return [{ type: 'BookingRejected', data: { ...about(data), seats: [], areas: [], reason } }];
    }
  }
  if (show === undefined) throw new Error('a request without a show has passed the rules');
  const { waitsForSeats } = data;
  const waiting = waitsForSeats === undefined ? {} : { waitsUntil: waitsUntil(waitsForSeats, show) };
  return [
    {
      type: 'RequestAccepted',
      data: {
        ...about(data),
        bookedUnderId: data.bookedUnderId,
        acceptedAt: data.acceptedAt,
        movieTitle: show.movie.title,
        priceLimit: priceLimit(data),
        refundPolicy: show.refundPolicy,
        paymentGraceMs: terms.paymentGraceMs,
        paymentAttemptsMax: terms.paymentAttemptsMax,
        timesOutAt: input.at + terms.requestTtlMs,
        payment: data.payment,
        answersPayments: true,
        seatsPerCustomerMax: show.seatsPerCustomerMax,
        ...waiting,
        ...(waitsForSeats === undefined ? {} : { waitsForSeats }),
        ...(data.replaces === undefined ? {} : { replaces: data.replaces }),
      },
    },
    {
      type: 'BookingCreated',
      data: {
        ...about(data),
        bookedUnderId: data.bookedUnderId,
        wanted: data.wanted,
        quote: data.quote,
        maxTotal: data.maxTotal,
        acceptedAt: data.acceptedAt,
        seatPlanId: show.seatPlanId,
        currency: currencyOf(show),
        seatsPerCustomerMax: show.seatsPerCustomerMax,
        paymentSent: data.payment !== undefined,
        ...waiting,
      },
    },
  ];
}

/** Whoever waits for seats does so as long as there is a sale. */
function waitsUntil({ until }: NonNullable<BookingRequestedData['waitsForSeats']>, { sales, startsAt }: Show): string {
  const ends = [sales.closesAt, startsAt, ...(until === undefined ? [] : [until])].map(moment);
  return new Date(Math.min(...ends)).toISOString();
}

/**
 * The most that may be charged. A quote that was valid when the request was accepted is the price; otherwise the
 * customer's own limit counts, or else what an expired quote had shown.
 */
export function priceLimit(request: BookingRequestedData): Money | undefined {
  const { quote, maxTotal, acceptedAt } = request;
  if (quote !== undefined && moment(acceptedAt) <= moment(quote.expiresAt)) return quote.total;
  return maxTotal ?? quote?.total;
}

export function onPriceCalculated(state: State, input: PriceCalculated): readonly Event[] {
  switch (state.status) {
    case 'requested':
      return fixPrice(state, input);
    case 'unseen':
    // A price answers a hold, which answers BookingCreated: there is no booking here to hold anything for.
    case 'awaiting_payment':
    case 'paying':
    case 'paid':
    case 'confirmed':
    // A price is fixed once.
    case 'rejected':
    case 'expired':
    case 'cancelled':
      // Too late: the seats were given back when the booking ended.
      return [];
    default:
      return unreachable(state);
  }
}

/**
 * PriceCalculated repeats the seats and the end of their hold, and pricing speaks only after SeatsReserved: so this one
 * message says that seats are held and the price is fixed, in whatever order the two topics arrive.
 */
function fixPrice(state: Requested, input: PriceCalculated): readonly Event[] {
  const { seats, areas, items, fees, total, rulesVersion, holdExpiresAt } = input.data;
  const limit = state.asked.priceLimit;
  if (limit !== undefined && (total.currency !== limit.currency || total.amount > limit.amount)) {
    return [
      {
        type: 'BookingRejected',
        data: { ...about(state.about), seats, areas, reason: 'price_changed', newTotal: total },
      },
    ];
  }
  const held: Held = { seats, areas, items, fees, total, rulesVersion, holdExpiresAt };
  const bookingHeld: Event = {
    type: 'BookingHeld',
    data: { ...about(state.about), ...held, paymentSent: state.payment !== undefined },
  };
  const awaiting = evolve(state, bookingHeld) as AwaitingPayment;
  // Nobody is charged for what they have asked to cancel.
  const cancelled = applyCancellations(awaiting, state.cancellations, input.at);
  if (cancelled.length > 0) return [bookingHeld, ...cancelled];
  if (total.amount === 0) {
    return [
      bookingHeld,
      {
        type: 'BookingPaid',
        data: { ...about(state.about), seats, areas, attempt: 0, amount: total, ...limitOf(state.asked) },
      },
    ];
  }
  if (state.payment === undefined) return [bookingHeld];
  return [bookingHeld, ...startCharge(awaiting, { payment: state.payment, submittedAt: state.paymentAt }, input.terms)];
}

export function onTimeOut(state: State): readonly Event[] {
  switch (state.status) {
    case 'requested': {
      if (!state.waits) return [rejected(state, 'timed_out')];
      if (state.runsOut) return [];
      if (state.asked.waitsForSeats === undefined) return [rejected(state, 'seats_unavailable')];
      const { bookingId, showId } = state.about;
      return [{ type: 'WaitRanOut', data: { bookingId, showId } }];
    }
    case 'unseen':
    case 'awaiting_payment':
    case 'paying':
    case 'paid':
    case 'confirmed':
    case 'rejected':
    case 'expired':
    case 'cancelled':
      // The timer fired while the answer was on its way; the answer came first.
      return [];
    default:
      return unreachable(state);
  }
}

/** A show that was moved, or whose sale was made longer, is waited for as long as it says now. */
export function onWaitEndDue(state: State, { show, at }: WaitEndDue): readonly Event[] {
  switch (state.status) {
    case 'requested': {
      const { waitsForSeats } = state.asked;
      if (!state.runsOut || waitsForSeats === undefined) return [];
      const until = show?.state === 'scheduled' ? waitsUntil(waitsForSeats, show) : undefined;
      // There were seats for others only, as long as there was a sale.
      return until === undefined || moment(until) <= at
        ? [rejected(state, 'seats_unavailable')]
        : [{ type: 'BookingWaits', data: { ...about(state.about), until } }];
    }
    case 'unseen':
    case 'awaiting_payment':
    case 'paying':
    case 'paid':
    case 'confirmed':
    case 'rejected':
    case 'expired':
    case 'cancelled':
      // Seats were found, or it was over, while the show was looked at.
      return [];
    default:
      return unreachable(state);
  }
}

function rejected(state: Requested, reason: RejectionReason): Event {
  return { type: 'BookingRejected', data: { ...about(state.about), seats: [], areas: [], reason } };
}

function currencyOf(show: Show): string {
  const first = show.priceCategories[0];
  if (first === undefined) throw new Error(`show ${show.showId} has no price category`);
  return first.price.currency;
}

function moment(text: string): number {
  return Date.parse(text);
}
