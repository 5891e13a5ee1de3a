import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Setting, Show } from '../contracts/catalog.ts';
import { programmeOf, settingsOf } from './house.ts';

const now = Date.parse('2026-03-01T12:00:00Z');
const hourMs = 3_600_000;
const show = {
  showId: 'shw_1',
  movie: { movieId: 'mov_1', title: 'The Third Man' },
  theatre: { theatreId: 'thr_1', name: 'Riverside', location: 'London', timeZone: 'Europe/London' },
  screen: { screenId: 'scr_1', number: 7 },
  startsAt: '2026-03-11T12:00:00Z',
  seatPlanId: 'pln_1',
  priceCategories: [{ name: 'standard', price: { amount: 1_000, currency: 'GBP' } }],
  sales: { opensAt: '2026-02-01T12:00:00Z', closesAt: '2026-03-11T12:00:00Z' },
  refundPolicy: { untilMinutesBefore: 60, feePercent: 0 },
  state: 'scheduled',
} as Show;
const plan = { seatPlanId: 'pln_1', name: 'Main hall', sections: [], areas: [] };
const setting = (key: string, value: unknown): Setting => ({
  ...{ key, value, version: 1, who: 'ada', when: '2026-02-01T12:00:00Z', why: 'a test' },
});
const given = (...settings: readonly Setting[]) => ({ shows: [{ show, plan }], settings });
const startsIn = (from: { readonly now: number; readonly soldFrom?: number }) => {
  const [copy] = programmeOf(given(), from).shows;
  return (Date.parse(copy?.startsAt ?? '') - from.now) / hourMs;
};

test('a copy of a show has a title that is not too long, however long its own is', () => {
  const title = 'x'.repeat(120);
  const long = { ...show, movie: { ...show.movie, title } };
  const programme = programmeOf({ shows: [{ show: long, plan }], settings: [] }, { now });
  const [movie] = programme.movies;
  assert.ok((movie?.title.length ?? 0) <= title.length, movie?.title);
  assert.equal(programme.shows[0]?.movie, movie?.title);
});

test('copies of two shows of one movie and one screen are told apart', () => {
  const shows = [
    { show, plan },
    { show, plan },
  ];
  const { movies, screens, seatPlans } = programmeOf({ shows, settings: [] }, { now });
  const different = [
    movies.map(({ title }) => title),
    screens.map(({ number }) => number),
    seatPlans.map(({ name }) => name),
  ];
  assert.deepEqual(
    different.map((names) => new Set<unknown>(names).size),
    [2, 2, 2],
  );
});

test('a show that is to come starts as far ahead as it does', () => assert.equal(startsIn({ now }), 240));

test('a show that is over starts as far ahead as when its sale began', () => {
  const year = 365 * 24 * hourMs;
  assert.equal(startsIn({ now: now + year, soldFrom: now }), 240);
});

test('a show that is about to begin is sold as one of tomorrow', () => {
  assert.equal(startsIn({ now: Date.parse(show.startsAt) - hourMs }), 24);
});

test('settings are those of the house, but that all come from one address and cards are on', () => {
  const told = settingsOf(
    given(setting('seatsPerBookingMax', 4), setting('rateLimitPerAddress', 5), setting('paymentMethods', ['cash'])),
    { speed: 1 },
  );
  assert.deepEqual(
    told.filter(({ key }) => key !== 'holdTtlMs'),
    [
      { key: 'seatsPerBookingMax', value: 4 },
      { key: 'rateLimitPerAddress', value: 10_000_000 },
    ],
  );
});

test('a setting that this version does not know is left out', () => {
  assert.equal(
    settingsOf(given(setting('ofTomorrow', 4)), { speed: 1 }).some(({ key }) => key === 'ofTomorrow'),
    false,
  );
});

test('where people come faster than they did, holds end as much earlier', () => {
  const holdTtlMs = (speed: number, ...settings: readonly Setting[]) =>
    settingsOf(given(...settings), { speed }).find(({ key }) => key === 'holdTtlMs')?.value;
  assert.deepEqual(
    [holdTtlMs(1), holdTtlMs(10), holdTtlMs(10, setting('holdTtlMs', 600_000))],
    [300_000, 30_000, 60_000],
  );
});
