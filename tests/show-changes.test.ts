import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { type Booking, type Client, eventually, visa } from './support/client.ts';
import { bookingOnce, hasStatus, messagesAbout, moneyKept, seatStates } from './support/operations.ts';
import { newPerson } from './support/people.ts';
import { type RunningApp, runApp } from './support/servers.ts';
import { buildVenue, openShow, type Venue } from './support/venue.ts';

interface Tickets {
  readonly items: readonly { readonly status: string; readonly showStartsAt: string; readonly showLocalTime: string }[];
}
/** More than the booking service reads of a show at once. */
const bookings = 210;

let running: RunningApp;
let admin: Client;
let organizer: Client;
let ada: Client;
let venue: Venue;

before(async () => {
  running = await runApp();
  ({ admin } = running);
  organizer = (await newPerson(running, { roles: ['customer', 'organizer'] })).client;
  ada = (await newPerson(running, { phone: '+15551234567' })).client;
  venue = await buildVenue(admin, { rows: 15, seats: 20 });
});
after(() => running.stop());

const cancelShow = (showId: string, more: object = {}) =>
  organizer.call<{ showId: string; status: string; code?: string }>('POST', `/v1/shows/${showId}/cancellation`, {
    key: randomUUID(),
    ...more,
  });

describe('a show that is cancelled', () => {
  it('takes all of its bookings along and gives all money back, page by page', async () => {
    const showId = await openShow(admin, venue, { refundPolicy: { untilMinutesBefore: 60, feePercent: 50 } });
    const request = { showId, bestAvailable: { count: 1 } };
    const paid = await Promise.all(Array.from({ length: bookings }, () => ada.book({ ...request, payment: visa })));
    const unpaid = await ada.book({ ...request, bestAvailable: { count: 2 } });
    const slow = await ada.book({ ...request, payment: { method: 'card', token: 'tok_slow_2' } }, { waitSeconds: 0 });
    await bookingOnce(ada, slow.body.bookingId, hasStatus('paying'));
    assert.ok(paid.every(({ body }) => body.status === 'confirmed'));

    const { status, body } = await cancelShow(showId, { body: { reason: 'the projector is broken' } });
    assert.deepEqual([status, body], [202, { showId, status: 'cancelled' }]);
    const isUndone = (booking: Booking) => booking.status === 'cancelled' && booking.refund?.status === 'succeeded';
    for (const { body: booking } of [...paid, slow]) {
      const undone = await bookingOnce(ada, booking.bookingId, isUndone);
      assert.deepEqual(undone.refund?.amount, booking.total ?? undone.total, 'in full, whatever the policy');
    }
    const rejected = await bookingOnce(ada, unpaid.body.bookingId, hasStatus('rejected'));
    assert.equal(rejected.reason, 'show_cancelled');
    for (const { body: booking } of [...paid, unpaid, slow]) assert.equal(await moneyKept(admin, booking.bookingId), 0);
    const tickets = () => ada.get<Tickets>(`/v1/bookings/${paid[0]?.body.bookingId}/tickets`);
    await eventually(tickets, ({ body: { items } }) => items.length === 1 && items[0]?.status === 'void');
    await eventually(
      () => seatStates(ada, showId),
      (states) => states.every((state) => state === 0),
    );
  });

  it('is as good as cancelled where it was withdrawn in the moment in which it was booked', async () => {
    const showId = await openShow(admin, venue);
    const catalog = running.app.hosts.find(({ definition }) => definition.name === 'catalog');
    const gate = Promise.withResolvers<void>();
    // The catalogue has not heard of the booking yet.
    const held = catalog?.loop.betweenBatches(() => gate.promise);
    const { body } = await ada.book({ showId, bestAvailable: { count: 1 }, payment: visa });
    assert.equal(body.status, 'confirmed');
    assert.equal((await organizer.call('DELETE', `/v1/shows/${showId}`)).status, 204);
    gate.resolve();
    await held;
    const undone = await bookingOnce(ada, body.bookingId, ({ refund }) => refund?.status === 'succeeded');
    assert.equal(undone.status, 'cancelled');
    assert.equal(await moneyKept(admin, body.bookingId), 0);
  });

  it('sells nothing any more, and may be cancelled again', async () => {
    const showId = await openShow(admin, venue);
    const key = randomUUID();
    const first = await cancelShow(showId, { key });
    assert.equal(first.status, 202, 'a body is not needed');
    assert.equal((await ada.get<{ status: string }>(`/v1/shows/${showId}`)).body.status, 'cancelled');
    const answer = await eventually(
      () => ada.book({ showId, seats: ['S-A-1'] }),
      ({ body }) => body.status === 'rejected',
    );
    assert.equal(answer.body.reason, 'show_cancelled');
    for (const again of [await cancelShow(showId, { key }), await cancelShow(showId, { body: {} })]) {
      assert.deepEqual([again.status, again.headers.get('location')], [202, first.headers.get('location')]);
    }
    const keyless = await cancelShow(showId, { key: undefined, body: {} });
    assert.deepEqual([keyless.status, keyless.body.code], [400, 'idempotency_key_missing']);
    const notYours = await ada.call('POST', `/v1/shows/${showId}/cancellation`, { key: randomUUID(), body: {} });
    assert.equal(notYours.status, 403);
    const changed = await organizer.call('PATCH', `/v1/shows/${showId}`, { body: { seatsPerCustomerMax: 3 } });
    assert.deepEqual([changed.status, changed.body['code']], [409, 'conflict']);
  });
});

describe('a show that is moved', () => {
  const policy = { untilMinutesBefore: 527_040, feePercent: 50 };
  const move = async (showId: string) => {
    const { body } = await ada.get<{ startsAt: string }>(`/v1/shows/${showId}`);
    const startsAt = new Date(Date.parse(body.startsAt) + 2 * 3_600_000).toISOString();
    const { status } = await organizer.call('PATCH', `/v1/shows/${showId}`, { body: { startsAt } });
    assert.equal(status, 200);
    return startsAt;
  };
  const cancel = (bookingId: string) =>
    ada.post<Booking>(`/v1/bookings/${bookingId}/cancellation`, {}, { key: randomUUID(), waitSeconds: 20 });

  it('is told to everybody who has booked it, once on each channel', async () => {
    const showId = await openShow(admin, venue);
    const { body } = await ada.book({ showId, seats: ['S-A-1'], payment: visa });
    const { body: held } = await ada.book({ showId, seats: ['S-A-2'] });
    await bookingOnce(ada, body.bookingId, ({ tickets }) => tickets.length === 1);
    const startsAt = await move(showId);
    const told = await eventually(
      async () => (await messagesAbout(admin, body.bookingId)).filter(({ kind }) => kind === 'show_changed'),
      (messages) => messages.length >= 2,
    );
    assert.deepEqual(told.map(({ channel }) => channel).sort(), ['email', 'sms']);
    assert.match(told[0]?.subject ?? '', /Your show has changed: The Third Man/);
    const inLondon = new Intl.DateTimeFormat('en', {
      dateStyle: 'full',
      timeStyle: 'short',
      timeZone: 'Europe/London',
    });
    assert.ok(told.every(({ text }) => text.includes(inLondon.format(Date.parse(startsAt)))));
    const { body: tickets } = await ada.get<Tickets>(`/v1/bookings/${body.bookingId}/tickets`);
    assert.deepEqual(
      tickets.items.map((each) => [each.status, each.showStartsAt]),
      [['valid', startsAt]],
    );
    assert.equal((await ada.booking(held.bookingId)).body.status, 'awaiting_payment');
    await ada.post(`/v1/bookings/${held.bookingId}/payments`, visa, { key: randomUUID(), waitSeconds: 20 });
    const later = await eventually(
      async () => (await messagesAbout(admin, held.bookingId)).filter(({ kind }) => kind === 'show_changed'),
      (messages) => messages.length >= 2,
    );
    assert.deepEqual(
      later.map(({ channel }) => channel).sort(),
      ['email', 'sms'],
      'who pays after the move is told, too',
    );
  });

  it('is one that takes place in another theatre, for those who have booked it', async () => {
    const elsewhere = await buildVenue(admin);
    const showId = await openShow(admin, venue);
    const { body } = await ada.book({ showId, seats: ['S-A-1'], payment: visa });
    await bookingOnce(ada, body.bookingId, ({ tickets }) => tickets.length === 1);
    const changes = { screenId: elsewhere.screenId, seatPlanId: venue.seatPlanId };
    const patch = () => organizer.call('PATCH', `/v1/shows/${showId}`, { body: changes });
    assert.equal((await patch()).status, 200);
    const told = await eventually(
      async () => (await messagesAbout(admin, body.bookingId)).filter(({ kind }) => kind === 'show_changed'),
      (messages) => messages.length >= 2,
    );
    assert.equal(told.length, 2);
  });

  it('may be given back free of charge by who booked before, by its policy by who booked after', async () => {
    const showId = await openShow(admin, venue, { refundPolicy: policy });
    const { body: early } = await ada.book({ showId, seats: ['S-A-1'], payment: visa });
    const closed = await cancel(early.bookingId);
    assert.deepEqual([closed.status, closed.body.code], [409, 'cancellation_closed']);
    await move(showId);
    const { body: late } = await ada.book({ showId, seats: ['S-A-2'], payment: visa });
    const open = await eventually(
      () => cancel(early.bookingId),
      ({ status }) => status === 200,
    );
    assert.equal(open.body.status, 'cancelled');
    const refunded = await bookingOnce(ada, early.bookingId, ({ refund }) => refund?.status === 'succeeded');
    assert.equal(refunded.refund?.amount.amount, 1_150);
    const stillClosed = await cancel(late.bookingId);
    assert.deepEqual([stillClosed.status, stillClosed.body.code], [409, 'cancellation_closed']);
  });

  it('keeps its plan and its currency once something was sold', async () => {
    const showId = await openShow(admin, venue);
    await ada.book({ showId, seats: ['S-A-1'], payment: visa });
    const other = await buildVenue(admin);
    const dollars = [
      { name: 'standard', price: { amount: 1, currency: 'USD' } },
      { name: 'premium', price: { amount: 1, currency: 'USD' } },
      { name: 'standing', price: { amount: 1, currency: 'USD' } },
    ];
    for (const change of [{ seatPlanId: other.seatPlanId }, { priceCategories: dollars }]) {
      const answer = await eventually(
        () => organizer.call('PATCH', `/v1/shows/${showId}`, { body: change }),
        ({ status }) => status !== 200,
      );
      assert.deepEqual([answer.status, answer.body['code']], [409, 'conflict'], JSON.stringify(change));
    }
    const withdrawn = await organizer.call('DELETE', `/v1/shows/${showId}`);
    assert.deepEqual([withdrawn.status, withdrawn.body['code']], [409, 'conflict']);
  });
});

describe('a show that goes to another screen', () => {
  it('is on the tickets where it is now', async () => {
    const showId = await openShow(admin, venue);
    const { body: booking } = await ada.book({ showId, bestAvailable: { count: 1 }, payment: visa });
    const { theatreId, seatPlanId } = venue;
    const screen = await admin.post<{ screenId: string }>('/v1/screens', { theatreId, number: 77, seatPlanId });
    const change = { body: { screenId: screen.body.screenId } };
    assert.equal((await organizer.call('PATCH', `/v1/shows/${showId}`, change)).status, 200);
    const tickets = () => ada.get<{ items: { screenNumber: number }[] }>(`/v1/bookings/${booking.bookingId}/tickets`);
    await eventually(tickets, ({ body: { items } }) => items[0]?.screenNumber === 77);
  });
});
