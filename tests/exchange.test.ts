import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { bookingNumber } from '../src/contracts/rules/booking-number.ts';
import { brokenPromises } from './support/audit.ts';
import { type Booking, type Client, declined, eventually, visa } from './support/client.ts';
import { bookingOnce, hasStatus, moneyKept, seatStates } from './support/operations.ts';
import { type Refused, refusal } from './support/refusals.ts';
import { type RunningApp, runApp } from './support/servers.ts';
import { buildVenue, openShow, type Venue } from './support/venue.ts';

interface Timeline {
  readonly entries: readonly { readonly type: string; readonly says: string }[];
}

describe('a booking that is exchanged for another', () => {
  let running: RunningApp;
  let admin: Client;
  let venue: Venue;
  let fridayId: string;
  let saturdayId: string;

  before(async () => {
    running = await runApp();
    ({ admin } = running);
    venue = await buildVenue(admin);
    [fridayId, saturdayId] = [await openShow(admin, venue), await openShow(admin, venue)];
  });
  after(() => running.stop());

  /** Somebody with a confirmed booking and its tickets. */
  async function somebodyWith(seats: readonly string[], showId = fridayId) {
    const client = await running.anyone.register();
    const { body } = await client.book({ showId, seats, payment: visa });
    await bookingOnce(client, body.bookingId, ({ tickets }) => tickets.length === seats.length);
    return { client, bookingId: body.bookingId };
  }

  it('is cancelled and refunded once the other one is confirmed', async () => {
    const { client, bookingId } = await somebodyWith(['S-A-1', 'S-A-2']);
    const { status, body } = await client.book({
      ...{ showId: saturdayId, seats: ['S-A-1', 'S-A-2'], payment: visa, replaces: bookingId },
    });
    assert.deepEqual([status, body.status, body.replaces], [200, 'confirmed', bookingId]);
    const before = await bookingOnce(client, bookingId, ({ refund }) => refund?.status === 'succeeded');
    assert.deepEqual([before.status, before.refund?.amount.amount], ['cancelled', before.total?.amount]);
    assert.equal(await moneyKept(admin, bookingId), 0);
    await eventually(
      () => seatStates(client, fridayId),
      (states) => states[0] === 0 && states[1] === 0,
    );
    await bookingOnce(client, body.bookingId, ({ tickets }) => tickets.length === 2);
  });

  it('says so in the timelines of both', async () => {
    const { client, bookingId } = await somebodyWith(['S-A-3']);
    const { body } = await client.book({ showId: saturdayId, seats: ['S-A-3'], payment: visa, replaces: bookingId });
    await bookingOnce(client, bookingId, hasStatus('cancelled'));
    const saysOf = async (id: string) => {
      const timeline = await admin.get<Timeline>(`/v1/ops/bookings/${id}/timeline`);
      return timeline.body.entries.map(({ says }) => says).join('\n');
    };
    assert.match(await saysOf(body.bookingId), new RegExp(`in exchange for booking ${bookingNumber(bookingId)}`));
    assert.match(await saysOf(bookingId), new RegExp(`exchanged for booking ${bookingNumber(body.bookingId)}`));
  });

  it('stays as it is where the other one is not to be had, or not paid for', async () => {
    const { client, bookingId } = await somebodyWith(['S-A-4']);
    const other = await somebodyWith(['S-B-1'], saturdayId);
    const rejected = await client.book({
      showId: saturdayId,
      seats: ['S-B-1'],
      payment: visa,
      replaces: bookingId,
    });
    assert.deepEqual([rejected.body.status, rejected.body.reason], ['rejected', 'seats_unavailable']);
    const unpaid = await client.book({ showId: saturdayId, seats: ['S-B-2'], payment: declined, replaces: bookingId });
    assert.equal(unpaid.body.status, 'awaiting_payment');
    assert.equal((await client.booking(bookingId)).body.status, 'confirmed');
    const cancellation = await client.post<Booking>(
      `/v1/bookings/${unpaid.body.bookingId}/cancellation`,
      {},
      { key: randomUUID(), waitSeconds: 20 },
    );
    assert.equal(cancellation.body.status, 'cancelled');
    assert.equal((await client.booking(bookingId)).body.status, 'confirmed');
    assert.equal((await other.client.booking(other.bookingId)).body.status, 'confirmed');
  });

  it('is cancelled when the other one is paid for later', async () => {
    const { client, bookingId } = await somebodyWith(['S-A-5']);
    const { body } = await client.book({ showId: saturdayId, seats: ['S-B-3'], replaces: bookingId });
    assert.deepEqual([body.status, body.replaces], ['awaiting_payment', bookingId]);
    await client.post(`/v1/bookings/${body.bookingId}/payments`, visa, { key: randomUUID(), waitSeconds: 20 });
    await bookingOnce(client, bookingId, ({ refund }) => refund?.status === 'succeeded');
  });

  it('may be one of the same show', async () => {
    const { client, bookingId } = await somebodyWith(['S-C-1']);
    const { body } = await client.book({ showId: fridayId, seats: ['S-C-2'], payment: visa, replaces: bookingId });
    assert.equal(body.status, 'confirmed');
    await bookingOnce(client, bookingId, ({ refund }) => refund?.status === 'succeeded');
  });

  it('is exchanged once, however often the request is repeated', async () => {
    const { client, bookingId } = await somebodyWith(['S-C-3']);
    const request = { showId: saturdayId, seats: ['S-C-3'], payment: visa, replaces: bookingId };
    const key = randomUUID();
    const first = await client.post<Booking>('/v1/bookings', request, { key, waitSeconds: 20 });
    await bookingOnce(client, bookingId, hasStatus('cancelled'));
    const again = await client.post<Booking>('/v1/bookings', request, { key, waitSeconds: 20 });
    assert.deepEqual([again.status, again.body.bookingId], [200, first.body.bookingId]);
    const another = await client.post<Refused>('/v1/bookings', { ...request, seats: ['S-C-4'] }, { key: randomUUID() });
    assert.deepEqual(refusal(another), [409, 'conflict']);
  });

  it('is kept, beside the other one, where somebody has gone in with it meanwhile', async () => {
    const { client, bookingId } = await somebodyWith(['S-E-1']);
    const { body } = await client.book({ showId: saturdayId, seats: ['S-E-1'], replaces: bookingId });
    const tickets = await client.get<{ readonly items: readonly { readonly code: string }[] }>(
      `/v1/bookings/${bookingId}/tickets`,
    );
    const admission = { code: tickets.body.items[0]?.code, gate: 'north', showId: fridayId };
    assert.equal((await admin.post('/v1/check-ins', admission)).status, 200);
    const paid = await client.post<Booking>(`/v1/bookings/${body.bookingId}/payments`, visa, {
      ...{ key: randomUUID(), waitSeconds: 20 },
    });
    assert.equal(paid.body.status, 'confirmed');
    const refused = await eventually(
      () => admin.get<Timeline>(`/v1/ops/bookings/${bookingId}/timeline`),
      (timeline) => timeline.body.entries.some(({ type }) => type === 'BookingCancellationRefused'),
    );
    assert.ok(refused.body.entries.every(({ type }) => type !== 'BookingCancelled'));
    assert.equal((await client.booking(bookingId)).body.status, 'confirmed');
  });

  it('is refused where it is somebody else’s, unknown, or is to be given up for seats that are waited for', async () => {
    const { client, bookingId } = await somebodyWith(['S-C-5']);
    const stranger = await running.anyone.register();
    const request = { showId: saturdayId, seats: ['S-D-1'], payment: visa };
    const ask = (by: Client, more: object) =>
      by.post<Refused>('/v1/bookings', { ...request, ...more }, { key: randomUUID(), waitSeconds: 20 });
    for (const [by, more] of [
      [stranger, { replaces: bookingId }],
      [admin, { replaces: bookingId }],
      [client, { replaces: 'bkg_01900000-0000-7000-8000-000000000001' }],
      [client, { replaces: bookingId, seats: undefined, bestAvailable: { count: 1 }, waitForSeats: {} }],
    ] as const) {
      const { status, body } = await ask(by, more);
      assert.deepEqual([status, body.errors?.map(({ pointer }) => pointer)], [422, ['/replaces']]);
    }
    assert.equal((await client.booking(bookingId)).body.status, 'confirmed');
  });

  it('is refused while it could not be cancelled either: nobody ends with two', async () => {
    const late = await openShow(admin, venue, {
      refundPolicy: { untilMinutesBefore: 366 * 24 * 60, feePercent: 0 },
    });
    const { client, bookingId } = await somebodyWith(['S-A-1'], late);
    const answer = await client.post<Refused>(
      '/v1/bookings',
      { showId: saturdayId, seats: ['S-D-2'], payment: visa, replaces: bookingId },
      { key: randomUUID(), waitSeconds: 20 },
    );
    assert.deepEqual(refusal(answer), [409, 'cancellation_closed']);
  });

  it('leaves every promise kept', async () => {
    assert.deepEqual(await brokenPromises(running.app), []);
  });
});
