import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible';
import { Problem } from '../runtime/http/problem.ts';

const windowSeconds = 60;

/** Requests a minute, per user and per address; the numbers are settings and may change at any time. */
export interface RateLimits {
  /** Throws the problem `rate_limited` with the seconds to wait. */
  admit(kind: 'user' | 'address', key: string): Promise<void>;
}

export function createRateLimits(requestsMax: (kind: 'user' | 'address') => number): RateLimits {
  const limiters = {
    user: new RateLimiterMemory({ points: requestsMax('user'), duration: windowSeconds }),
    address: new RateLimiterMemory({ points: requestsMax('address'), duration: windowSeconds }),
  };
  return {
    async admit(kind, key) {
      const limiter = limiters[kind];
      limiter.points = requestsMax(kind);
      try {
        await limiter.consume(key);
      } catch (refusal) {
        const retryAfterSeconds = Math.max(1, Math.ceil((refusal as RateLimiterRes).msBeforeNext / 1_000));
        throw new Problem(
          'rate_limited',
          `More than ${limiter.points} requests a minute from this ${kind}. Wait ${retryAfterSeconds} s.`,
          {
            retryAfterSeconds,
          },
        );
      }
    },
  };
}
