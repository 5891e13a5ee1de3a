import type { Asked, BookingFacts } from './booking-facts.ts';
import { type Examined, ended, lateMsMax, type Status } from './status.ts';

/** What becomes of payments that were accepted. */

/**
 * Every payment is charged, or passed over with a reason that its customer reads, once. One that was kept until seats are held is
 * answered by the end of a booking that came without a charge, or by a price of nothing.
 */
export function paymentsAreAnswered({ facts, history, now }: Examined): readonly string[] {
  const accepted = facts.booking.find(({ type }) => type === 'RequestAccepted');
  const payments = paymentsOf(facts.asked);
  if (facts.waits || accepted?.data.answersPayments !== true || payments === undefined) return [];
  const answers = facts.booking.filter(({ type }) => type === 'BookingPaymentStarted' || type === 'PaymentPassedOver');
  const unused = answers.flatMap(({ data }) => data.submittedAt ?? []);
  // Charged, during an upgrade, by a process of a build that did not say which payment it was, nor which it passed over.
  if (unused.length < answers.length) return [];
  const unanswered = payments.filter(({ acceptedAt }) => {
    const at = unused.indexOf(acceptedAt);
    if (at >= 0) unused.splice(at, 1);
    return at < 0;
  });
  const kept = keptWithoutCharge(facts);
  const spared = unanswered.findIndex(
    ({ acceptedAt }) => acceptedAt === kept && isAnsweredByBooking(facts, history.status),
  );
  if (spared >= 0) unanswered.splice(spared, 1);
  return [
    ...unused.map((at) => `has an answer to a payment of ${at} that nobody has sent, or that was answered before`),
    ...unanswered
      .filter(({ time }) => now > time + lateMsMax)
      .map(
        ({ acceptedAt }) =>
          `is ${history.status}, and nothing became of the payment that was accepted at ${acceptedAt}`,
      ),
  ];
}

/** Those that came behind the request: what came before it was said again behind it. None of a booking that was not asked for here. */
function paymentsOf(asked: readonly Asked[]): readonly Asked[] | undefined {
  const first = asked.findIndex(({ type }) => type === 'BookingRequested');
  return first < 0 ? undefined : asked.slice(first).filter(({ pays }) => pays);
}

/** When the payment was accepted that waits for seats, or has waited for them until the booking ended. */
function keptWithoutCharge({ booking }: BookingFacts): string | undefined {
  if (booking.some(({ type }) => type === 'BookingPaymentStarted')) return undefined;
  const kept = booking.find(
    ({ type, data }) => type === 'PaymentKept' || (type === 'RequestAccepted' && data.payment !== undefined),
  );
  return kept?.data.submittedAt ?? kept?.data.acceptedAt;
}

/** Once seats are held for a price it is charged, unless what was to be cancelled is cancelled in the same moment. */
function isAnsweredByBooking({ booking }: BookingFacts, status: Status): boolean {
  const held = booking.find(({ type }) => type === 'BookingHeld');
  if (held === undefined) return status === 'requested' || status === 'waiting' || ended.includes(status);
  return status === 'cancelled' || held.data.total?.amount === 0;
}
