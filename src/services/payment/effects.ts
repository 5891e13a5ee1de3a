import type { Money } from '../../contracts/money.ts';
import { type Answer, type EffectPolicy, effect } from '../../runtime/service.ts';
import type { ServiceRuntime } from '../../runtime/service-runtime.ts';
import type { ChargeOutcome, ChargeRequest, PaymentProvider } from './providers/provider.ts';
import type {
  AuthorisationAnswer,
  AuthorisationIntent,
  ChargeAnswer,
  ChargeIntent,
  RefundAnswer,
  RefundIntent,
} from './state.ts';

/**
 * Talking to the provider. Every call carries the same key as any repetition of it: the payment id for a charge, the
 * refund id for a refund, the booking and its try for what was only authorised. A lost answer is unknown, never failed, and comes back to the stream, which asks again.
 */
export const partName = 'payment-provider';

const policy: EffectPolicy = {
  // Longer than any provider is waited for: what has no answer by then is unknown, and not tried again at once.
  timeoutMs: 12_000,
  attemptsMax: 3,
  backoffMs: 50,
  backoffMaxMs: 500,
  concurrencyMax: 2_000,
  breakerFailures: 100,
  breakerOpenMs: 2_000,
};

/** Nobody waits for these, and the holds of a rush end together: they leave the provider's attention to charges. */
const unhurried: EffectPolicy = { ...policy, concurrencyMax: 200 };

const providerOf = (service: ServiceRuntime) => service.part<PaymentProvider>(partName);

/** Shapes an answer of the stream's own union for the runtime. */
function answer({ type, ...data }: ChargeAnswer | RefundAnswer | AuthorisationAnswer): Answer {
  return { type, data };
}

/**
 * Asks with the provider's own patience: what was not answered in time is `undefined`, what broke throws and is tried again.
 */
async function ask<Outcome>(
  service: ServiceRuntime,
  signal: AbortSignal,
  call: (provider: PaymentProvider, signal: AbortSignal) => Promise<Outcome>,
): Promise<Outcome | undefined> {
  const provider = providerOf(service);
  const patience = AbortSignal.any([signal, AbortSignal.timeout(provider.answerWithinMs)]);
  const { promise: over, resolve } = Promise.withResolvers<undefined>();
  const leave = () => resolve(undefined);
  patience.addEventListener('abort', leave, { once: true });
  try {
    return await Promise.race([call(provider, patience), over]);
  } catch (error) {
    if (patience.aborted) return undefined;
    throw error;
  } finally {
    // A signal that nobody listens to is let go before its time.
    patience.removeEventListener('abort', leave);
  }
}

function requestOf({ paymentId, bookingId, amount, payment }: ChargeIntent): ChargeRequest {
  return { key: paymentId, bookingId, amount, token: payment.token, description: `Booking ${bookingId}` };
}

function chargeAnswer(
  { paymentId, amount }: ChargeIntent,
  provider: string,
  outcome: ChargeOutcome | undefined,
): ChargeAnswer {
  if (outcome?.outcome === 'declined') return { type: 'ChargeDeclined', paymentId, error: outcome.error };
  // Another amount than was asked for is not the outcome of this charge: it stays open until a person has looked.
  if (outcome?.outcome === 'succeeded' && sameAmount(outcome.amount, amount)) {
    return { type: 'ChargeSucceeded', paymentId, provider, reference: outcome.reference };
  }
  return { type: 'ChargeUnknown', paymentId };
}

const sameAmount = (a: Money, b: Money) => a.amount === b.amount && a.currency === b.currency;

export const chargeRequested = effect<ChargeIntent>({
  policy,
  run: async ({ data }, service, signal) => {
    const outcome = await ask(service, signal, (provider, patience) => provider.charge(requestOf(data), patience));
    return answer(chargeAnswer(data, providerOf(service).name, outcome));
  },
  unanswered: ({ data }) => answer({ type: 'ChargeUnknown', paymentId: data.paymentId }),
});

export const chargeAsked = effect<ChargeIntent>({
  policy,
  run: async ({ data }, service, signal) => {
    const request = requestOf(data);
    const outcome = await ask(service, signal, async (provider, patience) => {
      const known = await provider.lookup(request, patience);
      // Nothing was tried: the first call was lost on its way there, so it is made again.
      return known.outcome === 'none' ? provider.charge(request, patience) : known;
    });
    return answer(chargeAnswer(data, providerOf(service).name, outcome));
  },
  unanswered: ({ data }) => answer({ type: 'ChargeUnknown', paymentId: data.paymentId }),
});

/** The provider would answer the same again under the same key: a person's try has a key of its own. */
function refundKeyOf({ refundId, round }: RefundIntent): string {
  return round === 1 ? refundId : `${refundId}-${round}`;
}

/** The refund that a key was made for, and which try. */
export function refundOfKey(key: string): { readonly refundId: string; readonly round: number } {
  const [, refundId = key, round = '1'] = /^(.*)-(\d{1,4})$/.exec(key) ?? [];
  return { refundId, round: Number(round) };
}

export const refundStarted = effect<RefundIntent>({
  policy,
  run: async ({ data }, service, signal) => {
    const { refundId, paymentId, chargeReference, bookingId, amount } = data;
    const request = { key: refundKeyOf(data), chargeKey: paymentId, chargeReference, bookingId, amount };
    const outcome = await ask(service, signal, (provider, patience) => provider.refund(request, patience));
    if (outcome?.outcome === 'succeeded') {
      return answer({ type: 'RefundSucceeded', refundId, reference: outcome.reference });
    }
    if (outcome?.outcome === 'declined') return answer({ type: 'RefundDeclined', refundId, error: outcome.error });
    return answer({ type: 'RefundUnknown', refundId });
  },
  unanswered: ({ data }) => answer({ type: 'RefundUnknown', refundId: data.refundId }),
});

export const authorisationReleaseStarted = effect<AuthorisationIntent>({
  policy: unhurried,
  run: async ({ data }, service, signal) => {
    const { bookingId, attempts, amount, begunAt } = data;
    const request = { bookingId, attempts, amount, begunAt };
    const outcome = await ask(service, signal, (provider, patience) => provider.release(request, patience));
    if (outcome === undefined || outcome === 'pending') return answer({ type: 'AuthorisationUnknown', attempts });
    return answer({ type: 'AuthorisationOver', attempts, released: outcome === 'released' });
  },
  unanswered: ({ data }) => answer({ type: 'AuthorisationUnknown', attempts: data.attempts }),
});
