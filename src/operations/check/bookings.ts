import type { BookingFacts } from './booking-facts.ts';
import type { Data } from './fact.ts';
import type { Finding, Invariant } from './finding.ts';
import { holdsWithinLimits } from './holds.ts';
import { theirsIsOurs } from './ledger.ts';
import { messagesHaveOutcomes, oneMessage } from './messages.ts';
import { moneyAddsUp, oneCapture, oneRefund, partsMakeTheTotal, providerAgrees, refundedIsCaptured } from './money.ts';
import { paymentsAreAnswered } from './payments.ts';
import {
  type Examined,
  ended,
  type HoldLimits,
  historyOf,
  lateMsMax,
  ownedBy,
  placesIn,
  validTickets,
} from './status.ts';

/** It is told at the first answer that says nothing after its time; these come less and less often. */
const unsettledLateMsMax = 3_600_000;

/** What has to be true of every booking, one rule each. A rule gives a sentence for each thing that is wrong. */
type Rule = (examined: Examined) => readonly string[];

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
  if (history.status !== 'confirmed') return [];
  const valid = validTickets(facts);
  if (valid.length === 0 && now < ticketsDue(facts, history.since) + lateMsMax) return [];
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
    case 'waiting':
      return late(
        Date.parse(facts.booking.findLast(({ type }) => type === 'BookingWaits')?.data.until ?? ''),
        'its wait ended',
      );
    case 'awaiting_payment':
      return late(owned.kind === 'held' ? owned.heldUntil : history.since, 'its hold ended');
    case 'paying':
      return chargeIsOpen(facts)
        ? unsettledForLong(facts, now)
        : late(facts.payments.at(-1)?.time ?? history.since, 'its charge was settled');
    case 'paid':
      return late(history.since, 'it was paid');
    case 'confirmed': {
      const askedAt = cancellationBegunAt(facts);
      return askedAt === undefined ? [] : late(askedAt, 'its customer asked to cancel it');
    }
    default:
      return [];
  }
};

const holdsEndInTime: Rule = ({ facts, owned, now }) => {
  const wrong: string[] = [];
  let until = 0;
  for (const fact of facts.seats) {
    if (fact.type === 'SeatsReserved') until = Date.parse(fact.data.holdExpiresAt ?? '');
    if (fact.type === 'HoldMoved') until = Date.parse(fact.data.heldUntil ?? '');
    if (fact.type === 'SeatsReleased' && fact.data.cause === 'hold_expired' && fact.time < until)
      wrong.push(`lost its hold ${until - fact.time} ms too early`);
  }
  if (owned.kind === 'held' && now > owned.heldUntil + lateMsMax)
    wrong.push(`holds seats whose hold ended ${Math.round((now - owned.heldUntil) / 1_000)} s ago`);
  return wrong;
};

/** Whoever waits is on the list, and whoever is on it waits; places that were just found are on their way. */
const theListIsTrue: Rule = ({ facts, history, owned }) => {
  const isListed = facts.seats.findLast(({ type }) => listed.has(type))?.type === 'SeatsAwaited';
  const isWaiting = history.status === 'waiting';
  if (facts.waits || isListed === isWaiting || (isWaiting && owned.kind !== 'none')) return [];
  if (isWaiting) return ['waits, and is not on the list of its show'];
  return history.status === 'requested' ? [] : [`is ${history.status}, and is on the list of its show`];
};
const listed: ReadonlySet<string> = new Set([
  'SeatsAwaited',
  'SeatsReserved',
  'SeatsRefused',
  'SeatsLost',
  'WaitEnded',
]);

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

const usedIsNotRefunded: Rule = ({ facts }) => {
  const givenUp = facts.booking.some(({ type, data }) => type === 'BookingCancelled' && data.cause === 'customer');
  const used = givenUp && facts.tickets.some(({ type }) => type === 'TicketAdmitted');
  return used ? ['was cancelled by its customer, and somebody was let in'] : [];
};

const theDoorRemembers: Rule = ({ facts }) => {
  const forgotten = facts.tickets.filter(
    ({ type, data }) =>
      type === 'TicketAdmitted' &&
      facts.ticketRows.find(({ ticketId }) => ticketId === data.ticketId)?.isLetIn === false,
  );
  return forgotten.map(({ data }) => `had somebody let in with ${data.ticketId}, and the door would let them in again`);
};

/** Whose a ticket is and which of its codes counts follows from how often it was given away. */
const issuesFollow: Rule = ({ facts }) => {
  const given = Map.groupBy(
    facts.tickets.filter(({ type }) => type === 'TicketTransferred'),
    ({ data }) => data.ticketId,
  );
  const wrong: string[] = [];
  for (const [ticketId, transfers] of given) {
    const issues = transfers.map(({ data }) => data.issue ?? 0).sort((a, b) => a - b);
    if (issues.some((issue, index) => issue !== index + 2))
      wrong.push(`has ticket ${ticketId} given away with issues ${issues.join(', ')}`);
    const row = facts.ticketRows.find((each) => each.ticketId === ticketId);
    if (row?.issue !== undefined && row.issue !== issues.length + 1)
      wrong.push(`has ticket ${ticketId} of issue ${issues.length + 1}, and the door goes by ${row.issue}`);
  }
  for (const { type, data } of facts.tickets) {
    const [was = 1, now] = [data.issue, (given.get(data.ticketId)?.length ?? 0) + 1];
    if (type === 'TicketAdmitted' && was !== now)
      wrong.push(`had somebody let in with issue ${was} of ${data.ticketId}, which has ${now}`);
  }
  return wrong;
};

/** What the organizer had cancelled before, seat by seat, is not among what the customer gave up. */
const givenIsNotRefunded: Rule = ({ facts }) => {
  const givenUp = facts.booking.find(({ type, data }) => type === 'BookingCancelled' && data.cause === 'customer');
  if (givenUp === undefined) return [];
  const holders = new Map<
    string | undefined,
    { readonly issue: number; readonly isOwn: boolean; readonly seat?: string }
  >();
  for (const { type, data } of facts.tickets) {
    const { ticketId, userId, toUserId, issue = 1, seat } = data;
    if (type !== 'TicketTransferred' || issue < (holders.get(ticketId)?.issue ?? 0)) continue;
    holders.set(ticketId, { issue, isOwn: toUserId === userId, ...(seat !== undefined && { seat }) });
  }
  const given = [...holders].filter(
    ([, { isOwn, seat }]) => !isOwn && (seat === undefined || givenUp.data.seats?.includes(seat) === true),
  );
  return given.map(([ticketId]) => `was cancelled by its customer, who had given ticket ${ticketId} away`);
};

const noTicketUnconfirmed: Rule = ({ facts }) => {
  const issued = facts.tickets.filter(({ type }) => type === 'TicketIssued').length;
  const isConfirmed = facts.booking.some(({ type }) => type === 'BookingConfirmed');
  return issued > 0 && !isConfirmed ? [`was issued ${issued} tickets and was never confirmed`] : [];
};

const idsOnly: Rule = ({ facts }) =>
  [facts.booking, facts.seats, facts.payments, facts.tickets, facts.messages].flatMap((some) =>
    some.flatMap(({ type, address }) => (typeof address === 'string' ? [`has an e-mail address in ${type}`] : [])),
  );

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
    name: 'the-door-remembers',
    promise: 1,
    says: 'whoever was let in is known at the door',
    rule: theDoorRemembers,
  },
  {
    name: 'newest-code-only',
    promise: 1,
    says: 'a ticket that was given away lets in with its newest code alone, and each issue is taken once',
    rule: issuesFollow,
  },
  {
    name: 'no-ticket-unconfirmed',
    promise: 1,
    says: 'tickets are issued to confirmed bookings only',
    rule: noTicketUnconfirmed,
  },
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
  {
    name: 'the-list-is-true',
    promise: 2,
    says: 'whoever waits for seats is on the list of the show, and nobody else',
    rule: theListIsTrue,
  },
  {
    name: 'payments-are-answered',
    promise: 2,
    says: 'every payment that was accepted is charged once, or its customer is told why not',
    rule: paymentsAreAnswered,
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
  {
    name: 'ledger-known',
    promise: 3,
    says: "each row of the provider's ledger is known to us or openly unsettled",
    rule: theirsIsOurs,
  },
  {
    name: 'parts-make-the-total',
    promise: 3,
    says: 'what a customer was shown is the sum of its items and fees',
    rule: partsMakeTheTotal,
  },
  {
    name: 'used-is-not-refunded',
    promise: 3,
    says: 'nobody who was let in has the money back, unless the organizer gives it',
    rule: usedIsNotRefunded,
  },
  {
    name: 'given-is-not-refunded',
    promise: 3,
    says: 'nobody who gave a ticket to somebody else has the money back, unless the organizer gives it',
    rule: givenIsNotRefunded,
  },
  {
    name: 'refunded-is-captured',
    promise: 3,
    says: 'no more goes back than was captured',
    rule: refundedIsCaptured,
  },
  { name: 'one-capture', promise: 4, says: 'at most one capture per booking', rule: oneCapture },
  { name: 'one-refund', promise: 4, says: 'a refund is asked for once and made once', rule: oneRefund },
  {
    name: 'one-message',
    promise: 4,
    says: 'one message per cause, kind and channel, to each whom it concerns',
    rule: oneMessage,
  },
  {
    name: 'messages-have-outcomes',
    promise: 4,
    says: 'every message that was planned has an outcome in time',
    rule: messagesHaveOutcomes,
  },
  { name: 'holds-end-in-time', promise: 7, says: 'holds end on time, never early', rule: holdsEndInTime },
  {
    name: 'holds-within-limits',
    promise: 7,
    says: 'a hold lasts no longer than its limit, with the grace of an open charge',
    rule: holdsWithinLimits,
  },
  { name: 'ids-only', promise: 'privacy', says: 'facts about a booking name nobody by an address', rule: idsOnly },
];

export const bookingInvariants: readonly Invariant[] = rules;

/** Examines one booking by all rules. */
export function examineBooking(
  facts: BookingFacts,
  { now, limits }: { readonly now: number; readonly limits: HoldLimits },
): readonly Finding[] {
  const examined = { facts, history: historyOf(facts.booking), owned: ownedBy(facts), now, limits };
  let findings: readonly Finding[] = none;
  for (const { name, rule } of rules) {
    const wrong = rule(examined);
    if (wrong.length > 0)
      findings = [
        ...findings,
        ...wrong.map((says) => ({ invariant: name, key: facts.bookingId, says: `${facts.bookingId} ${says}` })),
      ];
  }
  return findings;
}

const none: readonly Finding[] = [];

/** The places of a confirmed booking, less those that were cancelled since. */
function confirmedPlaces({ booking }: BookingFacts): readonly string[] {
  let places: string[] = [];
  for (const fact of booking) {
    if (fact.type === 'BookingConfirmed') places = [...placesNamed(fact.data)];
    if (fact.type !== 'BookingCancelled') continue;
    const cancelled = placesNamed(fact.data);
    places = places.filter((place) => !cancelled.includes(place));
  }
  return places.sort();
}

function placesNamed({ seats = [], areas = [] }: Data): readonly string[] {
  return [...seats, ...areas.flatMap(({ area, count }) => Array.from({ length: count }, () => area))];
}

/** Tickets follow the message about the payment, or its grace. */
function ticketsDue({ tickets }: BookingFacts, confirmedAt: number): number {
  return tickets.findLast(({ type }) => type === 'TicketsPlanned')?.data.issueAt ?? confirmedAt;
}

/** A charge that nobody knows the outcome of is asked about for ever; from some time on a person is told. */
function unsettledForLong({ payments }: BookingFacts, now: number): readonly string[] {
  const asked = payments.findLast(({ type }) => type === 'ChargeRequested');
  const due = asked?.data.unsettledAt;
  if (due === undefined || now <= due + unsettledLateMsMax) return [];
  const isTold = payments.some(({ type, version }) => type === 'PaymentUnsettled' && version > (asked?.version ?? 0));
  return isTold ? [] : ['is still paying: nobody asks what has become of its charge, and no person was told'];
}

/** Since when a cancellation waits for the tickets. */
function cancellationBegunAt({ booking }: BookingFacts): number | undefined {
  const answered = booking.findLastIndex(({ type }) => type === 'CancellationDropped');
  return booking.slice(answered + 1).find(({ type }) => type === 'CancellationBegun')?.time;
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
