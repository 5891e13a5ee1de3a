import type { Fact } from '../../src/operations/check/fact.ts';
import { eventsOf, type SimulatedInvariant } from './evidence.ts';

/** Tickets that were given away: who was told to have one has it, and no older code lets anybody in. */

interface Transferred {
  readonly ticketId: string;
  readonly toUserId: string;
}

const transfersIn = (evidence: Parameters<typeof eventsOf>[0]) =>
  eventsOf(evidence, 'ticket').flatMap(({ type, data }) =>
    type === 'TicketTransferred' ? [data as unknown as Transferred] : [],
  );

export const takenByOne: SimulatedInvariant = {
  name: 'taken-by-one',
  says: 'of those who want a ticket that is offered, one is told to have it, and the facts say so',
  *examine({ journal, stored }) {
    const transfers = transfersIn({ stored });
    const takers = Map.groupBy(journal.taken, ({ code }) => code);
    for (const taken of takers.values()) {
      const users = new Set(taken.map(({ userId }) => userId));
      const [first] = taken;
      if (users.size > 1) yield `${first?.ticketId} was taken by ${[...users].join(' and ')} at once`;
      for (const { ticketId, userId } of taken)
        if (!transfers.some((each) => each.ticketId === ticketId && each.toUserId === userId))
          yield `${userId} was told to have ${ticketId}, and no fact says so`;
    }
  },
};

export const oldCodesLetNobodyIn: SimulatedInvariant = {
  name: 'old-codes-let-nobody-in',
  says: 'whoever was let in had the code that the ticket got when it was given away last',
  *examine({ journal, stored }) {
    const given = Map.groupBy(transfersIn({ stored }), ({ ticketId }) => ticketId);
    for (const code of journal.admitted) {
      const [ticketId = '', , issue] = code.split(' ');
      const newest = (given.get(ticketId)?.length ?? 0) + 1;
      if (Number(issue) !== newest) yield `${ticketId} let somebody in with code ${issue} of ${newest}`;
    }
  },
};

/** Who is told of a ticket that was given away: whoever had it, and whoever has it now. */
export const transferKinds = ['ticket_transferred', 'ticket_received'] as const;

export function transferCauses(tickets: readonly Fact[]): readonly { readonly id: string; readonly kind: string }[] {
  return tickets.flatMap(({ type, version, data }) =>
    type === 'TicketTransferred' ? transferKinds.map((kind) => ({ id: `${data.ticketId}/${version}`, kind })) : [],
  );
}
