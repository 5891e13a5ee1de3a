/**
 * A moved show is told to everybody who has booked it or was given a ticket of it, a bounded page at a time. Each page is an effect that carries all
 * it needs, so a new owner goes on where the last one stopped, and two moves in a row are told side by side.
 */
import { type Decider, type Fact, type InputContext, unreachable } from '../../contracts/decider.ts';

export const bookingsPerPage = 200;
/** Moves that are remembered, so that one delivered again is told once. */
const movesKeptMax = 100;

export interface Page {
  readonly showId: string;
  /** Id of the event that moved the show. */
  readonly causeId: string;
  /** When it was moved, as the show says. */
  readonly movedAt?: string | undefined;
  /** Bookings after this id; '' from the start. */
  readonly after: string;
}

export interface BookingsFound extends Page {
  readonly bookings: readonly {
    readonly bookingId: string;
    readonly userId: string;
    /** Somebody who was given a ticket of it. */
    readonly toReceiver?: true | undefined;
  }[];
  /** Where the next page starts; `null` when this was the last. */
  readonly next: string | null;
}

export interface State {
  readonly moves: readonly string[];
}

export type Input =
  | ({ readonly type: 'ShowMoved'; readonly showId: string; readonly movedAt?: string | undefined } & InputContext)
  | ({ readonly type: 'ShowBookingsFound' } & BookingsFound & InputContext)
  | ({ readonly type: 'DeadlineReached' } & InputContext);

export type Event = Fact<'ShowBookingsSought', Page>;

function decide(state: State, input: Input): readonly Event[] {
  switch (input.type) {
    case 'ShowMoved':
      if (state.moves.includes(input.id)) return [];
      return [
        {
          type: 'ShowBookingsSought',
          data: { showId: input.showId, causeId: input.id, movedAt: input.movedAt, after: '' },
        },
      ];
    case 'ShowBookingsFound': {
      const { showId, causeId, movedAt, next } = input;
      return next === null ? [] : [{ type: 'ShowBookingsSought', data: { showId, causeId, movedAt, after: next } }];
    }
    case 'DeadlineReached':
      return [];
    default:
      return unreachable(input);
  }
}

function evolve(state: State, event: Event): State {
  const { causeId } = event.data;
  if (state.moves.includes(causeId)) return state;
  return { moves: [...state.moves, causeId].slice(-movesKeptMax) };
}

export const showChanges: Decider<State, Input, Event> = {
  initialState: { moves: [] },
  decide,
  evolve,
  deadline: () => undefined,
};
