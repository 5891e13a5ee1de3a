import { unreachable } from '../../contracts/decider.ts';
import {
  type Attempt,
  type Authorisation,
  type Charge,
  chargeOf,
  type Event,
  type Refund,
  type State,
} from './state.ts';

/** Folds one fact into what is remembered of a booking's payments. */
export function evolve(state: State, event: Event): State {
  switch (event.type) {
    case 'ChargeRequested':
      return withAttempt(state, { ...newAttempt(event.data), ...pick(event.data) });
    case 'ChargeAsked':
      return changeAttempt(state, event.data.paymentId, { status: 'asking' });
    case 'ChargeUnanswered': {
      const { paymentId, askAt, waitMs } = event.data;
      return changeAttempt(state, paymentId, { status: 'unknown', wait: { askAt, waitMs } });
    }
    case 'ChargeCapturedAfterAll':
      return changeAttempt(state, event.data.paymentId, { surplus: true });
    case 'PaymentSucceeded': {
      const { provider, providerReference: reference } = event.data;
      return withAttempt(state, {
        ...attemptOr(state, event.data),
        status: 'succeeded',
        wait: undefined,
        provider,
        reference,
      });
    }
    case 'PaymentFailed':
      return withAttempt(state, { ...attemptOr(state, event.data), status: 'failed', wait: undefined });
    case 'PaymentUnsettled':
      return changeAttempt(state, event.data.paymentId, { unsettled: true });
    case 'RefundStarted': {
      const { refundId, paymentId, amount, round } = event.data;
      const { wait, told = false } = state.refunds[refundId] ?? {};
      return withRefund(state, { refundId, paymentId, amount, status: 'asking', wait, round, told, cameBack: false });
    }
    case 'CashRefundDue': {
      const { refundId, paymentId, amount } = event.data;
      const due = { status: 'due', wait: undefined, round: 1, told: false, cameBack: false } as const;
      return withRefund(state, { refundId, paymentId, amount, ...due });
    }
    case 'RefundUnanswered': {
      const { refundId, askAt, waitMs } = event.data;
      return changeRefund(state, refundId, { status: 'unknown', wait: { askAt, waitMs } });
    }
    case 'PaymentRefunded': {
      const { refundId, paymentId, amount } = event.data;
      const round = state.refunds[refundId]?.round ?? 1;
      const made = { status: 'refunded', wait: undefined, told: true, cameBack: false } as const;
      return withRefund(state, { refundId, paymentId, amount, round, ...made });
    }
    case 'RefundFailed':
      return changeRefund(state, event.data.refundId, { status: 'failed', wait: undefined });
    case 'RefundCameBack':
      return changeRefund(state, event.data.refundId, { status: 'failed', wait: undefined, cameBack: true });
    case 'RefundMadeAgain':
      return changeRefund(state, event.data.refundId, { status: 'refunded', wait: undefined });
    case 'PaymentDisputed':
      return { ...state, disputes: { ...state.disputes, [event.data.disputeId]: 'open' } };
    case 'PaymentDisputeClosed':
      return { ...state, disputes: { ...state.disputes, [event.data.disputeId]: 'closed' } };
    case 'AuthorisationKept':
      return withAuthorisation(state, { ...event.data, status: 'kept', wait: undefined });
    case 'AuthorisationReleaseStarted':
      return changeAuthorisation(state, event.data.attempts, { status: 'asking' });
    case 'AuthorisationUnanswered': {
      const { attempts, askAt, waitMs } = event.data;
      return changeAuthorisation(state, attempts, { status: 'unknown', wait: { askAt, waitMs } });
    }
    case 'AuthorisationReleased':
      return changeAuthorisation(state, event.data.attempts, { status: 'over', wait: undefined });
    case 'ChargeSettledByPerson':
      return changeAttempt(withSettlement(state, event.data, 'settled'), event.data.paymentId, {
        settledByPerson: true,
      });
    case 'SettlementCameTooLate':
      return withSettlement(state, event.data, 'too late');
    case 'ChargeReportMismatched':
    case 'RefundRetriedByPerson':
    case 'RefundSettledByPerson':
      // Who did what and why: for people, not for the next decision.
      return state;
    default:
      return unreachable(event);
  }
}

function newAttempt(charge: Charge): Attempt {
  return {
    ...chargeOf(charge),
    payment: undefined,
    status: 'asking',
    wait: undefined,
    unsettledAt: 0,
    unsettled: false,
    surplus: false,
    provider: undefined,
    reference: undefined,
  };
}

function pick({ payment, unsettledAt }: Extract<Event, { readonly type: 'ChargeRequested' }>['data']) {
  return { payment, unsettledAt };
}

/** Cash and charges that were never tried have no ChargeRequested before their outcome. */
function attemptOr(state: State, charge: Charge): Attempt {
  return state.attempts[charge.paymentId] ?? newAttempt(charge);
}

function withAttempt(state: State, attempt: Attempt): State {
  return { ...state, attempts: { ...state.attempts, [attempt.paymentId]: attempt } };
}

function changeAttempt(state: State, paymentId: string, change: Partial<Attempt>): State {
  const attempt = state.attempts[paymentId];
  if (attempt === undefined) throw new Error(`payment ${paymentId} was never asked for`);
  return withAttempt(state, { ...attempt, ...change });
}

type Said = Extract<Event, { readonly type: 'ChargeSettledByPerson' }>['data'];

function withSettlement(state: State, { paymentId, settlementId }: Said, decided: 'settled' | 'too late'): State {
  if (settlementId === undefined) return state;
  const settlements = { ...state.attempts[paymentId]?.settlements, [settlementId]: decided };
  return changeAttempt(state, paymentId, { settlements });
}

function withRefund(state: State, refund: Refund): State {
  return { ...state, refunds: { ...state.refunds, [refund.refundId]: refund } };
}

function changeRefund(state: State, refundId: string, change: Partial<Refund>): State {
  const refund = state.refunds[refundId];
  if (refund === undefined) throw new Error(`refund ${refundId} was never asked for`);
  return withRefund(state, { ...refund, ...change });
}

function withAuthorisation(state: State, authorisation: Authorisation): State {
  return { ...state, authorisations: { ...state.authorisations, [authorisation.attempts]: authorisation } };
}

function changeAuthorisation(state: State, attempts: number, change: Partial<Authorisation>): State {
  const authorisation = state.authorisations[attempts];
  if (authorisation === undefined) throw new Error(`authorisation ${attempts} was never begun`);
  return withAuthorisation(state, { ...authorisation, ...change });
}
