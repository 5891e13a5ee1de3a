import { createHash } from 'node:crypto';
import { errors, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import { type Principal, type Role, roles } from './endpoint.ts';
import { type ExternalIssuer, ExternalTokens, type Verified } from './external-issuer.ts';
import { Problem } from './problem.ts';

/** Access tokens: EdDSA JWTs (RFC 8725 rules), verified by every service for itself. */
export const tokenIssuer = 'fullhouse';
export const tokenAudience = 'fullhouse-api';
export const tokenType = 'at+jwt';

/** Verified tokens remembered by their hash: a signature costs some sixty microseconds each time. */
const rememberedMax = 50_000;
const clockToleranceSeconds = 5;

export interface Authenticator {
  /** Who the bearer of this `Authorization` header is. Throws `unauthenticated` or `token_expired`. */
  authenticate(authorization: string | undefined): Promise<Principal>;
}

/** Checks tokens against the keys of their issuer: our own, and another one that people sign in at where one is named. */
export function createAuthenticator(keys: JWTVerifyGetKey, externalIssuer?: ExternalIssuer): Authenticator {
  const external = externalIssuer && new ExternalTokens(externalIssuer, clockToleranceSeconds);
  const remembered = new LRUCache<string, Verified>({ max: rememberedMax });
  const giver = externalIssuer?.issuer ?? 'POST /v1/sessions';
  const renewer = externalIssuer?.issuer ?? 'POST /v1/sessions/refresh';
  return {
    async authenticate(authorization) {
      const token = /^Bearer ([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)$/i.exec(authorization ?? '')?.[1];
      if (token === undefined)
        throw new Problem('unauthenticated', `Send "Authorization: Bearer <access token>"; ${giver} gives one.`);
      const hash = createHash('sha256').update(token).digest('base64');
      const known = remembered.get(hash);
      if (known !== undefined) {
        if (known.expiresAt > Date.now()) return known.principal;
        throw expired(renewer);
      }
      const verified = await refusing(
        () => (external?.claims(token) === true ? external.verify(token) : verify(token, keys)),
        renewer,
      );
      remembered.set(hash, verified);
      return verified.principal;
    },
  };
}

async function verify(token: string, keys: JWTVerifyGetKey): Promise<Verified> {
  const { payload } = await jwtVerify(token, keys, {
    algorithms: ['EdDSA', 'Ed25519'],
    issuer: tokenIssuer,
    audience: tokenAudience,
    typ: tokenType,
    requiredClaims: ['exp', 'sub', 'jti'],
    clockTolerance: clockToleranceSeconds,
  });
  const { sub = '', sid, exp = 0 } = payload;
  const claimed: unknown = payload['roles'];
  const principal: Principal = {
    userId: sub,
    sessionId: typeof sid === 'string' ? sid : '',
    roles: Array.isArray(claimed) ? roles.filter((role): role is Role => claimed.includes(role)) : [],
  };
  return { principal, expiresAt: (exp + clockToleranceSeconds) * 1_000 };
}

/** What is wrong with a token, in our words. */
async function refusing(verifying: () => Promise<Verified>, renewer: string): Promise<Verified> {
  try {
    return await verifying();
  } catch (error) {
    if (error instanceof errors.JWTExpired) throw expired(renewer);
    if (error instanceof errors.JOSEError)
      throw new Problem('unauthenticated', 'The access token is not valid. Sign in again.', { cause: error });
    throw error;
  }
}

function expired(renewer: string): Problem {
  return new Problem('token_expired', `The access token has expired. ${renewer} gives a new one.`);
}
