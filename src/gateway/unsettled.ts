import { z } from 'zod';
import { type Endpoint, endpoint } from '../runtime/http/endpoint.ts';
import { decodeMomentCursor, encodeCursor, pageOf, pageQuery } from '../runtime/http/page.ts';

/** What needs a person, from the services that know a part of it: one list, oldest first. */

const item = z.object({
  kind: z.enum(['charge', 'refund', 'cash', 'dispute', 'webhook', 'message']),
  id: z.string(),
  since: z.iso.datetime(),
  bookingId: z.string().optional(),
  showId: z.string().optional(),
  paymentId: z.string().optional(),
  amount: z.object({ amount: z.int(), currency: z.string() }).optional(),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
  reason: z.string().optional(),
  messageKind: z.string().optional(),
  channel: z.string().optional(),
});
export type Unsettled = z.infer<typeof item>;

export interface UnsettledQuery {
  readonly limit: number;
  readonly cursor: string | undefined;
  readonly authorization: string | undefined;
}

/** Reads one service's part: its items after the cursor, oldest first, at most `limit`, and whether there are more. */
export type UnsettledPart = (
  query: UnsettledQuery,
) => Promise<{ readonly items: readonly Unsettled[]; readonly more: boolean }>;

export function unsettledEndpoint(parts: readonly UnsettledPart[]): Endpoint {
  return endpoint({
    method: 'GET',
    path: '/ops/unsettled',
    summary:
      'What needs a person: charges of unknown outcome, failed refunds, cash to hand out, open disputes, webhooks without a match, lost messages',
    tag: 'operations',
    who: ['staff'],
    query: z.strictObject(pageQuery),
    answers: { 200: { says: 'What needs a person, oldest first', body: pageOf(item) } },
    handle: async ({ query: { limit, cursor }, request }) => {
      // Refused here already. Every part is ordered by the same key, so one cursor fits them all.
      decodeMomentCursor(cursor);
      const query = { limit, cursor, authorization: request.headers.authorization };
      const found = await Promise.all(parts.map((part) => part(query)));
      const items = found.flatMap((each) => each.items).sort((a, b) => order(a.since, b.since) || order(a.id, b.id));
      const kept = items.slice(0, limit);
      const last = items.length > limit || found.some(({ more }) => more) ? kept.at(-1) : undefined;
      return { status: 200, body: { items: kept, nextCursor: last ? encodeCursor([last.since, last.id]) : null } };
    },
  });
}

function order(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
