import type Stripe from 'stripe';
import { fromStripe } from './stripe-amounts.ts';
import { idOf, paymentOf, type StripeAccount, stripeClient } from './stripe-client.ts';
import { outcomeOf } from './stripe-outcomes.ts';

/** What Stripe's books say of a charge or refund of ours, in our units. */
export interface StripeEntry {
  readonly entryId: string;
  /** Our id of it; empty for a refund that was made there by hand. */
  readonly key: string;
  readonly type: 'charge' | 'refund';
  readonly bookingId: string;
  readonly amount: number;
  readonly currency: string;
  readonly outcome: 'succeeded' | 'declined';
}

const perPage = 100;

/** All charges and refunds of ours that have come to an end, page by page. What others do in the same account is passed by. */
export async function* stripeBooks(account: StripeAccount): AsyncGenerator<StripeEntry> {
  const stripe = stripeClient(account);
  const bookings = new Map<string, string>();
  for await (const intent of stripe.paymentIntents.list({ limit: perPage })) {
    const key = paymentOf(intent);
    if (key === undefined) continue;
    const bookingId = intent.metadata[idOf.booking] ?? '';
    bookings.set(intent.id, bookingId);
    const { outcome } = outcomeOf(intent);
    if (outcome === 'none' || outcome === 'pending') continue;
    const amount = outcome === 'succeeded' ? intent.amount_received : intent.amount;
    const money = fromStripe({ amount, currency: intent.currency });
    yield { ...{ entryId: intent.id, key, type: 'charge', bookingId, outcome }, ...money };
  }
  for await (const refund of stripe.refunds.list({ limit: perPage })) {
    const bookingId = bookings.get(intentIdOf(refund));
    if (bookingId === undefined || refund.status === 'pending' || refund.status === 'requires_action') continue;
    const outcome = refund.status === 'succeeded' ? 'succeeded' : 'declined';
    const key = refund.metadata?.[idOf.refund] ?? '';
    yield { ...{ entryId: refund.id, key, type: 'refund', bookingId, outcome }, ...fromStripe(refund) };
  }
}

function intentIdOf({ payment_intent: intent }: Stripe.Refund): string {
  return typeof intent === 'string' ? intent : (intent?.id ?? '');
}
