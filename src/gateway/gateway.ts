import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import helmet from 'helmet';
import type { Settings } from '../contracts/settings.ts';
import { createAuthenticator } from '../runtime/http/auth.ts';
import type { Endpoint } from '../runtime/http/endpoint.ts';
import type { ExternalIssuer } from '../runtime/http/external-issuer.ts';
import { networkOf } from '../runtime/http/network.ts';
import { openApiOf } from '../runtime/http/openapi.ts';
import { Problem } from '../runtime/http/problem.ts';
import { type PublishedKeys, publishedKeys } from '../runtime/http/published-keys.ts';
import { type Answering, answerHere, createServer, type Doors, serveEndpoints } from '../runtime/http/server.ts';
import { traceparentOf, traceRequests } from '../runtime/http/trace.ts';
import type { Log } from '../runtime/log/log.ts';
import type { Logger } from '../runtime/logger.ts';
import type { Metrics } from '../runtime/telemetry/metrics.ts';
import { type Tracing, traceIdOf } from '../runtime/telemetry/tracing.ts';
import { type Availability, AvailabilityFeed } from './availability-feed.ts';
import { availabilityStream } from './availability-stream.ts';
import { type AskingForAccount, refusingErased } from './erased-elsewhere.ts';
import { ErasedUsers } from './erased-users.ts';
import { OpenStreams } from './open-streams.ts';
import { createRateLimits } from './rate-limits.ts';
import { type Unsettled, type UnsettledPart, unsettledEndpoint } from './unsettled.ts';
import { type PageSettings, pagePolicy, serveWeb } from './web.ts';

/** The one door: rate limits, security headers, live seat maps, the description of it all, and the services behind it. */
export interface Gateway {
  readonly server: FastifyInstance;
  stop(): Promise<void>;
}

export interface GatewayOptions {
  /** The endpoints of the services behind it. */
  readonly endpoints: readonly Endpoint[];
  /** How they are answered, where their services are not in this process. */
  readonly forward?: Answering;
  readonly jwks: () => Promise<PublishedKeys>;
  readonly log: Log;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  readonly settings: () => Settings;
  /** What is in front of it and says whose a request is, beside the connection. */
  readonly trustedProxies?: readonly string[] | undefined;
  /** Whose tokens are taken beside our own. */
  readonly externalIssuer?: ExternalIssuer | undefined;
  readonly pages: PageSettings;
}

export const apiInfo = {
  title: 'Fullhouse',
  version: '1.0.0',
  description: 'Sells reserved seats: no seat twice, no money kept without a ticket or a refund.',
};

/** Everything from here, but for what pages need. */
const contentSecurity = {
  defaultSrc: ["'self'"],
  imgSrc: ["'self'", 'data:'],
  objectSrc: ["'none'"],
  baseUri: ["'self'"],
  formAction: ["'self'"],
  frameAncestors: ["'none'"],
};

const hstsSeconds = 31_536_000;

export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const { endpoints, forward = answerHere, jwks, log, logger, pages, settings } = options;
  const server = createServer(logger, options.trustedProxies);
  traceRequests(server, options.tracing);
  options.metrics.watch('gateway', server);
  const limits = createRateLimits((kind) =>
    kind === 'user' ? settings().rateLimitPerUser : settings().rateLimitPerAddress,
  );
  const feed = new AvailabilityFeed({ logger, snapshot: (showId) => snapshot(server, showId) });
  const own = [availabilityStream(feed), unsettledEndpoint(unsettledParts(server))];
  const secure = helmet({
    contentSecurityPolicy: { useDefaults: false, directives: { ...contentSecurity, ...pagePolicy(pages) } },
    xFrameOptions: { action: 'deny' },
    strictTransportSecurity: { maxAge: hstsSeconds },
  });
  server.addHook('onRequest', (request, reply, done) =>
    secure(request.raw, reply.raw, (error) => done(error as Error | undefined)),
  );
  server.addHook('onRequest', async (request, reply) => {
    void reply.header('x-request-id', traceIdOf(traceparentOf(request)));
    if (request.socket.remoteAddress !== ownAddress) await limits.admit('address', networkOf(request.ip));
  });
  const streams = new OpenStreams();
  const erased = new ErasedUsers(logger, (userId) => streams.endOf(userId));
  const doors: Doors = {
    authenticator: createAuthenticator(publishedKeys(jwks), options.externalIssuer),
    admit: ({ userId }) => {
      if (erased.has(userId)) throw new Problem('unauthenticated', 'This account was erased.');
      return limits.admit('user', userId);
    },
  };
  const answering = (by: Answering) => streams.limiting(refusingErased(by, askingForAccount(server)));
  serveEndpoints(server, endpoints, doors, answering(noticingErasure(forward, erased)));
  serveEndpoints(server, own, doors, answering(answerHere));
  await serveDescription(server, [...endpoints, ...own], jwks);
  await serveWeb(server, pages);
  await Promise.all([feed.start(log), erased.start(log)]);
  return {
    server,
    stop: async () => {
      await Promise.all([feed.stop(), erased.stop()]);
      await server.close();
    },
  };
}

/** Whoever erases an account here is known at once, before the topic tells it. */
function noticingErasure(answering: Answering, erased: ErasedUsers): Answering {
  return async (endpoint, admitted) => {
    const answered = await answering(endpoint, admitted);
    const { reply, principal } = admitted;
    if (endpoint.method === 'DELETE' && endpoint.path === '/me' && reply.statusCode === 204)
      erased.add(principal.userId);
    return answered;
  };
}

/** Where requests of the gateway itself come from: no socket has this address, and no limit is theirs. */
const ownAddress = 'gateway';

/** The seat map as seat-inventory tells it. */
async function snapshot(server: FastifyInstance, showId: string): Promise<Availability | undefined> {
  const url = `/v1/shows/${encodeURIComponent(showId)}/availability`;
  const answer = await server.inject({ url, remoteAddress: ownAddress });
  return answer.statusCode === 200 ? (answer.json() as Availability) : undefined;
}

function askingForAccount(server: FastifyInstance): AskingForAccount {
  return async (authorization) => {
    const answer = await server.inject({ url: '/v1/me', headers: { authorization }, remoteAddress: ownAddress });
    return answer.statusCode;
  };
}

interface LostMessage extends Omit<Unsettled, 'kind' | 'id' | 'reason' | 'error'> {
  readonly messageId: string;
  readonly kind: string;
  readonly error?: string;
}

/** The payment and the notification service, each with its own list. */
export function unsettledParts(server: FastifyInstance): readonly UnsettledPart[] {
  const part =
    <Item>(path: string, shown: (item: Item) => Unsettled): UnsettledPart =>
    async ({ limit, cursor, authorization }) => {
      const query = new URLSearchParams({ limit: String(limit), ...(cursor === undefined ? {} : { cursor }) });
      const headers = authorization === undefined ? {} : { authorization };
      const answer = await server.inject({ url: `${path}${query}`, headers, remoteAddress: ownAddress });
      if (answer.statusCode !== 200) throw new Problem('unavailable', `${path.split('?')[0]} does not answer.`);
      const page = answer.json<{ items: Item[]; nextCursor: string | null }>();
      return { items: page.items.map(shown), more: page.nextCursor !== null };
    };
  return [
    part('/v1/ops/payments?', (item: Unsettled) => item),
    part('/v1/ops/messages?status=unknown&', ({ messageId: id, kind: messageKind, error, ...item }: LostMessage) => ({
      ...{ kind: 'message', id, messageKind, since: item.since, bookingId: item.bookingId, showId: item.showId },
      ...{ channel: item.channel, reason: error },
    })),
  ];
}

async function serveDescription(
  server: FastifyInstance,
  endpoints: readonly Endpoint[],
  jwks: GatewayOptions['jwks'],
): Promise<void> {
  const description = JSON.stringify(openApiOf(endpoints, apiInfo));
  server.get('/openapi.json', (_, reply) => reply.type('application/json').send(description));
  server.get('/.well-known/jwks.json', async (_, reply) =>
    reply.header('cache-control', 'public, max-age=60').send(await jwks()),
  );
  server.get('/docs', (_, reply) => reply.redirect('/docs/'));
  server.get('/docs/', (_, reply) => reply.type('text/html').send(docsPage));
  server.get('/docs/start.js', (_, reply) => reply.type('text/javascript').send(docsScript));
  const assets = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
  await server.register(fastifyStatic, {
    root: assets,
    prefix: '/docs/assets/',
    index: false,
    list: false,
    allowedPath: (path) => /^\/swagger-ui[\w.-]*\.(css|js)$/.test(path),
  });
}

const docsPage = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Fullhouse API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/docs/assets/swagger-ui.css"></head>
<body><div id="docs"></div><script src="/docs/assets/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script></body></html>
`;
const docsScript = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#docs', deepLinking: true, tagsSorter: 'alpha' });\n`;
