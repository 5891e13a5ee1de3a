import { z } from 'zod';
import { bookingId } from '../../contracts/ids.ts';
import { type Money, money } from '../../contracts/money.ts';
import type { CardAuthorisation, CardAuthorisations } from '../../contracts/payment.ts';
import { type Endpoint, endpoint } from '../../runtime/http/endpoint.ts';
import { Problem } from '../../runtime/http/problem.ts';
import type { FirstAnswer, ServiceRuntime, Transaction } from '../../runtime/service-runtime.ts';
import { bookingFor } from './booking-answers.ts';
import type { BookingDocument } from './booking-document.ts';
import { checkMethod } from './payment-checks.ts';

/** Payments that a customer authorises in the browser, where the bank can ask for a confirmation. */

/** When to ask again a provider that did not answer. */
const retryAfterSeconds = 5;

const authorisation = z.object({
  provider: z.string(),
  publishableKey: z.string(),
  paymentIntent: z.string(),
  clientSecret: z.string(),
  amount: money,
});

/** Makes what the browser authorises; it is paid with by sending its id as the token of a payment. */
export function paymentIntentEndpoint(service: ServiceRuntime): Endpoint {
  return endpoint({
    method: 'POST',
    path: '/bookings/{bookingId}/payment-intents',
    summary:
      'Begin a payment that the customer authorises in the browser; asked again for the same try it is the same one.',
    tag: 'bookings',
    who: ['customer'],
    params: z.strictObject({ bookingId }),
    answers: {
      200: { says: 'What the browser needs; then pay with `paymentIntent` as the token.', body: authorisation },
    },
    problems: ['not_found', 'conflict', 'payment_method_off', 'unavailable'],
    async handle({ params, principal, closing, traceparent }) {
      const authorisations = service.part<CardAuthorisations | undefined>('card-authorisations');
      if (authorisations === undefined)
        throw new Problem('not_found', 'Nothing is authorised in the browser here. Send the token of a card.');
      const document = await bookingFor(service, params.bookingId, (each) => each.userId === principal.userId);
      checkMethod(service, 'card');
      const amount = payable(document);
      const request = { bookingId: document.bookingId, attempts: document.payment.attempts, amount };
      await tell(service, { document, amount, traceparent });
      const made = await authorisations.begin(request, closing).catch(unanswered);
      if (made === undefined) throw new Problem('conflict', 'The amount of this booking cannot be paid by card.');
      return { status: 200, body: { ...made, amount } };
    },
  });
}

interface Begun {
  readonly document: BookingDocument;
  readonly amount: Money;
  readonly traceparent: string;
}

/**
 * Says that a payment is begun before it is: whatever becomes of us meanwhile, what the customer's bank may keep for it is
 * known to whoever lets it go. Once for each try, however often and wherever it is asked for.
 */
async function tell(service: ServiceRuntime, { document, amount, traceparent }: Begun): Promise<void> {
  const { bookingId: id, showId, userId, payment, holdExpiresAt } = document;
  const { attempts } = payment;
  const stream = `authorisations/${id}/${attempts}`;
  const acceptedAt = new Date().toISOString();
  const about = { bookingId: id, showId, userId, attempts, amount, holdExpiresAt: holdExpiresAt ?? acceptedAt };
  const once = { scope: 'authorisations', key: stream, bodyHash: '' };
  const publish = async (transaction: Transaction): Promise<FirstAnswer> => {
    await transaction.publish({
      ...{ type: 'PaymentAuthorisationBegun', stream, streamVersion: 1, key: showId, subject: id },
      ...{ data: { ...about, acceptedAt }, traceparent },
    });
    return { status: 200, resource: id };
  };
  await service.transactionOnce(once, publish, { joins: true });
}

/** What is to be paid; refuses where nothing is at the moment. */
function payable({ status, payment, total }: BookingDocument): NonNullable<BookingDocument['total']> {
  if (status !== 'awaiting_payment' || total === undefined || total.amount === 0)
    throw new Problem('conflict', `The booking is ${status}; only one that awaits its payment can be paid.`);
  if (payment.status === 'pending' || payment.status === 'unknown')
    throw new Problem('conflict', 'A payment of this booking is under way. Wait for its outcome.');
  return total;
}

/** Nothing was taken, whatever became of it: it may be asked again. */
function unanswered(cause: unknown): CardAuthorisation | undefined {
  const isRetryable = cause instanceof Error && 'retryable' in cause && cause.retryable === true;
  if (!isRetryable) throw cause;
  throw new Problem('unavailable', 'The payment provider does not answer. Try again in a moment.', {
    ...{ retryAfterSeconds, cause },
  });
}
