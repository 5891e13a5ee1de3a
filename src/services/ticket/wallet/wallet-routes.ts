import { z } from 'zod';
import type { SeatPlan, Show } from '../../../contracts/catalog.ts';
import { ticketId } from '../../../contracts/ids.ts';
import { type Endpoint, endpoint, type Principal } from '../../../runtime/http/endpoint.ts';
import { notFound, Problem } from '../../../runtime/http/problem.ts';
import type { ServiceRuntime } from '../../../runtime/service-runtime.ts';
import { codeOf, mayGoIn, nameOnTicket, printedNow, readable, standingOf } from '../ticket-answers.ts';
import { appleType } from './apple-wallet.ts';
import { type Pass, passOf } from './pass.ts';
import { offeredWallets, walletsOf } from './wallets.ts';

/** Tickets for the wallets of phones, as a door reads them: whoever may see the code may have them, as long as it lets somebody in. */

const readers = ['customer', 'staff', 'organizer'] as const;
const about = {
  ...({ method: 'GET', tag: 'tickets', who: readers } as const),
  params: z.strictObject({ ticketId }),
  problems: ['not_found', 'conflict'] as const,
};

export function walletEndpoints(service: ServiceRuntime): readonly Endpoint[] {
  return [forApple(service), forGoogle(service)];
}

function forApple(service: ServiceRuntime): Endpoint {
  return endpoint({
    ...about,
    path: '/tickets/{ticketId}.pkpass',
    summary: 'The ticket as a pass for Apple Wallet, where the house has set that up',
    problems: [...about.problems, 'overloaded'],
    answers: { 200: { says: 'A signed pass', body: appleType } },
    handle: async ({ params, principal }) => {
      const { apple } = walletsOf(service);
      if (apple === undefined || !offeredWallets(service)?.includes('apple')) throw notFound('pass for Apple Wallet');
      const body = await apple.pass(await passFor(service, params.ticketId, principal));
      return {
        status: 200,
        body,
        headers: {
          'content-type': appleType,
          'content-disposition': 'attachment; filename="ticket.pkpass"',
          'cache-control': 'private, no-store',
        },
      };
    },
  });
}

function forGoogle(service: ServiceRuntime): Endpoint {
  return endpoint({
    ...about,
    path: '/tickets/{ticketId}/google-wallet',
    summary: 'A link that saves the ticket to Google Wallet, where the house has set that up',
    answers: {
      200: {
        says: 'Where to send the browser; it has the code of the ticket in it, so it is for its holder only',
        body: z.object({ saveUrl: z.url() }),
      },
    },
    handle: async ({ params, principal }) => {
      const { google } = walletsOf(service);
      if (google === undefined) throw notFound('pass for Google Wallet');
      const saveUrl = await google.saveUrl(await passFor(service, params.ticketId, principal));
      return { status: 200, body: { saveUrl }, headers: { 'cache-control': 'private, no-store' } };
    },
  });
}

async function passFor(service: ServiceRuntime, id: string, principal: Principal): Promise<Pass> {
  const row = await readable(service, id, principal);
  if (!mayGoIn(principal, row.holder)) throw notFound('ticket');
  const show = await service.reference<Show>('catalog', row.body.showId);
  const standing = standingOf(row, show);
  if (standing !== 'valid') throw new Problem('conflict', `The ticket is ${standing}: there is no pass for it.`);
  const [plan, bookedUnder] = await Promise.all([
    show && service.reference<SeatPlan>('seat-plans', show.seatPlanId),
    nameOnTicket(service, row),
  ]);
  return passOf(printedNow(row, show), { code: codeOf(service, row), issue: row.issue, bookedUnder, show, plan });
}
