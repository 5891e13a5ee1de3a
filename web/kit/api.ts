import { noteServerTime } from './clock.ts';
import { type Fetched, fetched, jsonIn } from './fetched.ts';
import { pause } from './pause.ts';
import { Problem, type ProblemBody, unreachable } from './problem.ts';
import { accessToken, distrust, renewedRoles } from './session.ts';

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
  /** Told why there is no answer yet. Where it is given, the same is asked until there is one, or somebody lets go of it. */
  readonly waiting?: (why: Problem) => void;
}

const usualTriesMax = 6;
/** What is over sooner, such as an instance that is replaced, nobody has to be told of. */
const toldFromTries = 3;
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
      if (!(error instanceof Problem && mayRepeat)) throw error;
      // Who waits to read something waits for a broken server as well.
      const isBroken = error.status >= 500 && method === 'GET' && ask.waiting !== undefined;
      if (!error.isPassing && !isBroken) throw error;
      if (ask.waiting === undefined && tries >= triesMax) throw error;
      if (tries >= toldFromTries) ask.waiting?.(error);
      await pause(Math.max(error.retryAfterMs, Math.min(retryMaxMs, retryMs * 2 ** (tries - 1))), ask.signal);
      ask.signal?.throwIfAborted();
    }
  }
}

async function once<Body>(method: string, path: string, ask: Ask): Promise<Body> {
  const token = await accessToken();
  const answer = await send(method, path, ask, token);
  if (token !== undefined && (await isWorthFreshToken(answer.response.status, token))) {
    const fresh = await accessToken();
    if (fresh !== undefined) return bodyOf<Body>(await send(method, path, ask, fresh));
  }
  return bodyOf<Body>(answer);
}

/** Whether a no may be one to the token only: one that is over, or from before somebody was given a role. */
async function isWorthFreshToken(status: number, token: string): Promise<boolean> {
  if (status === 403) return renewedRoles(token);
  if (status === 401) await distrust(token);
  return status === 401;
}

function send(method: string, path: string, { body, key, wait, signal }: Ask, token?: string): Promise<Fetched> {
  const headers = {
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(key === undefined ? {} : { 'idempotency-key': key }),
    ...(wait === undefined ? {} : { prefer: `wait=${wait}` }),
  };
  const request = {
    ...{ method, headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  };
  return fetched(path, request, { withinMs: (wait ?? 0) * 1_000 });
}

function bodyOf<Body>(got: Fetched): Body {
  const { response, text, file } = got;
  noteServerTime(response.headers.get('date'));
  if (response.status === 204) return undefined as Body;
  const type = response.headers.get('content-type') ?? '';
  // A page is no answer of ours: a network that asks people to sign in first says such things.
  if (response.ok && type.includes('html')) throw unreachable();
  const isFile = type.startsWith('application/') && !type.includes('json');
  const answer = (type.includes('json') ? jsonIn(got) : isFile ? file : text) as Body & ProblemBody;
  if (!response.ok) {
    throw new Problem(response.status, answer, Number(response.headers.get('retry-after') ?? 0) * 1_000);
  }
  return answer;
}

/** One page of a list. */
export interface Listed<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string | null;
}

/** Every item of a list, or the first so many. */
export async function all<Item>(
  path: string,
  { most = 1_000, limit = 100, ...ask }: Ask & { readonly most?: number; readonly limit?: number } = {},
): Promise<readonly Item[]> {
  const items: Item[] = [];
  const joint = path.includes('?') ? '&' : '?';
  for (let cursor: string | null = ''; cursor !== null && items.length < most; ) {
    const after: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const listed: Listed<Item> = await get<Listed<Item>>(`${path}${joint}limit=${limit}${after}`, ask);
    items.push(...listed.items);
    cursor = listed.nextCursor;
  }
  return items;
}
