import { type Decider, unreachable } from '../../contracts/decider.ts';
import { indexOfSeat, planIndex } from '../../contracts/rules/plan-order.ts';
import type { AreaCount, QuotedPrice } from '../../contracts/seats.ts';
import { evolve, underPlan } from './evolve.ts';
import { hasMoved, type PriceList, priceList } from './price-list.ts';
import { categoriesOf, type Price, priceOf } from './pricing.ts';
import {
  type Demand,
  type DemandMoved,
  type Event,
  type Input,
  type InputOf,
  initialState,
  type PricedPlace,
  type State,
  type Terms,
} from './state.ts';

/**
 * What seats cost. A booking is priced once, when its seats are held: at the quote it came with if that was valid when
 * the request was accepted, else at the price list of the moment. Every change of the demand may move the list.
 */
export const decider: Decider<State, Input, Event> = { initialState, decide, evolve, deadline: () => undefined };

const nothing: readonly Event[] = [];

function decide(state: State, input: Input): readonly Event[] {
  switch (input.type) {
    case 'SeatsReserved':
      return price(state, input);
    case 'SeatsSold':
      return sold(state, input);
    case 'SeatsReleased':
      return released(state, input);
    // Seats that were lost had been released before: they count nowhere.
    case 'SeatsLost':
      return nothing;
    case 'SeatsBlocked':
    case 'SeatsUnblocked':
      return blocked(state, input);
    default:
      return unreachable(input);
  }
}

function price({ root, part }: State, { data, terms, at }: InputOf<'SeatsReserved'>): readonly Event[] {
  if (part.status !== 'none') return nothing;
  const { bookingId, showId, userId, seats, areas, quote, maxTotal, holdExpiresAt, acceptedAt } = data;
  const demand = underPlan(root, data.seatPlanId);
  const list = listAt(demand, terms, at);
  const quoted = quoteInForce(data, terms);
  const given: Price | undefined = quoted ?? (list && priceOf(data, { ...list.terms, list: list.prices }));
  const places = given === undefined ? unpriced(data, terms) : pricedPlaces(data, given);
  const move: DemandMoved = {
    type: 'DemandMoved',
    data: {
      ...{ showId, bookingId, at, from: 'free', to: 'held' },
      ...planChange(root, data.seatPlanId),
      ...{ seats, indexes: data.indexes, areas, categories: byCategory(places), places },
    },
  };
  if (given === undefined) {
    const reason = list === undefined ? 'show_not_found' : 'category_without_price';
    return [move, { type: 'PriceUnknown', data: { bookingId, showId, reason } }];
  }
  const calculated: Event = {
    type: 'PriceCalculated',
    data: {
      ...{ bookingId, showId, userId, seats, areas, holdExpiresAt, acceptedAt },
      items: [...given.items],
      fees: [...given.fees],
      total: given.total,
      rules: [...given.rules],
      rulesVersion: quoted?.rulesVersion ?? terms.rulesVersion,
      ...(quoted && { quoteId: quoted.quoteId }),
      ...(quote && { quote }),
      ...(maxTotal && { maxTotal }),
    },
  };
  return [...listChange(demand, showId, list), move, calculated];
}

/**
 * The quote *is* the price when it was valid as the request was accepted, and is about these places. One in a currency that
 * the show does not sell in any more is none.
 */
function quoteInForce(data: InputOf<'SeatsReserved'>['data'], { show }: Terms): QuotedPrice | undefined {
  const { quote, acceptedAt, seats, areas } = data;
  if (quote === undefined || Date.parse(acceptedAt) > Date.parse(quote.expiresAt)) return undefined;
  if (show !== undefined && show.priceCategories[0]?.price.currency !== quote.total.currency) return undefined;
  const sameSeats = quote.seats.length === seats.length && seats.every((seat) => quote.seats.includes(seat));
  return sameSeats && samePlaces(quote.areas, areas) ? quote : undefined;
}

function samePlaces(some: readonly AreaCount[], others: readonly AreaCount[]): boolean {
  const count = (areas: readonly AreaCount[], name: string) =>
    areas.reduce((places, { area, count }) => (area === name ? places + count : places), 0);
  return [...some, ...others].every(({ area }) => count(some, area) === count(others, area));
}

/** A show and a plan that are known, with the prices of the moment. */
function listAt(demand: Demand, terms: Terms, at: number) {
  const { show, plan, rules, bookingFeeMinor } = terms;
  if (show === undefined || plan === undefined) return undefined;
  return {
    terms: { plan, bookingFeeMinor },
    rulesVersion: terms.rulesVersion,
    prices: priceList(demand, { show, plan, rules }, at),
  };
}

type Listed = ReturnType<typeof listAt>;

function listChange(demand: Demand, showId: string, list: Listed): readonly Event[] {
  if (list === undefined || !hasMoved(demand, list.prices)) return nothing;
  return [listChanged(showId, list.prices, list.rulesVersion)];
}

function listChanged(showId: string, { currency, prices }: PriceList, rulesVersion: number): Event {
  const all = [...prices.values()];
  const priceCategories = all.map(({ category, amount, listAmount }) => ({
    name: category,
    price: { amount, currency },
    listPrice: { amount: listAmount, currency },
  }));
  const rules = all.flatMap(({ trace }) => trace);
  return { type: 'PriceListChanged', data: { showId, priceCategories, rules, rulesVersion } };
}

/** The booking's places with what each costs; items come one for each seat, then one for each place in an area. */
function pricedPlaces(data: InputOf<'SeatsReserved'>['data'], { items }: Price): readonly PricedPlace[] {
  const indexOf = new Map(data.seats.map((seat, at) => [seat, data.indexes[at]]));
  return items.map(({ seat, area, priceCategory, price: { amount } }) =>
    seat === undefined
      ? { area, category: priceCategory, amount }
      : { seat, index: indexOf.get(seat), category: priceCategory, amount },
  );
}

/** Places that nobody can price still count as taken, in their category where the plan tells it. */
function unpriced(data: InputOf<'SeatsReserved'>['data'], { plan }: Terms): readonly PricedPlace[] {
  if (plan === undefined) return [];
  const index = planIndex(plan);
  return categoriesOf(plan, data).flatMap(({ seat, area, category }): readonly PricedPlace[] => {
    if (category === undefined) return [];
    return [{ seat, area, index: seat === undefined ? undefined : indexOfSeat(index, seat), category, amount: 0 }];
  });
}

function byCategory(places: readonly PricedPlace[]): DemandMoved['data']['categories'] {
  const sums = new Map<string, { count: number; amount: number }>();
  for (const { category, amount } of places) {
    const sum = sums.get(category) ?? { count: 0, amount: 0 };
    sums.set(category, { count: sum.count + 1, amount: sum.amount + amount });
  }
  return [...sums].map(([category, sum]) => ({ category, ...sum }));
}

function planChange(root: Demand, seatPlanId: string | undefined): { readonly seatPlanId?: string } {
  if (seatPlanId === undefined || root.seatPlanId === seatPlanId) return {};
  return underPlan(root, seatPlanId).seatPlanId === seatPlanId ? { seatPlanId } : {};
}

function sold({ root, part }: State, input: InputOf<'SeatsSold'>): readonly Event[] {
  switch (part.status) {
    case 'held':
    case 'released': {
      const from = part.status === 'held' ? 'held' : 'free';
      return moveAndList(root, input, { from, to: 'sold', places: part.places });
    }
    // Sold without having been held: nobody knows the price, the seats are taken all the same.
    case 'none':
      return moveAndList(root, input, { from: 'free', to: 'sold', places: [] });
    case 'sold':
      return nothing;
    default:
      return unreachable(part);
  }
}

function released({ root, part }: State, input: InputOf<'SeatsReleased'>): readonly Event[] {
  switch (part.status) {
    case 'held':
    case 'sold':
      return moveAndList(root, input, { from: part.status, to: 'free', places: placesOf(part.places, input.data) });
    case 'none':
      return moveAndList(root, input, { from: input.data.from, to: 'free', places: [] });
    case 'released':
      return nothing;
    default:
      return unreachable(part);
  }
}

/** Those of a booking's places that are named; places of an area are alike. */
function placesOf(all: readonly PricedPlace[], gone: InputOf<'SeatsReleased'>['data']): readonly PricedPlace[] {
  const left = new Map(gone.areas.map(({ area, count }) => [area, count]));
  return all.filter(({ seat, area }) => {
    if (seat !== undefined) return gone.seats.includes(seat);
    const leaving = left.get(area ?? '') ?? 0;
    left.set(area ?? '', leaving - 1);
    return leaving > 0;
  });
}

function moveAndList(
  root: Demand,
  { data, at, terms }: InputOf<'SeatsSold'> | InputOf<'SeatsReleased'>,
  move: Pick<DemandMoved['data'], 'from' | 'to'> & { readonly places: readonly PricedPlace[] },
): readonly Event[] {
  const { showId, bookingId, seats, indexes, areas } = data;
  const { from, to, places } = move;
  const categories = byCategory(places);
  const moved: DemandMoved = {
    type: 'DemandMoved',
    data: { showId, bookingId, at, from, to, seats, indexes, areas, categories },
  };
  const demand = evolve({ root, part: initialState.part }, moved).root;
  return [moved, ...listChange(demand, showId, listAt(demand, terms, at))];
}

/** Seats off sale, or on sale again: for quotes, which offer free seats only. */
function blocked(
  { root }: State,
  { type, data, terms, at }: InputOf<'SeatsBlocked' | 'SeatsUnblocked'>,
): readonly Event[] {
  const { showId, seats, indexes } = data;
  const [from, to] = type === 'SeatsBlocked' ? (['free', 'blocked'] as const) : (['blocked', 'free'] as const);
  const change = planChange(root, terms.plan?.seatPlanId);
  return [
    { type: 'DemandMoved', data: { showId, ...change, at, from, to, seats, indexes, areas: [], categories: [] } },
  ];
}
