import { unreachable } from '../../contracts/decider.ts';
import { noNames } from '../../contracts/rules/by-name.ts';
import { emptySeatMap, withSeats } from '../../contracts/rules/seat-map.ts';
import {
  type Demand,
  type DemandMoved,
  type Event,
  type Priced,
  type State,
  saleSlotMs,
  saleSlotsMax,
} from './state.ts';

/** Folds one fact; root and part apart, since each comes back without the other. */
export function evolve(state: State, event: Event): State {
  return { root: evolveRoot(state.root, event), part: evolvePart(state.part, event) };
}

function evolveRoot(root: Demand, event: Event): Demand {
  switch (event.type) {
    case 'DemandMoved':
      return moved(root, event.data);
    case 'PriceListChanged': {
      const prices = event.data.priceCategories.map(
        ({ name, price, listPrice }) => [name, { amount: price.amount, listAmount: listPrice.amount }] as const,
      );
      return { ...root, prices: new Map(prices) };
    }
    case 'PriceCalculated':
    case 'PriceUnknown':
      return root;
    default:
      return unreachable(event);
  }
}

function moved(before: Demand, data: DemandMoved['data']): Demand {
  const root = data.seatPlanId === undefined ? before : emptied(before, data.seatPlanId);
  const { from, to } = data;
  const areas = new Map(root.areas);
  for (const { area, count } of data.areas) {
    const { held, sold } = areas.get(area) ?? { held: 0, sold: 0 };
    areas.set(area, { held: held + change('held', data) * count, sold: sold + change('sold', data) * count });
  }
  const categories = new Map(root.categories);
  let count = 0;
  for (const each of data.categories) {
    const { held, sold, revenue } = categories.get(each.category) ?? { held: 0, sold: 0, revenue: 0 };
    count += each.count;
    categories.set(each.category, {
      held: held + change('held', data) * each.count,
      sold: sold + change('sold', data) * each.count,
      revenue: revenue + change('sold', data) * each.amount,
    });
  }
  const recentSales = to === 'sold' && from !== 'sold' ? withSale(root, data.at, count) : root.recentSales;
  return { ...root, map: withSeats(root.map, data.indexes, to), areas, categories, recentSales };
}

function change(state: 'held' | 'sold', { from, to }: DemandMoved['data']): number {
  return (to === state ? 1 : 0) - (from === state ? 1 : 0);
}

/** Indexes of another plan: a show takes one on only while nobody has a place, so there is nothing to carry over. */
function emptied(root: Demand, seatPlanId: string): Demand {
  return { ...root, seatPlanId, map: emptySeatMap, areas: noNames, categories: noNames };
}

/** The demand as another plan finds it; as it is while somebody has a place under its own. */
export function underPlan(root: Demand, seatPlanId: string): Demand {
  const taken = [...root.areas.values()].reduce(
    (sum, { held, sold }) => sum + held + sold,
    root.map.held + root.map.sold,
  );
  return root.seatPlanId === seatPlanId || taken > 0 ? root : emptied(root, seatPlanId);
}

function withSale({ recentSales }: Demand, at: number, seats: number): Demand['recentSales'] {
  const slot = Math.floor(at / saleSlotMs);
  const last = recentSales.at(-1);
  const sales =
    last !== undefined && last.slot >= slot
      ? [...recentSales.slice(0, -1), { slot: last.slot, seats: last.seats + seats }]
      : [...recentSales, { slot, seats }];
  return sales.slice(-saleSlotsMax);
}

function evolvePart(part: Priced, event: Event): Priced {
  switch (event.type) {
    case 'DemandMoved':
      return partMoved(part, event.data);
    case 'PriceListChanged':
    case 'PriceCalculated':
    case 'PriceUnknown':
      return part;
    default:
      return unreachable(event);
  }
}

function partMoved(part: Priced, data: DemandMoved['data']): Priced {
  if (data.places !== undefined) return { status: 'held', places: data.places };
  if (part.status === 'none') return part;
  if (data.to === 'sold') return { ...part, status: 'sold' };
  if (data.to !== 'free') return part;
  const gone = new Set(data.seats);
  const places = new Map(data.areas.map(({ area, count }) => [area, count]));
  const left = part.places.filter(({ seat, area }) => {
    if (seat !== undefined) return !gone.has(seat);
    const leaving = places.get(area ?? '') ?? 0;
    places.set(area ?? '', leaving - 1);
    return leaving <= 0;
  });
  // A hold that ended keeps its prices: the same seats may be taken back at them.
  return left.length === 0 ? { status: 'released', places: part.places } : { ...part, places: left };
}
