import { errors, importJWK, type JWK, type JWTVerifyGetKey } from 'jose';

/** Unknown key ids are looked up at most so often, whatever clients send. */
const refreshMs = 5_000;

/** Finds the key of a token among those its issuer publishes; a new id makes it look again, once in a while. */
export function publishedKeys(jwks: () => Promise<{ readonly keys: readonly JWK[] }>): JWTVerifyGetKey {
  const known = new Map<string, Awaited<ReturnType<typeof importJWK>>>();
  let readAt = Number.NEGATIVE_INFINITY;
  return async ({ kid }) => {
    if (kid === undefined) throw new errors.JWKSNoMatchingKey('the token names no key');
    if (!known.has(kid) && performance.now() - readAt >= refreshMs) {
      readAt = performance.now();
      const { keys } = await jwks();
      known.clear();
      for (const key of keys) if (key.kid !== undefined) known.set(key.kid, await importJWK(key, 'EdDSA'));
    }
    const key = known.get(kid);
    if (key === undefined) throw new errors.JWKSNoMatchingKey('no key of this id is published');
    return key;
  };
}
