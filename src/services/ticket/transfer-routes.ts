import { z } from 'zod';
import { newId, ticketId, transferId } from '../../contracts/ids.ts';
import { type Endpoint, endpoint } from '../../runtime/http/endpoint.ts';
import { notFound } from '../../runtime/http/problem.ts';
import { hashSecret, newSecret } from '../../runtime/secrets.ts';
import type { ServiceRuntime } from '../../runtime/service-runtime.ts';
import { acceptanceEndpoints } from './acceptance.ts';
import { refuseWhileBehind } from './check-in.ts';
import {
  endOffer,
  insertOffer,
  lockTicket,
  type TransferRow,
  ticketRow,
  transferBy,
  transferOf,
} from './projection.ts';
import { pagesPart } from './routing.ts';
import {
  accepted,
  customers,
  meanwhile,
  noStore,
  ofType,
  showOf,
  stateOf,
  statusOf,
  ticketNow,
  transferStatus,
} from './transfer-answers.ts';
import { decide, initialState } from './transfers.ts';

/**
 * Giving a ticket to somebody else: its holder has a link made and passes it on in whatever way they like; whoever signs in with it first
 * has the ticket. The secret in the link is told once and stored as its hash.
 */
const params = z.strictObject({ ticketId });

const transferBody = z.object({
  transferId,
  ticketId,
  status: transferStatus,
  offeredAt: z.iso.datetime(),
  endedAt: z.iso.datetime().optional(),
  code: z.string().describe('The secret for whoever is to have the ticket; told once, when it is offered').optional(),
  link: z.url().describe('The page that takes the ticket by it, where these pages know their address').optional(),
});

export function transferEndpoints(service: ServiceRuntime): readonly Endpoint[] {
  return [offer(service), state(service), withdraw(service), ...acceptanceEndpoints(service)];
}

function offer(service: ServiceRuntime): Endpoint {
  return endpoint({
    method: 'POST',
    path: '/tickets/{ticketId}/transfer',
    summary: 'Offer a ticket to somebody else, by a secret that you pass on; it stays yours until they take it',
    tag: 'tickets',
    who: customers,
    params,
    body: z.strictObject({}).nullish(),
    idempotency: 'honoured',
    answers: { 201: { says: 'Offered. A repeat does not tell the secret again', body: transferBody } },
    problems: ['not_found', 'conflict', 'already_admitted', 'ticket_void'],
    handle: async ({ params, principal, idempotency }) => {
      refuseWhileBehind(service, meanwhile);
      const by = principal.userId;
      const row = await ticketRow(service, params.ticketId);
      if (row === undefined) throw notFound('ticket');
      const show = await showOf(service, row);
      const secret = newSecret();
      const { repeated, answer } = await service.transactionOnce(idempotency, async (transaction) => {
        const ticket = await ticketNow(transaction, params.ticketId, show);
        const events = accepted(decide(initialState, { type: 'OfferTicket', by, ticket }));
        const id = newId('transfer');
        for (const { data } of ofType(events, 'TicketOffered')) {
          const { from, issue } = data;
          const made = { transferId: id, ticketId: params.ticketId, from, issue, offeredAt: new Date() };
          await insertOffer(transaction, { ...made, secretHash: hashSecret(secret) });
        }
        return { status: 201, location: `/v1/tickets/${params.ticketId}/transfer`, resource: id };
      });
      const transfer = await transferOf(service, answer.resource);
      if (transfer === undefined) throw notFound('transfer');
      const told = repeated ? {} : { code: secret, link: linkFor(service, secret) };
      return {
        status: answer.status,
        headers: { location: answer.location ?? '', ...noStore },
        body: { ...(await transferShown(service, transfer)), ...told },
      };
    },
  });
}

function state(service: ServiceRuntime): Endpoint {
  return endpoint({
    method: 'GET',
    path: '/tickets/{ticketId}/transfer',
    summary: 'What became of the ticket that you have offered last',
    tag: 'tickets',
    who: customers,
    params,
    answers: { 200: { says: 'Your offer', body: transferBody } },
    problems: ['not_found'],
    handle: async ({ params, principal }) => {
      const transfer = await transferBy(service, principal.userId, params.ticketId);
      if (transfer === undefined) throw notFound('transfer');
      return { status: 200, body: await transferShown(service, transfer) };
    },
  });
}

function withdraw(service: ServiceRuntime): Endpoint {
  return endpoint({
    method: 'DELETE',
    path: '/tickets/{ticketId}/transfer',
    summary: 'Take the offer of a ticket back: its link takes nothing any more',
    tag: 'tickets',
    who: customers,
    params,
    answers: { 204: { says: 'Taken back, also where it was before', body: null } },
    problems: ['not_found', 'conflict'],
    handle: async ({ params, principal }) => {
      refuseWhileBehind(service, meanwhile);
      await service.transaction(async (transaction) => {
        await lockTicket(transaction, params.ticketId);
        const transfer = await transferBy(transaction, principal.userId, params.ticketId);
        if (transfer === undefined) throw notFound('transfer');
        const events = accepted(decide(stateOf(transfer), { type: 'WithdrawOffer' }));
        for (const _ of ofType(events, 'OfferWithdrawn'))
          await endOffer(transaction, { transferId: transfer.transferId, to: null, endedAt: new Date() });
      });
      return { status: 204 };
    },
  });
}

/** The page asks for no secret in an address that a server sees: it stands behind the `#`. */
function linkFor(service: ServiceRuntime, secret: string): string | undefined {
  const pages = service.part<() => string | undefined>(pagesPart)();
  return pages === undefined ? undefined : `${pages}/transfers#${secret}`;
}

async function transferShown(service: ServiceRuntime, transfer: TransferRow): Promise<z.infer<typeof transferBody>> {
  const { transferId: id, ticketId: ticket, offeredAt, endedAt } = transfer;
  return {
    ...{ transferId: id, ticketId: ticket, status: await statusOf(service, transfer) },
    ...{ offeredAt: offeredAt.toISOString(), endedAt: endedAt?.toISOString() },
  };
}
