import type { SeatPlan, Show } from '../../contracts/catalog.ts';
import type { InputContext } from '../../contracts/decider.ts';
import type { PriceEvent } from '../../contracts/pricing.ts';
import { type ByName, noNames } from '../../contracts/rules/by-name.ts';
import { emptySeatMap, type SeatMap, type SeatState } from '../../contracts/rules/seat-map.ts';
import type { SeatEvent } from '../../contracts/seat-inventory.ts';
import type { AreaCount } from '../../contracts/seats.ts';
import type { PricingRules } from '../../contracts/settings.ts';

/**
 * The prices of one show. The root is its demand and its price list: which seats are taken, what has been sold for how
 * much, how fast, and at what prices it sells now. A part is the price of one booking:
 *
 *   none ──seats reserved──▶ held ──sold──▶ sold ──released──▶ released
 *                             └──released──▶ released ──sold──▶ sold
 */
export interface State {
  readonly root: Demand;
  readonly part: Priced;
}

export interface Demand {
  /** The plan that the indexes of `map` count in. */
  readonly seatPlanId: string | undefined;
  readonly map: SeatMap;
  /** Held and sold places of each area. */
  readonly areas: ByName<{ readonly held: number; readonly sold: number }>;
  /** By price category. Revenue is in minor units of the show's currency. */
  readonly categories: ByName<CategorySales>;
  /** Seats sold lately, by slots of `saleSlotMs`, oldest first; no more than `saleSlotsMax`. */
  readonly recentSales: readonly { readonly slot: number; readonly seats: number }[];
  /** The price list in force, by category; a category that is not in it sells at its list price. */
  readonly prices: ByName<{ readonly amount: number; readonly listAmount: number }>;
}

export interface CategorySales {
  readonly held: number;
  readonly sold: number;
  readonly revenue: number;
}

export const saleSlotMs = 300_000;
export const saleSlotsMax = 12;

/** One place of a booking: what it costs and, for a seat, where it is. */
export interface PricedPlace {
  readonly seat?: string | undefined;
  readonly index?: number | undefined;
  readonly area?: string | undefined;
  readonly category: string;
  readonly amount: number;
}
export type Priced =
  | { readonly status: 'none' }
  | { readonly status: 'held' | 'sold' | 'released'; readonly places: readonly PricedPlace[] };

/** What prices are made from, as the input brings it; undefined where nobody told of it in time. */
export interface Terms {
  readonly show: Show | undefined;
  readonly plan: SeatPlan | undefined;
  readonly rules: PricingRules;
  readonly rulesVersion: number;
  readonly bookingFeeMinor: number;
}

type SeatInput<Type extends SeatEvent['type']> = InputContext &
  Extract<SeatEvent, { readonly type: Type }> & { readonly terms: Terms };
export type Input =
  | SeatInput<'SeatsReserved'>
  | SeatInput<'SeatsSold'>
  | SeatInput<'SeatsReleased'>
  | SeatInput<'SeatsLost'>
  | SeatInput<'SeatsBlocked'>
  | SeatInput<'SeatsUnblocked'>;
export type InputOf<Type extends Input['type']> = Extract<Input, { readonly type: Type }>;

/** Kept to this service: seats and places went from one state to another, with what that means for each category. */
export interface DemandMoved {
  readonly type: 'DemandMoved';
  readonly data: {
    readonly showId: string;
    /** Set when the indexes count in another plan than before: all else is forgotten. */
    readonly seatPlanId?: string;
    readonly bookingId?: string;
    readonly at: number;
    readonly from: SeatState;
    readonly to: SeatState;
    readonly seats: readonly string[];
    readonly indexes: readonly number[];
    readonly areas: readonly AreaCount[];
    readonly categories: readonly { readonly category: string; readonly count: number; readonly amount: number }[];
    /** The booking's places, when they are reserved. */
    readonly places?: readonly PricedPlace[];
  };
}

/** Kept to this service: seats are held whose price nobody can tell. The booking ends when its time is over. */
export interface PriceUnknown {
  readonly type: 'PriceUnknown';
  readonly data: {
    readonly bookingId: string;
    readonly showId: string;
    readonly reason: 'show_not_found' | 'category_without_price';
  };
}

export type Event = PriceEvent | DemandMoved | PriceUnknown;

export const initialState: State = {
  root: {
    ...{ seatPlanId: undefined, map: emptySeatMap, areas: noNames, categories: noNames },
    ...{ recentSales: [], prices: noNames },
  },
  part: { status: 'none' },
};
