import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { type Booking, type Client, declined, eventually, visa } from './support/client.ts';
import { bookingOnce, hasStatus, moneyKept, seatStates } from './support/operations.ts';
import { newPerson } from './support/people.ts';
import { type RunningApp, runApp } from './support/servers.ts';
import { buildVenue, openShow, type Venue } from './support/venue.ts';

interface Tickets {
  readonly items: readonly {
    readonly ticketId: string;
    readonly seat: string;
    readonly status: string;
    readonly code: string;
  }[];
}

describe('a booking that is cancelled', () => {
  let running: RunningApp;
  let admin: Client;
  let ada: Client;
  let organizer: Client;
  let venue: Venue;
  let showId: string;

  before(async () => {
    running = await runApp();
    ({ admin } = running);
    ada = await running.anyone.register();
    organizer = (await newPerson(running, { roles: ['customer', 'organizer'] })).client;
    venue = await buildVenue(admin);
    showId = await openShow(admin, venue);
  });
  after(() => running.stop());

  const cancel = (client: Client, bookingId: string, body?: unknown, more: object = {}) =>
    client.call<Booking>('POST', `/v1/bookings/${bookingId}/cancellation`, {
      ...{ key: randomUUID(), waitSeconds: 20, ...more },
      ...(body === undefined ? {} : { body }),
    });
  const ticketsOf = async (bookingId: string) =>
    (await admin.get<Tickets>(`/v1/bookings/${bookingId}/tickets`)).body.items;
  const refunded = (bookingId: string) => bookingOnce(admin, bookingId, ({ refund }) => refund?.status === 'succeeded');

  /** A confirmed booking with its tickets. */
  async function confirmed(seats: readonly string[], of = showId): Promise<Booking> {
    const { body } = await ada.book({ showId: of, seats, payment: visa });
    assert.equal(body.status, 'confirmed');
    return bookingOnce(ada, body.bookingId, ({ tickets }) => tickets.length === seats.length);
  }

  it('before it is paid gives its seats back', async () => {
    const { body } = await ada.book({ showId, seats: ['S-A-1'] });
    const { status, body: cancelled, headers } = await cancel(ada, body.bookingId, { reason: 'another day is better' });
    assert.deepEqual([status, cancelled.status, cancelled.refund], [200, 'cancelled', undefined]);
    assert.equal(headers.get('location'), `/v1/bookings/${body.bookingId}`);
    await eventually(
      () => seatStates(ada, showId),
      (states) => states[0] === 0,
    );
  });

  it('after it was paid gives everything back: money, seats, and the worth of its tickets', async () => {
    const { bookingId } = await confirmed(['S-A-2', 'S-A-3']);
    const { status, body } = await cancel(ada, bookingId);
    assert.deepEqual([status, body.status], [200, 'cancelled'], 'a body is not needed');
    assert.deepEqual((await refunded(bookingId)).refund, {
      status: 'succeeded',
      amount: { amount: 2_150, currency: 'EUR' },
    });
    assert.equal(await moneyKept(admin, bookingId), 0);
    const tickets = await eventually(
      () => ticketsOf(bookingId),
      (all) => all.every((each) => each.status === 'void'),
    );
    assert.equal(tickets.length, 2);
    await eventually(
      () => seatStates(ada, showId),
      (states) => states[1] === 0 && states[2] === 0,
    );
  });

  it('may be cancelled again, and nothing more happens', async () => {
    const { bookingId } = await confirmed(['S-A-4']);
    const key = randomUUID();
    const first = await cancel(ada, bookingId, {}, { key, waitSeconds: 0 });
    assert.equal(first.status, 202);
    await refunded(bookingId);
    const again = await cancel(ada, bookingId, {}, { waitSeconds: 0 });
    assert.deepEqual([again.status, again.body.status], [202, 'cancelled']);
    const repeated = await cancel(ada, bookingId, {}, { key, waitSeconds: 0 });
    assert.deepEqual([repeated.status, repeated.body], [202, { bookingId, status: 'cancelled' }]);
    assert.equal(repeated.headers.get('location'), first.headers.get('location'));
    const { body } = await ada.booking(bookingId);
    assert.equal(body.history.filter(({ status }) => status === 'cancelled').length, 1);
    assert.equal(await moneyKept(admin, bookingId), 0, 'refunded once');
  });

  it('keeps the fee of the show’s policy, but never from the organizer', async () => {
    const dear = await openShow(admin, venue, { refundPolicy: { untilMinutesBefore: 60, feePercent: 25 } });
    const [mine, theirs] = [await confirmed(['S-A-1'], dear), await confirmed(['S-A-2'], dear)];
    await cancel(ada, mine.bookingId, {});
    // A quarter of 1,150 is 287.5: half a cent is rounded for the customer or against, but both parts add up.
    const { refund } = await refunded(mine.bookingId);
    assert.ok([862, 863].includes(refund?.amount.amount ?? 0));
    assert.equal(await moneyKept(admin, mine.bookingId), 1_150 - (refund?.amount.amount ?? 0));
    await cancel(organizer, theirs.bookingId, { reason: 'the seat is broken' });
    assert.equal((await refunded(theirs.bookingId)).refund?.amount.amount, 1_150);
  });

  it('is closed when the policy says so, but never to the organizer, nor before it is paid', async () => {
    const strict = await openShow(admin, venue, { refundPolicy: { untilMinutesBefore: 527_040, feePercent: 0 } });
    const { bookingId } = await confirmed(['S-A-1'], strict);
    const late = await cancel(ada, bookingId, {});
    assert.deepEqual([late.status, late.body.code], [409, 'cancellation_closed']);
    assert.equal((await ada.booking(bookingId)).body.status, 'confirmed');
    assert.equal((await cancel(organizer, bookingId, {})).body.status, 'cancelled');
    const { body: unpaid } = await ada.book({ showId: strict, seats: ['S-A-2'] });
    assert.equal((await cancel(ada, unpaid.bookingId, {})).body.status, 'cancelled');
  });

  it('is a conflict where it ended another way, or a ticket was used', async () => {
    const { body } = await ada.book({ showId, seats: ['S-A-1'], payment: declined });
    for (const _ of [2, 3]) {
      await ada.post(`/v1/bookings/${body.bookingId}/payments`, declined, { key: randomUUID(), waitSeconds: 20 });
    }
    assert.equal((await ada.booking(body.bookingId)).body.status, 'rejected');
    const rejected = await cancel(ada, body.bookingId, {});
    assert.deepEqual([rejected.status, rejected.body.code], [409, 'conflict']);
    const { bookingId } = await confirmed(['S-A-6', 'S-A-7']);
    const [ticket] = await ticketsOf(bookingId);
    const entered = await admin.post('/v1/check-ins', { code: ticket?.code, gate: 'north' });
    assert.equal(entered.status, 200);
    const key = randomUUID();
    for (const waitSeconds of [0, 0, 20]) {
      const used = await cancel(ada, bookingId, {}, { key, waitSeconds });
      assert.deepEqual([used.status, used.body.code], [409, 'conflict'], 'a no stays a no');
    }
    assert.equal((await ada.booking(bookingId)).body.status, 'confirmed');
    assert.equal(await moneyKept(admin, bookingId), 2_150);
  });

  it('is let in or gets the money back, never both, when the door and the cancellation come at once', async () => {
    const ends = await Promise.all(
      ['S-D-1', 'S-D-2', 'S-D-3', 'S-D-4', 'S-D-5', 'S-D-6', 'S-D-7', 'S-D-8'].map(async (seat, index) => {
        const { bookingId } = await confirmed([seat]);
        const [ticket] = await ticketsOf(bookingId);
        const asks = [
          () => admin.post('/v1/check-ins', { code: ticket?.code, gate: 'north' }),
          () => cancel(ada, bookingId, {}),
        ] as const;
        const [door, undone] =
          index % 2 === 0
            ? await Promise.all([asks[0](), asks[1]()])
            : (await Promise.all([asks[1](), asks[0]()])).reverse();
        const kept = undone?.status === 200 ? await refunded(bookingId).then(() => moneyKept(admin, bookingId)) : 1_250;
        return [door?.status, undone?.status, kept === 0];
      }),
    );
    for (const end of ends) assert.ok(['200,409,false', '409,200,true'].includes(end.join()), end.join());
  });

  it('is cancelled after its charge, where one is open', async () => {
    const slow = { method: 'card', token: 'tok_slow_2' };
    const { body } = await ada.book({ showId, seats: ['S-B-1'], payment: slow }, { waitSeconds: 0 });
    await bookingOnce(ada, body.bookingId, hasStatus('paying'));
    const asked = await cancel(ada, body.bookingId, {}, { waitSeconds: 0 });
    assert.deepEqual([asked.status, asked.body.status], [202, 'paying']);
    const { status, history } = await refunded(body.bookingId);
    assert.equal(status, 'cancelled');
    assert.deepEqual(
      history.slice(-3).map((step) => step.status),
      ['paying', 'confirmed', 'cancelled'],
    );
    assert.equal(await moneyKept(admin, body.bookingId), 0);
  });

  it('before its seats are there ends without a charge', async () => {
    const { body } = await ada.book({ showId, seats: ['S-B-2'] }, { waitSeconds: 0 });
    const { status, body: cancelled } = await cancel(ada, body.bookingId, {});
    assert.deepEqual([status, cancelled.status], [200, 'cancelled']);
  });

  it('in part, by the organizer, gives back these seats and leaves the others', async () => {
    const { bookingId } = await confirmed(['S-C-1', 'S-C-2', 'S-C-3']);
    const notYours = await cancel(ada, bookingId, { seats: ['S-C-1'] });
    assert.deepEqual([notYours.status, notYours.body.code], [403, 'forbidden']);
    const foreign = await cancel(organizer, bookingId, { seats: ['S-C-9'] });
    assert.deepEqual([foreign.status, foreign.body.code], [422, 'validation_failed']);
    const { status, body } = await cancel(organizer, bookingId, { seats: ['S-C-2'], reason: 'the seat is broken' });
    assert.deepEqual([status, body.status, body.seats], [200, 'confirmed', ['S-C-1', 'S-C-3']]);
    assert.equal((await refunded(bookingId)).refund?.amount.amount, 1_000, 'the seat without the fee of the booking');
    const tickets = await eventually(
      () => ticketsOf(bookingId),
      (all) => all.some((each) => each.status === 'void'),
    );
    assert.deepEqual(
      tickets.map(({ seat, status: worth }) => [seat, worth]),
      [
        ['S-C-1', 'valid'],
        ['S-C-2', 'void'],
        ['S-C-3', 'valid'],
      ],
    );
    await eventually(
      () => seatStates(ada, showId),
      (states) => states[20] === 2 && states[21] === 0 && states[22] === 2,
    );
    const again = await cancel(organizer, bookingId, { seats: ['S-C-2'] });
    assert.deepEqual([again.status, again.body.status, again.body.seats], [200, 'confirmed', ['S-C-1', 'S-C-3']]);
    const unwaited = await cancel(organizer, bookingId, { seats: ['S-C-2'] }, { waitSeconds: 0 });
    assert.deepEqual([unwaited.status, unwaited.body], [202, { bookingId, status: 'confirmed' }]);
    const oneMore = await cancel(organizer, bookingId, { seats: ['S-C-2', 'S-C-3'] });
    assert.deepEqual([oneMore.status, oneMore.body.seats], [200, ['S-C-1']]);
    const rest = await cancel(organizer, bookingId, {});
    assert.equal(rest.body.status, 'cancelled');
    await eventually(
      () => moneyKept(admin, bookingId),
      (kept) => kept === 0,
    );
  });

  it('with areas gives its places back', async () => {
    const { body } = await ada.book({ showId, areas: [{ area: 'FLOOR', count: 3 }], payment: visa });
    await cancel(ada, body.bookingId, {});
    assert.equal((await refunded(body.bookingId)).refund?.amount.amount, 1_650);
    const floor = () => ada.get<{ areas: { sold: number; held: number }[] }>(`/v1/shows/${showId}/availability`);
    await eventually(floor, ({ body: { areas } }) => areas[0]?.sold === 0 && areas[0]?.held === 0);
  });

  it('is not for staff, who may read it all the same', async () => {
    const staff = (await newPerson(running, { roles: ['customer', 'staff'] })).client;
    const { body } = await ada.book({ showId, bestAvailable: { count: 1 } });
    const answer = await cancel(staff, body.bookingId);
    assert.equal(answer.status, 403);
    assert.equal((await staff.booking(body.bookingId)).body.status, 'awaiting_payment');
  });

  it('needs a key', async () => {
    const { body } = await ada.book({ showId, seats: ['S-D-1'] });
    const keyless = await cancel(ada, body.bookingId, {}, { key: undefined });
    assert.deepEqual([keyless.status, keyless.body.code], [400, 'idempotency_key_missing']);
  });
});
