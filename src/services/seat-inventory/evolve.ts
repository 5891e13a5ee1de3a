import { unreachable } from '../../contracts/decider.ts';
import { noCounts, withCount } from '../../contracts/rules/counts.ts';
import { emptySeatMap, withSeats } from '../../contracts/rules/seat-map.ts';
import type { AreaCount } from '../../contracts/seats.ts';
import type {
  About,
  Allocation,
  AreaPlaces,
  Event,
  Offered,
  Places,
  ShowSeats,
  ShowSeatsOpened,
  State,
} from './state.ts';
import { joined, left } from './waiting-line.ts';

/** Customers whose lapses are remembered, of one show. */
const lapsesKeptMax = 1_000;

/**
 * Folds one fact. Root and part are folded apart, neither looks at the other: a root comes back from a snapshot and all
 * facts since, a part from the facts about its booking alone.
 */
export function evolve(state: State, event: Event): State {
  return { root: evolveRoot(state.root, event), part: evolvePart(state.part, event) };
}

function evolveRoot(root: ShowSeats, event: Event): ShowSeats {
  switch (event.type) {
    case 'ShowSeatsOpened':
      return opened(root, event.data);
    case 'SeatsReserved':
      return {
        ...taken(root, event.data),
        customers: counted(root, event.data, 1),
        waiting: left(root.waiting, event.data.bookingId),
      };
    case 'SeatsSold': {
      const fromFree = event.data.from === 'free';
      return {
        ...root,
        map: withSeats(root.map, event.data.indexes, 'sold'),
        areas: moved(root.areas, event.data.areas, { held: fromFree ? 0 : -1, sold: 1 }),
        customers: fromFree ? counted(root, event.data, 1) : root.customers,
        lapses: event.data.waitedFor === undefined ? root.lapses : withoutLapse(root, event.data),
      };
    }
    case 'SeatsReleased': {
      const change = event.data.from === 'held' ? { held: -1, sold: 0 } : { held: 0, sold: -1 };
      return {
        ...root,
        map: withSeats(root.map, event.data.indexes, 'free'),
        areas: moved(root.areas, event.data.areas, change),
        customers: counted(root, event.data, -1),
        lapses: event.data.waitedFor === undefined ? root.lapses : withLapse(root, event.data),
      };
    }
    case 'SeatsBlocked':
      return { ...root, map: withSeats(root.map, event.data.indexes, 'blocked') };
    case 'SeatsUnblocked':
      return { ...root, map: withSeats(root.map, event.data.indexes, 'free') };
    case 'SeatsAwaited': {
      const { bookingId, userId, bookedUnderId, wanted } = event.data;
      const entry = { userId, isAtCounter: bookedUnderId !== undefined, wanted };
      return { ...root, waiting: joined(root.waiting, bookingId, entry) };
    }
    case 'SeatsRefused':
    case 'SeatsLost':
    case 'WaitEnded':
      return { ...root, waiting: left(root.waiting, event.data.bookingId) };
    case 'PlacesOffered': {
      const { indexes, areas, foundAt, ...before } = root.offered ?? { indexes: [], areas: [] };
      const { wholeHall = before.wholeHall } = event.data;
      const places = { indexes: [...indexes, ...event.data.indexes], areas: [...areas, ...event.data.areas] };
      return { ...root, offered: { ...places, foundAt, ...(wholeHall && { wholeHall }) } };
    }
    case 'WaitingFound':
      return root.offered === undefined ? root : { ...root, offered: { ...root.offered, foundAt: event.data.foundAt } };
    case 'OfferEnded':
      return { ...root, offered: undefined };
    case 'HoldMoved':
    case 'BlockDecided':
      return root;
    default:
      return unreachable(event);
  }
}

/** Staff at the counter let go of what their customers had waited for. */
function withLapse({ lapses }: ShowSeats, { userId, bookedUnderId }: About): ShowSeats['lapses'] {
  if (bookedUnderId !== undefined) return lapses;
  const others = [...lapses].filter(([known]) => known !== userId).slice(1 - lapsesKeptMax);
  return new Map([...others, [userId, (lapses.get(userId) ?? 0) + 1]]);
}

/** What was counted as they were late: they have paid. */
function withoutLapse({ lapses }: ShowSeats, { userId, bookedUnderId }: About): ShowSeats['lapses'] {
  const before = lapses.get(userId);
  if (bookedUnderId !== undefined || before === undefined) return lapses;
  const after = new Map(lapses);
  if (before > 1) after.set(userId, before - 1);
  else after.delete(userId);
  return after;
}

/** The hall with these places held. */
export function taken(root: ShowSeats, { indexes, areas }: Offered): ShowSeats {
  return {
    ...root,
    map: withSeats(root.map, indexes, 'held'),
    areas: moved(root.areas, areas, { held: 1, sold: 0 }),
  };
}

/** Another plan starts from an empty hall: it is only opened when nothing is taken under the one before. */
function opened(root: ShowSeats, data: ShowSeatsOpened['data']): ShowSeats {
  const samePlan = root.seatPlanId === data.seatPlanId;
  const places = ({ area, capacity }: { area: string; capacity: number }): [string, AreaPlaces] => {
    const { held, sold } = (samePlan ? root.areas.get(area) : undefined) ?? { held: 0, sold: 0 };
    return [area, { capacity, held, sold }];
  };
  return {
    ...root,
    offered: samePlan ? root.offered : undefined,
    seatPlanId: data.seatPlanId,
    map: samePlan ? root.map : emptySeatMap,
    areas: new Map(data.areas.map(places)),
    customers: data.customersCounted ? (root.customers ?? noCounts) : root.customers,
  };
}

function moved(
  areas: ShowSeats['areas'],
  counts: readonly AreaCount[],
  change: { readonly held: number; readonly sold: number },
): ShowSeats['areas'] {
  if (counts.length === 0) return areas;
  const changed = new Map(areas);
  for (const { area, count } of counts) {
    const { capacity, held, sold } = changed.get(area) ?? { capacity: 0, held: 0, sold: 0 };
    changed.set(area, { capacity, held: held + change.held * count, sold: sold + change.sold * count });
  }
  return changed;
}

function counted(root: ShowSeats, data: Places & About, sign: 1 | -1): ShowSeats['customers'] {
  if (data.bookedUnderId !== undefined) return root.customers;
  return root.customers && withCount(root.customers, data.userId, sign * placeCount(data));
}

/** Seats and places together. */
export function placeCount(places: Pick<Places, 'seats' | 'areas'>): number {
  return places.areas.reduce((count, area) => count + area.count, places.seats.length);
}

function evolvePart(part: Allocation, event: Event): Allocation {
  switch (event.type) {
    case 'SeatsReserved': {
      const { seatPlanId, holdExpiresAt } = event.data;
      const held = { ...owned(event.data), seatPlanId, holdExpiresAt, heldUntil: holdExpiresAt };
      return { status: 'held', ...held, ...(part.status === 'waiting' && { waitedFor: true }) };
    }
    case 'SeatsRefused':
      return { status: 'refused' };
    case 'SeatsAwaited': {
      const { wanted, acceptedAt, maxTotal, seatsPerCustomerMax } = event.data;
      return {
        status: 'waiting',
        about: aboutOf(event.data),
        asked: { wanted, acceptedAt, maxTotal, seatsPerCustomerMax },
      };
    }
    case 'WaitEnded':
      return { status: 'ended' };
    case 'HoldMoved':
      return part.status === 'held' ? { ...part, heldUntil: event.data.heldUntil } : part;
    case 'SeatsSold':
      return { status: 'sold', ...owned(event.data) };
    case 'SeatsReleased':
      if (!event.data.whole) return part.status === 'held' || part.status === 'sold' ? less(part, event.data) : part;
      if (event.data.cause === 'hold_expired' && part.status === 'held') {
        const { seatPlanId } = part;
        return { status: 'released', ...owned(event.data), seatPlanId, waitedFor: event.data.waitedFor };
      }
      return { status: 'ended' };
    case 'SeatsLost':
      return { status: 'lost' };
    case 'ShowSeatsOpened':
    case 'SeatsBlocked':
    case 'SeatsUnblocked':
    case 'BlockDecided':
    case 'PlacesOffered':
    case 'WaitingFound':
    case 'OfferEnded':
      return part;
    default:
      return unreachable(event);
  }
}

function owned(data: Places & About): Places & { readonly about: About } {
  const { seats, indexes, areas } = data;
  return { about: aboutOf(data), seats, indexes, areas };
}

function aboutOf({ bookingId, showId, userId, bookedUnderId }: About): About {
  return { bookingId, showId, userId, ...(bookedUnderId && { bookedUnderId }) };
}

/** What is left after some places were given back. */
export function less<Had extends Places>(had: Had, gone: Places): Had {
  const left = had.areas.map(({ area, count }) => ({ area, count: count - countIn(gone.areas, area) }));
  return {
    ...had,
    seats: had.seats.filter((seat) => !gone.seats.includes(seat)),
    indexes: had.indexes.filter((index) => !gone.indexes.includes(index)),
    areas: left.filter(({ count }) => count > 0),
  };
}

/** How many places of an area are listed. */
export function countIn(areas: readonly AreaCount[], area: string): number {
  return areas.reduce((count, each) => (each.area === area ? count + each.count : count), 0);
}
