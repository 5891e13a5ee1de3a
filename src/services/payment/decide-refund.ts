import type { InputContext } from '../../contracts/decider.ts';
import { unreachable } from '../../contracts/decider.ts';
import { cashDeskReference, settledByPersonReference } from '../../contracts/payment.ts';
import {
  type Event,
  nextWait,
  type Refund,
  type RefundAnswer,
  type RefundFact,
  type RefundIntent,
  type RefundReported,
  type RefundRetry,
  type RefundSettlement,
  type RefundWanted,
  type State,
  type Tried,
  triesOf,
} from './state.ts';

/** Money on its way back. */

export function onRefundRequested(state: State, data: RefundWanted['data']): readonly Event[] {
  const { refundId, paymentId, amount, bookingId, showId, userId } = data;
  // One refund id is one refund.
  if (state.refunds[refundId] !== undefined) return [];
  const attempt = state.attempts[paymentId];
  if (attempt?.status !== 'succeeded')
    throw new Error(`refund ${refundId} is for payment ${paymentId}, which captured nothing`);
  const before = Object.values(state.refunds).filter((each) => each.paymentId === paymentId);
  const given = before.reduce((total, each) => total + each.amount.amount, 0);
  if (amount.currency !== attempt.amount.currency || given + amount.amount > attempt.amount.amount) {
    throw new Error(`refund ${refundId} is more than payment ${paymentId} captured`);
  }
  const refund = { bookingId, showId, userId, paymentId, refundId, amount };
  if (attempt.provider === 'cash') {
    // Whoever has it comes for it, or does not: nobody knows but the person who hands it out.
    return [{ type: 'CashRefundDue', data: refund }];
  }
  return [{ type: 'RefundStarted', data: { ...refund, chargeReference: attempt.reference, round: 1 } }];
}

function refundOf(state: State, refundId: string): Refund {
  const refund = state.refunds[refundId];
  if (refund === undefined) throw new Error(`refund ${refundId} has an outcome, and was never asked for`);
  return refund;
}

export function onRefundAnswer(state: State, input: RefundAnswer & InputContext): readonly Event[] {
  const refund = refundOf(state, input.refundId);
  // Settled by an earlier answer, or waiting for its next question: this one came late.
  if (refund.status === 'refunded' || (refund.status !== 'asking' && input.type !== 'RefundSucceeded')) return [];
  // Read before the provider said that it failed after all.
  if (refund.cameBack) return [];
  const about = factOf(state, refund);
  switch (input.type) {
    case 'RefundSucceeded':
      return [made(state, refund, input)];
    case 'RefundDeclined':
      return [
        {
          type: refund.told ? 'RefundCameBack' : 'RefundFailed',
          data: { ...about, error: input.error, ...triesOf(input) },
        },
      ];
    case 'RefundUnknown':
      return [
        {
          type: 'RefundUnanswered',
          data: { refundId: refund.refundId, ...nextWait(refund.wait, input.at), ...triesOf(input) },
        },
      ];
    default:
      return unreachable(input);
  }
}

/** A refund that the provider had taken has failed there: openly unsettled, until a person tries it again. */
export function onRefundReported(state: State, { refundId, round, error }: RefundReported): readonly Event[] {
  const refund = refundOf(state, refundId);
  // An earlier try: a later one was asked for since.
  if (round !== refund.round) return [];
  const cameBack: Event = { type: 'RefundCameBack', data: { ...factOf(state, refund), error } };
  switch (refund.status) {
    case 'refunded':
      return [cameBack];
    case 'asking':
    case 'unknown':
      // Before its answer: nobody was told that it was made, unless an earlier try was.
      return refund.told ? [cameBack] : [cameBack, { type: 'RefundFailed', data: cameBack.data }];
    case 'failed':
      return [];
    case 'due':
      throw new Error(`refund ${refundId} is of cash, and a provider says that it came back`);
    default:
      return unreachable(refund.status);
  }
}

export function onRefundRetried(state: State, { refundId, who }: RefundRetry): readonly Event[] {
  const refund = refundOf(state, refundId);
  switch (refund.status) {
    case 'failed':
      // The provider would answer the same again under the same key: a person's try gets a key of its own.
      return [
        { type: 'RefundRetriedByPerson', data: { refundId, who } },
        { type: 'RefundStarted', data: { ...intentOf(state, refund), round: refund.round + 1 } },
      ];
    case 'asking':
    case 'unknown':
    // It is being asked for without a person.
    case 'due':
    // There is nobody to ask for cash.
    case 'refunded':
      return [];
    default:
      return unreachable(refund.status);
  }
}

/** A person has handed the cash out, has given the money back in another way, or found that there was none to give back. */
export function onRefundSettled(state: State, { refundId, why, who }: RefundSettlement): readonly Event[] {
  const refund = refundOf(state, refundId);
  switch (refund.status) {
    case 'due':
      return [
        { type: 'RefundSettledByPerson', data: { refundId, why, who } },
        made(state, refund, { reference: cashDeskReference }),
      ];
    case 'failed':
      return [
        { type: 'RefundSettledByPerson', data: { refundId, why, who } },
        made(state, refund, { reference: settledByPersonReference }),
      ];
    case 'asking':
    case 'unknown':
    // The provider may give it back yet: twice is once too often.
    case 'refunded':
      return [];
    default:
      return unreachable(refund.status);
  }
}

/** Made is said once, to whoever counts the money: another way after it came back is between us and the provider. */
function made(state: State, refund: Refund, by: { readonly reference: string } & Tried): Event {
  const data = { ...factOf(state, refund), providerReference: by.reference, ...triesOf(by) };
  return { type: refund.told ? 'RefundMadeAgain' : 'PaymentRefunded', data };
}

export function refundsDue(state: State, at: number): readonly Event[] {
  return Object.values(state.refunds)
    .filter((refund) => refund.status === 'unknown' && refund.wait !== undefined && refund.wait.askAt <= at)
    .map((refund) => ({ type: 'RefundStarted', data: intentOf(state, refund) }));
}

function factOf(state: State, refund: Refund): RefundFact {
  const { round: _round, chargeReference: _reference, ...about } = intentOf(state, refund);
  return about;
}

function intentOf(state: State, { refundId, paymentId, amount, round }: Refund): RefundIntent {
  const attempt = state.attempts[paymentId];
  if (attempt === undefined) throw new Error(`refund ${refundId} has no payment`);
  const { bookingId, showId, userId } = attempt;
  return { bookingId, showId, userId, paymentId, refundId, amount, chargeReference: attempt.reference, round };
}
