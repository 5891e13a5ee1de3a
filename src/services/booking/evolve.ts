import { unreachable } from '../../contracts/decider.ts';
import { subtract } from '../../contracts/money.ts';
import type {
  AwaitingPayment,
  CancelledData,
  Confirmed,
  Ended,
  Event,
  KnownState,
  Paid,
  Paying,
  Refund,
  Requested,
  State,
} from './state.ts';

/** Folds one fact into what a booking remembers. A fact that does not fit its state is a broken stream and throws. */
export function evolve(state: State, event: Event): State {
  switch (event.type) {
    case 'RequestAccepted': {
      expect(state, event, 'unseen');
      const { payment, ...asked } = event.data;
      const { bookingId, showId, userId } = asked;
      const about = { bookingId, showId, userId };
      const kept = { payment, paymentAt: asked.acceptedAt, cancellations: [], waits: false, runsOut: false };
      return { status: 'requested', about, refunds: {}, asked, ...kept };
    }
    case 'BookingWaits': {
      const now = expect(state, event, 'requested');
      return { ...now, waits: true, runsOut: false, asked: { ...now.asked, timesOutAt: Date.parse(event.data.until) } };
    }
    case 'WaitRanOut':
      return { ...expect(state, event, 'requested'), runsOut: true };
    case 'PaymentKept':
      return {
        ...expect(state, event, 'requested'),
        payment: event.data.payment,
        paymentAt: event.data.submittedAt,
      };
    case 'CancellationKept': {
      const { bookingId: _, ...cancellation } = event.data;
      const now = expect(state, event, 'requested', 'paying', 'paid');
      return { ...now, cancellations: [...now.cancellations, cancellation] };
    }
    case 'CancellationBegun': {
      const { bookingId: _, ...returning } = event.data;
      return { ...expect(state, event, 'confirmed'), returning };
    }
    case 'CancellationDropped': {
      const { returning, ...now } = expect(state, event, 'confirmed');
      return { ...now, dropped: returning };
    }
    case 'BookingHeld':
      return held(expect(state, event, 'requested'), event);
    case 'BookingPaymentStarted':
      return paying(expect(state, event, 'awaiting_payment'), event);
    case 'HoldEnded':
      return { ...expect(state, event, 'paying'), holdEnded: true };
    case 'BookingPaymentUnsettled':
      return { ...expect(state, event, 'paying'), unsettled: true };
    case 'PaymentPassedOver':
      // It is what its customer is told, and nothing that a booking remembers.
      return state;
    case 'ShowCancellationKept':
      return { ...expect(state, event, 'paying', 'paid'), showCancelled: true };
    case 'PaymentDeclined': {
      const { about, refunds, asked, held, attempt } = expect(state, event, 'paying');
      return { status: 'awaiting_payment', about, refunds, asked, held, attempts: attempt };
    }
    case 'BookingPaid':
      return paid(expect(state, event, 'awaiting_payment', 'paying'), event.data.paymentId);
    case 'BookingConfirmed':
      return confirmed(expect(state, event, 'paid'));
    case 'TicketUsed':
      return { ...expect(state, event, 'confirmed'), used: true };
    case 'BookingRejected':
      // The first fact of a booking that is refused at the door of this service.
      if (state.status === 'unseen') {
        const { bookingId, showId, userId } = event.data;
        return { status: 'rejected', about: { bookingId, showId, userId }, refunds: {}, paymentId: undefined };
      }
      return ended(state, 'rejected');
    case 'BookingExpired':
      return ended(known(state, event), 'expired');
    case 'BookingCancelled':
      return event.data.whole
        ? ended(known(state, event), 'cancelled')
        : withoutSome(expect(state, event, 'confirmed'), event.data);
    case 'RefundRequested': {
      const { refundId, paymentId, amount } = event.data;
      return withRefund(known(state, event), refundId, { paymentId, amount, status: 'pending' });
    }
    case 'BookingRefunded':
      return settleRefund(known(state, event), event.data.refundId, 'succeeded');
    case 'BookingRefundFailed':
      return settleRefund(known(state, event), event.data.refundId, 'failed');
    case 'BookingCreated':
    case 'BookingValidated':
    case 'BookingCancellationRefused':
    case 'TicketsAskedBack':
      // Said to others; the booking itself knows it from the fact before.
      return state;
    default:
      return unreachable(event);
  }
}

function expect<Status extends State['status']>(
  state: State,
  event: Event,
  ...statuses: readonly Status[]
): Extract<State, { readonly status: Status }> {
  if (!(statuses as readonly string[]).includes(state.status))
    throw new Error(`${event.type} cannot follow ${state.status}`);
  return state as Extract<State, { readonly status: Status }>;
}

function known(state: State, event: Event): KnownState {
  if (state.status === 'unseen') throw new Error(`${event.type} cannot be the first fact of a booking`);
  return state;
}

function held(state: Requested, event: Extract<Event, { readonly type: 'BookingHeld' }>): AwaitingPayment {
  const { about, refunds, asked } = state;
  const { seats, areas, items, fees, total, rulesVersion, holdExpiresAt } = event.data;
  return {
    status: 'awaiting_payment',
    about,
    refunds,
    asked,
    held: { seats, areas, items, fees, total, rulesVersion, holdExpiresAt },
    attempts: 0,
  };
}

function paying(state: AwaitingPayment, event: Extract<Event, { readonly type: 'BookingPaymentStarted' }>): Paying {
  const { about, refunds, asked, held } = state;
  const { attempt, paymentId, method } = event.data;
  return {
    status: 'paying',
    about,
    refunds,
    asked,
    held,
    attempt,
    paymentId,
    inCash: method === 'cash',
    holdEnded: false,
    unsettled: false,
    showCancelled: false,
    cancellations: [],
  };
}

function paid(state: AwaitingPayment | Paying, paymentId: string | undefined): Paid {
  const { about, refunds, asked, held } = state;
  const nothing = { showCancelled: false, cancellations: [], inCash: false };
  const { showCancelled, cancellations, inCash } = state.status === 'paying' ? state : nothing;
  return { status: 'paid', about, refunds, asked, held, paymentId, inCash, showCancelled, cancellations };
}

function confirmed(state: Paid): Confirmed {
  const { about, refunds, asked, held, paymentId, inCash } = state;
  const { seats, areas, items, total } = held;
  return {
    status: 'confirmed',
    about,
    refunds,
    asked,
    seats,
    areas,
    items,
    paid: total,
    paymentId,
    inCash,
    used: false,
  };
}

function ended(state: KnownState, status: Ended['status']): Ended {
  const counted = state.status === 'paid' || state.status === 'confirmed' ? state.paymentId : undefined;
  return { status, about: state.about, refunds: state.refunds, paymentId: counted };
}

function withoutSome(state: Confirmed, gone: CancelledData): Confirmed {
  return {
    ...state,
    seats: state.seats.filter((seat) => !gone.seats.includes(seat)),
    items: state.items.filter((item) => item.seat === undefined || !gone.seats.includes(item.seat)),
    paid: gone.refund === undefined ? state.paid : subtract(state.paid, gone.refund),
  };
}

function withRefund(state: KnownState, refundId: string, refund: Refund): KnownState {
  return { ...state, refunds: { ...state.refunds, [refundId]: refund } };
}

function settleRefund(state: KnownState, refundId: string, status: Refund['status']): KnownState {
  const refund = state.refunds[refundId];
  if (refund === undefined) throw new Error(`refund ${refundId} was never asked for`);
  return withRefund(state, refundId, { ...refund, status });
}
