import { z } from 'zod';
import { refundId } from '../../contracts/ids.ts';
import { type Call, type Endpoint, endpoint } from '../../runtime/http/endpoint.ts';
import { notFound, Problem } from '../../runtime/http/problem.ts';
import type { ServiceRuntime } from '../../runtime/service-runtime.ts';
import { refundRow } from './projection.ts';
import { accepted } from './settlement-endpoint.ts';

/** What a person can do about a refund that failed: have it tried again, or say that the money went back in another way. */
export function refundEndpoints(service: ServiceRuntime): readonly Endpoint[] {
  return [retryEndpoint(service), settlementEndpoint(service)];
}

const params = z.strictObject({ refundId });

function retryEndpoint(service: ServiceRuntime): Endpoint {
  return endpoint({
    method: 'POST',
    path: '/ops/refunds/{refundId}/retry',
    summary: 'Asks the provider once more for a refund that failed',
    tag: 'operations',
    who: ['staff'],
    params,
    idempotency: 'honoured',
    answers: { 202: { says: 'Taken; the refund is asked for again', body: accepted } },
    problems: ['not_found', 'conflict'],
    handle: (call) => submit(service, call, { type: 'RefundRetryRequested', can: 'be tried again', said: {} }),
  });
}

function settlementEndpoint(service: ServiceRuntime): Endpoint {
  return endpoint({
    method: 'POST',
    path: '/ops/refunds/{refundId}/settlement',
    summary:
      'Says of a refund that failed that the money went back in another way, or that there was none to give back',
    tag: 'operations',
    who: ['staff'],
    params,
    body: z.strictObject({ why: z.string().min(1).max(500) }),
    idempotency: 'honoured',
    answers: { 202: { says: 'Taken; the refund counts as made', body: accepted } },
    problems: ['not_found', 'conflict'],
    handle: (call) => submit(service, call, { type: 'RefundSettlementRequested', can: 'be settled', said: call.body }),
  });
}

interface Deed {
  readonly type: 'RefundRetryRequested' | 'RefundSettlementRequested';
  /** What only a refund that failed can do. */
  readonly can: string;
  readonly said: object;
}

async function submit(
  service: ServiceRuntime,
  { params: { refundId: id }, principal, idempotency, traceparent }: Call<z.infer<typeof params>, unknown, unknown>,
  { type, can, said }: Deed,
) {
  const row = await refundRow(service, id);
  if (row === undefined) throw notFound('refund');
  const repeated = idempotency !== undefined && (await service.answered(idempotency)) !== undefined;
  if (!repeated && row.status !== 'failed') throw new Problem('conflict', `Only a refund that failed can ${can}.`);
  const { bookingId, showId } = row;
  const data = { bookingId, refundId: id, who: principal.userId, ...said };
  await service.submit({
    idempotency,
    answer: { status: 202, resource: id },
    requests: [{ type, key: showId, subject: bookingId, data, traceparent }],
  });
  return { status: 202, body: { bookingId, status: row.status } } as const;
}
