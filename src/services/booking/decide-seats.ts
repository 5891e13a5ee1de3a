import { unreachable } from '../../contracts/decider.ts';
import { applyCancellations, applyPostponed } from './decide-cancellation.ts';
import { evolve } from './evolve.ts';
import type { SeatsAwaited, SeatsRefused, SeatsReleased, SeatsSold } from './inputs.ts';
import { refund } from './refund.ts';
import { about, type Event, type Paid, type State } from './state.ts';

/** What seat-inventory answers. */

export function onSeatsReserved(state: State): readonly Event[] {
  switch (state.status) {
    case 'requested':
    // The price follows and repeats the seats and their hold; what it brings is enough.
    case 'unseen':
    // Seats are reserved for a BookingCreated only, which this service has published: nothing to add.
    case 'awaiting_payment':
    case 'paying':
    case 'paid':
    case 'confirmed':
    // The price was quicker than the seats.
    case 'rejected':
    case 'expired':
    case 'cancelled':
      // The end of the booking follows BookingCreated on the same topic: seat-inventory reads it next and frees them.
      return [];
    default:
      return unreachable(state);
  }
}

export function onSeatsRefused(state: State, input: SeatsRefused): readonly Event[] {
  switch (state.status) {
    case 'requested':
      return [
        {
          type: 'BookingRejected',
          data: {
            ...about(state.about),
            seats: [],
            areas: [],
            reason: input.data.reason,
            offending: input.data.offending,
          },
        },
      ];
    case 'unseen':
    case 'awaiting_payment':
    case 'paying':
    case 'paid':
    case 'confirmed':
    // Seats are asked for once: what was refused cannot have been granted. A repeated answer changes nothing.
    case 'rejected':
    case 'expired':
    case 'cancelled':
      // It is over already.
      return [];
    default:
      return unreachable(state);
  }
}

export function onSeatsAwaited(state: State, input: SeatsAwaited): readonly Event[] {
  switch (state.status) {
    case 'requested': {
      const until = state.asked.waitsUntil;
      if (state.waits || until === undefined) return [];
      const waits: Event = { type: 'BookingWaits', data: { ...about(state.about), until } };
      // What was asked to be cancelled while seats were looked for waits for none.
      return [waits, ...applyCancellations(evolve(state, waits), state.cancellations, input.at)];
    }
    case 'unseen':
    case 'awaiting_payment':
    case 'paying':
    case 'paid':
    case 'confirmed':
    // Seats were found, and told of before.
    case 'rejected':
    case 'expired':
    case 'cancelled':
      // It is over already; seat-inventory hears of that and takes it off the list.
      return [];
    default:
      return unreachable(state);
  }
}

export function onSeatsReleased(state: State, input: SeatsReleased): readonly Event[] {
  // `booking_ended` and `booking_cancelled` are the echo of what this booking has said itself.
  if (input.data.cause !== 'hold_expired') return [];
  const { seats, areas } = input.data;
  switch (state.status) {
    case 'requested':
    // The price never came in all the time of the hold, or is still on its way: there is nothing left to sell.
    case 'awaiting_payment':
      return [{ type: 'BookingExpired', data: { ...about(state.about), seats, areas } }];
    case 'paying':
      // The customer's money may be on its way. Nothing ends before the charge has an outcome.
      return state.holdEnded ? [] : [{ type: 'HoldEnded', data: { bookingId: state.about.bookingId } }];
    case 'paid':
    // Released just before BookingPaid was read there: the answer to that is SeatsSold or SeatsLost.
    case 'confirmed':
    // Seats that are sold have no hold to expire; on one topic this came before SeatsSold.
    case 'unseen':
    case 'rejected':
    case 'expired':
    case 'cancelled':
      return [];
    default:
      return unreachable(state);
  }
}

export function onSeatsSold(state: State, input: SeatsSold): readonly Event[] {
  switch (state.status) {
    case 'paid':
      return confirm(state, input.at);
    case 'unseen':
    case 'requested':
    case 'awaiting_payment':
    case 'paying':
    // Seats are sold in answer to BookingPaid only, and that is not out.
    case 'confirmed':
    case 'rejected':
    case 'expired':
    case 'cancelled':
      // Delivered again.
      return [];
    default:
      return unreachable(state);
  }
}

function confirm(state: Paid, now: number): readonly Event[] {
  const { seats, areas, items, total } = state.held;
  const { bookedUnderId, acceptedAt, replaces } = state.asked;
  const confirmed: Event = {
    type: 'BookingConfirmed',
    data: {
      ...about(state.about),
      seats,
      areas,
      bookedUnderId,
      items,
      total,
      paymentId: state.paymentId,
      acceptedAt,
      ...(replaces === undefined ? {} : { replaces }),
    },
  };
  return [confirmed, ...applyPostponed(evolve(state, confirmed), state, now)];
}

export function onSeatsLost(state: State): readonly Event[] {
  switch (state.status) {
    case 'paid': {
      const { seats, areas, total } = state.held;
      const expired: Event = { type: 'BookingExpired', data: { ...about(state.about), seats, areas } };
      if (state.paymentId === undefined) return [expired];
      return [
        refund({ state, paymentId: state.paymentId, amount: total, cause: 'seats_lost', name: 'seats-lost' }),
        expired,
      ];
    }
    case 'unseen':
    case 'requested':
    case 'awaiting_payment':
    case 'paying':
    // Seats are lost in answer to BookingPaid only, and that is not out.
    case 'confirmed':
    case 'rejected':
    case 'expired':
    case 'cancelled':
      // Delivered again.
      return [];
    default:
      return unreachable(state);
  }
}
