import { noteServerTime } from './clock.ts';
import { Problem, type ProblemBody, unreachable } from './problem.ts';
import { accessToken, distrust } from './session.ts';

/**
 * Asking the server. What is asked with an idempotency key, or only read, is asked again by itself while nobody answers: the same key
 * is the same booking, payment or cancellation, however often it is sent.
 */
export interface Ask {
  readonly body?: unknown;
  readonly key?: string;
  /** Seconds the server may wait for an outcome. */
  readonly wait?: number;
  readonly signal?: AbortSignal;
  /** How often it is sent while nobody answers; 1 where a person has to know at once. */
  readonly triesMax?: number;
}

const usualTriesMax = 6;
const retryMs = 500;
const retryMaxMs = 5_000;

export function get<Body>(path: string, ask: Ask = {}): Promise<Body> {
  return call<Body>('GET', path, ask);
}

export function post<Body>(path: string, body: unknown, ask: Ask = {}): Promise<Body> {
  return call<Body>('POST', path, { ...ask, body });
}

/** Calls the server as whoever is signed in; throws a problem where it says no. */
export async function call<Body>(method: string, path: string, ask: Ask = {}): Promise<Body> {
  const mayRepeat = method === 'GET' || ask.key !== undefined;
  const triesMax = ask.triesMax ?? usualTriesMax;
  for (let tries = 1; ; tries += 1) {
    try {
      return await once<Body>(method, path, ask);
    } catch (error) {
      ask.signal?.throwIfAborted();
      if (!(error instanceof Problem && error.isPassing && mayRepeat && tries < triesMax)) throw error;
      await pause(Math.max(error.retryAfterMs, Math.min(retryMaxMs, retryMs * 2 ** (tries - 1))));
    }
  }
}

async function once<Body>(method: string, path: string, ask: Ask): Promise<Body> {
  const token = await accessToken();
  const response = await send(method, path, ask, token);
  if (response.status === 401 && token !== undefined) {
    await distrust(token);
    const fresh = await accessToken();
    if (fresh !== undefined) return answerOf<Body>(await send(method, path, ask, fresh));
  }
  return answerOf<Body>(response);
}

function send(method: string, path: string, { body, key, wait, signal }: Ask, token?: string): Promise<Response> {
  const headers = {
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(key === undefined ? {} : { 'idempotency-key': key }),
    ...(wait === undefined ? {} : { prefer: `wait=${wait}` }),
  };
  const content = body === undefined ? {} : { body: JSON.stringify(body) };
  return fetch(path, { method, headers, ...content, ...(signal === undefined ? {} : { signal }) }).catch((error) => {
    signal?.throwIfAborted();
    throw error instanceof TypeError ? unreachable() : error;
  });
}

async function answerOf<Body>(response: Response): Promise<Body> {
  noteServerTime(response.headers.get('date'));
  if (response.status === 204) return undefined as Body;
  const isJson = response.headers.get('content-type')?.includes('json') === true;
  const answer = (isJson ? await response.json() : await response.text()) as Body & ProblemBody;
  if (!response.ok) {
    throw new Problem(response.status, answer, Number(response.headers.get('retry-after') ?? 0) * 1_000);
  }
  return answer;
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** One page of a list. */
export interface Listed<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string | null;
}

/** Every item of a list, or the first so many. */
export async function all<Item>(path: string, { most = 1_000, limit = 100 } = {}): Promise<readonly Item[]> {
  const items: Item[] = [];
  const joint = path.includes('?') ? '&' : '?';
  for (let cursor: string | null = ''; cursor !== null && items.length < most; ) {
    const after: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const listed: Listed<Item> = await get<Listed<Item>>(`${path}${joint}limit=${limit}${after}`);
    items.push(...listed.items);
    cursor = listed.nextCursor;
  }
  return items;
}
