import { createHmac, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type Form, neverAnswers, StripeBooks, type StripeIntent, StripeRefusal } from './stripe-books.ts';

/**
 * A stand-in for Stripe that speaks its protocol: bearer keys, form bodies, idempotency keys with their kept answers, lists by
 * page, a search that may lag, signed webhooks. Faults are told to happen.
 */
export interface Fault {
  /** Which calls: the method and path they match. */
  readonly at: RegExp;
  /** `500`, `429` and `401` come instead of the effect, `500 after` and the others after it. */
  readonly does: '500' | '500 after' | '429' | '401' | 'hang up' | 'never answer';
}

export interface StripeStandIn {
  readonly url: string;
  readonly secretKey: string;
  readonly books: StripeBooks;
  /** Each happens once, to the first call it is meant for. */
  readonly faults: Fault[];
  /** Method and path of every call, in order. */
  readonly calls: readonly string[];
  /** Where webhooks go, once set; signed with each of the secrets. */
  webhooks: { readonly url: string; readonly secrets: readonly string[] } | undefined;
  /** Status of the answer to every webhook that was sent, by its type. */
  readonly told: readonly { readonly type: string; readonly status: number }[];
  /** Whether new PaymentIntents can be found by search. */
  indexes: boolean;
  /** As after a day. */
  forgetKeys(): void;
  /** Waits until webhooks that are under way are through. */
  delivered(): Promise<void>;
  stop(): Promise<void>;
}

/** Long enough that calls which come together meet. */
const thinkMs = 3;
const pageMax = 100;

interface Kept {
  readonly call: string;
  /** Absent while the first call runs. */
  answer?: Answer;
}
interface Answer {
  readonly status: number;
  readonly body: object;
}

/** The header that proves a body, as Stripe makes it. */
export function stripeSignature(secrets: readonly string[], body: string, at = Date.now()): string {
  const seconds = Math.floor(at / 1_000);
  const signatures = secrets.map((secret) => createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex'));
  return [`t=${seconds}`, ...signatures.map((signature) => `v1=${signature}`)].join(',');
}

export function stripeEvent(type: string, object: object): { readonly id: string; readonly body: string } {
  const id = `evt_${randomBytes(12).toString('hex')}`;
  const event = { id, object: 'event', api_version: '2026-10-28.endive', created: Math.floor(Date.now() / 1_000) };
  return { id, body: JSON.stringify({ ...event, livemode: false, pending_webhooks: 1, type, data: { object } }) };
}

/** Longer than most functions: all of it shares the keys that are kept and the faults that are left. */
export async function startStripeStandIn(): Promise<StripeStandIn> {
  const calls: string[] = [];
  const told: { type: string; status: number }[] = [];
  const kept = new Map<string, Kept>();
  const underWay = new Set<Promise<void>>();
  const secretKey = `sk_test_${randomBytes(16).toString('hex')}`;

  const tell = async (type: string, object: object): Promise<void> => {
    if (standIn.webhooks === undefined) return;
    const { url, secrets } = standIn.webhooks;
    const { body } = stripeEvent(type, object);
    const headers = { 'content-type': 'application/json', 'stripe-signature': stripeSignature(secrets, body) };
    const status = await fetch(url, { method: 'POST', headers, body }).then(
      (response) => response.status,
      () => 0,
    );
    told.push({ type, status });
  };
  const books = new StripeBooks((type, object) => {
    const telling = tell(type, structuredClone(object)).finally(() => underWay.delete(telling));
    underWay.add(telling);
  });
  const unindexed = new Set<string>();

  const answerTo = async (call: string, form: Form): Promise<Answer> => {
    await delay(thinkMs);
    try {
      const made = route(books, call, form, unindexed);
      if (call === 'POST /v1/payment_intents' && !standIn.indexes) unindexed.add((made as StripeIntent).id);
      return { status: 200, body: structuredClone(made) };
    } catch (error) {
      if (!(error instanceof StripeRefusal)) throw error;
      return { status: error.status, body: { error: structuredClone(error.body) } };
    }
  };

  const server = createServer((request, response) => {
    void serve(request, response).catch(() => response.destroy());
  });

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '', standIn.url);
    const call = `${request.method} ${pathname}`;
    calls.push(call);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const raw = Buffer.concat(chunks).toString();
    const form = formOf(request.method === 'GET' ? searchParams : new URLSearchParams(raw));
    const send = ({ status, body }: Answer, headers: Readonly<Record<string, string>> = {}) =>
      response
        .writeHead(status, { 'content-type': 'application/json', 'request-id': `req_${calls.length}`, ...headers })
        .end(JSON.stringify(body));
    const faultAt = standIn.faults.findIndex(({ at }) => at.test(call));
    const [fault] = faultAt < 0 ? [] : standIn.faults.splice(faultAt, 1);
    if (request.headers.authorization !== `Bearer ${secretKey}` || fault?.does === '401')
      return void send(failure(401, { message: 'Invalid API Key provided' }));
    const key = request.method === 'POST' ? request.headers['idempotency-key'] : undefined;
    const before = typeof key === 'string' ? kept.get(key) : undefined;
    if (before !== undefined) return void send(...replayed(before, `${call} ${raw}`));
    // As Stripe does: what never began is not kept, a failure of its own is.
    if (fault?.does === '429') return void send(failure(429, { code: 'rate_limit' }));
    const entry: Kept = { call: `${call} ${raw}` };
    if (typeof key === 'string') kept.set(key, entry);
    const broken = failure(500, { type: 'api_error' });
    const done = fault?.does === '500' ? broken : await answerTo(call, form);
    entry.answer = fault?.does === '500 after' ? broken : done;
    if (fault?.does === 'hang up') return void response.destroy();
    if (fault?.does === 'never answer' || form['payment_method'] === neverAnswers) return;
    const isOwn = entry.answer.status >= 500;
    send(entry.answer, isOwn ? { 'stripe-should-retry': 'false' } : {});
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const standIn: StripeStandIn = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...{ secretKey, books, faults: [], calls, webhooks: undefined, told, indexes: true },
    forgetKeys: () => kept.clear(),
    delivered: async () => {
      while (underWay.size > 0) await Promise.all(underWay);
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return standIn;
}

function failure(status: number, more: Readonly<Record<string, unknown>>): Answer {
  return { status, body: { error: { type: 'invalid_request_error', ...more } } };
}

/** What comes back under a key that was used before. */
function replayed({ call, answer }: Kept, now: string): [Answer, Record<string, string>?] {
  if (call !== now) return [failure(400, { type: 'idempotency_error' })];
  if (answer === undefined) return [failure(409, { type: 'idempotency_error', code: 'idempotency_key_in_use' })];
  const isOwn = answer.status >= 500;
  return [answer, { 'idempotent-replayed': 'true', ...(isOwn ? { 'stripe-should-retry': 'false' } : {}) }];
}

function route(books: StripeBooks, call: string, form: Form, unindexed: ReadonlySet<string>): object {
  const [, id = '', action] = /^POST \/v1\/payment_intents\/(\w+)\/(\w+)$/.exec(call) ?? [];
  switch (action) {
    case 'confirm':
      return books.confirm(id, form);
    case 'capture':
      return books.capture(id, form);
    case 'cancel':
      return books.cancel(id);
  }
  switch (call) {
    case 'POST /v1/payment_intents':
      return books.create(form);
    case 'POST /v1/refunds':
      return books.refund(form);
    case 'GET /v1/payment_intents':
      return listOf([...books.intents.values()], form);
    case 'GET /v1/refunds': {
      const of = form['payment_intent'];
      return listOf(typeof of === 'string' ? books.refundsOf(of) : [...books.refunds.values()], form);
    }
    case 'GET /v1/payment_intents/search': {
      const [, name = '', value] = /^metadata\['(\w+)'\]:'([^']+)'$/.exec(String(form['query'])) ?? [];
      const found = [...books.intents.values()].filter((each) => each.metadata[name] === value);
      return { object: 'search_result', data: found.filter((each) => !unindexed.has(each.id)), has_more: false };
    }
  }
  const [, read] = /^GET \/v1\/payment_intents\/(\w+)$/.exec(call) ?? [];
  if (read !== undefined) return books.intent(read);
  throw new StripeRefusal(404, 'invalid_request_error', { code: 'url_invalid' });
}

/** A page of a list, the newest first. */
function listOf(all: readonly { readonly id: string }[], form: Form): object {
  const newest = all.toReversed();
  const after = form['starting_after'];
  const from = typeof after === 'string' ? newest.findIndex(({ id }) => id === after) + 1 : 0;
  const limit = Math.min(Number(form['limit'] ?? 10), pageMax);
  return { object: 'list', data: newest.slice(from, from + limit), has_more: from + limit < newest.length };
}

function formOf(params: URLSearchParams): Form {
  const form: Record<string, Form[string]> = {};
  for (const [name, value] of params) {
    const [, outer, inner] = /^(\w+)\[(\w+)\]$/.exec(name) ?? [];
    if (outer === undefined || inner === undefined) form[name] = value;
    else form[outer] = { ...(form[outer] as Form | undefined), [inner]: value };
  }
  return form;
}
