import { errors, importJWK, type JWK, type JWTVerifyGetKey } from 'jose';
import { Problem } from './problem.ts';

/** Unknown key ids are looked up at most so often, whatever clients send. */
const refreshMs = 5_000;
const answerWithinMs = 3_000;

export interface PublishedKeys {
  readonly keys: readonly JWK[];
}

/**
 * Finds the key of a token among those its issuer publishes; a new id makes it look again, once in a while. While the
 * issuer does not answer, tokens of known keys are still good.
 */
export function publishedKeys(jwks: () => Promise<PublishedKeys>): JWTVerifyGetKey {
  const known = new Map<string, Awaited<ReturnType<typeof importJWK>>>();
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | undefined;
  const read = async (): Promise<void> => {
    const { keys } = await jwks();
    known.clear();
    for (const key of keys) if (key.kid !== undefined) known.set(key.kid, await importJWK(key, 'EdDSA'));
    readAt = performance.now();
  };
  return async ({ kid }) => {
    if (kid === undefined) throw new errors.JWKSNoMatchingKey('the token names no key');
    if (!known.has(kid) && performance.now() - readAt >= refreshMs) {
      reading ??= read().finally(() => {
        reading = undefined;
      });
      await reading;
    }
    const key = known.get(kid);
    if (key === undefined) throw new errors.JWKSNoMatchingKey('no key of this id is published');
    return key;
  };
}

/** The keys an issuer publishes at one of several addresses. Throws the problem `unavailable` where none answers. */
export async function fetchKeys(urls: readonly string[]): Promise<PublishedKeys> {
  let failed: unknown;
  for (const url of urls) {
    try {
      const answer = await fetch(url, { signal: AbortSignal.timeout(answerWithinMs), redirect: 'error' });
      if (answer.ok) return (await answer.json()) as PublishedKeys;
      failed = new Error(`${url} answered ${answer.status}`);
    } catch (error) {
      failed = error;
    }
  }
  const detail = 'The keys that access tokens are checked with cannot be read. Come back in some seconds.';
  throw new Problem('unavailable', detail, { retryAfterSeconds: 2, cause: failed });
}
