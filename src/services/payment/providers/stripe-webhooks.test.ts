import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { stripeEvent, stripeSignature } from '../../../../tests/support/stripe-stand-in.ts';
import { createStripeProvider } from './stripe.ts';

const [older, newer] = ['whsec_the_older_of_the_two_secrets', 'whsec_the_newer_of_the_two_secrets'] as const;
const webhooksWith = (...webhookSecrets: readonly string[]) =>
  createStripeProvider({ secretKey: 'sk_test_nobody', webhookSecrets }).webhooks;
const { body } = stripeEvent('payment_intent.succeeded', {});
const isGenuine = (header: unknown, { sent = body, secrets = [newer] as readonly string[] } = {}) =>
  webhooksWith(...secrets).isGenuine(Buffer.from(sent), { 'stripe-signature': header });
const minute = 60_000;

describe('a signature of Stripe', () => {
  test('proves the very bytes', () => {
    assert.equal(isGenuine(stripeSignature([newer], body)), true);
    assert.equal(isGenuine(stripeSignature([newer], body), { sent: `${body} ` }), false);
    assert.equal(isGenuine(stripeSignature([newer], body), { sent: body.replace('evt_', 'evt_x') }), false);
  });
  test('is made with one of our secrets, and at least one of its own', () => {
    const both = stripeSignature([older, newer], body);
    // While Stripe signs with both, and while we take both.
    assert.equal(isGenuine(both, { secrets: [older] }), true);
    assert.equal(isGenuine(both, { secrets: [newer] }), true);
    assert.equal(isGenuine(stripeSignature([older], body), { secrets: [newer, older] }), true);
    assert.equal(isGenuine(stripeSignature([older], body), { secrets: [newer] }), false);
    assert.equal(isGenuine(both, { secrets: [] }), false);
  });
  test('is at most five minutes old', () => {
    assert.equal(isGenuine(stripeSignature([newer], body, Date.now() - 4 * minute)), true);
    assert.equal(isGenuine(stripeSignature([newer], body, Date.now() - 6 * minute)), false);
  });
  test('is nothing else: not there, empty, twice, of another scheme, without a time', () => {
    const signature = stripeSignature([newer], body);
    const [time = '', proof = ''] = signature.split(',');
    for (const header of [
      ...[undefined, '', 'v1=', [signature], signature.replace('v1=', 'v0='), proof, time, `t=soon,${proof}`],
      `t=${Math.floor(Date.now() / 1_000) + 1},${proof}`,
    ]) {
      assert.equal(isGenuine(header), false, String(header));
    }
  });
});

describe('a report of Stripe', () => {
  const { read } = webhooksWith(newer);
  const about = (type: string, object: object) => {
    const { id, body: sent } = stripeEvent(type, object);
    const { webhookId, ...report } = read(JSON.parse(sent), {});
    assert.equal(webhookId, id);
    return report;
  };
  const intent = {
    ...{ id: 'pi_3x', object: 'payment_intent', amount: 150_000, amount_received: 150_000, currency: 'isk' },
    metadata: { fullhouse_payment: 'pay_x' },
    last_payment_error: { code: 'card_declined', decline_code: 'insufficient_funds' },
  };
  const charge = (report: object) => ({ about: 'charge', key: 'pay_x', report });

  test('is an outcome of our charge, in our units and words', () => {
    assert.deepEqual(
      about('payment_intent.succeeded', intent),
      charge({ outcome: 'succeeded', reference: 'pi_3x', amount: { amount: 1_500, currency: 'ISK' } }),
    );
    const declined = (code: string, message: string) => charge({ outcome: 'declined', error: { code, message } });
    assert.deepEqual(
      about('payment_intent.payment_failed', intent),
      declined('insufficient_funds', 'The card does not have enough money on it.'),
    );
    assert.deepEqual(
      about('payment_intent.payment_failed', { ...intent, last_payment_error: null }),
      declined('card_declined', 'The card was declined.'),
    );
    assert.deepEqual(about('payment_intent.canceled', intent), declined('canceled', 'The payment was cancelled.'));
  });
  test('is a refund that failed', () => {
    const refund = { id: 're_x', object: 'refund', status: 'failed', metadata: { fullhouse_refund: 'rfd_x' } };
    const failed = { about: 'failed refund', key: 'rfd_x' };
    assert.deepEqual(about('refund.failed', { ...refund, failure_reason: 'lost_or_stolen_card' }), {
      ...failed,
      why: 'lost_or_stolen_card',
    });
    assert.deepEqual(about('refund.updated', { ...refund, status: 'canceled' }), { ...failed, why: 'canceled' });
    assert.deepEqual(about('refund.updated', { ...refund, status: 'succeeded' }), { about: 'nothing of ours' });
  });
  test('is nothing of ours: without our id, of another kind, on the way', () => {
    for (const [type, object] of [
      ['payment_intent.succeeded', { ...intent, metadata: {} }],
      ['payment_intent.succeeded', { ...intent, metadata: null }],
      ['payment_intent.processing', intent],
      ['refund.failed', { status: 'failed', metadata: {} }],
      ['charge.dispute.created', { id: 'dp_x' }],
      ['a.type.of.tomorrow', {}],
    ] as const) {
      assert.deepEqual(about(type, object), { about: 'nothing of ours' }, type);
    }
  });
  test('is for a person where it is not as we know it', () => {
    assert.deepEqual(about('payment_intent.succeeded', { id: 'pi_3x' }), { about: 'something unknown' });
    assert.deepEqual(about('refund.failed', { metadata: 'none' }), { about: 'something unknown' });
    for (const json of [null, [], 'text', { id: 'evt_x' }]) assert.equal(read(json, {}).about, 'something unknown');
  });

  test('is kept for a person without what opens a payment in a browser', () => {
    const { body: sent } = stripeEvent('payment_intent.succeeded', { ...intent, client_secret: 'pi_3x_secret_y' });
    const kept = webhooksWith(newer).kept(JSON.parse(sent));
    assert.doesNotMatch(kept, /secret/);
    const { data } = JSON.parse(kept) as { data: { object: object } };
    assert.deepEqual(data.object, intent);
  });
});
