import { z } from 'zod';
import type { Money } from '../../contracts/money.ts';
import { type Endpoint, endpoint } from '../../runtime/http/endpoint.ts';
import { notFound, Problem } from '../../runtime/http/problem.ts';
import type { ServiceRuntime } from '../../runtime/service-runtime.ts';
import { traceIdOf } from '../../runtime/telemetry/tracing.ts';
import { partName } from './effects.ts';
import { paymentRow, storeUnmatched } from './projection.ts';
import type { PaymentProvider } from './providers/provider.ts';
import { createWebhookSignature, type SandboxReport, sandboxReport } from './providers/webhooks.ts';
import type { ChargeReported } from './state.ts';

/** A provider's report is larger than no page of ours. */
const webhookBytesMax = 65_536;

/**
 * Takes a provider's webhook. The signature is checked over the bytes that came; the answer is 2xx only when the report
 * is stored, as an input of the payment's stream or, when it matches nothing, in a list for people.
 */
export function webhookEndpoint(service: ServiceRuntime): Endpoint {
  const secret = service.configuration.SANDBOX_WEBHOOK_SECRET;
  const signature = secret === undefined ? undefined : createWebhookSignature(secret);
  return endpoint({
    method: 'POST',
    path: '/webhooks/payments/{provider}',
    summary: 'Takes a signed report of a payment provider (Standard Webhooks)',
    tag: 'webhooks',
    who: 'anyone',
    params: z.strictObject({ provider: z.string().min(1).max(40) }),
    rawBody: true,
    bodyBytesMax: webhookBytesMax,
    answers: {
      200: { says: 'Stored; the payment follows', body: z.object({ stored: z.literal(true) }) },
      202: {
        says: 'Stored for a person: it matches no payment, or not its amount',
        body: z.object({ stored: z.literal(true) }),
      },
    },
    problems: ['bad_signature', 'malformed_json', 'not_found', 'payload_too_large'],
    handle: async ({ params: { provider }, raw, request, traceparent }) => {
      if (signature === undefined || provider !== service.part<PaymentProvider>(partName).name) {
        throw notFound('payment provider');
      }
      if (!signature.verify(raw, request.headers)) {
        throw new Problem('bad_signature', 'The signature, its time or its id does not match the body.');
      }
      const webhookId = String(request.headers['webhook-id']).slice(0, 200);
      const parsed = sandboxReport.safeParse(readJson(raw));
      const reason = parsed.success
        ? await submitReport(service, { provider, webhookId, report: parsed.data, traceparent })
        : 'not a report this version knows';
      if (reason === undefined) return { status: 200, body: { stored: true } };
      await storeUnmatched(service, { provider, webhookId, reason, body: raw.toString() });
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

interface Received {
  readonly provider: string;
  readonly webhookId: string;
  readonly report: SandboxReport;
  readonly traceparent: string;
}

/** Hands a report to the payment's stream; tells why a person has to look at it, if one has to. */
async function submitReport(service: ServiceRuntime, received: Received): Promise<string | undefined> {
  const { provider, webhookId, report, traceparent } = received;
  const { paymentId } = report.data;
  const row = await paymentRow(service, paymentId);
  if (row === undefined) return 'no payment has this id';
  const { bookingId, showId } = row;
  const data: Omit<ChargeReported, 'type'> & { bookingId: string } = {
    bookingId,
    paymentId,
    provider,
    report:
      report.type === 'charge.succeeded'
        ? { outcome: 'succeeded', reference: report.data.reference, amount: report.data.amount }
        : { outcome: 'declined', error: report.data.error },
  };
  await service.submit({
    // The id names the report (Standard Webhooks): sent again it is stored once.
    idempotency: { scope: `webhook:${provider}`, key: webhookId, bodyHash: webhookId },
    joins: true,
    answer: { status: 200, resource: paymentId },
    requests: [{ type: 'ProviderReported', key: showId, subject: bookingId, data, traceparent }],
  });
  const isOther = report.type === 'charge.succeeded' && !sameAmount(report.data.amount, row.amount);
  return isOther ? 'the amount is not what was asked for' : undefined;
}

function sameAmount(a: Money, b: Money): boolean {
  return a.amount === b.amount && a.currency === b.currency;
}
