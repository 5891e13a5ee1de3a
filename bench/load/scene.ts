import { randomUUID } from 'node:crypto';
import { Client } from '../../tests/support/client.ts';
import type { System } from '../systems/system.ts';

/** Who books what in a measurement. */
export interface Scene {
  readonly admin: Client;
  readonly tokens: readonly string[];
  /** Shows in a hall of numbered seats. */
  readonly seated: readonly string[];
  /** One show whose only area takes everybody. */
  readonly standing: string;
}

export const standingArea = 'FLOOR';
const customers = 100;
const rows = 50;
const seatsPerRow = 50;
const standingCapacity = 5_000_000;
const unlimited = 10_000_000;
const loginsPerMinute = 100_000;
/** Requests sent at the same time while the scene is set. */
const atOnce = 8;
const dayMs = 86_400_000;

/** Customers who are signed in, and shows on sale: `shows` of them in halls of 2,500 seats, and one without seats. */
export async function setScene(
  system: Pick<System, 'url' | 'administrator'>,
  { shows }: { readonly shows: number },
): Promise<Scene> {
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
  const sections = [{ id: 'S', name: 'Stalls', priceCategory: 'standard', rows: allRows() }];
  const areas = [{ area: standingArea, name: 'Standing', capacity: standingCapacity, priceCategory: 'standard' }];
  const hall = await hallOf(admin, theatreId, { number: 1, plan: { name: 'Seats', sections, areas: [] } });
  const floor = await hallOf(admin, theatreId, { number: 2, plan: { name: 'Floor', sections: [], areas } });
  const open = (screenId: string, number: number) => openShow(admin, { movieId, screenId, inDays: 30 + number });
  return {
    admin,
    tokens: await many(customers, async () => (await anyone.register()).token ?? ''),
    seated: await many(shows, (number) => open(hall, number)),
    standing: await open(floor, 0),
  };
}

/** Changes a setting, for every instance. */
async function set(admin: Client, key: string, value: number): Promise<void> {
  const { status, body } = await admin.call('PUT', `/v1/settings/${key}`, { body: { value, why: 'a measurement' } });
  if (status !== 200) throw new Error(`cannot set ${key}: ${status} ${JSON.stringify(body)}`);
}

function allRows() {
  return Array.from({ length: rows }, (_, row) => ({
    id: `R${row}`,
    name: `Row ${row + 1}`,
    first: 1,
    last: seatsPerRow,
  }));
}

async function hallOf(
  admin: Client,
  theatreId: string,
  { number, plan }: { readonly number: number; readonly plan: object },
): Promise<string> {
  const { seatPlanId } = await made(admin, '/v1/seat-plans', plan);
  return (await made(admin, '/v1/screens', { theatreId, number, seatPlanId })).screenId;
}

async function openShow(
  admin: Client,
  { movieId, screenId, inDays }: { readonly movieId: string; readonly screenId: string; readonly inDays: number },
): Promise<string> {
  const startsAt = new Date(Date.now() + inDays * dayMs).toISOString();
  const priceCategories = [{ name: 'standard', price: { amount: 1_000, currency: 'EUR' } }];
  return (await made(admin, '/v1/shows', { movieId, screenId, startsAt, priceCategories })).showId;
}

interface Made {
  readonly movieId: string;
  readonly theatreId: string;
  readonly seatPlanId: string;
  readonly screenId: string;
  readonly showId: string;
}

async function made(admin: Client, path: string, body: unknown): Promise<Made> {
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
