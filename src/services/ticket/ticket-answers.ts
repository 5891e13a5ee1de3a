import { z } from 'zod';
import type { Show } from '../../contracts/catalog.ts';
import type { Profile } from '../../contracts/user.ts';
import { hasRole, type Principal } from '../../runtime/http/endpoint.ts';
import type { ServiceRuntime } from '../../runtime/service-runtime.ts';
import type { TicketCodes } from './code.ts';
import { printedOf } from './decider.ts';
import type { TicketRow } from './projection.ts';
import { codesPart, firstIssue } from './routing.ts';
import type { Condition } from './transfers.ts';

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
});

/** Whoever sees the code can go in with it: who holds the ticket, and who stands at the counter and the door. */
export function mayGoIn(principal: Principal, holder: string): boolean {
  return principal.userId === holder || hasRole(principal, 'staff');
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
  const { userId, bookedUnderId, status } = row.body;
  const isGiven = row.issue > firstIssue && row.holder !== userId;
  const [show, profile] = await Promise.all([
    service.reference<Show>('catalog', row.body.showId),
    service.reference<Profile>('user-profiles', isGiven ? row.holder : (bookedUnderId ?? userId)),
  ]);
  const printed = printedNow(row, show);
  // Who has it now, and whether they came, is not for whoever gave it away.
  if (!mayGoIn(principal, row.holder)) return { ...printed, status: status === 'valid' ? 'given' : status };
  return {
    ...printed,
    bookedUnder: profile?.name,
    status: status === 'valid' && row.admitted_at !== null ? 'used' : status,
    admittedAt: row.admitted_at?.toISOString(),
    offeredAt: conditionOf(row, show) === 'good' ? row.offered_at?.toISOString() : undefined,
    code: codeOf(service, row),
  };
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
