import type { FastifyInstance } from 'fastify';
import { createServer } from '../runtime/http/server.ts';
import type { Logger } from '../runtime/logger.ts';
import type { ServiceHost } from '../runtime/service-host.ts';
import type { Metrics } from '../runtime/telemetry/metrics.ts';

/** Something beside its services that a process depends on. */
export interface Dependency {
  readonly name: string;
  /** Why it cannot be relied on at the moment. */
  readonly trouble: () => string | undefined | Promise<string | undefined>;
  /** Without it the process still answers requests, or some of them. Asked when it is known of all where they stand. */
  readonly degrades?: () => boolean;
  /** Without it the services here leave their work undone until it is back. */
  readonly holdsWork?: boolean;
}

export interface AdminServerOptions {
  /** The services that run here by now. */
  readonly hosts: () => readonly ServiceHost[];
  readonly dependencies?: () => readonly Dependency[];
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** For operators, on a port of its own: is it alive, is it ready, how is it doing. */
export function createAdminServer(options: AdminServerOptions): FastifyInstance {
  const { hosts, dependencies = () => [], metrics, logger } = options;
  const server = createServer(logger);
  server.get('/livez', async () => ({ status: 'ok' }));
  server.get('/readyz', async (_, reply) => {
    const known = await Promise.all(dependencies().map(async (each) => ({ each, reason: await each.trouble() })));
    const missing = known.filter(({ reason }) => reason !== undefined);
    const bearable = missing.filter(({ each }) => each.degrades?.() === true);
    const services = await Promise.all(
      hosts().map(async (host) => ({ service: host.definition.name, ...(await readiness(host)) })),
    );
    // Who waits for something that only degrades the process owns nothing, and accepts requests all the same.
    const isHeld = bearable.some(({ each }) => each.holdsWork === true);
    const serves = services.every(({ does }) => does !== 'nothing' && (does !== 'requests' || isHeld));
    const isReady = serves && missing.length === bearable.length;
    const isWell = missing.length === 0 && services.every(({ does }) => does === 'all');
    return reply.code(isReady ? 200 : 503).send({
      status: isReady ? (isWell ? 'ok' : 'degraded') : 'unavailable',
      services: services.map(({ service, reason }) => ({ service, ...readyUnless(reason) })),
      ...(known.length > 0
        ? { dependencies: known.map(({ each, reason }) => ({ dependency: each.name, ...readyUnless(reason) })) }
        : {}),
    });
  });
  server.get('/metrics', async (_, reply) =>
    reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  );
  return server;
}

interface Readiness {
  readonly ready: boolean;
  readonly reason?: string;
}

const readyUnless = (reason: string | undefined): Readiness =>
  reason === undefined ? { ready: true } : { ready: false, reason };

/**
 * What a service does: `all` of its part, `some` of its tasks and all requests, `requests` alone, whose work waits, or `nothing`.
 */
async function readiness(
  host: ServiceHost,
): Promise<{ readonly does: 'all' | 'some' | 'requests' | 'nothing'; readonly reason?: string | undefined }> {
  try {
    await host.query('select 1');
  } catch (error) {
    return { does: 'nothing', reason: `the database does not answer: ${(error as Error).message}` };
  }
  const reason = host.trouble ?? host.loop.notReady;
  if (reason === undefined) return { does: 'all' };
  return { does: host.isAtWork ? 'some' : 'requests', reason };
}
