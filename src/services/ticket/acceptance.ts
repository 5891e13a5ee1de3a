import { z } from 'zod';
import type { Show } from '../../contracts/catalog.ts';
import { waitForNewMs } from '../../contracts/rules/new-id.ts';
import { countAttempt } from '../../runtime/attempts.ts';
import { type Endpoint, endpoint } from '../../runtime/http/endpoint.ts';
import { notFound } from '../../runtime/http/problem.ts';
import { hashSecret } from '../../runtime/secrets.ts';
import type { ServiceRuntime, Transaction } from '../../runtime/service-runtime.ts';
import { refuseWhileBehind } from './check-in.ts';
import { endOffer, type TicketRow, ticketRow, transferBySecret, transferOf } from './projection.ts';
import { printedNow, shown, ticketBody } from './ticket-answers.ts';
import {
  accepted,
  customers,
  meanwhile,
  noStore,
  noSuchOffer,
  ofType,
  showOf,
  stateOf,
  statusOf,
  ticketNow,
  transferStatus,
} from './transfer-answers.ts';
import { decide } from './transfers.ts';

/** Taking a ticket that somebody offers, by the secret in their link: who does it first has it. */

const secretBody = z.strictObject({ code: z.string().min(1).max(200) });
/** A secret cannot be guessed; who tries this often is a program all the same. A ticket takes two: a look, and taking it. */
const attemptsPerMinuteMax = 60;

/** What whoever has the link is to know before they take the ticket; nothing of who offers it. */
const offerBody = ticketBody
  .omit({ bookingId: true, bookedUnder: true, admittedAt: true, offeredAt: true, code: true })
  .extend({ status: transferStatus });

export function acceptanceEndpoints(service: ServiceRuntime): readonly Endpoint[] {
  return [look(service), accept(service)];
}

function look(service: ServiceRuntime): Endpoint {
  return endpoint({
    method: 'POST',
    path: '/transfers/preview',
    summary: 'What ticket it is that was offered to you; nothing is taken',
    tag: 'tickets',
    who: customers,
    body: secretBody,
    answers: { 200: { says: 'The ticket, and whether it can still be taken', body: offerBody } },
    problems: ['not_found', 'rate_limited', 'validation_failed'],
    handle: async ({ body, principal }) => {
      const { transfer, row, show } = await offered(service, body.code, principal.userId);
      const { bookingId: _, ...printed } = printedNow(row, show);
      return { status: 200, headers: noStore, body: { ...printed, status: await statusOf(service, transfer) } };
    },
  });
}

/** What a secret stands for, in so many tries a minute. */
async function offered(service: ServiceRuntime, secret: string, by: string) {
  refuseWhileBehind(service, meanwhile);
  await countAttempt(service, {
    ...{ table: 'acceptance_attempts', subject: by, perMinuteMax: attemptsPerMinuteMax },
    says: 'Too many tickets at once.',
  });
  const transfer = await transferBySecret(service, hashSecret(secret));
  const row = transfer && (await ticketRow(service, transfer.ticketId));
  if (transfer === undefined || row === undefined) throw noSuchOffer();
  return { transfer, row, show: await showOf(service, row) };
}

function accept(service: ServiceRuntime): Endpoint {
  return endpoint({
    method: 'POST',
    path: '/transfers/acceptance',
    summary: 'Take a ticket that was offered to you: it is yours, with a code of its own',
    tag: 'tickets',
    who: customers,
    body: secretBody,
    idempotency: 'honoured',
    answers: { 200: { says: 'Your ticket', body: ticketBody } },
    problems: ['not_found', 'conflict', 'already_admitted', 'ticket_void', 'rate_limited', 'validation_failed'],
    handle: async ({ body, principal, idempotency, traceparent }) => {
      const by = principal.userId;
      const { transfer, row, show } = await offered(service, body.code, by);
      // Their name leaves with the fact: who registered a moment ago is waited for, like everywhere.
      const waitMs = waitForNewMs(by, Date.now(), service.settings().referenceWaitMs);
      await service.awaitReference('user-profiles', by, waitMs);
      const { answer } = await service.transactionOnce(idempotency, async (transaction) => {
        await take({ transaction, transferId: transfer.transferId, row, by, show, traceparent });
        return { status: 200, resource: transfer.ticketId };
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

async function heldBy(service: ServiceRuntime, id: string, userId: string): Promise<TicketRow> {
  const row = await ticketRow(service, id);
  if (row === undefined || row.holder !== userId) throw notFound('ticket');
  return row;
}
