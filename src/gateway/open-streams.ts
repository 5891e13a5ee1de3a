import { isEventStream } from '../runtime/http/endpoint.ts';
import { Problem } from '../runtime/http/problem.ts';
import type { Answering } from '../runtime/http/server.ts';

/** Streams of events that may be open at once: of one user, and of one address where nobody says who it is. */
export const streamsOfUserMax = 50;
/** Many may share an address; half of the places for watchers are left to the others. */
export const streamsOfAddressMax = 10_000;
const comeBackSeconds = 5;

/**
 * Limits how many streams of events one client may have open, whichever part of the gateway answers them: a stream takes a
 * connection and a place among those who follow for as long as its client likes. Throws the problem `rate_limited`.
 */
export function limitingStreams(): (answering: Answering) => Answering {
  const open = new Map<string, number>();
  const leave = (who: string) => {
    const left = (open.get(who) ?? 0) - 1;
    if (left > 0) open.set(who, left);
    else open.delete(who);
  };
  return (answering) => (endpoint, admitted) => {
    if (!isEventStream(endpoint)) return answering(endpoint, admitted);
    const { request, reply, principal } = admitted;
    const isKnown = principal.userId !== '';
    const who = isKnown ? `user ${principal.userId}` : `address ${request.ip}`;
    const max = isKnown ? streamsOfUserMax : streamsOfAddressMax;
    const before = open.get(who) ?? 0;
    if (before >= max) throw tooMany(isKnown ? 'user' : 'address', max);
    // Whoever has gone already takes no place, and would never give it back.
    if (reply.raw.closed) return answering(endpoint, admitted);
    open.set(who, before + 1);
    reply.raw.once('close', () => leave(who));
    return answering(endpoint, admitted);
  };
}

function tooMany(whose: 'user' | 'address', max: number): Problem {
  const detail = `More than ${max} streams of events are open from this ${whose}. Close one, or come back later.`;
  return new Problem('rate_limited', detail, { retryAfterSeconds: comeBackSeconds });
}
