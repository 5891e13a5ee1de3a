import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { deriveId } from '../../contracts/ids.ts';
import type { IdKind } from '../../contracts/rules/id-prefixes.ts';
import { localTimeAt } from '../../contracts/rules/local-time.ts';
import { planErrors } from '../../contracts/rules/plan-errors.ts';
import { planIndex } from '../../contracts/rules/plan-order.ts';
import { type DemoMovie, demoCatalogue } from './demo.ts';
import { resolveCatalogue } from './import-resolve.ts';
import { endOf } from './show-rules.ts';

const movies = JSON.parse(readFileSync(new URL('../../../data/movies.json', import.meta.url), 'utf8')) as DemoMovie[];
const starts = [
  '2026-01-15T18:20:00Z',
  '2026-03-05T03:00:00Z',
  '2026-03-20T23:59:00Z',
  '2026-10-20T12:00:00Z',
  '2027-02-28T00:00:00Z',
];

async function resolved(now: number) {
  let made = 0;
  const newId = (kind: IdKind) => {
    made += 1;
    return deriveId(kind, 'mov_01890000-0000-7000-8000-000000000000', String(made));
  };
  const known = { movies: [], theatres: [], screens: [], seatPlans: [], occupied: [] };
  return resolveCatalogue(await demoCatalogue(movies, now), { known, newId, now });
}

for (const start of starts) {
  test(`the programme that begins on ${start} has no fault, and no two shows overlap on a screen`, async () => {
    const now = Date.parse(start);
    const { additions, faults } = await resolved(now);
    assert.deepEqual(faults, []);
    assert.ok(additions.shows.length >= 2_500 && additions.shows.length <= 4_000, `${additions.shows.length} shows`);
    const byScreen = Map.groupBy(additions.shows, (show) => show.screen.screenId);
    assert.equal(byScreen.size, 30);
    for (const shows of byScreen.values()) {
      const ordered = shows.toSorted((a, b) => Date.parse(a.startsAt) - Date.parse(b.startsAt));
      for (const [index, show] of ordered.entries()) {
        const next = ordered[index + 1];
        if (next !== undefined)
          assert.ok(endOf(show) + 20 * 60_000 <= Date.parse(next.startsAt), `${show.startsAt} ${next.startsAt}`);
      }
    }
    for (const show of additions.shows) {
      assert.ok(Date.parse(show.startsAt) > now);
      const hour = Number(localTimeAt(Date.parse(show.startsAt), show.theatre.timeZone).slice(11, 13));
      assert.ok(hour >= 13 && hour <= 22, `starts at ${hour} on the clocks there`);
    }
  });
}

test('the houses: six in four time zones, thirty screens, from 60 seats to 2,000', async () => {
  const { additions } = await resolved(Date.parse('2026-01-15T18:20:00Z'));
  assert.ok(additions.movies.length >= 200);
  assert.equal(additions.theatres.length, 6);
  assert.equal(new Set(additions.theatres.map(({ timeZone }) => timeZone)).size, 4);
  assert.equal(additions.screens.length, 30);
  const capacities = additions.seatPlans.map((plan) => planIndex(plan).capacity);
  assert.equal(Math.min(...capacities), 60);
  assert.equal(Math.max(...capacities), 2_000);
  for (const plan of additions.seatPlans) {
    assert.deepEqual(planErrors(plan), []);
    assert.ok(plan.bestSeat, `${plan.name} says where its best seats are`);
    assert.ok(plan.sections[0]?.rows[0]?.accessible.length);
    assert.ok(plan.sections.every(({ rows }) => rows.every(({ x, y }) => x !== undefined && y !== undefined)));
  }
});

test('some shows are free, some limit what one person buys, some are not on sale yet', async () => {
  const now = Date.parse('2026-01-15T18:20:00Z');
  const { shows } = (await resolved(now)).additions;
  assert.ok(shows.some(({ priceCategories }) => priceCategories.every(({ price }) => price.amount === 0)));
  assert.ok(shows.some(({ seatsPerCustomerMax }) => seatsPerCustomerMax !== undefined));
  assert.ok(shows.some(({ sales }) => Date.parse(sales.opensAt) > now));
  assert.ok(shows.some(({ sales }) => Date.parse(sales.opensAt) <= now));
});

test('the same start makes the same programme', async () => {
  const now = Date.parse('2026-01-15T18:20:00Z');
  assert.equal(JSON.stringify(await demoCatalogue(movies, now)), JSON.stringify(await demoCatalogue(movies, now)));
});
