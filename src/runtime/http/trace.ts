import { randomBytes } from 'node:crypto';
import type { FastifyRequest } from 'fastify';

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
