import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endOf, isTimeZone, type ShowDraft, showFaults, showOf, showStatus } from './show-rules.ts';

const uuid = '01890000-0000-7000-8000-000000000001';
const now = Date.parse('2026-01-01T00:00:00.000Z');
const startsAt = '2026-03-01T20:00:00.000Z';
const usd = (amount: number) => ({ amount, currency: 'USD' });
const draft: ShowDraft = {
  showId: `shw_${uuid}`,
  movie: { movieId: `mov_${uuid}`, title: 'Any', runningTimeMinutes: 90 },
  theatre: { theatreId: `thr_${uuid}`, name: 'Any', location: 'Any', timeZone: 'UTC' },
  screen: { screenId: `scr_${uuid}`, number: 1 },
  seatPlanId: `pln_${uuid}`,
  planCategories: ['stalls', 'circle'],
  startsAt,
  priceCategories: [
    { name: 'stalls', price: usd(2_000) },
    { name: 'circle', price: usd(1_000) },
  ],
};
const faultsOf = (more: Partial<ShowDraft>) =>
  showFaults(showOf({ ...draft, ...more }, now), { planCategories: draft.planCategories, now }).map(
    ({ pointer }) => pointer,
  );

test('a show is on sale from now until it starts, with a full refund until then, unless it says otherwise', () => {
  const show = showOf(draft, now);
  assert.deepEqual(show.sales, { opensAt: '2026-01-01T00:00:00.000Z', closesAt: startsAt });
  assert.deepEqual(show.refundPolicy, { untilMinutesBefore: 0, feePercent: 0 });
  assert.deepEqual(faultsOf({}), []);
});

test('faults are named by their field', () => {
  assert.deepEqual(faultsOf({ startsAt: '2025-12-31T00:00:00.000Z' }), ['/startsAt', '/sales/opensAt']);
  assert.deepEqual(faultsOf({ startsAt: '9998-12-31T23:59:59.999Z' }), []);
  assert.deepEqual(faultsOf({ startsAt: '9999-01-01T00:00:00.000Z' }), ['/startsAt']);
  assert.deepEqual(faultsOf({ sales: { closesAt: '2026-03-01T20:00:00.001Z' } }), ['/sales/closesAt']);
  assert.deepEqual(faultsOf({ sales: { opensAt: startsAt } }), ['/sales/opensAt']);
  assert.deepEqual(faultsOf({ priceCategories: [{ name: 'stalls', price: usd(1) }] }), ['/priceCategories']);
  assert.deepEqual(faultsOf({ priceCategories: [...draft.priceCategories, { name: 'circle', price: usd(1) }] }), [
    '/priceCategories/2/name',
  ]);
  const mixed = [draft.priceCategories[0], { name: 'circle', price: { amount: 1, currency: 'GBP' } }].filter(
    (each) => each !== undefined,
  );
  assert.deepEqual(faultsOf({ priceCategories: mixed }), ['/priceCategories/1/price/currency']);
});

test('the status follows from the state, the clock and the places, in this order', () => {
  const show = showOf(
    { ...draft, sales: { opensAt: '2026-02-01T00:00:00.000Z', closesAt: '2026-02-20T00:00:00.000Z' } },
    now,
  );
  const status = (time: string, taken: number, state: 'scheduled' | 'cancelled' = 'scheduled') =>
    showStatus({ ...show, state }, Date.parse(time), { capacity: 10, taken });
  assert.equal(status('2026-01-15T00:00:00Z', 0), 'scheduled');
  assert.equal(status('2026-02-01T00:00:00Z', 9), 'on_sale');
  assert.equal(status('2026-02-01T00:00:00Z', 10), 'sold_out');
  assert.equal(status('2026-02-20T00:00:00Z', 10), 'closed');
  assert.equal(status('2026-02-20T00:00:00Z', 0, 'cancelled'), 'cancelled');
});

test('a show lasts for the running time, or for two hours where nobody told it', () => {
  const show = showOf(draft, now);
  assert.equal(endOf(show) - Date.parse(startsAt), 90 * 60_000);
  assert.equal(
    endOf({ ...show, movie: { movieId: show.movie.movieId, title: 'Any' } }) - Date.parse(startsAt),
    120 * 60_000,
  );
});

test('time zones are names the runtime knows, not offsets', () => {
  for (const name of ['Europe/London', 'America/New_York', 'UTC']) assert.equal(isTimeZone(name), true, name);
  for (const name of ['Mars/Olympus', '+02:00', '', 'London time']) assert.equal(isTimeZone(name), false, name);
});
