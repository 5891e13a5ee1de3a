import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { Idempotency } from '../service-runtime.ts';
import type { ProblemCode } from './problem.ts';

/**
 * One HTTP endpoint, described once: Fastify serves it, OpenAPI is generated from it, and the access test reads it.
 */
export const roles = ['customer', 'staff', 'organizer', 'admin'] as const;
export type Role = (typeof roles)[number];

/** Who is asking, as the verified access token says. An admin has all roles. */
export interface Principal {
  readonly userId: string;
  readonly roles: readonly Role[];
  readonly sessionId: string;
  /** Of somebody who signed in elsewhere: what the token says of them, as it says it. */
  readonly person?: Person;
}

export interface Person {
  readonly name: string | undefined;
  readonly email: string | undefined;
  readonly phone: string | undefined;
  readonly locale: string | undefined;
}

export interface Endpoint {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Under `/v1`, in OpenAPI form: `/bookings/{bookingId}`. */
  readonly path: string;
  readonly summary: string;
  readonly tag: string;
  /** `anyone` may come without a token (and is no principal); else one of these roles. */
  readonly who: 'anyone' | readonly Role[];
  readonly params?: z.ZodType;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  /** A body as somebody would send it, for whoever tries it. */
  readonly example?: object;
  /** `required`: 400 without the header. `honoured`: used where sent. Absent: ignored. */
  readonly idempotency?: 'required' | 'honoured';
  /** By status: the schema of the body, `null` for none, or the content type of a body that is not JSON. */
  readonly answers: Readonly<Record<number, { readonly says: string; readonly body: z.ZodType | string | null }>>;
  readonly problems?: readonly ProblemCode[];
  /** Overrides the server's limit of a body, in bytes. */
  readonly bodyBytesMax?: number;
  /** The body reaches the handler as the bytes that came (`call.raw`), for signatures. */
  readonly rawBody?: boolean;
  /** A client may have it wait for news (`Prefer: wait=N`), though nothing is accepted first. */
  readonly waits?: boolean;
  /** Only present in embedded mode. */
  readonly embeddedOnly?: boolean;
  /** Whether so much is under way that it is refused (`overloaded`) before anything of the request is looked at. */
  readonly isFull?: () => boolean;
  readonly handle: (call: Call<never, never, never>) => Promise<Answered>;
}

export interface Call<Params, Query, Body> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  /** Set unless the endpoint is for `anyone`. */
  readonly principal: Principal;
  /** The key, scoped to user and route, when the endpoint takes one and it was sent. */
  readonly idempotency: Idempotency | undefined;
  /** Milliseconds the client is ready to wait (`Prefer: wait=N`, at most 30 s); 0 without. */
  readonly waitMs: number;
  /** Aborted when the server is about to close: who waits then answers with what is known. */
  readonly closing: AbortSignal;
  readonly raw: Buffer;
  readonly traceparent: string;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

export interface Answered {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** The handler has taken over the socket (a stream of events). */
  readonly hijacked?: boolean;
}

type Infer<Schema> = Schema extends z.ZodType ? z.infer<Schema> : undefined;

/** Describes an endpoint; the handler sees its parameters, query and body as the schemas say. */
export function endpoint<
  Params extends z.ZodType | undefined = undefined,
  Query extends z.ZodType | undefined = undefined,
  Body extends z.ZodType | undefined = undefined,
>(
  definition: Omit<Endpoint, 'params' | 'query' | 'body' | 'handle'> & {
    readonly params?: Params;
    readonly query?: Query;
    readonly body?: Body;
    readonly handle: (call: Call<Infer<Params>, Infer<Query>, Infer<Body>>) => Promise<Answered>;
  },
): Endpoint {
  return definition as unknown as Endpoint;
}

/** Whether an endpoint answers with a stream of server-sent events. */
export function isEventStream({ answers }: Endpoint): boolean {
  return answers[200]?.body === 'text/event-stream';
}

/** Whether a principal may act in one of these roles. */
export function hasRole(principal: Principal, ...wanted: readonly Role[]): boolean {
  return principal.roles.includes('admin') || wanted.some((role) => principal.roles.includes(role));
}
