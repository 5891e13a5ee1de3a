import type { BookingCreatedData, BookingEvent } from '../../contracts/booking.ts';
import type { SeatPlan, Show } from '../../contracts/catalog.ts';
import type { DeadlineReached, InputContext } from '../../contracts/decider.ts';
import { type ByName, noNames } from '../../contracts/rules/by-name.ts';
import type { Counts } from '../../contracts/rules/counts.ts';
import { emptySeatMap, type SeatMap } from '../../contracts/rules/seat-map.ts';
import type { SeatEvent } from '../../contracts/seat-inventory.ts';
import type { AreaCount } from '../../contracts/seats.ts';
import { nobodyWaits, type WaitingLine } from './waiting-line.ts';

/**
 * The seats of one show. The root is what its bookings share: the state of every seat and how many places of each area
 * are taken. A part is what one booking has:
 *
 *   none ──reserve──▶ held ──paid──▶ sold
 *    │                 │  ▲ paid, all free ▲
 *    │                 ▼  │                │
 *    │              released ──────────────┘   the hold ended; the same seats may be taken back
 *    │                 └──paid, not all free──▶ lost
 *    ├──refuse──▶ refused                       held and sold ──booking over──▶ ended
 *    └──wait────▶ waiting ──places found──▶ held  (or refused; ended with the booking)
 *
 * A hold is valid until a committed event ends it: the deadline asks for that event, it does not end the hold.
 */
export interface State {
  readonly root: ShowSeats;
  readonly part: Allocation;
}

export interface ShowSeats {
  /** The plan that the indexes of `map` count in; none before anything was asked for. */
  readonly seatPlanId: string | undefined;
  readonly map: SeatMap;
  readonly areas: ByName<AreaPlaces>;
  /** Seats and places of each customer, kept from the first booking on that is limited. */
  readonly customers: Counts | undefined;
  /** Bookings that wait for places. */
  readonly waiting: WaitingLine;
  /** How often customers let go of what they had waited for: those of late, so many at most, the last one last. */
  readonly lapses: ReadonlyMap<string, number>;
  /** Places that have become free and are offered to those who wait, before anybody else may have them. */
  readonly offered: Offer | undefined;
}

export type Offered = Pick<Places, 'indexes' | 'areas'>;

export interface Offer extends Offered {
  /** Everything that is free: the show has another plan. */
  readonly wholeHall?: true | undefined;
  /** When bookings were last found for them: milliseconds since 1970. */
  readonly foundAt?: number | undefined;
}

export interface AreaPlaces {
  readonly capacity: number;
  readonly held: number;
  readonly sold: number;
}

/** Seats by id and index, and places by area. */
export interface Places {
  readonly seats: readonly string[];
  readonly indexes: readonly number[];
  readonly areas: readonly AreaCount[];
}

/** Whose places they are. */
export interface About {
  readonly bookingId: string;
  readonly showId: string;
  readonly userId: string;
  /** Of a sale at the counter: whoever sells there sells to many, and has none of these places. */
  readonly bookedUnderId?: string | undefined;
}

interface Owned extends Places {
  readonly about: About;
}
interface Held extends Owned {
  readonly status: 'held';
  readonly seatPlanId: string;
  /** The deadline that was promised, and the one in force: later while a charge is open. */
  readonly holdExpiresAt: string;
  readonly heldUntil: string;
  /** They were found for somebody on the waiting list. */
  readonly waitedFor?: true | undefined;
}
interface Sold extends Owned {
  readonly status: 'sold';
}
interface Released extends Owned {
  readonly status: 'released';
  readonly seatPlanId: string;
  /** Letting them go was counted: they were found for somebody on the waiting list. */
  readonly waitedFor?: true | undefined;
}
/** On the waiting list, with what the booking has asked for. */
interface OnTheList {
  readonly status: 'waiting';
  readonly about: About;
  readonly asked: Pick<SeatsAwaitedData, 'wanted' | 'acceptedAt' | 'maxTotal' | 'seatsPerCustomerMax'>;
}
export type Allocation =
  | { readonly status: 'none' | 'refused' | 'lost' | 'ended' }
  | OnTheList
  | Held
  | Sold
  | Released;
export type OwnedAllocation = Held | Sold;
export type ReleasedAllocation = Released;

type SeatsAwaitedData = Extract<SeatEvent, { readonly type: 'SeatsAwaited' }>['data'];

type BookingInput<Type extends BookingEvent['type']> = InputContext & Extract<BookingEvent, { readonly type: Type }>;

/** A booking asks for seats; `show` and `plan` are undefined where nobody told of them in time. */
export interface BookingCreatedInput extends InputContext {
  readonly type: 'BookingCreated';
  readonly data: BookingCreatedData;
  readonly show: Show | undefined;
  readonly plan: SeatPlan | undefined;
  readonly holdTtlMs: number;
  readonly waitingListMax: number;
}

/** Places are offered to those who wait (to the show), or one of them was found to get some (to its booking). */
export interface OfferInput extends InputContext {
  readonly type: 'OfferDue' | 'PlacesDue';
  readonly data: { readonly showId: string };
  /** Whoever was found has their places: what is left is offered on. */
  readonly goesOn?: true | undefined;
  readonly show: Show | undefined;
  readonly plan: SeatPlan | undefined;
  readonly holdTtlMs: number;
  readonly waitingListHoldMs: number;
}

/** The organizer takes seats off sale, or puts them on sale again. */
export interface BlockInput extends InputContext {
  readonly type: 'BlockRequested' | 'UnblockRequested';
  readonly data: BlockRequest;
  readonly plan: SeatPlan | undefined;
}
export interface BlockRequest {
  readonly requestId: string;
  readonly showId: string;
  readonly seats: readonly string[];
  readonly by: string;
}

export type Input =
  | BookingCreatedInput
  | BookingInput<'BookingPaymentStarted'>
  | BookingInput<'PaymentDeclined'>
  | BookingInput<'BookingPaid'>
  | BookingInput<'BookingRejected'>
  | BookingInput<'BookingExpired'>
  | BookingInput<'BookingCancelled'>
  | BlockInput
  | OfferInput
  | DeadlineReached;
export type InputOf<Type extends Input['type']> = Extract<Input, { readonly type: Type }>;

/** Kept to this service: which plan the show's indexes count in, and how many places its areas have. */
export interface ShowSeatsOpened {
  readonly type: 'ShowSeatsOpened';
  readonly data: {
    readonly showId: string;
    readonly seatPlanId: string;
    readonly areas: readonly { readonly area: string; readonly capacity: number }[];
    readonly customersCounted: boolean;
  };
}

/** Kept to this service: a hold ends at another time, since a charge was opened or declined. */
export interface HoldMoved {
  readonly type: 'HoldMoved';
  readonly data: { readonly bookingId: string; readonly showId: string; readonly heldUntil: string };
}

/** Kept to this service: what became of a request of the organizer. */
export interface BlockDecided {
  readonly type: 'BlockDecided';
  readonly data: {
    readonly requestId: string;
    readonly showId: string;
    readonly outcome: 'done' | 'refused';
    readonly reason?: 'show_not_found' | 'seat_unknown' | 'seats_unavailable';
    readonly offending: readonly string[];
  };
}

/** Kept to this service: places have become free, and those who wait for some come first. Asks for `OfferDue`. */
export interface PlacesOffered {
  readonly type: 'PlacesOffered';
  readonly data: { readonly showId: string; readonly wholeHall?: true | undefined } & Offered;
}

/** Kept to this service: these bookings can have places that are free. Asks for `PlacesDue` to each, and `OfferDue` after them. */
export interface WaitingFound {
  readonly type: 'WaitingFound';
  readonly data: { readonly showId: string; readonly bookingIds: readonly string[]; readonly foundAt?: number };
}

/** Kept to this service: nobody who waits can have what is free; it is anybody's. */
export interface OfferEnded {
  readonly type: 'OfferEnded';
  readonly data: { readonly showId: string };
}

/** Kept to this service: a booking has ended before places were found for it. */
export interface WaitEnded {
  readonly type: 'WaitEnded';
  readonly data: { readonly bookingId: string; readonly showId: string };
}

export type Event =
  | SeatEvent
  | ShowSeatsOpened
  | HoldMoved
  | BlockDecided
  | PlacesOffered
  | WaitingFound
  | OfferEnded
  | WaitEnded;

export const initialState: State = {
  root: {
    ...{ seatPlanId: undefined, map: emptySeatMap, areas: noNames, customers: undefined },
    ...{ waiting: nobodyWaits, lapses: new Map(), offered: undefined },
  },
  part: { status: 'none' },
};
