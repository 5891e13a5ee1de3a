import Stripe from 'stripe';
import type { ChargeOutcome, ProviderError, RefundOutcome } from './provider.ts';
import { fromStripe } from './stripe-amounts.ts';

/** What Stripe's answers mean: taken, refused for good, or not known yet. */

/** What a customer is told, by code; the bank's other reasons are nobody's business but the bank's. */
const messages: Readonly<Record<string, string>> = {
  authentication_required: 'The bank wants you to confirm this payment. Confirm it, or use another card.',
  card_not_supported: 'The card does not support this kind of payment.',
  currency_not_supported: 'The card does not support this currency.',
  expired_card: 'The card has expired.',
  incorrect_cvc: 'The security code of the card is wrong.',
  incorrect_number: 'The number of the card is wrong.',
  insufficient_funds: 'The card does not have enough money on it.',
  processing_error: 'The card could not be processed. Try again in a moment.',
  canceled: 'The payment was cancelled.',
  amount_not_chargeable: 'This amount cannot be charged by card.',
  token_unusable: 'The card cannot be used for this payment. Enter it again, or use another one.',
  authorisation_unknown: 'There is no such authorised payment.',
  authorisation_of_another: 'The payment was authorised for something else.',
  authorisation_expired:
    'The bank no longer keeps the money for this payment. Authorise it again, or use another card.',
  authorisation_used: 'The authorised payment was used already.',
  not_authorised: 'The payment was not authorised.',
};

/** A refusal in our words. */
export function refused(code: string): { readonly outcome: 'declined'; readonly error: ProviderError } {
  const message = Object.hasOwn(messages, code) ? messages[code] : undefined;
  // A card that was stolen or looks like fraud is only declined, for whoever holds it.
  return message === undefined
    ? { outcome: 'declined', error: { code: 'card_declined', message: 'The card was declined.' } }
    : { outcome: 'declined', error: { code, message } };
}

interface Told {
  readonly code?: string | null | undefined;
  readonly decline_code?: string | null | undefined;
}

/** How Stripe says, by one code or the other, that the bank wants a confirmation which nobody was there to give. */
const unconfirmed: ReadonlySet<string> = new Set([
  ...['authentication_required', 'authentication_not_handled', 'requires_action_not_handled'],
]);

/** A card that was declined, by the reason that Stripe gives. */
export function declined({ decline_code: reason, code }: Told): ReturnType<typeof refused> {
  if (unconfirmed.has(reason ?? '') || unconfirmed.has(code ?? '')) return refused('authentication_required');
  // Where there is no reason, the library has an empty one.
  return refused(reason || code || 'card_declined');
}

/** What became of a payment that Stripe tries by itself once it is confirmed; `none`: it never was. */
export function outcomeOf(intent: Stripe.PaymentIntent): ChargeOutcome | { readonly outcome: 'none' } {
  const { status, currency, last_payment_error: error } = intent;
  switch (status) {
    case 'succeeded':
      return taken(intent.id, { amount: intent.amount_received, currency });
    case 'canceled':
      return refused('canceled');
    case 'requires_confirmation':
    case 'requires_payment_method':
      return error === null ? { outcome: 'none' } : declined(error);
    default:
      // Being worked on, or in a state that somebody has to look at: not known yet.
      return { outcome: 'pending' };
  }
}

function taken(reference: string, received: { readonly amount: number; readonly currency: string }): ChargeOutcome {
  return { outcome: 'succeeded', reference, amount: fromStripe(received) };
}

/** Whether Stripe says for good that an amount or a currency cannot be charged; nothing was made of it. */
export function refusalOfAmount(error: unknown): ChargeOutcome | undefined {
  if (!(error instanceof Stripe.errors.StripeInvalidRequestError)) return undefined;
  return error.param === 'amount' || error.param === 'currency' ? refused('amount_not_chargeable') : undefined;
}

/** Whether a confirmation was refused for good: by the card's bank, or since the token is of no use. */
export function refusalOfCard(error: unknown): ChargeOutcome | undefined {
  if (error instanceof Stripe.errors.StripeCardError) return declined(error);
  if (!(error instanceof Stripe.errors.StripeInvalidRequestError)) return undefined;
  if (unconfirmed.has(error.code ?? '')) return declined(error);
  return error.param?.startsWith('payment_method') === true ? refused('token_unusable') : undefined;
}

/** How Stripe says that what the bank had agreed to is over (https://docs.stripe.com/error-codes). */
const expired: ReadonlySet<string> = new Set([
  ...['charge_expired_for_capture', 'capture_charge_authorization_expired', 'capture_unauthorized_payment'],
]);

/**
 * Whether the capture of what was authorised was refused for good: by the card's bank, or since its word has expired. That it
 * is in another state than it was a moment ago is no refusal: it is looked at again.
 */
export function refusalOfCapture(error: unknown): ChargeOutcome | undefined {
  if (error instanceof Stripe.errors.StripeCardError) return declined(error);
  if (!(error instanceof Stripe.errors.StripeInvalidRequestError)) return undefined;
  return expired.has(error.code ?? '') ? refused('authorisation_expired') : undefined;
}

/** What became of a refund. One that failed later is told by a webhook. */
export function outcomeOfRefund({ id, status, failure_reason: reason }: Stripe.Refund): RefundOutcome {
  if (status === 'succeeded') return { outcome: 'succeeded', reference: id };
  if (status !== 'failed' && status !== 'canceled') return { outcome: 'pending' };
  return refusedRefund(reason ?? status);
}

/** A refund that was refused: for staff, who see the provider's own code. */
export function refusedRefund(code: string): Extract<RefundOutcome, { readonly outcome: 'declined' }> {
  return { outcome: 'declined', error: { code, message: `Stripe refused the refund: ${code}.` } };
}

/** Whether a refund was refused for good: too much, none left, disputed. Every such no is listed for a person. */
export function refusalOfRefund(error: unknown): RefundOutcome | undefined {
  if (!(error instanceof Stripe.errors.StripeInvalidRequestError)) return undefined;
  return refusedRefund(error.code ?? (error.param === 'amount' ? 'amount_exceeds_charge' : 'refund_not_possible'));
}
