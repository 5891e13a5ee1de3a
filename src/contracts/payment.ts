import { z } from 'zod';
import { event, type FactOf } from './event.ts';
import { bookingId, paymentId, refundId, showId, userId } from './ids.ts';
import { type Money, money } from './money.ts';

/** What the payment service publishes: definite outcomes, the openly unknown, and what banks say later. */

const about = { bookingId, showId, userId, paymentId };
const error = z.object({ code: z.string(), message: z.string() });
/** How often the provider was asked in a row before it answered, where once was not enough. */
const tries = z.int().min(2).optional();

export const PaymentSucceeded = event(
  'PaymentSucceeded',
  'The provider has captured the money.',
  z.object({
    ...about,
    attempt: z.int().min(1),
    amount: money,
    provider: z.string(),
    providerReference: z.string(),
    tries,
  }),
);

export const PaymentFailed = event(
  'PaymentFailed',
  'The provider declined; nothing was captured.',
  z.object({ ...about, attempt: z.int().min(1), amount: money, error, tries }),
);

export const PaymentUnsettled = event(
  'PaymentUnsettled',
  'The outcome of a charge has been unknown for too long; asking goes on, and a person should look.',
  z.object({ ...about, attempt: z.int().min(1), amount: money }),
);

export const PaymentRefunded = event(
  'PaymentRefunded',
  'The provider has given money back, or a person has handed it out.',
  z.object({ ...about, refundId, amount: money, providerReference: z.string(), tries }),
);

export const RefundFailed = event(
  'RefundFailed',
  'The provider refused a refund; a person has to look.',
  z.object({ ...about, refundId, amount: money, error, tries }),
);

const dispute = { ...about, disputeId: z.string().max(200), amount: money, reason: z.string().max(100) };
const disputeOutcome = z.enum(['won', 'lost', 'closed']);
export type DisputeOutcome = z.infer<typeof disputeOutcome>;

export const PaymentDisputed = event(
  'PaymentDisputed',
  "A customer's bank disputes a charge: the provider takes the money back unless a person answers it in time.",
  z.object(dispute),
);

export const PaymentDisputeClosed = event(
  'PaymentDisputeClosed',
  'A dispute is over: won, lost (the money is gone), or closed without either.',
  z.object({ ...dispute, outcome: disputeOutcome }),
);

export const paymentEvents = [
  PaymentSucceeded,
  PaymentFailed,
  PaymentUnsettled,
  PaymentRefunded,
  RefundFailed,
  PaymentDisputed,
  PaymentDisputeClosed,
] as const;
export type PaymentEvent = FactOf<typeof paymentEvents>;

/** The reference of what a person has settled: the provider's books have no row for it. */
export const settledByPersonReference = 'settled-by-person';

/** The reference of what came in or went out at the till. */
export const cashDeskReference = 'cash-desk';

/** What a provider takes for a card, judged by its looks alone, at the door. */
export interface CardTokens {
  looksKnown(token: string): boolean;
  /** What is wrong with any other token. */
  readonly wanted: string;
}

/** Makes payments that a customer authorises in the browser; nothing is taken before such a one is paid with. */
export interface CardAuthorisations {
  /**
   * One for a booking's next try: the same for the same number of attempts before it. `undefined` where the provider cannot
   * charge the amount; throws, retryable, where it does not answer.
   */
  begin(request: AuthorisationRequest, signal: AbortSignal): Promise<CardAuthorisation | undefined>;
}

export interface AuthorisationRequest {
  readonly bookingId: string;
  readonly attempts: number;
  readonly amount: Money;
}

/** What the browser needs for it. */
export interface CardAuthorisation {
  readonly provider: string;
  readonly publishableKey: string;
  readonly paymentIntent: string;
  readonly clientSecret: string;
}
