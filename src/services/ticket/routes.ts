import { setTimeout as delay } from 'node:timers/promises';
import { renderSVG } from 'uqr';
import { z } from 'zod';
import type { Show } from '../../contracts/catalog.ts';
import { bookingId, ticketId } from '../../contracts/ids.ts';
import { waitForNewMs } from '../../contracts/rules/new-id.ts';
import type { Profile } from '../../contracts/user.ts';
import { type Endpoint, endpoint, hasRole, type Principal } from '../../runtime/http/endpoint.ts';
import { notFound } from '../../runtime/http/problem.ts';
import type { ServiceRuntime } from '../../runtime/service-runtime.ts';
import { checkInEndpoint } from './check-in.ts';
import type { TicketCodes } from './code.ts';
import { printedOf } from './decider.ts';
import { doorEndpoint } from './door.ts';
import { ownerOf, type TicketRow, ticketRow, ticketsOf } from './projection.ts';
import { codesPart, issueNumber } from './routing.ts';

/** Tickets for the people who hold them. */

const ticketBody = z.object({
  ticketId: z.string(),
  bookingId: z.string(),
  showId: z.string(),
  movieName: z.string(),
  theatreName: z.string(),
  theatreLocation: z.string(),
  timeZone: z.string(),
  screenNumber: z.int(),
  showStartsAt: z.iso.datetime(),
  showLocalTime: z.string(),
  seat: z.string().optional(),
  area: z.string().optional(),
  priceCategory: z.string(),
  bookedUnder: z.string().optional(),
  status: z.enum(['valid', 'used', 'void']),
  admittedAt: z.iso.datetime().optional(),
  code: z.string(),
});

export function endpoints(service: ServiceRuntime): readonly Endpoint[] {
  return [ofBooking(service), asSvg(service), one(service), checkInEndpoint(service), doorEndpoint(service)];
}

const pauseMsMax = 200;
const readers = ['customer', 'staff', 'organizer'] as const;

/** Whoever sees the code can go in with it: its owner, and who stands at the counter and the door. */
function mayRead(principal: Principal, ownerId: string): boolean {
  return principal.userId === ownerId || hasRole(principal, 'staff');
}

function ofBooking(service: ServiceRuntime): Endpoint {
  return endpoint({
    method: 'GET',
    path: '/bookings/{bookingId}/tickets',
    summary: 'The tickets of a booking, void ones included',
    tag: 'tickets',
    who: readers,
    params: z.strictObject({ bookingId }),
    answers: {
      200: { says: 'Its tickets, none before it is confirmed', body: z.object({ items: z.array(ticketBody) }) },
    },
    problems: ['not_found'],
    handle: async ({ params, principal }) => {
      const owner = await ownerOfNew(service, params.bookingId);
      if (owner === undefined || !mayRead(principal, owner)) throw notFound('booking');
      const rows = await ticketsOf(service, params.bookingId);
      return { status: 200, body: { items: await Promise.all(rows.map((row) => shown(service, row))) } };
    },
  });
}

/** Whose a booking is; one that was just made is waited for, like everywhere. */
async function ownerOfNew(service: ServiceRuntime, id: string): Promise<string | undefined> {
  const until = performance.now() + waitForNewMs(id, Date.now(), service.settings().referenceWaitMs);
  for (let pauseMs = 5; ; pauseMs = Math.min(2 * pauseMs, pauseMsMax)) {
    const owner = await ownerOf(service, id);
    if (owner !== undefined || performance.now() + pauseMs > until) return owner;
    await delay(pauseMs);
  }
}

async function readable(service: ServiceRuntime, id: string, principal: Principal): Promise<TicketRow> {
  const row = await ticketRow(service, id);
  if (row === undefined || !mayRead(principal, row.body.userId)) throw notFound('ticket');
  return row;
}

function one(service: ServiceRuntime): Endpoint {
  return endpoint({
    method: 'GET',
    path: '/tickets/{ticketId}',
    summary: 'One ticket',
    tag: 'tickets',
    who: readers,
    params: z.strictObject({ ticketId }),
    answers: { 200: { says: 'The ticket', body: ticketBody } },
    problems: ['not_found'],
    handle: async ({ params, principal }) => ({
      status: 200,
      body: await shown(service, await readable(service, params.ticketId, principal)),
    }),
  });
}

function asSvg(service: ServiceRuntime): Endpoint {
  return endpoint({
    method: 'GET',
    path: '/tickets/{ticketId}.svg',
    summary: "The ticket's code as a QR picture",
    tag: 'tickets',
    who: readers,
    params: z.strictObject({ ticketId }),
    answers: { 200: { says: 'Dark on white, with its quiet zone', body: 'image/svg+xml' } },
    problems: ['not_found'],
    handle: async ({ params, principal }) => {
      const { body } = await readable(service, params.ticketId, principal);
      return {
        status: 200,
        body: qrCode(codeOf(service, body)),
        headers: { 'content-type': 'image/svg+xml; charset=utf-8', 'cache-control': 'private, no-store' },
      };
    },
  });
}

/** ISO/IEC 18004 asks for four light modules around; level M still reads from a scratched screen. */
export function qrCode(code: string): string {
  const svg = renderSVG(code, { ecc: 'M', border: 4, blackColor: '#000000', whiteColor: '#ffffff' });
  return svg.replace('<svg ', '<svg role="img" aria-label="The code of the ticket" ');
}

function codeOf(service: ServiceRuntime, ticket: TicketRow['body']): string {
  return service.part<TicketCodes>(codesPart).sign({ ...ticket, issue: issueNumber });
}

/** A ticket as it is now: a show that was moved shows its new time and place. */
export async function shown(service: ServiceRuntime, row: TicketRow): Promise<z.infer<typeof ticketBody>> {
  const { userId, bookedUnderId, ticketCount: _, ordinal: __, status, ...ticket } = row.body;
  const [show, profile] = await Promise.all([
    service.reference<Show>('catalog', ticket.showId),
    service.reference<Profile>('user-profiles', bookedUnderId ?? userId),
  ]);
  return {
    ...ticket,
    ...(show && printedOf(show)),
    bookedUnder: profile?.name,
    status: status === 'valid' && row.admitted_at !== null ? 'used' : status,
    admittedAt: row.admitted_at?.toISOString(),
    code: codeOf(service, row.body),
  };
}
