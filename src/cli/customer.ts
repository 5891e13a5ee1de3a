import { setTimeout as delay } from 'node:timers/promises';
import { CommandRefused } from './answers.ts';

/** The customer at the terminal: the API as anybody else has it. */

const waitSeconds = 30;
/** Sign-ins before it is given up: several terminals may be after the same minute. */
const askedMax = 5;

/** Asks the API as somebody; throws `ApiRefused` for every no. */
export type Api = <Body>(
  method: string,
  path: string,
  more?: { readonly body?: unknown; readonly key?: string; readonly wait?: boolean },
) => Promise<Body>;

function apiAt(url: string, token?: string): Api {
  return async <Body>(method: string, path: string, { body, key, wait = false }: Parameters<Api>[2] = {}) => {
    const answer = await fetch(`${url}/v1${path}`, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(key === undefined ? {} : { 'idempotency-key': key }),
        ...(wait ? { prefer: `wait=${waitSeconds}` } : {}),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const told = (await answer.json()) as Body & { readonly detail?: string; readonly code?: string };
    if (answer.ok) return told;
    const retryAfter = answer.headers.get('retry-after');
    throw new ApiRefused(told.detail ?? `${method} ${path} answered ${answer.status}`, {
      problem: told.code ?? '',
      ...(retryAfter === null ? {} : { retryAfterMs: Number(retryAfter) * 1_000 }),
    });
  };
}

export class ApiRefused extends CommandRefused {
  /** The code of the problem. */
  readonly problem: string;
  /** When it is worth asking again. */
  readonly retryAfterMs: number | undefined;
  constructor(
    message: string,
    { problem, retryAfterMs }: { readonly problem: string; readonly retryAfterMs?: number },
  ) {
    super(message);
    this.problem = problem;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Signs in as the customer of the demo, who is made where there is none. */
export async function signInAsCustomer(url: string): Promise<Api> {
  const anyone = apiAt(url);
  const { demoUsers } = await import('../services/user/accounts.ts');
  const [{ name, email, password }] = demoUsers;
  const session = () =>
    inTime(() => anyone<{ accessToken: string }>('POST', '/sessions', { body: { email, password } }));
  const { accessToken } = await session().catch(async (error: unknown) => {
    if (!(error instanceof ApiRefused) || error.problem !== 'bad_credentials') throw error;
    await anyone('POST', '/users', { body: { name, email, password } });
    return session();
  });
  return apiAt(url, accessToken);
}

/** Whoever books again and again signs in more often than one may in a minute: then it takes as long as it is told to. */
async function inTime<Result>(ask: () => Promise<Result>): Promise<Result> {
  for (let asked = 1; ; asked += 1) {
    try {
      return await ask();
    } catch (error) {
      const isTold = error instanceof ApiRefused && error.problem === 'rate_limited' && asked < askedMax;
      if (!isTold || error.retryAfterMs === undefined) throw error;
      process.stderr.write(`${error.message} Going on in ${Math.ceil(error.retryAfterMs / 1_000)} s.\n`);
      await delay(error.retryAfterMs);
    }
  }
}
