import type { SeatPlan, Show } from '../../contracts/catalog.ts';
import { type PlanIndex, planIndex } from '../../contracts/rules/plan-order.ts';
import { emptySeatMap } from '../../contracts/rules/seat-map.ts';
import { pickSeats } from '../../contracts/rules/seat-picker.ts';
import type { Wanted } from '../../contracts/seats.ts';
import { taken } from './evolve.ts';
import { areaPlaces, freePlaces, mayOpen, type Refusal, underPlan } from './refusals.ts';
import type { BookingCreatedInput, Event, Offer, Offered, OfferInput, ShowSeats } from './state.ts';
import { everybodyIn, hasPlace, type Waiting } from './waiting-line.ts';

/**
 * The waiting list of a show. Whoever asked for the best seats, or for places in an area, where none were free, waits for
 * some. Places that become free are offered to the list before anybody else may have them: to the first who can be given
 * all that they asked for, then to the next, until what is left fits nobody who waits.
 */

/** The most that are given places at once; the offer goes on after them. */
const foundMax = 50;
/** Whoever let go of what they had waited for so often waits no more: others would have had it. */
const lapsesMax = 2;
/** Whoever was found has their places long before this, unless what was to bring them was lost. */
const givenWithinMs = 10_000;

/** Whether a booking that was refused may wait instead; the reason why not. */
export function waitRefusal(root: ShowSeats, input: BookingCreatedInput, refusal: Refusal): Refusal | undefined {
  const { waitsUntil, wanted, quote, userId, bookedUnderId } = input.data;
  const { plan, waitingListMax } = input;
  if (waitsUntil === undefined || refusal.reason !== 'seats_unavailable' || plan === undefined) return refusal;
  if (quote !== undefined || wanted.kind === 'seats' || !fits(planIndex(plan), nobodyIn(root), wanted)) return refusal;
  if (root.waiting.size >= waitingListMax) return refusal;
  if (bookedUnderId !== undefined) return undefined;
  const lapses = root.lapses.get(userId) ?? 0;
  return lapses >= lapsesMax || hasPlace(root.waiting, userId)
    ? { reason: 'limit_exceeded', offending: [] }
    : undefined;
}

/** The hall with nobody in it. */
function nobodyIn(root: ShowSeats): ShowSeats {
  return { ...root, map: emptySeatMap, areas: new Map() };
}

/** What decisions freed, as an offer to those who wait; they do not wait for themselves. */
export function offering({ waiting, seatPlanId }: ShowSeats, events: readonly Event[]): readonly Event[] {
  if (waiting.size === 0) return events;
  const offers = events.flatMap((event): readonly Event[] => {
    switch (event.type) {
      case 'SeatsReleased': {
        const { showId, indexes, areas } = event.data;
        return [{ type: 'PlacesOffered', data: { showId, indexes, areas } }];
      }
      case 'SeatsUnblocked': {
        const { showId, indexes } = event.data;
        return [{ type: 'PlacesOffered', data: { showId, indexes, areas: [] } }];
      }
      case 'ShowSeatsOpened': {
        const hall = event.data.seatPlanId === seatPlanId ? {} : { wholeHall: true as const };
        return [{ type: 'PlacesOffered', data: { showId: event.data.showId, indexes: [], areas: [], ...hall } }];
      }
      default:
        return [];
    }
  });
  return [...events, ...offers];
}

/** The hall as it is for everybody but those who wait: what is offered to them is taken. */
export function withoutOffered(root: ShowSeats): ShowSeats {
  return root.offered === undefined ? root : taken(root, root.offered);
}

/**
 * Whether all that is free is for those who wait: another plan, which a show may have while nobody has a place, is an empty hall,
 * and whoever asks for seats of it first is not the first who asked.
 */
export function isForWhoWaits(root: ShowSeats, { plan }: BookingCreatedInput): boolean {
  if (root.offered?.wholeHall) return true;
  if (root.waiting.size === 0 || plan === undefined || root.seatPlanId === plan.seatPlanId) return false;
  return findWaiting(root, planIndex(plan)).length > 0;
}

/**
 * Whether places are being given already. That goes on by itself until nobody finds any: thousands of holds that end in one moment
 * are one offer, not thousands side by side that all find the same.
 */
export function isBeingGiven({ foundAt }: Offer, { goesOn, at }: OfferInput): boolean {
  return goesOn !== true && foundAt !== undefined && at < foundAt + givenWithinMs;
}

/** Everybody in their turn: the first who asked first, but whoever let go of what they had waited for after all who have not. */
export function* inTurn({ waiting, lapses }: ShowSeats): ReturnType<typeof everybodyIn> {
  if (lapses.size === 0) return yield* everybodyIn(waiting);
  const hasLapsed = ({ isAtCounter, userId }: Waiting) => !isAtCounter && lapses.has(userId);
  for (const each of everybodyIn(waiting)) if (!hasLapsed(each[1])) yield each;
  for (const each of everybodyIn(waiting)) if (hasLapsed(each[1])) yield each;
}

/** Those who can be given places, in their turn; each finds what those before leave. */
export function findWaiting(root: ShowSeats, plan: PlanIndex): readonly string[] {
  // Nobody is given a place by this plan while others have theirs by another one.
  if (!mayOpen(root, plan.seatPlanId)) return [];
  let left = underPlan(root, plan.seatPlanId);
  const found: string[] = [];
  // What did not fit once does not fit later: there is ever less.
  const hopeless = new Set<string>();
  for (const [bookingId, { wanted }] of inTurn(root)) {
    if (found.length === foundMax) break;
    const name = nameOf(wanted);
    if (hopeless.has(name)) continue;
    const places = fits(plan, left, wanted);
    if (places === undefined) {
      hopeless.add(name);
      continue;
    }
    found.push(bookingId);
    left = taken(left, places);
  }
  return found;
}

/** The same for all who want the same; the list is looked through again whenever places become free, with thousands in it. */
function nameOf(wanted: Wanted): string {
  const known = names.get(wanted);
  if (known !== undefined) return known;
  const name = JSON.stringify(wanted);
  names.set(wanted, name);
  return name;
}
const names = new WeakMap<Wanted, string>();

function fits(plan: PlanIndex, root: ShowSeats, wanted: Wanted): Offered | undefined {
  switch (wanted.kind) {
    case 'seats':
      return undefined;
    case 'bestAvailable': {
      const indexes = pickSeats(plan, root.map, wanted);
      return indexes && { indexes, areas: [] };
    }
    case 'areas': {
      const areas = areaPlaces(wanted.areas);
      return areas.every(({ area, count }) => freePlaces(root, plan, area) >= count)
        ? { indexes: [], areas }
        : undefined;
    }
    default:
      return wanted satisfies never;
  }
}

/** The plan that places are offered by, while the show is on sale. */
export function offeredBy({ show, plan, at }: OfferInput): SeatPlan | undefined {
  return show !== undefined && show.state === 'scheduled' && at < salesEnd(show) ? plan : undefined;
}

/** Until when a place is held for whoever waited for it: long enough to hear of it, but not when it could not be sold any more. */
export function waitingHoldUntil({ show, at, holdTtlMs, waitingListHoldMs }: OfferInput): string {
  const left = show === undefined ? 0 : salesEnd(show) - at;
  return new Date(at + Math.max(holdTtlMs, Math.min(waitingListHoldMs, left))).toISOString();
}

function salesEnd({ sales, startsAt }: Show): number {
  return Math.min(Date.parse(sales.closesAt), Date.parse(startsAt));
}
