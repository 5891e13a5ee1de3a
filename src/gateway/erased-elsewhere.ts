import { setTimeout as delay } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import { Problem } from '../runtime/http/problem.ts';
import type { Answering } from '../runtime/http/server.ts';

/** Of so many people it is remembered that they have an account, for less long than erasures are (see ErasedUsers). */
const knownMax = 50_000;
const knownForMs = 300_000;
/** The user service is waited for no longer than this, and asked again after so long: nobody else's work hangs on it. */
const answerWithinMs = 1_000;
const askAgainMs = 5_000;

/** Asks the user service for the account of whoever sent this `Authorization`; resolves to the status of its answer. */
export type AskingForAccount = (authorization: string) => Promise<number>;

/**
 * People who sign in elsewhere are given tokens there for as long as they like, also after they have erased their account here,
 * and the news of that is remembered for less long. So before anybody else answers them, the user service is asked whether they
 * are there, once in a while. Where it says nothing in time they are let in: services answer without each other.
 */
export function refusingErased(answering: Answering, ask: AskingForAccount): Answering {
  const known = new LRUCache<string, true>({ max: knownMax, ttl: knownForMs });
  return async (endpoint, admitted) => {
    const { userId, person } = admitted.principal;
    // That one the user service answers itself.
    if (person === undefined || endpoint.path === '/me' || known.has(userId)) return answering(endpoint, admitted);
    const late = delay(answerWithinMs, undefined, { ref: false });
    const status = await Promise.race([ask(admitted.request.headers.authorization ?? ''), late]);
    if (status === 401) throw new Problem('unauthenticated', 'This account was erased.');
    known.set(userId, true, status === 200 ? {} : { ttl: askAgainMs });
    return answering(endpoint, admitted);
  };
}
