import { fetched, jsonIn } from './fetched.ts';
import { Problem } from './problem.ts';
import type { SignInElsewhere } from './settings.ts';

/**
 * Signing in at an OpenID Connect provider: the authorization code flow with PKCE (RFC 7636), as pages without a secret do it. What
 * has to be known again when somebody comes back lies in the tab until then.
 */
export interface TokenAnswer {
  readonly access_token: string;
  readonly expires_in?: number;
  readonly refresh_token?: string;
}

interface Discovery {
  readonly authorization_endpoint: string;
  readonly token_endpoint: string;
  readonly end_session_endpoint?: string;
}

interface Leaving {
  readonly state: string;
  readonly verifier: string;
  /** Where somebody wanted to go. */
  readonly path: string;
}

const leavingKey = 'fullhouse-leaving';
const secretBytes = 32;
const redirectUri = () => `${location.origin}/sign-in`;

/** Sends the browser to the provider; it comes back to `/sign-in`. */
export async function signInThere({ issuer, audience, clientId = '' }: SignInElsewhere, path: string): Promise<void> {
  const { authorization_endpoint: endpoint } = await discoveryOf(issuer);
  const leaving: Leaving = { state: secret(), verifier: secret(), path };
  sessionStorage.setItem(leavingKey, JSON.stringify(leaving));
  const challenge = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(leaving.verifier));
  const url = new URL(endpoint);
  const query = {
    ...{ response_type: 'code', client_id: clientId, redirect_uri: redirectUri(), scope: 'openid profile email phone' },
    // Some providers make tokens for an API only where it is named.
    ...{ audience, state: leaving.state, code_challenge_method: 'S256' },
    code_challenge: base64url(new Uint8Array(challenge)),
  };
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  location.assign(url);
}

/** Whether an address is one that the provider sends people back to. */
export const isBack = (query: URLSearchParams) => query.has('state') && (query.has('code') || query.has('error'));

/** Takes the tokens of somebody who came back, and tells where they wanted to go. */
export async function comeBack(
  { issuer, clientId = '' }: SignInElsewhere,
  query: URLSearchParams,
): Promise<{ readonly tokens: TokenAnswer; readonly path: string }> {
  const text = sessionStorage.getItem(leavingKey);
  sessionStorage.removeItem(leavingKey);
  const leaving = text === null ? undefined : (JSON.parse(text) as Leaving);
  if (leaving === undefined || leaving.state !== query.get('state'))
    throw new Problem(400, {
      code: 'sign_in_lost',
      detail: 'This sign-in began in another tab or long ago. Sign in again.',
    });
  const error = query.get('error');
  if (error !== null) throw refused(error, query.get('error_description'));
  const tokens = await tokensFor(issuer, {
    ...{ grant_type: 'authorization_code', code: query.get('code') ?? '', redirect_uri: redirectUri() },
    ...{ client_id: clientId, code_verifier: leaving.verifier },
  });
  return { tokens, path: leaving.path };
}

/** Fresh tokens for a refresh token. */
export function renewThere({ issuer, clientId = '' }: SignInElsewhere, refreshToken: string): Promise<TokenAnswer> {
  return tokensFor(issuer, { grant_type: 'refresh_token', refresh_token: refreshToken, client_id: clientId });
}

/** Where the browser has to go to end the session at the provider too; `undefined` where the provider has no such place. */
export async function endingThere({ issuer, clientId = '' }: SignInElsewhere): Promise<string | undefined> {
  const { end_session_endpoint: endpoint } = await discoveryOf(issuer);
  if (endpoint === undefined) return undefined;
  const url = new URL(endpoint);
  url.searchParams.set('client_id', clientId);
  url.searchParams.set('post_logout_redirect_uri', `${location.origin}/`);
  return url.href;
}

function discoveryOf(issuer: string): Promise<Discovery> {
  return ask<Discovery>(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
}

async function tokensFor(issuer: string, form: Readonly<Record<string, string>>): Promise<TokenAnswer> {
  const { token_endpoint: endpoint } = await discoveryOf(issuer);
  return ask<TokenAnswer>(endpoint, { method: 'POST', body: new URLSearchParams(form) });
}

async function ask<Body extends object>(url: string, request: RequestInit = {}): Promise<Body> {
  const got = await fetched(url, request);
  const body = jsonIn<Body & OAuthError>(got);
  const { response } = got;
  if (response.ok) return body;
  throw refused(body.error ?? `status ${response.status}`, body.error_description, response.status);
}

interface OAuthError {
  readonly error?: string;
  readonly error_description?: string;
}

function refused(error: string, description: string | null = null, status = 400): Problem {
  return new Problem(status, { code: error, detail: `Where you sign in, they say: ${description ?? error}` });
}

const secret = () => base64url(crypto.getRandomValues(new Uint8Array(secretBytes)));

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}
