import { z } from 'zod';
import { showId } from '../../contracts/ids.ts';
import { type Endpoint, endpoint } from '../../runtime/http/endpoint.ts';
import { invalid, Problem } from '../../runtime/http/problem.ts';
import type { ServiceRuntime, Transaction } from '../../runtime/service-runtime.ts';
import type { CodeContent, TicketCodes } from './code.ts';
import { admit, lockTicket, type TicketRow, ticketRow } from './projection.ts';
import { codesPart } from './routing.ts';

/**
 * The door: one transaction that locks the ticket's row, so that of many scans exactly one lets somebody in. A door without a network
 * decides by itself and tells of its scans later: whoever is told of first is who was let in, and what cannot be true beside that is
 * refused with both times, for a person at that door to see.
 */

/** How far ahead of ours the clock of a door may be. */
const scannedAheadMsMax = 60_000;
/** After that nobody tells of a scan any more: keys of requests are kept as long. */
const scannedAgoDaysMax = 7;
const dayMs = 86_400_000;
/** Longer than a door with a network waits for an answer. */
const onlineWithinMs = 30_000;

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
      scannedAt: z.iso
        .datetime({ offset: true, message: 'must be an RFC 3339 time like 2026-03-01T19:30:00Z' })
        .describe(`When the door scanned it, where it may tell of it later; at most ${scannedAgoDaysMax} days ago`)
        .optional(),
    }),
    idempotency: 'honoured',
    answers: { 200: { says: 'Let in; nobody else will be with this ticket', body: admission } },
    problems: ['already_admitted', 'wrong_show', 'ticket_void', 'ticket_given', 'code_invalid'],
    handle: async ({ body, principal, idempotency, traceparent }) => {
      refuseWhileBehind(service);
      const now = Date.now();
      const at = scanTime(body.scannedAt, now);
      const content = service.part<TicketCodes>(codesPart).verify(body.code);
      if (content === undefined) throw notGenuine();
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
          at,
          isTold: body.scannedAt !== undefined,
          isOffline: now - at.getTime() > onlineWithinMs,
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

/** Who was let in, or had the money back, may be missing in a database that was restored. */
export function refuseWhileBehind(service: ServiceRuntime, meanwhile = 'Let nobody in by hand, and try again.'): void {
  if (!service.isBehind()) return;
  throw new Problem('unavailable', `The tickets are being restored. ${meanwhile}`, { retryAfterSeconds: 30 });
}

/** When somebody was scanned: now, or when their door says. */
function scanTime(told: string | undefined, now: number): Date {
  if (told === undefined) return new Date(now);
  const at = Date.parse(told);
  if (at > now + scannedAheadMsMax)
    throw invalid('/scannedAt', 'in_future', 'lies in the future: set the clock of the door right');
  if (at < now - scannedAgoDaysMax * dayMs)
    throw invalid('/scannedAt', 'too_old', `is more than ${scannedAgoDaysMax} days ago: nobody counts it any more`);
  return new Date(at);
}

interface Entry {
  readonly transaction: Transaction;
  readonly content: CodeContent;
  readonly gate: string;
  readonly by: string;
  readonly at: Date;
  /** Whether the door said when it was. */
  readonly isTold: boolean;
  readonly isOffline: boolean;
  readonly traceparent: string;
}

async function letIn({ transaction, content, gate, by, at, traceparent, ...scan }: Entry): Promise<void> {
  const { ticketId, issue } = content;
  const row = await lockTicket(transaction, ticketId);
  // We have signed it, and know nothing of it: it was given out by a database that was lost.
  if (row === undefined || issue > row.issue) throw notGenuine();
  const scannedAt = scan.isTold ? at.toISOString() : undefined;
  // This very scan, told again: by somebody else, or so late that its key is forgotten.
  const isThisScan = scannedAt !== undefined && row.gate === gate && row.admitted_at?.toISOString() === scannedAt;
  if (isThisScan && issue === row.issue) return;
  if (row.status === 'void' || row.returned)
    throw new Problem('ticket_void', 'The booking of this ticket was cancelled.', { extensions: { scannedAt } });
  if (issue < row.issue)
    throw new Problem(
      'ticket_given',
      'This ticket was given to somebody else, and has another code since. Ask whoever has it now.',
      { extensions: { scannedAt } },
    );
  if (row.admitted_at !== null) {
    const usedAt = row.admitted_at.toISOString();
    throw new Problem('already_admitted', `This ticket was used at ${usedAt}, gate ${row.gate}.`, {
      extensions: { admittedAt: usedAt, gate: row.gate, scannedAt },
    });
  }
  const admittedAt = at.toISOString();
  await admit(transaction, { ticketId, admittedAt, gate, by });
  const { bookingId, showId: key, userId } = row.body;
  const offline = scan.isOffline ? { offline: true } : {};
  await transaction.publish({
    type: 'TicketAdmitted',
    stream: ticketId,
    // Of one issue there is one end: somebody goes in with it, or it is given to somebody else.
    streamVersion: issue,
    key,
    subject: bookingId,
    data: { ticketId, bookingId, showId: key, userId, gate, admittedAt, by, issue, ...offline },
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
