import { randomUUID } from 'node:crypto';
import { type Answer, type Booking, Client, visa } from './client.ts';

/**
 * Customers who come at a pace, whether or not those before them were served, through a balancer of several gateways that can be
 * told to leave one alone. Who is told to come back does so, with the same key.
 */
export interface PacedLoad {
  /** Ids of the bookings that were acknowledged. */
  readonly acknowledged: readonly string[];
  /** Bookings a second that were acknowledged so far. */
  readonly pace: number;
  readonly requests: number;
  /** Answers that were a 503 with Retry-After: how many, and for which reasons. */
  readonly retryable: number;
  readonly reasons: ReadonlyMap<string, number>;
  /** What else went wrong, in a line each. */
  readonly failures: readonly string[];
  /** Sends no more requests to a gateway; resolves when it has answered those it has. */
  leave(gateway: string): Promise<void>;
  /** Sends requests to it again. */
  takeBack(gateway: string): void;
  end(): Promise<void>;
}

export interface PacedLoadOptions {
  readonly gateways: readonly string[];
  readonly tokens: readonly string[];
  readonly showIds: readonly string[];
  readonly perSecond: number;
}

const retryAfterMs = 100;
const triesMax = 100;

export function startPacedLoad({ gateways, tokens, showIds, perSecond }: PacedLoadOptions): PacedLoad {
  const acknowledged: string[] = [];
  const failures: string[] = [];
  const counts = { requests: 0, retryable: 0 };
  const reasons = new Map<string, number>();
  const pending = new Set<Promise<void>>();
  let turn = 0;
  const left = new Set<string>();
  const atGateway = new Map<string, Set<Promise<unknown>>>(gateways.map((url) => [url, new Set()]));

  /** Asks the next gateway in turn. */
  async function balanced<Body>(token: string, ask: (client: Client) => Promise<Answer<Body>>): Promise<Answer<Body>> {
    const open = gateways.filter((url) => !left.has(url));
    turn += 1;
    const url = open[turn % open.length] ?? '';
    const asked = ask(new Client(url, token));
    const answered = asked.catch(() => undefined);
    atGateway.get(url)?.add(answered);
    void answered.then(() => atGateway.get(url)?.delete(answered));
    return asked;
  }

  /** Asks until the answer is no 503 any more. */
  async function served<Body>(token: string, ask: (client: Client) => Promise<Answer<Body>>): Promise<Answer<Body>> {
    for (let tries = 1; ; tries += 1) {
      counts.requests += 1;
      const answer = await balanced(token, ask);
      if (answer.status !== 503 || answer.headers.get('retry-after') === null || tries === triesMax) return answer;
      counts.retryable += 1;
      const { code = '', detail = '' } = answer.body as { readonly code?: string; readonly detail?: string };
      reasons.set(`${code}: ${detail}`, (reasons.get(`${code}: ${detail}`) ?? 0) + 1);
      await new Promise((resolve) => setTimeout(resolve, retryAfterMs));
    }
  }

  async function customer(number: number): Promise<void> {
    const token = tokens[number % tokens.length] ?? '';
    const request = { showId: showIds[number % showIds.length], bestAvailable: { count: 1 }, payment: visa };
    const key = randomUUID();
    const booked = await served<Booking>(token, (client) => client.book(request, { key, waitSeconds: 0 }));
    if (booked.status !== 202) throw new Error(`booking: ${booked.status} ${JSON.stringify(booked.body)}`);
    acknowledged.push(booked.body.bookingId);
    const read = await served(token, (client) => client.booking(booked.body.bookingId));
    if (read.status !== 200) throw new Error(`reading: ${read.status} ${JSON.stringify(read.body)}`);
  }

  let came = 0;
  const comes = () => {
    const visit: Promise<void> = customer(came)
      .catch((error: Error) => {
        failures.push(`${error.message} ${String((error.cause as Error | undefined)?.message ?? '')}`);
      })
      .finally(() => pending.delete(visit));
    pending.add(visit);
    came += 1;
  };
  const began = performance.now();
  // A timer that rings late, on a busy machine, lets in at once all who have come by then.
  const timer = setInterval(() => {
    while (came < ((performance.now() - began) / 1_000) * perSecond) comes();
  }, 1_000 / perSecond);
  return {
    acknowledged,
    failures,
    reasons,
    get pace() {
      return acknowledged.length / ((performance.now() - began) / 1_000);
    },
    get requests() {
      return counts.requests;
    },
    get retryable() {
      return counts.retryable;
    },
    leave: async (gateway) => {
      left.add(gateway);
      await Promise.all(atGateway.get(gateway) ?? []);
    },
    takeBack: (gateway) => {
      left.delete(gateway);
    },
    end: async () => {
      clearInterval(timer);
      await Promise.all(pending);
    },
  };
}
