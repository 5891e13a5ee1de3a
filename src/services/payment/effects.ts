import type { Money } from '../../contracts/money.ts';
import { type Answer, type EffectPolicy, effect } from '../../runtime/service.ts';
import type { ServiceRuntime } from '../../runtime/service-runtime.ts';
import type { ChargeOutcome, PaymentProvider } from './providers/provider.ts';
import type { ChargeAnswer, ChargeIntent, RefundAnswer, RefundIntent } from './state.ts';

/**
 * Talking to the provider. Every call carries the same key as any repetition of it: the payment id for a charge, the
 * refund id for a refund. A lost answer is unknown, never failed, and comes back to the stream, which asks again.
 */
export const partName = 'payment-provider';

/** A call that takes longer is unknown; it ends before the policy's own timeout, which would try at once again. */
const answerWithinMs = 1_400;

const policy: EffectPolicy = {
  timeoutMs: 1_500,
  attemptsMax: 3,
  backoffMs: 50,
  backoffMaxMs: 500,
  concurrencyMax: 2_000,
  breakerFailures: 100,
  breakerOpenMs: 2_000,
};

const providerOf = (service: ServiceRuntime) => service.part<PaymentProvider>(partName);

/** Shapes an answer of the stream's own union for the runtime. */
function answer({ type, ...data }: ChargeAnswer | RefundAnswer): Answer {
  return { type, data };
}

/** Runs a call with our patience: what was not answered in time is `undefined`, what broke throws and is tried again. */
async function within<Outcome>(
  signal: AbortSignal,
  call: (signal: AbortSignal) => Promise<Outcome>,
): Promise<Outcome | undefined> {
  const patience = AbortSignal.any([signal, AbortSignal.timeout(answerWithinMs)]);
  try {
    return await call(patience);
  } catch (error) {
    if (patience.aborted) return undefined;
    throw error;
  }
}

function charge(intent: ChargeIntent, provider: PaymentProvider, signal: AbortSignal): Promise<ChargeOutcome> {
  const { paymentId, bookingId, amount, payment } = intent;
  return provider.charge(
    { key: paymentId, bookingId, amount, token: payment.token, description: `Booking ${bookingId}` },
    signal,
  );
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
    const provider = providerOf(service);
    const outcome = await within(signal, (patience) => charge(data, provider, patience));
    return answer(chargeAnswer(data, provider.name, outcome));
  },
  unanswered: ({ data }) => answer({ type: 'ChargeUnknown', paymentId: data.paymentId }),
});

export const chargeAsked = effect<ChargeIntent>({
  policy,
  run: async ({ data }, service, signal) => {
    const provider = providerOf(service);
    const outcome = await within(signal, async (patience) => {
      const known = await provider.lookup(data.paymentId, patience);
      // The provider never heard of it: the first call was lost on its way there, so it is made again.
      return known.outcome === 'none' ? charge(data, provider, patience) : known;
    });
    return answer(chargeAnswer(data, provider.name, outcome));
  },
  unanswered: ({ data }) => answer({ type: 'ChargeUnknown', paymentId: data.paymentId }),
});

export const refundStarted = effect<RefundIntent>({
  policy,
  run: async ({ data }, service, signal) => {
    const { refundId, paymentId, bookingId, amount, round } = data;
    const key = round === 1 ? refundId : `${refundId}-${round}`;
    const outcome = await within(signal, (patience) =>
      providerOf(service).refund({ key, chargeKey: paymentId, bookingId, amount }, patience),
    );
    if (outcome?.outcome === 'succeeded') {
      return answer({ type: 'RefundSucceeded', refundId, reference: outcome.reference });
    }
    if (outcome?.outcome === 'declined') return answer({ type: 'RefundDeclined', refundId, error: outcome.error });
    return answer({ type: 'RefundUnknown', refundId });
  },
  unanswered: ({ data }) => answer({ type: 'RefundUnknown', refundId: data.refundId }),
});
