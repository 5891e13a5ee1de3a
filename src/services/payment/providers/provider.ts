import type { Money } from '../../../contracts/money.ts';

/**
 * What every payment provider can be asked. Each call carries an idempotency key: the same key is the same charge or
 * refund, however often it is asked for. A definite answer is returned; whatever is thrown (a lost connection, an
 * aborted wait, a server error) means that nobody knows, and is asked again under the same key.
 */
export interface PaymentProvider {
  readonly name: string;
  /** Who waits longer for an answer counts it as lost, in milliseconds. */
  readonly answerWithinMs: number;
  /** Takes money. `pending`: accepted, the outcome follows. */
  charge(request: ChargeRequest, signal: AbortSignal): Promise<ChargeOutcome>;
  /** Gives money back. */
  refund(request: RefundRequest, signal: AbortSignal): Promise<RefundOutcome>;
  /**
   * What became of a charge, asked with all that was asked for; `none` when nothing was tried under its key. Takes no money.
   */
  lookup(request: ChargeRequest, signal: AbortSignal): Promise<ChargeOutcome | { readonly outcome: 'none' }>;
  /** Lets go of what a customer has authorised, or may still authorise, and has not paid with. Never touches what was captured. */
  release(request: ReleaseRequest, signal: AbortSignal): Promise<ReleaseOutcome>;
  /** Key of the charge that the provider calls so; `undefined` where it is none of ours. */
  chargeNamed(reference: string, signal: AbortSignal): Promise<string | undefined>;
  readonly webhooks: ProviderWebhooks;
}

export interface ChargeRequest {
  readonly key: string;
  readonly bookingId: string;
  readonly amount: Money;
  readonly token: string;
  readonly description: string;
}

export interface RefundRequest {
  readonly key: string;
  /** Key of the charge whose money goes back. */
  readonly chargeKey: string;
  /** What the provider called that charge, where its answer is known. */
  readonly chargeReference: string | undefined;
  readonly bookingId: string;
  readonly amount: Money;
}

export interface ReleaseRequest {
  readonly bookingId: string;
  /** Tries to pay before the one it was authorised for. */
  readonly attempts: number;
  readonly amount: Money;
  /** Milliseconds since 1970. */
  readonly begunAt: number;
}

/** `nothing`: it was paid with, let go before, or never there. `pending`: it cannot be let go at the moment. */
export type ReleaseOutcome = 'released' | 'nothing' | 'pending';

export interface ProviderError {
  readonly code: string;
  readonly message: string;
}

export type ChargeOutcome =
  | { readonly outcome: 'succeeded'; readonly reference: string; readonly amount: Money }
  | { readonly outcome: 'declined'; readonly error: ProviderError }
  | { readonly outcome: 'pending' };

export type RefundOutcome =
  | { readonly outcome: 'succeeded'; readonly reference: string }
  | { readonly outcome: 'declined'; readonly error: ProviderError }
  | { readonly outcome: 'pending' };

/** What a provider says by itself. */
export interface ProviderWebhooks {
  /** Whether the headers prove that these very bytes came from the provider, and lately. */
  isGenuine(body: Buffer, headers: WebhookHeaders): boolean;
  /** What a genuine report says. */
  read(report: unknown, headers: WebhookHeaders): ProviderReport;
  /** What a person may have of a genuine report, as JSON: all of it but for secrets and what tells of people. */
  kept(report: unknown): string;
}

export type WebhookHeaders = Readonly<Record<string, unknown>>;

/** `webhookId` names the report: sent again it is the same one. */
export type ProviderReport = { readonly webhookId: string } & (
  | { readonly about: 'charge'; readonly key: string; readonly report: ChargeReport }
  /** A refund that was accepted, and failed later. */
  | { readonly about: 'failed refund'; readonly key: string; readonly why: string }
  /** A customer's bank disputes a charge, or does so no longer (`outcome`); `reference` is the provider's name of the charge. */
  | { readonly about: 'dispute'; readonly reference: string; readonly dispute: DisputeReport }
  | { readonly about: 'nothing of ours' }
  /** About ours, maybe: a person has to look. */
  | { readonly about: 'something unknown' }
);

export interface DisputeReport {
  readonly disputeId: string;
  readonly amount: Money;
  /** The provider's code for it. */
  readonly reason: string;
  readonly outcome?: 'won' | 'lost' | 'closed' | undefined;
}

export type ChargeReport = Exclude<ChargeOutcome, { readonly outcome: 'pending' }>;

/** The provider could not be reached or did not answer: the outcome is unknown. */
export class ProviderUnavailable extends Error {
  override readonly name = 'ProviderUnavailable';
  readonly code = 'provider_unavailable';
  readonly retryable = true;
}
