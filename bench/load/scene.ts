import { randomUUID } from 'node:crypto';
import { Client } from '../../tests/support/client.ts';
import type { System } from '../systems/system.ts';

/** Who books what in a measurement. */
export interface Scene {
  readonly admin: Client;
  readonly tokens: readonly string[];
  /** One show whose only area takes everybody. */
  readonly standing: string;
  /** New shows, all of their seats free, in a hall of so many seats. */
  open(count: number, seats?: number): Promise<readonly string[]>;
}

export const standingArea = 'FLOOR';
const customers = 100;
const seatsPerHall = 2_500;
/** The longest row of a hall. */
const seatsPerRowMax = 256;
const standingCapacity = 5_000_000;
const unlimited = 10_000_000;
const loginsPerMinute = 100_000;
/** Requests sent at the same time while the scene is set. */
const atOnce = 8;
const dayMs = 86_400_000;
/** Between the beginnings of two shows in a hall. */
const apartMs = dayMs / 8;

/** Customers who are signed in, and a house with as many shows on sale as are wanted. */
export async function setScene(system: Pick<System, 'url' | 'administrator'>): Promise<Scene> {
  const anyone = new Client(system.url);
  const admin = await anyone.signIn(system.administrator.email, system.administrator.password);
  await set(admin, 'rateLimitPerUser', unlimited);
  await set(admin, 'rateLimitPerAddress', unlimited);
  await set(admin, 'loginsPerMinute', loginsPerMinute);
  const { movieId } = await made(admin, '/v1/movies', {
    title: 'The Third Man',
    runningTimeMinutes: 104,
    certificate: 'PG',
  });
  const theatre = { name: 'Riverside', location: '1 Quay Street, London', timeZone: 'Europe/London' };
  const { theatreId } = await made(admin, '/v1/theatres', theatre);
  const halls = new Map<number, Promise<string>>();
  const hallOf = (seats: number): Promise<string> => {
    const known = halls.get(seats);
    if (known !== undefined) return known;
    const hall = makeHall(admin, theatreId, { number: halls.size + 1, plan: planOf(seats) });
    halls.set(seats, hall);
    return hall;
  };
  let opened = 0;
  const open = async (screenId: string) => {
    opened += 1;
    return openShow(admin, { movieId, screenId, startsAt: Date.now() + 30 * dayMs + opened * apartMs });
  };
  return {
    admin,
    tokens: await many(customers, async () => (await anyone.register()).token ?? ''),
    standing: await open(await hallOf(0)),
    open: async (count, seats = seatsPerHall) => {
      const hall = await hallOf(seats);
      return many(count, () => open(hall));
    },
  };
}

/** Changes a setting, for every instance. */
async function set(admin: Client, key: string, value: number): Promise<void> {
  const { status, body } = await admin.call('PUT', `/v1/settings/${key}`, { body: { value, why: 'a measurement' } });
  if (status !== 200) throw new Error(`cannot set ${key}: ${status} ${JSON.stringify(body)}`);
}

/** Rows of equal length; without seats, one area that takes everybody. */
function planOf(seats: number): object {
  if (seats === 0) {
    const area = { area: standingArea, name: 'Standing', capacity: standingCapacity, priceCategory: 'standard' };
    return { name: 'Floor', sections: [], areas: [area] };
  }
  const rows = Math.ceil(seats / seatsPerRowMax);
  const last = Math.ceil(seats / rows);
  const section = {
    ...{ id: 'S', name: 'Stalls', priceCategory: 'standard' },
    rows: Array.from({ length: rows }, (_, row) => ({ id: `R${row}`, name: `Row ${row + 1}`, first: 1, last })),
  };
  return { name: `${seats} seats`, sections: [section], areas: [] };
}

async function makeHall(
  admin: Client,
  theatreId: string,
  { number, plan }: { readonly number: number; readonly plan: object },
): Promise<string> {
  const { seatPlanId } = await made(admin, '/v1/seat-plans', plan);
  return (await made(admin, '/v1/screens', { theatreId, number, seatPlanId })).screenId;
}

async function openShow(
  admin: Client,
  { movieId, screenId, startsAt }: { readonly movieId: string; readonly screenId: string; readonly startsAt: number },
): Promise<string> {
  const priceCategories = [{ name: 'standard', price: { amount: 1_000, currency: 'EUR' } }];
  const show = { movieId, screenId, startsAt: new Date(startsAt).toISOString(), priceCategories };
  return (await made(admin, '/v1/shows', show)).showId;
}

interface Made {
  readonly movieId: string;
  readonly theatreId: string;
  readonly seatPlanId: string;
  readonly screenId: string;
  readonly showId: string;
}

/** Makes an entry of the catalogue, as an organizer does. */
export async function made(admin: Client, path: string, body: unknown): Promise<Made> {
  const answer = await admin.post<Made>(path, body, { key: randomUUID() });
  if (answer.status !== 201) throw new Error(`POST ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

async function many<Value>(count: number, make: (number: number) => Promise<Value>): Promise<readonly Value[]> {
  const made: Value[] = [];
  let begun = 0;
  const maker = async () => {
    while (begun < count) {
      begun += 1;
      made.push(await make(begun));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, maker));
  return made;
}
