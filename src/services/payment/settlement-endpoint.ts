import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { newId, paymentId } from '../../contracts/ids.ts';
import { type Endpoint, endpoint } from '../../runtime/http/endpoint.ts';
import { notFound, Problem } from '../../runtime/http/problem.ts';
import type { ServiceRuntime } from '../../runtime/service-runtime.ts';
import { type PaymentRow, paymentRow } from './projection.ts';
import { type Settlement, type State, settledByPersonCode } from './state.ts';

/** What a person says of a charge whose outcome nobody knew. */

export const accepted = z.object({ bookingId: z.string(), status: z.string() });

/** How long an answer waits for the decision: the row may be settled by somebody else, or by the provider, at the same moment. */
const decidedWithinMs = 2_000;
const lookAgainMs = 40;

export function settlementEndpoint(service: ServiceRuntime): Endpoint {
  return endpoint({
    method: 'POST',
    path: '/ops/payments/{paymentId}/settlement',
    summary: 'Settles a charge of unknown outcome by hand, after looking it up at the provider',
    tag: 'operations',
    who: ['staff'],
    params: z.strictObject({ paymentId }),
    body: z.strictObject({ outcome: z.enum(['succeeded', 'failed']), why: z.string().min(1).max(500) }),
    idempotency: 'honoured',
    answers: { 202: { says: 'Taken; the booking follows', body: accepted } },
    problems: ['not_found', 'conflict'],
    handle: async ({ params, body, principal, idempotency, traceparent, closing }) => {
      const row = await paymentRow(service, params.paymentId);
      if (row === undefined) throw notFound('payment');
      const repeated = idempotency !== undefined && (await service.answered(idempotency)) !== undefined;
      if (!repeated && isOver(row, body.outcome)) {
        throw new Problem('conflict', `The payment has an outcome already: it ${row.status}.`);
      }
      const { bookingId, showId } = row;
      const settlementId = newId('request');
      const data: Omit<Settlement, 'type'> & { bookingId: string } = {
        ...{ bookingId, paymentId: params.paymentId, ...body, who: principal.userId, settlementId },
      };
      const { answer } = await service.submit({
        idempotency,
        answer: { status: 202, resource: settlementId },
        requests: [{ type: 'SettlementRequested', key: showId, subject: bookingId, data, traceparent }],
      });
      // A repeat is about the first one: what was decided of that is said again.
      if (await cameTooLate(service, { row, settlementId: answer.resource, closing }))
        throw new Problem('conflict', 'Somebody else, or the provider, has settled the payment at the same moment.');
      return { status: 202, body: { bookingId, status: row.status } };
    },
  });
}

/** Whether a charge has an outcome that nobody may change: what a person has called failed another look may show to be captured. */
function isOver({ status, error }: PaymentRow, outcome: 'succeeded' | 'failed'): boolean {
  const isCorrected = status === 'failed' && error?.code === settledByPersonCode && outcome === 'succeeded';
  return (status === 'succeeded' || status === 'failed') && !isCorrected;
}

interface Asked {
  readonly row: PaymentRow;
  readonly settlementId: string;
  readonly closing: AbortSignal;
}

/** Waits for the decision a moment; one that takes longer is stored, and will come. */
async function cameTooLate(service: ServiceRuntime, { row, settlementId, closing }: Asked): Promise<boolean> {
  for (let waitedMs = 0; ; waitedMs += lookAgainMs) {
    const { attempts } = (await service.state<State>('payments', row.bookingId)).state;
    const decided = attempts[row.paymentId]?.settlements?.[settlementId];
    if (decided !== undefined) return decided === 'too late';
    if (waitedMs >= decidedWithinMs || closing.aborted) return false;
    await delay(lookAgainMs);
  }
}
