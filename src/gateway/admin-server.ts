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
    const services = await Promise.all(
      hosts().map(async (host) => ({ service: host.definition.name, ...(await readiness(host)) })),
    );
    const needed = await Promise.all(
      dependencies().map(async ({ name, trouble }) => ({ dependency: name, ...readyUnless(await trouble()) })),
    );
    const ready = [...services, ...needed].every((each) => each.ready);
    return reply
      .code(ready ? 200 : 503)
      .send({ status: ready ? 'ok' : 'unavailable', services, ...(needed.length > 0 ? { dependencies: needed } : {}) });
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

async function readiness(host: ServiceHost): Promise<Readiness> {
  try {
    await host.query('select 1');
  } catch (error) {
    return { ready: false, reason: `the database does not answer: ${(error as Error).message}` };
  }
  return readyUnless(host.trouble ?? host.loop.notReady);
}
