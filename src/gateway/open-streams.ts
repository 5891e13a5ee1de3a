import type { ServerResponse } from 'node:http';
import { endAnswer } from '../runtime/http/closing.ts';
import { isEventStream } from '../runtime/http/endpoint.ts';
import { networkOf } from '../runtime/http/network.ts';
import { Problem } from '../runtime/http/problem.ts';
import type { Answering } from '../runtime/http/server.ts';

/** Streams of events that may be open at once: of one user, and of one address where nobody says who it is. */
export const streamsOfUserMax = 50;
/** Many may share an address; half of the places for watchers are left to the others. */
export const streamsOfAddressMax = 10_000;
const comeBackSeconds = 5;

/**
 * The streams of events that are open, whichever part of the gateway answers them. A stream takes a connection and a place
 * among those who follow for as long as its client likes, so each may have so many.
 */
export class OpenStreams {
  readonly #open = new Map<string, Set<ServerResponse>>();

  /** Throws the problem `rate_limited` where one client would have too many. */
  limiting(answering: Answering): Answering {
    return (endpoint, admitted) => {
      if (!isEventStream(endpoint)) return answering(endpoint, admitted);
      const { request, reply, principal } = admitted;
      const isKnown = principal.userId !== '';
      const who = isKnown ? userNamed(principal.userId) : `address ${networkOf(request.ip)}`;
      const max = isKnown ? streamsOfUserMax : streamsOfAddressMax;
      if ((this.#open.get(who)?.size ?? 0) >= max) throw tooMany(isKnown ? 'user' : 'address', max);
      // Whoever has gone already takes no place, and would never give it back.
      if (!reply.raw.closed) this.#enter(who, reply.raw);
      return answering(endpoint, admitted);
    };
  }

  /** Ends all streams of a user. */
  endOf(userId: string): void {
    for (const answer of this.#open.get(userNamed(userId)) ?? []) endAnswer(answer);
  }

  #enter(who: string, answer: ServerResponse): void {
    const theirs = this.#open.get(who) ?? new Set();
    this.#open.set(who, theirs.add(answer));
    answer.once('close', () => {
      theirs.delete(answer);
      if (theirs.size === 0) this.#open.delete(who);
    });
  }
}

const userNamed = (userId: string) => `user ${userId}`;

function tooMany(whose: 'user' | 'address', max: number): Problem {
  const detail = `More than ${max} streams of events are open from this ${whose}. Close one, or come back later.`;
  return new Problem('rate_limited', detail, { retryAfterSeconds: comeBackSeconds });
}
