import type { BookingCancellationRefused } from '../../contracts/booking.ts';
import { type DeadlineReached, unreachable } from '../../contracts/decider.ts';
import type { DataOf } from '../../contracts/event.ts';
import { type Money, percentOf, subtract, sum } from '../../contracts/money.ts';
import { type CancellationTerms, cancellationTerms } from '../../contracts/rules/cancellation-terms.ts';
import { evolve } from './evolve.ts';
import type { CancellationRequested, TicketAdmitted } from './inputs.ts';
import { refund } from './refund.ts';
import {
  type About,
  about,
  type Cancellation,
  type CancelledData,
  type Confirmed,
  cancellationsKeptMax,
  type Event,
  type Postponed,
  type Returning,
  type State,
} from './state.ts';

/** How a booking is undone: by its customer, by the organizer, or with its show. */

/** How long the answer of the ticket service is waited for, before it is asked again: twice as long each time. */
const askAgainMs = 30_000;
const askAgainMsMax = 6 * 3_600_000;

type Refusal = DataOf<typeof BookingCancellationRefused>['reason'];

export function onCancellationRequested(state: State, input: CancellationRequested): readonly Event[] {
  const { by, seats, reason, whileUnpaid, acceptedAt } = input.data;
  const show = input.show;
  // A show that is unknown here costs the customer nothing: without terms there is neither a fee nor a closing time.
  const terms = show && { startsAt: show.startsAt, refundPolicy: show.refundPolicy, movedAt: show.movedAt };
  return cancel(state, { by, seats, reason, whileUnpaid, acceptedAt, terms }, input.at);
}

function cancel(state: State, cancellation: Cancellation, now: number): readonly Event[] {
  switch (state.status) {
    case 'requested':
      if (cancellation.seats !== undefined) return [refused(state.about, cancellation, 'not_cancellable')];
      return state.waits ? [leftTheList(state.about, cancellation)] : keep(state, state.cancellations, cancellation);
    case 'paying':
    case 'paid':
      // Applies after the outcome: the charge or the sale is on its way.
      return keep(state, state.cancellations, cancellation);
    case 'awaiting_payment':
      // Nobody can say what a part of unpaid seats would cost: they are cancelled as a whole.
      if (cancellation.seats !== undefined) return [refused(state.about, cancellation, 'not_cancellable')];
      return [
        {
          type: 'BookingCancelled',
          data: {
            ...about(state.about),
            seats: state.held.seats,
            areas: state.held.areas,
            whole: true,
            cause: cancellation.by,
            reason: cancellation.reason,
          },
        },
      ];
    case 'confirmed': {
      // Their tickets stay theirs, and no fee is taken of what they never gave back.
      if (cancellation.whileUnpaid) return [];
      const refusal = refusalOf(state, cancellation);
      if (refusal !== undefined) return [refused(state.about, cancellation, refusal)];
      if (cancellation.by === 'customer')
        return state.returning === undefined ? askBack(state, { ...cancellation, asked: 0 }, now) : [];
      return isPartial(state, cancellation) ? undoSome(state, cancellation) : undoAll(state, cancellation);
    }
    case 'cancelled':
    // Asked again: it is done.
    case 'unseen':
    case 'rejected':
    case 'expired':
      // There is nothing to undo; who asks is told so at the door.
      return [];
    default:
      return unreachable(state);
  }
}

/** Nobody who waits has anything to wait for. Places that were found just now go back with it. */
function leftTheList(from: About, { by, reason }: Cancellation): Event {
  const data = { ...about(from), seats: [], areas: [], whole: true, cause: by, reason };
  return { type: 'BookingCancelled', data };
}

/**
 * The door may be letting somebody in at this moment, and its news be on its way. So the tickets are asked back, which
 * the ticket service decides under the lock that the door takes; the money follows its answer.
 */
function askBack(
  { about: from }: Confirmed,
  { asked, ...cancellation }: Omit<Returning, 'askAgainAt'>,
  now: number,
): readonly Event[] {
  const askAgainAt = now + Math.min(askAgainMs * 2 ** asked, askAgainMsMax);
  return [
    { type: 'CancellationBegun', data: { bookingId: from.bookingId, ...cancellation, asked: asked + 1, askAgainAt } },
    { type: 'TicketsAskedBack', data: about(from) },
  ];
}

/** No answer yet, be it that it takes long or that nobody there has understood the question. */
export function onAskAgain(state: Confirmed, { at }: DeadlineReached): readonly Event[] {
  const { returning } = state;
  if (returning === undefined || at < returning.askAgainAt) return [];
  const { askAgainAt: _, ...cancellation } = returning;
  return askBack(state, cancellation, at);
}

/**
 * The tickets let nobody in any more, whatever has become of the cancellation since: where they were asked back twice, a no may come
 * before this answer, as when a ticket was given back in between. Who has no tickets has the money back.
 */
export function onTicketsReturned(state: State): readonly Event[] {
  // Undone otherwise meanwhile, or asked twice.
  if (state.status !== 'confirmed') return [];
  const cancellation = state.returning ?? state.dropped;
  return cancellation === undefined ? [] : undoAll(state, cancellation);
}

export function onTicketsKept(state: State): readonly Event[] {
  if (state.status !== 'confirmed' || state.returning === undefined) return [];
  const { returning } = state;
  const { bookingId } = state.about;
  return [{ type: 'CancellationDropped', data: { bookingId } }, refused(state.about, returning, 'not_cancellable')];
}

function keep(state: { readonly about: About }, kept: readonly Cancellation[], asked: Cancellation): readonly Event[] {
  const says = (each: Cancellation) =>
    each.seats === undefined && each.by === asked.by && (asked.whileUnpaid === true || each.whileUnpaid === undefined);
  const again = asked.seats === undefined && kept.some(says);
  if (again) return [];
  if (kept.length >= cancellationsKeptMax) return [refused(state.about, asked, 'not_cancellable')];
  return [{ type: 'CancellationKept', data: { bookingId: state.about.bookingId, ...asked } }];
}

function refused(from: About, { by, acceptedAt }: Cancellation, reason: Refusal): Event {
  return { type: 'BookingCancellationRefused', data: { ...about(from), reason, by, acceptedAt } };
}

type Rule = (state: Confirmed, cancellation: Cancellation) => Refusal | undefined;

const aCustomerCancelsEverything: Rule = (_state, { by, seats }) =>
  by === 'customer' && seats !== undefined ? 'not_cancellable' : undefined;
const aUsedTicketIsUsed: Rule = (state, { by }) => (by === 'customer' && state.used ? 'not_cancellable' : undefined);
const itIsTooLate: Rule = (state, { by, acceptedAt, terms }) => {
  if (by === 'organizer' || terms === undefined) return undefined;
  return Date.parse(acceptedAt) >= termsFor(state, terms).closesAt ? 'cancellation_closed' : undefined;
};
const seatsAreNotPartOfIt: Rule = (state, { seats }) =>
  seats?.some((seat) => !state.seats.includes(seat)) ? 'seat_unknown' : undefined;

/** The first refusal wins. The organizer may always. */
const rules: readonly Rule[] = [aCustomerCancelsEverything, aUsedTicketIsUsed, itIsTooLate, seatsAreNotPartOfIt];

function refusalOf(state: Confirmed, cancellation: Cancellation): Refusal | undefined {
  for (const rule of rules) {
    const refusal = rule(state, cancellation);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

function termsFor({ asked }: Confirmed, show: NonNullable<Cancellation['terms']>): CancellationTerms {
  return cancellationTerms(show, { at: asked.acceptedAt, promised: asked.refundPolicy });
}

function isPartial(state: Confirmed, { seats }: Cancellation): boolean {
  return seats !== undefined && (state.areas.length > 0 || state.seats.some((seat) => !seats.includes(seat)));
}

function undoAll(state: Confirmed, cancellation: Cancellation): readonly Event[] {
  const { by, terms, reason } = cancellation;
  const free = by === 'organizer' || terms === undefined;
  const kept = percentOf(state.paid, free ? 0 : termsFor(state, terms).feePercent);
  return undo(state, {
    places: { seats: state.seats, areas: state.areas },
    whole: true,
    cause: by,
    reason,
    kept,
    amount: subtract(state.paid, kept),
    name: 'cancellation',
  });
}

/** Some seats only: their own prices go back, fees stay with the seats that remain. */
function undoSome(state: Confirmed, cancellation: Cancellation): readonly Event[] {
  const seats = state.seats.filter((seat) => cancellation.seats?.includes(seat));
  const items = state.items.filter((item) => item.seat !== undefined && seats.includes(item.seat));
  const currency = state.paid.currency;
  return undo(state, {
    places: { seats, areas: [] },
    whole: false,
    cause: 'organizer',
    reason: cancellation.reason,
    kept: { amount: 0, currency },
    amount: sum(
      items.map((item) => item.price),
      currency,
    ),
    name: `seats-${[...seats].sort().join(',')}`,
  });
}

interface Undoing {
  readonly places: { readonly seats: Confirmed['seats']; readonly areas: Confirmed['areas'] };
  readonly whole: boolean;
  readonly cause: CancelledData['cause'];
  readonly reason?: string | undefined;
  readonly kept: Money;
  readonly amount: Money;
  /** Names the refund, so that the same one is never asked for twice. */
  readonly name: string;
}

function undo(state: Confirmed, { places, whole, cause, reason, kept, amount, name }: Undoing): readonly Event[] {
  const { paymentId, inCash } = state;
  const money = paymentId === undefined ? {} : { refund: amount, kept, ...(inCash ? { inCash } : {}) };
  const cancelled: Event = {
    type: 'BookingCancelled',
    data: { ...about(state.about), ...places, whole, cause, reason, ...money },
  };
  if (paymentId === undefined || amount.amount === 0) return [cancelled];
  return [cancelled, refund({ state, paymentId, amount, cause: 'cancellation', name })];
}

export function onShowCancelled(state: State): readonly Event[] {
  switch (state.status) {
    case 'requested':
      return [
        { type: 'BookingRejected', data: { ...about(state.about), seats: [], areas: [], reason: 'show_cancelled' } },
      ];
    case 'awaiting_payment': {
      const { seats, areas } = state.held;
      return [{ type: 'BookingRejected', data: { ...about(state.about), seats, areas, reason: 'show_cancelled' } }];
    }
    case 'paying':
    case 'paid':
      // Money may be on its way or here: the outcome first, then everything goes back.
      return state.showCancelled ? [] : [{ type: 'ShowCancellationKept', data: { bookingId: state.about.bookingId } }];
    case 'confirmed':
      return undoneWithShow(state);
    case 'unseen':
    // The fan-out finds bookings by their rows; one that is not there sees the cancelled show when it is requested.
    case 'rejected':
    case 'expired':
    case 'cancelled':
      return [];
    default:
      return unreachable(state);
  }
}

function undoneWithShow(state: Confirmed): readonly Event[] {
  return undo(state, {
    places: { seats: state.seats, areas: state.areas },
    whole: true,
    cause: 'show_cancelled',
    kept: { amount: 0, currency: state.paid.currency },
    amount: state.paid,
    name: 'cancellation',
  });
}

/** What was asked for while a charge was open, now that the booking is confirmed. */
export function applyPostponed(state: State, postponed: Postponed, now: number): readonly Event[] {
  if (postponed.showCancelled) return onShowCancelled(state);
  return applyCancellations(state, postponed.cancellations, now);
}

/** Applies cancellations in the order they were asked for, each to what the one before has left. */
export function applyCancellations(
  state: State,
  cancellations: readonly Cancellation[],
  now: number,
): readonly Event[] {
  let left = state;
  const events: Event[] = [];
  for (const cancellation of cancellations) {
    for (const each of cancel(left, cancellation, now)) {
      events.push(each);
      left = evolve(left, each);
    }
  }
  return events;
}

export function onTicketAdmitted(state: State, input: TicketAdmitted): readonly Event[] {
  switch (state.status) {
    case 'confirmed':
      // From now on the customer has had what was paid for.
      if (state.used) return [];
      return [{ type: 'TicketUsed', data: { bookingId: state.about.bookingId, ticketId: input.data.ticketId } }];
    case 'unseen':
    case 'requested':
    case 'awaiting_payment':
    case 'paying':
    case 'paid':
    // There are no tickets yet.
    case 'rejected':
    case 'expired':
    case 'cancelled':
      // Let in, and cancelled by the organizer or with the show.
      return [];
    default:
      return unreachable(state);
  }
}
