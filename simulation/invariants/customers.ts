import type { DataOf } from '../../src/contracts/event.ts';
import { bookingNumber } from '../../src/contracts/rules/booking-number.ts';
import type { BookingCancellationRequested, BookingRequestedData } from '../../src/contracts/user.ts';
import { bookingInvariants, examineBooking } from '../../src/operations/check/bookings.ts';
import type { Finding } from '../../src/operations/check/finding.ts';
import { isFinal } from '../../src/services/user/booking-document.ts';
import { type Evidence, eventsOf, type SimulatedInvariant } from './evidence.ts';

/** What every customer may rely on. */

/** At rest nothing is under way any more: whatever has not ended by now never will. */
const restingMs = 86_400_000;
/** What a run sets these to, at their longest. */
const limits = { holdTtlMs: 300_000, waitingListHoldMs: 1_800_000, paymentGraceMs: 60_000 };

/** The rules by which `fullhouse check` examines each booking of a live installation, over the simulated one. */
export const everyBooking: readonly SimulatedInvariant[] = bookingInvariants.map(({ name, says }) => ({
  name,
  says,
  *examine({ bookings }) {
    for (const finding of findingsOf(bookings)) if (finding.invariant === name) yield finding.says;
  },
}));

const examined = new WeakMap<Evidence['bookings'], readonly Finding[]>();

/** Each booking is examined once, by all rules. */
function findingsOf(bookings: Evidence['bookings']): readonly Finding[] {
  const known = examined.get(bookings);
  if (known !== undefined) return known;
  const findings = bookings.flatMap((facts) => examineBooking(facts, { now: Date.now() + restingMs, limits }));
  examined.set(bookings, findings);
  return findings;
}

export const answerHasBooking: SimulatedInvariant = {
  name: 'answer-has-booking',
  says: 'every acknowledged request has its booking, and it has ended',
  *examine({ journal, bookings }) {
    const known = new Map(bookings.map((each) => [each.bookingId, each]));
    for (const { bookingId } of journal.acknowledged) {
      const facts = known.get(bookingId);
      if (facts === undefined || facts.booking.length === 0)
        yield `${bookingId} was acknowledged, and nothing is known of it`;
      else if (facts.document === undefined) yield `${bookingId} was acknowledged, and its customer can read nothing`;
      else if (!isFinal(facts.document.status as Parameters<typeof isFinal>[0]))
        yield `${bookingId} was acknowledged, and is ${facts.document.status} for ever`;
    }
  },
};

export const oneBookingPerKey: SimulatedInvariant = {
  name: 'one-booking-per-key',
  says: 'the same idempotency key is the same booking for ever',
  *examine({ journal, stored }) {
    for (const [key, ids] of journal.answers)
      if (ids.size > 1) yield `${key} was answered with ${[...ids].join(' and ')}`;
    const requested = eventsOf({ stored }, 'user').filter(({ type }) => type === 'BookingRequested');
    const streams = new Set<string>();
    for (const { stream } of requested) {
      if (streams.has(stream)) yield `${stream} was requested twice`;
      streams.add(stream);
    }
  },
};

export const priceIsAgreed: SimulatedInvariant = {
  name: 'price-is-agreed',
  says: 'a quote that was in force is the price; else no more is charged than was agreed to',
  *examine({ bookings, stored }) {
    const requests = new Map(
      eventsOf({ stored }, 'user')
        .filter(({ type }) => type === 'BookingRequested')
        .map(({ stream, data }) => [stream, data as BookingRequestedData]),
    );
    for (const { bookingId, booking } of bookings) {
      const request = requests.get(bookingId);
      const total = booking.find(({ type }) => type === 'BookingHeld')?.data.total?.amount;
      if (request === undefined || total === undefined) continue;
      const { quote, maxTotal, acceptedAt } = request;
      if (quote !== undefined && Date.parse(acceptedAt) <= Date.parse(quote.expiresAt)) {
        if (total !== quote.total.amount) yield `${bookingId} was quoted ${quote.total.amount} and held at ${total}`;
        continue;
      }
      const limit = maxTotal ?? quote?.total;
      if (limit !== undefined && total > limit.amount)
        yield `${bookingId} agreed to ${limit.amount} and was held at ${total}`;
    }
  },
};

export const ticketsFollowConfirmation: SimulatedInvariant = {
  name: 'tickets-follow-confirmation',
  says: 'tickets are issued for confirmed bookings only, once each',
  *examine({ bookings }) {
    for (const { bookingId, booking, tickets } of bookings) {
      const issued = tickets.filter(({ type }) => type === 'TicketIssued').map(({ data }) => data.ticketId);
      if (new Set(issued).size !== issued.length) yield `${bookingId} has a ticket that was issued twice`;
      if (issued.length > 0 && !booking.some(({ type }) => type === 'BookingConfirmed'))
        yield `${bookingId} has tickets and was never confirmed`;
    }
  },
};

export const admittedOnce: SimulatedInvariant = {
  name: 'admitted-once',
  says: 'a ticket lets somebody in at most once',
  *examine({ journal }) {
    const seen = new Set<string>();
    for (const code of journal.admitted) {
      const [ticket = ''] = code.split(' ');
      if (seen.has(ticket)) yield `${ticket} was used twice`;
      seen.add(ticket);
    }
  },
};

export const cancellationIsAnswered: SimulatedInvariant = {
  name: 'cancellation-is-answered',
  says: 'whoever asks for a cancellation is told yes or no, unless the booking has ended otherwise, or what they left when they were erased was paid for',
  *examine({ bookings, stored }) {
    const known = new Map(bookings.map((each) => [each.bookingId, each.booking]));
    for (const { type, stream, data } of eventsOf({ stored }, 'user')) {
      if (type !== 'BookingCancellationRequested') continue;
      const { whileUnpaid } = data as DataOf<typeof BookingCancellationRequested>;
      const answers = ['BookingCancelled', 'BookingCancellationRefused', 'BookingRejected', 'BookingExpired'];
      if (whileUnpaid) answers.push('BookingPaid');
      if (!(known.get(stream) ?? []).some((fact) => answers.includes(fact.type)))
        yield `${stream} was to be cancelled, and nothing came of it`;
    }
  },
};

export const exchangedIsGivenBack: SimulatedInvariant = {
  name: 'exchanged-is-given-back',
  says: 'what is exchanged for another booking is given back once, when that one is confirmed, and never before',
  *examine({ bookings, stored }) {
    const confirmed = new Set(
      bookings
        .filter(({ booking }) => booking.some(({ type }) => type === 'BookingConfirmed'))
        .map(({ bookingId }) => bookingId),
    );
    const asked = eventsOf({ stored }, 'user');
    const cancellations = asked.flatMap(({ type, data }) =>
      type === 'BookingCancellationRequested' ? [data as DataOf<typeof BookingCancellationRequested>] : [],
    );
    for (const { type, stream, data } of asked) {
      const { replaces, acceptedAt } = (data ?? {}) as BookingRequestedData;
      if (type !== 'BookingRequested' || replaces === undefined) continue;
      const times = cancellations.filter(
        (each) =>
          each.bookingId === replaces.bookingId &&
          each.acceptedAt === acceptedAt &&
          each.reason === `exchanged for booking ${bookingNumber(stream)}`,
      ).length;
      if (times !== (confirmed.has(stream) ? 1 : 0))
        yield `${replaces.bookingId} was to be exchanged for ${stream}, ${confirmed.has(stream) ? '' : 'never '}confirmed, and was given back ${times} times`;
    }
  },
};

export const cancelledShowHasNoBookings: SimulatedInvariant = {
  name: 'cancelled-show-has-no-bookings',
  says: 'with a cancelled show, every booking of it has ended',
  *examine({ bookings, stored }) {
    const cancelled = new Set(
      eventsOf({ stored }, 'catalog')
        .filter(({ type }) => type === 'ShowCancelled')
        .map(({ subject }) => subject),
    );
    for (const { bookingId, document } of bookings) {
      const { showId, status } = (document ?? {}) as { readonly showId?: string; readonly status?: string };
      if (showId !== undefined && cancelled.has(showId) && status === 'confirmed')
        yield `${bookingId} is confirmed, and its show ${showId} will not take place`;
    }
  },
};
