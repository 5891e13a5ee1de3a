import type { FastifyInstance } from 'fastify';
import { createAuthenticator } from '../runtime/http/auth.ts';
import type { Endpoint } from '../runtime/http/endpoint.ts';
import type { ExternalIssuer } from '../runtime/http/external-issuer.ts';
import { type PublishedKeys, publishedKeys } from '../runtime/http/published-keys.ts';
import { createServer, serveEndpoints } from '../runtime/http/server.ts';
import { traceRequests } from '../runtime/http/trace.ts';
import type { Logger } from '../runtime/logger.ts';
import type { Metrics } from '../runtime/telemetry/metrics.ts';
import type { Tracing } from '../runtime/telemetry/tracing.ts';

/**
 * The HTTP side of services that are not in the gateway's process. It checks tokens for itself; limits of requests are the
 * gateway's business.
 */
export function createServiceServer(options: {
  readonly endpoints: readonly Endpoint[];
  readonly jwks: () => Promise<PublishedKeys>;
  /** Whose tokens are taken beside our own. */
  readonly externalIssuer: ExternalIssuer | undefined;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  readonly logger: Logger;
}): FastifyInstance {
  // The gateway says who asks. Whoever else is in its network could say so, too: nobody is let in by it.
  const server = createServer(options.logger, 'callers');
  traceRequests(server, options.tracing);
  options.metrics.watch('services', server);
  serveEndpoints(server, options.endpoints, {
    authenticator: createAuthenticator(publishedKeys(options.jwks), options.externalIssuer),
    admit: async () => undefined,
  });
  // For whoever passes requests on: somebody listens here.
  server.get('/livez', async () => ({ status: 'ok' }));
  server.get('/.well-known/jwks.json', async (_, reply) =>
    reply.header('cache-control', 'public, max-age=60').send(await options.jwks()),
  );
  return server;
}
