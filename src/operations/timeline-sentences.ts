import { formatMoney, type Money } from '../contracts/money.ts';
import { bookingNumber } from '../contracts/rules/booking-number.ts';
import { type PlaceNames, placesText } from '../contracts/rules/places.ts';
import { publication } from '../contracts/topics.ts';

/** What each fact of a booking says, in a sentence for the person who wants to know what happened. */

/** The fields that sentences use; a fact has some of them. */
interface Told {
  readonly seats?: readonly string[];
  readonly areas?: readonly { readonly area: string; readonly count: number }[];
  readonly wanted?: Wanted;
  readonly payment?: { readonly method: string };
  readonly paymentSent?: boolean;
  readonly holdExpiresAt?: string;
  readonly heldUntil?: string;
  readonly total?: Money;
  readonly newTotal?: Money;
  readonly amount?: Money;
  readonly refund?: Money;
  readonly kept?: Money;
  readonly attempt?: number;
  readonly attemptsLeft?: number;
  readonly tries?: number;
  readonly error?: { readonly code: string; readonly message: string } | string;
  readonly reason?: string;
  readonly cause?: string;
  readonly by?: string;
  readonly why?: string;
  readonly who?: string;
  readonly outcome?: string;
  readonly whole?: boolean;
  readonly waitMs?: number;
  readonly until?: string;
  readonly bookingIds?: readonly string[];
  readonly round?: number;
  readonly released?: boolean;
  readonly offending?: readonly string[];
  readonly kind?: string;
  readonly channel?: string;
  readonly status?: string;
  readonly seat?: string;
  readonly area?: string;
  readonly ticketCount?: number;
  readonly issue?: number;
  readonly because?: string;
  readonly gate?: string;
  readonly admittedAt?: string;
  readonly offline?: boolean;
  readonly provider?: string;
  readonly quoteId?: string;
  readonly replaces?: { readonly bookingId: string };
}

type Wanted =
  | { readonly kind: 'seats'; readonly seats: readonly string[] }
  | { readonly kind: 'bestAvailable'; readonly count: number }
  | { readonly kind: 'areas'; readonly areas: readonly { readonly area: string; readonly count: number }[] };

const money = (value: Money | undefined) => (value === undefined ? 'an unknown amount' : formatMoney(value));
const clock = (text: string | undefined) => text?.slice(11, 19) ?? 'an unknown time';
const momentOf = (text: string) => `${text.slice(0, 10)} ${clock(text)}`;
const words = (name: string | undefined) => (name ?? 'unknown').replace(/_/g, ' ');

function error({ error: told }: Told): string {
  if (told === undefined) return 'no reason was given';
  return typeof told === 'string' ? told : `${told.message} (${told.code})`;
}

/** Retries in a row, of which nothing else is told. */
function retriesOf({ tries = 1 }: Told): string {
  if (tries < 2) return '';
  return tries === 2 ? ' after a retry' : ` after ${tries - 1} retries`;
}

/** Seats and places as people say them. */
export function placesOf(places: Pick<Told, 'seats' | 'areas'>, names: PlaceNames): string {
  return placesText(places, names) || 'no seats';
}

/** Whole sections are kept off sale at once: those are counted. */
function manyOf(told: Told, names: PlaceNames): string {
  const { seats = [] } = told;
  return seats.length > seatsListedMax ? `${seats.length} seats` : placesOf(told, names);
}
const seatsListedMax = 20;

/** Which ticket, where a fact tells it or somebody has looked it up. */
function ticketOf({ seat, area }: Told, names: PlaceNames): string {
  if (seat !== undefined) return `The ticket for ${placesText({ seats: [seat] }, names)}`;
  return area === undefined ? 'A ticket' : `The ticket for a place in ${names.area(area)}`;
}

/** What stood in the way: seats, areas, or whatever somebody has asked for that the plan does not have. */
function offendingIn({ offending = [] }: Told, names: PlaceNames): string {
  const isSeat = (id: string) => names.inRow(id) !== undefined;
  const others = offending.filter((id) => !isSeat(id)).map((id) => names.area(id));
  return [
    ...(others.length === offending.length ? [] : [placesText({ seats: offending.filter(isSeat) }, names)]),
    ...others,
  ].join(', ');
}

function wantedOf(wanted: Wanted | undefined, names: PlaceNames): string {
  if (wanted === undefined) return 'seats';
  if (wanted.kind !== 'bestAvailable') return placesOf(wanted, names);
  return wanted.count === 1 ? 'the best seat' : `the best ${wanted.count} seats`;
}

const passedOver: Readonly<Record<string, string>> = {
  another_payment: 'another one is',
  paid: 'the booking is paid already',
  ended: 'the booking has ended',
};

const sentences: Readonly<Record<string, (told: Told, names: PlaceNames) => string>> = {
  BookingRequested: (told, names) =>
    `The customer asked for ${wantedOf(told.wanted, names)}${told.payment ? `, to be paid by ${told.payment.method}` : ''}${told.replaces ? `, in exchange for booking ${bookingNumber(told.replaces.bookingId)}` : ''}.`,
  PaymentSubmitted: (told) => `The customer paid by ${told.payment?.method ?? 'an unknown method'}.`,
  ReplacementDue: (told) =>
    `It is theirs: asked to cancel booking ${bookingNumber(told.replaces?.bookingId ?? '')}, which it was exchanged for.`,
  BookingCancellationRequested: (told) => `The ${told.by} asked to cancel${told.reason ? `: ${told.reason}` : ''}.`,
  RequestAccepted: () => 'The show is on sale: the request was accepted.',
  BookingCreated: (told, names) =>
    `The booking exists; ${wantedOf(told.wanted, names)} were asked of the seat inventory.`,
  SeatsAwaited: () => 'No seats are free: the booking is on the waiting list of the show.',
  WaitBegun: () => 'It was looked whether the account that it waits for is still there.',
  BookingWaits: (told) =>
    `It waits for seats, until ${told.until === undefined ? 'an unknown time' : momentOf(told.until)}.`,
  WaitRanOut: () => 'Its wait ends, unless its show is sold for longer by now.',
  WaitEnded: () => 'It is off the waiting list.',
  PlacesOffered: () => 'What is free now is offered to those who wait for it first.',
  WaitingFound: (told) => `Seats were found for ${told.bookingIds?.length ?? 0} of those who wait.`,
  OfferEnded: () => 'What is left fits nobody who waits.',
  ShowSeatsOpened: () => 'The hall of the show was opened, by the first who asked for it.',
  SeatsReserved: (told, names) => `Held ${placesOf(told, names)} until ${clock(told.holdExpiresAt)}.`,
  SeatsRefused: (told, names) =>
    `No seats: ${words(told.reason)}${told.offending?.length ? ` (${offendingIn(told, names)})` : ''}.`,
  PriceCalculated: (told) => `The price is ${money(told.total)}${told.quoteId ? ', as quoted' : ''}.`,
  BookingHeld: (told, names) =>
    `Held at ${money(told.total)} until ${clock(told.holdExpiresAt)}: ${placesOf(told, names)}.`,
  PaymentKept: () => 'The payment waits until seats are held.',
  BookingPaymentStarted: (told) =>
    `Charge ${told.attempt} of ${money(told.amount)} opened; the hold is extended until ${clock(told.heldUntil)}.`,
  HoldMoved: (told) => `The hold now ends at ${clock(told.heldUntil)}.`,
  BookingValidated: (told) => `Asked payment to charge ${money(told.amount)}.`,
  ChargeRequested: (told) => `Asked the provider to charge ${money(told.amount)}.`,
  ChargeAsked: () => 'Asked the provider what became of the charge.',
  ChargeUnanswered: (told) =>
    `The provider gave no definite answer${retriesOf(told)}; asking again in ${Math.round((told.waitMs ?? 0) / 1_000)} s.`,
  ChargeCapturedAfterAll: () => 'A charge that had been called failed was captured after all.',
  ChargeReportMismatched: (told) => `${told.provider} reported another amount than was asked for.`,
  SettlementCameTooLate: (told) =>
    `${told.who} wanted to settle the charge as ${told.outcome}, and it had its outcome already: ${told.why}`,
  ChargeSettledByPerson: (told) => `${told.who} settled the charge as ${told.outcome}: ${told.why}`,
  PaymentSucceeded: (told) => `${money(told.amount)} captured by ${told.provider}${retriesOf(told)}.`,
  PaymentFailed: (told) => `The charge was declined${retriesOf(told)}: ${error(told)}.`,
  PaymentUnsettled: () => 'The outcome of the charge has been unknown for too long; a person should look.',
  PaymentPassedOver: (told) => `A payment is not charged: ${passedOver[told.reason ?? ''] ?? words(told.reason)}.`,
  BookingPaymentUnsettled: () => 'The booking waits for a charge of unknown outcome.',
  PaymentDeclined: (told) => `Declined: ${error(told)}. ${told.attemptsLeft} tries left.`,
  BookingPaid: (told) => `Paid ${money(told.amount)}; the seats may be sold.`,
  SeatsSold: (told, names) => `Sold ${placesOf(told, names)}.`,
  SeatsReleased: (told, names) => `Released ${placesOf(told, names)}: ${words(told.cause)}.`,
  SeatsBlocked: (told, names) => `Kept off sale by ${told.by}: ${manyOf(told, names)}.`,
  SeatsUnblocked: (told, names) => `Put on sale again by ${told.by}: ${manyOf(told, names)}.`,
  SeatsLost: (told, names) =>
    told.offending?.length === 0
      ? `The hold had ended, and the customer has as many seats as each may by now: ${placesOf(told, names)}.`
      : `The hold had ended, and not all seats are free any more: ${placesOf(told, names)}.`,
  HoldEnded: () => 'The hold ended while the charge was open; the booking waits for the outcome.',
  BookingConfirmed: (told, names) => `Confirmed: ${placesOf(told, names)} for ${money(told.total)}.`,
  BookingRejected: (told) =>
    `Rejected: ${words(told.reason)}${told.newTotal ? `, it costs ${money(told.newTotal)} now` : ''}.`,
  BookingExpired: () => 'Expired: the hold ended before the payment.',
  CancellationKept: () => 'The cancellation applies once the charge has an outcome.',
  CancellationBegun: () => 'The customer may cancel, if no ticket was used or given away.',
  TicketsAskedBack: () => 'The tickets are asked back before any money goes back.',
  CancellationDropped: () => 'The tickets were not given back: the booking stays as it is.',
  ShowCancellationKept: () => 'The show was cancelled; that applies once the charge has an outcome.',
  BookingCancelled: (told, names) =>
    `Cancelled ${told.whole ? 'as a whole' : placesOf(told, names)} (${words(told.cause)})${told.refund ? `: ${money(told.refund)} back, ${money(told.kept)} kept` : ''}.`,
  BookingCancellationRefused: (told) => `The cancellation was refused: ${words(told.reason)}.`,
  RefundRequested: (told) => `${money(told.amount)} has to go back: ${words(told.cause)}.`,
  PaymentAuthorisationBegun: (told) => `The customer began to authorise ${money(told.amount)} in the browser.`,
  AuthorisationKept: () => 'What is authorised in the browser and not paid with is let go after the hold.',
  AuthorisationReleaseStarted: () => 'Asked the provider to let go of what was authorised and not paid with.',
  AuthorisationUnanswered: (told) =>
    `The provider gave no definite answer to that; asking again in ${Math.round((told.waitMs ?? 0) / 1_000)} s.`,
  AuthorisationReleased: (told) =>
    told.released === true
      ? 'Let go of it: nothing of it is kept by the customer’s bank any more.'
      : 'There was nothing to let go of.',
  RefundStarted: (told) =>
    `Asked the provider to refund ${money(told.amount)}${(told.round ?? 1) > 1 ? `, try ${told.round}` : ''}.`,
  RefundUnanswered: (told) =>
    `The provider gave no definite answer to the refund${retriesOf(told)}; asking again in ${Math.round((told.waitMs ?? 0) / 1_000)} s.`,
  RefundSettledByPerson: (told) => `${told.who} settled the refund as given back in another way: ${told.why}`,
  RefundRetriedByPerson: (told) => `${told.who} had the refund tried again.`,
  RefundCameBack: (told) => `The refund did not reach the customer: ${error(told)}.`,
  RefundMadeAgain: (told) => `${money(told.amount)} given back again, after the first try came back.`,
  PaymentDisputed: (told) =>
    `The customer’s bank disputes ${money(told.amount)}: ${words(told.reason)}. A person has to answer at the provider.`,
  PaymentDisputeClosed: (told) => `The dispute about ${money(told.amount)} is over: ${words(told.outcome)}.`,
  CashRefundDue: (told) => `${money(told.amount)} was paid in cash, and is to be handed out.`,
  PaymentRefunded: (told) => `${money(told.amount)} given back${retriesOf(told)}.`,
  RefundFailed: (told) => `The refund was refused${retriesOf(told)}: ${error(told)}.`,
  BookingRefunded: (told) => `The customer has ${money(told.amount)} back.`,
  BookingRefundFailed: (told) => `A refund failed: ${error(told)}. A person has to look.`,
  MessagePlanned: (told) =>
    `Sending message ${words(told.kind)} by ${told.channel}${(told.round ?? 1) > 1 ? `, try ${told.round}` : ''}.`,
  DemandMoved: () => 'The demand for the show has changed, and prices may follow.',
  NotificationSent: (told) =>
    `Message ${words(told.kind)} by ${told.channel}: ${told.status}${retriesOf(told)}${told.error ? ` (${error(told)})` : ''}.`,
  PaymentMessageSeen: () => 'The message about the payment has an outcome; the tickets wait for the confirmation.',
  TicketsPlanned: () => 'Tickets follow the message about the payment, or its grace.',
  TicketsWithheld: () => 'Cancelled before tickets were issued: none will be.',
  TicketIssued: (told, names) => `${ticketOf(told, names)} was issued (one of ${told.ticketCount}).`,
  TicketVoided: (told, names) => `${ticketOf(told, names)} was voided: ${words(told.reason)}.`,
  TicketsReturnSought: () => 'Looking at the door whether a ticket of the booking was used or given away.',
  TicketsReturned: () => 'No ticket was used or given away, and none can be any more.',
  TicketsKept: (told) =>
    told.because === 'given'
      ? 'A ticket belongs to somebody else: they are not given back.'
      : 'A ticket was used: they are not given back.',
  TicketTransferred: (told, names) =>
    `${ticketOf(told, names)} was given to somebody else: only its code number ${told.issue} lets in now.`,
  TicketHolderNoted: () => 'Noted whom to tell if the ticket becomes void.',
  TicketAdmitted: (told, names) =>
    `${ticketOf(told, names)} was used at ${told.gate}${told.offline === true ? `, scanned without a network at ${clock(told.admittedAt)}` : ''}.`,
  TicketUsed: () => 'A ticket was used: the customer can no longer cancel.',
};

/** A sentence for a fact, with its places as they are called; one nobody wrote a sentence for says what its definition says. */
export function sentenceFor(type: string, data: unknown, names: PlaceNames): string {
  const sentence = sentences[type];
  if (sentence !== undefined) return sentence((data ?? {}) as Told, names);
  return publication(type)?.definition.says ?? `${type.replace(/([a-z])([A-Z])/g, '$1 $2')}.`;
}

/** Facts that end a booking, or change how it ended. */
const endings = ['BookingConfirmed', 'BookingRejected', 'BookingExpired', 'BookingCancelled'];

/** Why a booking ended as it did, from its facts in order; what it waits for when it has not. */
export function conclusionOf(
  facts: readonly { readonly type: string; readonly data: unknown; readonly at: string }[],
  names: PlaceNames,
): string {
  const ended = facts.findLast(({ type, data }) => endings.includes(type) && (data as Told | null)?.whole !== false);
  if (ended !== undefined) return endOf(ended, { facts, names });
  const types = new Set(facts.map(({ type }) => type));
  if (types.has('BookingPaid')) return 'It is not over: paid, and waiting for the seat inventory to sell the seats.';
  const started = facts.findLastIndex(({ type }) => type === 'BookingPaymentStarted');
  const declined = facts.findLastIndex(({ type }) => type === 'PaymentDeclined');
  if (started > declined) return 'It is not over: a charge is open, and nothing ends before its outcome is definite.';
  if (types.has('BookingHeld')) return 'It is not over: the seats are held and wait for the payment.';
  if (types.has('BookingWaits')) return 'It is not over: no seats are free, and it is on the waiting list.';
  return 'It is not over: the request waits for seats and a price.';
}

interface ToldFact {
  readonly type: string;
  readonly data: unknown;
}

function endOf(
  { type, data }: ToldFact,
  { facts, names }: { readonly facts: readonly ToldFact[]; readonly names: PlaceNames },
): string {
  const told = data as Told;
  const declines = facts.filter((fact) => fact.type === 'PaymentFailed').length;
  switch (type) {
    case 'BookingConfirmed':
      return `It was confirmed because ${money(told.total)} was paid and ${placesOf(told, names)} could be sold.`;
    case 'BookingExpired':
      return facts.some((fact) => fact.type === 'SeatsLost')
        ? 'It expired because the money came after the hold had ended and the seats were gone; the money goes back.'
        : `It expired because the hold ended before a payment succeeded (${declines} declined).`;
    case 'BookingCancelled':
      return `It was cancelled by ${told.cause === 'show_cancelled' ? 'the end of its show' : `the ${told.cause}`}${told.refund ? `, with ${money(told.refund)} to go back` : ''}.`;
    default:
      return rejectionOf(told, { names, hasWaited: facts.some((fact) => fact.type === 'BookingWaits') });
  }
}

function rejectionOf(told: Told, about: { readonly names: PlaceNames; readonly hasWaited: boolean }): string {
  const why: Readonly<Record<string, string>> = {
    show_not_found: 'there is no such show',
    show_cancelled: 'the show was cancelled',
    sales_closed: 'the show was not on sale when the request was accepted',
    seat_unknown: `the plan has no such seats: ${offendingIn(told, about.names)}`,
    seats_unavailable: noSeats(told, about),
    limit_exceeded: 'one customer may not have, or wait for, so many seats of this show',
    price_changed: `it costs ${money(told.newTotal)} now, more than the customer agreed to`,
    payment_declined: `the last try to pay was declined: ${error(told)}`,
    timed_out: 'no seats and price came in time',
  };
  return `It was rejected because ${why[told.reason ?? ''] ?? words(told.reason)}.`;
}

function noSeats(
  told: Told,
  { names, hasWaited }: { readonly names: PlaceNames; readonly hasWaited: boolean },
): string {
  if (hasWaited) return 'nothing that it waited for became free in time';
  if ((told.offending ?? []).length === 0) return 'no such seats were free';
  return `somebody else has these seats: ${offendingIn(told, names)}`;
}
