import { z } from 'zod';
import type { Show } from '../../contracts/catalog.ts';
import { notFound, Problem } from '../../runtime/http/problem.ts';
import type { ServiceRuntime, Transaction } from '../../runtime/service-runtime.ts';
import { isOffered, lockTicket, type TicketRow, type TransferRow, ticketRow } from './projection.ts';
import { conditionOf } from './ticket-answers.ts';
import type { Event, Refusal, State, TicketNow } from './transfers.ts';

/** What the endpoints of transfers share: what is decided by, and how it is told. */

export const customers = ['customer', 'staff', 'organizer'] as const;
/** While the database is being restored. */
export const meanwhile = 'Try again in a while.';
export const noStore = { 'cache-control': 'no-store' };

export const transferStatus = z
  .enum(['offered', 'accepted', 'withdrawn', 'ended'])
  .describe('`ended`: the show has begun, or the ticket was used or is void, before anybody took it');

/** A ticket under the lock that the door takes, too. */
export async function ticketNow(transaction: Transaction, id: string, show: Show | undefined): Promise<TicketNow> {
  const ticket = await lockTicket(transaction, id);
  if (ticket === undefined) throw notFound('ticket');
  const { holder, issue } = ticket;
  const condition = conditionOf(ticket, show);
  return { holder, issue, condition, isOffered: await isOffered(transaction, id) };
}

export function showOf(service: ServiceRuntime, { body }: TicketRow): Promise<Show | undefined> {
  return service.reference<Show>('catalog', body.showId);
}

export function stateOf({ status, from, to, issue }: TransferRow): State {
  return status === 'accepted' ? { status, from, issue, to: to ?? '' } : { status, from, issue };
}

export function ofType<Type extends Event['type']>(events: readonly Event[], type: Type) {
  return events.filter((event): event is Extract<Event, { readonly type: Type }> => event.type === type);
}

/** The facts to store; a refusal becomes the answer instead. */
export function accepted(events: readonly Event[]): readonly Event[] {
  for (const { data } of ofType(events, 'TransferRefused')) throw refusals[data.reason]();
  return events;
}

const conflict = (detail: string) => () => new Problem('conflict', detail);
export const noSuchOffer = () =>
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

export async function statusOf(
  service: ServiceRuntime,
  { status, ticketId: id }: TransferRow,
): Promise<z.infer<typeof transferStatus>> {
  if (status !== 'offered') return status;
  const row = await ticketRow(service, id);
  if (row === undefined) return 'ended';
  return conditionOf(row, await showOf(service, row)) === 'good' ? 'offered' : 'ended';
}
