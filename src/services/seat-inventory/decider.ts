import { type Decider, unreachable } from '../../contracts/decider.ts';
import { indexOfSeat, planIndex } from '../../contracts/rules/plan-order.ts';
import { isFree, seatState } from '../../contracts/rules/seat-map.ts';
import { countIn, evolve, less, placeCount } from './evolve.ts';
import { claimPlaces, isOverLimit, mayOpen, type Refusal, underPlan } from './refusals.ts';
import {
  type About,
  type Allocation,
  type BlockInput,
  type BookingCreatedInput,
  type Event,
  type Input,
  type InputOf,
  initialState,
  type OfferInput,
  type OwnedAllocation,
  type Places,
  type ReleasedAllocation,
  type ShowSeats,
  type State,
} from './state.ts';
import {
  findWaiting,
  isBeingGiven,
  isForWhoWaits,
  offeredBy,
  offering,
  waitingHoldUntil,
  waitRefusal,
  withoutOffered,
} from './waiting-list.ts';

/**
 * Who gets which seats of a show. Nothing but the facts made here moves a seat, and one task makes them one after the
 * other: that, and the constraint behind it, is why a seat is never sold twice.
 */
export const decider: Decider<State, Input, Event> = { initialState, decide, evolve, deadline };

const nothing: readonly Event[] = [];

function decide(state: State, input: Input): readonly Event[] {
  return offering(state.root, decided(state, input));
}

function decided(state: State, input: Input): readonly Event[] {
  switch (input.type) {
    case 'BookingCreated':
      return reserve(state, input);
    case 'BookingPaymentStarted':
      return extend(state, input);
    case 'PaymentDeclined':
      return restore(state);
    case 'BookingPaid':
      return sell(state, input);
    case 'BookingRejected':
    case 'BookingExpired':
      return giveBack(state, input);
    case 'BookingCancelled':
      return cancel(state, input);
    case 'DeadlineReached':
      return expire(state, input);
    case 'BlockRequested':
    case 'UnblockRequested':
      return block(state, input);
    case 'OfferDue':
      return offer(state, input);
    case 'PlacesDue':
      return give(state, input);
    default:
      return unreachable(input);
  }
}

function deadline({ part }: State): number | undefined {
  return part.status === 'held' ? Date.parse(part.heldUntil) : undefined;
}

/** A booking asks once; whatever came of it, asking again changes nothing. */
function reserve({ root, part }: State, input: BookingCreatedInput): readonly Event[] {
  if (part.status !== 'none') return nothing;
  const { bookingId, showId, userId, bookedUnderId, quote, maxTotal, acceptedAt } = input.data;
  const about = { bookingId, showId, userId };
  const places = claimPlaces(withoutOffered(root), input);
  const limited = input.data.seatsPerCustomerMax !== undefined;
  const comesAfterOthers = !('reason' in places) && isForWhoWaits(root, input);
  const claim: Places | Refusal = comesAfterOthers ? { reason: 'seats_unavailable', offending: [] } : places;
  if ('reason' in claim) {
    const refusal = waitRefusal(root, input, claim);
    return [
      ...(comesAfterOthers ? opening(root, input, limited) : nothing),
      refusal === undefined ? awaited(input) : refused(about, refusal),
    ];
  }
  const holdExpiresAt = new Date(input.at + input.holdTtlMs).toISOString();
  const reserved: Event = {
    type: 'SeatsReserved',
    data: {
      ...about,
      ...(bookedUnderId && { bookedUnderId }),
      ...listed(claim),
      seatPlanId: input.data.seatPlanId,
      holdExpiresAt,
      acceptedAt,
      ...(quote && { quote }),
      ...(maxTotal && { maxTotal }),
    },
  };
  return [...opening(root, input, limited), reserved];
}

function refused(about: About, { reason, offending }: Refusal): Event {
  const { bookingId, showId, userId } = about;
  return { type: 'SeatsRefused', data: { bookingId, showId, userId, reason, offending: [...offending] } };
}

function awaited({ data }: BookingCreatedInput): Event {
  const { bookingId, showId, userId, bookedUnderId, wanted, acceptedAt, maxTotal, seatsPerCustomerMax } = data;
  return {
    type: 'SeatsAwaited',
    data: {
      ...{ bookingId, showId, userId },
      ...(bookedUnderId && { bookedUnderId }),
      ...{ wanted, acceptedAt },
      ...(maxTotal && { maxTotal }),
      ...(seatsPerCustomerMax !== undefined && { seatsPerCustomerMax }),
    },
  };
}

/** What is free goes to those who wait for it; what fits nobody of them is anybody's. */
function offer({ root }: State, input: OfferInput): readonly Event[] {
  if (root.offered === undefined || isBeingGiven(root.offered, input)) return nothing;
  const { showId } = input.data;
  const plan = offeredBy(input);
  const bookingIds = plan === undefined ? [] : findWaiting(root, planIndex(plan));
  return [
    bookingIds.length === 0
      ? { type: 'OfferEnded', data: { showId } }
      : { type: 'WaitingFound', data: { showId, bookingIds: [...bookingIds], foundAt: input.at } },
  ];
}

/** Places were found for one who waits. Where they are gone again, the booking waits on. */
function give({ root, part }: State, input: OfferInput): readonly Event[] {
  const plan = offeredBy(input);
  if (part.status !== 'waiting' || plan === undefined) return nothing;
  const { about, asked } = part;
  const claim = claimPlaces(root, { ...input, data: { ...about, ...asked } });
  if ('reason' in claim) return claim.reason === 'seats_unavailable' ? nothing : [refused(about, claim)];
  const { acceptedAt, maxTotal, seatsPerCustomerMax } = asked;
  const reserved: Event = {
    type: 'SeatsReserved',
    data: {
      ...about,
      ...listed(claim),
      seatPlanId: plan.seatPlanId,
      holdExpiresAt: waitingHoldUntil(input),
      acceptedAt,
      ...(maxTotal && { maxTotal }),
    },
  };
  return [...opening(root, input, seatsPerCustomerMax !== undefined), reserved];
}

/** Says which plan is sold by, before the first place is taken under it. */
function opening(
  root: ShowSeats,
  { plan, data }: BookingCreatedInput | BlockInput | OfferInput,
  limited: boolean,
): readonly Event[] {
  if (plan === undefined) return nothing;
  const counting = root.customers !== undefined;
  if (root.seatPlanId === plan.seatPlanId && (counting || !limited)) return nothing;
  const areas = plan.areas.map(({ area, capacity }) => ({ area, capacity }));
  const { seatPlanId } = plan;
  const customersCounted = counting || limited;
  return [{ type: 'ShowSeatsOpened', data: { showId: data.showId, seatPlanId, areas, customersCounted } }];
}

/** While a charge is open the hold lasts longer, never shorter. */
function extend({ part }: State, { data }: InputOf<'BookingPaymentStarted'>): readonly Event[] {
  switch (part.status) {
    case 'held': {
      if (Date.parse(data.heldUntil) <= Date.parse(part.heldUntil)) return nothing;
      const { bookingId, showId } = part.about;
      return [{ type: 'HoldMoved', data: { bookingId, showId, heldUntil: data.heldUntil } }];
    }
    // The hold has ended while the charge was being opened: the seats are taken back when it succeeds.
    case 'released':
    case 'none':
    case 'refused':
    case 'waiting':
    case 'sold':
    case 'lost':
    case 'ended':
      return nothing;
    default:
      return unreachable(part);
  }
}

/** A charge was declined: the hold ends when it was promised to. */
function restore({ part }: State): readonly Event[] {
  switch (part.status) {
    case 'held': {
      if (part.heldUntil === part.holdExpiresAt) return nothing;
      const { bookingId, showId } = part.about;
      return [{ type: 'HoldMoved', data: { bookingId, showId, heldUntil: part.holdExpiresAt } }];
    }
    case 'none':
    case 'refused':
    case 'waiting':
    case 'released':
    case 'sold':
    case 'lost':
    case 'ended':
      return nothing;
    default:
      return unreachable(part);
  }
}

/** Money is there: the answer is seats sold or seats lost, once. */
function sell({ root, part }: State, { data }: InputOf<'BookingPaid'>): readonly Event[] {
  const { bookingId, showId, userId } = data;
  const about = { bookingId, showId, userId };
  switch (part.status) {
    case 'held':
      return [{ type: 'SeatsSold', data: { ...part.about, ...listed(part), from: 'held' } }];
    case 'released': {
      const offending = notFree(root, part);
      const places = { ...part.about, ...listed(part) };
      const late = part.waitedFor ? { waitedFor: true as const } : {};
      // Whoever has booked again meanwhile has no more than others may: this money goes back.
      const isTooMany = isOverLimit(root, {
        about: part.about,
        count: placeCount(part),
        max: data.seatsPerCustomerMax,
      });
      if (offending.length === 0 && !isTooMany)
        return [{ type: 'SeatsSold', data: { ...places, from: 'free', ...late } }];
      return [{ type: 'SeatsLost', data: { ...places, offending: [...offending] } }];
    }
    // Paid without ever having had seats: the money must go back, and this answer is what sends it.
    case 'none':
    case 'refused':
    case 'waiting':
    case 'ended': {
      const { seats, areas } = data;
      return [{ type: 'SeatsLost', data: { ...about, seats, indexes: [], areas, offending: seats } }];
    }
    case 'sold':
    case 'lost':
      return nothing;
    default:
      return unreachable(part);
  }
}

/** Which of its former places a booking could not have back. */
function notFree(root: ShowSeats, part: ReleasedAllocation): readonly string[] {
  if (root.seatPlanId !== part.seatPlanId) return [...part.seats, ...part.areas.map(({ area }) => area)];
  const seats = part.seats.filter((_, at) => !isFree(root.map, part.indexes[at] ?? 0));
  const areas = part.areas.filter(({ area, count }) => {
    const { capacity, held, sold } = root.areas.get(area) ?? { capacity: 0, held: 0, sold: 0 };
    return capacity - held - sold < count;
  });
  return [...seats, ...areas.map(({ area }) => area)];
}

/**
 * The booking is over without a sale. It knows best: even sold seats are free again when it says so. Whose cards were all declined has
 * not paid, as whoever lets the hold end: else one without money could hold what others wait for again and again.
 */
function giveBack({ part }: State, input: InputOf<'BookingRejected' | 'BookingExpired'>): readonly Event[] {
  switch (part.status) {
    case 'held':
    case 'sold': {
      const byTheirCustomer = input.type === 'BookingRejected' && input.data.reason === 'payment_declined';
      return [released(part, part, 'booking_ended', byTheirCustomer)];
    }
    case 'waiting':
      return [waitEnded(part)];
    case 'none':
    case 'refused':
    case 'released':
    case 'lost':
    case 'ended':
      return nothing;
    default:
      return unreachable(part);
  }
}

/** The booking, or some of its places, was undone. Places it does not have are passed over. */
function cancel({ part }: State, { data }: InputOf<'BookingCancelled'>): readonly Event[] {
  switch (part.status) {
    case 'held':
    case 'sold': {
      const gone = data.whole ? part : named(part, data);
      // Who left the list while places were being found never heard of them: the booking knows of none.
      const byTheirCustomer = data.cause === 'customer' && placeCount(data) > 0;
      return placeCount(gone) === 0 ? nothing : [released(part, gone, 'booking_cancelled', byTheirCustomer)];
    }
    case 'waiting':
      return [waitEnded(part)];
    case 'none':
    case 'refused':
    case 'released':
    case 'lost':
    case 'ended':
      return nothing;
    default:
      return unreachable(part);
  }
}

function waitEnded({ about: { bookingId, showId } }: Extract<Allocation, { readonly status: 'waiting' }>): Event {
  return { type: 'WaitEnded', data: { bookingId, showId } };
}

/** Those of the named places that are its own. */
function named(part: OwnedAllocation, data: InputOf<'BookingCancelled'>['data']): Places {
  const areas = part.areas.map(({ area, count }) => ({ area, count: Math.min(count, countIn(data.areas, area)) }));
  const own = part.seats.map((seat, at) => ({ seat, index: part.indexes[at] ?? 0 }));
  const seats = own.filter(({ seat }) => data.seats.includes(seat));
  return {
    seats: seats.map(({ seat }) => seat),
    indexes: seats.map(({ index }) => index),
    areas: areas.filter(({ count }) => count > 0),
  };
}

/** The hold's time is over; a deadline that was moved meanwhile, or came early, ends nothing. */
function expire({ part }: State, { at }: InputOf<'DeadlineReached'>): readonly Event[] {
  switch (part.status) {
    case 'held':
      return at >= Date.parse(part.heldUntil) ? [released(part, part, 'hold_expired', true)] : nothing;
    case 'none':
    case 'refused':
    case 'waiting':
    case 'released':
    case 'sold':
    case 'lost':
    case 'ended':
      return nothing;
    default:
      return unreachable(part);
  }
}

type ReleaseCause = Extract<Event, { readonly type: 'SeatsReleased' }>['data']['cause'];

function released(part: OwnedAllocation, gone: Places, cause: ReleaseCause, byTheirCustomer = false): Event {
  const whole = placeCount(less(part, gone)) === 0;
  const lapse = byTheirCustomer && part.status === 'held' && part.waitedFor ? { waitedFor: true as const } : {};
  return { type: 'SeatsReleased', data: { ...part.about, ...listed(gone), from: part.status, cause, whole, ...lapse } };
}

/** Just the places, as a fact lists them. */
function listed({ seats, indexes, areas }: Places) {
  return { seats: [...seats], indexes: [...indexes], areas: [...areas] };
}

/** All seats or none. Seats that are in the wanted state already are passed over, so asking twice is harmless. */
function block({ root }: State, input: BlockInput): readonly Event[] {
  const { requestId, showId, by } = input.data;
  const answer = { requestId, showId };
  if (input.plan === undefined) {
    return [{ type: 'BlockDecided', data: { ...answer, outcome: 'refused', reason: 'show_not_found', offending: [] } }];
  }
  const plan = planIndex(input.plan);
  const show = underPlan(root, plan.seatPlanId);
  const places = [...new Set(input.data.seats)].map((seat) => ({ seat, index: indexOfSeat(plan, seat) }));
  const unknown = places.filter(({ index }) => index === undefined).map(({ seat }) => seat);
  if (unknown.length > 0) {
    const data = { ...answer, outcome: 'refused', reason: 'seat_unknown', offending: unknown } as const;
    return [{ type: 'BlockDecided', data }];
  }
  const blocking = input.type === 'BlockRequested';
  const stateOf = (index: number | undefined) => seatState(show.map, index ?? 0);
  const taken = places.filter(({ index }) => ['held', 'sold'].includes(stateOf(index))).map(({ seat }) => seat);
  if (!mayOpen(root, plan.seatPlanId) || (blocking && taken.length > 0)) {
    const data = { ...answer, outcome: 'refused', reason: 'seats_unavailable', offending: taken } as const;
    return [{ type: 'BlockDecided', data }];
  }
  const changing = places.filter(({ index }) => stateOf(index) === (blocking ? 'free' : 'blocked'));
  const done: Event = { type: 'BlockDecided', data: { ...answer, outcome: 'done', offending: [] } };
  if (changing.length === 0) return [done];
  const seats = changing.map(({ seat }) => seat);
  const indexes = changing.map(({ index }) => index ?? 0);
  const data = { showId, seats, indexes, by, seatPlanId: plan.seatPlanId };
  return [...opening(root, input, false), { type: blocking ? 'SeatsBlocked' : 'SeatsUnblocked', data }, done];
}
