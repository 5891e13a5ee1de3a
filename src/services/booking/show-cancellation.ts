/**
 * A cancelled show takes its bookings along, a bounded page at a time.
 *
 *   quiet      The show takes place.
 *   looking    A page of the show's open bookings is being read (ShowBookingsSought is an effect, so a new owner takes
 *              it up again). Each booking found hears ShowCancelled, and the next page is sought.
 *   done       Two rounds are through. The second one catches what was being decided when the first page was read; a
 *              booking requested later sees the cancelled show itself.
 */
import { type Decider, type Fact, type InputContext, unreachable } from '../../contracts/decider.ts';

export const roundsMax = 2;
export const bookingsPerPage = 200;

export interface Page {
  readonly showId: string;
  /** Bookings after this id; '' from the start. */
  readonly after: string;
  readonly round: number;
}

export interface BookingsFound extends Page {
  readonly bookingIds: readonly string[];
  /** Where the next page starts; `null` when this was the last. */
  readonly next: string | null;
}

export type State =
  | { readonly status: 'quiet' }
  | ({ readonly status: 'looking' } & Page)
  | { readonly status: 'done' };

export type Input =
  | ({ readonly type: 'ShowCancelled'; readonly showId: string } & InputContext)
  | ({ readonly type: 'ShowBookingsFound' } & BookingsFound & InputContext)
  | ({ readonly type: 'DeadlineReached' } & InputContext);

export type Event =
  | Fact<'ShowBookingsSought', Page>
  | Fact<'ShowBookingsDone', { readonly showId: string; readonly round: number }>;

function decide(state: State, input: Input): readonly Event[] {
  switch (input.type) {
    case 'ShowCancelled':
      // A cancelled show stays cancelled: hearing it again starts nothing again.
      if (state.status !== 'quiet') return [];
      return [{ type: 'ShowBookingsSought', data: { showId: input.showId, after: '', round: 1 } }];
    case 'ShowBookingsFound':
      if (state.status !== 'looking') return [];
      // An answer to a page that was turned already.
      if (input.after !== state.after || input.round !== state.round) return [];
      return [turn(state, input.next)];
    case 'DeadlineReached':
      return [];
    default:
      return unreachable(input);
  }
}

function turn({ showId, round }: Page, next: string | null): Event {
  if (next !== null) return { type: 'ShowBookingsSought', data: { showId, after: next, round } };
  if (round < roundsMax) return { type: 'ShowBookingsSought', data: { showId, after: '', round: round + 1 } };
  return { type: 'ShowBookingsDone', data: { showId, round } };
}

function evolve(_state: State, event: Event): State {
  switch (event.type) {
    case 'ShowBookingsSought':
      return { status: 'looking', ...event.data };
    case 'ShowBookingsDone':
      return { status: 'done' };
    default:
      return unreachable(event);
  }
}

export const showCancellation: Decider<State, Input, Event> = {
  initialState: { status: 'quiet' },
  decide,
  evolve,
  deadline: () => undefined,
};
