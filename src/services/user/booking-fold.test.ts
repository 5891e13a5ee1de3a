import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BookingEvent } from '../../contracts/booking.ts';
import type { TicketEvent } from '../../contracts/ticket.ts';
import type { BookingMovieEvent } from '../../contracts/user.ts';
import type { BookingChange, BookingDocument } from './booking-document.ts';
import { foldBooking } from './booking-fold.ts';

const uuid = '01890000-0000-7000-8000-000000000001';
const about = { bookingId: `bkg_${uuid}`, showId: `shw_${uuid}`, userId: `usr_${uuid}` };
const usd = (amount: number) => ({ amount, currency: 'USD' });
const seats = ['A-1-1', 'A-1-2'];
const places = { seats, areas: [] };
const acceptedAt = '2026-01-01T10:00:00.000Z';
const holdExpiresAt = '2026-01-01T10:05:00.000Z';
const items = seats.map((seat) => ({ seat, priceCategory: 'standard', price: usd(1_000) }));
const paymentId = `pay_${uuid}`;
const refundId = `rfd_${uuid}`;
const payment = { method: 'card', token: 'tok_visa' } as const;

type AnyEvent = BookingMovieEvent | BookingEvent | TicketEvent;
const start = Date.parse(acceptedAt);

const requested = (paid: boolean): AnyEvent => ({
  type: 'BookingRequested',
  data: { ...about, wanted: { kind: 'seats', seats }, acceptedAt, ...(paid ? { payment } : {}) },
});
const created: AnyEvent = {
  type: 'BookingCreated',
  data: {
    ...about,
    wanted: { kind: 'seats', seats },
    acceptedAt,
    seatPlanId: `pln_${uuid}`,
    currency: 'USD',
    paymentSent: false,
  },
};
const held: AnyEvent = {
  type: 'BookingHeld',
  data: { ...about, ...places, items, fees: [], total: usd(2_000), rulesVersion: 0, holdExpiresAt, paymentSent: false },
};
const waits: AnyEvent = { type: 'BookingWaits', data: { ...about, until: '2026-01-02T10:00:00.000Z' } };
const started = (attempt: number): AnyEvent => ({
  type: 'BookingPaymentStarted',
  data: { ...about, attempt, paymentId, amount: usd(2_000), holdExpiresAt, heldUntil: holdExpiresAt },
});
const error = { code: 'declined', message: 'The card was declined.' };
const declined = (attempt: number): AnyEvent => ({
  type: 'PaymentDeclined',
  data: { ...about, attempt, attemptsLeft: 3 - attempt, paymentId, error, holdExpiresAt },
});
const unsettled: AnyEvent = { type: 'BookingPaymentUnsettled', data: { ...about, attempt: 1, paymentId } };
const paid = (attempt: number): AnyEvent => ({
  type: 'BookingPaid',
  data: { ...about, ...places, attempt, paymentId, amount: usd(2_000) },
});
const confirmed: AnyEvent = {
  type: 'BookingConfirmed',
  data: { ...about, ...places, items, total: usd(2_000), paymentId },
};
const rejected: AnyEvent = {
  type: 'BookingRejected',
  data: { ...about, ...places, reason: 'seats_unavailable', offending: ['A-1-1'] },
};
const expired: AnyEvent = { type: 'BookingExpired', data: { ...about, ...places } };
const cancelled: AnyEvent = {
  type: 'BookingCancelled',
  data: { ...about, ...places, whole: true, cause: 'customer', refund: usd(2_000) },
};
const refundRequested: AnyEvent = {
  type: 'RefundRequested',
  data: { ...about, refundId, paymentId, amount: usd(2_000), cause: 'cancellation' },
};
const refunded: AnyEvent = { type: 'BookingRefunded', data: { ...about, refundId, amount: usd(2_000) } };
const refundFailed: AnyEvent = { type: 'BookingRefundFailed', data: { ...about, refundId, amount: usd(2_000), error } };
const submitted: AnyEvent = { type: 'PaymentSubmitted', data: { ...about, payment, acceptedAt } };
const issued = (ticketId: string, seat: string): AnyEvent => ({
  type: 'TicketIssued',
  data: {
    ...{
      ...about,
      ticketId,
      seat,
      movieName: 'Any',
      theatreName: 'Any',
      theatreLocation: 'Any',
      timeZone: 'UTC',
      screenNumber: 1,
    },
    ...{ showStartsAt: holdExpiresAt, showLocalTime: 'today', priceCategory: 'standard', ticketCount: 2 },
  },
});

/** Booking events are numbered in the order given; each event comes a second after the one before. */
function folded(...events: readonly AnyEvent[]): BookingDocument {
  let document: BookingDocument | undefined;
  for (const [index, event] of events.entries()) document = foldBooking(document, at(event, index + 1));
  assert.ok(document);
  return document;
}
function at(event: AnyEvent, version: number): BookingChange {
  return { ...event, time: start + version * 1_000, streamVersion: version, timeline: 1 } as BookingChange;
}
const statuses = ({ history }: BookingDocument) => history.map(({ status }) => status);

test('the whole way, paid at once', () => {
  const document = folded(
    requested(true),
    created,
    held,
    started(1),
    paid(1),
    confirmed,
    issued('tkt_2', 'A-1-2'),
    issued('tkt_1', 'A-1-1'),
  );
  assert.deepEqual(statuses(document), ['requested', 'awaiting_payment', 'paying', 'confirmed']);
  assert.deepEqual(document.payment, { status: 'succeeded', attempts: 1 });
  assert.deepEqual(document.tickets, ['tkt_1', 'tkt_2']);
  assert.deepEqual(document.total, usd(2_000));
  assert.equal(document.holdExpiresAt, undefined);
});

test('whoever waits for seats is told so, and goes on once there are some', () => {
  const waiting = folded(requested(false), created, waits);
  assert.deepEqual([waiting.status, waiting.waitsUntil], ['waiting', '2026-01-02T10:00:00.000Z']);
  assert.deepEqual(folded(requested(false), created, waits, submitted).payment.status, 'pending');
  const document = folded(requested(false), created, waits, held, started(1), paid(1), confirmed);
  assert.deepEqual(statuses(document), ['requested', 'waiting', 'awaiting_payment', 'paying', 'confirmed']);
  assert.equal(document.waitsUntil, undefined);
  const until = '2026-01-09T10:00:00.000Z';
  const on = folded(requested(false), created, waits, { type: 'BookingWaits', data: { ...about, until } });
  assert.deepEqual([statuses(on), on.waitsUntil], [['requested', 'waiting'], until]);
  assert.deepEqual(statuses(folded(requested(false), created, waits, rejected)), ['requested', 'waiting', 'rejected']);
});

test('a booking without a payment has none, until one is submitted', () => {
  assert.deepEqual(folded(requested(false), created, held).payment, { status: 'none', attempts: 0 });
  assert.equal(folded(requested(false), created, held).holdExpiresAt, holdExpiresAt);
  assert.deepEqual(folded(requested(false), created, held, submitted).payment, { status: 'pending', attempts: 0 });
});

test('a decline leaves the hold; the next payment counts as the next attempt', () => {
  const once = folded(requested(true), created, held, started(1), declined(1));
  assert.deepEqual(once.payment, { status: 'declined', attempts: 1, error });
  assert.equal(once.status, 'awaiting_payment');
  const twice = folded(requested(true), created, held, started(1), declined(1), submitted, started(2));
  assert.deepEqual(twice.payment, { status: 'pending', attempts: 2 });
  assert.deepEqual(statuses(twice), ['requested', 'awaiting_payment', 'paying', 'awaiting_payment', 'paying']);
});

test('a payment submitted before the decline that answered it is not pending', () => {
  const document = folded(requested(false), created, held, started(1), declined(1));
  const late = foldBooking(document, { ...at(submitted, 9), time: start } as BookingChange);
  assert.equal(late?.payment.status, 'declined');
});

const passedOver: AnyEvent = {
  type: 'PaymentPassedOver',
  data: { ...about, method: 'card', submittedAt: acceptedAt, reason: 'another_payment' },
};

test('a payment that is not charged is shown with its reason, whatever becomes of the one that is', () => {
  const told = [{ submittedAt: acceptedAt, method: 'card', reason: 'another_payment' }];
  const charged = folded(requested(false), created, held, started(1), passedOver);
  assert.deepEqual(charged.payment, { status: 'pending', attempts: 1, passedOver: told });
  for (const [outcome, status] of [
    [declined(1), 'declined'],
    [paid(1), 'succeeded'],
    [unsettled, 'unknown'],
  ] as const) {
    const { payment } = folded(requested(false), created, held, started(1), passedOver, outcome);
    assert.deepEqual([payment.status, payment.passedOver], [status, told]);
  }
});

test('a payment that is read after the news that it is not charged is not pending', () => {
  const document = folded(requested(false), created, held, started(1), passedOver, declined(1));
  assert.equal(foldBooking(document, at(submitted, 9))?.payment.status, 'declined');
});

test('an outcome that is unknown for too long is unknown', () => {
  assert.equal(folded(requested(true), held, started(1), unsettled).payment.status, 'unknown');
});

test('a payment that was sent but never charged is none at the end', () => {
  const document = folded(requested(true), created, rejected);
  assert.deepEqual(document.payment, { status: 'none', attempts: 0 });
  assert.equal(document.reason, 'seats_unavailable');
  assert.deepEqual(document.offending, ['A-1-1']);
});

test('nothing to pay is no payment', () => {
  assert.deepEqual(folded(requested(true), created, held, paid(0), confirmed).payment, { status: 'none', attempts: 0 });
});

test('a final state is final, whatever comes late', () => {
  const late = [held, started(2), declined(2), confirmed, rejected, expired, cancelled, submitted];
  for (const end of [rejected, expired, cancelled]) {
    const document = folded(requested(true), created, held, end);
    for (const event of late) {
      const after = foldBooking(document, at(event, 50));
      assert.equal(after?.status, document.status, `${event.type} after ${end.type}`);
      assert.deepEqual(after?.history, document.history);
    }
  }
  const sold = folded(requested(true), created, held, started(1), paid(1), confirmed);
  for (const event of late) {
    const expected: string = event === cancelled ? 'cancelled' : 'confirmed';
    assert.equal(foldBooking(sold, at(event, 50))?.status, expected, `${event.type} after BookingConfirmed`);
  }
});

test('an event seen before changes nothing', () => {
  const events = [requested(true), created, held, started(1), declined(1)];
  const document = folded(...events);
  for (const [index, event] of events.entries()) {
    if (event.type !== 'BookingRequested') assert.equal(foldBooking(document, at(event, index + 1)), document);
  }
});

test('tickets may come before the confirmation, and the request after its own answer', () => {
  const document = folded(issued('tkt_1', 'A-1-1'), created, requested(true), held, started(1), paid(1), confirmed);
  assert.equal(document.status, 'confirmed');
  assert.deepEqual(document.tickets, ['tkt_1']);
});

test('any order of the three sources ends the same', () => {
  const booking = [created, held, started(1), paid(1), confirmed].map((event, index) => at(event, index + 1));
  const own = [at(requested(true), 1)];
  const tickets = [at(issued('tkt_1', 'A-1-1'), 1), at(issued('tkt_2', 'A-1-2'), 2)];
  const ends = [
    [...own, ...booking, ...tickets],
    [...booking, ...own, ...tickets],
    [...tickets, ...booking, ...own],
    [...own, ...tickets, ...booking],
  ].map((events) => events.reduce<BookingDocument | undefined>(foldBooking, undefined));
  for (const end of ends) {
    assert.equal(end?.status, 'confirmed');
    assert.deepEqual(end?.payment, ends[0]?.payment);
    assert.deepEqual(end?.tickets, ends[0]?.tickets);
    assert.deepEqual(end?.seats, ends[0]?.seats);
  }
});

test('a refund is pending, then made or failed; it says that the money had come', () => {
  const cancelling = [requested(true), created, held, started(1), paid(1), confirmed, cancelled, refundRequested];
  assert.deepEqual(folded(...cancelling).refund, { status: 'pending', amount: usd(2_000) });
  assert.deepEqual(folded(...cancelling, refunded).refund, { status: 'succeeded', amount: usd(2_000) });
  assert.deepEqual(folded(...cancelling, refundFailed).refund, { status: 'failed', amount: usd(2_000) });
  assert.deepEqual(folded(...cancelling, refunded, refundRequested).refund, {
    status: 'succeeded',
    amount: usd(2_000),
  });
  const late = folded(requested(true), created, held, started(1), expired, refundRequested);
  assert.equal(late.payment.status, 'succeeded');
  assert.equal(late.status, 'expired');
});

test('cancelling some seats leaves the others', () => {
  const some: AnyEvent = {
    type: 'BookingCancelled',
    data: { ...about, seats: ['A-1-1'], areas: [], whole: false, cause: 'organizer' },
  };
  const document = folded(requested(true), created, held, started(1), paid(1), confirmed, some);
  assert.equal(document.status, 'confirmed');
  assert.deepEqual(document.seats, ['A-1-2']);
});

test('a refused cancellation is remembered, unless another one was asked for since', () => {
  const ask = {
    type: 'BookingCancellationRequested',
    data: {
      ...{ bookingId: about.bookingId, showId: about.showId },
      by: 'customer',
      byUserId: about.userId,
      acceptedAt: '2026-01-01T10:00:01.000Z',
    },
  } satisfies AnyEvent;
  const refuse = {
    type: 'BookingCancellationRefused',
    data: { ...about, reason: 'cancellation_closed' },
  } satisfies AnyEvent;
  assert.equal(folded(requested(false), ask, refuse).internal.cancellation?.state, 'refused');
  const again = { ...ask, data: { ...ask.data, acceptedAt: '2026-01-01T11:00:00.000Z' } } as AnyEvent;
  assert.equal(folded(requested(false), ask, again, refuse).internal.cancellation?.state, 'asked');
  // Each is told by when its request was accepted, whichever of the two sources is first.
  const answer = { by: 'customer', acceptedAt: ask.data.acceptedAt } as const;
  const answered = { ...refuse, data: { ...refuse.data, ...answer } } as AnyEvent;
  const { cancellation } = folded(requested(false), answered, ask).internal;
  assert.deepEqual(
    [cancellation?.state, cancellation?.by, cancellation?.at],
    ['refused', 'customer', answer.acceptedAt],
  );
  assert.equal(folded(requested(false), ask, again, answered).internal.cancellation?.state, 'asked');
});

test('a cancellation or a payment of a booking that is unknown makes no document', () => {
  assert.equal(foldBooking(undefined, at(submitted, 1)), undefined);
});

test('what it is instead of is told by the request alone, whenever that is read', () => {
  const replaces = { bookingId: 'bkg_1', showId: about.showId };
  const exchanged = { ...requested(false), data: { ...requested(false).data, replaces } } as AnyEvent;
  assert.equal(folded(exchanged, created, held).replaces, 'bkg_1');
  assert.equal(folded(created, held, exchanged).replaces, 'bkg_1');
  assert.equal('replaces' in folded(requested(false), created), false);
});

test('marks of tickets are kept once each', () => {
  const base = { ...about, ticketId: 'tkt_1' };
  const admitted: AnyEvent = {
    type: 'TicketAdmitted',
    data: { ...base, gate: 'A', admittedAt: acceptedAt, by: about.userId },
  };
  const voided: AnyEvent = { type: 'TicketVoided', data: { ...base, reason: 'cancelled' } };
  const { internal } = folded(admitted, admitted, voided, voided, issued('tkt_1', 'A-1-1'));
  assert.deepEqual(
    [internal.usedTickets, internal.voidTickets, internal.places],
    [['tkt_1'], ['tkt_1'], { tkt_1: 'A-1-1' }],
  );
});

test('tickets that belong to somebody else are named, until they are given back', () => {
  const given = (ticketId: string, toUserId: string, issue: number): AnyEvent => ({
    type: 'TicketTransferred',
    data: { ...about, ticketId, transferId: `trf_${uuid}`, fromUserId: 'usr_1', toUserId, issue },
  });
  const tickets = [issued('tkt_1', 'A-1-1'), issued('tkt_2', 'A-1-2')];
  assert.equal(folded(...tickets).givenTickets, undefined);
  const away = [given('tkt_2', 'usr_2', 2), given('tkt_1', 'usr_2', 2), given('tkt_1', 'usr_3', 3)];
  assert.deepEqual(folded(...tickets, ...away).givenTickets, ['tkt_1', 'tkt_2']);
  assert.deepEqual(folded(...tickets, ...away, given('tkt_1', about.userId, 4)).givenTickets, ['tkt_2']);
  const back = folded(...tickets, given('tkt_1', 'usr_2', 2), given('tkt_1', about.userId, 3));
  assert.equal(back.givenTickets, undefined);
  // On a topic of its own, it may be what is read first.
  assert.deepEqual(folded(given('tkt_1', 'usr_2', 2), requested(true)).givenTickets, ['tkt_1']);
});
