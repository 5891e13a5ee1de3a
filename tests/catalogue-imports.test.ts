import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import type { Client } from './support/client.ts';
import { newPerson } from './support/people.ts';
import { type RunningApp, runApp } from './support/servers.ts';

interface Imported {
  readonly shows?: number;
  readonly code?: string;
  readonly errors?: readonly { readonly pointer: string; readonly message: string }[];
}

let running: RunningApp;
let organizer: Client;

before(async () => {
  running = await runApp();
  organizer = (await newPerson(running, { roles: ['organizer'] })).client;
});
after(() => running.stop());

const dayMs = 86_400_000;
const inMs = (ms: number) => new Date(Date.now() + ms).toISOString();
const row = { id: 'A', name: 'A', first: 1, last: 9 };

/** A catalogue of one screen, named after its movie, with shows at these times. */
const catalogue = (title: string, starts: readonly string[]) => ({
  movies: [{ title, runningTimeMinutes: 90 }],
  theatres: [{ name: title, location: 'Vienna', timeZone: 'Europe/Vienna' }],
  seatPlans: [{ name: title, sections: [{ id: 'M', name: 'Main', priceCategory: 'standard', rows: [row] }] }],
  screens: [{ theatre: title, number: 1, seatPlan: title }],
  shows: starts.map((startsAt) => ({
    ...{ movie: title, theatre: title, screen: 1, startsAt },
    priceCategories: [{ name: 'standard', price: { amount: 900, currency: 'EUR' } }],
  })),
});
const load = (file: object) =>
  organizer.post<Imported>('/v1/catalogue/imports', { format: 'json', text: JSON.stringify(file) });

/** As if the show had been put on for another time from the beginning. */
async function shift(startsAt: string, to: string): Promise<void> {
  const catalog = running.app.hosts.find((host) => host.definition.name === 'catalog');
  const rows = await catalog?.query(
    `update shows set starts_at = $2, ends_at = $2::timestamptz + (ends_at - starts_at)
     where starts_at = $1 returning show_id`,
    [startsAt, to],
  );
  assert.equal(rows?.length, 1);
}

describe('a file that is imported again', () => {
  it('adds what is new, whatever has become of its other shows', async () => {
    const title = randomUUID();
    const shows = [1, 2, 3, 4].map((day) => inMs(day * dayMs));
    assert.equal((await load(catalogue(title, shows))).body.shows, 4);
    const { body } = await organizer.get<{ items: { showId: string; movie: { title: string } }[] }>('/v1/shows');
    const [, , third, fourth] = body.items.filter(({ movie }) => movie.title === title);
    await organizer.post(`/v1/shows/${third?.showId}/cancellation`, {}, { key: randomUUID() });
    await organizer.call('DELETE', `/v1/shows/${fourth?.showId}`);
    const past = [inMs(-3 * dayMs), inMs(-600_000), inMs(-2 * dayMs), inMs(-4 * dayMs)];
    for (const [index, start] of past.entries()) await shift(shows[index] ?? '', start);

    const again = await load(catalogue(title, [...past, inMs(6 * dayMs)]));
    assert.deepEqual(again.body, { movies: 0, theatres: 0, screens: 0, seatPlans: 0, shows: 1 });
    const changed = await load(catalogue(title, [inMs(-5 * dayMs)]));
    assert.deepEqual(
      [changed.status, changed.body.errors?.[0]?.pointer],
      [422, '/shows/0/startsAt'],
      'it was never on',
    );
  });
});

describe('a name in other code points', () => {
  it('is the same name: nothing is put on a second time, and it is found however it is asked for', async () => {
    const title = `Élite ${randomUUID()}`;
    const file = catalogue(title, [inMs(dayMs)]);
    assert.equal((await load(file)).body.shows, 1);
    // As some systems write accents: a letter, and the accent that goes over it.
    const { body } = await load(JSON.parse(JSON.stringify(file).normalize('NFD')));
    assert.deepEqual(body, { movies: 0, theatres: 0, screens: 0, seatPlans: 0, shows: 0 });
    for (const q of [title.toLowerCase(), title.toUpperCase(), title.normalize('NFD')]) {
      const found = await organizer.get<{ items: unknown[] }>(`/v1/movies?q=${encodeURIComponent(q)}`);
      assert.equal(found.body.items.length, 1, q);
    }
  });
});

describe('a start in the year 9999', () => {
  it('is refused, whoever enters it', async () => {
    const title = randomUUID();
    for (const startsAt of ['9999-12-31T23:00', '9999-12-31T23:00:00Z', '9998-12-31T23:00:00-05:00']) {
      const file = catalogue(title, [startsAt]);
      const { status, body } = await load({ ...file, movies: [{ title }] });
      assert.deepEqual([status, body.errors?.[0]?.pointer], [422, '/shows/0/startsAt'], startsAt);
    }
    assert.equal((await load(catalogue(title, ['9998-12-31T23:00:00Z']))).body.shows, 1);
    const { body } = await organizer.get<{ items: { movie: object; screen: object; priceCategories: object }[] }>(
      '/v1/shows?from=9998-01-01T00:00:00Z',
    );
    const { movieId, screenId } = Object.assign({}, body.items[0]?.movie, body.items[0]?.screen) as {
      movieId: string;
      screenId: string;
    };
    const show = { movieId, screenId, priceCategories: body.items[0]?.priceCategories };
    const refused = await organizer.post<Imported>('/v1/shows', { ...show, startsAt: '9999-12-31T23:00:00Z' });
    assert.deepEqual([refused.status, refused.body.errors?.[0]?.pointer], [422, '/startsAt']);
  });
});

describe('a name of two entries', () => {
  it('is ambiguous: a show or screen that goes by it is refused, with what to do', async () => {
    const title = randomUUID();
    assert.equal((await load(catalogue(title, [inMs(dayMs)]))).status, 200);
    const { body: twin } = await organizer.post<{ movieId: string }>('/v1/movies', { title });
    const { shows } = catalogue(title, [inMs(2 * dayMs)]);
    const errorsOf = async () => (await load({ shows })).body.errors?.map(({ pointer, message }) => [pointer, message]);
    assert.deepEqual(await errorsOf(), [
      [
        '/shows/0/movie',
        `2 movies are called "${title}"; rename all but one of them, so that the name says which one is meant`,
      ],
    ]);
    await organizer.call('PATCH', `/v1/movies/${twin.movieId}`, { body: { title: `${title} (1933)` } });
    await organizer.post('/v1/theatres', { name: title, location: 'Graz', timeZone: 'Europe/Vienna' });
    const message = `2 theatres are called "${title}"; rename all but one of them, so that the name says which one is meant`;
    assert.deepEqual(await errorsOf(), [['/shows/0/theatre', message]]);
    const { screens } = catalogue(title, []);
    const refused = await load({ screens });
    assert.deepEqual(refused.body.errors?.[0], { pointer: '/screens/0/theatre', code: 'import', message });
  });
});

describe('the page about files', () => {
  it('has samples that can be imported as they are', async () => {
    const page = await readFile('docs/operations/catalogue-import.md', 'utf8');
    const next = String(new Date().getUTCFullYear() + 1);
    for (const format of ['json', 'csv'] as const) {
      const sample = new RegExp(`\`\`\`${format}\n(.*?)\`\`\``, 's').exec(page)?.[1] ?? '';
      const text = sample.replaceAll('2027-03-01', `${next}-03-0${format === 'json' ? 1 : 2}`);
      const { status, body } = await organizer.post<Imported>('/v1/catalogue/imports', { format, text });
      assert.deepEqual([status, body.shows], [200, 1], JSON.stringify(body));
    }
  });

  it('says that a file has something in it: an empty one is refused', async () => {
    for (const [format, text] of [
      ['csv', ''],
      ['csv', 'movie,theatre,screen,startsAt,currency\n'],
      ['json', '{}'],
      ['json', '{"movies": []}'],
    ]) {
      const { status, body } = await organizer.post<Imported>('/v1/catalogue/imports', { format, text });
      assert.deepEqual([status, body.code], [422, 'validation_failed'], text);
    }
  });
});
