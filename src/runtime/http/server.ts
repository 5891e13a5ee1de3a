import { finished } from 'node:stream';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import { QueueFull } from '../batcher.ts';
import { LogUnavailable } from '../log/log.ts';
import type { Logger } from '../logger.ts';
import { StoreUnavailable } from '../store/store.ts';
import { traceIdOf } from '../telemetry/tracing.ts';
import type { Authenticator } from './auth.ts';
import { closingSignal, tellClosing } from './closing.ts';
import { type Call, type Endpoint, hasRole, type Principal } from './endpoint.ts';
import { Problem, problemCodes, typeOf } from './problem.ts';
import { bodyOf, checked, idempotencyOf, parseJson, pathWith, timesSent, waitMsOf } from './reading.ts';
import { bareHeaders, refuseConnection } from './refused-connection.ts';
import { traceparentOf } from './trace.ts';

/** Limits of every HTTP server here. */
export const bodyBytesMax = 65_536;
/** Browsers send far fewer. */
const headersMax = 100;
const headersTimeoutMs = 5_000;
const requestTimeoutMs = 60_000;
const keepAliveMs = 30_000;
const pathParameterMax = 200;

/**
 * A Fastify server with our limits and our way to say no; listens to nothing yet. Who asks through one of `trustedProxies`
 * (addresses, or networks like 10.0.0.0/8), or through whoever connects (`callers`), has the address that it says (X-Forwarded-For).
 */
export function createServer(logger: Logger, trustedProxies: readonly string[] | 'callers' = []): FastifyInstance {
  const server = Fastify({
    loggerInstance: logger as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: bodyBytesMax,
    requestTimeout: requestTimeoutMs,
    trustProxy: trusted(trustedProxies),
    keepAliveTimeout: keepAliveMs,
    forceCloseConnections: 'idle',
    // What still comes on a connection that is kept is answered, and told that the connection closes.
    return503OnClosing: false,
    routerOptions: { maxParamLength: pathParameterMax },
    // A missing Host is refused below, in our own words.
    http: { headersTimeout: headersTimeoutMs, connectionsCheckingInterval: 1_000, requireHostHeader: false },
    clientErrorHandler: refuseConnection,
    // What is refused before it has a route, such as a path that cannot be decoded, passes no hook that adds headers.
    frameworkErrors: (error, request, reply) =>
      sendProblem(toProblem(error, request, logger), request, reply.headers(bareHeaders)),
  });
  refuseWhatIsTooMuch(server);
  const methodsAt = methodsByPath(server);
  tellClosing(server);
  server.addHook('onRequest', async ({ raw }, reply) => {
    const isTooMuch = raw.rawHeaders.length / 2 > headersMax;
    if (!isTooMuch && (raw.headers.host !== undefined || raw.httpVersion !== '1.1')) return;
    void reply.headers({ ...bareHeaders, connection: 'close' });
    if (isTooMuch) throw new Problem('header_fields_too_large', `Send ${headersMax} headers at the most.`);
    throw new Problem('bad_request', 'Send a Host header (RFC 9112, section 3.2).');
  });
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('application/json', { parseAs: 'buffer' }, ({ headers }, body, done) => {
    const encoding = headers['content-encoding'] ?? 'identity';
    done(encoding.toLowerCase() === 'identity' ? null : encoded, body);
  });
  server.setErrorHandler((error: FastifyError | Problem, request, reply) => {
    if (error.code === bodyTooLarge) readOn(request, reply);
    return sendProblem(toProblem(error, request, logger), request, reply);
  });
  server.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0] ?? '';
    const allowed = methodsAt(path);
    // A method that the path does take was not found for what stands in the path, such as too long a name.
    if (allowed.length === 0 || allowed.includes(request.method)) {
      return sendProblem(
        new Problem('not_found', `There is no ${request.method} ${path}. GET /openapi.json lists what there is.`),
        request,
        reply,
      );
    }
    void reply.header('allow', allowed.join(', '));
    return sendProblem(
      new Problem('method_not_allowed', `This path takes ${allowed.join(' or ')}, not ${request.method}.`),
      request,
      reply,
    );
  });
  return server;
}

/** As Fastify has it: the first hop alone where whoever connects is trusted. */
function trusted(proxies: readonly string[] | 'callers') {
  if (proxies === 'callers') return (_address: string, hop: number) => hop === 0;
  return proxies.length === 0 ? false : [...proxies];
}

const encoded = new Problem('unsupported_media_type', 'Send the body as it is, without a Content-Encoding.');

const bodyTooLarge = 'FST_ERR_CTP_BODY_TOO_LARGE';
/** So much more of a body that is too large is read and thrown away, for so long. */
const readOnBytesMax = 64 * 2 ** 20;
const readOnMs = 2_000;

/**
 * Keeps the connection of a body that is too large until all of it has come: one that is closed with something unread is reset,
 * and the client never sees why. Whoever goes on sending is cut off.
 */
function readOn({ raw }: FastifyRequest, reply: FastifyReply): void {
  // Fastify would close it at once.
  void reply.removeHeader('connection');
  const { socket } = raw;
  const timer = setTimeout(() => socket.destroy(), readOnMs).unref();
  let bytes = 0;
  raw.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > readOnBytesMax) socket.destroy();
  });
  finished(raw, { writable: false }, () => clearTimeout(timer));
}

declare module 'fastify' {
  interface FastifyContextConfig {
    readonly isFull?: Endpoint['isFull'];
  }
}

/**
 * The first hook of all: before a limit is counted, a token is verified and a body is read. Where many times more come than
 * can be served, saying no must cost next to nothing, so it is written past everything that other answers go through.
 */
function refuseWhatIsTooMuch(server: FastifyInstance): void {
  server.addHook('onRequest', (request, reply, done) => {
    if (request.routeOptions.config.isFull?.() !== true) return done();
    reply.hijack();
    const body = problemBody(tooMuch, request);
    const length = Buffer.byteLength(body);
    const headers = { ...bareHeaders, 'content-type': problemType, 'content-length': length };
    reply.raw.writeHead(tooMuch.status, { ...headers, 'retry-after': `${comeBackSeconds}` }).end(body);
  });
}
/** Made once: a stack trace is of no use, and takes its time. */
const comeBackSeconds = 1;
const tooMuch = new Problem('overloaded', 'Too much is waiting. Come back in a second.', {
  retryAfterSeconds: comeBackSeconds,
});

/** Tells which methods a path takes; empty for a path that is not served, or is only a place where files may be. */
function methodsByPath(server: FastifyInstance): (path: string) => readonly string[] {
  const paths = new Map<string, { readonly pattern: RegExp; readonly methods: Set<string> }>();
  server.addHook('onRoute', ({ url, method }) => {
    if (url.includes('*')) return;
    const pattern = new RegExp(`^${url.replace(/[.+]/g, '\\$&').replace(/:\w+/g, '[^/]+')}$`);
    const known = paths.get(url) ?? { pattern, methods: new Set() };
    for (const each of [method].flat()) known.methods.add(each);
    paths.set(url, known);
  });
  return (path) => [
    ...new Set([...paths.values()].flatMap(({ pattern, methods }) => (pattern.test(path) ? [...methods] : []))),
  ];
}

/** Who lets requests in. */
export interface Doors {
  readonly authenticator: Authenticator;
  /** Called with who is asking, once that is known; throws to refuse. */
  readonly admit: (principal: Principal) => Promise<void>;
}

/** A request that was let in. */
export interface Admitted {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly principal: Principal;
}

/** Answers a request that was let in: here, by the endpoint's own handler, or somewhere else. */
export type Answering = (endpoint: Endpoint, admitted: Admitted) => Promise<unknown>;

/** Serves endpoints under `/v1`. */
export function serveEndpoints(
  server: FastifyInstance,
  endpoints: readonly Endpoint[],
  doors: Doors,
  answer: Answering = answerHere,
): void {
  for (const endpoint of endpoints) {
    server.route({
      method: endpoint.method,
      url: `/v1${endpoint.path.replace(/\{(\w+)\}/g, ':$1')}`,
      ...(endpoint.bodyBytesMax === undefined ? {} : { bodyLimit: endpoint.bodyBytesMax }),
      ...(endpoint.isFull === undefined ? {} : { config: { isFull: endpoint.isFull } }),
      handler: async (request, reply) =>
        answer(endpoint, { request, reply, principal: await principalOf(endpoint, request, doors) }),
    });
  }
}

/** Answers by the endpoint's own handler. */
export async function answerHere(endpoint: Endpoint, { request, reply, principal }: Admitted): Promise<unknown> {
  const raw = bodyOf(endpoint, request);
  const call: Call<unknown, unknown, unknown> = {
    params: checked(endpoint.params, request.params, '/path'),
    query: checked(endpoint.query, request.query, '/query'),
    body:
      endpoint.body === undefined || endpoint.rawBody === true ? undefined : checked(endpoint.body, parseJson(raw), ''),
    principal,
    idempotency: idempotencyOf(endpoint, request, principal, raw),
    waitMs: waitMsOf(request),
    closing: closingSignal(request.server),
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
  if (timesSent(request, 'authorization') > 1)
    throw new Problem('unauthenticated', 'Send one Authorization header, not several.');
  const principal = await authenticator.authenticate(request.headers.authorization);
  await admit(principal);
  if (hasRole(principal, ...endpoint.who)) return principal;
  throw new Problem('forbidden', `This needs the role ${endpoint.who.join(' or ')}.`);
}

const nobody: Principal = { userId: '', roles: [], sessionId: '' };

/** Something that every request needs is away: written down, and may be asked again in a moment. */
function unanswered(what: 'database' | 'log', cause: Error, request: FastifyRequest, logger: Logger): Problem {
  logger.error({ ...requestIn(request), error: cause.message }, `the ${what} did not answer`);
  const detail = `The ${what} does not answer at the moment. Come back in some seconds.`;
  return new Problem('unavailable', detail, { retryAfterSeconds: 2, cause });
}

/** The one mapping of errors to what a client is told. */
export function toProblem(error: FastifyError | Problem | Error, request: FastifyRequest, logger: Logger): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof QueueFull)
    return new Problem('overloaded', 'Too much is waiting. Come back in a second.', {
      retryAfterSeconds: 1,
      cause: error,
    });
  if (error instanceof StoreUnavailable) return unanswered('database', error, request, logger);
  if (error instanceof LogUnavailable) return unanswered('log', error, request, logger);
  switch ((error as FastifyError).code) {
    case bodyTooLarge:
      return new Problem('payload_too_large', 'The body is larger than this resource takes.');
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new Problem('unsupported_media_type', 'Send the body as JSON with "Content-Type: application/json".');
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return new Problem('bad_request', 'The body is not as long as Content-Length says.');
    default: {
      const status = (error as FastifyError).statusCode ?? 500;
      // A path too long to name anything, and files that are not for everybody.
      if ([403, 404, 414].includes(status))
        return new Problem('not_found', 'There is no such thing. GET /openapi.json lists what there is.');
      if (status >= 400 && status < 500) return new Problem('bad_request', error.message);
      logger.error({ ...requestIn(request), error: error.message, stack: error.stack }, 'a request failed');
      return new Problem('internal', 'Something went wrong here, and it was written down. Try again later.', {
        cause: error,
      });
    }
  }
}

/** How a line of the log names a request. */
function requestIn(request: FastifyRequest) {
  return { traceId: traceIdOf(traceparentOf(request)), method: request.method, url: unsecretPath(request) };
}

/** A word or an id; whatever else a path has in a place for anything may be a secret. */
const unsecret = /^(?:[a-z]{3}_[\da-f-]{36}|[a-zA-Z]{1,40})$/;

/** The path without what is nobody's business, such as the token that sets a password. */
function unsecretPath(request: Pick<FastifyRequest, 'params' | 'routeOptions'>): string {
  return pathWith(request, (value) => (unsecret.test(value) ? value : '*'));
}

const problemType = 'application/problem+json';

export function sendProblem(problem: Problem, request: FastifyRequest, reply: FastifyReply): void {
  const { status, retryAfterSeconds } = problem;
  if (retryAfterSeconds !== undefined) void reply.header('retry-after', retryAfterSeconds);
  if (status === 401) void reply.header('www-authenticate', 'Bearer');
  void reply.code(status).header('content-type', problemType).send(problemBody(problem, request));
}

function problemBody({ code, status, message, errors, extensions }: Problem, request: FastifyRequest): string {
  return JSON.stringify({
    type: typeOf(code),
    title: problemCodes[code].title,
    status,
    detail: message,
    instance: request.url.split('?')[0],
    code,
    traceId: traceIdOf(traceparentOf(request)),
    ...(errors === undefined ? {} : { errors }),
    ...extensions,
  });
}
