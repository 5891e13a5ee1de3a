import type { Client } from './client.ts';

/** A small house with everything that matters: two sections, an accessible pair, a standing area. */
export interface Venue {
  readonly movieId: string;
  readonly theatreId: string;
  readonly screenId: string;
  readonly seatPlanId: string;
}

interface Made {
  readonly movieId: string;
  readonly theatreId: string;
  readonly screenId: string;
  readonly seatPlanId: string;
  readonly showId: string;
}

export const stalls = (rows: number, seats: number) => ({
  id: 'S',
  name: 'Stalls',
  priceCategory: 'standard',
  rows: Array.from({ length: rows }, (_, row) => ({
    id: String.fromCharCode(65 + row),
    name: `Row ${row + 1}`,
    first: 1,
    last: seats,
  })),
});

export const circle = {
  id: 'C',
  name: 'Circle',
  priceCategory: 'premium',
  rows: [{ id: 'A', name: 'Row 1', first: 1, last: 8, accessible: [1], companion: [2] }],
};

export const floor = { area: 'FLOOR', name: 'Standing', capacity: 50, priceCategory: 'standing' };

async function made(organizer: Client, path: string, body: unknown): Promise<Made> {
  const answer = await organizer.post<Made>(path, body);
  if (answer.status !== 201) throw new Error(`POST ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

let screenNumber = 0;

/** Builds a house; rows and seats make the stalls. */
export async function buildVenue(
  organizer: Client,
  {
    rows = 5,
    seats = 10,
    bestSeat,
  }: { readonly rows?: number; readonly seats?: number; readonly bestSeat?: string } = {},
): Promise<Venue> {
  const { movieId } = await made(organizer, '/v1/movies', {
    title: 'The Third Man',
    runningTimeMinutes: 104,
    certificate: 'PG',
  });
  const { theatreId } = await made(organizer, '/v1/theatres', {
    name: 'Riverside',
    location: '1 Quay Street, London',
    timeZone: 'Europe/London',
  });
  const { seatPlanId } = await made(organizer, '/v1/seat-plans', {
    name: 'Main hall',
    sections: [stalls(rows, seats), circle],
    areas: [floor],
    ...(bestSeat === undefined ? {} : { bestSeat }),
  });
  screenNumber += 1;
  const { screenId } = await made(organizer, '/v1/screens', { theatreId, number: screenNumber, seatPlanId });
  return { movieId, theatreId, screenId, seatPlanId };
}

let showCount = 0;

/** Puts a show on sale; each starts a day later than the one before, so that none overlap. */
export async function openShow(organizer: Client, venue: Venue, more: Record<string, unknown> = {}): Promise<string> {
  showCount += 1;
  const startsAt = new Date(Date.now() + (30 + showCount) * 86_400_000).toISOString();
  const { showId } = await made(organizer, '/v1/shows', {
    movieId: venue.movieId,
    screenId: venue.screenId,
    startsAt,
    priceCategories: [
      { name: 'standard', price: { amount: 1_000, currency: 'EUR' } },
      { name: 'premium', price: { amount: 2_000, currency: 'EUR' } },
      { name: 'standing', price: { amount: 500, currency: 'EUR' } },
    ],
    ...more,
  });
  return showId;
}

/** Two shows with a thousand seats each. */
export async function openTwoShows(organizer: Client): Promise<readonly string[]> {
  const venue = await buildVenue(organizer, { rows: 20, seats: 50 });
  return [await openShow(organizer, venue), await openShow(organizer, venue)];
}
