import type { SeatPlan, Show } from '../../src/contracts/catalog.ts';
import { type PlanIndex, planIndex } from '../../src/contracts/rules/plan-order.ts';
import type { SeatEvent } from '../../src/contracts/seat-inventory.ts';
import type { EventRow } from '../../src/runtime/store/store.ts';
import { evolve } from '../../src/services/seat-inventory/evolve.ts';
import { type Event, initialState } from '../../src/services/seat-inventory/state.ts';
import { isWaiting } from '../../src/services/seat-inventory/waiting-line.ts';
import { findWaiting } from '../../src/services/seat-inventory/waiting-list.ts';
import { eventsOf, type SimulatedInvariant } from './evidence.ts';

/** Who had which seat at every moment of the run, told by the facts alone. */

interface Hall {
  readonly owners: Map<number, string>;
  readonly areas: Map<string, { capacity: number; taken: number }>;
}

export const seatHasOneOwner: SimulatedInvariant = {
  name: 'seat-has-one-owner',
  says: 'no seat has two active owners at any time, and nobody gives back what is not theirs',
  *examine(evidence) {
    const halls = new Map<string, Hall>();
    // Facts kept to the service have a channel of their own: only versions tell their order among the others.
    const events = eventsOf(evidence, 'seat-inventory').toSorted((a, b) => a.streamVersion - b.streamVersion);
    for (const { type, data, stream } of events) {
      const hall = halls.get(stream) ?? { owners: new Map(), areas: new Map() };
      halls.set(stream, hall);
      for (const wrong of follow(hall, { type, data } as Event)) yield `${type} of ${stream}: ${wrong}`;
    }
  },
};

function* follow(hall: Hall, event: Event): Generator<string> {
  switch (event.type) {
    case 'ShowSeatsOpened':
      for (const { area, capacity } of event.data.areas)
        hall.areas.set(area, { capacity, taken: hall.areas.get(area)?.taken ?? 0 });
      break;
    case 'SeatsReserved':
      yield* take(hall, event.data);
      break;
    case 'SeatsSold':
      if (event.data.from === 'free') yield* take(hall, event.data);
      else yield* own(hall, event.data);
      break;
    case 'SeatsReleased':
      yield* own(hall, event.data);
      for (const index of event.data.indexes) hall.owners.delete(index);
      for (const { area, count } of event.data.areas) yield* move(hall, area, -count);
      break;
    case 'SeatsBlocked':
      for (const index of event.data.indexes) {
        const owner = hall.owners.get(index);
        if (owner !== undefined) yield `blocked seat ${index} belongs to ${owner}`;
      }
      break;
    default:
      // Every other fact leaves owners as they are.
      break;
  }
}

type Places =
  | Extract<SeatEvent, { readonly type: 'SeatsReserved' }>['data']
  | Extract<SeatEvent, { readonly type: 'SeatsSold' }>['data'];

function* take(
  hall: Hall,
  { bookingId, indexes, areas }: Pick<Places, 'bookingId' | 'indexes' | 'areas'>,
): Generator<string> {
  for (const index of indexes) {
    const owner = hall.owners.get(index);
    if (owner !== undefined) yield `seat ${index} belongs to ${owner} and goes to ${bookingId}`;
    hall.owners.set(index, bookingId);
  }
  for (const { area, count } of areas) yield* move(hall, area, count);
}

function* own(hall: Hall, { bookingId, indexes }: Pick<Places, 'bookingId' | 'indexes'>): Generator<string> {
  for (const index of indexes) {
    const owner = hall.owners.get(index);
    if (owner !== bookingId) yield `seat ${index} belongs to ${owner ?? 'nobody'}, not to ${bookingId}`;
  }
}

function* move(hall: Hall, area: string, count: number): Generator<string> {
  const known = hall.areas.get(area) ?? { capacity: 0, taken: 0 };
  known.taken += count;
  hall.areas.set(area, known);
  if (known.taken < 0 || known.taken > known.capacity)
    yield `${area} has ${known.taken} of ${known.capacity} places taken`;
}

export const whoWaitsComesFirst: SimulatedInvariant = {
  name: 'who-waits-comes-first',
  says: 'what becomes free is offered to those who wait: nobody else has it before, and it is nobody else’s while it fits one of them',
  *examine(evidence) {
    const halls = Map.groupBy(
      eventsOf(evidence, 'seat-inventory').toSorted((a, b) => a.streamVersion - b.streamVersion),
      ({ stream }) => stream,
    );
    for (const [showId, rows] of halls) yield* followOffers(showId, rows, onSaleIn(evidence, showId));
  },
};

function* followOffers(showId: string, rows: readonly EventRow[], sale: OnSale | undefined): Generator<string> {
  let { root } = initialState;
  for (const [at, { type, data, time }] of rows.entries()) {
    const event = { type, data } as Event;
    const { offered, waiting } = root;
    if (event.type === 'SeatsReserved' && !isWaiting(waiting, event.data.bookingId)) {
      const others = event.data.indexes.filter((index) => offered?.indexes.includes(index));
      if (others.length > 0) yield `${event.data.bookingId} of ${showId} has ${others} that were offered to others`;
    }
    const frees = event.type === 'SeatsReleased' || event.type === 'SeatsUnblocked';
    if (frees && waiting.size > 0 && !rows.slice(at + 1, at + 3).some((next) => next.type === 'PlacesOffered'))
      yield `${showId} has free places that nobody who waits was offered`;
    if (event.type === 'OfferEnded' && sale !== undefined && time < sale.until) {
      const [first] = findWaiting(root, sale.plan);
      if (first !== undefined) yield `${first} could have had places of ${showId}, and they were offered no longer`;
    }
    root = evolve({ root, part: initialState.part }, event).root;
  }
  if (root.offered !== undefined) yield `${showId} offers places for ever`;
}

interface OnSale {
  readonly plan: PlanIndex;
  /** Until then it certainly was: milliseconds since 1970. */
  readonly until: number;
}

/** Unless it was cancelled: nobody knows when others have heard of that. */
function onSaleIn(evidence: Parameters<SimulatedInvariant['examine']>[0], showId: string): OnSale | undefined {
  const told = eventsOf(evidence, 'catalog');
  const plans = told.flatMap(({ type, data }) => (type === 'SeatPlanPublished' ? [planIndex(data as SeatPlan)] : []));
  const shows = told.filter(({ subject }) => subject === showId);
  const starts = shows.map(({ data }) => Date.parse((data as Show).startsAt));
  const plan = plans.find(({ seatPlanId }) => seatPlanId === (shows[0]?.data as Show | undefined)?.seatPlanId);
  if (plan === undefined || shows.some(({ type }) => type === 'ShowCancelled')) return undefined;
  return { plan, until: Math.min(...starts) };
}

export const reservedAsWanted: SimulatedInvariant = {
  name: 'reserved-as-wanted',
  says: 'seats are reserved as they were asked for: all of them or none',
  *examine({ bookings }) {
    for (const { bookingId, booking, seats } of bookings) {
      const reserved = seats.find(({ type }) => type === 'SeatsReserved')?.data;
      const created = booking.find(({ type }) => type === 'BookingCreated')?.data as Created | undefined;
      if (reserved === undefined || created === undefined) continue;
      const wanted = created.quote ?? created.wanted;
      const count = 'count' in wanted ? wanted.count : (wanted.seats?.length ?? 0) + places(wanted.areas);
      const got = (reserved.seats?.length ?? 0) + places(reserved.areas);
      if (got !== count) yield `${bookingId} asked for ${count} places and got ${got}`;
      const named = 'seats' in wanted ? wanted.seats : undefined;
      if (named?.some((seat) => reserved.seats?.includes(seat) !== true) === true)
        yield `${bookingId} asked for ${named.join(' ')} and got ${reserved.seats?.join(' ')}`;
    }
  },
};

interface Created {
  readonly quote?: { readonly seats: readonly string[]; readonly areas: readonly { readonly count: number }[] };
  readonly wanted:
    | { readonly count: number }
    | { readonly seats?: readonly string[]; readonly areas?: readonly { readonly count: number }[] };
}

function places(areas: readonly { readonly count: number }[] = []): number {
  return areas.reduce((sum, { count }) => sum + count, 0);
}

export const oneTicketPerShowSeat: SimulatedInvariant = {
  name: 'one-ticket-per-show-seat',
  says: 'no seat of a show has two valid tickets',
  *examine({ stored }) {
    const seen = new Map<string, string>();
    for (const [ticketId, doc] of stored.get('ticket')?.documents.get('tickets') ?? []) {
      const { showId, seat, status } = doc as {
        readonly showId: string;
        readonly seat?: string;
        readonly status: string;
      };
      if (seat === undefined || status === 'void') continue;
      const other = seen.get(`${showId} ${seat}`);
      if (other !== undefined) yield `seat ${seat} of ${showId} has tickets ${other} and ${ticketId}`;
      seen.set(`${showId} ${seat}`, ticketId);
    }
  },
};

export const customersKeepTheLimit: SimulatedInvariant = {
  name: 'customers-keep-the-limit',
  says: 'nobody holds more places of a show than it allows each customer',
  *examine({ stored, bookings }) {
    const limits = new Map(
      bookings.flatMap(({ bookingId, booking }) => {
        const created = booking.find(({ type }) => type === 'BookingCreated')?.data as Limited | undefined;
        return created?.seatsPerCustomerMax === undefined ? [] : [[bookingId, created.seatsPerCustomerMax]];
      }),
    );
    const held = new Map<string, number>();
    for (const { type, data } of eventsOf({ stored }, 'seat-inventory')) {
      if (!['SeatsReserved', 'SeatsSold', 'SeatsReleased'].includes(type)) continue;
      const { bookingId, showId, userId, seats, areas, from } = data as Taken;
      if (type === 'SeatsSold' && from !== 'free') continue;
      const name = `${userId} of ${showId}`;
      const count = (seats.length + places(areas)) * (type === 'SeatsReleased' ? -1 : 1);
      const now = (held.get(name) ?? 0) + count;
      held.set(name, now);
      const limit = limits.get(bookingId);
      if (type !== 'SeatsReleased' && limit !== undefined && now > limit)
        yield `${name} holds ${now} places of ${limit} (${type} for ${bookingId})`;
    }
  },
};

interface Limited {
  readonly seatsPerCustomerMax?: number;
}
interface Taken {
  readonly bookingId: string;
  readonly showId: string;
  readonly userId: string;
  readonly seats: readonly string[];
  readonly areas: readonly { readonly count: number }[];
  readonly from?: string;
}

export const salesAreCounted: SimulatedInvariant = {
  name: 'sales-are-counted',
  says: 'what the catalogue counts as held, sold and blocked is what the seat inventory has given',
  *examine({ stored }) {
    const counts = new Map<string, { held: number; sold: number; blocked: number }>();
    for (const { type, data, stream } of eventsOf({ stored }, 'seat-inventory')) {
      const count = counts.get(stream) ?? { held: 0, sold: 0, blocked: 0 };
      counts.set(stream, count);
      const { seats = [], areas, from } = data as Partial<Taken>;
      const number = seats.length + places(areas);
      if (type === 'SeatsReserved') count.held += number;
      if (type === 'SeatsSold') count.sold += number;
      if (type === 'SeatsSold' && from !== 'free') count.held -= number;
      if (type === 'SeatsReleased') count[from === 'sold' ? 'sold' : 'held'] -= number;
      if (type === 'SeatsBlocked') count.blocked += number;
      if (type === 'SeatsUnblocked') count.blocked -= number;
    }
    const shown = stored.get('catalog')?.documents.get('show_sales');
    for (const [showId, wanted] of counts) {
      const { held, sold, blocked } = (shown?.get(showId) ?? { held: 0, sold: 0, blocked: 0 }) as typeof wanted;
      if (held !== wanted.held || sold !== wanted.sold || blocked !== wanted.blocked)
        yield `${showId} counts ${held} held, ${sold} sold and ${blocked} blocked, and has ${wanted.held}, ${wanted.sold} and ${wanted.blocked}`;
    }
  },
};
