import { randomUUID } from 'node:crypto';

/** A customer's view of the API: JSON in, status and JSON out. */
export interface Answer<Body = Record<string, unknown>> {
  readonly status: number;
  readonly body: Body;
  readonly headers: Headers;
}

export interface CallOptions {
  readonly body?: unknown;
  readonly key?: string;
  readonly waitSeconds?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** One page of a list. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string | null;
}

/** What signing in gives. */
export interface TokenPair {
  readonly accessToken: string;
  readonly tokenType: string;
  readonly expiresInSeconds: number;
  readonly refreshToken: string;
  readonly code?: string;
}

export class Client {
  readonly url: string;
  readonly token: string | undefined;

  constructor(url: string, token?: string) {
    this.url = url;
    this.token = token;
  }

  async call<Body = Record<string, unknown>>(
    method: string,
    path: string,
    options: CallOptions = {},
  ): Promise<Answer<Body>> {
    const { body, key, waitSeconds, headers = {}, signal } = options;
    const response = await fetch(this.url + path, {
      method,
      headers: {
        ...(this.token === undefined ? {} : { authorization: `Bearer ${this.token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(key === undefined ? {} : { 'idempotency-key': key }),
        ...(waitSeconds === undefined ? {} : { prefer: `wait=${waitSeconds}` }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true;
    return {
      status: response.status,
      body: (isJson && text !== '' ? JSON.parse(text) : text) as Body,
      headers: response.headers,
    };
  }

  get<Body = Record<string, unknown>>(path: string, options: CallOptions = {}) {
    return this.call<Body>('GET', path, options);
  }

  post<Body = Record<string, unknown>>(path: string, body: unknown, options: CallOptions = {}) {
    return this.call<Body>('POST', path, { ...options, body });
  }

  /** Signs in; throws where that fails. */
  async signIn(email: string, password: string): Promise<Client> {
    const { status, body } = await this.post<{ accessToken: string }>('/v1/sessions', { email, password });
    if (status !== 200) throw new Error(`cannot sign in as ${email}: ${status} ${JSON.stringify(body)}`);
    return new Client(this.url, body.accessToken);
  }

  /** Registers somebody new and signs in. */
  async register(name = 'Ada Lovelace'): Promise<Client> {
    const email = `${randomUUID()}@example.com`;
    const password = 'correct horse battery';
    const { status, body } = await this.post('/v1/users', { name, email, password });
    if (status !== 201) throw new Error(`cannot register: ${status} ${JSON.stringify(body)}`);
    return this.signIn(email, password);
  }

  /** Every item of a paged list. */
  async all<Item>(path: string): Promise<Item[]> {
    const items: Item[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: Answer<Page<Item>> = await this.get(
        `${path}?limit=100${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
      );
      if (page.status !== 200) throw new Error(`GET ${path}: ${page.status} ${JSON.stringify(page.body)}`);
      items.push(...page.body.items);
      cursor = page.body.nextCursor;
    }
    return items;
  }

  book(request: Record<string, unknown>, options: CallOptions = {}): Promise<Answer<Booking>> {
    return this.post<Booking>('/v1/bookings', request, { key: randomUUID(), waitSeconds: 20, ...options });
  }

  booking(bookingId: string): Promise<Answer<Booking>> {
    return this.get<Booking>(`/v1/bookings/${bookingId}`);
  }
}

export interface Booking {
  readonly bookingId: string;
  readonly number?: string;
  readonly showId: string;
  readonly status: string;
  readonly reason?: string;
  readonly seats: readonly string[];
  readonly total?: { readonly amount: number; readonly currency: string };
  readonly rulesVersion?: number;
  readonly holdExpiresAt?: string;
  readonly waitsUntil?: string;
  readonly payment: {
    readonly status: string;
    readonly attempts: number;
    readonly error?: { readonly code: string };
    readonly passedOver?: readonly { readonly reason: string }[];
  };
  readonly refund?: { readonly status: string; readonly amount: { readonly amount: number } };
  readonly replaces?: string;
  readonly tickets: readonly string[];
  readonly history: readonly { readonly status: string; readonly at: string }[];
  readonly code?: string;
}

export const visa = { method: 'card', token: 'tok_visa' } as const;
export const declined = { method: 'card', token: 'tok_declined' } as const;

/** Asks until the answer is as wanted; the test's own time limit ends the asking. */
export async function eventually<Value>(
  ask: () => Promise<Value>,
  isWanted: (value: Value) => boolean,
): Promise<Value> {
  for (let pauseMs = 5; ; pauseMs = Math.min(2 * pauseMs, 250)) {
    const value = await ask();
    if (isWanted(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
