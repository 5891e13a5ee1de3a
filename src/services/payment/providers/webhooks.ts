import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import { z } from 'zod';
import { money } from '../../../contracts/money.ts';
import type { ProviderReport, ProviderWebhooks } from './provider.ts';

/**
 * Webhooks signed as Standard Webhooks (https://www.standardwebhooks.com): HMAC-SHA256 over id, time and the body's own
 * bytes, at most five minutes old. The secret is base64, with or without `whsec_`; one that is not is taken as it is.
 */
export interface WebhookSignature {
  /** The headers that prove a body. */
  sign(id: string, at: number, body: string): Readonly<Record<string, string>>;
  /** Whether the headers prove the body: the id and time are part of what was signed. */
  verify(body: Buffer, headers: Readonly<Record<string, unknown>>): boolean;
}

export function createWebhookSignature(secret: string): WebhookSignature {
  const raw = new Webhook(secret, { format: 'raw' });
  const decoded = fromBase64(secret);
  const accepted = decoded === undefined ? [raw] : [decoded, raw];
  const signer = decoded ?? raw;
  return {
    sign: (id, at, body) => ({
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at / 1_000)),
      'webhook-signature': signer.sign(id, new Date(at), body),
    }),
    verify: (body, headers) => accepted.some((webhook) => matches(webhook, body, headers)),
  };
}

function fromBase64(secret: string): Webhook | undefined {
  try {
    return new Webhook(secret);
  } catch {
    // Not base64: only the bytes as they are can be meant.
    return undefined;
  }
}

function matches(webhook: Webhook, body: Buffer, headers: Readonly<Record<string, unknown>>): boolean {
  const text = (name: string) => (typeof headers[name] === 'string' ? headers[name] : '');
  const proof = {
    'webhook-id': text('webhook-id'),
    'webhook-timestamp': text('webhook-timestamp'),
    'webhook-signature': text('webhook-signature'),
  };
  try {
    webhook.verify(body, proof, { jsonParse: false });
    return true;
  } catch (error) {
    if (error instanceof WebhookVerificationError) return false;
    throw error;
  }
}

/** An id as it is looked for in a database. */
const reportedId = z.string().regex(/^[\x20-\x7e]{1,100}$/);

/** What the sandbox reports: the outcome of a charge whose caller had stopped waiting. */
const sandboxReport = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('charge.succeeded'),
    timestamp: z.iso.datetime(),
    data: z.object({ paymentId: reportedId, reference: z.string().max(200), amount: money }),
  }),
  z.object({
    type: z.literal('charge.declined'),
    timestamp: z.iso.datetime(),
    data: z.object({
      paymentId: reportedId,
      error: z.object({ code: z.string().max(100), message: z.string().max(500) }),
    }),
  }),
]);
export type SandboxReport = Readonly<z.infer<typeof sandboxReport>>;

/** The sandbox's side of its webhooks; without a secret nothing is genuine. */
export function sandboxWebhooks(secret: string): ProviderWebhooks {
  const signature = secret === '' ? undefined : createWebhookSignature(secret);
  return {
    isGenuine: (body, headers) => signature?.verify(body, headers) ?? false,
    read: (json, headers) => reportIn(json, String(headers['webhook-id']).slice(0, webhookIdCharsMax)),
    kept: (json) => JSON.stringify(json),
  };
}

const webhookIdCharsMax = 200;

function reportIn(json: unknown, webhookId: string): ProviderReport {
  const parsed = sandboxReport.safeParse(json);
  if (!parsed.success) return { webhookId, about: 'something unknown' };
  const { type, data } = parsed.data;
  const key = data.paymentId;
  return type === 'charge.succeeded'
    ? {
        ...{ webhookId, about: 'charge', key },
        report: { outcome: 'succeeded', reference: data.reference, amount: data.amount },
      }
    : { webhookId, about: 'charge', key, report: { outcome: 'declined', error: data.error } };
}
