import type { SeatPlan } from '../../contracts/catalog.ts';
import type { Money } from '../../contracts/money.ts';
import { indexOfSeat, planIndex, priceCategoryAt } from '../../contracts/rules/plan-order.ts';
import type { AppliedRule, AreaCount, Fee, PriceItem } from '../../contracts/seats.ts';
import type { PriceList } from './price-list.ts';

/** What places cost: one item for each, a fee for the booking. */
export interface Price {
  readonly items: readonly PriceItem[];
  readonly fees: readonly Fee[];
  readonly total: Money;
  readonly rules: readonly AppliedRule[];
}

/** The price category of each place, in the order seats then areas; `undefined` for a place the plan does not have. */
export function categoriesOf(
  plan: SeatPlan,
  places: { readonly seats: readonly string[]; readonly areas: readonly AreaCount[] },
): readonly { readonly seat?: string; readonly area?: string; readonly category: string | undefined }[] {
  const index = planIndex(plan);
  const seats = places.seats.map((seat) => {
    const at = indexOfSeat(index, seat);
    return { seat, category: at === undefined ? undefined : priceCategoryAt(index, at) };
  });
  const areas = places.areas.flatMap(({ area, count }) => {
    const category = index.areas.get(area)?.priceCategory;
    return Array.from({ length: count }, () => ({ area, category }));
  });
  return [...seats, ...areas];
}

/**
 * The price of places at a price list; `undefined` when one of them has no price. The booking fee is one per booking,
 * and none for what costs nothing: a free show stays free.
 */
export function priceOf(
  places: { readonly seats: readonly string[]; readonly areas: readonly AreaCount[] },
  terms: { readonly plan: SeatPlan; readonly list: PriceList; readonly bookingFeeMinor: number },
): Price | undefined {
  const { currency, prices } = terms.list;
  const items: PriceItem[] = [];
  const rules = new Map<string, readonly AppliedRule[]>();
  let amount = 0;
  for (const { category, ...place } of categoriesOf(terms.plan, places)) {
    const listed = category === undefined ? undefined : prices.get(category);
    if (listed === undefined) return undefined;
    items.push({ ...place, priceCategory: listed.category, price: { amount: listed.amount, currency } });
    rules.set(listed.category, listed.trace);
    amount += listed.amount;
  }
  const fee = amount === 0 ? 0 : terms.bookingFeeMinor;
  const fees: Fee[] = fee === 0 ? [] : [{ name: 'Booking fee', price: { amount: fee, currency } }];
  return { items, fees, total: { amount: amount + fee, currency }, rules: [...rules.values()].flat() };
}
