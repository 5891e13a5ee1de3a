import { z } from 'zod';
import { refundId } from '../../contracts/ids.ts';
import { type Call, type Endpoint, endpoint } from '../../runtime/http/endpoint.ts';
import { notFound, Problem } from '../../runtime/http/problem.ts';
import type { ServiceRuntime } from '../../runtime/service-runtime.ts';
import { type RefundRow, refundRow } from './projection.ts';
import { accepted } from './settlement-endpoint.ts';

/** What a person can do about a refund: have one that failed tried again, or say that the money went back by hand. */
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
    handle: (call) => submit(service, call, { type: 'RefundRetryRequested', of: ['failed'], said: {} }),
  });
}

function settlementEndpoint(service: ServiceRuntime): Endpoint {
  return endpoint({
    method: 'POST',
    path: '/ops/refunds/{refundId}/settlement',
    summary:
      'Says of cash that it was handed out, or of a refund that failed that the money went back in another way or that there was none to give back',
    tag: 'operations',
    who: ['staff'],
    params,
    body: z.strictObject({ why: z.string().min(1).max(500) }),
    idempotency: 'honoured',
    answers: { 202: { says: 'Taken; the refund counts as made', body: accepted } },
    problems: ['not_found', 'conflict'],
    handle: (call) =>
      submit(service, call, { type: 'RefundSettlementRequested', of: ['failed', 'due'], said: call.body }),
  });
}

/** How a refund stands, to whoever asks for what it does not take. */
const standings: Readonly<Record<RefundRow['status'], string>> = {
  open: 'The refund is being asked for at the provider. Wait for what it says.',
  due: 'The refund is of cash, which nobody can be asked for: hand it out, and settle the refund.',
  succeeded: 'The money has gone back already.',
  failed: 'The refund has failed.',
};

interface Deed {
  readonly type: 'RefundRetryRequested' | 'RefundSettlementRequested';
  /** The refunds that it is for. */
  readonly of: readonly RefundRow['status'][];
  readonly said: object;
}

async function submit(
  service: ServiceRuntime,
  { params: { refundId: id }, principal, idempotency, traceparent }: Call<z.infer<typeof params>, unknown, unknown>,
  { type, of, said }: Deed,
) {
  const row = await refundRow(service, id);
  if (row === undefined) throw notFound('refund');
  const repeated = idempotency !== undefined && (await service.answered(idempotency)) !== undefined;
  if (!repeated && !of.includes(row.status)) throw new Problem('conflict', standings[row.status]);
  const { bookingId, showId } = row;
  const data = { bookingId, refundId: id, who: principal.userId, ...said };
  await service.submit({
    idempotency,
    answer: { status: 202, resource: id },
    requests: [{ type, key: showId, subject: bookingId, data, traceparent }],
  });
  return { status: 202, body: { bookingId, status: row.status } } as const;
}
