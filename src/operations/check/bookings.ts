import type { BookingFacts } from './booking-facts.ts';
import type { Finding, Invariant } from './finding.ts';
import { moneyAddsUp, oneCapture, providerAgrees } from './money.ts';
import { type Examined, ended, historyOf, ownedBy, placesIn, validTickets } from './status.ts';

/** What has to be true of every booking, one rule each. A rule gives a sentence for each thing that is wrong. */
type Rule = (examined: Examined) => readonly string[];

/** Later than this is late: a deadline is at most two seconds late, and its answer passes two services. */
export const lateMsMax = 10_000;

const ownersAgree: Rule = ({ facts, owned }) => {
  const wall = facts.allocations.map(({ seatIndex }) => seatIndex).sort((a, b) => a - b);
  const told = [...owned.seats.values()].sort((a, b) => a - b);
  return same(wall, told) ? [] : [`has seat indexes ${list(wall)} in the table and ${list(told)} by its facts`];
};

const confirmedIsSold: Rule = ({ facts, history, owned }) => {
  const confirmed = history.status === 'confirmed';
  if (!confirmed)
    return owned.kind === 'sold' && history.status !== 'paid'
      ? [`is ${history.status} and has sold seats ${list(placesIn(owned))}`]
      : [];
  const wanted = confirmedPlaces(facts);
  if (owned.kind === 'sold' && same(wanted, placesIn(owned))) return [];
  return [
    `is confirmed with ${list(wanted)} and has ${owned.kind === 'sold' ? list(placesIn(owned)) : `seats that are ${owned.kind}`}`,
  ];
};

const ticketsMatchSeats: Rule = ({ facts, history, owned, now }) => {
  const valid = validTickets(facts);
  if (history.status !== 'confirmed') return [];
  // Tickets follow the message about the payment, or its grace.
  const planned = facts.tickets.findLast(({ type }) => type === 'TicketsPlanned');
  const due = planned?.data.issueAt ?? history.since;
  if (valid.length === 0 && now < due + lateMsMax) return [];
  const wanted = placesIn(owned);
  return same(valid, wanted) ? [] : [`has sold places ${list(wanted)} and valid tickets for ${list(valid)}`];
};

const oneTicketPerSeat: Rule = ({ facts }) => {
  const seats = facts.ticketRows
    .filter(({ seat, status }) => seat !== null && status !== 'void')
    .map(({ seat }) => seat);
  const twice = seats.filter((seat, index) => seats.indexOf(seat) !== index);
  return twice.length === 0 ? [] : [`has two valid tickets for ${list(twice)}`];
};

const endedOwnsNothing: Rule = ({ facts, history, owned }) => {
  if (history.status !== 'none' && !ended.includes(history.status)) return [];
  if (history.status === 'none' && facts.waits) return [];
  const name = history.status === 'none' ? 'unknown to the booking service' : history.status;
  const seats =
    owned.kind === 'none' && facts.allocations.length === 0
      ? []
      : [`is ${name} and owns ${list(placesIn(owned))} (${facts.allocations.length} seats in the table)`];
  const tickets = validTickets(facts);
  return tickets.length === 0 ? seats : [...seats, `is ${name} and has valid tickets for ${list(tickets)}`];
};

const historyAllowed: Rule = ({ history }) =>
  history.forbidden.map((step) => `took a step that is not allowed: ${step}`);

const endsInTime: Rule = ({ facts, history, owned, now }) => {
  const late = (due: number, what: string) =>
    now > due + lateMsMax ? [`is still ${history.status}: ${what} ${Math.round((now - due) / 1_000)} s ago`] : [];
  if (facts.waits) return [];
  switch (history.status) {
    case 'requested':
      return late(
        facts.booking.find(({ type }) => type === 'RequestAccepted')?.data.timesOutAt ?? history.since,
        'it should have timed out',
      );
    case 'awaiting_payment':
      return late(owned.kind === 'held' ? owned.heldUntil : history.since, 'its hold ended');
    case 'paying':
      return chargeIsOpen(facts) ? [] : late(facts.payments.at(-1)?.time ?? history.since, 'its charge was settled');
    case 'paid':
      return late(history.since, 'it was paid');
    default:
      return [];
  }
};

const holdsEndInTime: Rule = ({ facts, owned, now }) => {
  const wrong: string[] = [];
  let until = 0;
  for (const { type, data, time } of facts.seats) {
    if (type === 'SeatsReserved') until = Date.parse(data.holdExpiresAt ?? '');
    if (type === 'HoldMoved') until = Date.parse(data.heldUntil ?? '');
    if (type === 'SeatsReleased' && data.cause === 'hold_expired' && time < until)
      wrong.push(`lost its hold ${until - time} ms too early`);
  }
  if (owned.kind === 'held' && now > owned.heldUntil + lateMsMax)
    wrong.push(`holds seats whose hold ended ${Math.round((now - owned.heldUntil) / 1_000)} s ago`);
  return wrong;
};

const customerReadsIt: Rule = ({ facts, history }) => {
  if (facts.waits) return [];
  if (facts.document === undefined)
    return history.status === 'none' ? [] : [`is ${history.status}, and its customer can read nothing`];
  if (history.status === 'none') return ['was acknowledged and is unknown to the booking service'];
  const shown = history.status === 'paid' ? 'paying' : history.status;
  // Nothing to pay: the booking goes from its hold to its sale without a charge.
  const allowed = history.status === 'paid' ? ['paying', 'awaiting_payment'] : [shown];
  return allowed.includes(facts.document.status)
    ? []
    : [`is ${shown}, and its customer reads ${facts.document.status}`];
};

const oneMessage: Rule = ({ facts }) => {
  const wrong: string[] = [];
  const messages = new Map<string, Set<string>>();
  const rounds = new Map<string, number>();
  const delivered = new Map<string, number>();
  for (const { type, data } of facts.messages) {
    const { messageId = '', causeId, kind, channel } = data;
    if (type === 'MessagePlanned') rounds.set(messageId, Math.max(rounds.get(messageId) ?? 0, data.round ?? 1));
    if (type !== 'NotificationSent') continue;
    const name = `${kind} by ${channel} about ${causeId}`;
    messages.set(name, (messages.get(name) ?? new Set()).add(messageId));
    if (data.status === 'delivered') delivered.set(name, (delivered.get(name) ?? 0) + 1);
  }
  for (const [name, ids] of messages) if (ids.size > 1) wrong.push(`has ${ids.size} messages ${name}`);
  for (const [name, times] of delivered) if (times > 1) wrong.push(`was told ${times} times: ${name}`);
  for (const [id, most] of rounds) {
    const times = facts.inbox.get(id) ?? 0;
    if (times > most) wrong.push(`got message ${id} ${times} times`);
  }
  return wrong;
};

const rules: readonly (Invariant & { readonly rule: Rule })[] = [
  { name: 'owners-agree', promise: 1, says: 'the table of owners says what the facts say', rule: ownersAgree },
  {
    name: 'confirmed-is-sold',
    promise: 1,
    says: 'a booking is confirmed exactly when all its seats are sold to it',
    rule: confirmedIsSold,
  },
  {
    name: 'tickets-match-seats',
    promise: 1,
    says: 'sold seats and valid tickets are the same',
    rule: ticketsMatchSeats,
  },
  { name: 'one-ticket-per-seat', promise: 1, says: 'a seat has one valid ticket', rule: oneTicketPerSeat },
  {
    name: 'ended-owns-nothing',
    promise: 1,
    says: 'an ended booking owns no seat and no valid ticket',
    rule: endedOwnsNothing,
  },
  {
    name: 'history-allowed',
    promise: 2,
    says: 'histories take allowed steps only, and a terminal state is final',
    rule: historyAllowed,
  },
  {
    name: 'ends-in-time',
    promise: 2,
    says: 'every booking past its bound has reached one terminal state',
    rule: endsInTime,
  },
  { name: 'customer-reads-it', promise: 2, says: 'what the customer reads is what was decided', rule: customerReadsIt },
  {
    name: 'money-adds-up',
    promise: 3,
    says: 'captured = tickets with fees + refunds + kept by policy + openly unsettled',
    rule: moneyAddsUp,
  },
  {
    name: 'provider-agrees',
    promise: 3,
    says: "each outcome of ours is in the provider's own ledger",
    rule: providerAgrees,
  },
  { name: 'one-capture', promise: 4, says: 'at most one capture per booking', rule: oneCapture },
  { name: 'one-message', promise: 4, says: 'one message per cause, kind and channel', rule: oneMessage },
  { name: 'holds-end-in-time', promise: 7, says: 'holds end on time, never early', rule: holdsEndInTime },
];

export const bookingInvariants: readonly Invariant[] = rules;

/** Examines one booking by all rules. */
export function examineBooking(facts: BookingFacts, now: number): readonly Finding[] {
  const examined = { facts, history: historyOf(facts.booking), owned: ownedBy(facts), now };
  return rules.flatMap(({ name, rule }) =>
    rule(examined).map((says) => ({ invariant: name, key: facts.bookingId, says: `${facts.bookingId} ${says}` })),
  );
}

/** The places of a confirmed booking, less those that were cancelled since. */
function confirmedPlaces({ booking }: BookingFacts): readonly string[] {
  let places: string[] = [];
  for (const { type, data } of booking) {
    const named = [
      ...(data.seats ?? []),
      ...(data.areas ?? []).flatMap(({ area, count }) => Array.from({ length: count }, () => area)),
    ];
    if (type === 'BookingConfirmed') places = named;
    if (type === 'BookingCancelled') places = places.filter((place) => !named.includes(place));
  }
  return places.sort();
}

/** The last charge that was asked for has no outcome yet. */
function chargeIsOpen({ booking, payments }: BookingFacts): boolean {
  const paymentId = booking.findLast(({ type }) => type === 'BookingPaymentStarted')?.data.paymentId;
  const outcome = payments.some(
    ({ type, data }) => ['PaymentSucceeded', 'PaymentFailed'].includes(type) && data.paymentId === paymentId,
  );
  return !outcome && payments.some(({ data }) => data.paymentId === paymentId);
}

function same(a: readonly (string | number)[], b: readonly (string | number)[]): boolean {
  return a.length === b.length && a.every((each, index) => each === b[index]);
}

function list(all: readonly (string | number | null)[]): string {
  return all.length === 0 ? 'none' : all.join(', ');
}
