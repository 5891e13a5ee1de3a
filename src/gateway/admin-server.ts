import type { FastifyInstance } from 'fastify';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { createServer } from '../runtime/http/server.ts';
import type { Logger } from '../runtime/logger.ts';
import type { ServiceHost } from '../runtime/service-host.ts';

/** For operators, on a port of its own: is it alive, is it ready, how is it doing. */
export function createAdminServer({
  hosts,
  logger,
}: {
  readonly hosts: readonly ServiceHost[];
  readonly logger: Logger;
}): FastifyInstance {
  const server = createServer(logger);
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const gauge = (name: string, help: string, value: (host: ServiceHost) => number) =>
    new Gauge({
      name,
      help,
      labelNames: ['service'],
      registers: [registry],
      collect() {
        for (const host of hosts) this.set({ service: host.definition.name }, value(host));
      },
    });
  gauge('fullhouse_tasks_owned', 'Tasks this process owns.', (host) => host.loop.partitions.length);
  gauge('fullhouse_inputs_queued', 'Inputs that wait for a batch.', (host) => host.loop.queued);
  gauge('fullhouse_inputs_parked', 'Inputs that are parked.', (host) => host.loop.parked.length);
  server.get('/livez', async () => ({ status: 'ok' }));
  server.get('/readyz', async (_, reply) => {
    const services = await Promise.all(
      hosts.map(async (host) => ({ service: host.definition.name, ...(await readiness(host)) })),
    );
    const ready = services.every((each) => each.ready);
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ok' : 'unavailable', services });
  });
  server.get('/metrics', async (_, reply) => reply.type(registry.contentType).send(await registry.metrics()));
  return server;
}

async function readiness(host: ServiceHost): Promise<{ readonly ready: boolean; readonly reason?: string }> {
  try {
    await host.query('select 1');
  } catch (error) {
    return { ready: false, reason: `the database does not answer: ${(error as Error).message}` };
  }
  if (host.loop.trouble !== undefined) return { ready: false, reason: host.loop.trouble };
  return host.loop.partitions.length > 0 ? { ready: true } : { ready: false, reason: 'no task is owned yet' };
}
