import { createHash } from 'node:crypto';
import { decodeJwt, errors, type JWTHeaderParameters, type JWTPayload, jwtVerify } from 'jose';
import { type Principal, type Role, roles } from './endpoint.ts';
import { Problem } from './problem.ts';
import { fetchKeys, publishedKeys } from './published-keys.ts';

/**
 * Access tokens of an OpenID Connect provider that people sign in at instead of here (OpenID Connect Discovery 1.0, RFC 9068
 * as far as providers keep it). They are checked by every service for itself, like our own.
 */
export interface ExternalIssuer {
  /** As its tokens name it (`iss`), and where its discovery document is. */
  readonly issuer: string;
  /** Whom its tokens are made for (`aud`). */
  readonly audience: string;
  /** The claim that lists roles: its name, or a path to it with dots such as `realm_access.roles`. */
  readonly rolesClaim: string;
}

export interface Verified {
  readonly principal: Principal;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** Everything with a public key: a token that is checked by a secret could be made by whoever checks it. */
const algorithms = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];
/** Providers have no type for access tokens, the usual one, or that of RFC 9068. Logout tokens and the like have their own. */
const types: readonly (string | undefined)[] = [undefined, 'jwt', 'at+jwt', 'application/at+jwt'];
const discoveryMs = 3_000;
const discoveryPath = '/.well-known/openid-configuration';
/** Names and addresses of people are no longer than this. */
const claimCharactersMax = 254;
/** What names a session is kept nowhere where it could not be written. */
const printable = /^[\x20-\x7e]{1,254}$/;

/** Checks tokens of one external issuer. Nothing is asked of it before its first token comes. */
export class ExternalTokens {
  readonly #issuer: ExternalIssuer;
  readonly #clockToleranceSeconds: number;
  readonly #keyOf = publishedKeys(async () => fetchKeys([await this.#keysUrl()]));

  constructor(issuer: ExternalIssuer, clockToleranceSeconds: number) {
    this.#issuer = issuer;
    this.#clockToleranceSeconds = clockToleranceSeconds;
  }

  /** Whether a token says that this issuer made it. */
  claims(token: string): boolean {
    try {
      return decodeJwt(token).iss === this.#issuer.issuer;
    } catch {
      return false;
    }
  }

  /** Throws errors of `jose` for a token that is not good, and the problem `unavailable` where keys cannot be read. */
  async verify(token: string): Promise<Verified> {
    const { issuer, audience, rolesClaim } = this.#issuer;
    const { payload, protectedHeader } = await jwtVerify(token, this.#keyOf, {
      ...{ algorithms, issuer, audience, requiredClaims: ['exp', 'sub'] },
      clockTolerance: this.#clockToleranceSeconds,
    });
    assertAccessToken(protectedHeader, payload);
    const { sub = '', sid, exp = 0 } = payload;
    const principal: Principal = {
      userId: userIdOf(issuer, sub),
      sessionId: typeof sid === 'string' && printable.test(sid) ? sid : '',
      roles: rolesIn(payload, rolesClaim),
      person: {
        name: text(payload['name']) ?? text(payload['preferred_username']),
        email: isUnverified(payload['email_verified']) ? undefined : text(payload['email']),
        phone: isUnverified(payload['phone_number_verified']) ? undefined : text(payload['phone_number']),
        locale: text(payload['locale']),
      },
    };
    return { principal, expiresAt: (exp + this.#clockToleranceSeconds) * 1_000 };
  }

  async #keysUrl(): Promise<string> {
    const url = this.#issuer.issuer.replace(/\/$/, '') + discoveryPath;
    try {
      const answer = await fetch(url, { signal: AbortSignal.timeout(discoveryMs), redirect: 'error' });
      const told = (await answer.json()) as { readonly issuer?: unknown; readonly jwks_uri?: unknown };
      if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
      // Whoever else answers there does not say whose keys are good (OpenID Connect Discovery, section 4.3).
      if (told.issuer !== this.#issuer.issuer) throw new Error(`${url} is about ${String(told.issuer)}`);
      if (typeof told.jwks_uri !== 'string') throw new Error(`${url} names no jwks_uri`);
      return told.jwks_uri;
    } catch (cause) {
      const detail = 'The keys of the issuer that people sign in at cannot be read. Come back in some seconds.';
      throw new Problem('unavailable', detail, { retryAfterSeconds: 2, cause });
    }
  }
}

function assertAccessToken({ typ }: JWTHeaderParameters, payload: JWTPayload): void {
  // An ID token says who signed in, to whoever asked for that; it opens no door.
  const isIdToken = ['nonce', 'at_hash', 'c_hash'].some((name) => payload[name] !== undefined);
  if (types.includes(typ?.toLowerCase()) && !isIdToken) return;
  throw new errors.JWTClaimValidationFailed('this is no access token', payload, 'typ', 'check_failed');
}

/** Everybody is a customer; what else they are says the claim. */
function rolesIn(payload: JWTPayload, claim: string): readonly Role[] {
  const named = payload[claim] ?? claim.split('.').reduce<unknown>(within, payload);
  const listed = typeof named === 'string' ? named.split(' ') : Array.isArray(named) ? named : [];
  return roles.filter((role) => role === 'customer' || listed.includes(role));
}

function within(value: unknown, name: string): unknown {
  const isObject = typeof value === 'object' && value !== null && Object.hasOwn(value, name);
  return isObject ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}

/** Some providers write their claims as text. */
function isUnverified(claim: unknown): boolean {
  return claim === false || claim === 'false';
}

function text(claim: unknown): string | undefined {
  return typeof claim === 'string' && claim.trim() !== '' ? claim.slice(0, claimCharactersMax) : undefined;
}

/**
 * The id that somebody has here, always the same: a UUIDv8 (RFC 9562) made of issuer and subject, which is unique to it and never
 * given again (OpenID Connect Core, section 5.7).
 */
function userIdOf(issuer: string, subject: string): string {
  const hex = createHash('sha256').update(`${issuer}\n${subject}`).digest('hex');
  const variant = (8 + (Number.parseInt(hex.charAt(16), 16) % 4)).toString(16);
  return `usr_${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
