import { type ProblemBody, Problem, unreachable } from './problem.ts';
import { keep, kept } from './storage.ts';

/**
 * Who is signed in. The access token lives in the page, the refresh token in the browser: every page shares it, and since a used one
 * ends the whole session, only one page at a time uses it.
 */
interface Tokens {
  readonly accessToken: string;
  readonly expiresInSeconds: number;
  readonly refreshToken: string;
}

export interface Me {
  readonly userId: string;
  readonly name: string;
  readonly email?: string;
  readonly phone?: string;
  readonly locale: string;
  readonly roles: readonly string[];
}

const refreshKey = 'fullhouse-session';
const lockName = 'fullhouse-session';
/** A token is renewed so long before it ends. */
const earlyMs = 30_000;

let access: { readonly token: string; readonly until: number } | undefined;

/** The access token, renewed where it is about to end; `undefined` for nobody. Throws where the server cannot be asked. */
export async function accessToken(): Promise<string | undefined> {
  if (access !== undefined && Date.now() < access.until) return access.token;
  if (kept(refreshKey) === undefined) return undefined;
  return navigator.locks.request(lockName, renewed);
}

async function renewed(): Promise<string | undefined> {
  if (access !== undefined && Date.now() < access.until) return access.token;
  const refreshToken = kept(refreshKey);
  if (refreshToken === undefined) return undefined;
  try {
    remember(await post<Tokens>('/v1/sessions/refresh', { refreshToken }));
    return access?.token;
  } catch (error) {
    if (!(error instanceof Problem) || error.isPassing) throw error;
    forget();
    return undefined;
  }
}

/** Signs in; throws a problem where that is refused. */
export async function signIn(email: string, password: string): Promise<void> {
  remember(await post<Tokens>('/v1/sessions', { email, password }));
}

/** Ends the session here and at the server. */
export async function signOut(): Promise<void> {
  const token = await accessToken().catch(() => undefined);
  forget();
  if (token === undefined) return;
  await fetch('/v1/sessions', { method: 'DELETE', headers: { authorization: `Bearer ${token}` } }).catch(() => undefined);
}

/** Forgets a token that the server no longer takes, so that the next one is asked for. */
export function distrust(token: string): void {
  if (access?.token === token) access = undefined;
}

function remember({ accessToken: token, expiresInSeconds, refreshToken }: Tokens): void {
  access = { token, until: Date.now() + expiresInSeconds * 1_000 - earlyMs };
  keep(refreshKey, refreshToken);
}

function forget(): void {
  access = undefined;
  keep(refreshKey, undefined);
}

async function post<Body>(path: string, body: unknown): Promise<Body> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) }).catch(() => {
    throw unreachable();
  });
  const answer = (await response.json().catch(() => ({}))) as Body & ProblemBody;
  if (!response.ok) throw new Problem(response.status, answer);
  return answer;
}
