import Stripe from 'stripe';
import type { AuthorisationRequest, CardAuthorisation, CardAuthorisations } from '../../../contracts/payment.ts';
import type { ChargeOutcome, ChargeRequest, PaymentProvider, ReleaseOutcome, ReleaseRequest } from './provider.ts';
import { toStripe } from './stripe-amounts.ts';
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
import { declined, outcomeOf, refusalOfAmount, refusalOfCapture, refused } from './stripe-outcomes.ts';

/**
 * Payments that the customer has authorised in the browser, where a bank can ask for a confirmation (3-D Secure): a
 * PaymentIntent with manual capture, made for one booking. Paying with it captures it and writes the payment's id on it in one
 * step; that tells whose it was when an answer is lost.
 */

export interface BrowserAccount extends StripeAccount {
  readonly publishableKey: string;
}

/** Makes such PaymentIntents. */
export function createStripeAuthorisations({ publishableKey, ...account }: BrowserAccount): CardAuthorisations {
  const stripe = stripeClient(account);
  return {
    begin: (request, signal) =>
      whileWaited(AbortSignal.any([signal, AbortSignal.timeout(answerWithinMs)]), async () => {
        const intent = await beginOne(stripe, request);
        if (typeof intent?.client_secret !== 'string') return undefined;
        const made: CardAuthorisation = {
          ...{ provider: 'stripe', publishableKey, paymentIntent: intent.id, clientSecret: intent.client_secret },
        };
        return made;
      }),
  };
}

async function beginOne(
  stripe: Stripe,
  { bookingId, attempts, amount: wanted }: AuthorisationRequest,
): Promise<Stripe.Response<Stripe.PaymentIntent> | undefined> {
  const amount = toStripe(wanted);
  if (amount === undefined) return undefined;
  const params: Stripe.PaymentIntentCreateParams = {
    ...amount,
    description: `Booking ${bookingId}`,
    capture_method: 'manual',
    allowed_payment_method_types: ['card'],
    metadata: { [idOf.booking]: bookingId },
  };
  try {
    return await underKey(`authorise/${bookingId}/${attempts}`, (idempotencyKey) =>
      stripe.paymentIntents.create(params, { idempotencyKey }),
    );
  } catch (error) {
    if (refusalOfAmount(error) === undefined) throw error;
    return undefined;
  }
}

type Looked = Awaited<ReturnType<PaymentProvider['lookup']>>;

/** Captures what was authorised, if it was, for this booking and this amount. */
export async function captureAuthorised(stripe: Stripe, request: ChargeRequest): Promise<ChargeOutcome> {
  const known = await lookUpAuthorised(stripe, request);
  if (known.outcome !== 'none') return known;
  const metadata = { [idOf.payment]: request.key };
  try {
    const captured = await underKey(`capture/${request.key}`, (idempotencyKey) =>
      stripe.paymentIntents.capture(request.token, { metadata }, { idempotencyKey }),
    );
    const outcome = outcomeOf(captured);
    return outcome.outcome === 'none' ? { outcome: 'pending' } : outcome;
  } catch (error) {
    // Nothing was taken, and nothing will be: Stripe answers the same under this key, and nobody asks under another one.
    const refusal = refusalOfCapture(error);
    if (refusal === undefined) throw error;
    return refusal;
  }
}

/** What became of it; `none`: it is authorised and was not captured. */
export async function lookUpAuthorised(stripe: Stripe, request: ChargeRequest): Promise<Looked> {
  const intent = await retrieveIntent(stripe, request.token);
  if (intent === undefined) return refused('authorisation_unknown');
  if (!isFor(intent, request)) return refused('authorisation_of_another');
  const payment = paymentOf(intent);
  if (payment !== undefined && payment !== request.key) return refused('authorisation_used');
  switch (intent.status) {
    case 'requires_capture':
      return { outcome: 'none' };
    case 'requires_payment_method':
    case 'requires_confirmation':
    case 'requires_action':
      return refusalOnRecord(intent) ?? refused('not_authorised');
    default:
      return outcomeOf(intent);
  }
}

/** What the bank said of it, where the bank was asked: the answer that told so may have been lost. */
function refusalOnRecord({ last_payment_error: error }: Stripe.PaymentIntent): ChargeOutcome | undefined {
  return error?.type === 'card_error' ? declined(error) : undefined;
}

function isFor({ metadata, amount, currency }: Stripe.PaymentIntent, request: ChargeRequest): boolean {
  const wanted = toStripe(request.amount);
  return metadata[idOf.booking] === request.bookingId && amount === wanted?.amount && currency === wanted.currency;
}

/** What has taken no money yet and never has to. */
const cancellable: ReadonlySet<Stripe.PaymentIntent.Status> = new Set([
  ...(['requires_payment_method', 'requires_confirmation', 'requires_action', 'requires_capture'] as const),
]);

/**
 * Cancels what was made for one try to pay and was not paid with. Making it again under its key finds it, as it finds a charge
 * (decision 18); where whoever began it was stopped before Stripe heard of it, it is made now, which takes nothing. Whoever
 * cancels what is being captured at that moment hears no, and looks again.
 */
export async function releaseAuthorised(stripe: Stripe, request: ReleaseRequest): Promise<ReleaseOutcome> {
  const intents = await begunFor(stripe, request);
  const unused = intents.filter(({ status }) => cancellable.has(status));
  for (const { id } of unused) {
    await underKey(`release/${id}`, (idempotencyKey) =>
      stripe.paymentIntents.cancel(id, { cancellation_reason: 'abandoned' }, { idempotencyKey }),
    );
  }
  if (intents.some(({ status }) => status === 'processing')) return 'pending';
  return unused.length === 0 ? 'nothing' : 'released';
}

/** The PaymentIntent of one try; where its key is forgotten, all of the booking that were not paid with. */
async function begunFor(stripe: Stripe, request: ReleaseRequest): Promise<readonly Stripe.PaymentIntent[]> {
  const isOld = Date.now() - request.begunAt > keysKeptMs;
  if (isOld) return findUnpaid(stripe, request.bookingId);
  try {
    const begun = await beginOne(stripe, request);
    if (begun === undefined) return [];
    return [isKept(begun) ? await stripe.paymentIntents.retrieve(begun.id) : begun];
  } catch (error) {
    // Made by a version of ours that asked in other words.
    if (error instanceof Stripe.errors.StripeIdempotencyError) return findUnpaid(stripe, request.bookingId);
    throw error;
  }
}

async function findUnpaid(stripe: Stripe, bookingId: string): Promise<readonly Stripe.PaymentIntent[]> {
  const query = `metadata['${idOf.booking}']:'${bookingId}'`;
  const { data } = await stripe.paymentIntents.search({ query, limit: foundMax });
  const begun = data.filter(
    ({ metadata, capture_method: capture }) => capture === 'manual' && metadata[idOf.booking] === bookingId,
  );
  // The index is behind what it is an index of.
  const now = await Promise.all(begun.map(({ id }) => stripe.paymentIntents.retrieve(id)));
  return now.filter((intent) => paymentOf(intent) === undefined);
}
