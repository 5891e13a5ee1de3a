import Stripe from 'stripe';
import { ProviderUnavailable } from './provider.ts';

/** How Stripe is reached, and what all calls to it have in common. */
export interface StripeAccount {
  readonly secretKey: string;
  /** Where its API is, if not at Stripe: a proxy, or a stand-in for tests. */
  readonly apiUrl?: string | undefined;
}

/** A card's issuer may take seconds; what takes longer than this is asked about again. */
export const answerWithinMs = 10_000;
/** Further tries of one call, by the library: at a lost connection, a 409, a 5xx, always under the same key. */
const retriesMax = 2;

export function stripeClient({ secretKey, apiUrl }: StripeAccount): Stripe {
  const url = apiUrl === undefined ? undefined : new URL(apiUrl);
  const isPlain = url?.protocol === 'http:';
  return new Stripe(secretKey, {
    ...{ timeout: answerWithinMs, maxNetworkRetries: retriesMax, telemetry: false },
    appInfo: { name: 'Fullhouse' },
    ...(url === undefined
      ? {}
      : {
          host: url.hostname,
          port: url.port === '' ? (isPlain ? 80 : 443) : url.port,
          protocol: isPlain ? 'http' : 'https',
        }),
  });
}

/** Stripe keeps keys for 24 hours; an hour is left for clocks that differ. */
export const keysKeptMs = 23 * 3_600_000;
/** Of one thing of ours there is one PaymentIntent, or a few where Stripe failed while making it. */
export const foundMax = 10;

/** Under which names our own ids are written on what is Stripe's. */
export const idOf = { booking: 'fullhouse_booking', payment: 'fullhouse_payment', refund: 'fullhouse_refund' } as const;

export function paymentOf(intent: Stripe.PaymentIntent): string | undefined {
  return intent.metadata[idOf.payment];
}

/** Whether an answer is the one that was kept from an earlier call under the same key. */
export function isKept({ lastResponse }: Stripe.Response<object>): boolean {
  return lastResponse.headers[keptHeader] === 'true';
}

const keptHeader = 'idempotent-replayed';

/** Keys that one call is made under, one after the other. */
const keysPerCallMax = 3;

/**
 * Makes a call under an idempotency key. Stripe keeps a failure of its own (5xx) like any answer and would repeat it for a
 * day; after one that is kept, the next key is tried. So a call has to be harmless to repeat once its own failure is known.
 */
export async function underKey<Result>(
  key: string,
  call: (idempotencyKey: string) => Promise<Result>,
): Promise<Result> {
  for (let round = 1; ; round += 1) {
    try {
      return await call(round === 1 ? key : `${key}/${round}`);
    } catch (error) {
      if (round === keysPerCallMax || !isKeptFailure(error)) throw error;
    }
  }
}

function isKeptFailure(error: unknown): boolean {
  if (!(error instanceof Stripe.errors.StripeError)) return false;
  return (error.statusCode ?? 0) >= 500 && error.headers?.[keptHeader] === 'true';
}

/** Lets whoever stops waiting go; the call itself ends by its own timeout, and is found again by its key. */
export async function whileWaited<Result>(signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
  if (signal.aborted) throw new ProviderUnavailable('Nobody waits for Stripe any more');
  const { promise: gone, reject } = Promise.withResolvers<never>();
  const leave = () => reject(new ProviderUnavailable('Stripe did not answer in time'));
  signal.addEventListener('abort', leave, { once: true });
  try {
    return await Promise.race([work(), gone]);
  } catch (error) {
    throw error instanceof Stripe.errors.StripeError ? unavailable(error) : error;
  } finally {
    signal.removeEventListener('abort', leave);
  }
}

/** No definite answer: nobody knows, and it is asked again. */
function unavailable(error: Stripe.errors.StripeError): ProviderUnavailable {
  const { statusCode: status = 'no answer', requestId = 'none', code } = error;
  const hint =
    error instanceof Stripe.errors.StripeAuthenticationError || error instanceof Stripe.errors.StripePermissionError
      ? '; it refuses our key: see STRIPE_SECRET_KEY'
      : '';
  const what = code === undefined ? error.type : `${error.type}, ${code}`;
  return new ProviderUnavailable(`Stripe answered ${status} (${what}; request ${requestId})${hint}`, { cause: error });
}

/** A PaymentIntent as it is now; `undefined` where the account has none of this name. */
export async function retrieveIntent(stripe: Stripe, id: string): Promise<Stripe.PaymentIntent | undefined> {
  try {
    return await stripe.paymentIntents.retrieve(id);
  } catch (error) {
    if (error instanceof Stripe.errors.StripeInvalidRequestError && error.code === 'resource_missing') return undefined;
    throw error;
  }
}
