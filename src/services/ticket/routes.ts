import { setTimeout as delay } from 'node:timers/promises';
import { renderSVG } from 'uqr';
import { z } from 'zod';
import { bookingId, ticketId } from '../../contracts/ids.ts';
import { waitForNewMs } from '../../contracts/rules/new-id.ts';
import { type Endpoint, endpoint } from '../../runtime/http/endpoint.ts';
import { decodeCursor, page, pageOf, pageQuery } from '../../runtime/http/page.ts';
import { notFound } from '../../runtime/http/problem.ts';
import type { ServiceRuntime } from '../../runtime/service-runtime.ts';
import { checkInEndpoint } from './check-in.ts';
import { doorEndpoint } from './door.ts';
import { ownerOf, ticketsGivenTo, ticketsOf } from './projection.ts';
import { codeOf, mayGoIn, readable, shown, ticketBody } from './ticket-answers.ts';
import { transferEndpoints } from './transfer-routes.ts';
import { walletEndpoints } from './wallet/wallet-routes.ts';

/** Tickets for the people who hold them. */

export function endpoints(service: ServiceRuntime): readonly Endpoint[] {
  return [
    ofBooking(service),
    asSvg(service),
    one(service),
    ...walletEndpoints(service),
    givenToMe(service),
    ...transferEndpoints(service),
    checkInEndpoint(service),
    doorEndpoint(service),
  ];
}

const pauseMsMax = 200;
const readers = ['customer', 'staff', 'organizer'] as const;

function ofBooking(service: ServiceRuntime): Endpoint {
  return endpoint({
    method: 'GET',
    path: '/bookings/{bookingId}/tickets',
    summary: 'The tickets of a booking, void ones and those that were given to others included',
    tag: 'tickets',
    who: readers,
    params: z.strictObject({ bookingId }),
    answers: {
      200: { says: 'Its tickets, none before it is confirmed', body: z.object({ items: z.array(ticketBody) }) },
    },
    problems: ['not_found'],
    handle: async ({ params, principal }) => {
      const owner = await ownerOfNew(service, params.bookingId);
      if (owner === undefined || !mayGoIn(principal, owner)) throw notFound('booking');
      const rows = await ticketsOf(service, params.bookingId);
      return { status: 200, body: { items: await Promise.all(rows.map((row) => shown(service, row, principal))) } };
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
      body: await shown(service, await readable(service, params.ticketId, principal), principal),
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
      const row = await readable(service, params.ticketId, principal);
      if (!mayGoIn(principal, row.holder)) throw notFound('ticket');
      return {
        status: 200,
        body: qrCode(codeOf(service, row)),
        headers: { 'content-type': 'image/svg+xml; charset=utf-8', 'cache-control': 'private, no-store' },
      };
    },
  });
}

/** The booking of these is somebody else's, and stays closed to who was given a ticket of it. */
function givenToMe(service: ServiceRuntime): Endpoint {
  return endpoint({
    method: 'GET',
    path: '/tickets',
    summary: 'The tickets that others gave to you',
    tag: 'tickets',
    who: readers,
    query: z.strictObject(pageQuery),
    answers: { 200: { says: 'Those that you still have, what was offered last first', body: pageOf(ticketBody) } },
    problems: ['validation_failed'],
    handle: async ({ query: { limit, cursor }, principal }) => {
      const [before] = decodeCursor(cursor, 1) ?? [];
      const rows = await ticketsGivenTo(service, { userId: principal.userId, before, limit });
      const { items, nextCursor } = page(rows, limit, (row) => [row.transfer_id]);
      return {
        status: 200,
        body: { items: await Promise.all(items.map((row) => shown(service, row, principal))), nextCursor },
      };
    },
  });
}

/** ISO/IEC 18004 asks for four light modules around; level M still reads from a scratched screen. */
export function qrCode(code: string): string {
  const svg = renderSVG(code, { ecc: 'M', border: 4, blackColor: '#000000', whiteColor: '#ffffff' });
  return svg.replace('<svg ', '<svg role="img" aria-label="The code of the ticket" ');
}
