import { randomUUID } from 'node:crypto';
import { type Booking, Client, declined, eventually, visa } from '../../tests/support/client.ts';
import { made } from '../load/scene.ts';
import type { System } from '../systems/system.ts';

/**
 * The bookings that a history is made of: one of each kind, booked for real, on a show that others have opened. What they
 * leave in the databases is what their copies consist of.
 */
export interface PastBooking {
  readonly bookingId: string;
  readonly seats: number;
  /** Of a hundred past bookings, how many are like this one. */
  readonly share: number;
  /** Seats that stay sold. */
  readonly sold: number;
}

export interface PastScene {
  readonly bookings: readonly PastBooking[];
  /** Whose bookings they are; e-mail addresses by user ids. */
  readonly customers: ReadonlyMap<string, string>;
  /** Shows that are on sale, each opened by a booking; the kinds are on the first. */
  readonly shows: readonly string[];
  readonly startsAt: string;
  /** Ids of the catalogue, the same for every booking. */
  readonly shared: ReadonlySet<string>;
}

export const rowsOfHall = 50;
export const seatsOfRow = 50;
/** Seats at the beginning of each hall that are not given to copies. */
export const seatsBooked = 20;
const customersMax = 50;
const atOnce = 8;
const showInMs = 60 * 86_400_000;
/** The shortest there is, so that one expires while we wait. */
const holdMs = 1_000;

export async function bookPastBookings(
  system: Pick<System, 'url' | 'administrator'>,
  showCount: number,
): Promise<PastScene> {
  const anyone = new Client(system.url);
  const admin = await anyone.signIn(system.administrator.email, system.administrator.password);
  const startsAt = new Date(Date.now() + showInMs).toISOString();
  const { shows, shared } = await openShows(admin, { startsAt, count: showCount });
  const customers = await Promise.all(Array.from({ length: customersMax }, () => anyone.register()));
  const byId = await addressesOf(customers);
  const [first] = customers;
  if (first === undefined) throw new Error('nobody books');
  await inTurns(shows, async (showId) => settled(first, await book(first, showId, { from: 0, count: 1, pay: visa })));
  return { shows, startsAt, shared, customers: byId, bookings: await bookKinds(admin, first, shows[0] ?? '') };
}

async function addressesOf(customers: readonly Client[]): Promise<ReadonlyMap<string, string>> {
  const profiles = await Promise.all(
    customers.map((customer) => customer.get<{ userId: string; email: string }>('/v1/me')),
  );
  return new Map(profiles.map(({ body }) => [body.userId, body.email]));
}

async function bookKinds(admin: Client, customer: Client, showId: string): Promise<readonly PastBooking[]> {
  const kinds: PastBooking[] = [];
  const next = () => 1 + kinds.reduce((sum, { seats }) => sum + seats, 0);
  const add = (share: number, booking: Booking, sold: number) =>
    kinds.push({ share, sold, bookingId: booking.bookingId, seats: booking.seats.length });
  const one = await book(customer, showId, { from: next(), count: 1, pay: visa });
  add(35, await settled(customer, one), 1);
  const two = await book(customer, showId, { from: next(), count: 2, pay: visa });
  add(35, await settled(customer, two), 2);
  const undone = await settled(customer, await book(customer, showId, { from: next(), count: 2, pay: visa }));
  await customer.post(`/v1/bookings/${undone.bookingId}/cancellation`, {}, { key: randomUUID(), waitSeconds: 20 });
  add(10, await until(customer, undone.bookingId, ({ refund }) => refund?.status === 'succeeded'), 0);
  add(5, await declinedThrice(customer, await book(customer, showId, { from: next(), count: 1, pay: declined })), 0);
  const hold = await setting(admin, 'holdTtlMs', holdMs);
  const left = await book(customer, showId, { from: next(), count: 2 });
  add(15, await until(customer, left.bookingId, ({ status }) => status === 'expired'), 0);
  await setting(admin, 'holdTtlMs', hold);
  return kinds;
}

async function declinedThrice(customer: Client, { bookingId }: Booking): Promise<Booking> {
  for (let attempt = 2; attempt <= 3; attempt += 1)
    await customer.post(`/v1/bookings/${bookingId}/payments`, declined, { key: randomUUID(), waitSeconds: 20 });
  return until(customer, bookingId, ({ status }) => status === 'rejected');
}

async function book(
  customer: Client,
  showId: string,
  { from, count, pay }: { readonly from: number; readonly count: number; readonly pay?: object },
): Promise<Booking> {
  const seats = Array.from({ length: count }, (_, seat) => seatNamed(from + seat));
  const { status, body } = await customer.book({ showId, seats, ...(pay === undefined ? {} : { payment: pay }) });
  if (status !== 200) throw new Error(`cannot book ${seats}: ${status} ${JSON.stringify(body)}`);
  return body;
}

/** The name of a seat by its index in the plan. */
export function seatNamed(index: number): string {
  return `S-R${Math.floor(index / seatsOfRow)}-${(index % seatsOfRow) + 1}`;
}

function settled(customer: Client, { bookingId, seats }: Booking): Promise<Booking> {
  return until(customer, bookingId, ({ tickets }) => tickets.length === seats.length);
}

async function until(customer: Client, bookingId: string, isWanted: (booking: Booking) => boolean): Promise<Booking> {
  return (
    await eventually(
      () => customer.booking(bookingId),
      ({ body }) => isWanted(body),
    )
  ).body;
}

/** Changes a setting; resolves with what it was. */
async function setting(admin: Client, key: string, value: number): Promise<number> {
  const before = await admin.get<{ value: number }>(`/v1/settings/${key}`);
  const { status } = await admin.call('PUT', `/v1/settings/${key}`, { body: { value, why: 'a past booking' } });
  if (status !== 200) throw new Error(`cannot set ${key}: ${status}`);
  return before.body.value;
}

/** Shows that start at the same time, in theatres that differ in nothing but their ids: so a copy says what is true of its show. */
async function openShows(
  admin: Client,
  { startsAt, count }: { readonly startsAt: string; readonly count: number },
): Promise<Pick<PastScene, 'shows' | 'shared'>> {
  const { movieId } = await made(admin, '/v1/movies', {
    ...{ title: 'The Third Man', runningTimeMinutes: 104, certificate: 'PG' },
  });
  const rows = Array.from({ length: rowsOfHall }, (_, row) => ({
    ...{ id: `R${row}`, name: `Row ${row + 1}`, first: 1, last: seatsOfRow },
  }));
  const sections = [{ id: 'S', name: 'Stalls', priceCategory: 'standard', rows }];
  const { seatPlanId } = await made(admin, '/v1/seat-plans', { name: 'Seats', sections, areas: [] });
  const priceCategories = [{ name: 'standard', price: { amount: 1_000, currency: 'EUR' } }];
  const shows: string[] = [];
  await inTurns(Array.from({ length: count }), async () => {
    const theatre = { name: 'Riverside', location: '1 Quay Street, London', timeZone: 'Europe/London' };
    const { theatreId } = await made(admin, '/v1/theatres', theatre);
    const { screenId } = await made(admin, '/v1/screens', { theatreId, number: 1, seatPlanId });
    shows.push((await made(admin, '/v1/shows', { movieId, screenId, startsAt, priceCategories })).showId);
  });
  return { shows, shared: new Set([movieId, seatPlanId].map((id) => id.slice(4))) };
}

/** Some at a time. */
async function inTurns<Item>(items: readonly Item[], work: (item: Item) => Promise<unknown>): Promise<void> {
  const left = items.values();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (const item of left) await work(item);
    }),
  );
}
