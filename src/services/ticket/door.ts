import { z } from 'zod';
import type { Show } from '../../contracts/catalog.ts';
import { showId } from '../../contracts/ids.ts';
import { waitForNewMs } from '../../contracts/rules/new-id.ts';
import { type Endpoint, endpoint } from '../../runtime/http/endpoint.ts';
import { decodeCursor, page, pageOf, pageQuery } from '../../runtime/http/page.ts';
import { notFound } from '../../runtime/http/problem.ts';
import type { ServiceRuntime } from '../../runtime/service-runtime.ts';
import { refuseWhileBehind } from './check-in.ts';
import type { TicketCodes } from './code.ts';
import { type DoorTicket, doorTickets } from './projection.ts';
import { codesPart, firstIssue } from './routing.ts';

/** What a door has to have before its network goes, to tell good tickets of one show from others by itself. */

/** Some 250 KB: through a bad network that still comes before anybody gives up, and 50,000 tickets are 25 of them. */
const doorPageMax = 2_000;
/** What was written down shortly before may have been seen only shortly after: told twice is better than never. */
const overlapMs = 60_000;

const doorTicket = z.object({
  ticketId: z.string(),
  seat: z.string().optional(),
  area: z.string().optional(),
  priceCategory: z.string(),
  status: z.enum(['valid', 'used', 'void']),
  issue: z
    .int()
    .min(2)
    .describe('The issue of this ticket that lets in, where it was given to somebody else')
    .optional(),
  admittedAt: z.iso.datetime().optional(),
  gate: z.string().optional(),
});

const door = z.object({
  asOf: z.iso.datetime().describe("The server's time"),
  issue: z.int().min(1).describe('The issue that lets in, of tickets that nobody was given'),
  keys: z
    .array(z.object({ kid: z.string(), kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string() }))
    .describe('What codes are verified with, as JWKs; `kid` is the key id in a code'),
  ...pageOf(doorTicket).shape,
});

export function doorEndpoint(service: ServiceRuntime): Endpoint {
  return endpoint({
    method: 'GET',
    path: '/shows/{showId}/door',
    summary: 'What a door needs to check the tickets of a show without a network',
    tag: 'tickets',
    who: ['staff'],
    params: z.strictObject({ showId }),
    query: z.strictObject({
      limit: z.coerce.number().int().min(1).max(doorPageMax).default(doorPageMax),
      cursor: pageQuery.cursor,
      since: z.iso
        .datetime()
        .describe('Only tickets that are void, or were used or given to somebody else since then')
        .optional(),
    }),
    answers: { 200: { says: 'The keys of codes, and a page of the tickets of the show', body: door } },
    problems: ['not_found', 'validation_failed'],
    handle: async ({ params, query: { limit, cursor, since } }) => {
      refuseWhileBehind(service);
      const [after = ''] = decodeCursor(cursor, 1) ?? [];
      const waitMs = waitForNewMs(params.showId, Date.now(), service.settings().referenceWaitMs);
      const show = await service.awaitReference<Show>('catalog', params.showId, waitMs);
      if (show === undefined) throw notFound('show');
      // Taken before the tickets are read: what changes meanwhile is newer than what is told.
      const asOf = new Date().toISOString();
      const found = await doorTickets(service, { ...params, after, since: overlapping(since), limit: limit + 1 });
      const { keys } = service.part<TicketCodes>(codesPart);
      const tickets = page(found.map(shown), limit, (each) => [each.ticketId]);
      return { status: 200, body: { asOf, issue: firstIssue, keys, ...tickets } };
    },
  });
}

function overlapping(since: string | undefined): Date | undefined {
  // PostgreSQL knows no year 0.
  return since === undefined ? undefined : new Date(Math.max(0, Date.parse(since) - overlapMs));
}

function shown({
  ticketId,
  seat,
  area,
  priceCategory,
  status,
  issue,
  admittedAt,
  gate,
}: DoorTicket): z.infer<typeof doorTicket> {
  return {
    ticketId,
    seat: seat ?? undefined,
    area: area ?? undefined,
    priceCategory,
    status,
    issue: issue > firstIssue ? issue : undefined,
    admittedAt: admittedAt?.toISOString(),
    gate: gate ?? undefined,
  };
}
