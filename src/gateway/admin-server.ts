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
  /** Without it the process still answers requests; work is left undone until it is back. */
  readonly degrades?: () => boolean;
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
    const needed = await Promise.all(
      dependencies().map(async ({ name, trouble, degrades = () => false }) => ({
        told: { dependency: name, ...readyUnless(await trouble()) },
        degrades: degrades(),
      })),
    );
    const isDegraded = needed.some(({ told, degrades }) => !told.ready && degrades);
    const services = await Promise.all(
      hosts().map(async (host) => ({ service: host.definition.name, ...(await readiness(host)) })),
    );
    // What waits for something that only degrades the process owns nothing, and accepts requests all the same.
    const answers = services.every(({ ready, answers: does }) => ready || (isDegraded && does));
    const ready = answers && needed.every(({ told, degrades }) => told.ready || degrades);
    return reply.code(ready ? 200 : 503).send({
      status: ready ? (isDegraded ? 'degraded' : 'ok') : 'unavailable',
      services: services.map(({ answers: _answers, ...told }) => told),
      ...(needed.length > 0 ? { dependencies: needed.map(({ told }) => told) } : {}),
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

/** Whether it does its part, and whether it can answer requests at least. */
async function readiness(host: ServiceHost): Promise<Readiness & { readonly answers: boolean }> {
  try {
    await host.query('select 1');
  } catch (error) {
    return { ready: false, reason: `the database does not answer: ${(error as Error).message}`, answers: false };
  }
  return { ...readyUnless(host.trouble ?? host.loop.notReady), answers: true };
}
