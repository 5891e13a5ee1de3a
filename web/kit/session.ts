import { fetched, jsonIn } from './fetched.ts';
import { Problem, type ProblemBody } from './problem.ts';
import { pageSettings } from './settings.ts';
import { sharedRecord, shareRecord } from './shared-record.ts';
import { comeBack, endingThere, renewThere, type TokenAnswer } from './sign-in-elsewhere.ts';
import { keep, kept } from './storage.ts';

/**
 * Who is signed in, for all pages of a browser at once. A refresh token that is used twice ends the whole session, so one page at a
 * time renews it, and only when it has to: an answer that is lost because somebody loads a page anew cannot be had again. Pages look
 * at a copy in the local storage, which may be a moment old; whoever renews looks at the shared record.
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
const overEvent = 'fullhouse-session-over';
/** An access token is renewed so long before it ends. */
const earlyMs = 30_000;
/** How long a token is used of which nobody said how long it is good. */
const usualSeconds = 300;

/** Whether this browser has a session; whether the server still knows it is another question. */
export const hasSession = () => remembered() !== undefined;

/** The access token, renewed where it is about to end; `undefined` for nobody. Throws where the server cannot be asked. */
export async function accessToken(): Promise<string | undefined> {
  const session = remembered();
  if (session === undefined || Date.now() < session.renewAt) return session?.accessToken;
  // A page that came without TLS has no locks, whatever its type says; there it is one tab that somebody looks at.
  const locks = navigator.locks as LockManager | undefined;
  return locks === undefined ? renewed() : locks.request(sessionKey, renewed);
}

/** Only one page at a time does this, and it looks at what the one before has left. */
async function renewed(): Promise<string | undefined> {
  const session = newer(await shared(), remembered());
  if (session === undefined || Date.now() < session.renewAt) return session?.accessToken;
  try {
    return (await remember(await renew(session.refreshToken))).accessToken;
  } catch (error) {
    // Only a no ends it, not a server that is broken.
    if (!(error instanceof Problem) || error.isPassing || error.status >= 500) throw error;
    await store(undefined);
    dispatchEvent(new Event(overEvent));
    return undefined;
  }
}

async function shared(): Promise<Session | undefined> {
  const text = await sharedRecord(sessionKey);
  return text === undefined ? undefined : (JSON.parse(text) as Session);
}

/** Either may lag behind: what is shared where it could not be written, the copy of a page for a moment. */
function newer(a: Session | undefined, b: Session | undefined): Session | undefined {
  return b === undefined || (a !== undefined && a.renewAt > b.renewAt) ? a : b;
}

async function renew(refreshToken: string): Promise<Tokens> {
  const { signIn: elsewhere } = await pageSettings();
  if (elsewhere === undefined) return post<Tokens>('/v1/sessions/refresh', { refreshToken });
  if (refreshToken === '') throw new Problem(401, { code: 'token_expired', detail: 'Sign in again.' });
  return tokensIn(await renewThere(elsewhere, refreshToken), refreshToken);
}

/** A provider may keep the refresh token that it gave before, or give none. */
function tokensIn(answer: TokenAnswer, before: string): Tokens {
  const {
    access_token: accessToken,
    expires_in: expiresInSeconds = usualSeconds,
    refresh_token: refreshToken = before,
  } = answer;
  return { accessToken, expiresInSeconds, refreshToken };
}

/** Signs in whoever comes back from a provider elsewhere; tells where they wanted to go. */
export async function signInFromThere(query: URLSearchParams): Promise<string> {
  const { signIn: elsewhere } = await pageSettings();
  if (elsewhere === undefined) throw new Problem(404, { detail: 'People sign in here, not elsewhere.' });
  const { tokens, path } = await comeBack(elsewhere, query);
  await remember(tokensIn(tokens, ''));
  return path;
}

/** Signs in; throws a problem where that is refused. */
export async function signIn(email: string, password: string): Promise<void> {
  await remember(await post<Tokens>('/v1/sessions', { email, password }));
}

/** Ends the session, here and where it was begun. Tells where the browser has to go for that, if anywhere. */
export async function signOut(): Promise<string | undefined> {
  // Renewed where it is over: the server ends a session for a token that is good, and leaves it where it cannot tell whose it is.
  const token = await accessToken().catch(() => undefined);
  await store(undefined);
  const { signIn: elsewhere } = await pageSettings().catch(() => ({ signIn: undefined }));
  if (elsewhere !== undefined) return endingThere(elsewhere).catch(() => undefined);
  if (token === undefined) return undefined;
  const headers = { authorization: `Bearer ${token}` };
  await fetched('/v1/sessions', { method: 'DELETE', headers }).catch(() => undefined);
  return undefined;
}

/** Calls back when somebody has signed in or out in another tab, or the server no longer knows the session of this one. */
export function onOtherSession(changed: () => void): void {
  addEventListener(overEvent, changed);
  addEventListener('storage', ({ key, oldValue, newValue }) => {
    if (key === null || (key === sessionKey && (oldValue === null || newValue === null))) changed();
  });
}

/** Has a token renewed that the server no longer takes. */
export async function distrust(token: string): Promise<void> {
  const session = remembered();
  if (session?.accessToken === token) await store({ ...session, renewAt: 0 });
}

/** Roles count from the next token on: whoever is refused may have been given one since. Asked for at most so often. */
const rolesAgainMs = 60_000;
let rolesAskedAt = Number.NEGATIVE_INFINITY;

/** Has a token renewed with which somebody was refused; tells whether that may change anything. */
export async function renewedRoles(token: string): Promise<boolean> {
  const session = remembered();
  if (session === undefined || session.refreshToken === '') return false;
  // Another tab, or another request of this one, has a new one already.
  if (session.accessToken !== token) return true;
  if (performance.now() - rolesAskedAt < rolesAgainMs) return false;
  rolesAskedAt = performance.now();
  await distrust(token);
  return true;
}

function remembered(): Session | undefined {
  const text = kept(sessionKey);
  return text === undefined ? undefined : (JSON.parse(text) as Session);
}

async function remember({ accessToken, expiresInSeconds, refreshToken }: Tokens): Promise<Session> {
  const session = { accessToken, refreshToken, renewAt: Date.now() + expiresInSeconds * 1_000 - earlyMs };
  await store(session);
  return session;
}

async function store(session: Session | undefined): Promise<void> {
  const text = session && JSON.stringify(session);
  await shareRecord(sessionKey, text);
  keep(sessionKey, text);
}

async function post<Body extends object>(path: string, body: unknown): Promise<Body> {
  const headers = { 'content-type': 'application/json' };
  const got = await fetched(path, { method: 'POST', headers, body: JSON.stringify(body) });
  const answer = jsonIn<Body & ProblemBody>(got);
  if (!got.response.ok) throw new Problem(got.response.status, answer);
  return answer;
}
