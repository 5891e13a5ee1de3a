import { createHash, randomBytes } from 'node:crypto';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import type { z } from 'zod';
import { QueueFull } from '../batcher.ts';
import type { Logger } from '../logger.ts';
import type { Idempotency } from '../service-runtime.ts';
import { StoreUnavailable } from '../store/store.ts';
import type { Authenticator } from './auth.ts';
import { type Call, type Endpoint, hasRole, type Principal } from './endpoint.ts';
import { type FieldError, Problem, problemCodes } from './problem.ts';

/** Limits of every HTTP server here. */
export const bodyBytesMax = 65_536;
const headersTimeoutMs = 5_000;
const requestTimeoutMs = 60_000;
const keepAliveMs = 30_000;
const waitSecondsMax = 30;
const pathParameterMax = 200;

/** A Fastify server with our limits and our way to say no; listens to nothing yet. */
export function createServer(logger: Logger): FastifyInstance {
  const server = Fastify({
    loggerInstance: logger as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: bodyBytesMax,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveMs,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: pathParameterMax },
    http: { headersTimeout: headersTimeoutMs, connectionsCheckingInterval: 1_000 },
    clientErrorHandler: refuseConnection,
  });
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_, body, done) => done(null, body));
  server.setErrorHandler((error: FastifyError | Problem, request, reply) =>
    sendProblem(toProblem(error, request, logger), request, reply),
  );
  server.setNotFoundHandler((request, reply) => {
    sendProblem(
      new Problem(
        'not_found',
        `There is no ${request.method} ${request.url.split('?')[0]}. GET /openapi.json lists what there is.`,
      ),
      request,
      reply,
    );
  });
  return server;
}

/** What came cannot even be parsed as HTTP. */
function refuseConnection(error: Error & { code?: string }, socket: import('node:net').Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return;
  const tooLarge = error.code === 'HPE_HEADER_OVERFLOW';
  const code = tooLarge ? 'header_fields_too_large' : 'bad_request';
  const { status, title } = problemCodes[code];
  const body = JSON.stringify({
    type: typeOf(code),
    title,
    status,
    code,
    detail: tooLarge ? 'Send fewer or shorter headers.' : 'This is not HTTP.',
  });
  socket.end(
    `HTTP/1.1 ${status} ${title}\r\ncontent-type: application/problem+json\r\nconnection: close\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

/** Who lets requests in. */
export interface Doors {
  readonly authenticator: Authenticator;
  /** Called with who is asking, once that is known; throws to refuse. */
  readonly admit: (principal: Principal) => Promise<void>;
}

/** Serves endpoints under `/v1`. Every path answers 405 with `Allow` to methods it does not take. */
export function serveEndpoints(server: FastifyInstance, endpoints: readonly Endpoint[], doors: Doors): void {
  const methods = new Map<string, Set<string>>();
  for (const endpoint of endpoints) {
    const url = `/v1${endpoint.path.replace(/\{(\w+)\}/g, ':$1').replace(/:(\w+)\.svg$/, ':$1.svg')}`;
    methods.set(url, (methods.get(url) ?? new Set<string>()).add(endpoint.method));
    server.route({
      method: endpoint.method,
      url,
      ...(endpoint.bodyBytesMax === undefined ? {} : { bodyLimit: endpoint.bodyBytesMax }),
      handler: (request, reply) => serve(endpoint, request, reply, doors),
    });
  }
  for (const [url, allowed] of methods) {
    const others = (['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const).filter((method) => !allowed.has(method));
    server.route({
      method: others,
      url,
      exposeHeadRoute: false,
      handler: async (_, reply) => {
        void reply.header('allow', [...allowed].join(', '));
        throw new Problem('method_not_allowed', `Use ${[...allowed].join(' or ')}.`);
      },
    });
  }
}

async function serve(endpoint: Endpoint, request: FastifyRequest, reply: FastifyReply, doors: Doors) {
  const principal = await principalOf(endpoint, request, doors);
  const raw = bodyOf(endpoint, request);
  const call: Call<unknown, unknown, unknown> = {
    params: checked(endpoint.params, request.params, '/path'),
    query: checked(endpoint.query, request.query, '/query'),
    body:
      endpoint.body === undefined || endpoint.rawBody === true ? undefined : checked(endpoint.body, parseJson(raw), ''),
    principal,
    idempotency: idempotencyOf(endpoint, request, principal, raw),
    waitMs: waitMsOf(request),
    raw,
    traceparent: traceparentOf(request),
    request,
    reply,
  };
  const answered = await endpoint.handle(call as Call<never, never, never>);
  if (answered.hijacked === true) return reply;
  void reply.code(answered.status);
  if (answered.headers !== undefined) void reply.headers(answered.headers);
  return reply.send(answered.body);
}

async function principalOf(
  endpoint: Endpoint,
  request: FastifyRequest,
  { authenticator, admit }: Doors,
): Promise<Principal> {
  if (endpoint.who === 'anyone') return nobody;
  const principal = await authenticator.authenticate(request.headers.authorization);
  await admit(principal);
  if (hasRole(principal, ...endpoint.who)) return principal;
  throw new Problem('forbidden', `This needs the role ${endpoint.who.join(' or ')}.`);
}

const nobody: Principal = { userId: '', roles: [], sessionId: '' };

const emptyObject = Buffer.from('{}');

/** The bytes that came. No body at all is as good as `{}` where nothing in it is required. */
function bodyOf({ body, rawBody }: Endpoint, request: FastifyRequest): Buffer {
  const raw = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const mayBeEmpty = raw.length === 0 && rawBody !== true && body !== undefined;
  return mayBeEmpty && body.safeParse({}).success ? emptyObject : raw;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function parseJson(raw: Buffer): unknown {
  try {
    return JSON.parse(utf8.decode(raw));
  } catch (error) {
    const why = raw.length === 0 ? 'it is empty' : (error as Error).message;
    throw new Problem('malformed_json', `The body must be JSON in UTF-8: ${why}.`);
  }
}

/** Checks against a schema; every wrong field is named by its pointer. */
function checked(schema: z.ZodType | undefined, value: unknown, at: string): unknown {
  if (schema === undefined) return value;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  // An id that cannot be one names nothing here.
  if (at === '/path')
    throw new Problem('not_found', `There is no such thing: ${parsed.error.issues[0]?.message ?? 'wrong id'}.`);
  const errors = parsed.error.issues.flatMap((issue) => fieldErrors(issue, at));
  throw new Problem(
    'validation_failed',
    errors
      .slice(0, 5)
      .map(({ pointer, message }) => `${pointer}: ${message}`)
      .join('; '),
    { errors },
  );
}

function fieldErrors(issue: z.core.$ZodIssue, at: string): FieldError[] {
  const pointer = `${at}${issue.path.map((each) => `/${String(each).replace(/~/g, '~0').replace(/\//g, '~1')}`).join('')}`;
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      pointer: `${pointer}/${key}`,
      code: 'unknown_field',
      message: `there is no field "${key}"; remove it`,
    }));
  }
  const custom = issue.code === 'custom' ? (issue.params as { code?: string } | undefined)?.code : undefined;
  return [{ pointer: pointer === '' ? '/' : pointer, code: custom ?? issue.code, message: issue.message }];
}

/** 1 to 200 printable ASCII characters. */
const keySyntax = /^[\x20-\x7e]{1,200}$/;

function idempotencyOf(
  endpoint: Endpoint,
  request: FastifyRequest,
  principal: Principal,
  raw: Buffer,
): Idempotency | undefined {
  if (endpoint.idempotency === undefined) return undefined;
  const key = request.headers['idempotency-key'];
  if (key === undefined || key === '') {
    if (endpoint.idempotency === 'honoured') return undefined;
    throw new Problem(
      'idempotency_key_missing',
      'Send an Idempotency-Key header: a new random value for each new request, the same one when you repeat it.',
    );
  }
  if (typeof key !== 'string' || !keySyntax.test(key)) {
    throw new Problem('idempotency_key_invalid', 'The Idempotency-Key must have 1 to 200 printable ASCII characters.');
  }
  const path = request.url.split('?')[0] ?? '';
  return {
    scope: `${principal.userId} ${endpoint.method} ${path}`,
    key,
    bodyHash: createHash('sha256').update(raw).digest('base64url'),
  };
}

function waitMsOf(request: FastifyRequest): number {
  const { prefer } = request.headers;
  const seconds = typeof prefer === 'string' ? /(?:^|[,;\s])wait=(\d{1,4})(?:$|[,;\s])/.exec(prefer)?.[1] : undefined;
  return Math.min(Number(seconds ?? 0), waitSecondsMax) * 1_000;
}

const traceparentSyntax = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The caller's trace context, or a new one. */
export function traceparentOf(request: FastifyRequest): string {
  const known = traces.get(request);
  if (known !== undefined) return known;
  const sent = request.headers['traceparent'];
  const traceparent =
    typeof sent === 'string' && traceparentSyntax.test(sent)
      ? sent
      : `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-00`;
  traces.set(request, traceparent);
  return traceparent;
}
const traces = new WeakMap<FastifyRequest, string>();

/** The one mapping of errors to what a client is told. */
export function toProblem(error: FastifyError | Problem | Error, request: FastifyRequest, logger: Logger): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof QueueFull)
    return new Problem('overloaded', 'Too much is waiting. Come back in a second.', {
      retryAfterSeconds: 1,
      cause: error,
    });
  if (error instanceof StoreUnavailable) {
    logger.error({ error: error.message, url: request.url }, 'the database did not answer');
    return new Problem('unavailable', 'The database does not answer at the moment. Come back in some seconds.', {
      retryAfterSeconds: 2,
      cause: error,
    });
  }
  switch ((error as FastifyError).code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new Problem('payload_too_large', 'The body is larger than this resource takes.');
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new Problem('unsupported_media_type', 'Send the body as JSON with "Content-Type: application/json".');
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return new Problem('bad_request', 'The body is not as long as Content-Length says.');
    default: {
      const status = (error as FastifyError).statusCode ?? 500;
      if (status >= 400 && status < 500) return new Problem('bad_request', error.message);
      logger.error({ error: error.message, stack: error.stack, url: request.url.split('?')[0] }, 'a request failed');
      return new Problem('internal', 'Something went wrong here, and it was written down. Try again later.', {
        cause: error,
      });
    }
  }
}

function typeOf(code: string): string {
  return `https://fullhouse.dev/problems/${code}`;
}

export function sendProblem(problem: Problem, request: FastifyRequest, reply: FastifyReply): void {
  const { code, status, errors, retryAfterSeconds, extensions } = problem;
  if (retryAfterSeconds !== undefined) void reply.header('retry-after', retryAfterSeconds);
  if (status === 401) void reply.header('www-authenticate', 'Bearer');
  void reply
    .code(status)
    .header('content-type', 'application/problem+json')
    .send(
      JSON.stringify({
        type: typeOf(code),
        title: problemCodes[code].title,
        status,
        detail: problem.message,
        instance: request.url.split('?')[0],
        code,
        traceId: traceparentOf(request).slice(3, 35),
        ...(errors === undefined ? {} : { errors }),
        ...extensions,
      }),
    );
}
