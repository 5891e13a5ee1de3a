/**
 * One ticket on its way to somebody else. Request-owned, like the door: each input is decided under the lock that the door takes, so
 * that an entry, a cancellation and every acceptance come one after the other.
 *
 *   none        Nothing was offered under this id.
 *   offered     Who has the secret of the link and comes first has the ticket. It still is its giver's.
 *   accepted    It belongs to somebody else, under a new issue: the code from before lets nobody in any more.
 *   withdrawn   Its giver has taken it back.
 *
 * Entry, voiding and the start of the show end an offer without a word: what has become of the ticket comes in with each input.
 */
import { type Fact, unreachable } from '../../contracts/decider.ts';
import { issueMax } from '../../contracts/rules/ticket-code.ts';

export type State =
  | { readonly status: 'none' }
  | { readonly status: 'offered' | 'withdrawn'; readonly from: string; readonly issue: number }
  | { readonly status: 'accepted'; readonly from: string; readonly issue: number; readonly to: string };

/** What has become of a ticket: only a good one can be given away. */
export type Condition = 'good' | 'used' | 'void' | 'begun';

export interface TicketNow {
  readonly holder: string;
  readonly issue: number;
  readonly condition: Condition;
  /** Somebody was offered it already. */
  readonly isOffered: boolean;
}

export type Input =
  | { readonly type: 'OfferTicket'; readonly by: string; readonly ticket: TicketNow }
  | { readonly type: 'WithdrawOffer' }
  | { readonly type: 'AcceptTicket'; readonly by: string; readonly ticket: TicketNow };

export type Refusal =
  | Exclude<Condition, 'good'>
  | 'not_theirs'
  | 'offered_already'
  | 'given_too_often'
  | 'own'
  | 'taken'
  | 'withdrawn'
  | 'not_offered';

export type Event =
  | Fact<'TicketOffered', { readonly from: string; readonly issue: number }>
  | Fact<'OfferWithdrawn', null>
  | Fact<'TicketAccepted', { readonly to: string }>
  | Fact<'TransferRefused', { readonly reason: Refusal }>;

export const initialState: State = { status: 'none' };

export function decide(state: State, input: Input): readonly Event[] {
  switch (input.type) {
    case 'OfferTicket':
      return onOffer(state, input.by, input.ticket);
    case 'WithdrawOffer':
      return onWithdraw(state);
    case 'AcceptTicket':
      return onAccept(state, input.by, input.ticket);
    default:
      return unreachable(input);
  }
}

const refused = (reason: Refusal): readonly Event[] => [{ type: 'TransferRefused', data: { reason } }];

function onOffer(state: State, by: string, ticket: TicketNow): readonly Event[] {
  // An id is made for one offer.
  if (state.status !== 'none') return refused('offered_already');
  if (ticket.holder !== by) return refused('not_theirs');
  if (ticket.condition !== 'good') return refused(ticket.condition);
  if (ticket.isOffered) return refused('offered_already');
  if (ticket.issue >= issueMax) return refused('given_too_often');
  return [{ type: 'TicketOffered', data: { from: by, issue: ticket.issue + 1 } }];
}

function onWithdraw(state: State): readonly Event[] {
  switch (state.status) {
    case 'none':
      return refused('not_offered');
    case 'offered':
      return [{ type: 'OfferWithdrawn', data: null }];
    case 'accepted':
      return refused('taken');
    case 'withdrawn':
      // Asked again: it is done.
      return [];
    default:
      return unreachable(state);
  }
}

function onAccept(state: State, by: string, ticket: TicketNow): readonly Event[] {
  switch (state.status) {
    case 'none':
      return refused('not_offered');
    case 'withdrawn':
      return refused('withdrawn');
    case 'accepted':
      // Whoever has taken it asks again, and still has it; else somebody else was first, or it was given on since.
      return state.to === by && ticket.holder === by ? [] : refused('taken');
    case 'offered':
      // The giver's to give, and the issue that follows the one that counts: nothing has come between.
      if (ticket.holder !== state.from || ticket.issue + 1 !== state.issue) return refused('taken');
      if (ticket.condition !== 'good') return refused(ticket.condition);
      if (by === state.from) return refused('own');
      return [{ type: 'TicketAccepted', data: { to: by } }];
    default:
      return unreachable(state);
  }
}

export function evolve(state: State, event: Event): State {
  switch (event.type) {
    case 'TicketOffered':
      return { status: 'offered', ...event.data };
    case 'OfferWithdrawn':
      if (state.status !== 'offered') throw new Error(`OfferWithdrawn cannot follow ${state.status}`);
      return { ...state, status: 'withdrawn' };
    case 'TicketAccepted':
      if (state.status !== 'offered') throw new Error(`TicketAccepted cannot follow ${state.status}`);
      return { ...state, status: 'accepted', to: event.data.to };
    case 'TransferRefused':
      return state;
    default:
      return unreachable(event);
  }
}
