import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { providerBooksOf } from '../src/composition/provider-books.ts';
import { databaseOf, definitions } from '../src/composition/services.ts';
import { newId } from '../src/contracts/ids.ts';
import type { MoneyLine } from '../src/contracts/reports.ts';
import { check, checkQuery } from '../src/operations/check.ts';
import { type Installation, openInstallation } from '../src/operations/installation.ts';
import { readConfiguration } from '../src/runtime/configuration.ts';
import { type Booking, type Client, eventually } from './support/client.ts';
import { bookingOnce, hasStatus } from './support/operations.ts';
import { newPerson } from './support/people.ts';
import { assertRefused } from './support/refusals.ts';
import { type RunningApp, runApp } from './support/servers.ts';
import { processing, type StripeIntent, StripeRefusal } from './support/stripe-books.ts';
import { type StripeStandIn, startStripeStandIn, stripeEvent, stripeSignature } from './support/stripe-stand-in.ts';
import { buildVenue, openShow } from './support/venue.ts';

/** Real money, as far as it can be had without any: the whole of it, with Stripe's stand-in as the provider. */

const secrets = ['whsec_the_older_secret_of_this_test', 'whsec_the_newer_secret_of_this_test'] as const;
const webhooks = '/v1/webhooks/payments/stripe';
const card = (token: string) => ({ method: 'card', token });

let stripe: StripeStandIn;
let running: RunningApp;
let installation: Installation;
let ada: Client;
let staff: Client;
let showId: string;
before(async () => {
  stripe = await startStripeStandIn();
  const environment = {
    PAYMENT_PROVIDER: 'stripe',
    STRIPE_SECRET_KEY: stripe.secretKey,
    STRIPE_WEBHOOK_SECRET: secrets.join(),
    STRIPE_API_URL: stripe.url,
    STRIPE_PUBLISHABLE_KEY: 'pk_test_of_the_browser',
    // Nobody needs the sandbox then.
    SANDBOX_WEBHOOK_SECRET: '',
    SANDBOX_DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nowhere',
  };
  running = await runApp(environment);
  const { app } = running;
  stripe.webhooks = { url: app.url + webhooks, secrets: [secrets[1]] };
  const urlOf = (name: string) => app.postgres.url(databaseOf(name));
  const books = providerBooksOf(readConfiguration(environment));
  installation = openInstallation({ definitions, log: app.log, hosts: app.hosts, urlOf, books });
  ada = (await newPerson(running)).client;
  staff = (await newPerson(running, { roles: ['staff'] })).client;
  showId = await openShow(running.admin, await buildVenue(running.admin));
});
after(async () => {
  await installation.close();
  await running.stop();
  await stripe.stop();
});

let seat = 0;
/** A booking of one more seat. */
async function book(token: string) {
  seat += 1;
  const seats = [`S-${'ABCDE'[Math.floor((seat - 1) / 10)]}-${((seat - 1) % 10) + 1}`];
  return (await ada.book({ showId, seats, payment: card(token) })).body;
}
const pay = (bookingId: string, token: string) =>
  ada.post<Booking>(`/v1/bookings/${bookingId}/payments`, card(token), { key: randomUUID(), waitSeconds: 20 });
const cancel = (bookingId: string) =>
  ada.post(`/v1/bookings/${bookingId}/cancellation`, {}, { key: randomUUID(), waitSeconds: 20 });
const ticketsOf = (bookingId: string) => bookingOnce(ada, bookingId, ({ tickets }) => tickets.length > 0);

const intentsOf = (bookingId: string) =>
  [...stripe.books.intents.values()].filter(({ metadata }) => metadata['fullhouse_booking'] === bookingId);
const takenFor = (bookingId: string) => intentsOf(bookingId).filter(({ status }) => status === 'succeeded');
const backOf = (bookingId: string) => takenFor(bookingId).flatMap(({ id }) => stripe.books.refundsOf(id));

interface Unsettled {
  readonly kind: string;
  readonly id: string;
  readonly bookingId?: string;
  readonly error?: { readonly code: string };
  readonly reason?: string;
}
const unsettled = async () => (await staff.get<{ items: Unsettled[] }>('/v1/ops/unsettled')).body.items;

/** What the timeline says of a booking, in one text. */
const storyOf = async (bookingId: string) =>
  JSON.stringify((await staff.get(`/v1/ops/bookings/${bookingId}/timeline`)).body);

/** Sends a report as Stripe would. */
const send = ({ body }: { readonly body: string }, by: string = secrets[0]) =>
  running.anyone.post(webhooks, body, { headers: { 'stripe-signature': stripeSignature([by], body) } });

/** What is broken, after so many further looks. */
async function brokenNow(looksAfterMs: readonly number[] = []): Promise<readonly string[]> {
  const broken: string[] = [];
  for await (const line of check(installation, checkQuery.parse({ looksAfterMs })))
    if ('checked' in line && !line.checked.holds) broken.push(`${line.checked.name}: ${line.checked.rows.join()}`);
  return broken;
}

describe('with Stripe', async () => {
  await it('a card is charged once, the booking is confirmed and has its ticket', async () => {
    const { bookingId, status, total } = await book('pm_card_visa');
    assert.equal(status, 'confirmed');
    assert.equal((await ticketsOf(bookingId)).tickets.length, 1);
    const [intent, ...others] = intentsOf(bookingId);
    assert.deepEqual(others, []);
    assert.deepEqual([intent?.amount_received, intent?.currency], [total?.amount, total?.currency.toLowerCase()]);
    await stripe.delivered();
    assert.deepEqual(new Set(stripe.told.map((each) => each.status)), new Set([200]));
  });

  await it('a declined card leaves the seats held, and another one pays for them', async () => {
    const declined = await book('pm_card_chargeDeclinedInsufficientFunds');
    assert.deepEqual([declined.status, declined.payment.error?.code], ['awaiting_payment', 'insufficient_funds']);
    const again = await pay(declined.bookingId, 'pm_card_authenticationRequired');
    assert.equal(again.body.payment.error?.code, 'authentication_required');
    assert.equal((await pay(declined.bookingId, 'pm_card_visa')).body.status, 'confirmed');
    assert.equal(takenFor(declined.bookingId).length, 1);
    assert.equal(intentsOf(declined.bookingId).length, 3);
  });

  await it('a cancelled booking has its money back in Stripe’s books', async () => {
    const { bookingId, total } = await book('pm_card_visa');
    await ticketsOf(bookingId);
    assert.equal((await cancel(bookingId)).status, 200);
    await bookingOnce(ada, bookingId, ({ refund }) => refund?.status === 'succeeded');
    assert.deepEqual(
      backOf(bookingId).map(({ amount }) => amount),
      [total?.amount],
    );
  });

  await it('a token of the sandbox, or one that is none, is refused at the door', async () => {
    for (const token of ['tok_visa', 'pm', 'pm_', 'pm_a-b', 'pi_1 ', 'src_1abc']) {
      const refused = await ada.book({ showId, bestAvailable: { count: 1 }, payment: card(token) });
      assertRefused(refused, { status: 422, code: 'validation_failed' });
    }
  });

  await it('a key that Stripe refuses declines nobody: it is asked again', async () => {
    for (let time = 0; time < 6; time += 1) stripe.faults.push({ at: /payment_intents/, does: '401' });
    const { bookingId, status, payment } = await book('pm_card_visa');
    assert.deepEqual([status, payment.attempts], ['confirmed', 1]);
    assert.equal(takenFor(bookingId).length, 1);
  });

  await it('lost answers at every step end as one charge and one refund', async () => {
    for (const at of [/^POST .*payment_intents$/, /confirm$/, /^POST .*refunds$/])
      stripe.faults.push({ at, does: '500 after' });
    const { bookingId } = await book('pm_card_visa');
    await ticketsOf(bookingId);
    await cancel(bookingId);
    await bookingOnce(ada, bookingId, ({ refund }) => refund?.status === 'succeeded');
    assert.equal(takenFor(bookingId).length, 1);
    assert.equal(backOf(bookingId).length, 1);
  });
});

describe('a payment that the customer authorises in the browser', async () => {
  interface Begun {
    readonly provider: string;
    readonly publishableKey: string;
    readonly paymentIntent: string;
    readonly clientSecret: string;
    readonly amount: { readonly amount: number };
  }
  const begin = (bookingId: string, who = ada) =>
    who.post<Begun>(`/v1/bookings/${bookingId}/payment-intents`, undefined);

  await it('is begun by the owner, authorised there, and captured by paying with it', async () => {
    const { bookingId, total } = await book('pm_card_authenticationRequired');
    const { status, body } = await begin(bookingId);
    assert.equal(status, 200);
    assert.deepEqual([body.provider, body.publishableKey, body.amount], ['stripe', 'pk_test_of_the_browser', total]);
    assert.deepEqual((await begin(bookingId)).body, body);
    const intent = stripe.books.intent(body.paymentIntent);
    assert.equal(intent.client_secret, body.clientSecret);

    const early = await pay(bookingId, body.paymentIntent);
    assert.equal(early.body.payment.error?.code, 'not_authorised');

    stripe.books.authorise(intent);
    assert.equal((await pay(bookingId, body.paymentIntent)).body.status, 'confirmed');
    assert.deepEqual([intent.status, intent.amount_received], ['succeeded', total?.amount]);
    await ticketsOf(bookingId);
    await cancel(bookingId);
    await bookingOnce(ada, bookingId, ({ refund }) => refund?.status === 'succeeded');
    assert.equal(backOf(bookingId).length, 1);
  });

  await it('is a decline where the bank takes back its word at the capture; another try pays', async () => {
    const { bookingId } = await book('pm_card_authenticationRequired');
    const { body } = await begin(bookingId);
    const intent = stripe.books.intent(body.paymentIntent);
    stripe.books.authorise(intent);
    stripe.books.refusedCaptures.set(intent.id, new StripeRefusal(402, 'card_error', { code: 'card_declined' }));
    const refused = await pay(bookingId, intent.id);
    assert.deepEqual([refused.body.status, refused.body.payment.error?.code], ['awaiting_payment', 'card_declined']);
    const again = stripe.books.intent((await begin(bookingId)).body.paymentIntent);
    assert.notEqual(again.id, intent.id);
    stripe.books.authorise(again);
    assert.equal((await pay(bookingId, again.id)).body.status, 'confirmed');
    assert.deepEqual(
      takenFor(bookingId).map(({ id }) => id),
      [again.id],
    );
    await ticketsOf(bookingId);
  });

  await it('is begun for nobody else, and only while the booking awaits its payment', async () => {
    const stranger = (await newPerson(running)).client;
    const { bookingId } = await book('pm_card_chargeDeclined');
    assertRefused(await begin(bookingId, stranger), { status: 404, code: 'not_found' });
    assertRefused(await begin(bookingId, staff), { status: 403, code: 'forbidden' });
    await pay(bookingId, 'pm_card_visa');
    assertRefused(await begin(bookingId), { status: 409, code: 'conflict' });
    await ticketsOf(bookingId);
  });

  await it('is let go where the booking was paid for in another way: nobody’s bank keeps money for it', async () => {
    const { bookingId } = await book('pm_card_authenticationRequired');
    const begun = await Promise.all([begin(bookingId), begin(bookingId), begin(bookingId)]);
    const [first] = begun;
    assert.deepEqual(
      begun.map(({ status, body }) => [status, body.paymentIntent]),
      begun.map(() => [200, first?.body.paymentIntent]),
    );
    const intent = stripe.books.intent(first?.body.paymentIntent ?? '');
    stripe.books.authorise(intent);
    assert.equal(intent.amount_capturable, intent.amount);
    stripe.faults.push({ at: /cancel$/, does: '500 after' });
    assert.equal((await pay(bookingId, 'pm_card_visa')).body.status, 'confirmed');
    await eventually(
      () => Promise.resolve(intent),
      ({ status }) => status === 'canceled',
    );
    assert.equal(takenFor(bookingId).length, 1);
    const told = () =>
      staff.get<{ events: { type: string; says: string }[] }>(`/v1/ops/bookings/${bookingId}/timeline`);
    const { body } = await eventually(told, (each) => JSON.stringify(each.body).includes('AuthorisationReleased'));
    assert.match(JSON.stringify(body), /The customer began to authorise .* in the browser/);
    await ticketsOf(bookingId);
  });

  await it('is asked for again where Stripe does not answer', async () => {
    const { bookingId } = await book('pm_card_chargeDeclined');
    for (let time = 0; time < 3; time += 1) stripe.faults.push({ at: /payment_intents$/, does: '429' });
    assertRefused(await begin(bookingId), { status: 503, code: 'unavailable' });
    stripe.faults.length = 0;
    assert.equal((await begin(bookingId)).status, 200);
    await cancel(bookingId);
  });
});

describe('a webhook of Stripe', async () => {
  /** A booking whose charge Stripe works on. */
  async function worksOn(): Promise<StripeIntent> {
    seat += 1;
    const request = { showId, seats: [`S-E-${seat - 30}`], payment: card(processing) };
    const { body } = await ada.book(request, { waitSeconds: 0 });
    const found = () => Promise.resolve(intentsOf(body.bookingId)[0]);
    const intent = await eventually(found, (each) => each?.status === 'processing');
    assert.ok(intent !== undefined);
    return intent;
  }

  await it('tells the outcome of a charge; sent again, and with either secret, it is the same one', async () => {
    seat = 30;
    const intent = await worksOn();
    const bookingId = intent.metadata['fullhouse_booking'] ?? '';
    // Before Stripe says so itself.
    const report = stripeEvent('payment_intent.succeeded', { ...intent, amount_received: intent.amount });
    const answers = await Promise.all([...secrets, ...secrets].map((by) => send(report, by)));
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
    stripe.books.settle(intent, 'succeeded');
    const { payment } = await bookingOnce(ada, bookingId, hasStatus('confirmed'));
    assert.equal(payment.attempts, 1);
    await stripe.delivered();
    await ticketsOf(bookingId);
  });

  await it('tells a decline', async () => {
    const intent = await worksOn();
    stripe.books.settle(intent, 'declined');
    const bookingId = intent.metadata['fullhouse_booking'] ?? '';
    const declined = await bookingOnce(ada, bookingId, ({ payment }) => payment.status === 'declined');
    assert.equal(declined.status, 'awaiting_payment');
    assert.equal((await cancel(bookingId)).status, 200);
  });

  await it('is refused unsigned, with another secret, or for the sandbox', async () => {
    const { body } = stripeEvent('payment_intent.succeeded', {});
    assertRefused(await send({ body }, 'whsec_of_somebody_else_entirely'), { status: 401, code: 'bad_signature' });
    assertRefused(await running.anyone.post(webhooks, body), { status: 401, code: 'bad_signature' });
    const elsewhere = await running.anyone.post('/v1/webhooks/payments/sandbox', body);
    assertRefused(elsewhere, { status: 404, code: 'not_found' });
  });

  await it('about others in the same account, or of a kind nobody knows, is taken and changes nothing', async () => {
    const before = (await unsettled()).length;
    for (const [type, object] of [
      ['payment_intent.succeeded', { id: 'pi_3x', currency: 'eur', amount_received: 1, metadata: {} }],
      ['refund.created', { id: 're_3x', metadata: {} }],
      ['charge.dispute.funds_withdrawn', {}],
      [
        'charge.dispute.created',
        { id: 'dp_3y', amount: 1, currency: 'eur', payment_intent: 'pi_3x', reason: 'general', status: 'lost' },
      ],
    ] as const) {
      assert.deepEqual(await send(stripeEvent(type, object)).then(({ status, body }) => [status, body]), [
        200,
        { stored: false },
      ]);
    }
    assert.equal((await unsettled()).length, before);
  });

  await it('about a refund that came back later is listed once for a person, who tries it again', async () => {
    const { bookingId } = (await ada.book({ showId, seats: ['S-E-9'], payment: card('pm_card_refundFail') })).body;
    await ticketsOf(bookingId);
    await cancel(bookingId);
    await bookingOnce(ada, bookingId, ({ refund }) => refund?.status === 'succeeded');
    const [refund] = backOf(bookingId);
    assert.ok(refund !== undefined);
    const before = (await unsettled()).length;
    // Stripe tells of it twice, as an update and as a failure.
    stripe.books.endRefund(refund, 'failed');
    await stripe.delivered();
    const report = stripeEvent('refund.failed', refund);
    for (let time = 0; time < 3; time += 1) assert.equal((await send(report)).status, 200);
    const listed = await eventually(
      async () => (await unsettled()).slice(before),
      (items) => items.length > 0,
    );
    assert.deepEqual(
      listed.map(({ kind, bookingId: of, error }) => [kind, of, error?.code]),
      [['refund', bookingId, 'lost_or_stolen_card']],
    );
    assert.deepEqual(await brokenNow([250, 1_000, 3_000]), [], 'openly unsettled is no broken promise');

    await staff.post(`/v1/ops/refunds/${listed[0]?.id}/retry`, undefined);
    const story = await eventually(
      () => storyOf(bookingId),
      (told) => told.includes('RefundMadeAgain'),
    );
    assert.match(story, /did not reach the customer.*given back again/s);
    assert.equal((await unsettled()).length, before);
    assert.deepEqual(
      backOf(bookingId).map(({ status }) => status),
      ['failed', 'succeeded'],
    );
    const day = new URLSearchParams({
      from: new Date(Date.now() - 3_600_000).toISOString(),
      to: new Date(Date.now() + 1).toISOString(),
    });
    const { body: journal } = await running.admin.get<{ items: MoneyLine[] }>(`/v1/ops/reports/money?${day}`);
    assert.deepEqual(
      journal.items.filter((line) => line.bookingId === bookingId).map(({ kind }) => kind),
      ['charge', 'refund', 'refund_came_back', 'refund'],
      'each movement stays in the journal, on the day it was made',
    );
  });

  await it('about a refund that nobody here knows is listed once for a person', async () => {
    const refund = { id: 're_3x', status: 'failed', metadata: { fullhouse_refund: newId('refund') } };
    const before = (await unsettled()).length;
    for (const type of ['refund.updated', 'refund.failed'])
      assert.equal((await send(stripeEvent(type, refund))).status, 202);
    assert.equal((await unsettled()).length, before + 1);
  });

  await it('about a dispute is listed until the bank has decided, and told in the timeline', async () => {
    const { bookingId } = (await ada.book({ showId, seats: ['S-E-10'], payment: card('pm_card_visa') })).body;
    await ticketsOf(bookingId);
    const [intent] = takenFor(bookingId);
    assert.ok(intent !== undefined);
    const dispute = {
      ...{ id: 'dp_3x', amount: intent.amount, currency: 'eur', payment_intent: intent.id, reason: 'fraudulent' },
      ...{ status: 'needs_response', metadata: {}, evidence: { customer_name: 'Ada Lovelace' } },
    };
    // Where Stripe cannot say whose it is, it has to tell again.
    stripe.faults.push({ at: /GET/, does: '429' });
    const opened = stripeEvent('charge.dispute.created', dispute);
    assertRefused(await send(opened), { status: 503, code: 'unavailable' });
    for (let time = 0; time < 3; time += 1) assert.equal((await send(opened)).status, 200);
    const listed = async () => (await unsettled()).filter(({ kind }) => kind === 'dispute');
    const [item, ...others] = await eventually(listed, (items) => items.length > 0);
    assert.deepEqual([item?.id, item?.bookingId, item?.reason, others.length], ['dp_3x', bookingId, 'fraudulent', 0]);
    assert.deepEqual(await brokenNow([250, 1_000, 3_000]), []);

    const closed = stripeEvent('charge.dispute.closed', { ...dispute, status: 'lost' });
    for (const each of [closed, closed, opened]) assert.equal((await send(each)).status, 200);
    await eventually(listed, (items) => items.length === 0);
    const story = await storyOf(bookingId);
    assert.match(story, /disputes .*fraudulent.*is over: lost/s);
    assert.doesNotMatch(story, /Ada/);
    assert.equal((await ada.booking(bookingId)).body.status, 'confirmed');
  });
});

describe('the auditor, with Stripe’s books', async () => {
  await it('finds nothing wrong', async () => {
    assert.deepEqual(await brokenNow([250, 1_000, 3_000]), []);
  });

  await it('says so where they cannot be read, and proves nothing', async () => {
    stripe.faults.push({ at: /GET .*payment_intents$/, does: '401' });
    await assert.rejects(brokenNow(), /The books at Stripe cannot be read: Invalid API Key/);
  });

  await it('finds what Stripe has and we do not, and the other way round', async () => {
    const { bookingId } = await (async () =>
      (await ada.book({ showId, seats: ['C-A-5'], payment: card('pm_card_visa') })).body)();
    await ticketsOf(bookingId);
    assert.deepEqual(await brokenNow([250, 1_000, 3_000]), []);
    const [intent] = takenFor(bookingId);
    assert.ok(intent !== undefined);

    const byHand = stripe.books.refund({ payment_intent: intent.id });
    assert.match((await brokenNow()).join(), /^ledger-known: .*a refund at the provider that was never asked for/);
    stripe.books.refunds.delete(byHand.id);

    intent.amount_received -= 1;
    assert.match((await brokenNow()).join(), /^provider-agrees: /);
    intent.amount_received += 1;

    stripe.books.intents.delete(intent.id);
    assert.match((await brokenNow()).join(), /^provider-agrees: .*that the provider knows nothing of/);
    stripe.books.intents.set(intent.id, intent);
    assert.deepEqual(await brokenNow(), []);
  });
});
