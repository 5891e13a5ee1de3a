import { z } from 'zod';
import type { Show } from '../../contracts/catalog.ts';
import { newId, ticketId, transferId } from '../../contracts/ids.ts';
import { countAttempt } from '../../runtime/attempts.ts';
import { type Endpoint, endpoint } from '../../runtime/http/endpoint.ts';
import { notFound, Problem } from '../../runtime/http/problem.ts';
import { hashSecret, newSecret } from '../../runtime/secrets.ts';
import type { ServiceRuntime, Transaction } from '../../runtime/service-runtime.ts';
import { refuseWhileBehind } from './check-in.ts';
import {
  endOffer,
  insertOffer,
  isOffered,
  lockTicket,
  type TicketRow,
  type TransferRow,
  ticketRow,
  transferBy,
  transferBySecret,
  transferOf,
} from './projection.ts';
import { pagesPart } from './routing.ts';
import { conditionOf, shown, ticketBody } from './ticket-answers.ts';
import { decide, type Event, initialState, type Refusal, type State, type TicketNow } from './transfers.ts';

/**
 * Giving a ticket to somebody else: its holder has a link made and passes it on in whatever way they like; whoever signs in with it first
 * has the ticket. The secret in the link is told once and stored as its hash.
 */
const customers = ['customer', 'staff', 'organizer'] as const;
const params = z.strictObject({ ticketId });
/** A secret cannot be guessed; who tries this often is a program all the same. */
const acceptancesPerMinuteMax = 30;
const meanwhile = 'Try again in a while.';
const noStore = { 'cache-control': 'no-store' };

const transferBody = z.object({
  transferId,
  ticketId,
  status: z
    .enum(['offered', 'accepted', 'withdrawn', 'ended'])
    .describe('`ended`: the show has begun, or the ticket was used or is void, before anybody took it'),
  offeredAt: z.iso.datetime(),
  endedAt: z.iso.datetime().optional(),
  code: z.string().describe('The secret for whoever is to have the ticket; told once, when it is offered').optional(),
  link: z.url().describe('The page that takes the ticket by it, where these pages know their address').optional(),
});

export function transferEndpoints(service: ServiceRuntime): readonly Endpoint[] {
  return [offer(service), state(service), withdraw(service), accept(service)];
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
          const offered = { transferId: id, ticketId: params.ticketId, from, issue, offeredAt: new Date() };
          await insertOffer(transaction, { ...offered, secretHash: hashSecret(secret) });
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

function accept(service: ServiceRuntime): Endpoint {
  return endpoint({
    method: 'POST',
    path: '/transfers/acceptance',
    summary: 'Take a ticket that was offered to you: it is yours, with a code of its own',
    tag: 'tickets',
    who: customers,
    body: z.strictObject({ code: z.string().min(1).max(200) }),
    idempotency: 'honoured',
    answers: { 200: { says: 'Your ticket', body: ticketBody } },
    problems: ['not_found', 'conflict', 'already_admitted', 'ticket_void', 'rate_limited', 'validation_failed'],
    handle: async ({ body, principal, idempotency, traceparent }) => {
      refuseWhileBehind(service, meanwhile);
      const by = principal.userId;
      await countAttempt(service, {
        ...{ table: 'acceptance_attempts', subject: by, perMinuteMax: acceptancesPerMinuteMax },
        says: 'Too many tickets at once.',
      });
      const found = await transferBySecret(service, hashSecret(body.code));
      const row = found && (await ticketRow(service, found.ticketId));
      if (found === undefined || row === undefined) throw noSuchOffer();
      const show = await showOf(service, row);
      const { answer } = await service.transactionOnce(idempotency, async (transaction) => {
        await take({ transaction, transferId: found.transferId, row, by, show, traceparent });
        return { status: 200, resource: found.ticketId };
      });
      const ticket = await heldBy(service, answer.resource, by);
      return { status: answer.status, headers: noStore, body: await shown(service, ticket, principal) };
    },
  });
}

interface Taking {
  readonly transaction: Transaction;
  readonly transferId: string;
  readonly row: TicketRow;
  readonly by: string;
  readonly show: Show | undefined;
  readonly traceparent: string;
}

async function take({ transaction, transferId: id, row, by, show, traceparent }: Taking): Promise<void> {
  const { ticketId: ticket, bookingId, showId, userId, seat, area } = row.body;
  const now = await ticketNow(transaction, ticket, show);
  // As it is now that the ticket is locked: somebody else may have been first.
  const transfer = await transferOf(transaction, id);
  if (transfer === undefined) throw noSuchOffer();
  const events = accepted(decide(stateOf(transfer), { type: 'AcceptTicket', by, ticket: now }));
  for (const { data } of ofType(events, 'TicketAccepted')) {
    await endOffer(transaction, { transferId: id, to: data.to, endedAt: new Date() });
    await transaction.publish({
      type: 'TicketTransferred',
      stream: ticket,
      // Of one issue there is one end: somebody goes in with it, or it is given to somebody else.
      streamVersion: now.issue,
      key: showId,
      subject: bookingId,
      data: {
        ...{ ticketId: ticket, bookingId, showId, userId, transferId: id },
        ...{ fromUserId: transfer.from, toUserId: data.to, seat, area, issue: transfer.issue },
      },
      traceparent,
    });
  }
}

/** A ticket under the lock that the door takes, too. */
async function ticketNow(transaction: Transaction, id: string, show: Show | undefined): Promise<TicketNow> {
  const ticket = await lockTicket(transaction, id);
  if (ticket === undefined) throw notFound('ticket');
  const { holder, issue } = ticket;
  const condition = conditionOf(ticket, show);
  return { holder, issue, condition, isOffered: await isOffered(transaction, id) };
}

async function heldBy(service: ServiceRuntime, id: string, userId: string): Promise<TicketRow> {
  const row = await ticketRow(service, id);
  if (row === undefined || row.holder !== userId) throw notFound('ticket');
  return row;
}

function showOf(service: ServiceRuntime, { body }: TicketRow): Promise<Show | undefined> {
  return service.reference<Show>('catalog', body.showId);
}

function stateOf({ status, from, to, issue }: TransferRow): State {
  return status === 'accepted' ? { status, from, issue, to: to ?? '' } : { status, from, issue };
}

function ofType<Type extends Event['type']>(events: readonly Event[], type: Type) {
  return events.filter((event): event is Extract<Event, { readonly type: Type }> => event.type === type);
}

/** The facts to store; a refusal becomes the answer instead. */
function accepted(events: readonly Event[]): readonly Event[] {
  for (const { data } of ofType(events, 'TransferRefused')) throw refusals[data.reason]();
  return events;
}

const conflict = (detail: string) => () => new Problem('conflict', detail);
const noSuchOffer = () =>
  new Problem('not_found', 'Nobody offers a ticket by this link. Check that all of it was copied.');

const refusals: Readonly<Record<Refusal, () => Problem>> = {
  used: () => new Problem('already_admitted', 'This ticket was used: nobody can be given it any more.'),
  void: () => new Problem('ticket_void', 'This ticket is void: its booking was cancelled.'),
  begun: conflict('The show has begun: its tickets stay with who has them.'),
  not_theirs: () => notFound('ticket'),
  offered_already: conflict('This ticket is offered to somebody already. Take that offer back first.'),
  given_too_often: conflict('This ticket was given away too often: it stays with who has it.'),
  own: conflict('This ticket is yours. Send the link to whoever is to have it.'),
  taken: conflict('Somebody else has taken this ticket.'),
  withdrawn: conflict('This offer was taken back. Ask whoever sent you the link.'),
  not_offered: noSuchOffer,
};

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

async function statusOf(
  service: ServiceRuntime,
  { status, ticketId: id }: TransferRow,
): Promise<z.infer<typeof transferBody>['status']> {
  if (status !== 'offered') return status;
  const row = await ticketRow(service, id);
  if (row === undefined) return 'ended';
  return conditionOf(row, await showOf(service, row)) === 'good' ? 'offered' : 'ended';
}
