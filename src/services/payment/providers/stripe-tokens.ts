import type { CardTokens } from '../../../contracts/payment.ts';

/** An id of Stripe's is shorter than this. */
const method = /^pm_[A-Za-z0-9_]{1,190}$/;
const intent = /^pi_[A-Za-z0-9_]{1,190}$/;

/** Whether a token is a payment that the customer has authorised in the browser, not a card. */
export function isAuthorisation(token: string): boolean {
  return intent.test(token);
}

/** What is sent as a card: a PaymentMethod, or a PaymentIntent of ours that was authorised in the browser. */
export const stripeTokens: CardTokens = {
  looksKnown: (token) => method.test(token) || intent.test(token),
  wanted: 'is neither a PaymentMethod of Stripe (pm_…) nor a PaymentIntent that was authorised there (pi_…)',
};
