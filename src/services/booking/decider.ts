/**
 * A booking, from request to its one terminal state. This service is the process manager: it owns no seat, no price and
 * no money, it tells the others what happened and draws the conclusions from what they answer.
 *
 *   requested          BookingCreated is out; seat-inventory looks for seats, pricing for their price. Where none are free,
 *                      a booking that wants to wait is on the waiting list of its show (`waits`, to the outside `waiting`).
 *   awaiting_payment   Seats are held and the price is fixed; the customer may pay until the hold ends.
 *   paying             One charge is open. Nothing but its outcome moves the booking on: if the hold ends meanwhile the
 *                      booking still waits, and what is asked for meanwhile (a cancellation) applies afterwards.
 *   paid               The money is there (or nothing was to pay); seat-inventory turns the hold into a sale, or takes
 *                      the same seats back if the hold has ended. To the outside this still is `paying`.
 *   confirmed          Paid and sold. It ends here, unless it is cancelled later. A customer's cancellation asks the
 *                      tickets back first: whoever was let in has had what was paid for.
 *   rejected           It never came to a sale, with a reason.
 *   expired            The hold ended before the payment.
 *   cancelled          Undone by the customer, the organizer or with the whole show.
 *
 * The last three are final. Money that arrives in any of them goes back; seats are not touched again.
 *
 * Topics are not ordered among each other, so an answer may come before what it answers seems to have happened, or much
 * too late. Each input is decided in a function of its own, which names every state:
 *
 *   decide-request.ts       the request itself, the price, the time-out, the end of a wait
 *   decide-seats.ts         held, refused, sold, released, lost
 *   decide-payment.ts       charges, their outcomes, refunds
 *   decide-cancellation.ts  customer, organizer, cancelled show, used tickets
 *   state.ts, evolve.ts     what is remembered, and how a fact changes it
 *   show-cancellation.ts    the stream that tells every booking of a cancelled show
 */
import { type Decider, unreachable } from '../../contracts/decider.ts';
import {
  onAskAgain,
  onCancellationRequested,
  onShowCancelled,
  onTicketAdmitted,
  onTicketsKept,
  onTicketsReturned,
} from './decide-cancellation.ts';
import {
  onPaymentFailed,
  onPaymentSubmitted,
  onPaymentSucceeded,
  onPaymentUnsettled,
  onRefundOutcome,
} from './decide-payment.ts';
import { onBookingRequested, onPriceCalculated, onTimeOut, onWaitEndDue } from './decide-request.ts';
import {
  onSeatsAwaited,
  onSeatsLost,
  onSeatsRefused,
  onSeatsReleased,
  onSeatsReserved,
  onSeatsSold,
} from './decide-seats.ts';
import { evolve } from './evolve.ts';
import type { Input } from './inputs.ts';
import type { Event, State } from './state.ts';

export const initialState: State = { status: 'unseen' };

export function decide(state: State, input: Input): readonly Event[] {
  switch (input.type) {
    case 'BookingRequested':
      return onBookingRequested(state, input);
    case 'PriceCalculated':
      return onPriceCalculated(state, input);
    case 'DeadlineReached':
      return state.status === 'confirmed' ? onAskAgain(state, input) : onTimeOut(state);
    case 'WaitEndDue':
      return onWaitEndDue(state, input);
    case 'SeatsReserved':
      return onSeatsReserved(state);
    case 'SeatsRefused':
      return onSeatsRefused(state, input);
    case 'SeatsAwaited':
      return onSeatsAwaited(state, input);
    case 'SeatsSold':
      return onSeatsSold(state, input);
    case 'SeatsReleased':
      return onSeatsReleased(state, input);
    case 'SeatsLost':
      return onSeatsLost(state);
    case 'PaymentSubmitted':
      return onPaymentSubmitted(state, input);
    case 'PaymentSucceeded':
      return onPaymentSucceeded(state, input);
    case 'PaymentFailed':
      return onPaymentFailed(state, input);
    case 'PaymentUnsettled':
      return onPaymentUnsettled(state, input);
    case 'PaymentRefunded':
    case 'RefundFailed':
      return onRefundOutcome(state, input);
    case 'BookingCancellationRequested':
      return onCancellationRequested(state, input);
    case 'ShowCancelled':
      return onShowCancelled(state);
    case 'TicketAdmitted':
      return onTicketAdmitted(state, input);
    case 'TicketsReturned':
      return onTicketsReturned(state);
    case 'TicketsKept':
      return onTicketsKept(state);
    default:
      return unreachable(input);
  }
}

/**
 * Only a request can time out: a hold is ended by seat-inventory, a charge by nothing but its outcome. A cancellation
 * that waits for the tickets asks again.
 */
export function deadline(state: State): number | undefined {
  switch (state.status) {
    case 'requested':
      return state.runsOut ? undefined : state.asked.timesOutAt;
    case 'confirmed':
      return state.returning?.askAgainAt;
    default:
      return undefined;
  }
}

export const booking: Decider<State, Input, Event> = { initialState, decide, evolve, deadline };
