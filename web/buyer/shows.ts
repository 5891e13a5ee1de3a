import type { Money } from '../kit/format.ts';

/** What the server tells of shows and seat plans, as far as customers see it. */
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
  readonly screen: { readonly number: number };
  readonly startsAt: string;
  readonly seatPlanId: string;
  readonly priceCategories: readonly { readonly name: string; readonly price: Money }[];
  readonly seatsPerCustomerMax?: number;
  readonly sales: { readonly opensAt: string; readonly closesAt: string };
  readonly refundPolicy: { readonly untilMinutesBefore: number; readonly feePercent: number };
  readonly status: 'scheduled' | 'on_sale' | 'sold_out' | 'closed' | 'cancelled';
}

/** How the sale of a show stands at a moment, whenever the show was asked for: sales open and close while somebody looks on. */
export function saleAt({ status, sales, startsAt }: Pick<Show, 'status' | 'sales' | 'startsAt'>, now: number) {
  if (status === 'cancelled') return 'cancelled';
  if (now >= Math.min(Date.parse(sales.closesAt), Date.parse(startsAt))) return 'closed';
  return now < Date.parse(sales.opensAt) ? 'scheduled' : 'open';
}

export interface AreaState {
  readonly area: string;
  readonly capacity: number;
  readonly held: number;
  readonly sold: number;
  readonly blocked: number;
}

/** How many places of an area are free. */
export const placesLeft = ({ capacity, held, sold, blocked }: AreaState) => capacity - held - sold - blocked;

export interface Availability {
  readonly showId: string;
  readonly version: number;
  readonly seatPlanId: string;
  /** Two bits a seat in plan order, low bits first, as base64. */
  readonly seats: string;
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
