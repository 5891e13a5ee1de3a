import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Client, eventually, type Page, visa } from './support/client.ts';
import { bookingOnce } from './support/operations.ts';
import { newPerson } from './support/people.ts';
import { type Refused, refusal } from './support/refusals.ts';
import { type RunningApp, runApp } from './support/servers.ts';
import { buildVenue, openShow, stalls, type Venue } from './support/venue.ts';

interface Show {
  readonly showId: string;
  readonly movie: { readonly movieId: string; readonly title: string };
  readonly theatre: {
    readonly theatreId: string;
    readonly name: string;
    readonly location: string;
    readonly timeZone: string;
  };
  readonly screen: { readonly number: number };
  readonly startsAt: string;
  readonly priceCategories: readonly { readonly name: string; readonly price: { readonly amount: number } }[];
  readonly sales: { readonly opensAt: string; readonly closesAt: string };
  readonly status: string;
  readonly seatPlanId: string;
}

let running: RunningApp;
let anyone: Client;
let organizer: Client;
let venue: Venue;

before(async () => {
  running = await runApp();
  ({ anyone } = running);
  organizer = (await newPerson(running, { roles: ['organizer'] })).client;
  venue = await buildVenue(organizer);
});
after(() => running.stop());

const idIn = (body: Record<string, unknown>) => String(Object.entries(body).find(([name]) => name.endsWith('Id'))?.[1]);
const days = (count: number) => new Date(Date.now() + count * 86_400_000).toISOString();

describe('a show', () => {
  const draft = (more: object = {}) => ({
    movieId: venue.movieId,
    screenId: venue.screenId,
    startsAt: days(5),
    priceCategories: ['standard', 'premium', 'standing'].map((name) => ({
      name,
      price: { amount: 100, currency: 'EUR' },
    })),
    ...more,
  });

  it('says all that a buyer needs', async () => {
    const showId = await openShow(organizer, venue);
    const { status, body } = await anyone.get<Show>(`/v1/shows/${showId}`);
    assert.equal(status, 200);
    assert.deepEqual([body.showId, body.status, body.seatPlanId], [showId, 'on_sale', venue.seatPlanId]);
    assert.deepEqual([body.movie.movieId, body.movie.title], [venue.movieId, 'The Third Man']);
    assert.deepEqual(body.theatre, {
      theatreId: venue.theatreId,
      name: 'Riverside',
      location: '1 Quay Street, London',
      timeZone: 'Europe/London',
    });
    assert.equal(typeof body.screen.number, 'number');
    assert.equal(body.sales.closesAt, body.startsAt, 'on sale until it starts, unless it says otherwise');
    assert.ok(Date.parse(body.sales.opensAt) <= Date.now());
    const available = await anyone.get<{ version: number }>(`/v1/shows/${showId}/availability`);
    assert.deepEqual(
      [available.status, available.body.version],
      [200, 0],
      'a show that was just made can be booked at once',
    );
  });

  it('is refused where it makes no sense', async () => {
    const price = (currency: string) => ({ amount: 100, currency });
    const wrong: readonly (readonly [string, object])[] = [
      ['/startsAt', { startsAt: days(-1) }],
      ['/startsAt', { startsAt: 'tomorrow' }],
      ['/priceCategories', { priceCategories: [{ name: 'standard', price: price('EUR') }] }],
      [
        '/priceCategories/1/price/currency',
        {
          priceCategories: ['standard', 'premium', 'standing'].map((name, index) => ({
            name,
            price: price(index === 1 ? 'USD' : 'EUR'),
          })),
        },
      ],
      ['/movieId', { movieId: 'mov_01890000-0000-7000-8000-000000000001' }],
      ['/screenId', { screenId: 'scr_01890000-0000-7000-8000-000000000001' }],
      ['/sales/closesAt', { sales: { closesAt: days(9) } }],
    ];
    for (const [pointer, fields] of wrong) {
      const answer = await organizer.post<Refused>('/v1/shows', draft(fields));
      assert.deepEqual([...refusal(answer), answer.body.errors?.[0]?.pointer], [422, 'validation_failed', pointer]);
    }
  });

  it('has its screen for itself', async () => {
    const other = await buildVenue(organizer);
    const startsAt = days(6);
    assert.equal((await organizer.post('/v1/shows', draft({ screenId: other.screenId, startsAt }))).status, 201);
    const soon = new Date(Date.parse(startsAt) + 3_600_000).toISOString();
    assert.deepEqual(
      refusal(await organizer.post<Refused>('/v1/shows', draft({ screenId: other.screenId, startsAt: soon }))),
      [409, 'conflict'],
    );
    const later = new Date(Date.parse(startsAt) + 3 * 3_600_000).toISOString();
    assert.equal((await organizer.post('/v1/shows', draft({ screenId: other.screenId, startsAt: later }))).status, 201);
  });

  it('is scheduled, on sale, sold out, closed and cancelled', async () => {
    const small = { name: 'Box', sections: [{ ...stalls(1, 2) }] };
    const { body: plan } = await organizer.post<{ seatPlanId: string }>('/v1/seat-plans', small);
    const { body: screen } = await organizer.post<{ screenId: string }>('/v1/screens', {
      theatreId: venue.theatreId,
      number: 97,
      seatPlanId: plan.seatPlanId,
    });
    const prices = { priceCategories: [{ name: 'standard', price: { amount: 100, currency: 'EUR' } }] };
    const make = async (more: object) =>
      idIn((await organizer.post('/v1/shows', draft({ screenId: screen.screenId, ...prices, ...more }))).body);
    const becomes = (showId: string, wanted: string) =>
      eventually(
        () => anyone.get<Show>(`/v1/shows/${showId}`),
        ({ body }) => body.status === wanted,
      );
    await becomes(await make({ sales: { opensAt: days(1) } }), 'scheduled');
    const showId = await make({ startsAt: days(7) });
    await becomes(showId, 'on_sale');
    const ada = await anyone.register();
    const { body: sold } = await ada.book({ showId, seats: ['S-A-1', 'S-A-2'], payment: visa });
    await becomes(showId, 'sold_out');
    await bookingOnce(ada, sold.bookingId, ({ tickets }) => tickets.length === 2);
    await ada.post(`/v1/bookings/${sold.bookingId}/cancellation`, {}, { key: 'c' });
    await becomes(showId, 'on_sale');
    await organizer.call('PATCH', `/v1/shows/${showId}`, {
      body: { sales: { closesAt: new Date(Date.now() + 500).toISOString() } },
    });
    await becomes(showId, 'closed');
    await organizer.post(`/v1/shows/${showId}/cancellation`, {}, { key: 'c' });
    await becomes(showId, 'cancelled');
  });

  it('is found by movie, theatre and time, in the order of starts', async () => {
    const other = await buildVenue(organizer);
    const mine = [await openShow(organizer, other), await openShow(organizer, other), await openShow(organizer, other)];
    const find = async (query: string) => (await anyone.get<Page<Show>>(`/v1/shows?${query}`)).body;
    const ids = ({ items }: Page<Show>) => items.map(({ showId }) => showId);
    assert.deepEqual(ids(await find(`movieId=${other.movieId}`)), mine);
    const first = await find(`theatreId=${other.theatreId}&limit=2`);
    assert.deepEqual(ids(first), mine.slice(0, 2));
    const rest = await find(`theatreId=${other.theatreId}&limit=2&cursor=${first.nextCursor}`);
    assert.deepEqual([ids(rest), rest.nextCursor], [mine.slice(2), null]);
    const [, second, third] = await Promise.all(
      mine.map(async (id) => (await anyone.get<Show>(`/v1/shows/${id}`)).body.startsAt),
    );
    assert.deepEqual(
      ids(await find(`movieId=${other.movieId}&from=${second}&to=${third}`)),
      [mine[1]],
      'until before `to`',
    );
  });

  it('keeps of its refund policy what a change does not name', async () => {
    const showId = await openShow(organizer, venue, { refundPolicy: { untilMinutesBefore: 60, feePercent: 10 } });
    const changed = await organizer.call<{ refundPolicy: object }>('PATCH', `/v1/shows/${showId}`, {
      body: { refundPolicy: { untilMinutesBefore: 120 } },
    });
    assert.deepEqual([changed.status, changed.body.refundPolicy], [200, { untilMinutesBefore: 120, feePercent: 10 }]);
  });

  it('nobody has booked can be withdrawn', async () => {
    const showId = await openShow(organizer, venue);
    assert.equal((await organizer.call('DELETE', `/v1/shows/${showId}`)).status, 204);
    assert.equal((await anyone.get(`/v1/shows/${showId}`)).status, 404);
  });

  it('tells the organizer what was sold, held and earned, by category', async () => {
    const showId = await openShow(organizer, venue);
    const ada = await anyone.register();
    await ada.book({ showId, seats: ['S-A-1', 'S-A-2', 'C-A-1'], payment: visa });
    await ada.book({ showId, seats: ['C-A-2'] });
    await ada.book({ showId, areas: [{ area: 'FLOOR', count: 2 }], payment: visa });
    await organizer.post(`/v1/shows/${showId}/blocks`, { seats: ['S-A-9'] });
    const sales = () => organizer.get<Record<string, unknown>>(`/v1/shows/${showId}/sales`);
    const { body } = await eventually(sales, (answer) => answer.body['sold'] === 5 && answer.body['blocked'] === 1);
    const eur = (amount: number) => ({ amount, currency: 'EUR' });
    assert.deepEqual(body, {
      ...{ showId, capacity: 108, sold: 5, held: 1, blocked: 1, revenue: eur(5_000) },
      categories: [
        { priceCategory: 'standard', capacity: 50, sold: 2, held: 0, revenue: eur(2_000) },
        { priceCategory: 'premium', capacity: 8, sold: 1, held: 1, revenue: eur(2_000) },
        { priceCategory: 'standing', capacity: 50, sold: 2, held: 0, revenue: eur(1_000) },
      ],
    });
    assert.deepEqual(refusal(await ada.get<Refused>(`/v1/shows/${showId}/sales`)), [403, 'forbidden']);
  });
});
