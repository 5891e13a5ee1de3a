import { Problem, type ProblemBody, unreachable } from './problem.ts';
import { keep, kept } from './storage.ts';

/**
 * Who is signed in, for all pages of a browser at once. A refresh token that is used twice ends the whole session, so one page at a
 * time renews it, and only when it has to: an answer that is lost because somebody loads a page anew cannot be had again.
 */
interface Tokens {
  readonly accessToken: string;
  readonly expiresInSeconds: number;
  readonly refreshToken: string;
}

interface Session {
  readonly accessToken: string;
  readonly refreshToken: string;
  /** When the access token is to be renewed, by this computer's clock. */
  readonly renewAt: number;
}

export interface Me {
  readonly userId: string;
  readonly name: string;
  readonly email?: string;
  readonly phone?: string;
  readonly locale: string;
  readonly roles: readonly string[];
}

const sessionKey = 'fullhouse-session';
/** An access token is renewed so long before it ends. */
const earlyMs = 30_000;

/** The access token, renewed where it is about to end; `undefined` for nobody. Throws where the server cannot be asked. */
export async function accessToken(): Promise<string | undefined> {
  const session = remembered();
  if (session === undefined || Date.now() < session.renewAt) return session?.accessToken;
  return navigator.locks.request(sessionKey, renewed);
}

async function renewed(): Promise<string | undefined> {
  const session = remembered();
  if (session === undefined || Date.now() < session.renewAt) return session?.accessToken;
  try {
    return remember(await post<Tokens>('/v1/sessions/refresh', { refreshToken: session.refreshToken })).accessToken;
  } catch (error) {
    if (!(error instanceof Problem) || error.isPassing) throw error;
    keep(sessionKey, undefined);
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
  keep(sessionKey, undefined);
  if (token === undefined) return;
  await fetch('/v1/sessions', { method: 'DELETE', headers: { authorization: `Bearer ${token}` } }).catch(
    () => undefined,
  );
}

/** Has a token renewed that the server no longer takes. */
export function distrust(token: string): void {
  const session = remembered();
  if (session?.accessToken === token) keep(sessionKey, JSON.stringify({ ...session, renewAt: 0 }));
}

function remembered(): Session | undefined {
  const text = kept(sessionKey);
  return text === undefined ? undefined : (JSON.parse(text) as Session);
}

function remember({ accessToken, expiresInSeconds, refreshToken }: Tokens): Session {
  const session = { accessToken, refreshToken, renewAt: Date.now() + expiresInSeconds * 1_000 - earlyMs };
  keep(sessionKey, JSON.stringify(session));
  return session;
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
