import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { createWebhookSignature } from '../src/services/payment/providers/webhooks.ts';
import { type Client, eventually, visa } from './support/client.ts';
import { bookingOnce, ledgerOf } from './support/operations.ts';
import { newPerson } from './support/people.ts';
import { assertRefused, quiet, rowCounts } from './support/refusals.ts';
import { type RunningApp, runApp } from './support/servers.ts';
import { buildVenue, openShow } from './support/venue.ts';

const secret = `whsec_${randomBytes(32).toString('base64')}`;
const path = '/v1/webhooks/payments/sandbox';
const unknownPayment = 'pay_00000000-0000-7000-8000-000000000000';

let running: RunningApp;
let buyer: Client;
before(async () => {
  running = await runApp({ SANDBOX_WEBHOOK_SECRET: secret });
  buyer = (await newPerson(running)).client;
});
after(() => running.stop());

const report = (paymentId: string, type = 'charge.succeeded') =>
  JSON.stringify({
    type,
    timestamp: new Date().toISOString(),
    data:
      type === 'charge.succeeded'
        ? { paymentId, reference: 'ref', amount: { amount: 1_150, currency: 'EUR' } }
        : { paymentId, error: { code: 'declined', message: 'no' } },
  });

interface Webhook {
  readonly body?: string;
  readonly id?: string;
  readonly at?: number;
  readonly by?: string;
  readonly sent?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Signs a body and sends it, or another one in its place. */
function send({
  body = report(unknownPayment),
  id = randomUUID(),
  at = Date.now(),
  by = secret,
  sent = body,
  headers,
}: Webhook) {
  return running.anyone.post(path, sent, { headers: { ...createWebhookSignature(by).sign(id, at, body), ...headers } });
}

interface Unsettled {
  readonly kind: string;
  readonly id: string;
  readonly reason?: string;
}
const unsettled = async () => (await running.admin.get<{ items: Unsettled[] }>('/v1/ops/unsettled')).body.items;

describe('a webhook', async () => {
  const minute = 60_000;
  const rows: readonly (readonly [name: string, webhook: () => Webhook])[] = [
    ['another secret', () => ({ by: `whsec_${randomBytes(32).toString('base64')}` })],
    ['an empty signature', () => ({ headers: { 'webhook-signature': '' } })],
    ['a signature that is none', () => ({ headers: { 'webhook-signature': 'v1,AAAA' } })],
    ['an unknown version of signatures', () => ({ headers: { 'webhook-signature': 'v9,AAAA' } })],
    ['a signature six minutes old', () => ({ at: Date.now() - 6 * minute })],
    ['a signature of six minutes ahead', () => ({ at: Date.now() + 6 * minute })],
    ['a time that is none', () => ({ headers: { 'webhook-timestamp': 'now' } })],
    ['another id than was signed', () => ({ headers: { 'webhook-id': 'another' } })],
    [
      'another time than was signed',
      () => ({ headers: { 'webhook-timestamp': String(Math.floor(Date.now() / 1_000) - 9) } }),
    ],
    [
      'one byte altered',
      () => ({ sent: report(unknownPayment).replace('1150', '1151'), body: report(unknownPayment) }),
    ],
    ['the same JSON, written again', () => ({ sent: JSON.stringify(JSON.parse(report(unknownPayment)), null, 1) })],
  ];
  for (const [name, webhook] of rows) {
    await it(`is refused with ${name}, and nothing is stored`, async () => {
      await quiet(running);
      const counts = await rowCounts(running);
      assertRefused(await send(webhook()), { status: 401, code: 'bad_signature' });
      assert.deepEqual(await rowCounts(running), counts);
    });
  }

  await it('is refused without a signature, as no JSON, as too much, and for a provider that nobody has', async () => {
    assertRefused(await running.anyone.post(path, report(unknownPayment)), { status: 401, code: 'bad_signature' });
    assertRefused(await send({ body: 'not json' }), { status: 400, code: 'malformed_json' });
    assertRefused(await send({ body: JSON.stringify({ x: 'x'.repeat(70_000) }) }), {
      status: 413,
      code: 'payload_too_large',
    });
    const elsewhere = await running.anyone.post('/v1/webhooks/payments/nobody', report(unknownPayment));
    assertRefused(elsewhere, { status: 404, code: 'not_found' });
  });

  await it('that is genuine and matches nothing is stored once and listed for a person', async () => {
    const before = (await unsettled()).length;
    const id = randomUUID();
    for (let time = 0; time < 20; time += 1) assert.equal((await send({ id })).status, 202);
    assert.equal((await send({ body: JSON.stringify({ type: 'account.closed', data: {} }) })).status, 202);
    // An id that no database could look for.
    assert.equal((await send({ body: report('pay_\u0000') })).status, 202);
    const listed = (await unsettled()).slice(before);
    assert.equal(listed.length, 3);
    assert.ok(listed.every(({ kind }) => kind === 'webhook'));
  });

  await it('that declines what a person has settled as captured takes no seat away, and is listed for a person', async () => {
    const showId = await openShow(running.admin, await buildVenue(running.admin));
    const payment = { ...visa, token: 'tok_slow_3600' };
    const { bookingId } = (await buyer.book({ showId, seats: ['S-A-1'], payment }, { waitSeconds: 0 })).body;
    const paymentId = await paymentOf(bookingId);
    const settlement = { outcome: 'succeeded', why: 'looked up at the provider' };
    await running.admin.post(`/v1/ops/payments/${paymentId}/settlement`, settlement);
    await bookingOnce(buyer, bookingId, ({ status }) => status === 'confirmed');
    const before = (await unsettled()).length;
    assert.equal((await send({ body: report(paymentId, 'charge.declined') })).status, 202);
    assert.deepEqual(
      (await unsettled()).slice(before).map(({ kind, reason }) => [kind, reason]),
      [['webhook', 'declined, and a person has settled it as captured']],
    );
    await quiet(running);
    assert.equal((await buyer.booking(bookingId)).body.status, 'confirmed');
  });

  await it('that comes twenty times has one effect', async () => {
    const showId = await openShow(running.admin, await buildVenue(running.admin));
    const { body } = await buyer.book(
      { showId, seats: ['S-A-1'], payment: { ...visa, token: 'tok_slow_2' } },
      { waitSeconds: 0 },
    );
    const { bookingId } = body;
    await bookingOnce(buyer, bookingId, ({ payment }) => payment.attempts > 0);
    const paymentId = await paymentOf(bookingId);
    const id = randomUUID();
    const sent = report(paymentId);
    const answers = await Promise.all(Array.from({ length: 20 }, () => send({ id, body: sent })));
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
    const confirmed = await bookingOnce(buyer, bookingId, ({ status }) => status === 'confirmed');
    assert.equal(confirmed.payment.attempts, 1);
    const complete = await bookingOnce(buyer, bookingId, ({ tickets }) => tickets.length > 0);
    assert.equal(complete.tickets.length, 1);

    // Another amount than was asked for is nobody's payment: a person looks at it.
    const before = (await unsettled()).length;
    const other = JSON.parse(report(paymentId)) as { data: { amount: { amount: number } } };
    other.data.amount.amount += 1;
    assert.equal((await send({ body: JSON.stringify(other) })).status, 202);
    const listed = (await unsettled()).slice(before);
    assert.deepEqual(
      listed.map(({ kind, reason }) => [kind, reason]),
      [['webhook', 'the amount is not what was asked for']],
    );

    // A decline after the money came is ignored.
    assert.equal((await send({ body: report(paymentId, 'charge.declined') })).status, 200);
    await quiet(running);
    assert.equal((await buyer.booking(bookingId)).body.status, 'confirmed');
    const entries = await eventually(
      () => ledgerOf(running.admin, bookingId),
      (all) => all.length > 0,
    );
    assert.deepEqual(
      entries.map(({ type }) => type),
      ['charge'],
    );
  });
});

async function paymentOf(bookingId: string): Promise<string> {
  const host = running.app.hosts.find(({ definition }) => definition.name === 'payment');
  for (;;) {
    const rows = await host?.query<{ id: string }>('select id from payments where booking_id = $1', [bookingId]);
    if (rows?.[0] !== undefined) return rows[0].id;
    await buyer.booking(bookingId);
  }
}
