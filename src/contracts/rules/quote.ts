import { createHmac, timingSafeEqual } from 'node:crypto';
import type { z } from 'zod';
import { showId } from '../ids.ts';
import { quotedPrice } from '../seats.ts';

/**
 * A quote as a buyer carries it: `<payload>.<mac>`, both base64url; the payload is JSON, the mac HMAC-SHA256 (RFC 2104)
 * over the payload's text under `QUOTE_SECRET`. Anybody can read a quote, nobody can make one up.
 */
export const quote = quotedPrice.extend({ showId });
export type Quote = Readonly<z.infer<typeof quote>>;

/** A longer text is not a quote of ours: 100 seats with their trace stay well below. */
export const quoteCharactersMax = 100_000;

/** Signs a quote. */
export function signQuote(value: Quote, secret: string): string {
  const payload = Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${payload}.${mac(payload, secret).toString('base64url')}`;
}

/** Reads a quote; `undefined` when it is not ours. Whether it has expired is the caller's question. */
export function readQuote(text: string, secret: string): Quote | undefined {
  if (text.length > quoteCharactersMax) return undefined;
  const cut = text.indexOf('.');
  if (cut < 1) return undefined;
  const payload = text.slice(0, cut);
  const given = Buffer.from(text.slice(cut + 1), 'base64url');
  const expected = mac(payload, secret);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
  const parsed = quote.safeParse(parseJson(Buffer.from(payload, 'base64url').toString()));
  return parsed.success ? parsed.data : undefined;
}

function mac(payload: string, secret: string): Buffer {
  return createHmac('sha256', secret).update(payload).digest();
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
