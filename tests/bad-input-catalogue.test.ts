import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Client } from './support/client.ts';
import { newPerson } from './support/people.ts';
import { assertRefused, quiet, rowCounts } from './support/refusals.ts';
import { type RunningApp, runApp } from './support/servers.ts';
import { buildVenue, openShow, stalls, type Venue } from './support/venue.ts';

let running: RunningApp;
let organizer: Client;
let venue: Venue;
let showId: string;
let counts: Readonly<Record<string, number>>;

before(async () => {
  running = await runApp();
  organizer = (await newPerson(running, { roles: ['organizer'] })).client;
  venue = await buildVenue(organizer);
  showId = await openShow(organizer, venue);
  await quiet(running);
  counts = await rowCounts(running);
});
after(() => running.stop());

/** What must be refused with 422, and the field that is to blame. Functions see the venue, which is built later. */
type Row = readonly [name: string, body: unknown | (() => unknown), pointer: string];

async function refuses(method: string, path: () => string, rows: readonly Row[], status = 422): Promise<void> {
  for (const [name, body, pointer] of rows) {
    await it(`refuses ${name}`, async () => {
      const made: unknown = typeof body === 'function' ? (body as () => unknown)() : body;
      const answer = await organizer.call(method, path(), { body: made });
      assertRefused(answer, { status, code: 'validation_failed', pointer });
      assert.deepEqual(await rowCounts(running), counts);
    });
  }
}

const movie = (fields: object) => ({ title: 'Vertigo', ...fields });

describe('a movie', () =>
  refuses('POST', () => '/v1/movies', [
    ['no title', {}, '/title'],
    ['an empty title', movie({ title: '  ' }), '/title'],
    ['a title of 201 letters', movie({ title: 'x'.repeat(201) }), '/title'],
    ['a title with a line break', movie({ title: 'a\nb' }), '/title'],
    ['a title that turns the text round', movie({ title: 'a\u202eb' }), '/title'],
    ['a NUL', movie({ genre: 'a\u0000b' }), '/genre'],
    ['half a character', '{"title":"\\ud800"}', '/title'],
    ['an id of its own', movie({ movieId: 'mov_1' }), '/movieId'],
    ['no time at all', movie({ runningTimeMinutes: 0 }), '/runningTimeMinutes'],
    ['a day and a minute', movie({ runningTimeMinutes: 1_441 }), '/runningTimeMinutes'],
    ['a day that never was', movie({ releaseDate: '2026-02-30' }), '/releaseDate'],
    ['a rating above ten', movie({ rating: 10.5 }), '/rating'],
    ['a rating as text', movie({ rating: '8' }), '/rating'],
  ]));

const theatre = (fields: object) => ({ name: 'Odeon', location: 'London', timeZone: 'Europe/London', ...fields });

describe('a theatre', () =>
  refuses('POST', () => '/v1/theatres', [
    ['a time zone that nobody knows', theatre({ timeZone: 'Mars/Phobos' }), '/timeZone'],
    ['an offset instead of a zone', theatre({ timeZone: '+02:00' }), '/timeZone'],
    ['a path instead of a zone', theatre({ timeZone: '../../etc/localtime' }), '/timeZone'],
    ['no zone', theatre({ timeZone: undefined }), '/timeZone'],
    ['no location', theatre({ location: '' }), '/location'],
    ['a name as an object', theatre({ name: {} }), '/name'],
  ]));

const row = (fields: object = {}) => ({ id: 'A', name: 'A', first: 1, last: 10, ...fields });
const section = (fields: object = {}) => ({ ...stalls(1, 10), ...fields });
const plan = (fields: object) => ({ name: 'Hall', sections: [section()], ...fields });
const large = Array.from({ length: 66 }, (_, at) => section({ id: `S${at}`, rows: [row({ last: 1_000 })] }));

describe('a seat plan', () =>
  refuses('POST', () => '/v1/seat-plans', [
    ['no rows', plan({ sections: [section({ rows: [] })] }), '/sections/0/rows'],
    ['no seats at all', plan({ sections: [] }), '/sections'],
    ['66,000 seats', plan({ sections: large }), '/sections'],
    ['501 rows', plan({ sections: [section({ rows: Array.from({ length: 501 }, () => row()) })] }), '/sections/0/rows'],
    ['the same row twice', plan({ sections: [section({ rows: [row(), row()] })] }), '/sections/0/rows/1/id'],
    ['the same section twice', plan({ sections: [section(), section()] }), '/sections/1/id'],
    [
      'rows whose seats are named alike',
      plan({
        sections: [section({ id: 'S', rows: [row({ id: 'A-B' })] }), section({ id: 'S-A', rows: [row({ id: 'B' })] })],
      }),
      '/sections/1/rows/0/id',
    ],
    [
      'a row that ends before it begins',
      plan({ sections: [section({ rows: [row({ first: 5, last: 4 })] })] }),
      '/sections/0/rows/0/last',
    ],
    ['seats below zero', plan({ sections: [section({ rows: [row({ first: -1 })] })] }), '/sections/0/rows/0/first'],
    ['half a seat', plan({ sections: [section({ rows: [row({ last: 9.5 })] })] }), '/sections/0/rows/0/last'],
    ['no step', plan({ sections: [section({ rows: [row({ step: 0 })] })] }), '/sections/0/rows/0/step'],
    ['a space in an id', plan({ sections: [section({ id: 'A B' })] }), '/sections/0/id'],
    [
      'an accessible seat elsewhere',
      plan({ sections: [section({ rows: [row({ accessible: [11] })] })] }),
      '/sections/0/rows/0/accessible/0',
    ],
    [
      'an accessible seat twice',
      plan({ sections: [section({ rows: [row({ accessible: [1, 1] })] })] }),
      '/sections/0/rows/0/accessible/1',
    ],
    [
      'an area of nobody',
      plan({ areas: [{ area: 'F', name: 'F', capacity: 0, priceCategory: 'x' }] }),
      '/areas/0/capacity',
    ],
    ['no price category', plan({ sections: [section({ priceCategory: '' })] }), '/sections/0/priceCategory'],
    [
      'a NUL in a price category',
      plan({ sections: [section({ priceCategory: 'a\u0000' })] }),
      '/sections/0/priceCategory',
    ],
    ['a field that nobody knows', plan({ seats: 5 }), '/seats'],
  ]));

const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();
const price = (amount: unknown, currency: unknown = 'EUR') => ({ amount, currency });
const prices = (standard: unknown = price(1_000)) =>
  ['standard', 'premium', 'standing'].map((name) => ({ name, price: name === 'standard' ? standard : price(2_000) }));
const show = (fields: object) => () => ({
  ...{ movieId: venue.movieId, screenId: venue.screenId, startsAt: inDays(400), priceCategories: prices() },
  ...fields,
});
const unknown = (prefix: string) => `${prefix}_00000000-0000-7000-8000-000000000000`;

describe('a show', () =>
  refuses('POST', () => '/v1/shows', [
    ['a movie that is not there', show({ movieId: unknown('mov') }), '/movieId'],
    ['a screen that is not there', show({ screenId: unknown('scr') }), '/screenId'],
    ['a start in the past', show({ startsAt: inDays(-1) }), '/startsAt'],
    ['no start', show({ startsAt: undefined }), '/startsAt'],
    ['a start without a zone', show({ startsAt: '2030-01-01T20:00:00' }), '/startsAt'],
    ['a start that is no time', show({ startsAt: 'tonight' }), '/startsAt'],
    ['a start before time', show({ startsAt: '0000-01-01T00:00:00Z' }), '/startsAt'],
    [
      'sales that end before they begin',
      show({ sales: { opensAt: inDays(9), closesAt: inDays(8) } }),
      '/sales/opensAt',
    ],
    ['sales after the start', show({ sales: { closesAt: inDays(401) } }), '/sales/closesAt'],
    ['sales that were never', show({ sales: { opensAt: '2026-02-30T00:00:00Z' } }), '/sales/opensAt'],
    ['a price below zero', show({ priceCategories: prices(price(-1)) }), '/priceCategories/0/price/amount'],
    ['a price with fractions', show({ priceCategories: prices(price(9.99)) }), '/priceCategories/0/price/amount'],
    ['a price as text', show({ priceCategories: prices(price('10')) }), '/priceCategories/0/price/amount'],
    ['a price beyond all prices', show({ priceCategories: prices(price(2 ** 53)) }), '/priceCategories/0/price/amount'],
    [
      'a currency of two letters',
      show({ priceCategories: prices(price(1, 'EU')) }),
      '/priceCategories/0/price/currency',
    ],
    [
      'a currency that nobody knows',
      show({ priceCategories: prices(price(1, 'QQQ')) }),
      '/priceCategories/0/price/currency',
    ],
    ['two currencies', show({ priceCategories: prices(price(1, 'USD')) }), '/priceCategories/1/price/currency'],
    ['a category without a price', show({ priceCategories: prices().slice(1) }), '/priceCategories'],
    ['a category twice', show({ priceCategories: [...prices(), ...prices()] }), '/priceCategories/3/name'],
    ['no categories', show({ priceCategories: [] }), '/priceCategories'],
    ['a customer who may have none', show({ seatsPerCustomerMax: 0 }), '/seatsPerCustomerMax'],
    ['a fee above all', show({ refundPolicy: { feePercent: 101 } }), '/refundPolicy/feePercent'],
    ['a status', show({ status: 'on_sale' }), '/status'],
  ]));

describe('changes', async () => {
  await refuses('PATCH', () => `/v1/shows/${showId}`, [
    ['no change', {}, ''],
    ['a start in the past', { startsAt: inDays(-1) }, '/startsAt'],
    ['another id', { showId: unknown('shw') }, '/showId'],
    ['an end of sales after the start', { sales: { closesAt: inDays(900) } }, '/sales/closesAt'],
  ]);

  await it('refuses a show on a screen that is taken then', async () => {
    const { body } = await organizer.get<{ startsAt: string }>(`/v1/shows/${showId}`);
    const answer = await organizer.post('/v1/shows', show({ startsAt: body.startsAt })());
    assertRefused(answer, { status: 409, code: 'conflict' });
    assert.deepEqual(await rowCounts(running), counts);
  });

  await it('refuses a screen number that is taken', async () => {
    const { body } = await organizer.get(`/v1/screens/${venue.screenId}`);
    const answer = await organizer.post('/v1/screens', {
      theatreId: venue.theatreId,
      number: body['number'],
      seatPlanId: venue.seatPlanId,
    });
    assertRefused(answer, { status: 409, code: 'conflict' });
    assert.deepEqual(await rowCounts(running), counts);
  });

  await it('refuses a setting that nobody knows, a value that it cannot take, and a change without a reason', async () => {
    const change = (key: string, body: unknown) => running.admin.call('PUT', `/v1/settings/${key}`, { body });
    assertRefused(await change('holdTtlHours', { value: 1, why: 'x' }), { status: 404, code: 'not_found' });
    const wrong = { status: 422, code: 'validation_failed' };
    assertRefused(await change('holdTtlMs', { value: 'long', why: 'x' }), { ...wrong, pointer: '/value' });
    assertRefused(await change('holdTtlMs', { value: -1, why: 'x' }), { ...wrong, pointer: '/value' });
    assertRefused(await change('holdTtlMs', { value: 60_000 }), { ...wrong, pointer: '/why' });
    assertRefused(await change('holdTtlMs', { value: 60_000, why: 'a\u0000b' }), { ...wrong, pointer: '/why' });
    assert.deepEqual(await rowCounts(running), counts);
  });
});

describe('a catalogue file', async () => {
  const csv = (...lines: readonly string[]) =>
    [
      'movie,runningTimeMinutes,theatre,location,timeZone,screen,plan,startsAt,currency,price:standard',
      'Ran,162,Lakeview,Chicago,America/Chicago,1,2x10,2099-03-01 19:30,USD,12.50',
      ...lines,
    ].join('\n');
  const line = 'Ikiru,143,Lakeview,,,1,2x10,2099-03-02 19:30,USD,12.50';
  const rows: readonly (readonly [name: string, format: string, text: string, where: string])[] = [
    ['a day that never was', 'csv', csv(line, line.replace('03-02', '02-30')), 'line 4'],
    ['a price that is none', 'csv', csv(line.replace('12.50', 'cheap')), 'line 3'],
    ['a cell too few', 'csv', csv(line, 'Ikiru,143'), 'line 4'],
    ['a quote that never ends', 'csv', csv('"Ikiru,143'), 'line 3'],
    ['a theatre without a place', 'csv', csv(line.replace('Lakeview', 'Nowhere')), 'line 3'],
    ['a wrong movie', 'json', JSON.stringify({ movies: [{ title: 'Ran' }, { title: '' }] }), '/movies/1/title'],
    [
      'a theatre on Mars',
      'json',
      JSON.stringify({ theatres: [theatre({ timeZone: 'Mars' })] }),
      '/theatres/0/timeZone',
    ],
    ['an unknown part', 'json', JSON.stringify({ films: [] }), '/films'],
    ['no JSON at all', 'json', '{"movies": [', '/'],
  ];
  for (const [name, format, text, where] of rows) {
    await it(`imports nothing of a ${format} file with ${name}, and says where`, async () => {
      const answer = await organizer.post('/v1/catalogue/imports', { format, text });
      assertRefused(answer, { status: 422, code: 'validation_failed', pointer: where });
      assert.deepEqual(await rowCounts(running), counts);
    });
  }
});
