import type { BookingCreatedData } from '../../contracts/booking.ts';
import type { SeatPlan } from '../../contracts/catalog.ts';
import { noNames } from '../../contracts/rules/by-name.ts';
import { countOf } from '../../contracts/rules/counts.ts';
import { indexOfSeat, type PlanIndex, planIndex, seatAt } from '../../contracts/rules/plan-order.ts';
import { emptySeatMap, isFree } from '../../contracts/rules/seat-map.ts';
import { pickSeats } from '../../contracts/rules/seat-picker.ts';
import type { AreaCount } from '../../contracts/seats.ts';
import { placeCount } from './evolve.ts';
import type { BookingCreatedInput, Places, ShowSeats } from './state.ts';

/** Why a booking gets no seats, as a list of rules: the first refusal wins. */
export interface Refusal {
  readonly reason: 'show_not_found' | 'seat_unknown' | 'limit_exceeded' | 'seats_unavailable';
  readonly offending: readonly string[];
}

/** What a booking asks for, now or when it began to wait. */
interface Asking extends Pick<BookingCreatedInput, 'show' | 'plan'> {
  readonly data: Pick<
    BookingCreatedInput['data'],
    'wanted' | 'quote' | 'userId' | 'bookedUnderId' | 'seatsPerCustomerMax'
  >;
}

/** That, held against the plan. */
interface Claim {
  readonly root: ShowSeats;
  readonly input: Asking;
  readonly plan: PlanIndex;
  readonly named: { readonly seats: readonly string[]; readonly areas: readonly AreaCount[] };
  /** Seats and places in all. */
  readonly count: number;
}
type Rule = (claim: Claim) => Refusal | undefined;

const rules: readonly Rule[] = [seatUnknown, limitExceeded, planReplaced, seatsTaken, areaFull];

/** The places a booking gets, or why it gets none. All or nothing. */
export function claimPlaces(show: ShowSeats, input: Asking): Places | Refusal {
  if (input.show === undefined || input.plan === undefined) return { reason: 'show_not_found', offending: [] };
  const plan = planIndex(input.plan);
  const root = underPlan(show, plan.seatPlanId);
  const named = namedPlaces(input);
  const { wanted } = input.data;
  const picking = wanted.kind === 'bestAvailable' && input.data.quote === undefined;
  const claim: Claim = { root, input, plan, named, count: picking ? wanted.count : placeCount(named) };
  for (const rule of rules) {
    const refusal = rule(claim);
    if (refusal !== undefined) return refusal;
  }
  const indexes = picking ? pickSeats(plan, root.map, wanted) : indexesOf(plan, named.seats);
  if (indexes === undefined) return { reason: 'seats_unavailable', offending: [] };
  return { seats: picking ? indexes.map((index) => seatAt(plan, index)) : named.seats, indexes, areas: named.areas };
}

/** A quote names the places it was made for; they are what the buyer saw. */
function namedPlaces({ data }: Asking): Claim['named'] {
  const { quote, wanted } = data;
  if (quote !== undefined) return { seats: [...new Set(quote.seats)], areas: areaPlaces(quote.areas) };
  if (wanted.kind === 'seats') return { seats: [...new Set(wanted.seats)], areas: [] };
  return { seats: [], areas: wanted.kind === 'areas' ? areaPlaces(wanted.areas) : [] };
}

/** Each area once. */
export function areaPlaces(areas: readonly AreaCount[]): readonly AreaCount[] {
  const counts = new Map<string, number>();
  for (const { area, count } of areas) counts.set(area, (counts.get(area) ?? 0) + count);
  return [...counts].map(([area, count]) => ({ area, count }));
}

function indexesOf(plan: PlanIndex, seats: readonly string[]): readonly number[] {
  return seats.flatMap((seat) => indexOfSeat(plan, seat) ?? []);
}

function seatUnknown({ plan, named }: Claim): Refusal | undefined {
  const seats = named.seats.filter((seat) => indexOfSeat(plan, seat) === undefined);
  const areas = named.areas.filter(({ area }) => !plan.areas.has(area)).map(({ area }) => area);
  return seats.length + areas.length === 0 ? undefined : { reason: 'seat_unknown', offending: [...seats, ...areas] };
}

/** A sale at the counter is not limited: one member of staff sells to many customers. */
function limitExceeded({ root, input: { data }, count }: Claim): Refusal | undefined {
  const isTooMany = isOverLimit(root, { about: data, count, max: data.seatsPerCustomerMax });
  return isTooMany ? { reason: 'limit_exceeded', offending: [] } : undefined;
}

/** Whether a customer would have more places of the show than it allows each of them. */
export function isOverLimit(
  root: ShowSeats,
  {
    about: { userId, bookedUnderId },
    count,
    max,
  }: {
    readonly about: Pick<BookingCreatedData, 'userId' | 'bookedUnderId'>;
    readonly count: number;
    readonly max: number | undefined;
  },
): boolean {
  if (max === undefined || bookedUnderId !== undefined) return false;
  const before = root.customers === undefined ? 0 : countOf(root.customers, userId);
  return before + count > max;
}

/** Indexes of two plans do not mix: while places are taken under one plan, another one has none to give. */
function planReplaced({ root, plan }: Claim): Refusal | undefined {
  return mayOpen(root, plan.seatPlanId) ? undefined : { reason: 'seats_unavailable', offending: [] };
}

function seatsTaken({ root, plan, named }: Claim): Refusal | undefined {
  const offending = named.seats.filter((seat) => !isFree(root.map, indexOfSeat(plan, seat) ?? 0));
  return offending.length === 0 ? undefined : { reason: 'seats_unavailable', offending };
}

function areaFull({ root, plan, named }: Claim): Refusal | undefined {
  const offending = named.areas.filter(({ area, count }) => freePlaces(root, plan, area) < count);
  return offending.length === 0
    ? undefined
    : { reason: 'seats_unavailable', offending: offending.map(({ area }) => area) };
}

/** How many places of an area nobody has. */
export function freePlaces(root: ShowSeats, plan: PlanIndex, area: string): number {
  const { held, sold } = root.areas.get(area) ?? { held: 0, sold: 0 };
  return (plan.areas.get(area)?.capacity ?? 0) - held - sold;
}

/**
 * Whether a show may sell by this plan: its own, or any while nobody has a place. Seats that are only blocked do not
 * tie a show to a plan: with another one their blocks are gone.
 */
export function mayOpen(root: ShowSeats, seatPlanId: SeatPlan['seatPlanId']): boolean {
  if (root.seatPlanId === undefined || root.seatPlanId === seatPlanId) return true;
  const { held, sold } = root.map;
  return held + sold === 0 && [...root.areas.values()].every((area) => area.held + area.sold === 0);
}

/** The show's seats as another plan finds them, where that may be opened: nothing taken. */
export function underPlan(root: ShowSeats, seatPlanId: SeatPlan['seatPlanId']): ShowSeats {
  if (root.seatPlanId === seatPlanId || !mayOpen(root, seatPlanId)) return root;
  return { ...root, seatPlanId, map: emptySeatMap, areas: noNames };
}
