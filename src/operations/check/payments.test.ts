import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Asked, BookingFacts } from './booking-facts.ts';
import { examineBooking } from './bookings.ts';
import type { Data, Fact } from './fact.ts';

const limits = { holdTtlMs: 300_000, waitingListHoldMs: 1_800_000, paymentGraceMs: 60_000 };
const hour = 3_600_000;
const [atFirst, later] = ['2026-01-01T10:00:00.000Z', '2026-01-01T10:01:00.000Z'];
const total = { amount: 1_000, currency: 'EUR' };

const fact = (type: string, data: Data = {}): Fact => ({ type, version: 0, time: 0, data });
const accepted = (more: Data = {}) =>
  fact('RequestAccepted', { timesOutAt: hour, acceptedAt: atFirst, answersPayments: true, ...more });
const held = fact('BookingHeld', { total, items: [], fees: [] });
const charged = (submittedAt: string) =>
  fact('BookingPaymentStarted', { paymentId: 'pay_1', amount: total, submittedAt });
const passedOver = (submittedAt: string) => fact('PaymentPassedOver', { submittedAt });
const ofRequest = (pays: boolean): Asked => ({ type: 'BookingRequested', time: 0, acceptedAt: atFirst, pays });
const paid = (acceptedAt: string): Asked => ({ type: 'PaymentSubmitted', time: 0, acceptedAt, pays: true });

/** What is found of payments where these were asked for, and the booking service says this. */
function found(asked: readonly Asked[], booking: readonly Fact[], now = hour): number {
  const facts = {
    ...{ bookingId: 'bkg_1', asked, seats: [], payments: [], tickets: [], messages: [], allocations: [], captures: 0 },
    booking: [...booking.slice(0, 1), fact('BookingCreated'), ...booking.slice(1)].map((each, index) => ({
      ...each,
      version: index + 1,
    })),
    ...{ ticketRows: [], inbox: new Map(), document: undefined, waits: false, ledger: new Map(), theirs: [] },
  } as unknown as BookingFacts;
  return examineBooking(facts, { now, limits }).filter(({ invariant }) => invariant === 'payments-are-answered').length;
}

test('a payment that is charged, or passed over, is answered, and so is each of two of the same moment', () => {
  assert.equal(found([ofRequest(true)], [accepted({ payment: {} }), held, charged(atFirst)]), 0);
  assert.equal(found([ofRequest(false), paid(later)], [accepted(), held, charged(later)]), 0);
  const both = [ofRequest(false), paid(later), paid(later)];
  assert.equal(found(both, [accepted(), held, charged(later), passedOver(later)]), 0);
});

test('a payment of which nothing came is found, once it had its time, and an answer that nobody asked for', () => {
  const asked = [ofRequest(false), paid(later)];
  const expired = [accepted(), held, fact('BookingExpired')];
  assert.equal(found(asked, expired), 1);
  assert.equal(found(asked, expired, 1), 0, 'it was accepted just now');
  assert.equal(found([...asked, paid(later)], [accepted(), held, charged(later)]), 1);
  assert.equal(found(asked, [accepted(), held, charged(later), passedOver(later)]), 1);
});

test('a payment that is kept until seats are held is answered by an end without a charge, and by a price of nothing', () => {
  const asked = [ofRequest(false), paid(later)];
  const kept = fact('PaymentKept', { submittedAt: later });
  assert.equal(found(asked, [accepted(), kept]), 0);
  assert.equal(found(asked, [accepted(), kept, fact('BookingRejected', { seats: [] })]), 0);
  assert.equal(found([ofRequest(true)], [accepted({ payment: {} }), fact('BookingRejected', { seats: [] })]), 0);
  assert.equal(
    found(asked, [accepted(), kept, held, fact('BookingCancelled', { seats: [], areas: [], whole: true })]),
    0,
  );
  assert.equal(found(asked, [accepted(), kept, held, fact('BookingExpired')]), 1);
  assert.equal(found(asked, [accepted(), kept, held]), 1, 'seats are held, and it is not charged');
  const free = fact('BookingHeld', { total: { ...total, amount: 0 }, items: [], fees: [] });
  assert.equal(found(asked, [accepted(), kept, free, fact('BookingPaid', { amount: { ...total, amount: 0 } })]), 0);
});

test('what came before the request was said again behind it, and older builds did not tell', () => {
  const asked = [paid(later), ofRequest(false), paid(later)];
  assert.equal(found(asked, [accepted(), held, charged(later)]), 0);
  assert.equal(found(asked, [fact('RequestAccepted', { timesOutAt: hour }), held, fact('BookingExpired')]), 0);
  assert.equal(found([paid(later)], [accepted(), held, fact('BookingExpired')]), 0, 'the request was not made here');
  const byOlder = fact('BookingPaymentStarted', { paymentId: 'pay_1', amount: total });
  assert.equal(found([ofRequest(true), paid(later)], [accepted(), held, byOlder]), 0, 'accepted by this build only');
});
