import { pipeline } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { closingSignal, isOver } from '../runtime/http/closing.ts';
import { type Endpoint, isEventStream } from '../runtime/http/endpoint.ts';
import { Problem, problemCodes } from '../runtime/http/problem.ts';
import { waitMsOf } from '../runtime/http/reading.ts';
import { bareHeaders } from '../runtime/http/refused-connection.ts';
import type { Answering } from '../runtime/http/server.ts';
import { traceparentOf } from '../runtime/http/trace.ts';
import { codeIn, type Upstream, type UpstreamAnswer } from './upstreams.ts';

/**
 * Answers requests by the service that owns their endpoint. The request is read whole first (it is small, its size is
 * limited, and it may have to be sent again), and so is a short answer; a long one is passed on as it comes.
 */
export function forwarding(upstreamOf: (endpoint: Endpoint) => Upstream, overloads: Overloads): Answering {
  return async (endpoint, { request, reply }) => {
    const over = new AbortController();
    const closing = closingSignal(request.server);
    // Nobody waits for the answer any more.
    reply.raw.once('close', () => over.abort());
    // It may have gone while it was looked at who it is.
    if (reply.raw.closed) over.abort();
    const waitMs = waitMsOf(request);
    const answerMs = endpoint.bodyBytesMax === undefined ? usualAnswerMs : longAnswerMs;
    const repeatable = isRepeatable(endpoint, request);
    const send = (signal: AbortSignal, wait: number) =>
      upstreamOf(endpoint).send({
        method: request.method,
        path: request.raw.url ?? request.url,
        headers: sentHeaders(request, wait > 0),
        body: Buffer.isBuffer(request.body) ? request.body : undefined,
        repeatable,
        answerWithinMs: wait + answerMs,
        usuallyWithinMs: wait + silenceMs,
        isStream: isEventStream(endpoint),
        signal,
      });
    const untilClosing = AbortSignal.any([over.signal, closing]);
    try {
      // At an end of this server, what is under way comes to its own, and nobody goes on waiting for an outcome.
      const answer =
        waitMs > 0 && repeatable
          ? await send(untilClosing, waitMs).catch((error: unknown) => {
              if (!closing.aborted || over.signal.aborted) throw error;
              return send(over.signal, 0);
            })
          : await send(isEventStream(endpoint) ? untilClosing : over.signal, waitMs);
      if (endpoint.isFull !== undefined && isOverload(answer)) overloads.told(endpoint);
      return passOn(reply, answer);
    } catch (error) {
      if (!closing.aborted) throw error;
      const detail = 'This server is about to stop. Send the request again, with the same Idempotency-Key.';
      throw new Problem('unavailable', detail, { retryAfterSeconds: 1, cause: error });
    }
  };
}

/** For so long after a service said that it is full, nothing is passed on to find out whether it still is. */
const fullMs = 500;

/**
 * Which endpoints their services said no to a moment ago, for all that comes: the gateway then says it for them, since to pass
 * a request on costs more than to refuse it.
 */
export class Overloads {
  readonly #now: () => number;
  readonly #toldAt = new Map<string, number>();

  /** `now`: milliseconds that only grow. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  told({ method, path }: Endpoint): void {
    this.#toldAt.set(`${method} ${path}`, this.#now());
  }

  /** The endpoint as the gateway serves it: full where its service was, a moment ago. */
  guarded(endpoint: Endpoint): Endpoint {
    if (endpoint.isFull === undefined) return endpoint;
    const name = `${endpoint.method} ${endpoint.path}`;
    return { ...endpoint, isFull: () => this.#now() - (this.#toldAt.get(name) ?? Number.NEGATIVE_INFINITY) < fullMs };
  }
}

function isOverload({ status, body }: UpstreamAnswer): boolean {
  return status === problemCodes.overloaded.status && Buffer.isBuffer(body) && codeIn(body) === 'overloaded';
}

/** Beyond what the client itself is ready to wait; a file that is read whole, such as a catalogue, takes longer. */
const usualAnswerMs = 8_000;
const longAnswerMs = 60_000;
/** Whoever says nothing for so long is not asked any further where somebody else can be. */
const silenceMs = 3_000;

/** Where a service does not look at keys, one that was sent is no promise: a refresh token, say, is good for once. */
function isRepeatable({ idempotency }: Endpoint, { method, headers }: FastifyRequest): boolean {
  const hasKey = idempotency !== undefined && headers['idempotency-key'] !== undefined;
  return method === 'GET' || method === 'HEAD' || hasKey;
}

/** Of one connection (RFC 9110, section 7.6.1), or said anew here. */
const notForwarded: ReadonlySet<string> = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'te', 'trailer', 'upgrade', 'expect'],
  ...['host', 'content-length', 'traceparent', 'x-forwarded-for', 'forwarded'],
]);

/** The headers as they came, so that one that was sent twice is refused as one that was sent twice. */
function sentHeaders(request: FastifyRequest, waits: boolean): readonly string[] {
  const { rawHeaders = [] } = request.raw;
  const dropped = waits ? [] : ['prefer'];
  const named = new Set([
    ...dropped,
    ...String(request.headers.connection ?? '')
      .toLowerCase()
      .split(/\s*,\s*/),
  ]);
  const sent: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const [name = '', value = ''] = rawHeaders.slice(index, index + 2);
    const lower = name.toLowerCase();
    if (!notForwarded.has(lower) && !named.has(lower)) sent.push(name, value);
  }
  return [...sent, 'traceparent', traceparentOf(request), 'x-forwarded-for', request.ip];
}

/** Every answer of ours carries these already. */
const notPassedOn: ReadonlySet<string> = new Set([
  ...['connection', 'keep-alive', 'transfer-encoding', 'date'],
  ...Object.keys(bareHeaders),
]);

function passOn(reply: FastifyReply, { status, headers, body }: UpstreamAnswer): FastifyReply {
  void reply.code(status);
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !notPassedOn.has(name)) void reply.header(name, value);
  }
  const isStream = headers['content-type']?.startsWith('text/event-stream') === true;
  if (Buffer.isBuffer(body) || !isStream) return reply.send(body);
  // Events are for now: the head goes out before the first of them, and the stream ends with its connection.
  reply.hijack();
  const own = Object.entries(reply.getHeaders()).filter((entry): entry is [string, string] => entry[1] !== undefined);
  reply.raw.writeHead(status, { ...Object.fromEntries(own), connection: 'close' });
  reply.raw.flushHeaders();
  const closing = closingSignal(reply.server);
  const end = () => reply.raw.end();
  closing.addEventListener('abort', end);
  // Whichever side ends, the other one is ended with it.
  pipeline(body, reply.raw, () => closing.removeEventListener('abort', end));
  if (isOver(reply.raw)) end();
  return reply;
}
