/**
 * The tickets of one booking. A ticket follows the money and the seat, not the message about them.
 *
 *   waiting     Not confirmed yet. The news of the payment may have been told already (`told`).
 *   planned     Confirmed: tickets are issued as soon as the customer was told of the payment, whatever became of that
 *               message, and without it at `issueAt`. With nothing to pay there is nothing to wait for.
 *   issued      One ticket for each seat and each place in an area; single ones may be void.
 *   withdrawn   Cancelled before any ticket was issued: none ever will be.
 *
 * Whether a ticket was used or given to somebody else is not known here: the door and transfers.ts decide that in tables of their own.
 * So when tickets are asked back, TicketsReturnSought (an effect) looks there under the lock of the door, and locks it for this
 * booking if nobody came and all tickets are its customer's.
 */
import type { BookingCancelled, BookingConfirmed, TicketsAskedBack } from '../../contracts/booking.ts';
import type { Show } from '../../contracts/catalog.ts';
import { type Decider, type Fact, type InputContext, unreachable } from '../../contracts/decider.ts';
import type { DataOf } from '../../contracts/event.ts';
import { deriveId } from '../../contracts/ids.ts';
import type { TicketIssued, TicketsKept, TicketsReturned, TicketVoided } from '../../contracts/ticket.ts';
import { localTime } from './local-time.ts';

export interface About {
  readonly bookingId: string;
  readonly showId: string;
  readonly userId: string;
}

/** A seat, or one of the places in an area. */
export interface Place {
  readonly ticketId: string;
  readonly seat?: string | undefined;
  readonly area?: string | undefined;
  readonly priceCategory: string;
}

/** What is printed on every ticket of the booking. */
type Printed = Pick<
  DataOf<typeof TicketIssued>,
  'movieName' | 'theatreName' | 'theatreLocation' | 'timeZone' | 'screenNumber' | 'showStartsAt' | 'showLocalTime'
>;

export interface Plan extends About {
  readonly bookedUnderId?: string | undefined;
  readonly places: readonly Place[];
  readonly printed: Printed;
  /** When tickets are issued in any case: milliseconds since 1970. */
  readonly issueAt: number;
}

export type State =
  | { readonly status: 'waiting'; readonly told: boolean }
  | { readonly status: 'planned'; readonly plan: Plan }
  | { readonly status: 'issued'; readonly about: About; readonly valid: readonly Place[] }
  | { readonly status: 'withdrawn' };

type Confirmed = { readonly type: 'BookingConfirmed'; readonly data: DataOf<typeof BookingConfirmed> };
type AskedBack = { readonly type: 'TicketsAskedBack'; readonly data: DataOf<typeof TicketsAskedBack> };
type Cancelled = { readonly type: 'BookingCancelled'; readonly data: DataOf<typeof BookingCancelled> };

/** What came of TicketsReturnSought; unanswered, it is sought again. */
export type ReturnAnswer =
  | { readonly type: 'TicketsReturnDecided'; readonly used: boolean; readonly given: boolean }
  | { readonly type: 'TicketsReturnUnanswered' };

export type Input = InputContext &
  (
    | (Confirmed & { readonly show: Show | undefined; readonly graceMs: number })
    | Cancelled
    | AskedBack
    | ReturnAnswer
    /** The message about the payment has an outcome on some channel. */
    | { readonly type: 'PaymentMessageSent'; readonly bookingId: string }
    | { readonly type: 'DeadlineReached' }
  );

export type Event =
  | Fact<'PaymentMessageSeen', { readonly bookingId: string }>
  | Fact<'TicketsPlanned', Plan>
  | Fact<'TicketsWithheld', { readonly bookingId: string; readonly ticketIds: readonly string[] }>
  | Fact<'TicketsReturnSought', About>
  | Fact<'TicketsReturned', DataOf<typeof TicketsReturned>>
  | Fact<'TicketsKept', DataOf<typeof TicketsKept>>
  | Fact<'TicketIssued', DataOf<typeof TicketIssued>>
  | Fact<'TicketVoided', DataOf<typeof TicketVoided>>;

export const initialState: State = { status: 'waiting', told: false };

export function decide(state: State, input: Input): readonly Event[] {
  switch (input.type) {
    case 'BookingConfirmed':
      return onConfirmed(state, input);
    case 'PaymentMessageSent':
      return onPaymentMessage(state, input.bookingId);
    case 'BookingCancelled':
      return onCancelled(state, input.data);
    case 'TicketsAskedBack':
      return onAskedBack(state, input.data);
    case 'TicketsReturnDecided':
      return onReturnDecided(state, input);
    case 'TicketsReturnUnanswered':
      return state.status === 'issued' ? [seekReturn(state.about)] : [];
    case 'DeadlineReached':
      // Nobody could be told in time: that costs nobody the ticket.
      return state.status === 'planned' ? issue(state.plan) : [];
    default:
      return unreachable(input);
  }
}

function onConfirmed(state: State, input: Extract<Input, { readonly type: 'BookingConfirmed' }>): readonly Event[] {
  switch (state.status) {
    case 'waiting': {
      const plan = planOf(input);
      const nothingToWaitFor = state.told || input.data.total.amount === 0;
      return nothingToWaitFor ? issue(plan) : [{ type: 'TicketsPlanned', data: plan }];
    }
    case 'planned':
    case 'issued':
    case 'withdrawn':
      // Delivered again.
      return [];
    default:
      return unreachable(state);
  }
}

function planOf({ data, show, graceMs, at }: Extract<Input, { readonly type: 'BookingConfirmed' }>): Plan {
  // The show was there when the booking was made; without it nothing could be printed. Parked, and redriven once it is.
  if (show === undefined) throw new Error(`show ${data.showId} of booking ${data.bookingId} is not known here`);
  const { bookingId, showId, userId, bookedUnderId } = data;
  return {
    bookingId,
    showId,
    userId,
    bookedUnderId,
    places: placesOf(data),
    printed: printedOf(show),
    issueAt: at + graceMs,
  };
}

/** What is printed of a show. */
export function printedOf({ movie, theatre, screen, startsAt }: Show): Printed {
  return {
    movieName: movie.title,
    theatreName: theatre.name,
    theatreLocation: theatre.location,
    timeZone: theatre.timeZone,
    screenNumber: screen.number,
    showStartsAt: startsAt,
    showLocalTime: localTime(startsAt, theatre.timeZone),
  };
}

function placesOf({ bookingId, seats, areas, items }: Confirmed['data']): readonly Place[] {
  const categoryOf = (seat: string | undefined, area: string | undefined): string => {
    const item = items.find((each) => (seat === undefined ? each.area === area : each.seat === seat));
    if (item === undefined) throw new Error(`booking ${bookingId} has no price for ${seat ?? area}`);
    return item.priceCategory;
  };
  const ticketId = (name: string) => deriveId('ticket', bookingId, name);
  const seated = seats.map((seat) => ({ ticketId: ticketId(seat), seat, priceCategory: categoryOf(seat, undefined) }));
  const standing = areas.flatMap(({ area, count }) =>
    Array.from({ length: count }, (_, index) => ({
      ticketId: ticketId(`${area}#${index + 1}`),
      area,
      priceCategory: categoryOf(undefined, area),
    })),
  );
  return [...seated, ...standing];
}

function issue({ bookingId, showId, userId, bookedUnderId, places, printed }: Plan): readonly Event[] {
  return places.map((place, index) => ({
    type: 'TicketIssued',
    data: {
      bookingId,
      showId,
      userId,
      bookedUnderId,
      ...printed,
      ...place,
      ticketCount: places.length,
      ordinal: index + 1,
    },
  }));
}

function onPaymentMessage(state: State, bookingId: string): readonly Event[] {
  switch (state.status) {
    case 'waiting':
      return state.told ? [] : [{ type: 'PaymentMessageSeen', data: { bookingId } }];
    case 'planned':
      return issue(state.plan);
    case 'issued':
    // Another channel, or later than the grace.
    case 'withdrawn':
      return [];
    default:
      return unreachable(state);
  }
}

function onCancelled(state: State, data: Cancelled['data']): readonly Event[] {
  const concerns = (place: Place) => data.whole || (place.seat !== undefined && data.seats.includes(place.seat));
  switch (state.status) {
    case 'planned': {
      const ticketIds = state.plan.places.filter(concerns).map((place) => place.ticketId);
      return ticketIds.length === 0
        ? []
        : [{ type: 'TicketsWithheld', data: { bookingId: data.bookingId, ticketIds } }];
    }
    case 'issued': {
      const reason = data.cause === 'show_cancelled' ? 'show_cancelled' : 'booking_cancelled';
      return voided(state.about, state.valid.filter(concerns), reason);
    }
    case 'waiting':
    // Cancelled before it was paid: on one topic the confirmation would have come first.
    case 'withdrawn':
      return [];
    default:
      return unreachable(state);
  }
}

function voided({ bookingId, showId, userId }: About, places: readonly Place[], reason: string): readonly Event[] {
  return places.map(({ ticketId }) => ({
    type: 'TicketVoided',
    data: { ticketId, bookingId, showId, userId, reason },
  }));
}

function onAskedBack(state: State, { bookingId, showId, userId }: AskedBack['data']): readonly Event[] {
  const returned: Event = { type: 'TicketsReturned', data: { bookingId, showId, userId } };
  switch (state.status) {
    case 'planned': {
      const ticketIds = state.plan.places.map((place) => place.ticketId);
      return [{ type: 'TicketsWithheld', data: { bookingId, ticketIds } }, returned];
    }
    case 'issued':
      return [seekReturn(state.about)];
    case 'waiting':
    // The confirmation is parked here: nobody has a ticket, and nobody will get one.
    case 'withdrawn':
      return [returned];
    default:
      return unreachable(state);
  }
}

function seekReturn({ bookingId, showId, userId }: About): Event {
  return { type: 'TicketsReturnSought', data: { bookingId, showId, userId } };
}

function onReturnDecided(
  state: State,
  { used, given }: Extract<Input, { readonly type: 'TicketsReturnDecided' }>,
): readonly Event[] {
  if (state.status !== 'issued') return [];
  const { bookingId, showId, userId } = state.about;
  const about = { bookingId, showId, userId };
  if (used || given) return [{ type: 'TicketsKept', data: { ...about, because: used ? 'used' : 'given' } }];
  return [...voided(about, state.valid, 'booking_cancelled'), { type: 'TicketsReturned', data: about }];
}

export function evolve(state: State, event: Event): State {
  switch (event.type) {
    case 'PaymentMessageSeen':
      return { status: 'waiting', told: true };
    case 'TicketsPlanned':
      return { status: 'planned', plan: event.data };
    case 'TicketsWithheld': {
      if (state.status !== 'planned') throw new Error(`TicketsWithheld cannot follow ${state.status}`);
      const places = state.plan.places.filter((place) => !event.data.ticketIds.includes(place.ticketId));
      return places.length === 0 ? { status: 'withdrawn' } : { status: 'planned', plan: { ...state.plan, places } };
    }
    case 'TicketIssued': {
      const { bookingId, showId, userId, ticketId, seat, area, priceCategory } = event.data;
      const valid = state.status === 'issued' ? state.valid : [];
      return {
        status: 'issued',
        about: { bookingId, showId, userId },
        valid: [...valid, { ticketId, seat, area, priceCategory }],
      };
    }
    case 'TicketVoided': {
      if (state.status !== 'issued') throw new Error(`TicketVoided cannot follow ${state.status}`);
      return { ...state, valid: state.valid.filter((place) => place.ticketId !== event.data.ticketId) };
    }
    case 'TicketsReturned':
      return state.status === 'waiting' ? { status: 'withdrawn' } : state;
    case 'TicketsReturnSought':
    case 'TicketsKept':
      return state;
    default:
      return unreachable(event);
  }
}

export function deadline(state: State): number | undefined {
  return state.status === 'planned' ? state.plan.issueAt : undefined;
}

export const tickets: Decider<State, Input, Event> = { initialState, decide, evolve, deadline };
