import { setTimeout as delay } from 'node:timers/promises';
import type { Channel, Delivery } from './channel.ts';

/** SMS over Twilio's Messages API (2010-04-01). */
export interface TwilioOptions {
  readonly accountSid: string;
  readonly authToken: string;
  /** A number in E.164, an alphanumeric sender, or a messaging service (`MG…`). */
  readonly from: string;
  /** Where the API is, if not at Twilio's own. */
  readonly apiUrl?: string | undefined;
  readonly timeoutMs?: number;
}

const twilioUrl = 'https://api.twilio.com';
const defaultTimeoutMs = 10_000;
/** The longest body that Twilio takes. */
const textMax = 1_600;
const tooMany = 429;
/** An account may send so many at a time; when a show is cancelled, all who booked are told at once. */
const triesMax = 5;
const againMs = 250;
/** Nobody was there to take it. */
const unreachable = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT'];

/**
 * Twilio as a channel. Its Messages API has no idempotency key, so that a sending without a clear answer stays unknown.
 * Delivered means taken by Twilio, as with a mail server.
 */
export function createTwilioChannel(options: TwilioOptions): Channel {
  const { accountSid, authToken, from, apiUrl = twilioUrl, timeoutMs = defaultTimeoutMs } = options;
  const url = new URL(`/2010-04-01/Accounts/${encodeURIComponent(accountSid)}/Messages.json`, apiUrl);
  const authorization = `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`;
  const sender = /^MG[0-9a-f]{32}$/.test(from) ? { MessagingServiceSid: from } : { From: from };
  return {
    idempotent: false,
    async send({ to, text }, signal): Promise<Delivery> {
      signal.throwIfAborted();
      const patience = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
      const body = new URLSearchParams({ To: to, Body: text.slice(0, textMax), ...sender });
      const request = {
        method: 'POST',
        headers: { authorization },
        body,
        signal: patience,
        redirect: 'error',
      } as const;
      const response = await posted(url, request).catch(refusedBefore);
      if (!(response instanceof Response)) return response;
      if (response.ok) return { status: 'delivered' };
      if (response.status >= 500) throw new Error(`the SMS provider answered ${response.status}`);
      return { status: 'failed', error: `the SMS provider answered ${response.status}${await reasonIn(response)}` };
    },
  };
}

/** Posts until it is taken or refused for good. What was too many at a time was not taken, and is posted again a little later. */
async function posted(url: URL, request: RequestInit & { readonly signal: AbortSignal }): Promise<Response> {
  for (let tries = 1; ; tries += 1) {
    const response = await fetch(url, request);
    if (response.status !== tooMany || tries === triesMax) return response;
    await response.body?.cancel();
    // Not all of them at the same moment again.
    const waitMs = againMs * 2 ** (tries - 1) * (0.5 + Math.random());
    await delay(waitMs, undefined, { signal: request.signal });
  }
}

/** It certainly was not sent where nobody was reached; otherwise nobody knows. */
function refusedBefore(error: unknown): Delivery {
  const { code } = ((error as Error).cause ?? {}) as { readonly code?: string };
  if (code !== undefined && unreachable.includes(code)) {
    return { status: 'failed', error: 'the SMS provider cannot be reached' };
  }
  throw error;
}

/** Twilio's own number for what is wrong; its sentence may repeat the number of the customer. */
async function reasonIn(response: Response): Promise<string> {
  const { code } = (await response.json().catch(() => ({}))) as { readonly code?: unknown };
  return typeof code === 'number' ? ` (${code})` : '';
}
