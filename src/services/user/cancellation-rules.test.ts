import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BookingStatus } from '../../contracts/booking.ts';
import type { Show } from '../../contracts/catalog.ts';
import { type BookingDocument, emptyDocument } from './booking-document.ts';
import { type CancellationAsked, cancellationRefusal } from './cancellation-rules.ts';

const about = {
  bookingId: 'bkg_01890000-0000-7000-8000-000000000001',
  showId: 'shw_01890000-0000-7000-8000-000000000001',
  userId: 'usr_01890000-0000-7000-8000-000000000001',
};
const startsAt = '2026-03-01T20:00:00.000Z';
const before = Date.parse(startsAt) - 3_600_000;

const booking = (status: BookingStatus, internal: Partial<BookingDocument['internal']> = {}): BookingDocument => {
  const empty = emptyDocument(about, '2026-02-01T10:00:00.000Z');
  return { ...empty, status, seats: ['A-1-1', 'A-1-2'], internal: { ...empty.internal, ...internal } };
};
const show = (more: Partial<Show> = {}): Show => ({
  showId: about.showId,
  movie: { movieId: 'mov_01890000-0000-7000-8000-000000000001', title: 'Any' },
  theatre: { theatreId: 'thr_01890000-0000-7000-8000-000000000001', name: 'Any', location: 'Any', timeZone: 'UTC' },
  screen: { screenId: 'scr_01890000-0000-7000-8000-000000000001', number: 1 },
  seatPlanId: 'pln_01890000-0000-7000-8000-000000000001',
  ...{ startsAt, priceCategories: [], sales: { opensAt: startsAt, closesAt: startsAt }, state: 'scheduled' },
  refundPolicy: { untilMinutesBefore: 0, feePercent: 0 },
  ...more,
});
const refusalOf = (more: Partial<CancellationAsked>) =>
  cancellationRefusal({
    booking: booking('confirmed'),
    by: 'customer',
    seats: undefined,
    show: show(),
    now: before,
    ...more,
  });

test('a booking that is open or confirmed may be cancelled until the start', () => {
  for (const status of ['requested', 'awaiting_payment', 'paying', 'confirmed'] as const) {
    assert.equal(refusalOf({ booking: booking(status) }), undefined, status);
  }
  assert.equal(refusalOf({ now: Date.parse(startsAt) }), undefined);
});

test('after the start it is too late for a customer, not for an organizer', () => {
  assert.equal(refusalOf({ now: Date.parse(startsAt) + 1 })?.code, 'cancellation_closed');
  assert.equal(refusalOf({ now: Date.parse(startsAt) + 1, by: 'organizer' }), undefined);
});

test('before the start it is for the booking service to say by which policy it is too late', () => {
  const refundPolicy = { untilMinutesBefore: 120, feePercent: 10 };
  assert.equal(refusalOf({ show: show({ refundPolicy }) }), undefined);
});

test('an unpaid booking may be cancelled at any time', () => {
  assert.equal(refusalOf({ booking: booking('awaiting_payment'), now: Date.parse(startsAt) + 1 }), undefined);
});

test('a show that has not arrived here is judged later', () => {
  assert.equal(refusalOf({ show: undefined, now: Date.parse(startsAt) + 1 }), undefined);
});

test('a booking that ended another way is a conflict', () => {
  for (const status of ['rejected', 'expired'] as const)
    assert.equal(refusalOf({ booking: booking(status) })?.code, 'conflict');
});

test('a used ticket is a conflict, for the seats it is about', () => {
  const used = booking('confirmed', { usedTickets: ['tkt_1'], places: { tkt_1: 'A-1-1', tkt_2: 'A-1-2' } });
  assert.equal(refusalOf({ booking: used })?.code, 'conflict');
  assert.equal(refusalOf({ booking: used, by: 'organizer', seats: ['A-1-1'] })?.code, 'conflict');
  assert.equal(refusalOf({ booking: used, by: 'organizer', seats: ['A-1-2'] }), undefined);
});

test('a ticket that belongs to somebody else is a conflict to the customer, and none to the organizer', () => {
  const given = { ...booking('confirmed'), givenTickets: ['tkt_1'] };
  assert.equal(refusalOf({ booking: given })?.code, 'conflict');
  assert.match(refusalOf({ booking: given })?.detail ?? '', /belongs to somebody else/);
  assert.equal(refusalOf({ booking: given, by: 'organizer' }), undefined);
  const cancelled = { ...booking('confirmed', { voidTickets: ['tkt_1'] }), givenTickets: ['tkt_1'] };
  assert.equal(refusalOf({ booking: cancelled }), undefined, 'void is nobody’s');
});

test('some seats need a confirmed booking that has them', () => {
  assert.equal(refusalOf({ booking: booking('paying'), by: 'organizer', seats: ['A-1-1'] })?.code, 'conflict');
  const refusal = refusalOf({ by: 'organizer', seats: ['A-1-1', 'B-9-9'] });
  assert.equal(refusal?.code === 'validation_failed' ? refusal.pointer : undefined, '/seats/1');
});

test('a seat that was cancelled before may be named again', () => {
  const price = { amount: 1_000, currency: 'EUR' };
  const items = ['A-1-1', 'A-1-2', 'A-1-3'].map((seat) => ({ seat, priceCategory: 'standard', price }));
  const inPart = { ...booking('confirmed'), items };
  assert.equal(refusalOf({ booking: inPart, by: 'organizer', seats: ['A-1-3'] }), undefined);
  assert.equal(refusalOf({ booking: inPart, by: 'organizer', seats: ['A-1-4'] })?.code, 'validation_failed');
});
