import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose';
import { v7 as uuidv7 } from 'uuid';
import { tokenAudience, tokenIssuer, tokenType } from '../../runtime/http/auth.ts';
import type { ServiceRuntime } from '../../runtime/service-runtime.ts';
import { insertSigningKey, lockSigningKeys, retireSigningKey, type SigningKeyRow, signingKeys } from './projection.ts';

/**
 * Access tokens: JWTs signed with EdDSA (RFC 8037, typ `at+jwt` of RFC 9068), good for a quarter of an hour.
 *
 * Two keys are live at any time. The older one signs; the younger one is already published, so that nobody meets a token
 * whose key they have not seen. When the signing key has done its time it is retired, the younger one signs, and a new
 * one is made. A retired key stays published until the last token it signed has expired.
 */
export const accessTokenTtlSeconds = 900;
const liveKeys = 2;
const signingKeyLifetimeMs = 30 * 86_400_000;
const keptAfterRetirementMs = 3_600_000;
/** How long an instance may not notice that another one has rotated. */
const keysCachedMs = 60_000;

export interface AccessTokenClaims {
  readonly userId: string;
  readonly roles: readonly string[];
  readonly sessionId: string;
}

export interface TokenIssuer {
  issue(claims: AccessTokenClaims): Promise<{ readonly accessToken: string; readonly expiresInSeconds: number }>;
  /** The public keys (RFC 7517), the signing one first. */
  jwks(): Promise<{ readonly keys: readonly JWK[] }>;
  /** Retires the signing key now, such as after a leak. */
  rotate(): Promise<void>;
}

interface Keys {
  readonly signing: { readonly kid: string; readonly key: CryptoKey };
  readonly published: readonly JWK[];
  readonly readAt: number;
}

/** Issues tokens with the keys in the service's database; they are made on first use. */
export function createTokenIssuer(service: Pick<ServiceRuntime, 'query' | 'transaction'>): TokenIssuer {
  let cached: Promise<Keys> | undefined;

  const keys = async (): Promise<Keys> => {
    const known = await cached?.catch(() => undefined);
    if (known !== undefined && performance.now() - known.readAt < keysCachedMs) return known;
    cached = loadKeys(service);
    return cached;
  };

  return {
    async issue({ userId, roles, sessionId }) {
      const { signing } = await keys();
      const accessToken = await new SignJWT({ roles: [...roles], sid: sessionId })
        .setProtectedHeader({ alg: 'EdDSA', typ: tokenType, kid: signing.kid })
        .setIssuer(tokenIssuer)
        .setAudience(tokenAudience)
        .setSubject(userId)
        .setJti(uuidv7())
        .setIssuedAt()
        .setExpirationTime(`${accessTokenTtlSeconds} seconds`)
        .sign(signing.key);
      return { accessToken, expiresInSeconds: accessTokenTtlSeconds };
    },
    async jwks() {
      return { keys: (await keys()).published };
    },
    async rotate() {
      const { signing } = await keys();
      await service.transaction(async (transaction) => {
        await lockSigningKeys(transaction);
        await retireSigningKey(transaction, signing.kid);
      });
      cached = undefined;
    },
  };
}

async function loadKeys(service: Pick<ServiceRuntime, 'query' | 'transaction'>): Promise<Keys> {
  let rows = await signingKeys(service, keptAfterRetirementMs);
  if (isDue(rows)) rows = await renewKeys(service);
  const live = rows.filter((row) => !row.retired);
  const signing = live[0];
  if (signing === undefined) throw new Error('there is no signing key');
  const key = await importJWK(signing.privateJwk as JWK, 'EdDSA');
  if (key instanceof Uint8Array) throw new Error('a signing key must be a key pair');
  const published = [...live, ...rows.filter((row) => row.retired)].map((row) => row.publicJwk as JWK);
  return { signing: { kid: signing.kid, key }, published, readAt: performance.now() };
}

function isDue(rows: readonly SigningKeyRow[]): boolean {
  const live = rows.filter((row) => !row.retired);
  return live.length < liveKeys || (live.at(-1)?.ageMs ?? 0) > signingKeyLifetimeMs;
}

async function renewKeys(service: Pick<ServiceRuntime, 'transaction'>): Promise<readonly SigningKeyRow[]> {
  return service.transaction(async (transaction) => {
    await lockSigningKeys(transaction);
    // Another instance may have been first.
    const rows = await signingKeys(transaction, keptAfterRetirementMs);
    const live = rows.filter((row) => !row.retired);
    const oldest = live[0];
    // A key waits for one lifetime as the next one, and signs for another.
    if (live.length >= liveKeys && oldest !== undefined && isDue(rows)) {
      await retireSigningKey(transaction, oldest.kid);
      live.shift();
    }
    for (let made = live.length; made < liveKeys; made += 1) await insertSigningKey(transaction, await newSigningKey());
    return signingKeys(transaction, keptAfterRetirementMs);
  });
}

async function newSigningKey(): Promise<Pick<SigningKeyRow, 'kid' | 'publicJwk' | 'privateJwk'>> {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  const jwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(jwk);
  const about = { kid, alg: 'EdDSA', use: 'sig' };
  return { kid, publicJwk: { ...jwk, ...about }, privateJwk: { ...(await exportJWK(privateKey)), ...about } };
}
