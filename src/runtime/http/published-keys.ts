import { errors, importJWK, type JWK, type JWTVerifyGetKey } from 'jose';
import { Problem } from './problem.ts';

/** Unknown key ids are looked up at most so often, whatever clients send. */
const refreshMs = 5_000;
/** Keys are read anew after so long: one that was withdrawn is not good for ever. */
const rereadMs = 600_000;
const answerWithinMs = 3_000;

export interface PublishedKeys {
  readonly keys: readonly JWK[];
}

/**
 * Finds the key of a token among those its issuer publishes; a new id makes it look again, once in a while. While the
 * issuer does not answer, tokens of known keys are still good. `now`: milliseconds that only grow.
 */
export function publishedKeys(
  jwks: () => Promise<PublishedKeys>,
  now: () => number = () => performance.now(),
): JWTVerifyGetKey {
  const known = new Map<string, JWK>();
  /** Keys as they are used, by id and algorithm. */
  const used = new Map<string, Awaited<ReturnType<typeof importJWK>>>();
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | undefined;
  const read = async (): Promise<void> => {
    const { keys } = await jwks();
    known.clear();
    used.clear();
    for (const key of keys) if (key.kid !== undefined) known.set(key.kid, key);
    readAt = now();
  };
  const readOnce = (): Promise<void> => {
    reading ??= read().finally(() => {
      reading = undefined;
    });
    return reading;
  };
  return async ({ kid, alg = '' }) => {
    if (kid === undefined) throw new errors.JWKSNoMatchingKey('the token names no key');
    const age = now() - readAt;
    if (!known.has(kid) && age >= refreshMs) await readOnce();
    else if (age >= rereadMs) void readOnce().catch(() => undefined);
    const jwk = known.get(kid);
    if (jwk === undefined) throw new errors.JWKSNoMatchingKey('no key of this id is published');
    const name = `${alg} ${kid}`;
    const key = used.get(name) ?? (await imported(jwk, alg));
    used.set(name, key);
    return key;
  };
}

/** A key that is for something else, or for another algorithm, is none for this token. */
async function imported(jwk: JWK, alg: string) {
  const isOther = jwk.use !== undefined && jwk.use !== 'sig';
  // Two names of one algorithm (RFC 9864).
  const names = alg === 'Ed25519' ? ['Ed25519', 'EdDSA'] : [alg];
  if (isOther || (jwk.alg !== undefined && !names.includes(jwk.alg)))
    throw new errors.JWKSNoMatchingKey('the key of this id is for something else');
  try {
    return await importJWK(jwk, alg);
  } catch (cause) {
    throw new errors.JWKSNoMatchingKey('the key of this id is of another kind', { cause });
  }
}

/** The keys an issuer publishes at one of several addresses. Throws the problem `unavailable` where none answers. */
export async function fetchKeys(urls: readonly string[]): Promise<PublishedKeys> {
  let failed: unknown;
  for (const url of urls) {
    try {
      const answer = await fetch(url, { signal: AbortSignal.timeout(answerWithinMs), redirect: 'error' });
      if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
      return keysIn(await answer.json());
    } catch (error) {
      failed = error;
    }
  }
  const detail = 'The keys that access tokens are checked with cannot be read. Come back in some seconds.';
  throw new Problem('unavailable', detail, { retryAfterSeconds: 2, cause: failed });
}

/** A set of keys (RFC 7517, section 5). Whoever answers something else has not said that keys are good no more: throws. */
function keysIn(told: unknown): PublishedKeys {
  const isObject = (each: unknown): each is object => typeof each === 'object' && each !== null;
  const keys: unknown = isObject(told) && 'keys' in told ? told.keys : undefined;
  if (!Array.isArray(keys)) throw new Error('what was answered is no set of keys');
  return { keys: keys.filter(isObject) as readonly JWK[] };
}
