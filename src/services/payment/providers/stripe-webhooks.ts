import { hash as digestOf } from 'node:crypto';
import Stripe from 'stripe';
import { z } from 'zod';
import type { ProviderReport, ProviderWebhooks } from './provider.ts';
import { fromStripe } from './stripe-amounts.ts';
import { idOf } from './stripe-client.ts';
import { declined, refused } from './stripe-outcomes.ts';

/**
 * Stripe's webhooks (https://docs.stripe.com/webhooks): HMAC-SHA256 over the time and the body's own bytes, in a header that
 * may carry several signatures, at most five minutes old.
 */
const toleranceSeconds = 300;

export function stripeWebhooks({ webhooks }: Stripe, secrets: readonly string[]): ProviderWebhooks {
  const isSignedWith = (secret: string, body: Buffer, header: string): boolean => {
    try {
      webhooks.signature?.verifyHeader(body, header, secret, toleranceSeconds);
      return webhooks.signature !== null;
    } catch (error) {
      if (error instanceof Stripe.errors.StripeSignatureVerificationError) return false;
      throw error;
    }
  };
  return {
    isGenuine: (body, { 'stripe-signature': header }) =>
      typeof header === 'string' && secrets.some((secret) => isSignedWith(secret, body, header)),
    read: reportIn,
    kept: (json) => JSON.stringify(json, withoutSecrets),
  };
}

/**
 * With a PaymentIntent's client secret a browser may go on with it, and read who pays; the others tell who that is, where they
 * live and what somebody has written about them.
 */
const keptFromPeople: ReadonlySet<string> = new Set([
  ...['client_secret', 'evidence', 'billing_details', 'shipping', 'receipt_email', 'payment_method_details'],
  ...['payment_method', 'customer_email', 'customer_name', 'customer_purchase_ip'],
]);

function withoutSecrets(name: string, value: unknown): unknown {
  return keptFromPeople.has(name) ? undefined : value;
}

const metadata = z.record(z.string(), z.string()).nullish();
const refusal = z.object({ code: z.string().nullish(), decline_code: z.string().nullish() });

const event = z.object({ id: z.string().min(1).max(200), type: z.string(), data: z.object({ object: z.unknown() }) });
const paymentIntent = z.object({
  id: z.string().max(200),
  currency: z.string(),
  amount_received: z.int(),
  metadata,
  last_payment_error: refusal.nullish(),
});
const dispute = z.object({
  id: z.string().min(1).max(200),
  amount: z.int(),
  currency: z.string(),
  payment_intent: z.string().max(200).nullish(),
  reason: z.string().max(100),
  status: z.string(),
});
const refund = z.object({
  id: z.string().min(1).max(150),
  status: z.string().nullish(),
  failure_reason: z.string().nullish(),
  metadata,
});

function reportIn(json: unknown): ProviderReport {
  const parsed = event.safeParse(json);
  if (!parsed.success)
    return { webhookId: digestOf('sha256', JSON.stringify(json), 'hex'), about: 'something unknown' };
  const { id: webhookId, type, data } = parsed.data;
  if (type.startsWith('payment_intent.')) return aboutPayment(webhookId, type, data.object);
  if (type.startsWith('refund.')) return aboutRefund(webhookId, data.object);
  if (type === 'charge.dispute.created') return aboutDispute(webhookId, data.object, 'open');
  if (type === 'charge.dispute.closed') return aboutDispute(webhookId, data.object, 'over');
  return { webhookId, about: 'nothing of ours' };
}

/** An account may serve others as well: what does not carry our id is not ours. */
function aboutPayment(webhookId: string, type: string, object: unknown): ProviderReport {
  const parsed = paymentIntent.safeParse(object);
  if (!parsed.success) return { webhookId, about: 'something unknown' };
  const { id: reference, currency, amount_received: amount, last_payment_error: error } = parsed.data;
  const key = parsed.data.metadata?.[idOf.payment];
  if (key === undefined) return { webhookId, about: 'nothing of ours' };
  const about = { webhookId, about: 'charge', key } as const;
  switch (type) {
    case 'payment_intent.succeeded':
      return { ...about, report: { outcome: 'succeeded', reference, amount: fromStripe({ amount, currency }) } };
    case 'payment_intent.payment_failed':
      return { ...about, report: declined(error ?? {}) };
    case 'payment_intent.canceled':
      return { ...about, report: refused('canceled') };
    default:
      return { webhookId, about: 'nothing of ours' };
  }
}

function aboutRefund(webhookId: string, object: unknown): ProviderReport {
  const parsed = refund.safeParse(object);
  if (!parsed.success) return { webhookId, about: 'something unknown' };
  const { id, status, failure_reason: why } = parsed.data;
  const key = parsed.data.metadata?.[idOf.refund];
  if (key === undefined || (status !== 'failed' && status !== 'canceled'))
    return { webhookId, about: 'nothing of ours' };
  // Stripe tells of one failure in two events: one name for both.
  return { webhookId: `${id} failed`, about: 'failed refund', key, why: why ?? status };
}

/** It carries no id of ours: which charge it is about has to be asked. */
function aboutDispute(webhookId: string, object: unknown, is: 'open' | 'over'): ProviderReport {
  const parsed = dispute.safeParse(object);
  if (!parsed.success) return { webhookId, about: 'something unknown' };
  const { id: disputeId, currency, payment_intent: reference, reason, status } = parsed.data;
  // A charge without a PaymentIntent was made by somebody else.
  if (typeof reference !== 'string') return { webhookId, about: 'nothing of ours' };
  const amount = fromStripe({ amount: parsed.data.amount, currency });
  if (!Number.isInteger(amount.amount)) return { webhookId, about: 'something unknown' };
  const outcome = is === 'open' ? undefined : status === 'won' || status === 'lost' ? status : 'closed';
  return { webhookId, about: 'dispute', reference, dispute: { disputeId, amount, reason, outcome } };
}
