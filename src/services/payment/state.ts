import type { BookingValidated, PaymentError, RefundRequested } from '../../contracts/booking.ts';
import type { Fact, InputContext } from '../../contracts/decider.ts';
import type { DataOf } from '../../contracts/event.ts';
import type { Money } from '../../contracts/money.ts';
import type { DisputeOutcome, PaymentEvent } from '../../contracts/payment.ts';
import type { Payment, PaymentAuthorisationBegun } from '../../contracts/user.ts';

/** What is remembered of a booking's payments, what they hear and what they say. */

/** Waits between two questions: doubling from the first to the longest. */
export const askAfterMs = 1_000;
export const askAfterMaxMs = 30_000;
/** Who has captured what a person has settled as captured. */
export const settledByHand = 'by-hand';
/** The error of a charge that a person has called failed. */
export const settledByPersonCode = 'settled_by_person';
/** A booking tries a few charges; more than this is no booking of ours. */
export const attemptsKeptMax = 100;

/** What names a charge in every fact about it. */
export interface Charge {
  readonly bookingId: string;
  readonly showId: string;
  readonly userId: string;
  readonly paymentId: string;
  readonly attempt: number;
  readonly amount: Money;
}

/** A charge with what the provider has to be told. */
export interface ChargeIntent extends Charge {
  readonly payment: Payment;
  readonly unsettledAt: number;
}

/** When to ask again: milliseconds since 1970, and the wait that led there. */
export interface Wait {
  readonly askAt: number;
  readonly waitMs: number;
}

export interface Attempt extends Charge {
  readonly payment: Payment | undefined;
  readonly status: 'asking' | 'unknown' | 'succeeded' | 'failed';
  readonly wait: Wait | undefined;
  readonly unsettledAt: number;
  readonly unsettled: boolean;
  /** Captured although it had been called failed: it does not count as the booking's payment. */
  readonly surplus: boolean;
  /** A person has said what came of it. Absent in streams that were begun without. */
  readonly settledByPerson?: boolean | undefined;
  /** What became of what people have said, by its id. Absent in streams that were begun without. */
  readonly settlements?: Readonly<Record<string, 'settled' | 'too late'>> | undefined;
  readonly provider: string | undefined;
  readonly reference: string | undefined;
}

export interface Refund {
  readonly refundId: string;
  readonly paymentId: string;
  readonly amount: Money;
  /** `due`: cash, until a person says that it was handed out. */
  readonly status: 'asking' | 'unknown' | 'due' | 'refunded' | 'failed';
  readonly wait: Wait | undefined;
  /** Counts the tries that a person has asked for: each needs a key of its own. */
  readonly round: number;
  /** It was published as made, whatever became of it since. */
  readonly told: boolean;
  /** The provider has said of this try that it failed in the end: an answer from before that is old. */
  readonly cameBack: boolean;
}

/** A payment that the customer was given to authorise in the browser, for one try. */
export interface AuthorisationIntent {
  readonly bookingId: string;
  readonly showId: string;
  readonly userId: string;
  /** Tries to pay before it: with the booking they name it. */
  readonly attempts: number;
  readonly amount: Money;
  readonly begunAt: number;
}

export interface Authorisation extends AuthorisationIntent {
  readonly status: 'kept' | 'asking' | 'unknown' | 'over';
  readonly releaseAt: number;
  readonly wait: Wait | undefined;
}

export interface State {
  readonly attempts: Readonly<Record<string, Attempt>>;
  readonly refunds: Readonly<Record<string, Refund>>;
  /** By the provider's ids: whether the bank of a customer has decided. */
  readonly disputes: Readonly<Record<string, 'open' | 'closed'>>;
  /** By the tries before them. */
  readonly authorisations: Readonly<Record<number, Authorisation>>;
}

/** What every fact about a refund carries that people may see. */
export type RefundFact = Omit<RefundIntent, 'chargeReference' | 'round'>;

/** What is asked of the provider to give money back; `amount` is what goes back. */
export interface RefundIntent {
  readonly bookingId: string;
  readonly showId: string;
  readonly userId: string;
  readonly paymentId: string;
  readonly refundId: string;
  readonly amount: Money;
  /** What the provider called the charge; those that were asked for earlier do not carry it. */
  readonly chargeReference?: string | undefined;
  readonly round: number;
}

type Reported =
  | { readonly outcome: 'succeeded'; readonly reference: string; readonly amount: Money }
  | { readonly outcome: 'declined'; readonly error: PaymentError };

/** How often the provider was asked in a row for an answer, where once was not enough. */
export interface Tried {
  readonly tries?: number | undefined;
}

export type ChargeAnswer = Tried &
  (
    | {
        readonly type: 'ChargeSucceeded';
        readonly paymentId: string;
        readonly provider: string;
        readonly reference: string;
      }
    | { readonly type: 'ChargeDeclined'; readonly paymentId: string; readonly error: PaymentError }
    | { readonly type: 'ChargeUnknown'; readonly paymentId: string }
  );
export type RefundAnswer = Tried &
  (
    | { readonly type: 'RefundSucceeded'; readonly refundId: string; readonly reference: string }
    | { readonly type: 'RefundDeclined'; readonly refundId: string; readonly error: PaymentError }
    | { readonly type: 'RefundUnknown'; readonly refundId: string }
  );

export type AuthorisationAnswer =
  | {
      readonly type: 'AuthorisationOver';
      readonly attempts: number;
      /** Whether there was anything to let go. */
      readonly released: boolean;
    }
  | { readonly type: 'AuthorisationUnknown'; readonly attempts: number };

/** A refund that the provider had taken, and that failed later. */
export type RefundReported = {
  readonly type: 'RefundReported';
  readonly refundId: string;
  readonly round: number;
  readonly error: PaymentError;
};
export type ChargeReported = {
  readonly type: 'ProviderReported';
  readonly paymentId: string;
  readonly provider: string;
  readonly report: Reported;
};
export type DisputeReported = {
  readonly type: 'DisputeReported';
  readonly paymentId: string;
  readonly disputeId: string;
  readonly amount: Money;
  readonly reason: string;
  /** How it ended; absent while it is open. */
  readonly outcome?: DisputeOutcome | undefined;
};
export type Settlement = {
  readonly type: 'SettlementRequested';
  readonly paymentId: string;
  readonly outcome: 'succeeded' | 'failed';
  readonly why: string;
  readonly who: string;
  /** Names it, for whoever waits for the decision. Absent where it was asked for earlier. */
  readonly settlementId?: string | undefined;
};
export type RefundSettlement = {
  readonly type: 'RefundSettlementRequested';
  readonly refundId: string;
  readonly why: string;
  readonly who: string;
};
export type RefundRetry = { readonly type: 'RefundRetryRequested'; readonly refundId: string; readonly who: string };

export type Validated = {
  readonly type: 'BookingValidated';
  readonly data: DataOf<typeof BookingValidated>;
  readonly unsettledAfterMs: number;
  /** The ways to pay that are on. */
  readonly methodsOn: readonly ('card' | 'cash')[];
};
export type RefundWanted = { readonly type: 'RefundRequested'; readonly data: DataOf<typeof RefundRequested> };

export type AuthorisationBegun = {
  readonly type: 'PaymentAuthorisationBegun';
  readonly data: DataOf<typeof PaymentAuthorisationBegun>;
};

export type Input = InputContext &
  (
    | Validated
    | RefundWanted
    | ChargeAnswer
    | RefundAnswer
    | AuthorisationBegun
    | AuthorisationAnswer
    | ChargeReported
    | RefundReported
    | DisputeReported
    | Settlement
    | RefundRetry
    | RefundSettlement
    | { readonly type: 'DeadlineReached' }
  );

export type Event =
  | PaymentEvent
  | Fact<'ChargeRequested', ChargeIntent>
  | Fact<'ChargeAsked', ChargeIntent>
  | Fact<'ChargeUnanswered', { readonly paymentId: string } & Wait & Tried>
  | Fact<'ChargeCapturedAfterAll', { readonly paymentId: string }>
  | Fact<'ChargeReportMismatched', { readonly paymentId: string; readonly provider: string; readonly reported: Money }>
  | Fact<'ChargeSettledByPerson', Omit<Settlement, 'type'>>
  | Fact<'SettlementCameTooLate', Omit<Settlement, 'type'>>
  | Fact<'AuthorisationKept', AuthorisationIntent & { readonly releaseAt: number }>
  | Fact<'AuthorisationReleaseStarted', AuthorisationIntent>
  | Fact<'AuthorisationUnanswered', { readonly attempts: number } & Wait>
  | Fact<'AuthorisationReleased', { readonly attempts: number; readonly released: boolean }>
  | Fact<'RefundStarted', RefundIntent>
  | Fact<'CashRefundDue', RefundFact>
  | Fact<'RefundUnanswered', { readonly refundId: string } & Wait & Tried>
  | Fact<'RefundCameBack', RefundFact & { readonly error: PaymentError } & Tried>
  | Fact<'RefundMadeAgain', RefundFact & { readonly providerReference: string } & Tried>
  | Fact<'RefundSettledByPerson', Omit<RefundSettlement, 'type'>>
  | Fact<'RefundRetriedByPerson', Omit<RefundRetry, 'type'>>;

/** The wait before the next question: twice as long as the one before. */
export function nextWait(before: Wait | undefined, at: number, waitMsMax = askAfterMaxMs): Wait {
  const waitMs = before === undefined ? askAfterMs : Math.min(before.waitMs * 2, waitMsMax);
  return { askAt: at + waitMs, waitMs };
}

/** What a fact says of the tries that led to it: nothing where the first was answered. */
export function triesOf({ tries }: Tried): { readonly tries?: number } {
  return tries === undefined ? {} : { tries };
}

/** The ids and the amount that every published fact about a charge carries. */
export function chargeOf({ bookingId, showId, userId, paymentId, attempt, amount }: Charge): Charge {
  return { bookingId, showId, userId, paymentId, attempt, amount };
}
