import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { type Answer, type Booking, type Client, eventually, visa } from './support/client.ts';
import { newPerson, type Person } from './support/people.ts';
import { refusal } from './support/refusals.ts';
import { type RunningApp, runApp } from './support/servers.ts';
import { buildVenue, openShow } from './support/venue.ts';

interface Setting {
  readonly key: string;
  readonly value: unknown;
  readonly who?: string;
  readonly when?: string;
  readonly why?: string;
  readonly code?: string;
  readonly errors?: readonly { readonly pointer: string }[];
}
interface Imported {
  readonly movies: number;
  readonly theatres: number;
  readonly screens: number;
  readonly seatPlans: number;
  readonly shows: number;
  readonly code?: string;
  readonly detail?: string;
  readonly errors?: readonly { readonly pointer: string; readonly message: string }[];
}
interface Titles {
  readonly items: readonly { readonly title: string }[];
}

let running: RunningApp;
let admin: Client;
let organizer: Person;

before(async () => {
  running = await runApp();
  ({ admin } = running);
  organizer = await newPerson(running, { roles: ['organizer'] });
});
after(() => running.stop());

const put = (key: string, body: object) => admin.call<Setting>('PUT', `/v1/settings/${key}`, { body });

describe('a setting', () => {
  it('has a default and says so, until somebody changes it', async () => {
    const { status, body } = await admin.get<{ items: Setting[] }>('/v1/settings');
    assert.equal(status, 200);
    const defaults = Object.fromEntries(body.items.map(({ key, value }) => [key, value]));
    const promised = {
      ...{ holdTtlMs: 300_000, paymentGraceMs: 60_000, paymentAttemptsMax: 3, seatsPerBookingMax: 10 },
      ...{ requestTtlMs: 60_000, notificationGraceMs: 2_000, referenceWaitMs: 5_000, quoteTtlMs: 120_000 },
    };
    for (const [key, value] of Object.entries(promised)) assert.equal(defaults[key], value, key);
  });

  it('keeps who changed it, when and why', async () => {
    const me = await admin.get<{ userId: string }>('/v1/me');
    const { status, body } = await put('holdTtlMs', { value: 240_000, why: 'the queue is long' });
    assert.deepEqual(
      [status, body.key, body.value, body.who, body.why],
      [200, 'holdTtlMs', 240_000, me.body.userId, 'the queue is long'],
    );
    assert.ok(Math.abs(Date.parse(body.when ?? '') - Date.now()) < 5_000);
    const read = await admin.get<Setting>('/v1/settings/holdTtlMs');
    assert.deepEqual(read.body, body);
  });

  it('is in force within two seconds', async () => {
    const showId = await openShow(organizer.client, await buildVenue(organizer.client));
    const ada = await running.anyone.register();
    await put('seatsPerBookingMax', { value: 2, why: 'everybody should get some' });
    const changedAt = performance.now();
    const three = { showId, seats: ['S-A-1', 'S-A-2', 'S-A-3'] };
    const refused = await eventually(
      () => ada.post<Setting>('/v1/bookings', three, { key: randomUUID() }),
      ({ status }) => status === 422,
    );
    assert.ok(performance.now() - changedAt < 2_000);
    assert.equal(refused.body.errors?.[0]?.pointer, '/seats');
    await put('paymentAttemptsMax', { value: 1, why: 'one try is enough' });
    const declined = { method: 'card', token: 'tok_declined' };
    const once = await eventually(
      () => ada.book({ showId, bestAvailable: { count: 1 }, payment: declined }),
      ({ body }: Answer<Booking>) => body.status === 'rejected',
    );
    assert.ok(performance.now() - changedAt < 4_000);
    assert.equal(once.body.reason, 'payment_declined');
    await put('seatsPerBookingMax', { value: 10, why: 'as before' });
    await put('paymentAttemptsMax', { value: 3, why: 'as before' });
  });

  it('refuses what it cannot be, and names there are none of', async () => {
    const wrong: readonly (readonly [object, string])[] = [
      [{ value: 'long', why: 'any' }, '/value'],
      [{ value: -1, why: 'any' }, '/value'],
      [{ value: 60_000 }, '/why'],
      [{ value: 60_000, why: '' }, '/why'],
    ];
    for (const [body, pointer] of wrong) {
      const answer = await put('holdTtlMs', body);
      assert.deepEqual([...refusal(answer), answer.body.errors?.[0]?.pointer], [422, 'validation_failed', pointer]);
    }
    assert.deepEqual(refusal(await put('colour', { value: 1, why: 'any' })), [404, 'not_found']);
    assert.deepEqual(refusal(await admin.get<Setting>('/v1/settings/colour')), [404, 'not_found']);
    const notYours = await organizer.client.call<Setting>('PUT', '/v1/settings/holdTtlMs', {
      body: { value: 1_000, why: 'any' },
    });
    assert.deepEqual(refusal(notYours), [403, 'forbidden']);
  });
});

describe('an import', () => {
  const load = (format: string, text: string, client = organizer.client) =>
    client.post<Imported>('/v1/catalogue/imports', { format, text });
  const title = () => `Import ${randomUUID()}`;
  const nextYear = new Date().getUTCFullYear() + 1;
  const known = async (of: string) =>
    (await running.anyone.get<Titles>(`/v1/movies?q=${encodeURIComponent(of)}`)).body.items.length;
  const json = (movie: string, more: object = {}) =>
    JSON.stringify({
      movies: [{ title: movie, runningTimeMinutes: 90 }],
      theatres: [{ name: `House of ${movie}`, location: 'Vienna', timeZone: 'Europe/Vienna' }],
      seatPlans: [
        {
          name: `Plan of ${movie}`,
          sections: [
            { id: 'M', name: 'Main', priceCategory: 'standard', rows: [{ id: 'A', name: 'A', first: 1, last: 9 }] },
          ],
        },
      ],
      screens: [{ theatre: `House of ${movie}`, number: 1, seatPlan: `Plan of ${movie}` }],
      shows: [1, 2].map((day) => ({
        ...{ movie, theatre: `House of ${movie}`, screen: 1, startsAt: `${nextYear}-03-0${day}T19:30` },
        priceCategories: [{ name: 'standard', price: { amount: 900, currency: 'EUR' } }],
        ...more,
      })),
    });
  const csv = (movie: string, lines: readonly string[]) =>
    [
      'movie,theatre,location,timeZone,screen,plan,startsAt,currency,price:standard',
      ...lines.map((line) => `${movie},House of ${movie},Vienna,Europe/Vienna,${line}`),
    ].join('\n');

  it('takes a whole catalogue as JSON, once, and it can be booked', async () => {
    const movie = title();
    const { status, body } = await load('json', json(movie));
    assert.deepEqual([status, body], [200, { movies: 1, theatres: 1, screens: 1, seatPlans: 1, shows: 2 }]);
    const again = await load('json', json(movie));
    assert.deepEqual(again.body, { movies: 0, theatres: 0, screens: 0, seatPlans: 0, shows: 0 });
    const { body: shows } = await running.anyone.get<{
      items: { showId: string; startsAt: string; movie: { title: string } }[];
    }>(`/v1/shows?from=${nextYear}-03-01T00:00:00Z&to=${nextYear}-03-02T00:00:00Z`);
    const show = shows.items.find((each) => each.movie.title === movie);
    assert.equal(show?.startsAt, `${nextYear}-03-01T18:30:00.000Z`, 'half past seven in Vienna');
    const ada = await running.anyone.register();
    const booked = await ada.book({ showId: show?.showId, seats: ['M-A-1'], payment: visa });
    assert.equal(booked.body.status, 'confirmed');
  });

  it('takes shows as CSV', async () => {
    const movie = title();
    const { status, body } = await load(
      'csv',
      csv(movie, [`1,3x4,${nextYear}-04-01 20:00,EUR,9.50`, `1,3x4,${nextYear}-04-02 20:00,EUR,9.50`]),
    );
    assert.deepEqual([status, body.movies, body.shows], [200, 1, 2]);
  });

  it('changes nothing where one line is wrong, and says which', async () => {
    const movie = title();
    const lines = [`1,3x4,${nextYear}-04-01 20:00,EUR,9.50`, `1,3x4,${nextYear}-04-02 20:00,EUR,nine`];
    const broken = await load('csv', csv(movie, lines));
    assert.deepEqual(refusal(broken), [422, 'validation_failed']);
    assert.ok(
      broken.body.errors?.some(({ pointer, message }) => pointer === 'line 3' && message.includes('nine')),
      JSON.stringify(broken.body),
    );
    const wrong = await load('json', json(movie, { startsAt: 'some evening' }));
    assert.deepEqual(refusal(wrong), [422, 'validation_failed']);
    assert.ok(
      wrong.body.errors?.some(({ pointer }) => pointer === '/shows/0/startsAt'),
      JSON.stringify(wrong.body),
    );
    const noJson = await load('json', '{');
    assert.deepEqual(refusal(noJson), [422, 'validation_failed']);
    assert.equal(await known(movie), 0, 'all or nothing');
  });

  it('is for organizers', async () => {
    const { client } = await newPerson(running);
    assert.deepEqual(refusal(await load('json', json(title()), client)), [403, 'forbidden']);
  });
});
