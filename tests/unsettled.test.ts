import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { hostNamed } from '../src/composition/services.ts';
import type { Channel } from '../src/services/notification/channels/channel.ts';
import { partName } from '../src/services/payment/effects.ts';
import type { PaymentProvider } from '../src/services/payment/providers/provider.ts';
import { brokenInvariants } from './support/audit.ts';
import { type Booking, Client, eventually, visa } from './support/client.ts';
import { bookingOnce, changeSetting, hasStatus, messagesAbout } from './support/operations.ts';
import { newPerson } from './support/people.ts';
import { type RunningApp, runApp } from './support/servers.ts';
import { buildVenue, openShow } from './support/venue.ts';

interface Item {
  readonly kind: string;
  readonly id: string;
  readonly since: string;
  readonly bookingId?: string;
}
interface List {
  readonly items: readonly Item[];
  readonly nextCursor: string | null;
}
const anHour = { method: 'card', token: 'tok_slow_3600' };

describe('what needs a person', () => {
  let running: RunningApp;
  let ada: Client;
  let staff: Client;
  let showId: string;

  before(async () => {
    running = await runApp();
    ada = await running.anyone.register();
    staff = (await newPerson(running, { roles: ['staff'] })).client;
    showId = await openShow(running.admin, await buildVenue(running.admin));
    await changeSetting(running, 'paymentUnsettledAfterMs', 1_000);
    await changeSetting(running, 'notificationChannels', ['email']);
  });
  after(() => running.stop());

  /** Waits until something about a booking is listed. */
  async function listed(bookingId: string, kind: string): Promise<Item> {
    const found = async () => {
      const { body } = await staff.get<List>('/v1/ops/unsettled');
      return body.items.find((each) => each.bookingId === bookingId && each.kind === kind);
    };
    const item = await eventually(found, (each) => each !== undefined);
    assert.ok(item !== undefined);
    return item;
  }
  const gone = (bookingId: string, kind: string) =>
    eventually(
      () => staff.get<List>('/v1/ops/unsettled'),
      ({ body }) => !body.items.some((each) => each.bookingId === bookingId && each.kind === kind),
    );
  /** Waits until a scrape says so: the alert is raised for as long as somebody is needed. */
  const told = (line: string) =>
    eventually(
      async () => String((await new Client(running.app.adminUrl).get<string>('/metrics')).body),
      (text) => text.split('\n').includes(line),
    );
  const settle = (paymentId: string, outcome: string) =>
    staff.post(`/v1/ops/payments/${paymentId}/settlement`, { outcome, why: 'looked up at the provider' });

  /** A booking whose charge has no outcome for an hour. */
  async function unknownCharge(
    seats: readonly string[],
  ): Promise<{ readonly booking: Booking; readonly paymentId: string }> {
    const { body } = await ada.book({ showId, seats, payment: anHour }, { waitSeconds: 0 });
    const { id } = await listed(body.bookingId, 'charge');
    const booking = await bookingOnce(ada, body.bookingId, ({ payment }) => payment.status === 'unknown');
    assert.equal(booking.status, 'paying', 'no clock decides about money');
    return { booking, paymentId: id };
  }

  it('is a charge without an outcome: found to have failed, it may be tried again', async () => {
    const { booking, paymentId } = await unknownCharge(['S-A-1']);
    await told('fullhouse_unsettled{kind="charge"} 1');
    const settled = await settle(paymentId, 'failed');
    assert.equal(settled.status, 202);
    const back = await bookingOnce(ada, booking.bookingId, hasStatus('awaiting_payment'));
    assert.equal(back.payment.status, 'declined');
    await gone(booking.bookingId, 'charge');
    await told('fullhouse_unsettled{kind="charge"} 0');
    const again = await settle(paymentId, 'failed');
    assert.deepEqual([again.status, again.body['code']], [409, 'conflict']);
    const path = `/v1/bookings/${booking.bookingId}/payments`;
    const paid = await ada.post<Booking>(path, visa, { key: randomUUID(), waitSeconds: 20 });
    assert.equal(paid.body.status, 'confirmed');
  });

  it('is settled by one of those who settle it at once; the others are told that it was', async () => {
    const { booking, paymentId } = await unknownCharge(['S-A-5']);
    const path = `/v1/ops/payments/${paymentId}/settlement`;
    const say = (outcome: string, key: string) =>
      staff.post(path, { outcome, why: 'looked up at the provider' }, { key });
    const said = Array.from({ length: 6 }, (_, index) => [index % 2 ? 'failed' : 'succeeded', randomUUID()] as const);
    const answers = await Promise.all(said.map(([outcome, key]) => say(outcome, key)));
    const statuses = answers.map(({ status }) => status);
    // Found to have failed, it may be found to be captured after all; what was captured is final.
    const taken = said.flatMap(([outcome], index) => (statuses[index] === 202 ? [outcome] : [])).sort();
    assert.ok(['succeeded', 'failed', 'failed,succeeded'].includes(taken.join()), statuses.join());
    assert.ok(answers.every(({ status, body }) => status === 202 || (status === 409 && body['code'] === 'conflict')));
    const isDeclined = taken.includes('failed');
    await bookingOnce(ada, booking.bookingId, hasStatus(isDeclined ? 'awaiting_payment' : 'confirmed'));
    // A repeat has the answer that its first had.
    const again = await Promise.all(said.map(([each, key]) => say(each, key)));
    assert.deepEqual(
      again.map(({ status }) => status),
      statuses,
    );
  });

  it('is a charge that was found to have failed and was captured all the same: found to be, it goes back', async () => {
    const provider = hostNamed(running.app.hosts, 'payment').part<{ lookup: PaymentProvider['lookup'] }>(partName);
    const { lookup } = provider;
    // It has charged, and neither answers nor can be asked.
    provider.lookup = () => Promise.reject(new Error('connection lost'));
    const payment = { method: 'card', token: 'tok_lost' };
    const { body } = await ada.book({ showId, seats: ['S-A-4'], payment }, { waitSeconds: 0 });
    const { id } = await listed(body.bookingId, 'charge');
    assert.equal((await settle(id, 'failed')).status, 202);
    await bookingOnce(ada, body.bookingId, hasStatus('awaiting_payment'));
    provider.lookup = lookup;
    assert.deepEqual(
      (await brokenInvariants(running.app)).map(({ name }) => name),
      ['ledger-known'],
    );
    assert.equal((await settle(id, 'succeeded')).status, 202);
    const refunded = await bookingOnce(ada, body.bookingId, ({ refund }) => refund?.status === 'succeeded');
    assert.deepEqual([refunded.status, refunded.refund?.amount.amount], ['awaiting_payment', 1_150]);
    assert.deepEqual(await brokenInvariants(running.app), []);
    const over = await settle(id, 'failed');
    assert.deepEqual([over.status, over.body['code']], [409, 'conflict']);
  });

  it('is a refund that the provider refuses, and can be asked for again', async () => {
    const { booking, paymentId } = await unknownCharge(['S-A-2']);
    await settle(paymentId, 'succeeded');
    await bookingOnce(ada, booking.bookingId, hasStatus('confirmed'));
    // The provider has captured nothing, whatever the person said: it has nothing to give back.
    await ada.post(`/v1/bookings/${booking.bookingId}/cancellation`, {}, { key: randomUUID() });
    const failed = await bookingOnce(ada, booking.bookingId, ({ refund }) => refund?.status === 'failed');
    assert.equal(failed.status, 'cancelled');
    const { id } = await listed(booking.bookingId, 'refund');
    const retried = await staff.post(`/v1/ops/refunds/${id}/retry`, undefined);
    assert.equal(retried.status, 202);
    await listed(booking.bookingId, 'refund');
    await bookingOnce(ada, booking.bookingId, ({ refund }) => refund?.status === 'failed');

    // A person who has looked again settles what another one got wrong, or says how the money went back.
    const settlement = `/v1/ops/refunds/${id}/settlement`;
    const wrong = await ada.post(settlement, { why: 'I want it to be so' });
    assert.deepEqual([wrong.status, wrong.body['code']], [403, 'forbidden']);
    assert.equal((await staff.post(settlement, {})).status, 422);
    const why = 'nothing was captured, so there is nothing to give back';
    const done = await eventually(
      () => staff.post(settlement, { why }),
      ({ status }) => status === 202,
    );
    assert.equal(done.status, 202);
    await bookingOnce(ada, booking.bookingId, ({ refund }) => refund?.status === 'succeeded');
    await gone(booking.bookingId, 'refund');
    const over = await staff.post(settlement, { why });
    assert.deepEqual([over.status, over.body['code']], [409, 'conflict']);
    assert.deepEqual(
      (await brokenInvariants(running.app)).map(({ name }) => name),
      [],
    );
  });

  it('is a message of unknown fate, which is sent again by a person only', async () => {
    const channels = hostNamed(running.app.hosts, 'notification').part<Record<string, Channel>>('channels');
    const { email } = channels;
    assert.ok(email !== undefined);
    channels['email'] = { idempotent: false, send: () => Promise.reject(new Error('connection lost')) };
    const { body } = await ada.book({ showId, seats: ['S-A-3'] });
    const { id } = await listed(body.bookingId, 'message');
    channels['email'] = email;
    assert.deepEqual(await messagesAbout(running.admin, body.bookingId), []);
    const resent = await staff.post(`/v1/ops/messages/${id}/resend`, undefined);
    assert.equal(resent.status, 202);
    const messages = await eventually(
      () => messagesAbout(running.admin, body.bookingId),
      (all) => all.length > 0,
    );
    assert.deepEqual([messages.length, messages[0]?.messageId], [1, id]);
    await gone(body.bookingId, 'message');
  });

  it('is one list, oldest first, page by page, for staff', async () => {
    await unknownCharge(['S-B-1']);
    await unknownCharge(['S-B-2']);
    await unknownCharge(['S-B-3']);
    const { body: whole } = await staff.get<List>('/v1/ops/unsettled');
    assert.ok(whole.items.length >= 3);
    assert.deepEqual(
      whole.items.map(({ since }) => since),
      whole.items.map(({ since }) => since).sort(),
    );
    const paged: Item[] = [];
    for (let cursor: string | null = ''; cursor !== null && paged.length <= whole.items.length; ) {
      const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const { status, body }: { status: number; body: List } = await staff.get<List>(
        `/v1/ops/unsettled?limit=1${query}`,
      );
      assert.equal(status, 200);
      paged.push(...body.items);
      cursor = body.nextCursor;
    }
    assert.deepEqual(paged, whole.items);
    assert.equal((await ada.get('/v1/ops/unsettled')).status, 403);
    assert.equal((await staff.get('/v1/ops/unsettled?cursor=nonsense')).status, 422);
    assert.equal((await staff.get('/v1/ops/unsettled?limit=100')).status, 200);
  });
});
