import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { Client, Page } from './support/client.ts';
import { newPerson } from './support/people.ts';
import { type Refused, refusal } from './support/refusals.ts';
import { type RunningApp, runApp } from './support/servers.ts';
import { buildVenue, circle, floor, openShow, stalls, type Venue } from './support/venue.ts';

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
const wrongIds: Readonly<Record<string, string>> = {
  movies: 'mov',
  theatres: 'thr',
  screens: 'scr',
  'seat-plans': 'pln',
  shows: 'shw',
};

describe('an entry of the catalogue', () => {
  const theatre = () => ({ name: `Astor ${randomUUID()}`, location: 'Berlin', timeZone: 'Europe/Berlin' });
  const kinds = {
    movies: () => [{ title: `Metropolis ${randomUUID()}` }, { title: 'Metropolis, restored', certificate: 'U' }],
    theatres: () => [theatre(), { location: 'Potsdam' }],
    screens: () => [
      { theatreId: venue.theatreId, number: 100 + Math.floor(Math.random() * 800), seatPlanId: venue.seatPlanId },
      { number: 99 },
    ],
  } as const;

  it('loses what is taken away by null: of a movie, also in its shows to come', async () => {
    const movie = { title: `Metropolis ${randomUUID()}`, certificate: 'U', genre: 'drama', rating: 8.3 };
    const { movieId } = (await organizer.post<{ movieId: string }>('/v1/movies', movie)).body;
    const showId = await openShow(organizer, { ...venue, movieId });
    const changed = await organizer.call('PATCH', `/v1/movies/${movieId}`, {
      body: { certificate: null, rating: null },
    });
    assert.deepEqual([changed.status, changed.body], [200, { movieId, title: movie.title, genre: 'drama' }]);
    const show = await anyone.get<{ movie: unknown }>(`/v1/shows/${showId}`);
    assert.deepEqual(show.body.movie, { movieId, title: movie.title, genre: 'drama' });
    assert.deepEqual(
      refusal(await organizer.call<Refused>('PATCH', `/v1/movies/${movieId}`, { body: { title: null } })),
      [422, 'validation_failed'],
    );
  });

  for (const [kind, made] of Object.entries(kinds)) {
    it(`is made, read, changed and removed: ${kind}`, async () => {
      const [entry, change] = made() as unknown as [Record<string, unknown>, Record<string, unknown>];
      const added = await organizer.post(`/v1/${kind}`, entry);
      assert.equal(added.status, 201);
      const path = `/v1/${kind}/${idIn(added.body)}`;
      assert.equal(added.headers.get('location'), path);
      assert.deepEqual((await anyone.get(path)).body, added.body);
      for (const [name, value] of Object.entries(entry)) assert.deepEqual(added.body[name], value);
      const changed = await organizer.call('PATCH', path, { body: change });
      assert.deepEqual([changed.status, changed.body], [200, { ...added.body, ...change }]);
      assert.deepEqual((await anyone.get(path)).body, changed.body);
      assert.deepEqual(refusal(await organizer.call<Refused>('PATCH', path, { body: { colour: 'red' } })), [
        422,
        'validation_failed',
      ]);
      const key = randomUUID();
      for (const removed of [
        await organizer.call('DELETE', path, { key }),
        await organizer.call('DELETE', path, { key }),
      ]) {
        assert.deepEqual([removed.status, removed.body], [204, ''], 'the same request again is answered the same');
      }
      assert.deepEqual(refusal(await anyone.get<Refused>(path)), [404, 'not_found']);
      assert.deepEqual(refusal(await organizer.call<Refused>('DELETE', path)), [404, 'not_found']);
    });
  }

  it('is made once per idempotency key', async () => {
    const key = randomUUID();
    const [first, again] = [
      await organizer.post('/v1/movies', { title: 'Nosferatu' }, { key }),
      await organizer.post('/v1/movies', { title: 'Nosferatu' }, { key }),
    ];
    assert.deepEqual(
      [again.status, again.body, again.headers.get('location')],
      [201, first.body, first.headers.get('location')],
    );
    const reused = await organizer.post<Refused>('/v1/movies', { title: 'Faust' }, { key });
    assert.deepEqual(refusal(reused), [422, 'idempotency_key_reused']);
  });

  it('is not found by an id that names nothing', async () => {
    for (const [kind, prefix] of Object.entries(wrongIds)) {
      for (const id of [`${prefix}_01890000-0000-7000-8000-000000000001`, 'nonsense']) {
        assert.deepEqual(refusal(await anyone.get<Refused>(`/v1/${kind}/${id}`)), [404, 'not_found'], `${kind}/${id}`);
      }
    }
  });

  it('is kept while something needs it', async () => {
    const other = await buildVenue(organizer);
    await openShow(organizer, other);
    const needed = [
      `movies/${other.movieId}`,
      `theatres/${other.theatreId}`,
      `screens/${other.screenId}`,
      `seat-plans/${other.seatPlanId}`,
    ];
    for (const path of needed)
      assert.deepEqual(refusal(await organizer.call<Refused>('DELETE', `/v1/${path}`)), [409, 'conflict'], path);
    const twin = { theatreId: other.theatreId, seatPlanId: other.seatPlanId };
    const { body } = await anyone.get<{ number: number }>(`/v1/screens/${other.screenId}`);
    assert.deepEqual(refusal(await organizer.post<Refused>('/v1/screens', { ...twin, number: body.number })), [
      409,
      'conflict',
    ]);
  });

  it('is listed page by page', async () => {
    const long = ['A', 'B', 'C'].map((last) => `Page ${'漢'.repeat(114)}${last}`);
    const titles = [...Array.from({ length: 7 }, (_, index) => `Page ${index}`), ...long];
    for (const title of titles) await organizer.post('/v1/movies', { title });
    const found: string[] = [];
    let cursor = '';
    do {
      const { body } = await anyone.get<Page<{ title: string }>>(`/v1/movies?q=Page&limit=3${cursor}`);
      found.push(...body.items.map(({ title }) => title));
      cursor = body.nextCursor === null ? '' : `&cursor=${body.nextCursor}`;
    } while (cursor !== '');
    assert.deepEqual(found, titles);
    for (const query of ['limit=101', 'limit=0', 'limit=x', 'cursor=nonsense', 'colour=red']) {
      for (const kind of Object.keys(wrongIds)) {
        assert.deepEqual(
          refusal(await anyone.get<Refused>(`/v1/${kind}?${query}`)),
          [422, 'validation_failed'],
          `${kind}?${query}`,
        );
      }
    }
  });

  it('says 405 to methods it does not take', async () => {
    const { status, body, headers } = await organizer.call<Refused>('DELETE', '/v1/movies');
    assert.deepEqual([status, body.code], [405, 'method_not_allowed']);
    assert.equal(headers.get('allow'), 'GET, HEAD, POST');
  });
});

describe('a seat plan', () => {
  it('is immutable and may be cached for ever', async () => {
    const plan = { name: 'Cached', sections: [stalls(2, 3), circle], areas: [floor] };
    const { status, body } = await organizer.post<{ seatPlanId: string }>('/v1/seat-plans', plan);
    assert.equal(status, 201);
    const path = `/v1/seat-plans/${body.seatPlanId}`;
    const read = await anyone.get<{ sections: { rows: object[] }[]; areas: object[] }>(path);
    assert.equal(read.headers.get('cache-control'), 'public, max-age=31536000, immutable');
    assert.deepEqual(read.body.sections[1]?.rows, [
      { id: 'A', name: 'Row 1', first: 1, last: 8, step: 1, accessible: [1], companion: [2] },
    ]);
    assert.deepEqual(read.body.areas, [floor]);
    assert.deepEqual(refusal(await organizer.call<Refused>('PATCH', path, { body: { name: 'New' } })), [
      409,
      'conflict',
    ]);
    assert.equal((await organizer.call('DELETE', path)).status, 204);
  });

  it('must make sense', async () => {
    const section = stalls(1, 3);
    const wrong: readonly (readonly [string, object])[] = [
      ['two sections of one id', { sections: [section, section] }],
      [
        'a row that ends before it begins',
        { sections: [{ ...section, rows: [{ id: 'A', name: 'A', first: 9, last: 1 }] }] },
      ],
      [
        'more than 65,536 seats',
        { sections: [{ ...section, rows: [{ id: 'A', name: 'A', first: 1, last: 70_000 }] }] },
      ],
      ['nothing at all', { sections: [], areas: [] }],
      [
        'an accessible seat that is not there',
        { sections: [{ ...section, rows: [{ id: 'A', name: 'A', first: 1, last: 2, accessible: [3] }] }] },
      ],
    ];
    for (const [what, parts] of wrong) {
      const answer = await organizer.post<Refused>('/v1/seat-plans', { name: 'Wrong', ...parts });
      assert.deepEqual(refusal(answer), [422, 'validation_failed'], what);
    }
  });

  it('of a stadium fits: its availability has at most 24 KB', async () => {
    const rows = Array.from({ length: 500 }, (_, index) => ({ id: `${index}`, name: `${index}`, first: 1, last: 131 }));
    const sections = [{ id: 'N', name: 'North', priceCategory: 'standard', rows }];
    const { body: plan } = await organizer.post<{ seatPlanId: string }>('/v1/seat-plans', {
      name: 'Stadium',
      sections,
    });
    const { body: screen } = await organizer.post<{ screenId: string }>('/v1/screens', {
      theatreId: venue.theatreId,
      number: 98,
      seatPlanId: plan.seatPlanId,
    });
    const showId = await openShow(organizer, { ...venue, screenId: screen.screenId });
    const { status, body, headers } = await anyone.get(`/v1/shows/${showId}/availability`);
    assert.equal(status, 200);
    assert.ok(JSON.stringify(body).length <= 24 * 1_024);
    const again = await anyone.get(`/v1/shows/${showId}/availability`, {
      headers: { 'if-none-match': headers.get('etag') ?? '' },
    });
    assert.equal(again.status, 304);
  });
});
