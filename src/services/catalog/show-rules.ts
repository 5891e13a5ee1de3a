import type { PriceCategory, RefundPolicy, SeatPlan, Show } from '../../contracts/catalog.ts';
import type { Money } from '../../contracts/money.ts';

/** What a show must be, whoever enters it: the API, an import or the demo. Pure. */

/** What is wrong with one field, and how to mend it. */
export interface ShowFault {
  readonly pointer: string;
  readonly code: string;
  readonly message: string;
}

export interface ShowDraft {
  readonly showId: string;
  readonly movie: Show['movie'];
  readonly theatre: Show['theatre'];
  readonly screen: Show['screen'];
  readonly seatPlanId: string;
  /** Price categories of the plan. */
  readonly planCategories: readonly string[];
  readonly startsAt: string;
  readonly priceCategories: readonly PriceCategory[];
  readonly sales?: { readonly opensAt?: string | undefined; readonly closesAt?: string | undefined } | undefined;
  readonly seatsPerCustomerMax?: number | undefined;
  readonly refundPolicy?: RefundPolicy | undefined;
}

export type ShowStatus = 'scheduled' | 'on_sale' | 'sold_out' | 'closed' | 'cancelled';

/** Every show starts before: its end, at most a day later, still has a year of four digits. Milliseconds since 1970. */
export const startsBefore = Date.UTC(9999, 0, 1);

/** How long a show is taken to be whose running time nobody has told. */
const runningTimeMinutesDefault = 120;

/** A draft with its defaults filled in: on sale from now until it starts, full refund until it starts. */
export function showOf(draft: ShowDraft, now: number): Show {
  const { showId, movie, theatre, screen, seatPlanId, priceCategories, seatsPerCustomerMax } = draft;
  return {
    ...{ showId, movie, theatre, screen, seatPlanId },
    startsAt: draft.startsAt,
    priceCategories: [...priceCategories],
    sales: {
      opensAt: draft.sales?.opensAt ?? new Date(now).toISOString(),
      closesAt: draft.sales?.closesAt ?? draft.startsAt,
    },
    ...(seatsPerCustomerMax === undefined ? {} : { seatsPerCustomerMax }),
    refundPolicy: draft.refundPolicy ?? { untilMinutesBefore: 0, feePercent: 0 },
    state: 'scheduled',
  };
}

type Rule = (
  show: Show,
  context: { readonly planCategories: readonly string[]; readonly now: number },
) => readonly ShowFault[];

const rules: readonly Rule[] = [
  startsInFuture,
  startsInTime,
  salesWindow,
  categoriesOnce,
  knownCurrency,
  oneCurrency,
  everyCategoryHasAPrice,
];

/** Everything that is wrong with a show that is to be sold. */
export function showFaults(show: Show, context: { readonly planCategories: readonly string[]; readonly now: number }) {
  return rules.flatMap((rule) => rule(show, context));
}

/** What a show is to somebody who wants to buy. */
export function showStatus(
  show: Pick<Show, 'state' | 'sales' | 'startsAt'>,
  now: number,
  places: { readonly capacity: number; readonly taken: number },
): ShowStatus {
  if (show.state === 'cancelled') return 'cancelled';
  if (now >= Math.min(Date.parse(show.sales.closesAt), Date.parse(show.startsAt))) return 'closed';
  if (now < Date.parse(show.sales.opensAt)) return 'scheduled';
  return places.taken >= places.capacity ? 'sold_out' : 'on_sale';
}

/** When the screen is free again: milliseconds since 1970. */
export function endOf(show: Pick<Show, 'startsAt' | 'movie'>): number {
  return Date.parse(show.startsAt) + minutesOf(show.movie) * 60_000;
}

/** For how many minutes a show of a movie takes its screen. */
export function minutesOf({ runningTimeMinutes }: Pick<Show['movie'], 'runningTimeMinutes'>): number {
  return runningTimeMinutes ?? runningTimeMinutesDefault;
}

/** Whether a change of a show takes its screen at another time, or another screen. */
export function takesOtherTime(before: Show, after: Show): boolean {
  return (
    after.screen.screenId !== before.screen.screenId ||
    after.startsAt !== before.startsAt ||
    endOf(after) !== endOf(before)
  );
}

/** The price categories that a plan's seats and areas name. */
export function categoriesOf(plan: Pick<SeatPlan, 'sections' | 'areas'>): readonly string[] {
  return [...new Set([...plan.sections, ...plan.areas].map(({ priceCategory }) => priceCategory))];
}

/** Whether the runtime knows a time zone by this name (IANA). */
export function isTimeZone(name: string): boolean {
  // Offsets such as "+02:00" are understood too, but they are no zones: they know no summer time.
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function startsInFuture(show: Show, { now }: { readonly now: number }): readonly ShowFault[] {
  return Date.parse(show.startsAt) > now ? [] : [fault('/startsAt', 'in_the_past', 'must be in the future')];
}

function startsInTime({ startsAt }: Show): readonly ShowFault[] {
  if (Date.parse(startsAt) < startsBefore) return [];
  return [fault('/startsAt', 'too_far', 'must be before the year 9999')];
}

function salesWindow({ sales, startsAt }: Show): readonly ShowFault[] {
  const opens = Date.parse(sales.opensAt);
  const closes = Date.parse(sales.closesAt);
  if (closes > Date.parse(startsAt)) {
    return [fault('/sales/closesAt', 'after_start', 'must not be after the start of the show')];
  }
  return opens < closes ? [] : [fault('/sales/opensAt', 'wrong_range', 'must be before sales close')];
}

function categoriesOnce({ priceCategories }: Show): readonly ShowFault[] {
  return priceCategories.flatMap(({ name }, index) =>
    priceCategories.findIndex((each) => each.name === name) === index
      ? []
      : [fault(`/priceCategories/${index}/name`, 'duplicate', `"${name}" has a price already`)],
  );
}

const currencies: ReadonlySet<string> = new Set(Intl.supportedValuesOf('currency'));

function knownCurrency({ priceCategories }: Show): readonly ShowFault[] {
  return priceCategories.flatMap(({ price: { currency } }, index) =>
    currencies.has(currency)
      ? []
      : [
          fault(
            `/priceCategories/${index}/price/currency`,
            'unknown_currency',
            `"${currency}" is no ISO 4217 currency`,
          ),
        ],
  );
}

function oneCurrency({ priceCategories }: Show): readonly ShowFault[] {
  const currency = (price: Money | undefined) => price?.currency;
  const first = currency(priceCategories[0]?.price);
  return priceCategories.flatMap(({ price }, index) =>
    currency(price) === first
      ? []
      : [fault(`/priceCategories/${index}/price/currency`, 'mixed_currencies', `must be ${first} like the others`)],
  );
}

function everyCategoryHasAPrice(
  { priceCategories }: Show,
  { planCategories }: { readonly planCategories: readonly string[] },
): readonly ShowFault[] {
  const missing = planCategories.filter((name) => !priceCategories.some((each) => each.name === name));
  if (missing.length === 0) return [];
  return [
    fault(
      '/priceCategories',
      'missing_category',
      `must have a price for ${missing.map((name) => `"${name}"`).join(', ')}`,
    ),
  ];
}

function fault(pointer: string, code: string, message: string): ShowFault {
  return { pointer, code, message };
}
