import { settledByPersonReference } from '../../contracts/payment.ts';
import type { BookingFacts } from './booking-facts.ts';
import type { Data } from './fact.ts';
import { type Examined, ended, validTickets } from './status.ts';

/** Where the money of a booking is: rules about captures, refunds and what tickets cost. Amounts are minor units. */

/** Facts of one type by an id, the last of each. */
function byId(facts: BookingFacts['booking'], type: string, idOf: (data: Data) => string | undefined): readonly Data[] {
  return [...new Map(facts.filter((fact) => fact.type === type).map(({ data }) => [idOf(data), data])).values()];
}

const sum = (all: readonly Data[]) => all.reduce((total, { amount }) => total + (amount?.amount ?? 0), 0);

export function moneyAddsUp({ facts, history }: Examined): readonly string[] {
  const wrong: string[] = [];
  const held = facts.booking.find(({ type }) => type === 'BookingHeld')?.data;
  const captures = byId(facts.payments, 'PaymentSucceeded', ({ paymentId }) => paymentId);
  const refunded = byId(facts.payments, 'PaymentRefunded', ({ refundId }) => refundId);
  const requested = byId(facts.booking, 'RefundRequested', ({ refundId }) => refundId);
  for (const { paymentId, amount } of captures) {
    if (amount?.amount !== held?.total?.amount)
      wrong.push(`was charged ${amount?.amount} by ${paymentId}, not the ${held?.total?.amount} it was shown`);
  }
  for (const { refundId, amount } of refunded) {
    const asked = requested.find((each) => each.refundId === refundId);
    if (asked?.amount?.amount !== amount?.amount)
      wrong.push(`got ${amount?.amount} back as ${refundId} where ${asked?.amount?.amount ?? 'nothing'} was asked for`);
  }
  // While it is not over, what was captured is on its way: to the seats, or back.
  const isOver = history.status === 'confirmed' || ended.includes(history.status);
  if (!isOver) return wrong;
  const captured = sum(captures);
  // A refund that was asked for is made or openly unsettled; either way it is not ours to keep.
  const back = sum(requested);
  const kept = facts.booking.reduce(
    (total, fact) => total + (fact.keepsNothing === true ? 0 : (fact.data.kept?.amount ?? 0)),
    0,
  );
  const worth = history.status === 'confirmed' ? worthOfTickets(facts, held) : 0;
  if (captured !== worth + back + kept) {
    wrong.push(
      `${captured} captured, but ${worth} in tickets and fees + ${back} to go back + ${kept} kept = ${worth + back + kept}`,
    );
  }
  return wrong;
}

/** What the valid tickets cost, with the fees; before there are tickets, what the confirmed places cost. */
function worthOfTickets(facts: BookingFacts, held: Data | undefined): number {
  const items = [...(held?.items ?? [])];
  const fees = (held?.fees ?? []).reduce((total, { price }) => total + price.amount, 0);
  const issued = facts.tickets.some(({ type }) => type === 'TicketIssued');
  const confirmed = facts.booking.findLast(({ type }) => type === 'BookingConfirmed')?.data;
  const cancelled = new Set(
    facts.booking.flatMap((fact) => (fact.type === 'BookingCancelled' ? (fact.data.seats ?? []) : [])),
  );
  const places = issued
    ? validTickets(facts)
    : (confirmed?.items ?? []).flatMap(({ seat, area }) =>
        seat !== undefined && cancelled.has(seat) ? [] : (seat ?? area ?? ''),
      );
  let worth = fees;
  for (const place of places) {
    const index = items.findIndex(({ seat, area }) => (seat ?? area) === place);
    worth += items[index]?.price.amount ?? 0;
    if (index >= 0) items.splice(index, 1);
  }
  return worth;
}

export function oneCapture({ facts }: Examined): readonly string[] {
  const captured = byId(facts.payments, 'PaymentSucceeded', ({ paymentId }) => paymentId).map(
    ({ paymentId }) => paymentId,
  );
  // Captured although it had been called failed: it does not count, it goes back.
  const surplus = new Set(
    facts.payments.filter(({ type }) => type === 'ChargeCapturedAfterAll').map(({ data }) => data.paymentId),
  );
  const counted = captured.filter((id) => !surplus.has(id));
  const wrong = counted.length > 1 ? [`was captured ${counted.length} times: ${counted.join(', ')}`] : [];
  return facts.captures > 1 ? [...wrong, `has ${facts.captures} captures in the table`] : wrong;
}

/** What was shown adds up by itself, whatever came of it. */
export function partsMakeTheTotal({ facts }: Examined): readonly string[] {
  return facts.booking.flatMap((fact) => {
    if (fact.type !== 'BookingHeld') return [];
    const { items, fees, total } = fact.data;
    if (items === undefined) return [];
    const parts = [...items, ...(fees ?? [])].reduce((sum, { price }) => sum + price.amount, 0);
    return parts === total?.amount ? [] : [`was shown ${total?.amount}, and its items and fees come to ${parts}`];
  });
}

export function refundedIsCaptured({ facts }: Examined): readonly string[] {
  const captured = sum(byId(facts.payments, 'PaymentSucceeded', ({ paymentId }) => paymentId));
  const refunded = sum(byId(facts.payments, 'PaymentRefunded', ({ refundId }) => refundId));
  return refunded > captured ? [`got ${refunded} back of ${captured} captured`] : [];
}

export function oneRefund({ facts }: Examined): readonly string[] {
  const ids = (some: BookingFacts['booking'], wanted: string) =>
    some.flatMap((fact) => (fact.type === wanted ? (fact.data.refundId ?? '') : []));
  const twice = (all: readonly string[]) => all.filter((id, index) => all.indexOf(id) !== index);
  return [
    ...twice(ids(facts.booking, 'RefundRequested')).map((id) => `asks twice for refund ${id}`),
    ...twice(ids(facts.payments, 'PaymentRefunded')).map((id) => `got refund ${id} twice`),
  ];
}

/** Outcomes that the provider has told us of are in its own books, to the cent. */
export function providerAgrees({ facts }: Examined): readonly string[] {
  const wrong: string[] = [];
  const providers = new Map(
    facts.payments.filter(({ type }) => type === 'PaymentSucceeded').map(({ data }) => [data.paymentId, data.provider]),
  );
  const cameBack = new Set(
    facts.payments.filter(({ type }) => type === 'RefundCameBack').map(({ data }) => data.refundId),
  );
  for (const fact of facts.payments) {
    const { type } = fact;
    if (type !== 'PaymentSucceeded' && type !== 'PaymentRefunded') continue;
    const { data } = fact;
    if (providers.get(data.paymentId) !== facts.booksOf) continue;
    // A person has said so, and the provider cannot.
    if (type === 'PaymentRefunded' && data.providerReference === settledByPersonReference) continue;
    const entry = facts.ledger.get(data.providerReference ?? '');
    // Openly unsettled since: the provider has told that it came back, and a person knows.
    if (type === 'PaymentRefunded' && cameBack.has(data.refundId) && entry?.outcome === 'declined') continue;
    const wanted = type === 'PaymentSucceeded' ? 'charge' : 'refund';
    if (entry === undefined) wrong.push(`has a ${wanted} ${data.providerReference} that the provider knows nothing of`);
    else if (
      entry.type !== wanted ||
      entry.outcome !== 'succeeded' ||
      entry.amount !== data.amount?.amount ||
      entry.currency !== data.amount.currency
    ) {
      wrong.push(
        `has a ${wanted} of ${data.amount?.amount} where the provider has a ${entry.type} of ${entry.amount} that ${entry.outcome}`,
      );
    }
  }
  return wrong;
}
