import type { PaymentError } from '../../contracts/booking.ts';
import type { InputContext } from '../../contracts/decider.ts';
import { unreachable } from '../../contracts/decider.ts';
import { cashDeskReference, settledByPersonReference } from '../../contracts/payment.ts';
import {
  type Attempt,
  attemptsKeptMax,
  type ChargeReported,
  chargeOf,
  type DisputeReported,
  type Event,
  nextWait,
  type Settlement,
  type State,
  settledByHand,
  settledByPersonCode,
  type Tried,
  triesOf,
  type Validated,
} from './state.ts';

/** Charges: asked for, answered, asked again, disputed. */

/** A bank disputes a charge once or twice; more than this is no booking of ours. */
const disputesKeptMax = 100;

export function onValidated(state: State, input: Validated & InputContext): readonly Event[] {
  const { payment, movieTitle: _, ...charge } = input.data;
  // One payment id is one charge.
  if (state.attempts[charge.paymentId] !== undefined) return [];
  const others = Object.values(state.attempts);
  if (others.length >= attemptsKeptMax) throw new Error(`booking ${charge.bookingId} wants too many charges`);
  if (others.some((other) => other.status !== 'failed' && !other.surplus)) {
    // Never take money twice: another attempt has captured, or nobody knows yet.
    const error = { code: 'payment_exists', message: 'Another payment of this booking succeeded or is still open.' };
    return [{ type: 'PaymentFailed', data: { ...charge, error } }];
  }
  if (!input.methodsOn.includes(payment.method)) {
    const error = {
      code: 'method_off',
      message: 'This way to pay is switched off at the moment; nothing was charged.',
    };
    return [{ type: 'PaymentFailed', data: { ...charge, error } }];
  }
  if (payment.method === 'cash') {
    // The till has the money already: who took it is signed in as staff.
    return [{ type: 'PaymentSucceeded', data: { ...charge, provider: 'cash', providerReference: cashDeskReference } }];
  }
  const unsettledAt = input.at + input.unsettledAfterMs;
  return [{ type: 'ChargeRequested', data: { ...charge, payment, unsettledAt } }];
}

/** An answer, a look-up or a webhook about a charge that was never asked for is a broken invariant: parked, for a person. */
function attemptOf(state: State, paymentId: string): Attempt {
  const attempt = state.attempts[paymentId];
  if (attempt === undefined) throw new Error(`payment ${paymentId} has an outcome, and was never asked for`);
  return attempt;
}

export function onCaptured(
  state: State,
  paymentId: string,
  by: { readonly provider: string; readonly reference: string } & Tried,
): readonly Event[] {
  const attempt = attemptOf(state, paymentId);
  const succeeded: Event = {
    type: 'PaymentSucceeded',
    data: { ...chargeOf(attempt), provider: by.provider, providerReference: by.reference, ...triesOf(by) },
  };
  switch (attempt.status) {
    case 'asking':
    case 'unknown':
      return [succeeded];
    case 'succeeded':
      return [];
    case 'failed':
      // Called failed (by a person, or by a provider that changed its mind), captured after all. The money is there:
      // booking learns it and gives it back.
      return [{ type: 'ChargeCapturedAfterAll', data: { paymentId } }, succeeded];
    default:
      return unreachable(attempt.status);
  }
}

export function onDeclined(
  state: State,
  paymentId: string,
  declined: { readonly error: PaymentError } & Tried,
): readonly Event[] {
  const attempt = attemptOf(state, paymentId);
  switch (attempt.status) {
    case 'asking':
    case 'unknown':
      return [{ type: 'PaymentFailed', data: { ...chargeOf(attempt), error: declined.error, ...triesOf(declined) } }];
    case 'succeeded':
    // Captured never goes back: an old answer that came late.
    case 'failed':
      return [];
    default:
      return unreachable(attempt.status);
  }
}

export function onUnknown(
  state: State,
  { paymentId, at, tries }: { readonly paymentId: string; readonly at: number } & Tried,
): readonly Event[] {
  const attempt = attemptOf(state, paymentId);
  switch (attempt.status) {
    case 'asking':
      return [
        { type: 'ChargeUnanswered', data: { paymentId, ...nextWait(attempt.wait, at), ...triesOf({ tries }) } },
        ...unsettledBy(attempt, at),
      ];
    case 'unknown':
    // Waiting for its next question already.
    case 'succeeded':
    case 'failed':
      // A webhook or a person was quicker.
      return [];
    default:
      return unreachable(attempt.status);
  }
}

function unsettledBy(attempt: Attempt, at: number): readonly Event[] {
  if (attempt.unsettled || at < attempt.unsettledAt) return [];
  return [{ type: 'PaymentUnsettled', data: chargeOf(attempt) }];
}

export function onReported(state: State, { paymentId, provider, report }: ChargeReported): readonly Event[] {
  if (report.outcome === 'declined') return onDeclined(state, paymentId, report);
  const { amount } = attemptOf(state, paymentId);
  if (report.amount.amount !== amount.amount || report.amount.currency !== amount.currency) {
    // Another amount than was asked for is nobody's payment: kept in the stream for the person who looks at it.
    return [{ type: 'ChargeReportMismatched', data: { paymentId, provider, reported: report.amount } }];
  }
  return onCaptured(state, paymentId, { provider, reference: report.reference });
}

/**
 * A customer's bank takes money back, or asks why it should not. Whether it was captured is not changed by it: the provider
 * takes it from what it pays out, and a person answers.
 */
export function onDisputeReported(state: State, input: DisputeReported): readonly Event[] {
  const { paymentId, disputeId, amount, reason, outcome } = input;
  const { bookingId, showId, userId } = attemptOf(state, paymentId);
  const about = { bookingId, showId, userId, paymentId, disputeId, amount, reason };
  const known = state.disputes[disputeId];
  if (known === undefined && Object.keys(state.disputes).length >= disputesKeptMax)
    throw new Error(`booking ${bookingId} has too many disputes`);
  const opened: readonly Event[] = known === undefined ? [{ type: 'PaymentDisputed', data: about }] : [];
  // Told again, or told of its beginning after its end.
  if (outcome === undefined || known === 'closed') return opened;
  return [...opened, { type: 'PaymentDisputeClosed', data: { ...about, outcome } }];
}

export function onSettlement(state: State, input: Settlement & InputContext): readonly Event[] {
  const attempt = attemptOf(state, input.paymentId);
  const { outcome } = input;
  switch (attempt.status) {
    case 'asking':
    case 'unknown':
      return settle(state, input);
    case 'failed':
      // Nobody asks the provider any more about what a person has called failed: a person may find that it has captured.
      if (attempt.settledByPerson === true && outcome === 'succeeded') return settle(state, input);
      break;
    case 'succeeded':
      break;
    default:
      return unreachable(attempt.status);
  }
  // It settled itself, or somebody else did, while the person was looking.
  return [{ type: 'SettlementCameTooLate', data: saidIn(input) }];
}

function saidIn({ paymentId, outcome, why, who, settlementId }: Settlement): Omit<Settlement, 'type'> {
  return { paymentId, outcome, why, who, settlementId };
}

function settle(state: State, settlement: Settlement): readonly Event[] {
  const { paymentId, outcome } = settlement;
  const settled: Event = { type: 'ChargeSettledByPerson', data: saidIn(settlement) };
  const error = { code: settledByPersonCode, message: 'The payment was looked up and has failed.' };
  const published =
    outcome === 'succeeded'
      ? onCaptured(state, paymentId, { provider: settledByHand, reference: settledByPersonReference })
      : onDeclined(state, paymentId, { error });
  return [settled, ...published];
}

export function chargesDue(state: State, at: number): readonly Event[] {
  const events: Event[] = [];
  for (const attempt of Object.values(state.attempts)) {
    if (attempt.status !== 'unknown') continue;
    events.push(...unsettledBy(attempt, at));
    if (attempt.wait === undefined || attempt.wait.askAt > at || attempt.payment === undefined) continue;
    const { payment, unsettledAt } = attempt;
    events.push({ type: 'ChargeAsked', data: { ...chargeOf(attempt), payment, unsettledAt } });
  }
  return events;
}
