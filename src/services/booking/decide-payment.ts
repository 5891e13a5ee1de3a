import type { PassedOverReason } from '../../contracts/booking.ts';
import { unreachable } from '../../contracts/decider.ts';
import { deriveId } from '../../contracts/ids.ts';
import type { Money } from '../../contracts/money.ts';
import type { Payment } from '../../contracts/user.ts';
import { applyCancellations } from './decide-cancellation.ts';
import { evolve } from './evolve.ts';
import type {
  PaymentFailed,
  PaymentRefunded,
  PaymentSubmitted,
  PaymentSucceeded,
  PaymentUnsettled,
  RefundFailed,
  Terms,
} from './inputs.ts';
import { refund } from './refund.ts';
import {
  type Asked,
  type AwaitingPayment,
  about,
  type Event,
  type KnownState,
  type Paying,
  type RefundCause,
  type State,
} from './state.ts';

/** Charges, their outcomes and refunds. */

export function onPaymentSubmitted(state: State, input: PaymentSubmitted): readonly Event[] {
  const { payment, acceptedAt: submittedAt } = input.data;
  switch (state.status) {
    case 'requested':
      // Judged once seats are held. The first payment counts: one charge at a time.
      if (state.payment !== undefined) return [passedOver(state, input, 'another_payment')];
      return [{ type: 'PaymentKept', data: { bookingId: state.about.bookingId, payment, submittedAt } }];
    case 'awaiting_payment':
      // Whether the hold is still there is not for a clock to say: seat-inventory has not ended it yet.
      return startCharge(state, { payment, submittedAt }, input.terms);
    case 'paying':
      // One open charge at a time: a second one could take the money twice.
      return [passedOver(state, input, 'another_payment')];
    case 'paid':
    case 'confirmed':
      return [passedOver(state, input, 'paid')];
    case 'unseen':
      // Before its request: the gate says it again behind that.
      return [];
    case 'rejected':
    case 'expired':
    case 'cancelled':
      return [passedOver(state, input, 'ended')];
    default:
      return unreachable(state);
  }
}

/** It was accepted, so whoever sent it is told that it is not charged, and why. */
function passedOver(state: KnownState, { data }: PaymentSubmitted, reason: PassedOverReason): Event {
  const { payment, acceptedAt: submittedAt } = data;
  return { type: 'PaymentPassedOver', data: { ...about(state.about), method: payment.method, submittedAt, reason } };
}

/** A payment, and when it was accepted. */
interface Submitted {
  readonly payment: Payment;
  readonly submittedAt: string | undefined;
}

/** Opens the next charge: the hold is extended by the grace, and payment is asked to charge. */
export function startCharge(
  state: AwaitingPayment,
  { payment, submittedAt }: Submitted,
  terms: Terms,
): readonly Event[] {
  const attempt = state.attempts + 1;
  const { holdExpiresAt, total } = state.held;
  const opened = {
    ...about(state.about),
    attempt,
    paymentId: deriveId('payment', state.about.bookingId, `attempt-${attempt}`),
    amount: total,
  };
  const { paymentGraceMs = terms.paymentGraceMs } = state.asked;
  const heldUntil = new Date(Date.parse(holdExpiresAt) + paymentGraceMs).toISOString();
  return [
    {
      type: 'BookingPaymentStarted',
      data: { ...opened, method: payment.method, submittedAt, holdExpiresAt, heldUntil },
    },
    { type: 'BookingValidated', data: { ...opened, payment, movieTitle: state.asked.movieTitle } },
  ];
}

export function onPaymentSucceeded(state: State, input: PaymentSucceeded): readonly Event[] {
  const { paymentId, amount } = input.data;
  switch (state.status) {
    case 'unseen':
      // Somebody's money, and no booking to hold against it: a person has to look, so the input is parked.
      throw new Error(`payment ${paymentId} succeeded for booking ${input.data.bookingId}, which is unknown here`);
    case 'paying':
      if (paymentId !== state.paymentId) return giveBack(state, input, 'duplicate_payment');
      return paidInFull(state, input.data.attempt, amount);
    case 'paid':
    case 'confirmed':
      return paymentId === state.paymentId ? [] : giveBack(state, input, 'duplicate_payment');
    case 'requested':
    case 'awaiting_payment':
      // An earlier charge that was called declined was captured after all. The customer was told to pay again, so
      // this money goes back.
      return giveBack(state, input, 'late_payment');
    case 'rejected':
    case 'expired':
    case 'cancelled':
      return paymentId === state.paymentId ? [] : giveBack(state, input, 'late_payment');
    default:
      return unreachable(state);
  }
}

/** Also when the hold has ended: seat-inventory takes the same seats back, or says that they are lost. */
function paidInFull(state: Paying, attempt: number, amount: Money): readonly Event[] {
  const { seats, areas, total } = state.held;
  if (amount.amount !== total.amount || amount.currency !== total.currency) {
    throw new Error(
      `${amount.amount} ${amount.currency} captured where ${total.amount} ${total.currency} was asked for`,
    );
  }
  return [
    {
      type: 'BookingPaid',
      data: {
        ...{ ...about(state.about), seats, areas, attempt, paymentId: state.paymentId, amount },
        ...limitOf(state.asked),
      },
    },
  ];
}

/** What seat-inventory has to know where it takes seats back. */
export function limitOf({ seatsPerCustomerMax }: Asked): Pick<Asked, 'seatsPerCustomerMax'> {
  return seatsPerCustomerMax === undefined ? {} : { seatsPerCustomerMax };
}

/** Refunds a capture that the booking has no use for, once. */
function giveBack(state: KnownState, input: PaymentSucceeded, cause: RefundCause): readonly Event[] {
  const { paymentId, amount } = input.data;
  if (Object.values(state.refunds).some((known) => known.paymentId === paymentId)) return [];
  return [refund({ state, paymentId, amount, cause, name: `surplus-${paymentId}` })];
}

export function onPaymentFailed(state: State, input: PaymentFailed): readonly Event[] {
  switch (state.status) {
    case 'paying':
      return input.data.paymentId === state.paymentId ? declined(state, input) : [];
    case 'unseen':
    case 'requested':
    case 'awaiting_payment':
    case 'paid':
    case 'confirmed':
    case 'rejected':
    case 'expired':
    case 'cancelled':
      // No charge is open: an outcome delivered again, or one that success has overtaken. Nothing was captured.
      return [];
    default:
      return unreachable(state);
  }
}

function declined(state: Paying, input: PaymentFailed): readonly Event[] {
  const { seats, areas, holdExpiresAt } = state.held;
  const { error } = input.data;
  const over = { ...about(state.about), seats, areas };
  if (state.showCancelled) return [{ type: 'BookingRejected', data: { ...over, reason: 'show_cancelled' } }];
  if (state.holdEnded) return [{ type: 'BookingExpired', data: over }];
  const { paymentAttemptsMax = input.terms.paymentAttemptsMax } = state.asked;
  if (state.attempt >= paymentAttemptsMax) {
    return [{ type: 'BookingRejected', data: { ...over, reason: 'payment_declined', error } }];
  }
  const paymentDeclined: Event = {
    type: 'PaymentDeclined',
    data: {
      ...about(state.about),
      attempt: state.attempt,
      attemptsLeft: paymentAttemptsMax - state.attempt,
      paymentId: state.paymentId,
      error,
      holdExpiresAt,
    },
  };
  return [paymentDeclined, ...applyCancellations(evolve(state, paymentDeclined), state.cancellations, input.at)];
}

export function onPaymentUnsettled(state: State, input: PaymentUnsettled): readonly Event[] {
  switch (state.status) {
    case 'paying':
      if (state.unsettled || input.data.paymentId !== state.paymentId) return [];
      return [
        {
          type: 'BookingPaymentUnsettled',
          data: { ...about(state.about), attempt: state.attempt, paymentId: state.paymentId },
        },
      ];
    case 'unseen':
    case 'requested':
    case 'awaiting_payment':
    case 'paid':
    case 'confirmed':
    case 'rejected':
    case 'expired':
    case 'cancelled':
      // The charge has an outcome by now.
      return [];
    default:
      return unreachable(state);
  }
}

/** What became of a refund is the same news in every state; success is final, a failure may be tried again. */
export function onRefundOutcome(state: State, input: PaymentRefunded | RefundFailed): readonly Event[] {
  const { refundId, amount } = input.data;
  const known = state.status === 'unseen' ? undefined : state.refunds[refundId];
  if (state.status === 'unseen' || known === undefined) {
    throw new Error(`refund ${refundId} has an outcome, and this booking never asked for it`);
  }
  if (known.status === 'succeeded') return [];
  if (input.type === 'PaymentRefunded') {
    return [{ type: 'BookingRefunded', data: { ...about(state.about), refundId, amount } }];
  }
  if (known.status === 'failed') return [];
  return [{ type: 'BookingRefundFailed', data: { ...about(state.about), refundId, amount, error: input.data.error } }];
}
