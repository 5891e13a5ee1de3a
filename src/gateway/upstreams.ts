import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleWhen,
  isBrokenCircuitError,
} from 'cockatiel';
import { type Dispatcher, errors, Pool } from 'undici';
import { Problem, problemCodes } from '../runtime/http/problem.ts';
import type { Logger } from '../runtime/logger.ts';

/**
 * The HTTP sides of services in other processes. Each address has a pool of connections that are kept, and a circuit
 * breaker: one that failed several times in a row is left alone for a while, so that a service that is down costs its
 * callers no time. A request goes to the next address where it is certain that the first one did nothing with it, or
 * where doing it twice is as good as once. One that takes requests and says nothing, as a frozen process does, is asked last
 * until it answers a question of our own.
 */
export interface Upstream {
  /** Throws the problem `unavailable` when no address answers. */
  send(sent: Sent): Promise<UpstreamAnswer>;
  close(): Promise<void>;
}

export interface Sent {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  /** Names and values in turn, as they came. */
  readonly headers: readonly string[];
  readonly body: Buffer | undefined;
  /** Whether doing it twice is as good as once. */
  readonly repeatable: boolean;
  /** The longest until the answer begins. */
  readonly answerWithinMs: number;
  /** Longer than it takes where all is well: beyond it another address is asked, if there is one and doing it twice is as good. */
  readonly usuallyWithinMs: number;
  /** Whether the answer is a stream of events, which lasts as long as its client does. */
  readonly isStream: boolean;
  readonly signal: AbortSignal;
}

export interface UpstreamAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** A short answer is here as a whole, any other comes as it is read. */
  readonly body: Buffer | Readable;
}

/** Answers up to this length are read before they are passed on: one that is cut off is no answer yet. */
const shortBytesMax = 65_536;
/** What may be under way at an address; beyond this, what comes is refused. */
export interface Places {
  /** Whoever waits for an outcome holds a connection meanwhile. */
  readonly requests: number;
  /** Streams have places of their own: however many follow something, requests find theirs. */
  readonly streams: number;
}
const usualPlaces: Places = { requests: 4_096, streams: 8_192 };
const connectWithinMs = 2_000;
/** A stream of events says at least that it is still there. */
const silenceMaxMs = 60_000;
const failuresUntilOpen = 5;
const openMs = 2_000;
/** How often one that said nothing is asked whether it is there, and how long its answer may take. */
const probeEveryMs = 1_000;
/** How often whoever has been asked the same elsewhere is asked what has become of it. */
const inProgressPauseMs = 250;
/** One address is asked twice: a kept connection may have been closed just as it was used. */
const triesMin = 2;

interface Address {
  readonly url: string;
  readonly pool: Pool;
  readonly breaker: CircuitBreakerPolicy;
  readonly places: Places;
  /** Those whose answer has not come to its end. */
  readonly open: { requests: number; streams: number };
  /** How the last request failed, unless it was answered. */
  lastFailure: 'nobody there' | 'cut' | 'other' | undefined;
  /** It took a request and said nothing, and has not answered since. */
  isSilent: boolean;
}

export function createUpstream(
  service: string,
  urls: readonly string[],
  { logger, places = usualPlaces }: { readonly logger: Logger; readonly places?: Places },
): Upstream {
  const addresses = urls.map((url) => addressOf(service, url, { logger, places }));
  const closing = new AbortController();
  let turn = 0;
  return {
    async send(sent) {
      turn += 1;
      const inTurn = inTurnFrom(turn, addresses);
      const until = performance.now() + sent.answerWithinMs;
      let failed: unknown;
      let mayBeAtWork = false;
      for (let tries = 0; tries < Math.max(triesMin, addresses.length); tries += 1) {
        const address = inTurn[tries % inTurn.length];
        if (address === undefined) break;
        if (address.open[kindOf(sent)] >= address.places[kindOf(sent)]) throw overloaded();
        const isLast = tries >= addresses.length - 1;
        const leftMs = Math.max(1, until - performance.now());
        const answerWithinMs = sent.repeatable && !isLast ? Math.min(sent.usuallyWithinMs, leftMs) : leftMs;
        const asked = { ...sent, answerWithinMs };
        try {
          const answer = await address.breaker.execute(() => request(address, asked));
          return mayBeAtWork ? await settled(answer, () => request(address, asked), until) : answer;
        } catch (error) {
          failed = error;
          mayBeAtWork ||= wasSilent(error) || wasCut(error);
          if (wasSilent(error)) void probe(address, closing.signal);
          if (!mayGoOn(sent, error)) break;
        }
      }
      for (const address of leftAloneLast(addresses)) {
        if (!mayGoOn(sent, failed)) break;
        if (!isWorthAsking(address, addresses)) continue;
        const leftMs = Math.max(1, until - performance.now());
        const asked = { ...sent, answerWithinMs: Math.min(sent.usuallyWithinMs, leftMs) };
        try {
          const answer = await request(address, asked);
          return mayBeAtWork ? await settled(answer, () => request(address, asked), until) : answer;
        } catch (error) {
          failed = error;
          mayBeAtWork ||= wasSilent(error) || wasCut(error);
        }
      }
      throw unavailable(service, failed);
    },
    async close() {
      closing.abort();
      await Promise.all(addresses.map(({ pool }) => pool.destroy()));
    },
  };
}

function leftAloneLast(addresses: readonly Address[]): readonly Address[] {
  const isLeftAlone = ({ breaker }: Address) => breaker.state === CircuitState.Open;
  return [...addresses.filter((each) => !isLeftAlone(each)), ...addresses.filter(isLeftAlone)];
}

/** The next one first; last those that one request tries just now, or that say nothing: others would wait for them. */
function inTurnFrom(turn: number, addresses: readonly Address[]): readonly Address[] {
  const at = turn % addresses.length;
  const inTurn = [...addresses.slice(at), ...addresses.slice(0, at)];
  const isDoubtful = ({ breaker, isSilent }: Address) => isSilent || breaker.state === CircuitState.HalfOpen;
  if (!inTurn.some(isDoubtful)) return inTurn;
  return [...inTurn.filter((each) => !isDoubtful(each)), ...inTurn.filter(isDoubtful)];
}

/**
 * Whether somebody is asked once more where nobody has answered. Where nobody listened, or the connection was closed, it costs no
 * time, and whoever has just begun to listen may be the only one left. So may one that has answered others since, and one that
 * is left alone, as a successor that was slow at its start, where nobody is there at any other address.
 */
function isWorthAsking(address: Address, addresses: readonly Address[]): boolean {
  if (address.lastFailure === 'nobody there' || address.lastFailure === undefined) return true;
  if (address.breaker.state !== CircuitState.Open) return address.lastFailure === 'cut';
  const others = addresses.filter((each) => each !== address);
  return (
    others.length > 0 && others.every(({ lastFailure }) => lastFailure === 'nobody there' || lastFailure === 'cut')
  );
}

/** Asks an address that said nothing whether it is there, until it says anything at all. */
async function probe(address: Address, closing: AbortSignal): Promise<void> {
  if (address.isSilent) return;
  address.isSilent = true;
  while (address.isSilent && !closing.aborted) {
    await delay(probeEveryMs, undefined, { signal: closing, ref: false }).catch(() => undefined);
    try {
      const answer = await address.pool.request({
        ...{ method: 'HEAD', path: '/', headersTimeout: probeEveryMs },
        signal: closing,
      });
      await answer.body.dump();
      address.isSilent = false;
    } catch {
      // Still nothing.
    }
  }
}

/**
 * The answer of one who was asked after another that may be at work on the same, since it said nothing or its connection was
 * cut: then that is waited for, since its outcome is the answer to both.
 */
async function settled(
  answer: UpstreamAnswer,
  again: () => Promise<UpstreamAnswer>,
  until: number,
): Promise<UpstreamAnswer> {
  let last = answer;
  while (isInProgress(last) && performance.now() + inProgressPauseMs < until) {
    await delay(inProgressPauseMs);
    last = await again();
  }
  return last;
}

function isInProgress({ status, body }: UpstreamAnswer): boolean {
  return status === problemCodes.request_in_progress.status && Buffer.isBuffer(body)
    ? codeIn(body) === 'request_in_progress'
    : false;
}

/** The code of a problem, as an answer has it. */
export function codeIn(body: Buffer): string | undefined {
  try {
    const { code } = JSON.parse(body.toString()) as { readonly code?: unknown };
    return typeof code === 'string' ? code : undefined;
  } catch {
    return undefined;
  }
}

function addressOf(
  service: string,
  url: string,
  { logger, places }: { readonly logger: Logger; readonly places: Places },
): Address {
  const breaker = circuitBreaker(handleWhen(isTrouble), {
    halfOpenAfter: openMs,
    breaker: new ConsecutiveBreaker(failuresUntilOpen),
  });
  let isTold = false;
  breaker.onBreak(() => {
    // Once, and not again whenever it is tried in vain.
    if (!isTold) logger.warn({ service, url }, 'a service does not answer here; it is left alone for a while');
    isTold = true;
  });
  breaker.onReset(() => {
    isTold = false;
    logger.info({ service, url }, 'a service answers here again');
  });
  const pool = new Pool(url, {
    connections: places.requests + places.streams,
    connect: { timeout: connectWithinMs },
    bodyTimeout: silenceMaxMs,
    pipelining: 1,
  });
  return { url, pool, breaker, places, open: { requests: 0, streams: 0 }, lastFailure: undefined, isSilent: false };
}

function kindOf({ isStream }: Sent): keyof Places {
  return isStream ? 'streams' : 'requests';
}

async function request(address: Address, sent: Sent): Promise<UpstreamAnswer> {
  const kind = kindOf(sent);
  address.open[kind] += 1;
  let body: UpstreamAnswer['body'] | undefined;
  try {
    const answer = await ask(address.pool, sent);
    const { statusCode: status, headers } = answer;
    if (status === requestTimeout) {
      await answer.body.dump();
      throw new NotTaken('the service has waited for the request for too long');
    }
    const length = Number(headers['content-length'] ?? Number.NaN);
    const isShort = sent.method !== 'HEAD' && length <= shortBytesMax;
    body = isShort ? Buffer.from(await answer.body.arrayBuffer()) : answer.body;
    address.lastFailure = undefined;
    return { status, headers, body };
  } catch (error) {
    // A connection that is cut says nothing about whether somebody listens by now.
    if (!wasCut(error) || address.lastFailure === undefined) address.lastFailure = failureOf(error);
    throw error;
  } finally {
    const done = () => {
      address.open[kind] -= 1;
    };
    if (body === undefined || Buffer.isBuffer(body)) done();
    else body.once('close', done);
  }
}

function ask(pool: Pool, sent: Sent): Promise<Dispatcher.ResponseData> {
  const { method, path, headers, body, signal, answerWithinMs } = sent;
  return pool.request({
    method: method as Dispatcher.HttpMethod,
    path,
    headers: [...headers],
    body: body ?? null,
    headersTimeout: answerWithinMs,
    signal,
  });
}

/** What a service says of a connection on which no request came (RFC 9110, section 15.5.9), perhaps just as one was sent. */
const requestTimeout = 408;

/** The service has not looked at the request. */
class NotTaken extends Error {
  override readonly name = 'NotTaken';
}

const codeOf = (error: unknown) => String((error as { readonly code?: unknown } | undefined)?.code);

/** Nobody was reached, or nobody looked at it: certainly nothing was done. */
function wasNotSent(error: unknown): boolean {
  const wasRefused = isBrokenCircuitError(error) || error instanceof NotTaken;
  return wasRefused || error instanceof errors.ConnectTimeoutError || notReached.has(codeOf(error));
}
const notReached: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

/** The connection ended before an answer: nobody knows what was done. */
function wasCut(error: unknown): boolean {
  return error instanceof errors.SocketError || codeOf(error) === 'ECONNRESET' || codeOf(error) === 'EPIPE';
}

function failureOf(error: unknown): Address['lastFailure'] {
  if (codeOf(error) === 'ECONNREFUSED') return 'nobody there';
  return wasCut(error) ? 'cut' : 'other';
}

/** It took the request and did not answer in time: nobody knows what was done. */
function wasSilent(error: unknown): boolean {
  return error instanceof errors.HeadersTimeoutError;
}

/** Whether another address may be asked: the one before it certainly did nothing, or doing it twice is as good as once. */
function mayGoOn({ signal, repeatable }: Sent, error: unknown): boolean {
  return !signal.aborted && (wasNotSent(error) || (repeatable && (wasCut(error) || wasSilent(error))));
}

function isTrouble(error: Error): boolean {
  return wasNotSent(error) || wasCut(error) || wasSilent(error);
}

function overloaded(): Problem {
  return new Problem('overloaded', 'Too much is waiting. Come back in a second.', { retryAfterSeconds: 1 });
}

function unavailable(service: string, cause: unknown): Problem {
  const detail = `The ${service} part does not answer at the moment. Come back in some seconds.`;
  return new Problem('unavailable', detail, { retryAfterSeconds: 2, cause });
}
