import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Client, declined, eventually, visa } from './support/client.ts';
import { seatStates } from './support/operations.ts';
import { newPerson } from './support/people.ts';
import { assertRefused } from './support/refusals.ts';
import { type RunningApp, runApp } from './support/servers.ts';
import { buildVenue, openShow, type Venue } from './support/venue.ts';

/** What only the show or its plan can judge: accepted, and `rejected` with its reason; the seat map stays as it was. */

let running: RunningApp;
let buyer: Client;
let venue: Venue;
const shows: Record<string, string> = {};

before(async () => {
  running = await runApp();
  const { admin } = running;
  buyer = (await newPerson(running)).client;
  venue = await buildVenue(admin, { rows: 2, seats: 10 });
  const other = await buildVenue(admin, { rows: 6, seats: 10 });
  const closesAt = new Date(Date.now() + 1_500).toISOString();
  shows['open'] = await openShow(admin, venue);
  shows['other hall'] = await openShow(admin, other);
  shows['over'] = await openShow(admin, venue, { sales: { closesAt } });
  shows['later'] = await openShow(admin, venue, {
    sales: { opensAt: new Date(Date.now() + 86_400_000).toISOString() },
  });
  shows['cancelled'] = await openShow(admin, venue);
  shows['unknown'] = 'shw_00000000-0000-7000-8000-000000000000';
  await admin.post(`/v1/shows/${shows['cancelled']}/cancellation`, {}, { key: 'cancel' });
  await eventually(
    () => admin.get(`/v1/shows/${shows['over']}`),
    ({ body }) => body['status'] === 'closed',
  );
  await buyer.book({ showId: shows['open'], seats: ['S-A-1'], payment: visa });
});
after(() => running.stop());

type Row = readonly [name: string, show: string, wish: Record<string, unknown>, reason: string];

const rows: readonly Row[] = [
  ['a seat that is not there', 'open', { seats: ['S-A-99'] }, 'seat_unknown'],
  ['a seat of another hall', 'open', { seats: ['S-A-2', 'S-F-1'] }, 'seat_unknown'],
  ['a seat with a zero before its number', 'open', { seats: ['S-A-02'] }, 'seat_unknown'],
  ['a seat in other letters', 'open', { seats: ['s-a-2'] }, 'seat_unknown'],
  ['seats of which one is sold', 'open', { seats: ['S-A-1', 'S-A-2', 'S-A-3'] }, 'seats_unavailable'],
  ['an area that is not there', 'open', { areas: [{ area: 'ROOF', count: 1 }] }, 'seat_unknown'],
  [
    'a category that is not there',
    'open',
    { bestAvailable: { count: 1, priceCategory: 'royal' } },
    'seats_unavailable',
  ],
  [
    'more accessible seats than there are',
    'open',
    { bestAvailable: { count: 9, accessible: true } },
    'seats_unavailable',
  ],
  ['a show that nobody knows', 'unknown', { seats: ['S-A-2'] }, 'show_not_found'],
  ['a show that is over', 'over', { seats: ['S-A-2'] }, 'sales_closed'],
  ['a show not yet on sale', 'later', { seats: ['S-A-2'] }, 'sales_closed'],
  ['a show that was cancelled', 'cancelled', { seats: ['S-A-2'] }, 'show_cancelled'],
  [
    'seats for less than they cost',
    'open',
    { seats: ['S-A-2'], maxTotal: { amount: 1, currency: 'EUR' } },
    'price_changed',
  ],
  [
    'seats in another currency',
    'open',
    { seats: ['S-A-2'], maxTotal: { amount: 99_999, currency: 'USD' } },
    'price_changed',
  ],
];

describe('a booking that its show refuses', async () => {
  for (const [name, show, wish, reason] of rows) {
    await it(`ends as ${reason}: ${name}`, async () => {
      const showId = shows[show] ?? '';
      const known = show !== 'unknown';
      const seats = known ? await seatStates(buyer, showId) : [];
      const { status, body } = await buyer.book({ showId, ...wish, payment: visa });
      assert.equal(status, 200, JSON.stringify(body));
      assert.deepEqual([body.status, body.reason], ['rejected', reason]);
      assert.equal(body.payment.status, 'none');
      assert.deepEqual(body.tickets, []);
      if (!known) return;
      const isBack = (states: readonly number[]) => JSON.stringify(states) === JSON.stringify(seats);
      await eventually(() => seatStates(buyer, showId), isBack);
    });
  }
});

describe('a category that no hall has', async () => {
  await it('is refused where it is an address or no name: what is asked for is kept, also when its customer is erased', async () => {
    const refused = { status: 422, code: 'validation_failed', pointer: '/bestAvailable/priceCategory' };
    for (const priceCategory of [
      'ada@example.org',
      'see ada@example.org',
      'stalls\u001b[2J',
      'stalls\u202e',
      'a\r\nb',
    ]) {
      const bestAvailable = { count: 1, priceCategory };
      for (const more of [{ payment: visa }, { waitForSeats: {} }])
        assertRefused(await buyer.book({ showId: shows['open'], bestAvailable, ...more }), refused);
    }
  });
});

describe('payments and cancellations that cannot be', async () => {
  const missing = '/v1/bookings/bkg_00000000-0000-7000-8000-000000000000';
  const gone = { status: 404, code: 'not_found' };
  const wrong = (pointer: string) => ({ status: 422, code: 'validation_failed', pointer });

  await it('refuses to pay for what is not there, with what is no payment, and twice', async () => {
    assertRefused(await buyer.post(`${missing}/payments`, visa, { key: 'p0' }), gone);
    const { body } = await buyer.book({ showId: shows['open'], seats: ['S-A-4'] });
    const path = `/v1/bookings/${body.bookingId}/payments`;
    assertRefused(await buyer.post(path, {}, { key: 'p1' }), wrong('/method'));
    assertRefused(await buyer.post(path, { ...visa, token: '' }, { key: 'p2' }), wrong('/token'));
    assertRefused(await buyer.post(path, { ...visa, token: 'tok_free' }, { key: 'p3' }), wrong('/token'));
    assertRefused(await buyer.post(path, { ...visa, amount: 1 }, { key: 'p4' }), wrong('/amount'));
    assertRefused(await buyer.post(path, visa), { status: 400, code: 'idempotency_key_missing' });
    const refused = await buyer.post(path, declined, { key: 'p5', waitSeconds: 20 });
    assert.equal(refused.body['status'], 'awaiting_payment');
    const paid = await buyer.post(path, visa, { key: 'p6', waitSeconds: 20 });
    assert.equal(paid.body['status'], 'confirmed');
    assertRefused(await buyer.post(path, visa, { key: 'p7' }), { status: 409, code: 'conflict' });
    assertRefused(await buyer.post(path, declined, { key: 'p6' }), { status: 422, code: 'idempotency_key_reused' });
  });

  await it('refuses to cancel what is not there or has ended, and with wrong fields', async () => {
    assertRefused(await buyer.post(`${missing}/cancellation`, {}, { key: 'c0' }), gone);
    const { body } = await buyer.book({ showId: shows['open'], seats: ['S-A-5'] });
    const path = `/v1/bookings/${body.bookingId}/cancellation`;
    assertRefused(await buyer.post(path, { reason: 5 }, { key: 'c1' }), wrong('/reason'));
    assertRefused(await buyer.post(path, { reason: 'x'.repeat(501) }, { key: 'c2' }), wrong('/reason'));
    assertRefused(await buyer.post(path, { refund: 5 }, { key: 'c3' }), wrong('/refund'));
    assertRefused(await buyer.post(path, { seats: ['S-A-5'] }, { key: 'c4' }), { status: 403, code: 'forbidden' });
    const rejected = await buyer.book({ showId: shows['open'], seats: ['S-A-99'] });
    const late = await buyer.post(`/v1/bookings/${rejected.body.bookingId}/cancellation`, {}, { key: 'c5' });
    assertRefused(late, { status: 409, code: 'conflict' });
  });

  await it('refuses quotes for what cannot be bought', async () => {
    const quote = (show: string, body: unknown) => buyer.post(`/v1/shows/${shows[show]}/quotes`, body);
    assertRefused(await quote('open', { seats: ['S-A-99'] }), wrong('/seats/0'));
    assertRefused(await quote('open', { seats: [] }), wrong('/seats'));
    assertRefused(await quote('open', { seats: ['S-A-6', 'S-A-6'] }), wrong('/seats/1'));
    assertRefused(await quote('open', { seats: ['S-A-6'], price: 1 }), wrong('/price'));
    assertRefused(await quote('over', { seats: ['S-A-6'] }), { status: 409, code: 'conflict' });
    assertRefused(await quote('cancelled', { seats: ['S-A-6'] }), { status: 409, code: 'conflict' });
    assertRefused(await quote('unknown', { seats: ['S-A-6'] }), gone);
  });

  await it('refuses a quote for other seats, for another show, and one that was altered', async () => {
    const { body } = await buyer.post<{ quote: string }>(`/v1/shows/${shows['open']}/quotes`, { seats: ['S-A-6'] });
    const { quote } = body;
    const book = (request: Record<string, unknown>) => buyer.book({ showId: shows['open'], quote, ...request });
    assertRefused(await book({ seats: ['S-A-7'] }), wrong('/seats'));
    assertRefused(await book({ showId: shows['other hall'] }), wrong('/quote'));
    const at = Math.floor(quote.length / 2);
    const altered = quote.slice(0, at) + (quote[at] === 'A' ? 'B' : 'A') + quote.slice(at + 1);
    assertRefused(await book({ quote: altered }), wrong('/quote'));
  });
});
