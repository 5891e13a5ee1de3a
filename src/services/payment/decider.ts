/**
 * The payments of one booking: its charges, one attempt after the other, its refunds, and what was only authorised.
 *
 * A charge is
 *   asking      ChargeRequested or ChargeAsked is out: an effect talks to the provider.
 *   unknown     No definite answer came. It is asked again at `askAt`, a little later each time, for as long as it takes;
 *               after a while PaymentUnsettled is published, once, so that a person looks. No clock decides it.
 *   succeeded   The money was captured. Final: captured never goes back to anything else.
 *   failed      Declined, or never tried. Final unless the provider captured it after all: then that is the truth.
 * A refund is asking, unknown (asked again under the same key), refunded, or failed until a person tries it again; one that was
 * refunded may still come back, and is failed then. A dispute is open or closed, and changes nothing else.
 * An authorisation is kept until the hold is over, then asking, unknown (asked again) or over (decide-authorisation.ts).
 *
 * Whatever brings the news (the call's answer, a look-up, a webhook, a person), the first definite outcome is published
 * and the same news again is nothing. A second attempt is never charged while another one has captured or may have.
 */
import { type Decider, unreachable } from '../../contracts/decider.ts';
import {
  authorisationsDue,
  onAuthorisationAnswer,
  onAuthorisationBegun,
  wakeForAuthorisation,
} from './decide-authorisation.ts';
import {
  chargesDue,
  onCaptured,
  onDeclined,
  onDisputeReported,
  onReported,
  onSettlement,
  onUnknown,
  onValidated,
} from './decide-charge.ts';
import {
  onRefundAnswer,
  onRefundReported,
  onRefundRequested,
  onRefundRetried,
  onRefundSettled,
  refundsDue,
} from './decide-refund.ts';
import { evolve } from './evolve.ts';
import type { Attempt, Event, Input, Refund, State } from './state.ts';

export const initialState: State = { attempts: {}, refunds: {}, authorisations: {}, disputes: {} };

export function decide(state: State, input: Input): readonly Event[] {
  switch (input.type) {
    case 'BookingValidated':
      return onValidated(state, input);
    case 'ChargeSucceeded':
      return onCaptured(state, input.paymentId, input);
    case 'ChargeDeclined':
      return onDeclined(state, input.paymentId, input);
    case 'ChargeUnknown':
      return onUnknown(state, input);
    case 'ProviderReported':
      return onReported(state, input);
    case 'SettlementRequested':
      return onSettlement(state, input);
    case 'RefundRequested':
      return onRefundRequested(state, input.data);
    case 'RefundSucceeded':
    case 'RefundDeclined':
    case 'RefundUnknown':
      return onRefundAnswer(state, input);
    case 'RefundReported':
      return onRefundReported(state, input);
    case 'DisputeReported':
      return onDisputeReported(state, input);
    case 'RefundSettlementRequested':
      return onRefundSettled(state, input);
    case 'RefundRetryRequested':
      return onRefundRetried(state, input);
    case 'PaymentAuthorisationBegun':
      return onAuthorisationBegun(state, input);
    case 'AuthorisationOver':
    case 'AuthorisationUnknown':
      return onAuthorisationAnswer(state, input);
    case 'DeadlineReached':
      return [...chargesDue(state, input.at), ...refundsDue(state, input.at), ...authorisationsDue(state, input.at)];
    default:
      return unreachable(input);
  }
}

/** The next question to ask again, the moment an unknown charge becomes a person's business, or an authorisation is let go. */
export function deadline(state: State): number | undefined {
  const moments = [
    ...Object.values(state.attempts).flatMap(wakeFor),
    ...Object.values(state.refunds).flatMap(askAgain),
    ...Object.values(state.authorisations).flatMap((each) => wakeForAuthorisation(state, each) ?? []),
  ];
  return moments.length === 0 ? undefined : Math.min(...moments);
}

function wakeFor(attempt: Attempt): readonly number[] {
  if (attempt.status !== 'unknown') return [];
  return attempt.unsettled ? askAgain(attempt) : [...askAgain(attempt), attempt.unsettledAt];
}

function askAgain({ status, wait }: Attempt | Refund): readonly number[] {
  return status === 'unknown' && wait !== undefined ? [wait.askAt] : [];
}

export const payments: Decider<State, Input, Event> = { initialState, decide, evolve, deadline };
