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
    if (report.about !== 'failed refund') assert.equal(webhookId, id);
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
  const dispute = {
    ...{ id: 'dp_x', object: 'dispute', amount: 150_000, currency: 'isk', charge: 'ch_x', payment_intent: 'pi_3x' },
    ...{ reason: 'fraudulent', status: 'needs_response', metadata: {} },
    evidence: { customer_name: 'Ada Lovelace', customer_email_address: 'ada@example.com' },
  };
  test('is a dispute, open or over, with nothing of what anybody wrote', () => {
    const told = (outcome?: string) => ({
      ...{ about: 'dispute', reference: 'pi_3x' },
      dispute: { disputeId: 'dp_x', amount: { amount: 1_500, currency: 'ISK' }, reason: 'fraudulent', outcome },
    });
    assert.deepEqual(about('charge.dispute.created', dispute), told(undefined));
    for (const [status, outcome] of [
      ['won', 'won'],
      ['lost', 'lost'],
      ['warning_closed', 'closed'],
    ] as const)
      assert.deepEqual(about('charge.dispute.closed', { ...dispute, status }), told(outcome));
  });
  test('has one name where Stripe tells of one failed refund twice', () => {
    const refund = { id: 're_x', object: 'refund', status: 'failed', metadata: { fullhouse_refund: 'rfd_x' } };
    const names = ['refund.updated', 'refund.failed'].map(
      (type) => read(JSON.parse(stripeEvent(type, refund).body), {}).webhookId,
    );
    assert.equal(new Set(names).size, 1);
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
      ['refund.failed', { id: 're_x', status: 'failed', metadata: {} }],
      ['charge.dispute.created', { ...dispute, payment_intent: null }],
      ['charge.dispute.funds_withdrawn', dispute],
      ['a.type.of.tomorrow', {}],
    ] as const) {
      assert.deepEqual(about(type, object), { about: 'nothing of ours' }, type);
    }
  });
  test('is for a person where it is not as we know it', () => {
    assert.deepEqual(about('payment_intent.succeeded', { id: 'pi_3x' }), { about: 'something unknown' });
    assert.deepEqual(about('refund.failed', { metadata: 'none' }), { about: 'something unknown' });
    assert.deepEqual(about('charge.dispute.created', { id: 'dp_x' }), { about: 'something unknown' });
    assert.deepEqual(about('charge.dispute.created', { ...dispute, amount: 150_001 }), { about: 'something unknown' });
    for (const json of [null, [], 'text', { id: 'evt_x' }]) assert.equal(read(json, {}).about, 'something unknown');
  });

  test('is kept for a person without what opens a payment in a browser', () => {
    const { body: sent } = stripeEvent('payment_intent.succeeded', { ...intent, client_secret: 'pi_3x_secret_y' });
    const kept = webhooksWith(newer).kept(JSON.parse(sent));
    assert.doesNotMatch(kept, /secret/);
    const { data } = JSON.parse(kept) as { data: { object: object } };
    assert.deepEqual(data.object, intent);
    assert.doesNotMatch(webhooksWith(newer).kept(dispute), /Ada|example\.com/);
  });
});
