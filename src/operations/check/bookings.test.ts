import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BookingFacts } from './booking-facts.ts';
import { examineBooking } from './bookings.ts';
import type { Data, Fact } from './fact.ts';

const bookingId = 'bkg_01900000-0000-7000-8000-000000000001';
const limits = { holdTtlMs: 300_000, waitingListHoldMs: 1_800_000, paymentGraceMs: 60_000 };
const hour = 3_600_000;

const fact = (type: string, version: number, data: Data = {}): Fact => ({ type, version, time: 0, data });

/** A booking whose only charge has no outcome; a person is told of it an hour after it was asked for. */
function paying(...payments: readonly Fact[]): BookingFacts {
  const charge = { paymentId: 'pay_1', amount: { amount: 1_000, currency: 'EUR' } };
  return {
    bookingId,
    booking: [
      fact('RequestAccepted', 1, { timesOutAt: hour }),
      fact('BookingCreated', 2),
      fact('BookingHeld', 3, { total: charge.amount, items: [], fees: [] }),
      fact('BookingPaymentStarted', 4, charge),
      fact('BookingValidated', 5, charge),
    ],
    ...{
      seats: [],
      tickets: [],
      messages: [],
      asked: [],
      allocations: [],
      captures: 0,
      ticketRows: [],
      inbox: new Map(),
    },
    payments: [fact('ChargeRequested', 1, { ...charge, unsettledAt: hour }), ...payments],
    ...{ document: { status: 'paying' }, waits: false, ledger: new Map(), theirs: [] },
  } as unknown as BookingFacts;
}

const late = (facts: BookingFacts, now: number) =>
  examineBooking(facts, { now, limits }).filter(({ invariant }) => invariant === 'ends-in-time').length;

test('a charge of unknown outcome may stay open for ever, if a person was told of it in time', () => {
  assert.equal(late(paying(), hour), 0);
  assert.equal(late(paying(), 2 * hour), 0);
  assert.equal(late(paying(), 3 * hour), 1);
  assert.equal(late(paying(fact('PaymentUnsettled', 2, { paymentId: 'pay_1' })), 3 * hour), 0);
});

test('nothing is late where nothing runs', () => {
  assert.equal(late(paying(), 0), 0);
});

/** What the rules about tickets that were given away find of these facts. */
function foundOf(
  tickets: readonly Fact[],
  { cancelledBy, issue, seats = ['A-1-1'] }: { cancelledBy?: string; issue?: number; seats?: readonly string[] } = {},
) {
  const cancelled =
    cancelledBy === undefined ? [] : [fact('BookingCancelled', 6, { whole: true, cause: cancelledBy, seats })];
  const row = {
    ticketId: 'tkt_1',
    seat: 'A-1-1',
    area: null,
    status: 'valid',
    ...(issue === undefined ? {} : { issue }),
  };
  const facts = { ...paying(), booking: [...paying().booking, ...cancelled], tickets, ticketRows: [row] };
  return examineBooking(facts, { now: 0, limits }).flatMap(({ invariant }) =>
    ['newest-code-only', 'given-is-not-refunded'].includes(invariant) ? [invariant] : [],
  );
}
const given = (issue: number, toUserId = 'usr_2') =>
  fact('TicketTransferred', issue - 1, { ticketId: 'tkt_1', seat: 'A-1-1', userId: 'usr_1', toUserId, issue });
const admitted = (issue?: number) =>
  fact('TicketAdmitted', issue ?? 1, { ticketId: 'tkt_1', ...(issue === undefined ? {} : { issue }) });

test('a ticket lets in with its newest code, and each issue is taken once', () => {
  assert.deepEqual(foundOf([admitted()]), []);
  assert.deepEqual(foundOf([given(2), given(3, 'usr_3'), admitted(3)], { issue: 3 }), []);
  assert.deepEqual(foundOf([given(2), admitted()]), ['newest-code-only']);
  assert.deepEqual(foundOf([given(2), given(2, 'usr_3')]), ['newest-code-only']);
  assert.deepEqual(foundOf([given(3)]), ['newest-code-only']);
  assert.deepEqual(foundOf([given(2)], { issue: 1 }), ['newest-code-only'], 'the door has forgotten it');
});

test('who gave a ticket away has no money back, unless it came back, or the organizer gives it', () => {
  const cancelledBy = 'customer';
  assert.deepEqual(foundOf([], { cancelledBy }), []);
  assert.deepEqual(foundOf([given(2)], { cancelledBy }), ['given-is-not-refunded']);
  assert.deepEqual(foundOf([given(2), given(3, 'usr_1')], { cancelledBy }), []);
  assert.deepEqual(foundOf([given(2)], { cancelledBy: 'organizer' }), []);
  // Its seat was cancelled by the organizer while the customer's cancellation waited for the tickets.
  assert.deepEqual(foundOf([given(2)], { cancelledBy, seats: ['A-1-2'] }), []);
});
