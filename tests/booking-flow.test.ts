import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { type Booking, type Client, declined, visa } from './support/client.ts';
import { bookingOnce, hasStatus, ledgerOf, moneyKept, seatStates } from './support/operations.ts';
import { newPerson } from './support/people.ts';
import { type RunningApp, runApp } from './support/servers.ts';
import { buildVenue, openShow, type Venue } from './support/venue.ts';

const slow = { method: 'card', token: 'tok_slow_2' } as const;
const free = [
  { name: 'standard', price: { amount: 0, currency: 'EUR' } },
  { name: 'premium', price: { amount: 0, currency: 'EUR' } },
  { name: 'standing', price: { amount: 0, currency: 'EUR' } },
];

describe('from request to ticket', () => {
  let running: RunningApp;
  let admin: Client;
  let ada: Client;
  let venue: Venue;
  let showId: string;

  before(async () => {
    running = await runApp();
    ({ admin } = running);
    ada = await running.anyone.register();
    venue = await buildVenue(admin);
    showId = await openShow(admin, venue);
  });
  after(() => running.stop());

  const pay = (bookingId: string, payment: object, more: object = {}) =>
    ada.post<Booking>(`/v1/bookings/${bookingId}/payments`, payment, { key: randomUUID(), waitSeconds: 20, ...more });
  const statuses = ({ history }: Booking) => history.map(({ status }) => status);

  it('books and pays at once', async () => {
    const { status, body, headers } = await ada.book({ showId, seats: ['S-A-1', 'S-A-2'], payment: visa });
    assert.equal(status, 200);
    assert.equal(headers.get('location'), `/v1/bookings/${body.bookingId}`);
    assert.equal(body.status, 'confirmed');
    assert.deepEqual(body.seats, ['S-A-1', 'S-A-2']);
    assert.deepEqual(body.total, { amount: 2_150, currency: 'EUR' });
    assert.deepEqual(body.payment, { status: 'succeeded', attempts: 1 });
    assert.deepEqual(statuses(body), ['requested', 'awaiting_payment', 'paying', 'confirmed']);
    assert.equal(body.holdExpiresAt, undefined);
    const [charge, ...others] = await ledgerOf(admin, body.bookingId);
    assert.deepEqual([charge?.type, charge?.amount, others], ['charge', body.total, []]);
    const complete = await bookingOnce(ada, body.bookingId, ({ tickets }) => tickets.length === 2);
    assert.match(complete.tickets.join(' '), /^tkt_\S{36} tkt_\S{36}$/);
  });

  it('answers 202 with a Location where nobody waits', async () => {
    const { status, body, headers } = await ada.book({ showId, seats: ['S-A-3'] }, { headers: { prefer: '' } });
    assert.equal(status, 202);
    assert.deepEqual(Object.keys(body).sort(), ['bookingId', 'status']);
    assert.match(body.bookingId, /^bkg_[0-9a-f]{8}-[0-9a-f]{4}-7/);
    assert.equal(headers.get('location'), `/v1/bookings/${body.bookingId}`);
    assert.equal((await ada.booking(body.bookingId)).status, 200, 'what was accepted can be read at once');
  });

  it('holds seats first and takes the payment later', async () => {
    const { status, body } = await ada.book({ showId, seats: ['S-A-4'] });
    assert.deepEqual([status, body.status, body.payment.status], [200, 'awaiting_payment', 'none']);
    assert.equal((await seatStates(ada, showId))[3], 1);
    assert.ok(Date.parse(body.holdExpiresAt ?? '') > Date.now());
    const paid = await pay(body.bookingId, visa);
    assert.deepEqual([paid.status, paid.body.status, paid.body.payment.status], [200, 'confirmed', 'succeeded']);
    assert.equal(paid.headers.get('location'), `/v1/bookings/${body.bookingId}`);
    assert.equal((await seatStates(ada, showId))[3], 2);
  });

  it('keeps the hold after a decline, for another try', async () => {
    const { status, body } = await ada.book({ showId, seats: ['S-A-5'], payment: declined });
    assert.deepEqual([status, body.status, body.payment.status], [200, 'awaiting_payment', 'declined']);
    assert.equal(body.payment.error?.code, 'card_declined');
    const again = await pay(body.bookingId, { method: 'card', token: 'tok_insufficient_funds' });
    assert.deepEqual([again.body.status, again.body.payment.attempts], ['awaiting_payment', 2]);
    assert.equal(again.body.payment.error?.code, 'insufficient_funds');
    const paid = await pay(body.bookingId, visa);
    assert.deepEqual([paid.body.status, paid.body.payment], ['confirmed', { status: 'succeeded', attempts: 3 }]);
    assert.equal(await moneyKept(admin, body.bookingId), 1_150);
  });

  it('rejects after the third decline, and the seats are free again', async () => {
    const { body } = await ada.book({ showId, seats: ['S-A-6'], payment: declined });
    await pay(body.bookingId, declined);
    const last = await pay(body.bookingId, declined);
    assert.deepEqual([last.status, last.body.status, last.body.reason], [200, 'rejected', 'payment_declined']);
    assert.deepEqual([last.body.payment.status, last.body.payment.attempts], ['declined', 3]);
    const other = await ada.book({ showId, seats: ['S-A-6'] });
    assert.equal(other.body.status, 'awaiting_payment', 'whoever asks next gets the seat');
    const late = await pay(body.bookingId, visa);
    assert.deepEqual([late.status, late.body.code], [409, 'conflict']);
    assert.equal(await moneyKept(admin, body.bookingId), 0);
  });

  it('refuses a second payment while a charge is open', async () => {
    const { body } = await ada.book({ showId, seats: ['S-A-7'] });
    const first = await pay(body.bookingId, slow, { waitSeconds: 0 });
    assert.equal(first.status, 202);
    const second = await pay(body.bookingId, visa, { waitSeconds: 0 });
    assert.deepEqual([second.status, second.body.code], [409, 'conflict']);
    const confirmed = await bookingOnce(ada, body.bookingId, hasStatus('confirmed'));
    assert.equal(confirmed.payment.attempts, 1);
    assert.equal((await ledgerOf(admin, body.bookingId)).length, 1);
  });

  it('takes a payment that comes while seats are still being asked for', async () => {
    const accepted = await ada.book({ showId, seats: ['S-A-8'] }, { waitSeconds: 0 });
    const paid = await pay(accepted.body.bookingId, visa);
    assert.deepEqual([paid.status, paid.body.status], [200, 'confirmed']);
  });

  it('confirms a free show without a charge, whether or not a payment was sent', async () => {
    const freeShow = await openShow(admin, venue, { priceCategories: free });
    const without = await ada.book({ showId: freeShow, seats: ['S-A-1'] });
    assert.deepEqual([without.status, without.body.status], [200, 'confirmed']);
    assert.deepEqual(without.body.payment, { status: 'none', attempts: 0 });
    const sent = await ada.book({ showId: freeShow, seats: ['S-A-2'], payment: visa });
    assert.deepEqual([sent.body.status, sent.body.payment.status], ['confirmed', 'none']);
    for (const { body } of [without, sent]) {
      assert.deepEqual(await ledgerOf(admin, body.bookingId), []);
      await bookingOnce(ada, body.bookingId, ({ tickets }) => tickets.length === 1);
    }
  });

  it('finds a lost charge by looking it up, within ten seconds', { timeout: 12_000 }, async () => {
    const started = performance.now();
    const { status, body } = await ada.book({
      showId,
      seats: ['S-B-1'],
      payment: { method: 'card', token: 'tok_lost' },
    });
    assert.deepEqual([status, body.status], [200, 'confirmed']);
    assert.ok(performance.now() - started < 10_000);
    assert.equal((await ledgerOf(admin, body.bookingId)).length, 1);
  });

  it('tries again where the provider answers 500, without counting attempts', async () => {
    const { body } = await ada.book({ showId, seats: ['S-B-2'], payment: { method: 'card', token: 'tok_error' } });
    assert.deepEqual([body.status, body.payment.attempts], ['confirmed', 1]);
    assert.equal((await ledgerOf(admin, body.bookingId)).length, 1);
    const path = `/v1/ops/bookings/${body.bookingId}/timeline`;
    const { entries } = (await admin.get<{ entries: readonly { type: string; says: string }[] }>(path)).body;
    assert.equal(
      entries.find(({ type }) => type === 'PaymentSucceeded')?.says,
      '€11.50 captured by sandbox after 2 retries.',
    );
  });

  it('answers the same request again like the first time, with the booking as it is now', async () => {
    const key = randomUUID();
    const request = { showId, seats: ['S-B-3'] };
    const first = await ada.book(request, { key, waitSeconds: 0 });
    await pay(first.body.bookingId, visa);
    const again = await ada.book(request, { key, waitSeconds: 0 });
    assert.deepEqual([again.status, again.headers.get('location')], [202, first.headers.get('location')]);
    assert.deepEqual(again.body, { bookingId: first.body.bookingId, status: 'confirmed' });
    const waiting = await ada.book(request, { key });
    assert.deepEqual([waiting.status, waiting.body.status], [200, 'confirmed']);
    const reused = await ada.book({ ...request, seats: ['S-B-4'] }, { key });
    assert.deepEqual([reused.status, reused.body.code], [422, 'idempotency_key_reused']);
    const somebodyElse = await (await running.anyone.register()).book({ showId, seats: ['S-B-4'] }, { key });
    assert.deepEqual(
      [somebodyElse.status, somebodyElse.body.status],
      [200, 'awaiting_payment'],
      'keys are one person’s own',
    );
  });

  it('answers the same request again at once while another payment is under way', async () => {
    const slow = { method: 'card', token: 'tok_slow_60' };
    const asked = [
      { showId, seats: ['S-D-1'] },
      { showId, seats: ['S-D-2'], payment: declined },
    ];
    for (const request of asked) {
      const key = randomUUID();
      const first = await ada.book(request, { key });
      assert.deepEqual([first.status, first.body.status], [200, 'awaiting_payment']);
      await pay(first.body.bookingId, slow, { waitSeconds: 0 });
      await bookingOnce(ada, first.body.bookingId, ({ status }) => status === 'paying');
      const again = await ada.book(request, { key, waitSeconds: 1 });
      assert.deepEqual([again.status, again.body.status], [200, 'paying'], JSON.stringify(request));
    }
  });

  it('is not paid for by an organizer, who may read it all the same', async () => {
    const { body } = await ada.book({ showId, seats: ['S-D-3'] });
    const { client: organizer } = await newPerson(running, { roles: ['customer', 'organizer'] });
    assert.equal((await organizer.booking(body.bookingId)).status, 200);
    const path = `/v1/bookings/${body.bookingId}/payments`;
    const refused = await organizer.post<Booking>(path, visa, { key: randomUUID() });
    assert.deepEqual([refused.status, refused.body.code], [403, 'forbidden']);
    const other = await running.anyone.register();
    const unseen = await other.post<Booking>(path, visa, { key: randomUUID() });
    assert.deepEqual([unseen.status, unseen.body.code], [404, 'not_found'], 'nobody else learns that it is there');
  });

  it('charges once however often the same payment is sent', async () => {
    const { body } = await ada.book({ showId, seats: ['S-B-5'] });
    const key = randomUUID();
    const answers = [await pay(body.bookingId, visa, { key }), await pay(body.bookingId, visa, { key })];
    assert.deepEqual(
      answers.map((each) => [each.status, each.body.status]),
      [
        [200, 'confirmed'],
        [200, 'confirmed'],
      ],
    );
    const reused = await pay(body.bookingId, declined, { key });
    assert.deepEqual([reused.status, reused.body.code], [422, 'idempotency_key_reused']);
    assert.equal((await ledgerOf(admin, body.bookingId)).length, 1);
  });

  it('lets one of many equal requests at once in', async () => {
    const key = randomUUID();
    const request = { showId, seats: ['S-B-6'] };
    const answers = await Promise.all(Array.from({ length: 20 }, () => ada.book(request, { key, waitSeconds: 0 })));
    const accepted = answers.filter(({ status }) => status === 202);
    assert.ok(accepted.length >= 1);
    assert.equal(new Set(accepted.map(({ body }) => body.bookingId)).size, 1);
    for (const { status, body } of answers) {
      assert.ok(status === 202 || (status === 409 && body.code === 'request_in_progress'), `${status} ${body.code}`);
    }
  });

  it('lists one’s own bookings, the newest first, page by page', async () => {
    const grace = await running.anyone.register();
    const made: string[] = [];
    for (const seat of ['S-C-1', 'S-C-2', 'S-C-3'])
      made.push((await grace.book({ showId, seats: [seat] })).body.bookingId);
    const first = await grace.get<{ items: Booking[]; nextCursor: string | null }>('/v1/bookings?limit=2');
    assert.deepEqual(
      first.body.items.map(({ bookingId }) => bookingId),
      [made[2], made[1]],
    );
    const rest = await grace.get<typeof first.body>(`/v1/bookings?limit=2&cursor=${first.body.nextCursor}`);
    assert.deepEqual([rest.body.items.map(({ bookingId }) => bookingId), rest.body.nextCursor], [[made[0]], null]);
  });
});
