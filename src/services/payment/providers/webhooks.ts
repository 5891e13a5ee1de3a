import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import { z } from 'zod';
import { money } from '../../../contracts/money.ts';

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

/** What the sandbox reports: the outcome of a charge whose caller had stopped waiting. */
export const sandboxReport = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('charge.succeeded'),
    timestamp: z.iso.datetime(),
    data: z.object({ paymentId: z.string().max(100), reference: z.string().max(200), amount: money }),
  }),
  z.object({
    type: z.literal('charge.declined'),
    timestamp: z.iso.datetime(),
    data: z.object({
      paymentId: z.string().max(100),
      error: z.object({ code: z.string().max(100), message: z.string().max(500) }),
    }),
  }),
]);
export type SandboxReport = Readonly<z.infer<typeof sandboxReport>>;
