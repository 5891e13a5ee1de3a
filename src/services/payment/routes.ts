import { z } from 'zod';
import { bookingId } from '../../contracts/ids.ts';
import { money } from '../../contracts/money.ts';
import { type Endpoint, endpoint } from '../../runtime/http/endpoint.ts';
import {
  decodeCursor,
  decodeMomentCursor,
  developmentPageQuery,
  page,
  pageOf,
  pageQuery,
} from '../../runtime/http/page.ts';
import { Problem } from '../../runtime/http/problem.ts';
import type { ServiceRuntime } from '../../runtime/service-runtime.ts';
import { partName } from './effects.ts';
import { unsettled } from './projection.ts';
import type { SandboxProvider } from './providers/sandbox.ts';
import { refundEndpoints } from './refund-endpoints.ts';
import { settlementEndpoint } from './settlement-endpoint.ts';
import { webhookEndpoint } from './webhook-endpoint.ts';

/** What people and providers can do about payments. */

export function endpoints(service: ServiceRuntime): readonly Endpoint[] {
  return [
    webhookEndpoint(service),
    ledgerEndpoint(service),
    unsettledEndpoint(service),
    settlementEndpoint(service),
    ...refundEndpoints(service),
  ];
}

const ledgerEntry = z.object({
  entryId: z.string(),
  type: z.enum(['charge', 'refund']),
  bookingId: z.string(),
  amount: money,
  at: z.iso.datetime(),
});

function ledgerEndpoint(service: ServiceRuntime): Endpoint {
  return endpoint({
    method: 'GET',
    path: '/dev/ledger',
    summary: 'What the sandbox provider charged and gave back, by its own books, latest first',
    tag: 'development',
    who: ['admin'],
    embeddedOnly: true,
    query: z.strictObject({ ...developmentPageQuery, bookingId: bookingId.optional() }),
    answers: { 200: { says: 'Entries of the ledger', body: pageOf(ledgerEntry) } },
    handle: async ({ query: { limit, cursor, bookingId: of } }) => {
      const { name, ledger } = service.part<SandboxProvider>(partName);
      if (name !== 'sandbox')
        throw new Problem('not_found', 'There is no sandbox here: the provider keeps its own books.');
      const before = decodeCursor(cursor, 1)?.[0];
      const entries = await ledger.moved({ now: Date.now(), limit: limit + 1, before, bookingId: of });
      const items = entries.map(({ entryId, type, bookingId: about, amount, dueAt }) => ({
        entryId,
        type,
        bookingId: about,
        amount,
        at: new Date(dueAt).toISOString(),
      }));
      return { status: 200, body: page(items, limit, (item) => [item.entryId]) };
    },
  });
}

const unsettledItem = z.object({
  kind: z.enum(['charge', 'refund', 'cash', 'dispute', 'webhook']),
  id: z.string(),
  since: z.iso.datetime(),
  bookingId: z.string().optional(),
  showId: z.string().optional(),
  paymentId: z.string().optional(),
  amount: money.optional(),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
  reason: z.string().optional(),
});

function unsettledEndpoint(service: ServiceRuntime): Endpoint {
  return endpoint({
    method: 'GET',
    path: '/ops/payments',
    summary:
      'Charges of unknown outcome, failed refunds, cash to hand out, open disputes and webhooks without a match, oldest first',
    tag: 'operations',
    who: ['staff'],
    query: z.strictObject(pageQuery),
    answers: { 200: { says: 'What needs a person', body: pageOf(unsettledItem) } },
    handle: async ({ query: { limit, cursor } }) => {
      const rows = await unsettled(service, { limit: limit + 1, after: decodeMomentCursor(cursor) });
      const items = rows.map(({ kind, id, since, body }) => {
        const { bookingId, showId, paymentId: of, amount, error, reason } = body;
        return { kind, id, since: since.toISOString(), bookingId, showId, paymentId: of, amount, error, reason };
      });
      return { status: 200, body: page(items, limit, (item) => [item.since, item.id]) };
    },
  });
}
