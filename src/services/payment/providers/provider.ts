import type { Money } from '../../../contracts/money.ts';

/**
 * What every payment provider can be asked. Each call carries an idempotency key: the same key is the same charge or
 * refund, however often it is asked for. A definite answer is returned; whatever is thrown (a lost connection, an
 * aborted wait, a server error) means that nobody knows, and is asked again under the same key.
 */
export interface PaymentProvider {
  readonly name: string;
  /** Takes money. `pending`: accepted, the outcome follows. */
  charge(request: ChargeRequest, signal: AbortSignal): Promise<ChargeOutcome>;
  /** Gives money back. */
  refund(request: RefundRequest, signal: AbortSignal): Promise<RefundOutcome>;
  /** What became of a charge; `none` when the provider has never heard of the key. */
  lookup(key: string, signal: AbortSignal): Promise<ChargeOutcome | { readonly outcome: 'none' }>;
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
  readonly bookingId: string;
  readonly amount: Money;
}

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

/** The provider could not be reached or did not answer: the outcome is unknown. */
export class ProviderUnavailable extends Error {
  override readonly name = 'ProviderUnavailable';
  readonly code = 'provider_unavailable';
  readonly retryable = true;
}
