import type { FastifyInstance, FastifyRequest } from 'fastify';
import { nextRandomBytes } from '../../contracts/random-bytes.ts';
import type { RequestSpan, Tracing } from '../telemetry/tracing.ts';

const traceparentSyntax = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The caller's trace context, or a new one. */
export function traceparentOf(request: FastifyRequest): string {
  const known = traces.get(request);
  if (known !== undefined) return known;
  const traceparent = sentBy(request) ?? newTraceparent();
  traces.set(request, traceparent);
  return traceparent;
}
const traces = new WeakMap<FastifyRequest, string>();

const idBytes = { trace: 16, span: 8 };

function newTraceparent(): string {
  const ids = Buffer.from(nextRandomBytes(idBytes.trace + idBytes.span)).toString('hex');
  return `00-${ids.slice(0, 2 * idBytes.trace)}-${ids.slice(2 * idBytes.trace)}-00`;
}

function sentBy({ headers: { traceparent } }: FastifyRequest): string | undefined {
  return typeof traceparent === 'string' && traceparentSyntax.test(traceparent) ? traceparent : undefined;
}

/** Records the requests of a server: the first hook of all, so that whatever follows belongs to them. */
export function traceRequests(server: FastifyInstance, tracing: Tracing): void {
  if (!tracing.isOn) return;
  const spans = new WeakMap<FastifyRequest, RequestSpan>();
  server.addHook('onRequest', async (request) => {
    const span = tracing.request({ traceparent: sentBy(request), method: request.method });
    if (span === undefined) return;
    spans.set(request, span);
    traces.set(request, span.traceparent);
  });
  server.addHook('onResponse', async (request, reply) => {
    spans.get(request)?.end(`${request.method} ${request.routeOptions.url ?? 'none'}`, reply.statusCode);
  });
}
