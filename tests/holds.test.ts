import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as passed } from 'node:timers/promises';
import { type Booking, type Client, declined, eventually, visa } from './support/client.ts';
import { bookingOnce, changeSetting, hasStatus, ledgerOf, moneyKept, seatStates } from './support/operations.ts';
import { type RunningApp, runApp, runProcess, signInTo, temporaryDirectory } from './support/servers.ts';
import { buildVenue, openShow, type Venue } from './support/venue.ts';

const latestMs = 2_000;
const slow = (seconds: number) => ({ method: 'card', token: `tok_slow_${seconds}` });
const deadlineOf = ({ holdExpiresAt }: Booking) => Date.parse(holdExpiresAt ?? '');
const endOf = ({ history }: Booking) => Date.parse(history.at(-1)?.at ?? '');

/** Never early, and at most two seconds late, by the server's own clock. */
function endedOnTime(held: Booking, ended: Booking): void {
  const lateMs = endOf(ended) - deadlineOf(held);
  assert.ok(lateMs >= 0 && lateMs <= latestMs, `the hold ended ${lateMs} ms after its deadline`);
}

let running: RunningApp;
let ada: Client;
let venue: Venue;

before(async () => {
  running = await runApp();
  ada = await running.anyone.register();
  venue = await buildVenue(running.admin, { rows: 10, seats: 10 });
});
after(() => running.stop());

describe('a hold that nobody pays', () => {
  before(() => changeSetting(running, 'holdTtlMs', 1_500));

  it('ends at its deadline, never early, and its seats are free again', async () => {
    const showId = await openShow(running.admin, venue);
    const { body: held } = await ada.book({ showId, seats: ['S-A-1', 'S-A-2'] });
    const freeAt = await eventually(
      async () => ({ states: await seatStates(ada, showId), at: Date.now() }),
      ({ states }) => states[0] === 0,
    );
    assert.ok(freeAt.at >= deadlineOf(held), 'the seats were free before the deadline');
    const expired = await bookingOnce(ada, held.bookingId, hasStatus('expired'));
    endedOnTime(held, expired);
    assert.deepEqual(
      expired.history.map(({ status }) => status),
      ['requested', 'awaiting_payment', 'expired'],
    );
    assert.equal((await ada.book({ showId, seats: ['S-A-1'] })).body.status, 'awaiting_payment');
  });

  it('ends on time as one of many', async () => {
    const showId = await openShow(running.admin, venue);
    const holds = await Promise.all(
      Array.from({ length: 50 }, () => ada.book({ showId, bestAvailable: { count: 2 } })),
    );
    for (const { body } of holds) {
      assert.equal(body.status, 'awaiting_payment');
      endedOnTime(body, await bookingOnce(ada, body.bookingId, hasStatus('expired')));
    }
    assert.ok((await seatStates(ada, showId)).every((state) => state === 0));
  });

  it('ends on time after a decline, too', async () => {
    const showId = await openShow(running.admin, venue);
    const { body: held } = await ada.book({ showId, seats: ['S-A-1'], payment: declined });
    assert.deepEqual([held.status, held.payment.status], ['awaiting_payment', 'declined']);
    endedOnTime(held, await bookingOnce(ada, held.bookingId, hasStatus('expired')));
  });

  it('cannot be paid or cancelled any more', async () => {
    const showId = await openShow(running.admin, venue);
    const { body } = await ada.book({ showId, seats: ['S-A-1'] });
    await bookingOnce(ada, body.bookingId, hasStatus('expired'));
    for (const [what, request] of [['payments', visa] as const, ['cancellation', {}] as const]) {
      const answer = await ada.post(`/v1/bookings/${body.bookingId}/${what}`, request, { key: randomUUID() });
      assert.deepEqual([answer.status, answer.body['code']], [409, 'conflict'], what);
    }
    assert.equal(await moneyKept(running.admin, body.bookingId), 0);
  });

  it('keeps its own deadline when the setting changes', async () => {
    const showId = await openShow(running.admin, venue);
    const { body: before } = await ada.book({ showId, seats: ['S-A-1'] });
    await changeSetting(running, 'holdTtlMs', 600_000);
    const { body: later } = await ada.book({ showId, seats: ['S-A-2'] });
    endedOnTime(before, await bookingOnce(ada, before.bookingId, hasStatus('expired')));
    assert.ok(deadlineOf(later) - Date.parse(later.history[0]?.at ?? '') > 590_000);
    await changeSetting(running, 'holdTtlMs', 1_500);
  });
});

describe('money that comes late', () => {
  let grace: Client;
  let showId: string;

  before(async () => {
    grace = await running.anyone.register('Grace Hopper');
    showId = await openShow(running.admin, venue);
    await changeSetting(running, 'holdTtlMs', 1_000);
    await changeSetting(running, 'paymentGraceMs', 0);
  });

  /** Pays so slowly that the hold ends meanwhile; resolves when its seats are free. */
  async function payTooSlowly(seats: readonly string[], free: number): Promise<Booking> {
    const { body } = await ada.book({ showId, seats, payment: slow(3) }, { waitSeconds: 0 });
    const paying = await bookingOnce(ada, body.bookingId, hasStatus('paying'));
    await eventually(
      () => seatStates(ada, showId),
      (states) => states[free] === 0,
    );
    assert.ok(Date.now() >= deadlineOf(paying));
    assert.equal((await ada.booking(body.bookingId)).body.status, 'paying', 'nothing is decided before the charge is');
    return paying;
  }

  it('is refunded where its customer has booked as many seats meanwhile as each may have', async () => {
    const open = showId;
    showId = await openShow(running.admin, venue, { seatsPerCustomerMax: 2 });
    const { bookingId } = await payTooSlowly(['S-A-1', 'S-A-2'], 0);
    await changeSetting(running, 'holdTtlMs', 300_000);
    const { body: again } = await ada.book({ showId, seats: ['S-A-3', 'S-A-4'], payment: visa });
    assert.equal(again.status, 'confirmed');
    await bookingOnce(ada, bookingId, ({ refund }) => refund?.status === 'succeeded');
    assert.equal((await ada.booking(bookingId)).body.status, 'expired');
    assert.equal(await moneyKept(running.admin, bookingId), 0);
    await changeSetting(running, 'holdTtlMs', 1_000);
    showId = open;
  });

  it('takes the same seats back where they are still free', async () => {
    const { bookingId } = await payTooSlowly(['S-A-1', 'S-A-2'], 0);
    const confirmed = await bookingOnce(ada, bookingId, hasStatus('confirmed'));
    assert.deepEqual(confirmed.seats, ['S-A-1', 'S-A-2']);
    assert.deepEqual((await seatStates(ada, showId)).slice(0, 2), [2, 2]);
    assert.equal(await moneyKept(running.admin, bookingId), 2_150);
    await bookingOnce(ada, bookingId, ({ tickets }) => tickets.length === 2);
  });

  it('is given back in full where one of the seats is gone', async () => {
    const { bookingId } = await payTooSlowly(['S-B-1', 'S-B-2'], 10);
    const other = await grace.book({ showId, seats: ['S-B-2'], payment: visa });
    assert.equal(other.body.status, 'confirmed');
    const expired = await bookingOnce(
      ada,
      bookingId,
      ({ status, refund }) => status === 'expired' && refund?.status === 'succeeded',
    );
    assert.deepEqual(expired.refund, { status: 'succeeded', amount: { amount: 2_150, currency: 'EUR' } });
    assert.deepEqual(
      expired.history.map(({ status }) => status),
      ['requested', 'awaiting_payment', 'paying', 'expired'],
    );
    assert.deepEqual((await ledgerOf(running.admin, bookingId)).map(({ type }) => type).sort(), ['charge', 'refund']);
    assert.equal(await moneyKept(running.admin, bookingId), 0);
    assert.deepEqual((await seatStates(ada, showId)).slice(10, 12), [0, 2], 'the other seat stays free');
    assert.equal((await grace.booking(other.body.bookingId)).body.status, 'confirmed');
  });

  it('finds its seats still held within the grace', async () => {
    await changeSetting(running, 'paymentGraceMs', 60_000);
    const { body } = await ada.book({ showId, seats: ['S-C-1'], payment: slow(2) }, { waitSeconds: 0 });
    const paying = await bookingOnce(ada, body.bookingId, hasStatus('paying'));
    // What is looked at is the time after the deadline, so the deadline has to pass.
    await passed(deadlineOf(paying) - Date.now() + 100);
    const [now, states] = [(await ada.booking(body.bookingId)).body, await seatStates(ada, showId)];
    assert.deepEqual([now.status, states[20]], ['paying', 1]);
    const confirmed = await bookingOnce(ada, body.bookingId, hasStatus('confirmed'));
    assert.equal(confirmed.payment.attempts, 1);
  });
});

describe('a hold whose deadline passes while nothing runs', () => {
  it('ends as soon as the process is back, and what was paid stays sold', async () => {
    const directory = await temporaryDirectory();
    const data = join(directory.path, 'data');
    let server = await runProcess(data);
    try {
      const admin = await signInTo(server);
      const showId = await openShow(admin, await buildVenue(admin));
      await admin.call('PUT', '/v1/settings/holdTtlMs', { body: { value: 2_000, why: 'a hold ends within the test' } });
      const paid = await admin.book({ showId, seats: ['S-A-2'], payment: visa });
      const short = ({ body }: { body: Booking }) => deadlineOf(body) - Date.now() <= 2_000;
      const { body: held } = await eventually(() => admin.book({ showId, bestAvailable: { count: 1 } }), short);
      await server.end('SIGKILL');
      await passed(Math.max(0, deadlineOf(held) - Date.now()));
      server = await runProcess(data);
      const again = await signInTo(server);
      const readyAt = Date.now();
      const expired = await bookingOnce(again, held.bookingId, hasStatus('expired'));
      assert.ok(endOf(expired) >= deadlineOf(held));
      assert.ok(Date.now() - readyAt <= latestMs, 'it took too long after the restart');
      const { body: sold } = await again.booking(paid.body.bookingId);
      assert.deepEqual([sold.status, (await seatStates(again, showId))[1]], ['confirmed', 2]);
    } finally {
      await server.end('SIGTERM');
      await directory.remove();
    }
  });
});
