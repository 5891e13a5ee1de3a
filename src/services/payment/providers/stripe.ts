/**
 * Stripe as a payment provider, by PaymentIntents (https://docs.stripe.com/payments/payment-intents).
 *
 * A charge is two steps: a PaymentIntent is made under our key, which takes no money and may be repeated, then confirmed with
 * the card. A PaymentIntent captures once at the most, so it is what a lost answer is asked about, in whatever state it is:
 *   none       It was made, and never confirmed (or never made: asking makes it).
 *   pending    Stripe works on it.
 *   declined   The bank, or Stripe for it, said no.
 *   succeeded  The money is taken.
 * Keys are forgotten after a day: from then on it is searched for by our id, which is written on it (decision 18).
 * A card that its bank wants confirmed is declined; a payment the customer has authorised in the browser is captured instead.
 */
import Stripe from 'stripe';
import { timeOfId } from '../../../contracts/ids.ts';
import type { ChargeOutcome, ChargeRequest, PaymentProvider, RefundOutcome, RefundRequest } from './provider.ts';
import { toStripe } from './stripe-amounts.ts';
import { captureAuthorised, lookUpAuthorised, releaseAuthorised } from './stripe-authorisations.ts';
import {
  answerWithinMs,
  foundMax,
  idOf,
  isKept,
  keysKeptMs,
  paymentOf,
  retrieveIntent,
  type StripeAccount,
  stripeClient,
  underKey,
  whileWaited,
} from './stripe-client.ts';
import {
  outcomeOf,
  outcomeOfRefund,
  refusalOfAmount,
  refusalOfCard,
  refusalOfRefund,
  refused,
  refusedRefund,
} from './stripe-outcomes.ts';
import { isAuthorisation } from './stripe-tokens.ts';
import { stripeWebhooks } from './stripe-webhooks.ts';

export interface StripeOptions extends StripeAccount {
  /** What webhooks may be signed with: one secret, or two while it is being changed. */
  readonly webhookSecrets: readonly string[];
}

/** Stripe as a provider; the account's books stay with Stripe. */
export function createStripeProvider({ webhookSecrets, ...account }: StripeOptions): PaymentProvider {
  const stripe = stripeClient(account);
  return {
    name: 'stripe',
    answerWithinMs,
    webhooks: stripeWebhooks(stripe, webhookSecrets),
    charge: (request, signal) =>
      whileWaited(signal, () =>
        isAuthorisation(request.token) ? captureAuthorised(stripe, request) : chargeCard(stripe, request),
      ),
    lookup: (request, signal) =>
      whileWaited(signal, () =>
        isAuthorisation(request.token) ? lookUpAuthorised(stripe, request) : lookUp(stripe, request),
      ),
    refund: (request, signal) => whileWaited(signal, () => giveBack(stripe, request)),
    chargeNamed: (reference, signal) => whileWaited(signal, () => chargeNamed(stripe, reference)),
    release: (request, signal) => whileWaited(signal, () => releaseAuthorised(stripe, request)),
  };
}

async function chargeCard(stripe: Stripe, request: ChargeRequest): Promise<ChargeOutcome> {
  const intent = await intentOf(stripe, request);
  if ('outcome' in intent) return intent;
  const known = outcomeOf(intent);
  return known.outcome === 'none' ? confirm(stripe, intent, request) : known;
}

async function lookUp(stripe: Stripe, request: ChargeRequest): ReturnType<PaymentProvider['lookup']> {
  const intent = await intentOf(stripe, request);
  return 'outcome' in intent ? intent : outcomeOf(intent);
}

/** The PaymentIntent of a charge as it is now, made where there was none; or why there can be none. */
async function intentOf(stripe: Stripe, request: ChargeRequest): Promise<Stripe.PaymentIntent | ChargeOutcome> {
  const { key, bookingId, description } = request;
  const amount = toStripe(request.amount);
  if (amount === undefined) return refused('amount_not_chargeable');
  const isOld = Date.now() - timeOfId(key) > keysKeptMs;
  const found = isOld ? await findIntent(stripe, key) : undefined;
  if (found !== undefined) return found;
  const params: Stripe.PaymentIntentCreateParams = {
    ...amount,
    description,
    allowed_payment_method_types: ['card'],
    metadata: { [idOf.payment]: key, [idOf.booking]: bookingId },
  };
  try {
    const made = await underKey(`create/${key}`, (idempotencyKey) =>
      stripe.paymentIntents.create(params, { idempotencyKey }),
    );
    return isKept(made) ? await stripe.paymentIntents.retrieve(made.id) : made;
  } catch (error) {
    // Made by a version of ours that asked in other words.
    const earlier = error instanceof Stripe.errors.StripeIdempotencyError ? await findIntent(stripe, key) : undefined;
    const known = earlier ?? refusalOfAmount(error);
    if (known === undefined) throw error;
    return known;
  }
}

/** The PaymentIntent of a payment by our id: of several the one that was confirmed. New ones may be missing for a minute. */
async function findIntent(stripe: Stripe, payment: string): Promise<Stripe.PaymentIntent | undefined> {
  const query = `metadata['${idOf.payment}']:'${payment}'`;
  const { data } = await stripe.paymentIntents.search({ query, limit: foundMax });
  const found = data.filter((intent) => paymentOf(intent) === payment);
  const confirmed = found.find((intent) => outcomeOf(intent).outcome !== 'none') ?? found[0];
  // The index is behind what it is an index of.
  return confirmed && stripe.paymentIntents.retrieve(confirmed.id);
}

async function confirm(
  stripe: Stripe,
  { id }: Stripe.PaymentIntent,
  { key, token }: ChargeRequest,
): Promise<ChargeOutcome> {
  const params = { payment_method: token, error_on_requires_action: true };
  try {
    const confirmed = await underKey(`confirm/${key}`, (idempotencyKey) =>
      stripe.paymentIntents.confirm(id, params, { idempotencyKey }),
    );
    const known = outcomeOf(confirmed);
    return known.outcome === 'none' ? { outcome: 'pending' } : known;
  } catch (error) {
    const refusal = refusalOfCard(error);
    if (refusal === undefined) throw error;
    return refusal;
  }
}

async function chargeNamed(stripe: Stripe, reference: string): Promise<string | undefined> {
  const intent = await retrieveIntent(stripe, reference);
  return intent && paymentOf(intent);
}

/**
 * Looks first, then gives back: what was given back under this key is found however long ago that was, and a failure that
 * Stripe has kept was one without an effect.
 */
async function giveBack(stripe: Stripe, request: RefundRequest): Promise<RefundOutcome> {
  const { key, chargeKey, chargeReference, bookingId } = request;
  const payment_intent = chargeReference?.startsWith('pi_')
    ? chargeReference
    : (await findIntent(stripe, chargeKey))?.id;
  if (payment_intent === undefined) return refusedRefund('charge_not_captured');
  const amount = toStripe(request.amount)?.amount;
  if (amount === undefined) return refusedRefund('amount_not_refundable');
  for await (const refund of stripe.refunds.list({ payment_intent, limit: 100 })) {
    if (refund.metadata?.[idOf.refund] === key) return outcomeOfRefund(refund);
  }
  const params = { payment_intent, amount, metadata: { [idOf.refund]: key, [idOf.booking]: bookingId } };
  try {
    const refund = await underKey(`refund/${key}`, (idempotencyKey) =>
      stripe.refunds.create(params, { idempotencyKey }),
    );
    return outcomeOfRefund(refund);
  } catch (error) {
    const refusal = refusalOfRefund(error);
    if (refusal === undefined) throw error;
    return refusal;
  }
}
