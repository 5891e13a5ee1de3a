import { z } from 'zod';
import { unreachable } from '../../contracts/decider.ts';
import type { Money } from '../../contracts/money.ts';
import { type Endpoint, endpoint } from '../../runtime/http/endpoint.ts';
import { notFound, Problem } from '../../runtime/http/problem.ts';
import type { ServiceRuntime } from '../../runtime/service-runtime.ts';
import { traceIdOf } from '../../runtime/telemetry/tracing.ts';
import { partName, refundOfKey } from './effects.ts';
import { paymentRow, refundRow, storeUnmatched } from './projection.ts';
import type { PaymentProvider, ProviderReport } from './providers/provider.ts';
import { type ChargeReported, type DisputeReported, type RefundReported, type State, settledByHand } from './state.ts';

/** A provider's report is larger than no page of ours. */
const webhookBytesMax = 65_536;

/** What became of a report: stored for its payment or for a person, or none of our business. */
type Taken = 'stored' | 'nothing of ours' | { readonly forAPerson: string };

/**
 * Takes a provider's webhook. The signature is checked over the bytes that came; the answer is 2xx only when what concerns
 * us is stored, as an input of the payment's stream or, when it matches nothing, in a list for people.
 */
export function webhookEndpoint(service: ServiceRuntime): Endpoint {
  return endpoint({
    method: 'POST',
    path: '/webhooks/payments/{provider}',
    summary: 'Takes a report of a payment provider, signed in its way (Standard Webhooks, Stripe-Signature)',
    tag: 'webhooks',
    who: 'anyone',
    params: z.strictObject({ provider: z.string().min(1).max(40) }),
    rawBody: true,
    bodyBytesMax: webhookBytesMax,
    answers: {
      200: {
        says: 'Stored; the payment follows. `false`: it concerns no payment of ours',
        body: z.object({ stored: z.boolean() }),
      },
      202: {
        says: 'Stored for a person: it matches no payment, or not what is known of it',
        body: z.object({ stored: z.literal(true) }),
      },
    },
    problems: ['bad_signature', 'malformed_json', 'not_found', 'payload_too_large', 'unavailable'],
    handle: async ({ params, raw, request, traceparent, closing }) => {
      const { name: provider, webhooks } = service.part<PaymentProvider>(partName);
      if (params.provider !== provider) throw notFound('payment provider');
      if (!webhooks.isGenuine(raw, request.headers)) {
        throw new Problem('bad_signature', 'The signature, its time or its id does not match the body.');
      }
      const json = readJson(raw);
      const report = webhooks.read(json, request.headers);
      const taken = await take(service, { provider, report, traceparent, closing });
      if (taken === 'stored') return { status: 200, body: { stored: true } };
      if (taken === 'nothing of ours') return { status: 200, body: { stored: false } };
      const [{ webhookId }, reason] = [report, taken.forAPerson];
      await storeUnmatched(service, { provider, webhookId, reason, body: webhooks.kept(json) });
      service.logger.warn({ provider, webhookId, reason, traceId: traceIdOf(traceparent) }, 'webhook without a match');
      return { status: 202, body: { stored: true } };
    },
  });
}

function readJson(raw: Buffer): unknown {
  try {
    return JSON.parse(raw.toString());
  } catch {
    throw new Problem('malformed_json', 'The body is not JSON. Send the report as it was signed.');
  }
}

interface Received<Report = ProviderReport> {
  readonly provider: string;
  readonly report: Report;
  readonly traceparent: string;
  readonly closing: AbortSignal;
}

async function take(service: ServiceRuntime, { report, ...received }: Received): Promise<Taken> {
  switch (report.about) {
    case 'charge':
      return submitReport(service, { ...received, report });
    case 'failed refund':
      return takeFailedRefund(service, { ...received, report });
    case 'dispute':
      return takeDispute(service, { ...received, report });
    case 'nothing of ours':
      return report.about;
    case 'something unknown':
      return { forAPerson: 'not a report this version knows' };
    default:
      return unreachable(report);
  }
}

type Reported<About> = Extract<ProviderReport, { readonly about: About }>;

/** Hands a report to the payment's stream; tells why a person has to look at it, if one has to. */
async function submitReport(
  service: ServiceRuntime,
  { provider, report: { webhookId, key: paymentId, report }, traceparent }: Received<Reported<'charge'>>,
): Promise<Taken> {
  const row = await paymentRow(service, paymentId);
  if (row === undefined) return { forAPerson: 'no payment has this id' };
  const { bookingId, showId } = row;
  const data: Omit<ChargeReported, 'type'> & { bookingId: string } = { bookingId, paymentId, provider, report };
  await service.submit({
    // The id names the report: sent again it is stored once.
    idempotency: { scope: `webhook:${provider}`, key: webhookId, bodyHash: webhookId },
    joins: true,
    answer: { status: 200, resource: paymentId },
    requests: [{ type: 'ProviderReported', key: showId, subject: bookingId, data, traceparent }],
  });
  if (report.outcome === 'succeeded')
    return sameAmount(report.amount, row.amount) ? 'stored' : { forAPerson: 'the amount is not what was asked for' };
  // Seats were given for it, so that stays; nobody but a person knows what to do about money that never came.
  const { attempts } = (await service.state<State>('payments', bookingId)).state;
  const isSettled = attempts[paymentId]?.provider === settledByHand;
  return isSettled ? { forAPerson: 'declined, and a person has settled it as captured' } : 'stored';
}

/** Had it succeeded, it is openly unsettled again; had it no outcome yet, this is it. */
async function takeFailedRefund(
  service: ServiceRuntime,
  { provider, report: { webhookId, key, why }, traceparent }: Received<Reported<'failed refund'>>,
): Promise<Taken> {
  const { refundId, round } = refundOfKey(key);
  const row = await refundRow(service, refundId);
  if (row === undefined) return { forAPerson: `refund ${key} failed (${why}), and no refund has this id` };
  const { bookingId, showId } = row;
  const error = { code: why, message: `The refund failed at the provider in the end: ${why}.` };
  const data: Omit<RefundReported, 'type'> & { bookingId: string } = { bookingId, refundId, round, error };
  await service.submit({
    idempotency: { scope: `webhook:${provider}`, key: webhookId, bodyHash: webhookId },
    joins: true,
    answer: { status: 200, resource: refundId },
    requests: [{ type: 'RefundReported', key: showId, subject: bookingId, data, traceparent }],
  });
  return 'stored';
}

/** The provider knows which charge it is about; where it cannot be asked, it has to send its report again. */
async function takeDispute(
  service: ServiceRuntime,
  { provider, report: { webhookId, reference, dispute }, traceparent, closing }: Received<Reported<'dispute'>>,
): Promise<Taken> {
  const { chargeNamed, answerWithinMs } = service.part<PaymentProvider>(partName);
  const paymentId = await chargeNamed(reference, AbortSignal.any([closing, AbortSignal.timeout(answerWithinMs)])).catch(
    (cause: unknown) => {
      const detail = 'The provider does not say which charge is disputed. Send the report again.';
      throw new Problem('unavailable', detail, { retryAfterSeconds: 5, cause });
    },
  );
  if (paymentId === undefined) return 'nothing of ours';
  const row = await paymentRow(service, paymentId);
  if (row === undefined)
    return { forAPerson: `${dispute.disputeId} disputes ${paymentId}, and no payment has this id` };
  const { bookingId, showId } = row;
  const data: Omit<DisputeReported, 'type'> & { bookingId: string } = { bookingId, paymentId, ...dispute };
  await service.submit({
    idempotency: { scope: `webhook:${provider}`, key: webhookId, bodyHash: webhookId },
    joins: true,
    answer: { status: 200, resource: paymentId },
    requests: [{ type: 'DisputeReported', key: showId, subject: bookingId, data, traceparent }],
  });
  return 'stored';
}

function sameAmount(a: Money, b: Money): boolean {
  return a.amount === b.amount && a.currency === b.currency;
}
