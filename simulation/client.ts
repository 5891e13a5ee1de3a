import { createHash } from 'node:crypto';
import type { Answered, Call, Endpoint, Principal } from '../src/runtime/http/endpoint.ts';
import { Problem } from '../src/runtime/http/problem.ts';
import type { Cluster } from './cluster.ts';
import type { SimulatedHost } from './host.ts';
import type { Journal } from './journal.ts';
import { within } from './process.ts';
import type { Random } from './random.ts';

/** A request as it goes to one of a service's endpoints. */
export interface Asked {
  readonly service: string;
  readonly method: Endpoint['method'];
  /** In OpenAPI form. */
  readonly path: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly key?: string;
  /** The bytes of a body that is taken as it comes, and its headers. */
  readonly raw?: Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

/** No answer came, or one that says to come back: nobody knows whether it was stored. */
export interface Unanswered {
  readonly status: 'unanswered';
}

/** A client gives up waiting after this. */
const patienceMs = 15_000;
/** Access tokens are good for so long, and for an account that is erased nobody gets another. */
const tokenTtlMs = 15 * 60_000;
const neverAborted = new AbortController().signal;

/**
 * A client of the services' real endpoints, behind the HTTP server's work (which is not simulated): the body is read by the
 * endpoint's own schema, the key is scoped as the server scopes it.
 */
export class Client {
  readonly #cluster: Cluster;
  readonly #random: Random;
  readonly #journal: Journal;
  readonly #onBroken: (error: Error) => void;
  readonly principal: Principal;

  constructor(options: {
    readonly cluster: Cluster;
    readonly random: Random;
    readonly principal: Principal;
    readonly journal: Journal;
    /** Told of errors that no client should ever see. */
    readonly onBroken: (error: Error) => void;
  }) {
    this.#onBroken = options.onBroken;
    this.#cluster = options.cluster;
    this.#journal = options.journal;
    this.#random = options.random;
    this.principal = options.principal;
  }

  async ask(asked: Asked): Promise<Answered | Unanswered> {
    if (this.#isTurnedAway(asked)) return { status: 401, body: { code: 'unauthenticated' } };
    const host = this.#cluster.reachable(asked.service, (hosts) => this.#random.pick(hosts));
    if (host === undefined) return { status: 'unanswered' } as Unanswered;
    const endpoint = host.endpoints.find(({ method, path }) => method === asked.method && path === asked.path);
    if (endpoint === undefined) throw new Error(`there is no ${asked.method} ${asked.path}`);
    const died = host.process.death.then(() => undefined);
    return (await within(patienceMs, [this.#handled(host, endpoint, asked), died])) ?? { status: 'unanswered' };
  }

  /**
   * What gateways do for whoever was erased: they let nothing through from the answer on. Here they leave to the user service what it
   * has to refuse by itself, as long as a token may be good.
   */
  #isTurnedAway({ service }: Asked): boolean {
    const erasure = this.#journal.erasures.get(this.principal.userId);
    if (erasure === undefined) return false;
    return service === 'user' ? performance.now() > erasure.askedAt + tokenTtlMs : erasure.toldAt !== undefined;
  }

  /** Hands in a provider's webhook; the status of the answer, or nothing where nobody has answered. */
  async deliverWebhook(raw: Buffer, headers: Readonly<Record<string, string>>): Promise<number | undefined> {
    const path = '/webhooks/payments/{provider}';
    const params = { provider: 'sandbox' };
    const { status } = await this.ask({ service: 'payment', method: 'POST', path, params, raw, headers });
    return status === 'unanswered' ? undefined : status;
  }

  async #handled(host: SimulatedHost, endpoint: Endpoint, asked: Asked): Promise<Answered | Unanswered> {
    try {
      const body = endpoint.body === undefined ? undefined : endpoint.body.parse(asked.body);
      return await endpoint.handle(callOf({ endpoint, asked, body, principal: this.principal }));
    } catch (error) {
      if (error instanceof Problem) {
        const isOver = error.status < 500 && error.code !== 'request_in_progress';
        return isOver ? { status: error.status, body: { code: error.code } } : { status: 'unanswered' };
      }
      if ((error as { readonly retryable?: boolean }).retryable === true) return { status: 'unanswered' };
      this.#onBroken(new Error(`${asked.method} ${asked.path} on ${host.process.name} failed`, { cause: error }));
      return { status: 500 };
    }
  }
}

function callOf({
  endpoint,
  asked,
  body,
  principal,
}: {
  readonly endpoint: Endpoint;
  readonly asked: Asked;
  readonly body: unknown;
  readonly principal: Principal;
}): Call<never, never, never> {
  const raw = asked.raw ?? Buffer.from(JSON.stringify(asked.body ?? null));
  const url = Object.entries(asked.params ?? {}).reduce(
    (path, [name, value]) => path.replace(`{${name}}`, value),
    asked.path,
  );
  const idempotency =
    asked.key === undefined || endpoint.idempotency === undefined
      ? undefined
      : {
          scope: `${principal.userId} ${endpoint.method} /v1${url}`,
          key: asked.key,
          bodyHash: createHash('sha256').update(raw).digest('base64url'),
        };
  const call = {
    params: asked.params ?? {},
    query: {},
    body,
    principal,
    idempotency,
    waitMs: 0,
    closing: neverAborted,
    raw,
    traceparent: '00-00000000000000000000000000000001-0000000000000001-01',
    request: { headers: asked.headers ?? {} },
    reply: {},
  };
  return call as unknown as Call<never, never, never>;
}
