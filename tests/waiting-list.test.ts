import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { hostNamed } from '../src/composition/services.ts';
import { brokenPromises } from './support/audit.ts';
import { type Booking, Client, visa } from './support/client.ts';
import { bookingOnce, changeSetting, hasStatus, ledgerOf } from './support/operations.ts';
import { assertRefused } from './support/refusals.ts';
import { type RunningApp, runApp, runProcess, signInTo, temporaryDirectory } from './support/servers.ts';
import { buildVenue, openShow, type Venue } from './support/venue.ts';

/** Sold out, and somebody still wants to come: they wait, and what becomes free is theirs before it is anybody's. */

let running: RunningApp;
let venue: Venue;
let bob: Client;

before(async () => {
  running = await runApp();
  venue = await buildVenue(running.admin, { rows: 2, seats: 6 });
  bob = await running.anyone.register();
});
after(() => running.stop());

const two = { bestAvailable: { count: 2, priceCategory: 'standard' } };
const customers = (count: number) => Promise.all(Array.from({ length: count }, () => running.anyone.register()));
const wait = async (customer: Client, showId: string, more: object = {}): Promise<Booking> => {
  const { status, body } = await customer.book({ showId, ...two, waitForSeats: {}, ...more });
  assert.equal(status, 200, JSON.stringify(body));
  assert.equal(body.status, 'waiting');
  return body;
};
const undo = (customer: Client, { bookingId }: Pick<Booking, 'bookingId'>) =>
  customer.post<Booking>(`/v1/bookings/${bookingId}/cancellation`, {}, { key: randomUUID(), waitSeconds: 10 });
const listOf = async (customer: Client, showId: string) =>
  (
    await customer.get<{ waiting: number; yours: { bookingId: string; ahead: number }[] }>(
      `/v1/shows/${showId}/waiting-list`,
    )
  ).body;

/** A show whose stalls are sold, in pairs. */
async function soldOut(): Promise<{ readonly showId: string; readonly sold: readonly Booking[] }> {
  const showId = await openShow(running.admin, venue);
  const sold: Booking[] = [];
  for (let pairs = 0; pairs < 6; pairs += 1) {
    const { body } = await bob.book({ showId, ...two, payment: visa });
    assert.equal(body.status, 'confirmed');
    sold.push(body);
  }
  return { showId, sold };
}

describe('the waiting list of a show', () => {
  it('gives a cancelled pair of seats to the first who waits, who pays and has tickets', async () => {
    const { showId, sold } = await soldOut();
    const [ada, eve] = await customers(2);
    assert.ok(ada && eve && sold[0]);
    const [first, second] = [await wait(ada, showId), await wait(eve, showId)];
    assert.deepEqual(await listOf(eve, showId), { waiting: 2, yours: [{ bookingId: second.bookingId, ahead: 1 }] });
    await undo(bob, sold[0]);
    const held = await bookingOnce(ada, first.bookingId, hasStatus('awaiting_payment'));
    assert.deepEqual([...held.seats].sort(), [...sold[0].seats].sort());
    const heldMs = Date.parse(held.holdExpiresAt ?? '') - Date.now();
    assert.ok(heldMs > 1_700_000 && heldMs <= 1_800_000, `held for ${heldMs} ms`);
    await ada.post(`/v1/bookings/${first.bookingId}/payments`, visa, { key: randomUUID() });
    const confirmed = await bookingOnce(ada, first.bookingId, ({ tickets }) => tickets.length === 2);
    assert.deepEqual(
      confirmed.history.map(({ status }) => status),
      ['requested', 'waiting', 'awaiting_payment', 'paying', 'confirmed'],
    );
    assert.deepEqual(await listOf(eve, showId), { waiting: 1, yours: [{ bookingId: second.bookingId, ahead: 0 }] });
    assert.equal((await bookingOnce(eve, second.bookingId, () => true)).status, 'waiting');
  });

  it('charges at once whoever sent a payment, but never more than they agreed to', async () => {
    const { showId, sold } = await soldOut();
    const [ada, eve] = await customers(2);
    assert.ok(ada && eve && sold[0]);
    const cheap = await wait(ada, showId, { payment: visa, maxTotal: { amount: 100, currency: 'GBP' } });
    const any = await wait(eve, showId, { payment: visa });
    await undo(bob, sold[0]);
    const rejected = await bookingOnce(ada, cheap.bookingId, hasStatus('rejected'));
    assert.equal(rejected.reason, 'price_changed');
    const confirmed = await bookingOnce(eve, any.bookingId, hasStatus('confirmed'));
    assert.deepEqual([...confirmed.seats].sort(), [...sold[0].seats].sort());
    assert.deepEqual(await ledgerOf(running.admin, cheap.bookingId), []);
  });

  it('goes on to the next one where a hold is not paid, where somebody leaves, and where the time is over', async () => {
    const { showId, sold } = await soldOut();
    await changeSetting(running, 'waitingListHoldMs', 1_000);
    await changeSetting(running, 'holdTtlMs', 1_000);
    const [ada, eve, ida, kim] = await customers(4);
    assert.ok(ada && eve && ida && kim && sold[0]);
    const [late, leaves] = [await wait(ada, showId), await wait(eve, showId)];
    const until = new Date(Date.now() + 2_000).toISOString();
    const patient = await wait(ida, showId, { waitForSeats: { until } });
    const paying = await wait(kim, showId, { payment: visa });
    assert.equal((await undo(eve, leaves)).body.status, 'cancelled');
    const over = await bookingOnce(ida, patient.bookingId, hasStatus('rejected'));
    assert.deepEqual([over.reason, over.history.at(-2)?.status], ['seats_unavailable', 'waiting']);
    await undo(bob, sold[0]);
    await bookingOnce(ada, late.bookingId, hasStatus('expired'));
    assert.equal((await bookingOnce(kim, paying.bookingId, hasStatus('confirmed'))).seats.length, 2);
    await changeSetting(running, 'waitingListHoldMs', 1_800_000);
    await changeSetting(running, 'holdTtlMs', 300_000);
  });

  it('goes on for a show that is moved meanwhile, though nobody asked for it again', async () => {
    const { showId, sold } = await soldOut();
    const [ada, eve] = await customers(2);
    assert.ok(ada && eve && sold[0]);
    const soon = new Date(Date.now() + 3_000).toISOString();
    const move = (startsAt: string) => running.admin.call('PATCH', `/v1/shows/${showId}`, { body: { startsAt } });
    assert.equal((await move(soon)).status, 200);
    // Whoever asks before the booking service has heard of that waits for the show as it was.
    let waits: Booking;
    do {
      waits = await wait(ada, showId, { payment: visa });
      if (waits.waitsUntil !== soon) await undo(ada, waits);
    } while (waits.waitsUntil !== soon);
    const next = await wait(eve, showId);
    const later = new Date(Date.now() + 86_400_000).toISOString();
    assert.equal((await move(later)).status, 200);
    for (const [customer, booking] of [
      [ada, waits],
      [eve, next],
    ] as const)
      await bookingOnce(customer, booking.bookingId, ({ waitsUntil }) => waitsUntil === later);
    assert.deepEqual(await listOf(eve, showId), { waiting: 2, yours: [{ bookingId: next.bookingId, ahead: 1 }] });
    await undo(bob, sold[0]);
    const confirmed = await bookingOnce(ada, waits.bookingId, hasStatus('confirmed'));
    assert.deepEqual([...confirmed.seats].sort(), [...sold[0].seats].sort());
  });

  it('lets go of whoever erases their account: nobody tells them of seats, or charges them for some', async () => {
    const { showId, sold } = await soldOut();
    const [ada, eve] = await customers(2);
    assert.ok(ada && eve && sold[0]);
    const gone = await wait(ada, showId, { payment: visa });
    const next = await wait(eve, showId);
    assert.equal((await ada.call('DELETE', '/v1/me')).status, 204);
    await bookingOnce(running.admin, gone.bookingId, hasStatus('cancelled'));
    await undo(bob, sold[0]);
    await bookingOnce(eve, next.bookingId, hasStatus('awaiting_payment'));
    assert.deepEqual(await ledgerOf(running.admin, gone.bookingId), []);
  });

  it('lets go of whoever asked while they were erased at another instance, too', async () => {
    const { showId } = await soldOut();
    const [ada, eve] = await customers(2);
    assert.ok(ada && eve);
    const { userId } = (await ada.get<{ userId: string }>('/v1/me')).body;
    const users = hostNamed(running.app.hosts, 'user');
    // As an instance sees it that has not heard of the erasure.
    const setErased = (at: string) => users.query(`update users set erased_at = ${at} where user_id = $1`, [userId]);
    await setErased("now() - interval '1 hour'");
    const { bookingId } = (await ada.book({ showId, ...two, waitForSeats: {}, payment: visa })).body;
    await bookingOnce(running.admin, bookingId, hasStatus('cancelled'));
    const stays = await wait(eve, showId);
    assert.deepEqual(await listOf(eve, showId), { waiting: 1, yours: [{ bookingId: stays.bookingId, ahead: 0 }] });
    await setErased('null');
  });

  it('offers on what was held for whoever erases their account, but leaves them what they are paying for', async () => {
    const { showId, sold } = await soldOut();
    const refundPolicy = { untilMinutesBefore: 0, feePercent: 100 };
    assert.equal((await running.admin.call('PATCH', `/v1/shows/${showId}`, { body: { refundPolicy } })).status, 200);
    const [ada, eve, ida] = await customers(3);
    assert.ok(ada && eve && ida && sold[0] && sold[1]);
    const slow = { method: 'card', token: 'tok_slow_1' };
    const pays = await wait(ada, showId, { payment: slow });
    await undo(bob, sold[0]);
    await bookingOnce(ada, pays.bookingId, hasStatus('paying'));
    assert.equal((await ada.call('DELETE', '/v1/me')).status, 204);
    const gone = await wait(eve, showId);
    const next = await wait(ida, showId);
    await undo(bob, sold[1]);
    await bookingOnce(eve, gone.bookingId, hasStatus('awaiting_payment'));
    assert.equal((await eve.call('DELETE', '/v1/me')).status, 204);
    await bookingOnce(ida, next.bookingId, hasStatus('awaiting_payment'));
    await bookingOnce(running.admin, gone.bookingId, hasStatus('cancelled'));
    const paid = await bookingOnce(running.admin, pays.bookingId, ({ tickets }) => tickets.length === 2);
    assert.equal(paid.status, 'confirmed');
  });

  it('puts whoever lets seats go behind all who have not, and lets them wait no third time', async () => {
    const { showId, sold } = await soldOut();
    const [ada, eve, ida, kim] = await customers(4);
    assert.ok(ada && eve && ida && kim && sold[0] && sold[1] && sold[2]);
    const isHeld = async (customer: Client, { bookingId }: Booking) =>
      bookingOnce(customer, bookingId, hasStatus('awaiting_payment'));
    const first = await wait(ada, showId);
    await undo(bob, sold[0]);
    await isHeld(ada, first);
    const theirs = await wait(eve, showId);
    await undo(ada, first);
    await isHeld(eve, theirs);
    const [again, later] = [await wait(ada, showId), await wait(ida, showId)];
    assert.deepEqual((await listOf(ada, showId)).yours, [{ bookingId: again.bookingId, ahead: 1 }]);
    await undo(bob, sold[1]);
    await isHeld(ida, later);
    await undo(bob, sold[2]);
    await isHeld(ada, again);
    const last = await wait(kim, showId);
    await undo(ada, again);
    await isHeld(kim, last);
    const { body } = await ada.book({ showId, ...two, waitForSeats: {} });
    assert.deepEqual([body.status, body.reason], ['rejected', 'limit_exceeded']);
  });

  it('takes it for letting go where cards are declined until there is no try left', async () => {
    const { showId, sold } = await soldOut();
    const [ada] = await customers(1);
    assert.ok(ada);
    const payment = { method: 'card', token: 'tok_declined' };
    for (const each of sold.slice(0, 2)) {
      const { bookingId } = await wait(ada, showId);
      await undo(bob, each);
      await bookingOnce(ada, bookingId, hasStatus('awaiting_payment'));
      for (let tries = 0; tries < 3; tries += 1)
        await ada.post(`/v1/bookings/${bookingId}/payments`, payment, { key: randomUUID(), waitSeconds: 10 });
      const { status, reason } = await bookingOnce(ada, bookingId, hasStatus('rejected'));
      assert.deepEqual([status, reason], ['rejected', 'payment_declined']);
      // Nobody else waits, so somebody buys them.
      assert.equal((await bob.book({ showId, ...two, payment: visa })).body.status, 'confirmed');
    }
    const { body } = await ada.book({ showId, ...two, waitForSeats: {} });
    assert.deepEqual([body.status, body.reason], ['rejected', 'limit_exceeded']);
  });

  it('ends with a cancelled show', async () => {
    const { showId } = await soldOut();
    const [ada] = await customers(1);
    assert.ok(ada);
    const { bookingId } = await wait(ada, showId);
    await running.admin.post(`/v1/shows/${showId}/cancellation`, {}, { key: randomUUID() });
    assert.equal((await bookingOnce(ada, bookingId, hasStatus('rejected'))).reason, 'show_cancelled');
  });

  it('gives blocked seats that come on sale to who waits', async () => {
    const showId = await openShow(running.admin, venue);
    const seats = ['A', 'B'].flatMap((row) => [1, 2, 3, 4, 5, 6].map((seat) => `S-${row}-${seat}`));
    assert.equal((await running.admin.post(`/v1/shows/${showId}/blocks`, { seats })).status, 200);
    const [ada] = await customers(1);
    assert.ok(ada);
    const { bookingId } = await wait(ada, showId);
    const body = { seats: ['S-B-3', 'S-B-4'] };
    assert.equal((await running.admin.call('DELETE', `/v1/shows/${showId}/blocks`, { body })).status, 200);
    assert.deepEqual((await bookingOnce(ada, bookingId, hasStatus('awaiting_payment'))).seats, body.seats);
  });

  it('lets nobody in between, however fast they ask', async () => {
    const { showId, sold } = await soldOut();
    const waiting = await customers(4);
    const bookings: Booking[] = [];
    for (const each of waiting) bookings.push(await wait(each, showId, { payment: visa }));
    const fast = await customers(4);
    const over = new AbortController();
    const taken: Booking[] = [];
    const hammering = fast.map(async (each) => {
      while (!over.signal.aborted) {
        const { body } = await each.book({ showId, ...two });
        if (body.status !== 'rejected') taken.push(body);
      }
    });
    await Promise.all(sold.slice(0, 4).map((each) => undo(bob, each)));
    for (const [number, { bookingId }] of bookings.entries())
      await bookingOnce(waiting[number] as Client, bookingId, hasStatus('confirmed'));
    over.abort();
    await Promise.all(hammering);
    assert.deepEqual(taken, []);
  });

  it('is for the best seats and for areas, one place for each customer, and not for the past', async () => {
    const { showId } = await soldOut();
    const [ada] = await customers(1);
    assert.ok(ada);
    const invalid = async (pointer: string, body: object) =>
      assertRefused(await ada.book({ showId, ...body }), { status: 422, code: 'validation_failed', pointer });
    await invalid('/waitForSeats', { seats: ['S-A-1'], waitForSeats: {} });
    await invalid('/waitForSeats/until', { ...two, waitForSeats: { until: '2020-01-01T00:00:00Z' } });
    await invalid('/waitForSeats/until', { ...two, waitForSeats: { until: 'tomorrow' } });
    await invalid('/waitForSeats', { ...two, waitForSeats: true });
    await wait(ada, showId);
    const { body } = await ada.book({ showId, ...two, waitForSeats: {} });
    assert.deepEqual([body.status, body.reason], ['rejected', 'limit_exceeded']);
    assert.equal((await listOf(ada, showId)).waiting, 1);
  });

  it('keeps every promise', async () => {
    assert.deepEqual(await brokenPromises(running.app), []);
  });
});

describe('the waiting list of a process that was killed', () => {
  it('is as it was', async () => {
    const directory = await temporaryDirectory();
    const data = join(directory.path, 'data');
    let server = await runProcess(data);
    try {
      const admin = await signInTo(server);
      const showId = await openShow(admin, await buildVenue(admin, { rows: 1, seats: 2 }));
      const sold = await admin.book({ showId, ...two, payment: visa });
      const [ada, eve] = [await new Client(server.url).register(), await new Client(server.url).register()];
      const [first, second] = [await wait(ada, showId), await wait(eve, showId)];
      await server.end('SIGKILL');
      server = await runProcess(data);
      const again = (customer: Client) => new Client(server.url, customer.token);
      assert.deepEqual(await listOf(again(eve), showId), {
        waiting: 2,
        yours: [{ bookingId: second.bookingId, ahead: 1 }],
      });
      const undone = await undo(await signInTo(server), sold.body);
      assert.equal(undone.body.status, 'cancelled', JSON.stringify(undone.body));
      await bookingOnce(again(ada), first.bookingId, hasStatus('awaiting_payment'));
      await undo(again(ada), first);
      await bookingOnce(again(eve), second.bookingId, hasStatus('awaiting_payment'));
    } finally {
      await server.end('SIGTERM');
      await directory.remove();
    }
  });
});
