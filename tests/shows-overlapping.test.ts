import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { Client } from './support/client.ts';
import { newPerson } from './support/people.ts';
import { type RunningApp, runApp } from './support/servers.ts';
import { buildVenue, openShow, type Venue } from './support/venue.ts';

interface Changed {
  readonly code?: string;
  readonly shows?: readonly string[];
  readonly runningTimeMinutes?: number;
}

const minuteMs = 60_000;
let running: RunningApp;
let organizer: Client;

before(async () => {
  running = await runApp();
  organizer = (await newPerson(running, { roles: ['organizer'] })).client;
});
after(() => running.stop());

const begin = Date.now() + 10 * 24 * 60 * minuteMs;
const after2Hours = (count: number) => new Date(begin + count * 120 * minuteMs).toISOString();
const lengthen = (movieId: string, runningTimeMinutes: number) =>
  organizer.call<Changed>('PATCH', `/v1/movies/${movieId}`, { body: { runningTimeMinutes } });
const minutesOf = async (path: string) => {
  const { body } = await organizer.get<Changed & { movie?: Changed }>(path);
  return (body.movie ?? body).runningTimeMinutes;
};

/** Shows of 104 minutes, one every two hours. */
async function showsInARow(venue: Venue, count: number): Promise<readonly string[]> {
  const showIds: string[] = [];
  for (let index = 0; index < count; index += 1) {
    showIds.push(await openShow(organizer, venue, { startsAt: after2Hours(index) }));
  }
  return showIds;
}

describe('a longer running time', () => {
  it('is refused where shows to come would overlap: it names twenty of them, and nothing changes', async () => {
    const venue = await buildVenue(organizer);
    const showIds = await showsInARow(venue, 23);
    const refused = await lengthen(venue.movieId, 121);
    assert.deepEqual([refused.status, refused.body.code], [409, 'conflict']);
    assert.deepEqual(refused.body.shows, showIds.slice(0, 20));
    assert.equal(await minutesOf(`/v1/movies/${venue.movieId}`), 104);
    assert.equal(await minutesOf(`/v1/shows/${showIds[0]}`), 104);
  });

  it('is taken where the next show starts when the one before is over, and when what is in the way is gone', async () => {
    const venue = await buildVenue(organizer);
    const [first, second] = await showsInARow(venue, 2);
    assert.equal((await lengthen(venue.movieId, 120)).status, 200);
    assert.equal(await minutesOf(`/v1/shows/${first}`), 120);
    const other = await buildVenue(organizer);
    await organizer.call('PATCH', `/v1/shows/${second}`, { body: { movieId: other.movieId } });
    assert.deepEqual((await lengthen(venue.movieId, 150)).body.shows, [first], 'whatever is shown next');
    assert.equal((await lengthen(other.movieId, 150)).status, 200, 'nothing comes after it');
    await organizer.call('DELETE', `/v1/shows/${second}`);
    assert.equal((await lengthen(venue.movieId, 150)).status, 200);
  });

  it('and a show in the time that it takes do not both get through, nor do they or an import wait for each other', async () => {
    const venue = await buildVenue(organizer);
    const other = await buildVenue(organizer);
    const name = randomUUID();
    await organizer.call('PATCH', `/v1/movies/${venue.movieId}`, { body: { title: name } });
    await organizer.call('PATCH', `/v1/theatres/${venue.theatreId}`, { body: { name } });
    const { body: screen } = await organizer.get<{ number: number }>(`/v1/screens/${venue.screenId}`);
    const [showId] = await showsInARow(venue, 1);
    const { body: show } = await organizer.get<{ priceCategories: object }>(`/v1/shows/${showId}`);
    const { priceCategories } = show;
    const known = { movie: name, theatre: name, screen: screen.number, startsAt: after2Hours(0), priceCategories };
    const text = JSON.stringify({ shows: [known] });
    const next = { movieId: other.movieId, screenId: venue.screenId, startsAt: after2Hours(1), priceCategories };
    for (let round = 0; round < 20; round += 1) {
      const [longer, scheduled, imported] = await Promise.all([
        lengthen(venue.movieId, 150),
        organizer.post<{ showId: string }>('/v1/shows', next),
        organizer.post('/v1/catalogue/imports', { format: 'json', text }),
      ]);
      const answers = [longer.status, scheduled.status, imported.status].join();
      assert.ok(['200,409,200', '409,201,200'].includes(answers), answers);
      if (scheduled.status === 201) await organizer.call('DELETE', `/v1/shows/${scheduled.body.showId}`);
      assert.equal((await lengthen(venue.movieId, 104)).status, 200);
    }
  });
});

describe('a show that overlaps with another one', () => {
  it('takes other prices, but no other start that overlaps', async () => {
    const venue = await buildVenue(organizer);
    const [first, second] = await showsInARow(venue, 2);
    const catalog = running.app.hosts.find((host) => host.definition.name === 'catalog');
    await catalog?.query(`update shows set ends_at = ends_at + interval '1 hour' where show_id = $1`, [first]);
    const { body: show } = await organizer.get<{ priceCategories: { price: object }[] }>(`/v1/shows/${second}`);
    const priceCategories = show.priceCategories.map((each) => ({ ...each, price: { amount: 700, currency: 'EUR' } }));
    const change = (body: object) => organizer.call<Changed>('PATCH', `/v1/shows/${second}`, { body });
    const priced = await change({ priceCategories });
    assert.deepEqual([priced.status, (priced.body as typeof show).priceCategories], [200, priceCategories]);
    const moved = await change({ startsAt: new Date(Date.parse(after2Hours(1)) + minuteMs).toISOString() });
    assert.deepEqual([moved.status, moved.body.code, moved.body.shows], [409, 'conflict', [first]]);
    assert.equal((await change({ startsAt: after2Hours(2) })).status, 200);
  });

  it('is taken where nobody has told how long one of them is: what is not known is no reason to refuse', async () => {
    const venue = await buildVenue(organizer);
    const { body: movie } = await organizer.post<{ movieId: string }>('/v1/movies', { title: 'The Long Good Friday' });
    const untimed = { ...venue, movieId: movie.movieId };
    const startsAt = after2Hours(0);
    for (const each of [untimed, untimed, venue, untimed]) await openShow(organizer, each, { startsAt });
    const again = await organizer.post<Changed>('/v1/shows', {
      ...{ movieId: venue.movieId, screenId: venue.screenId, startsAt },
      priceCategories: ['standard', 'premium', 'standing'].map((name) => ({
        name,
        price: { amount: 1_000, currency: 'EUR' },
      })),
    });
    assert.deepEqual([again.status, again.body.code], [409, 'conflict']);
  });
});
