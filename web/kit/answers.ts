import type { Money } from './format.ts';

/** What the server tells of shows, prices and bookings, as far as pages show it. */
export interface Theatre {
  readonly theatreId: string;
  readonly name: string;
  readonly location: string;
  readonly timeZone: string;
}

export interface Show {
  readonly showId: string;
  readonly movie: {
    readonly movieId: string;
    readonly title: string;
    readonly runningTimeMinutes?: number;
    readonly certificate?: string;
    readonly genre?: string;
  };
  readonly theatre: Theatre;
  readonly screen: { readonly screenId: string; readonly number: number };
  readonly startsAt: string;
  /** When it was last moved. */
  readonly movedAt?: string;
  readonly seatPlanId: string;
  readonly priceCategories: readonly { readonly name: string; readonly price: Money }[];
  readonly seatsPerCustomerMax?: number;
  readonly sales: { readonly opensAt: string; readonly closesAt: string };
  readonly refundPolicy: { readonly untilMinutesBefore: number; readonly feePercent: number };
  readonly status: 'scheduled' | 'on_sale' | 'sold_out' | 'closed' | 'cancelled';
}

/** The room in which people wait for a show. */
export interface WaitingRoom {
  readonly opensAt: string;
  readonly joined: number;
  readonly called: number;
  readonly inside: number;
  readonly insideMax: number;
  readonly draw: { readonly commitment: string; readonly drawn?: number; readonly seed?: string };
}

/** Somebody's place in it. */
export interface WaitingPlace {
  readonly status: 'before_draw' | 'waiting' | 'let_in';
  readonly place: number;
  readonly turn?: number;
  readonly ahead?: number;
  readonly estimatedSeconds?: number;
  readonly letInUntil?: string;
  readonly askAgainInSeconds: number;
}

export interface AreaState {
  readonly area: string;
  readonly capacity: number;
  readonly held: number;
  readonly sold: number;
  readonly blocked: number;
}

export interface Availability {
  readonly showId: string;
  readonly version: number;
  readonly seatPlanId: string;
  /** Two bits a seat in plan order, low bits first, as base64. */
  readonly seats: string;
  readonly areas: readonly AreaState[];
}

/** What has changed of a hall since it was told of last. */
export interface SeatDelta {
  readonly seats: readonly (readonly [index: number, state: number])[];
  readonly areas: readonly AreaState[];
}

export interface AreaCount {
  readonly area: string;
  readonly count: number;
}

export interface PriceItem {
  readonly seat?: string;
  readonly area?: string;
  readonly priceCategory: string;
  readonly price: Money;
}

export interface Fee {
  readonly name: string;
  readonly price: Money;
}

export interface Quote {
  readonly quote: string;
  readonly seats: readonly string[];
  readonly areas: readonly AreaCount[];
  readonly items: readonly PriceItem[];
  readonly fees: readonly Fee[];
  readonly total: Money;
  readonly expiresAt: string;
  readonly rules: readonly { readonly rule: string; readonly why: string }[];
}

/** The waiting list of a show, as a customer sees it. */
export interface WaitingList {
  readonly waiting: number;
  readonly yours: readonly { readonly bookingId: string; readonly ahead: number }[];
}

export interface Booking {
  readonly bookingId: string;
  readonly showId: string;
  readonly userId: string;
  readonly status:
    | 'requested'
    | 'waiting'
    | 'awaiting_payment'
    | 'paying'
    | 'confirmed'
    | 'rejected'
    | 'expired'
    | 'cancelled';
  readonly reason?: string;
  readonly newTotal?: Money;
  readonly offending?: readonly string[];
  readonly seats: readonly string[];
  readonly areas?: readonly AreaCount[];
  readonly items?: readonly PriceItem[];
  readonly fees?: readonly Fee[];
  readonly total?: Money;
  readonly holdExpiresAt?: string;
  readonly waitsUntil?: string;
  readonly payment: {
    readonly status: 'none' | 'pending' | 'succeeded' | 'declined' | 'unknown';
    readonly attempts: number;
    /** Where it was paid at the counter. */
    readonly method?: 'cash';
    readonly error?: { readonly code: string; readonly message: string };
  };
  readonly refund?: { readonly status: 'pending' | 'succeeded' | 'failed'; readonly amount: Money };
  /** The booking that is cancelled once this one is confirmed. */
  readonly replaces?: string;
  readonly tickets: readonly string[];
  /** Those that belong to somebody else now. */
  readonly givenTickets?: readonly string[];
  readonly history: readonly { readonly status: string; readonly at: string }[];
  readonly createdAt: string;
}
