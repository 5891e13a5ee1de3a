import { type SeatPlan, type Show, seatPlan } from '../../contracts/catalog.ts';
import { indexOfSeat, planIndex } from '../../contracts/rules/plan-order.ts';
import type { AreaCount, QuotedPrice } from '../../contracts/seats.ts';
import type { PricingRules } from '../../contracts/settings.ts';
import { decider } from './decider.ts';
import {
  type Demand,
  type Event,
  type Input,
  type InputOf,
  initialState,
  type Priced,
  type State,
  type Terms,
} from './state.ts';

/** What the tests of this service say in short: a show with its plan and rules, and the seat events about it. */
const uuid = (number: number) => `01900000-0000-7000-8000-${String(number).padStart(12, '0')}`;
export const showId = `shw_${uuid(1)}`;
export const at = Date.UTC(2030, 0, 1);
export const acceptedAt = new Date(at - 50).toISOString();
export const eur = (amount: number) => ({ amount, currency: 'EUR' });

export const plan: SeatPlan = seatPlan.parse({
  seatPlanId: `pln_${uuid(1)}`,
  name: 'Hall',
  sections: [
    { id: 'S', name: 'Stalls', priceCategory: 'stalls', rows: [{ id: 'A', name: 'A', first: 1, last: 4 }] },
    { id: 'C', name: 'Circle', priceCategory: 'circle', rows: [{ id: 'A', name: 'A', first: 1, last: 4 }] },
  ],
  areas: [{ area: 'pit', name: 'Pit', capacity: 10, priceCategory: 'free' }],
});

export const show: Show = {
  showId,
  movie: { movieId: `mov_${uuid(1)}`, title: 'Metropolis' },
  theatre: { theatreId: `thr_${uuid(1)}`, name: 'Odeon', location: 'Main Street 1', timeZone: 'Europe/Berlin' },
  screen: { screenId: `scr_${uuid(1)}`, number: 1 },
  startsAt: new Date(at + 30 * 86_400_000).toISOString(),
  seatPlanId: plan.seatPlanId,
  priceCategories: [
    { name: 'stalls', price: eur(1_000) },
    { name: 'circle', price: eur(2_000) },
    { name: 'free', price: eur(0) },
  ],
  sales: { opensAt: acceptedAt, closesAt: new Date(at + 30 * 86_400_000).toISOString() },
  refundPolicy: { untilMinutesBefore: 0, feePercent: 0 },
  state: 'scheduled',
};

export const rules: PricingRules = {
  floorPercent: 50,
  ceilingPercent: 150,
  largestStepPercent: 10,
  occupancy: [{ fromPercent: 50, addPercent: 20 }],
  timeToShow: [],
  salesSpeed: [],
};
export const terms: Terms = { show, plan, rules, rulesVersion: 3, bookingFeeMinor: 150 };

interface Named {
  readonly seats?: readonly string[];
  readonly areas?: readonly AreaCount[];
}
let messages = 0;
function context(more: Partial<Terms> = {}) {
  messages += 1;
  return { id: `message/${messages}`, at, terms: { ...terms, ...more } };
}
const about = (booking: number) => ({ bookingId: `bkg_${uuid(booking)}`, showId, userId: `usr_${uuid(1)}` });

function places({ seats = [], areas = [] }: Named) {
  const index = planIndex(plan);
  return { seats: [...seats], indexes: seats.map((seat) => indexOfSeat(index, seat) ?? 0), areas: [...areas] };
}

export function reserved(
  booking: number,
  named: Named,
  more: { readonly quote?: QuotedPrice; readonly terms?: Partial<Terms>; readonly acceptedAt?: string } = {},
): InputOf<'SeatsReserved'> {
  const { quote, terms: changed, acceptedAt: accepted = acceptedAt } = more;
  const hold = {
    seatPlanId: plan.seatPlanId,
    holdExpiresAt: new Date(at + 300_000).toISOString(),
    acceptedAt: accepted,
  };
  const data = { ...about(booking), ...places(named), ...hold, ...(quote && { quote }) };
  return { type: 'SeatsReserved', ...context(changed), data };
}

export function sold(booking: number, named: Named): InputOf<'SeatsSold'> {
  return { type: 'SeatsSold', ...context(), data: { ...about(booking), ...places(named) } };
}

export function released(booking: number, from: 'held' | 'sold', named: Named, whole = true): InputOf<'SeatsReleased'> {
  const data = { ...about(booking), ...places(named), from, cause: 'booking_ended' as const, whole };
  return { type: 'SeatsReleased', ...context(), data };
}

export function lost(booking: number, named: Named): InputOf<'SeatsLost'> {
  return { type: 'SeatsLost', ...context(), data: { ...about(booking), ...places(named), offending: [] } };
}

export function blocks(type: 'SeatsBlocked' | 'SeatsUnblocked', ...seats: string[]): Input {
  const { indexes } = places({ seats });
  return { type, ...context(), data: { showId, seats, indexes, by: `usr_${uuid(2)}` } };
}

export function quoteFor(seats: readonly string[], amount: number, expiresAt = at): QuotedPrice {
  return {
    quoteId: 'quo_1',
    seats: [...seats],
    areas: [],
    items: seats.map((seat) => ({ seat, priceCategory: 'stalls', price: eur(amount) })),
    fees: [],
    total: eur(amount * seats.length),
    expiresAt: new Date(expiresAt).toISOString(),
    rules: [],
    rulesVersion: 2,
  };
}

/** A show as the runtime keeps it: one root, a part for each booking. */
export class ShowOfPrices {
  root: Demand = initialState.root;
  readonly parts = new Map<string, Priced>();

  state(input: Input): State {
    const part = 'bookingId' in input.data ? this.parts.get(input.data.bookingId) : undefined;
    return { root: this.root, part: part ?? initialState.part };
  }

  /** What the input is answered with; nothing is changed. */
  when(input: Input): readonly Event[] {
    return decider.decide(this.state(input), input);
  }

  /** Decides and folds. */
  take(input: Input): void {
    for (const event of this.when(input)) {
      const { root, part } = decider.evolve(this.state(input), event);
      this.root = root;
      if ('bookingId' in input.data) this.parts.set(input.data.bookingId, part);
    }
  }
}

/** A show that these inputs have come to. */
export function given(...inputs: readonly Input[]): ShowOfPrices {
  const shown = new ShowOfPrices();
  for (const input of inputs) shown.take(input);
  return shown;
}

export const types = (events: readonly Event[]): readonly string[] => events.map(({ type }) => type);

/** The data of the one event of a type. */
export function only<Type extends Event['type']>(events: readonly Event[], type: Type) {
  const found = events.filter((event): event is Extract<Event, { readonly type: Type }> => event.type === type);
  const [event] = found;
  if (event === undefined || found.length !== 1) throw new Error(`${found.length} events of type ${type}`);
  return event.data as Extract<Event, { readonly type: Type }>['data'];
}
