import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Show } from '../../contracts/catalog.ts';
import { byId, placeNames } from '../../contracts/rules/places.ts';
import type { Details } from './messages.ts';
import { compose, type Occasion } from './texts.ts';

const euro = (amount: number) => ({ amount, currency: 'EUR' });
const show: Show = {
  showId: 'shw_1',
  movie: { movieId: 'mov_1', title: 'Metropolis' },
  theatre: { theatreId: 'thr_1', name: 'Astor', location: 'Berlin', timeZone: 'Europe/Berlin' },
  screen: { screenId: 'scr_1', number: 3 },
  startsAt: '2026-11-21T19:15:00.000Z',
  seatPlanId: 'pln_1',
  priceCategories: [{ name: 'standard', price: euro(1_250) }],
  sales: { opensAt: '2026-11-01T00:00:00.000Z', closesAt: '2026-11-21T19:15:00.000Z' },
  refundPolicy: { untilMinutesBefore: 0, feePercent: 0 },
  state: 'scheduled',
};
const places = { seats: ['A-1-1', 'A-1-2'], areas: [{ area: 'floor', count: 1 }] };
const bookingId = 'bkg_01a222b9-beac-7575-81f8-913c1e18c88e';
const number = 'FH-7GF1-HJ4E';
const pagesUrl = 'https://tickets.example';
const holdExpiresAt = '2026-11-21T12:05:00.000Z';
const say = (details: Details, more: Partial<Occasion> = {}) =>
  compose({
    details,
    channel: 'email',
    bookingId,
    pagesUrl,
    show,
    names: byId,
    places,
    name: 'Ada',
    locale: 'en',
    ...more,
  });

const all: readonly Details[] = [
  { kind: 'booking_held', total: euro(2_650), holdExpiresAt, ...places },
  { kind: 'payment_received', amount: euro(2_650) },
  { kind: 'payment_declined', why: 'The card was declined.', attemptsLeft: 1, holdExpiresAt },
  { kind: 'booking_rejected', reason: 'price_changed', newTotal: euro(3_000) },
  { kind: 'booking_expired', ...places },
  { kind: 'booking_cancelled', whole: true, cause: 'customer', refund: euro(2_385), kept: euro(265), ...places },
  { kind: 'refund_made', amount: euro(2_650) },
  { kind: 'show_changed' },
  { kind: 'tickets_issued', ticketCount: 2 },
];

/** To whom the booking is not theirs, or need not be. */
const ofTickets: readonly Details[] = [
  { kind: 'show_changed', toReceiver: true },
  { kind: 'ticket_transferred', seat: 'A-1-1' },
  { kind: 'ticket_received', ticketId: 'tkt_1', area: 'floor' },
  { kind: 'ticket_void', ticketId: 'tkt_1', reason: 'booking_cancelled', seat: 'A-1-1' },
];

describe('a message about a ticket that was given', () => {
  for (const details of ofTickets) {
    test(`${details.kind} says what, where and when, and leads to no booking`, () => {
      const { subject, text } = say(details);
      assert.match(subject, /Metropolis/);
      assert.match(text, /Astor, screen 3, Berlin/);
      assert.match(text, /Your tickets?:.*\nhttps:\/\/tickets\.example\/(bookings|tickets\/tkt_1)\n/);
      assert.doesNotMatch(text, /bkg_|FH-|undefined/);
    });
  }
  test('names the place', () => {
    assert.match(say({ kind: 'ticket_transferred', seat: 'A-1-1' }).text, /the ticket for seat A-1-1/);
    assert.match(say({ kind: 'ticket_received', ticketId: 'tkt_1', area: 'floor' }).text, /a place in floor/);
  });
  test('says that a cancelled show, or a cancelled booking, was the reason', () => {
    const voided = { kind: 'ticket_void', ticketId: 'tkt_1', seat: 'A-1-1' } as const;
    assert.match(say({ ...voided, reason: 'show_cancelled' }).text, /the show will not take place/);
    assert.match(
      say({ ...voided, reason: 'booking_cancelled' }).text,
      /the ticket for seat A-1-1 came from was cancelled/,
    );
  });
});

describe('every message', () => {
  for (const details of all) {
    test(`${details.kind} says what, where, when and which booking`, () => {
      const { subject, text } = say(details);
      assert.match(subject, /Metropolis/);
      assert.doesNotMatch(subject, /\n/);
      assert.match(text, /^Hello Ada,\n/);
      assert.match(text, /Astor, screen 3, Berlin/);
      assert.match(text, /Saturday, November 21, 2026 at 8:15/);
      assert.ok(text.includes(`\nYour booking: ${number}\nhttps://tickets.example/bookings/${bookingId}\n`), text);
      assert.doesNotMatch(text, /undefined|NaN|\[object/);
    });
    test(`${details.kind} does without a show, a name and a language that are unknown`, () => {
      const { subject, text } = say(details, {
        show: undefined,
        name: undefined,
        places: undefined,
        pagesUrl: undefined,
        locale: 'no such',
      });
      assert.match(text, /^Hello,\n/);
      assert.ok(text.includes(`\nYour booking: ${number}\n\n`), text);
      assert.doesNotMatch(subject + text, /undefined|NaN/);
    });
    test(`${details.kind} fits a phone: one paragraph, no greeting`, () => {
      const { text } = say(details, { channel: 'sms' });
      assert.doesNotMatch(text, /\n|Hello/);
      assert.ok(text.endsWith(` Booking ${number}. https://tickets.example/bookings/${bookingId}`), text);
    });
  }
});

describe('amounts and times', () => {
  test("are in the customer's own notation", () => {
    const { text } = say({ kind: 'payment_received', amount: euro(2_650) }, { locale: 'de-DE' });
    assert.match(text, /26,50\s€/);
    assert.match(text, /Samstag, 21\. November 2026 um 20:15/);
    assert.match(say({ kind: 'refund_made', amount: { amount: 500, currency: 'JPY' } }).text, /¥500/);
  });
  test('of a hold are those of the clock in the theatre', () => {
    assert.match(
      say({ kind: 'booking_held', total: euro(2_650), holdExpiresAt, ...places }).text,
      /until Nov 21, 2026, 1:05/,
    );
  });
});

describe('seats', () => {
  const row = { id: '1', name: 'A', first: 1, last: 20, step: 1, accessible: [], companion: [] };
  const names = placeNames({
    sections: [{ id: 'A', name: 'Stalls', priceCategory: 'standard', rows: [row] }],
    areas: [{ area: 'floor', name: 'Standing\nroom', capacity: 50, priceCategory: 'standing' }],
  });
  const told = (details: Details) => say(details, { names }).text;
  test('are said as they are called in the hall, on one line', () => {
    const held = told({ kind: 'booking_held', total: euro(2_650), holdExpiresAt, ...places });
    assert.match(held, /We hold row A, seats 1, 2; 1 place in Standing room for you until/);
    assert.match(
      told({ kind: 'tickets_issued', ticketCount: 2 }),
      /ready: row A, seats 1, 2; 1 place in Standing room\./,
    );
    const some = { kind: 'booking_cancelled', whole: false, cause: 'organizer', seats: ['A-1-2'], areas: [] } as const;
    assert.match(told(some), /Row A, seat 2 of your booking was cancelled/);
  });
  test('are one place in a message about one ticket', () => {
    assert.match(told({ kind: 'ticket_transferred', seat: 'A-1-1' }), /the ticket for row A, seat 1 that/);
    assert.match(told({ kind: 'ticket_received', ticketId: 'tkt_1', area: 'floor' }), /for a place in Standing room\./);
  });
  test('are their ids where the plan does not have them', () => {
    assert.match(told({ kind: 'ticket_transferred', seat: 'B-1-1' }), /the ticket for seat B-1-1 that/);
  });
});

describe('what to do next', () => {
  test('names the places that are held', () => {
    const { text } = say({ kind: 'booking_held', total: euro(2_650), holdExpiresAt, ...places });
    assert.match(text, /seats A-1-1, A-1-2; 1 place in floor/);
    assert.match(text, /Please pay €26\.50 before then/);
  });
  test('says how many tries are left', () => {
    const { text } = say({ kind: 'payment_declined', why: 'No.', attemptsLeft: 1, holdExpiresAt });
    assert.match(text, /1 try left/);
  });
  test('tells a cancelled show from a cancelled booking, and some seats from all', () => {
    const whole = { kind: 'booking_cancelled', whole: true, seats: ['A-1-1'], areas: [] } as const;
    assert.match(say({ ...whole, cause: 'show_cancelled', refund: euro(1) }).subject, /^Metropolis was cancelled/);
    assert.match(say({ ...whole, cause: 'organizer' }).text, /Your booking was cancelled by the organizer\./);
    const some = say({ ...whole, whole: false, cause: 'organizer' });
    assert.match(some.text, /Seat A-1-1 of your booking was cancelled/);
    assert.match(some.subject, /^Part of your booking for Metropolis was cancelled/);
    assert.match(say({ ...whole, whole: false, cause: 'organizer' }).text, /The other tickets stay valid/);
  });
  test('explains every reason of a rejection', () => {
    for (const reason of [
      'show_not_found',
      'show_cancelled',
      'sales_closed',
      'seat_unknown',
      'seats_unavailable',
      'limit_exceeded',
      'price_changed',
      'payment_declined',
      'timed_out',
    ] as const) {
      assert.match(say({ kind: 'booking_rejected', reason }).text, /You have not been charged for it\./);
    }
  });
});

test('names and titles cannot break a line, a header or a greeting', () => {
  const movie = { ...show.movie, title: 'Metro\r\nBcc: all@example.com' };
  const { subject, text } = say(
    { kind: 'show_changed' },
    { show: { ...show, movie }, name: `Eve\n\nPay here${'!'.repeat(200)}` },
  );
  assert.doesNotMatch(subject, /[\r\n]/);
  assert.match(text, /^Hello Eve Pay here!{60,80},\n/);
});
