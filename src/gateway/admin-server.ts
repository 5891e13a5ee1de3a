import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { createServer } from '../runtime/http/server.ts';
import type { Logger } from '../runtime/logger.ts';
import type { ServiceHost } from '../runtime/service-host.ts';
import type { Metrics } from '../runtime/telemetry/metrics.ts';

/** Whoever asks `/readyz` waits no longer than three seconds, and should hear why. */
const answerWithinMs = 2_000;

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
  const look = async () => {
    const known = Promise.all(dependencies().map(async (each) => ({ each, reason: await each.trouble() })));
    const services = hosts().map(async (host) => ({ service: host.definition.name, ...(await readiness(host)) }));
    return { known: await known, services: await Promise.all(services) };
  };
  metrics.relies(async () => {
    const { known, services } = await look();
    return [
      ...services.map(({ service, does }) => ({ part: service, isReady: does === 'all' })),
      ...known.map(({ each, reason }) => ({ part: each.name, isReady: reason === undefined })),
    ];
  });
  server.get('/livez', async () => ({ status: 'ok' }));
  server.get('/readyz', async (_, reply) => {
    const { known, services } = await look();
    const missing = known.filter(({ reason }) => reason !== undefined);
    const bearable = missing.filter(({ each }) => each.degrades?.() === true);
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
  const silence = await silenceOf(host);
  if (silence !== undefined) return { does: 'nothing', reason: `the database does not answer: ${silence}` };
  const reason = host.trouble ?? host.loop.notReady;
  if (reason === undefined) return { does: 'all' };
  return { does: host.isAtWork ? 'some' : 'requests', reason };
}

/** Why the database says nothing; `undefined` where it answers. */
async function silenceOf(host: ServiceHost): Promise<string | undefined> {
  const answered = new AbortController();
  const answer = host.query('select 1').then(
    () => undefined,
    ({ message }: Error) => message,
  );
  const late = delay(answerWithinMs, `not within ${answerWithinMs / 1_000} s`, { signal: answered.signal });
  const reason = await Promise.race([answer, late.catch(() => undefined)]);
  answered.abort();
  return reason;
}
