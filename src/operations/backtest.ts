import type { SeatPlan, Show } from '../contracts/catalog.ts';
import { type PricingRules, settingFrom } from '../contracts/settings.ts';
import { decider } from '../services/pricing/decider.ts';
import {
  type Event,
  type Input,
  type InputOf,
  initialState,
  type State,
  type Terms,
} from '../services/pricing/state.ts';
import type { Installation } from './installation.ts';
import { knownShow, reference } from './references.ts';

/**
 * What other pricing rules would have made of a show: all that happened to its seats is priced once more, in its order and at its
 * times, by the decider that prices bookings. Nothing is changed by it.
 *
 * People are taken to have done the same, but for those who had said how much they would pay: whose price would have been above
 * their `maxTotal` would not have booked. Quotes are left out, since nobody knows what they would have said; prices of the catalogue and
 * the booking fee are those of now.
 */
export interface Backtest {
  readonly showId: string;
  readonly movie: string;
  readonly startsAt: string;
  readonly currency: string;
  readonly was: Outcome;
  readonly would: Outcome;
  /** Bookings that would have been refused since the price was above the limit that came with them. */
  readonly refused: number;
}

export interface Outcome {
  /** Of places that are sold now, without fees; minor units. */
  readonly revenue: number;
  readonly places: number;
  /** How often a price list went to other prices. */
  readonly changes: number;
  /** The least and the most that a seat of each category was offered at; minor units. */
  readonly prices: readonly { readonly category: string; readonly least: number; readonly most: number }[];
}

/** Facts that are priced at once: in the embedded mode, bookings wait meanwhile. */
const pageMax = 500;
/** Shows that one question may be about. */
export const backtestShowsMax = 50;

export async function backtest(
  installation: Installation,
  { showId, rules }: { readonly showId: string; readonly rules: PricingRules },
): Promise<Backtest> {
  const known = await references(installation, showId);
  const { show } = known;
  const would = new Pricing(show);
  for await (const { type, time, data: told } of facts(installation, 'seat-inventory', showId)) {
    if (!seatFactTypes.has(type)) continue;
    const data = { ...(told as Input['data']), quote: undefined };
    const plan = await known.planOf(('seatPlanId' in data ? data.seatPlanId : undefined) ?? show.seatPlanId);
    const terms = { show, plan, rules, rulesVersion: 0, bookingFeeMinor: known.bookingFeeMinor };
    would.takes({ type, id: showId, at: time, data, terms } as Input);
  }
  return {
    ...{ showId, movie: show.movie.title, startsAt: show.startsAt },
    currency: show.priceCategories[0]?.price.currency ?? '',
    was: await recorded(installation, show),
    would: would.outcome(),
    refused: would.refused,
  };
}

/** Prices as they follow from what is taken. */
class Pricing {
  readonly #parts = new Map<string, State['part']>();
  readonly #prices: Map<string, { least: number; most: number }>;
  #root = initialState.root;
  #changes = 0;
  readonly #refused = new Set<string>();

  constructor({ priceCategories }: Show) {
    this.#prices = new Map(
      priceCategories.map(({ name, price: { amount } }) => [name, { least: amount, most: amount }]),
    );
  }

  get refused(): number {
    return this.#refused.size;
  }

  takes(input: Input): void {
    const bookingId = 'bookingId' in input.data ? input.data.bookingId : undefined;
    if (bookingId !== undefined && this.#refused.has(bookingId)) return;
    const events = decider.decide(this.#stateOf(bookingId), input);
    for (const event of events) this.evolves(event);
    const limit = input.type === 'SeatsReserved' ? input.data.maxTotal : undefined;
    const price = events.find(({ type }) => type === 'PriceCalculated') as EventOf<'PriceCalculated'> | undefined;
    if (limit === undefined || price === undefined || price.data.total.amount <= limit.amount) return;
    this.takes(givenBack(input as InputOf<'SeatsReserved'>));
    this.#refused.add(price.data.bookingId);
  }

  evolves(event: Event): void {
    const bookingId = 'bookingId' in event.data ? event.data.bookingId : undefined;
    const { root, part } = decider.evolve(this.#stateOf(bookingId), event);
    this.#root = root;
    if (bookingId !== undefined) this.#parts.set(bookingId, part);
    if (event.type !== 'PriceListChanged') return;
    this.#changes += 1;
    for (const { name, price } of event.data.priceCategories) {
      const { least, most } = this.#prices.get(name) ?? { least: price.amount, most: price.amount };
      this.#prices.set(name, { least: Math.min(least, price.amount), most: Math.max(most, price.amount) });
    }
  }

  #stateOf(bookingId: string | undefined): State {
    const part = bookingId === undefined ? undefined : this.#parts.get(bookingId);
    return { root: this.#root, part: part ?? initialState.part };
  }

  outcome(): Outcome {
    const sales = [...this.#root.categories.values()];
    return {
      revenue: sales.reduce((sum, { revenue }) => sum + revenue, 0),
      places: sales.reduce((sum, { sold }) => sum + sold, 0),
      changes: this.#changes,
      prices: [...this.#prices].map(([category, price]) => ({ category, ...price })),
    };
  }
}

type EventOf<Type extends Event['type']> = Extract<Event, { readonly type: Type }>;

/** The seats of a booking that would not have been made. */
function givenBack({ id, at, data, terms }: InputOf<'SeatsReserved'>): Input {
  const { bookingId, showId, userId, seats, indexes, areas } = data;
  const released = { bookingId, showId, userId, seats, indexes, areas, whole: true } as const;
  return { type: 'SeatsReleased', id, at, terms, data: { ...released, from: 'held', cause: 'booking_ended' } };
}

/** What a service has stored of a show, in its order. */
async function* facts(
  installation: Installation,
  database: 'seat-inventory' | 'pricing',
  showId: string,
): AsyncGenerator<{ readonly version: number; readonly type: string; readonly time: number; readonly data: unknown }> {
  for (let after = 0; ; ) {
    const rows = await installation.query<{ version: number; type: string; time: number; data: unknown }>(
      database,
      `select stream_version as version, type, time, data from events
       where stream = $1 and stream_version > $2 order by stream_version limit $3`,
      [showId, after, pageMax],
    );
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < pageMax) return;
    after = last.version;
  }
}

/** What happened to seats and moves prices. */
const seatFactTypes: ReadonlySet<string> = new Set<Input['type']>([
  ...(['SeatsReserved', 'SeatsSold', 'SeatsReleased', 'SeatsLost', 'SeatsBlocked', 'SeatsUnblocked'] as const),
]);

/** What pricing itself has made of it. */
async function recorded(installation: Installation, show: Show): Promise<Outcome> {
  const pricing = new Pricing(show);
  for await (const { type, data } of facts(installation, 'pricing', show.showId))
    pricing.evolves({ type, data } as Event);
  return pricing.outcome();
}

/** What prices are made from beside the demand. */
async function references(installation: Installation, showId: string) {
  const show = await knownShow(installation, showId);
  const fee = await reference(installation, 'settings', 'bookingFeeMinor');
  const plans = new Map<string, SeatPlan | undefined>();
  return {
    show,
    bookingFeeMinor: settingFrom(() => fee, 'bookingFeeMinor'),
    async planOf(seatPlanId: string): Promise<Terms['plan']> {
      if (!plans.has(seatPlanId)) plans.set(seatPlanId, await reference(installation, 'seat-plans', seatPlanId));
      return plans.get(seatPlanId);
    },
  };
}
