import type { SeatPlan, Show } from '../../contracts/catalog.ts';
import { type PlanIndex, planIndex } from '../../contracts/rules/plan-order.ts';
import { type RuledPrice, ruledPrice } from '../../contracts/rules/price-rules.ts';
import type { AppliedRule } from '../../contracts/seats.ts';
import type { PricingRules } from '../../contracts/settings.ts';
import { type Demand, saleSlotMs, saleSlotsMax } from './state.ts';

/** A category's price now. */
export interface ListedPrice {
  readonly category: string;
  readonly listAmount: number;
  readonly amount: number;
  readonly trace: readonly AppliedRule[];
}

/** What a show sells at now, category by category. */
export interface PriceList {
  readonly currency: string;
  readonly prices: ReadonlyMap<string, ListedPrice>;
}

/**
 * The prices of a show at a moment (milliseconds since 1970): the price list in force, moved by what the rules say of
 * the demand, by at most one largest step. A quote and a booking made at the same moment see the same prices.
 */
export function priceList(
  demand: Demand,
  terms: { readonly show: Show; readonly plan: SeatPlan; readonly rules: PricingRules },
  at: number,
): PriceList {
  const { show, rules } = terms;
  const plan = planIndex(terms.plan);
  const hoursToShow = (Date.parse(show.startsAt) - at) / 3_600_000;
  const seatsSoldPerHour = soldLately(demand, at);
  const prices = new Map<string, ListedPrice>();
  for (const { name: category, price } of show.priceCategories) {
    const listAmount = price.amount;
    const { held, sold } = demand.categories.get(category) ?? { held: 0, sold: 0 };
    const ruled: RuledPrice = ruledPrice(
      {
        category,
        listAmount,
        currentAmount: currentAmount(demand, category, listAmount),
        taken: held + sold,
        capacity: capacityOf(plan, category),
        hoursToShow,
        seatsSoldPerHour,
      },
      rules,
    );
    prices.set(category, { category, listAmount, ...ruled });
  }
  return { currency: show.priceCategories[0]?.price.currency ?? 'XXX', prices };
}

function capacityOf(plan: PlanIndex, category: string): number {
  return plan.capacities.get(category) ?? 0;
}

/** The price in force; when the organizer has changed the list price since, the same share of the new one. */
function currentAmount(demand: Demand, category: string, listAmount: number): number {
  const inForce = demand.prices.get(category);
  if (inForce === undefined || inForce.listAmount === 0) return listAmount;
  if (inForce.listAmount === listAmount) return inForce.amount;
  return Math.floor((inForce.amount * listAmount) / inForce.listAmount + 0.5);
}

/** Seats sold in the last hour. */
export function soldLately({ recentSales }: Demand, at: number): number {
  const oldest = Math.floor(at / saleSlotMs) - saleSlotsMax;
  return recentSales.reduce((seats, each) => (each.slot > oldest ? seats + each.seats : seats), 0);
}

/** Whether these are other prices than those in force. */
export function hasMoved(demand: Demand, list: PriceList): boolean {
  for (const { category, amount, listAmount } of list.prices.values()) {
    const inForce = demand.prices.get(category) ?? { amount: listAmount, listAmount };
    if (inForce.amount !== amount || inForce.listAmount !== listAmount) return true;
  }
  return false;
}
