import { z } from 'zod';
import { showId } from '../../contracts/ids.ts';
import { type Endpoint, endpoint } from '../../runtime/http/endpoint.ts';
import { Problem } from '../../runtime/http/problem.ts';
import type { ServiceRuntime, Transaction } from '../../runtime/service-runtime.ts';
import type { CodeContent, TicketCodes } from './code.ts';
import { admit, lockTicket, type TicketRow, ticketRow } from './projection.ts';
import { codesPart, issueNumber } from './routing.ts';

/** The door: one transaction that locks the ticket's row, so that of many scans exactly one lets somebody in. */

const admission = z.object({
  admitted: z.literal(true),
  ticketId: z.string(),
  bookingId: z.string(),
  showId: z.string(),
  movieName: z.string(),
  seat: z.string().optional(),
  area: z.string().optional(),
  priceCategory: z.string(),
  admittedAt: z.iso.datetime(),
  gate: z.string(),
});

export function checkInEndpoint(service: ServiceRuntime): Endpoint {
  return endpoint({
    method: 'POST',
    path: '/check-ins',
    summary: 'Lets the holder of a ticket in, once',
    tag: 'tickets',
    who: ['staff'],
    body: z.strictObject({
      code: z.string().min(1).max(400),
      gate: z.string().min(1).max(60),
      showId: showId.optional(),
    }),
    idempotency: 'honoured',
    answers: { 200: { says: 'Let in; nobody else will be with this ticket', body: admission } },
    problems: ['already_admitted', 'wrong_show', 'ticket_void', 'code_invalid'],
    handle: async ({ body, principal, idempotency, traceparent }) => {
      // Who was let in, or had the money back, may be missing in it.
      if (service.isBehind())
        throw new Problem('unavailable', 'The tickets are being restored. Let nobody in by hand, and try again.', {
          retryAfterSeconds: 30,
        });
      const content = service.part<TicketCodes>(codesPart).verify(body.code);
      if (content === undefined || content.issue !== issueNumber) throw notGenuine();
      if (body.showId !== undefined && body.showId !== content.showId) {
        throw new Problem('wrong_show', 'The ticket is for another show. Ask for the ticket of this one.', {
          extensions: { showId: content.showId },
        });
      }
      const { answer } = await service.transactionOnce(idempotency, async (transaction) => {
        await letIn({
          transaction,
          content,
          gate: body.gate,
          by: principal.userId,
          at: new Date(),
          traceparent,
        });
        return { status: 200, resource: content.ticketId };
      });
      const row = await ticketRow(service, answer.resource);
      if (row === undefined) throw notGenuine();
      return { status: answer.status, body: shown(row) };
    },
  });
}

interface Entry {
  readonly transaction: Transaction;
  readonly content: CodeContent;
  readonly gate: string;
  readonly by: string;
  readonly at: Date;
  readonly traceparent: string;
}

async function letIn({ transaction, content: { ticketId }, gate, by, at, traceparent }: Entry): Promise<void> {
  const row = await lockTicket(transaction, ticketId);
  if (row === undefined) throw notGenuine();
  if (row.status === 'void' || row.returned)
    throw new Problem('ticket_void', 'The booking of this ticket was cancelled.');
  if (row.admitted_at !== null) {
    const admittedAt = row.admitted_at.toISOString();
    throw new Problem('already_admitted', `This ticket was used at ${admittedAt}, gate ${row.gate}.`, {
      extensions: { admittedAt, gate: row.gate },
    });
  }
  const admittedAt = at.toISOString();
  await admit(transaction, { ticketId, admittedAt, gate, by });
  const { bookingId, showId: key, userId } = row.body;
  await transaction.publish({
    type: 'TicketAdmitted',
    stream: ticketId,
    streamVersion: 1,
    key,
    subject: bookingId,
    data: { ticketId, bookingId, showId: key, userId, gate, admittedAt, by },
    traceparent,
  });
}

function notGenuine(): Problem {
  return new Problem(
    'code_invalid',
    'The code is not that of a ticket. Scan it again, or find the booking by the customer’s address.',
  );
}

function shown({ body, admitted_at: admittedAt, gate }: TicketRow): z.infer<typeof admission> {
  const { ticketId, bookingId, showId: show, movieName, seat, area, priceCategory } = body;
  if (admittedAt === null || gate === null) throw new Error(`ticket ${ticketId} was let in and is not marked so`);
  return {
    admitted: true,
    ticketId,
    bookingId,
    showId: show,
    movieName,
    seat,
    area,
    priceCategory,
    admittedAt: admittedAt.toISOString(),
    gate,
  };
}
