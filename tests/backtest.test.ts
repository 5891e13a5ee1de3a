import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { defaultSettings, type PricingRules } from '../src/contracts/settings.ts';
import type { Backtest } from '../src/operations/backtest.ts';
import { type Booking, type Client, visa } from './support/client.ts';
import { bookingOnce, changeSetting, hasStatus } from './support/operations.ts';
import { newPerson } from './support/people.ts';
import { assertRefused } from './support/refusals.ts';
import { type RunningApp, runApp } from './support/servers.ts';
import { buildVenue, openShow } from './support/venue.ts';

/** A tenth more for every tenth of the seats that are taken, from the first booking on. */
const steep: PricingRules = {
  ...defaultSettings.pricingRules,
  ...{ floorPercent: 50, ceilingPercent: 300, largestStepPercent: 100, timeToShow: [], salesSpeed: [] },
  occupancy: Array.from({ length: 10 }, (_, tenth) => ({ fromPercent: 10 * tenth, addPercent: 10 * tenth })),
};
const flat: PricingRules = { ...steep, occupancy: [] };
const listAmount = 1_000;

let running: RunningApp;
let organizer: Client;
let showId: string;
const sold: Booking[] = [];

const test = async (rules: PricingRules): Promise<Backtest> => {
  const { status, body } = await organizer.post<{ items: Backtest[] }>('/v1/ops/backtests', {
    rules,
    showIds: [showId],
  });
  assert.equal(status, 200, JSON.stringify(body));
  return body.items[0] as Backtest;
};
const itemsOf = (bookings: readonly Booking[]) =>
  bookings.reduce((sum, { total }) => sum + (total?.amount ?? 0) - defaultSettings.bookingFeeMinor, 0);

before(async () => {
  running = await runApp();
  ({ client: organizer } = await newPerson(running, { roles: ['organizer'] }));
  await changeSetting(running, 'pricingRules', steep);
  showId = await openShow(running.admin, await buildVenue(running.admin, { rows: 2, seats: 10 }));
  const ada = await running.anyone.register();
  const book = async (count: number, more: object = {}) => {
    const request = { showId, bestAvailable: { count, priceCategory: 'standard' }, payment: visa, ...more };
    const { body } = await ada.book(request);
    assert.equal(body.status, 'confirmed', JSON.stringify(body));
    return bookingOnce(ada, body.bookingId, ({ tickets }) => tickets.length === count);
  };
  for (const count of [4, 4, 2]) sold.push(await book(count));
  const cancelled = await book(3);
  await ada.post(`/v1/bookings/${cancelled.bookingId}/cancellation`, {}, { key: randomUUID() });
  await bookingOnce(ada, cancelled.bookingId, hasStatus('cancelled'));
  // Above a limit that the list price keeps to, and the price of this moment.
  sold.push(await book(1, { maxTotal: { amount: 2 * listAmount, currency: 'EUR' } }));
});
after(() => running.stop());

describe('a backtest', () => {
  it('with the rules that the show was sold by says what was', async () => {
    const { was, would, refused, movie, currency } = await test(steep);
    assert.deepEqual(would, was);
    assert.deepEqual([refused, movie, currency], [0, 'The Third Man', 'EUR']);
    assert.deepEqual([was.places, was.revenue], [11, itemsOf(sold)]);
    assert.ok(was.changes > 3, `${was.changes}`);
  });

  it('with other rules says what these would have made, and changes nothing', async () => {
    const { was, would } = await test(flat);
    assert.deepEqual([would.places, would.revenue, would.changes], [11, 11 * listAmount, 0]);
    assert.deepEqual(
      would.prices.find(({ category }) => category === 'standard'),
      { category: 'standard', least: listAmount, most: listAmount },
    );
    assert.deepEqual((await test(steep)).was, was);
  });

  it('counts those who had set a limit that the price would have been above as not booked', async () => {
    const occupancy = [{ fromPercent: 0, addPercent: 150 }];
    const dear: PricingRules = { ...steep, largestStepPercent: 1_000, occupancy };
    const { would, refused } = await test(dear);
    assert.deepEqual([refused, would.places, would.revenue], [1, 10, 10 * 2.5 * listAmount]);
  });

  it('is for organizers, about shows there are, with rules that can be', async () => {
    const { client: staff } = await newPerson(running, { roles: ['staff'] });
    const body = { rules: flat, showIds: [showId] };
    assertRefused(await staff.post('/v1/ops/backtests', body), { status: 403, code: 'forbidden' });
    const missing = { rules: flat, showIds: ['shw_00000000-0000-7000-8000-000000000000'] };
    assertRefused(await organizer.post('/v1/ops/backtests', missing), { status: 404, code: 'not_found' });
    assertRefused(await organizer.post('/v1/ops/backtests', { ...body, rules: { ...flat, floorPercent: 120 } }), {
      ...{ status: 422, code: 'validation_failed', pointer: '/rules/floorPercent' },
    });
  });
});
