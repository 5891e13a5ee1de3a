import { z } from 'zod';
import type { Show } from '../../contracts/catalog.ts';
import type { Profile } from '../../contracts/user.ts';
import { hasRole, type Principal } from '../../runtime/http/endpoint.ts';
import { notFound } from '../../runtime/http/problem.ts';
import type { ServiceRuntime } from '../../runtime/service-runtime.ts';
import type { TicketCodes } from './code.ts';
import { printedOf } from './decider.ts';
import { type TicketRow, ticketRow } from './projection.ts';
import { codesPart, firstIssue } from './routing.ts';
import type { Condition } from './transfers.ts';
import { offeredWallets, walletNames } from './wallet/wallets.ts';

/** What the ticket endpoints share: how a ticket looks to whom. */

export const ticketBody = z.object({
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
  status: z
    .enum(['valid', 'used', 'void', 'given'])
    .describe('`given`: it belongs to somebody else now, who has its code; no more is told of it'),
  admittedAt: z.iso.datetime().optional(),
  offeredAt: z.iso.datetime().describe('Since when it is offered to somebody who has not taken it').optional(),
  code: z.string().describe('For the door; only for who holds the ticket').optional(),
  wallets: z.array(z.enum(walletNames)).readonly().describe('The wallets that it can be saved to').optional(),
});

/** Whoever sees the code can go in with it: who holds the ticket, and who stands at the counter and the door. */
export function mayGoIn(principal: Principal, holder: string): boolean {
  return principal.userId === holder || hasRole(principal, 'staff');
}

/** A ticket that somebody holds, or has in their booking; any other is a 404, like one that does not exist. */
export async function readable(service: ServiceRuntime, id: string, principal: Principal): Promise<TicketRow> {
  const row = await ticketRow(service, id);
  const isTheirs = row !== undefined && (mayGoIn(principal, row.holder) || principal.userId === row.body.userId);
  if (!isTheirs) throw notFound('ticket');
  return row;
}

/** Under which name it is shown to who may go in: of whoever was given it, or else whom it was booked for. */
export async function nameOnTicket(service: ServiceRuntime, row: TicketRow): Promise<string | undefined> {
  const { userId, bookedUnderId } = row.body;
  const isGiven = row.issue > firstIssue && row.holder !== userId;
  const named = isGiven ? row.holder : (bookedUnderId ?? userId);
  return (await service.reference<Profile>('user-profiles', named))?.name;
}

export function codeOf(service: ServiceRuntime, { body, issue }: TicketRow): string {
  return service.part<TicketCodes>(codesPart).sign({ ...body, issue });
}

/** What is printed on a ticket, of its show as it is now. */
export function printedNow({ body }: TicketRow, show: Show | undefined) {
  const { userId: _, bookedUnderId: __, ticketCount: ___, ordinal: ____, status: _____, ...ticket } = body;
  return { ...ticket, ...(show && printedOf(show)) };
}

/** A ticket as it is now: a show that was moved shows its new time and place. */
export async function shown(
  service: ServiceRuntime,
  row: TicketRow,
  principal: Principal,
): Promise<z.infer<typeof ticketBody>> {
  const { status } = row.body;
  const [show, bookedUnder] = await Promise.all([
    service.reference<Show>('catalog', row.body.showId),
    nameOnTicket(service, row),
  ]);
  const printed = printedNow(row, show);
  // Who has it now, and whether they came, is not for whoever gave it away.
  if (!mayGoIn(principal, row.holder)) return { ...printed, status: status === 'valid' ? 'given' : status };
  return {
    ...printed,
    bookedUnder,
    status: status === 'valid' && row.admitted_at !== null ? 'used' : status,
    admittedAt: row.admitted_at?.toISOString(),
    offeredAt: conditionOf(row, show) === 'good' ? row.offered_at?.toISOString() : undefined,
    code: codeOf(service, row),
    wallets: standingOf(row, show) === 'valid' ? offeredWallets(service) : undefined,
  };
}

/** Whether it lets somebody in; also after the show has begun. */
export function standingOf(row: TicketRow, show: Show | undefined): 'valid' | 'used' | 'void' {
  const condition = conditionOf(row, show);
  return condition === 'good' || condition === 'begun' ? 'valid' : condition;
}

/** What speaks against giving a ticket away: use, voiding and the start of the show end every offer. */
export function conditionOf(
  {
    body,
    status,
    admitted_at: admittedAt,
    returned = false,
  }: Pick<TicketRow, 'body' | 'status' | 'admitted_at'> & {
    readonly returned?: boolean;
  },
  show: Show | undefined,
): Condition {
  if (status === 'void' || returned || show?.state === 'cancelled') return 'void';
  if (admittedAt !== null) return 'used';
  return Date.now() < Date.parse(show?.startsAt ?? body.showStartsAt) ? 'good' : 'begun';
}
