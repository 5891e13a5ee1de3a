import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Show } from '../../contracts/catalog.ts';
import { deriveId } from '../../contracts/ids.ts';
import {
  admitted,
  at,
  bookingId,
  cancellation,
  deadlineReached,
  failed,
  given,
  priced,
  requested,
  seatsLost,
  seatsSold,
  show,
  showCancelled,
  states,
  succeeded,
  ticketsKept,
  ticketsReturned,
  undone,
} from './decider.samples.ts';
import { booking } from './decider.ts';
import type { Input } from './inputs.ts';

const payment = { method: 'card', token: 'tok_visa' } as const;
/** A confirmed booking of a show as it was then. */
const boughtUnder = (then: Show): readonly Input[] => [
  requested({ payment, show: then }),
  ...states.confirmed.slice(1),
];
const attempt = (n: number) => deriveId('payment', bookingId, `attempt-${n}`);

describe('a cancellation', () => {
  const cancelled = (...inputs: readonly Input[]) => given(...inputs).last('BookingCancelled');

  test('of unpaid seats gives nothing back, for nothing was paid', () => {
    const data = cancelled(...states.awaiting_payment, cancellation());
    assert.equal(data.refund, undefined);
    assert.deepEqual(data.seats, ['A-1-1', 'A-1-2']);
  });
  test('by the customer gives everything back by default', () => {
    const data = cancelled(...states.confirmed, ...undone());
    assert.deepEqual([data.refund?.amount, data.kept?.amount, data.cause, data.whole], [2_650, 0, 'customer', true]);
  });
  test('by the customer leaves the fee of the refund policy', () => {
    const policy = show({ refundPolicy: { untilMinutesBefore: 0, feePercent: 10 } });
    const data = cancelled(...boughtUnder(policy), ...undone({ show: policy }));
    assert.deepEqual([data.refund?.amount, data.kept?.amount], [2_385, 265]);
  });
  test('by the customer follows the policy of the purchase, or the one of now where that is better', () => {
    const [good, bad] = [0, 50].map((feePercent) => show({ refundPolicy: { untilMinutesBefore: 0, feePercent } }));
    assert.ok(good && bad);
    const kept = (then: Show, now: Show) => cancelled(...boughtUnder(then), ...undone({ show: now })).kept?.amount;
    assert.deepEqual([kept(good, bad), kept(bad, good), kept(bad, bad)], [0, 0, 1_325]);
    const closed = show({ refundPolicy: { untilMinutesBefore: 8 * 24 * 60, feePercent: 0 } });
    given(...boughtUnder(good), ...undone({ show: closed })).isLast('RefundRequested');
    given(...boughtUnder(closed), ...undone({ show: closed })).isLast('BookingCancellationRefused');
  });
  test('that leaves everything asks for no refund', () => {
    const policy = show({ refundPolicy: { untilMinutesBefore: 0, feePercent: 100 } });
    given(...boughtUnder(policy), ...undone({ show: policy })).isLast('BookingCancelled');
  });
  test('by the customer is refused when it is too late', () => {
    const closed = show({ refundPolicy: { untilMinutesBefore: 24 * 60, feePercent: 0 }, startsAt: at(23 * 60) });
    const story = given(...boughtUnder(closed), cancellation({ show: closed }));
    assert.equal(story.last('BookingCancellationRefused').reason, 'cancellation_closed');
    assert.equal(story.state.status, 'confirmed');
  });
  test('is free again until the new start when the show was moved after the booking', () => {
    const policy = { untilMinutesBefore: 24 * 60, feePercent: 50 };
    const moved = show({ refundPolicy: policy, startsAt: at(60), movedAt: at(5) });
    assert.equal(cancelled(...boughtUnder(moved), ...undone({ show: moved })).refund?.amount, 2_650);
    const before = show({ refundPolicy: policy, startsAt: at(60), movedAt: at(-5) });
    given(...boughtUnder(before), cancellation({ show: before })).isLast('BookingCancellationRefused');
    const started = show({ refundPolicy: policy, startsAt: at(10), movedAt: at(5) });
    given(...states.confirmed, cancellation({ show: started })).isLast('BookingCancellationRefused');
  });
  test('by the customer is refused once a ticket was used, by the organizer it is not', () => {
    const story = given(...states.confirmed, admitted(), cancellation());
    assert.equal(story.last('BookingCancellationRefused').reason, 'not_cancellable');
    given(...states.confirmed, admitted(), cancellation({ by: 'organizer' })).isLast('RefundRequested');
  });
  test('by the organizer gives everything back, however late', () => {
    const late = show({ refundPolicy: { untilMinutesBefore: 0, feePercent: 50 }, startsAt: at(-60) });
    assert.equal(cancelled(...states.confirmed, cancellation({ by: 'organizer', show: late })).refund?.amount, 2_650);
  });
  test('of one seat gives its price back and leaves the rest confirmed', () => {
    const story = given(...states.confirmed, cancellation({ by: 'organizer', seats: ['A-1-1'] }));
    const data = story.last('BookingCancelled');
    assert.deepEqual([data.whole, data.seats, data.refund?.amount], [false, ['A-1-1'], 1_250]);
    assert.equal(story.state.status, 'confirmed');
    const rest = cancelled(
      ...states.confirmed,
      cancellation({ by: 'organizer', seats: ['A-1-1'] }),
      ...undone({ by: 'customer' }),
    );
    assert.deepEqual([rest.whole, rest.seats, rest.refund?.amount], [true, ['A-1-2'], 1_400]);
  });
  test('of all seats by name is one of the whole booking', () => {
    assert.equal(
      cancelled(...states.confirmed, cancellation({ by: 'organizer', seats: ['A-1-2', 'A-1-1'] })).whole,
      true,
    );
  });
  test('of a seat that is not theirs, or of some seats by the customer, is refused', () => {
    const unknown = given(...states.confirmed, cancellation({ by: 'organizer', seats: ['A-1-1', 'Z-9-9'] }));
    assert.equal(unknown.last('BookingCancellationRefused').reason, 'seat_unknown');
    const some = given(...states.confirmed, cancellation({ seats: ['A-1-1'] }));
    assert.equal(some.last('BookingCancellationRefused').reason, 'not_cancellable');
  });
  test('asked for while seats are looked for comes before any charge', () => {
    const story = given(requested({ payment }), cancellation(), cancellation(), priced());
    assert.deepEqual(story.types.slice(2), ['CancellationKept', 'BookingHeld', 'BookingCancelled']);
  });
  test('asked for while a charge is open applies after its success', () => {
    const story = given(...states.paying, cancellation(), succeeded(attempt(1)), seatsSold());
    assert.deepEqual(story.types.slice(-3), ['BookingConfirmed', 'CancellationBegun', 'TicketsAskedBack']);
    assert.equal(booking.decide(story.state, ticketsReturned())[0]?.type, 'BookingCancelled');
  });
  test('asked for while a charge is open applies after its decline', () => {
    const story = given(...states.paying, cancellation(), failed(attempt(1)));
    assert.deepEqual(story.types.slice(-2), ['PaymentDeclined', 'BookingCancelled']);
  });
  test('for an account that was erased undoes what is unpaid, and leaves what is paid', () => {
    const fee = show({ refundPolicy: { untilMinutesBefore: 0, feePercent: 100 } });
    const erased = cancellation({ show: fee, whileUnpaid: true });
    for (const unpaid of [states.requested, states.awaiting_payment, states['requested, on the list']])
      assert.equal(given(...unpaid, erased, priced()).state.status, 'cancelled');
    for (const history of [states.confirmed, [...states.paying, erased, succeeded(attempt(1)), seatsSold()]])
      assert.deepEqual(
        given(...history, erased).types.filter((type) => /^(BookingCancelled|CancellationBegun)$/.test(type)),
        [],
      );
    given(...states.paying, erased, failed(attempt(1))).isLast('BookingCancelled');
    // What they had asked for themselves stands, whichever of the two comes first.
    const asked = cancellation({ show: fee });
    for (const both of [
      [erased, asked],
      [asked, erased],
    ])
      given(...states.paying, ...both, succeeded(attempt(1)), seatsSold()).isLast('TicketsAskedBack');
  });
  test('without a show that is known here costs nothing', () => {
    assert.equal(cancelled(...states.confirmed, ...undone({ show: undefined })).kept?.amount, 0);
  });
});

describe("a customer's cancellation of tickets", () => {
  const asked = [...states.confirmed, cancellation()];

  test('gives no money back before the tickets are back', () => {
    const story = given(...asked);
    assert.deepEqual(story.types.slice(-2), ['CancellationBegun', 'TicketsAskedBack']);
    assert.equal(story.state.status, 'confirmed');
    assert.deepEqual(given(...asked, ticketsReturned()).types.slice(-2), ['BookingCancelled', 'RefundRequested']);
  });
  test('is refused when one was used, be that known before or after', () => {
    for (const inputs of [
      [ticketsKept(), admitted()],
      [admitted(), ticketsKept()],
    ]) {
      const story = given(...asked, ...inputs);
      assert.equal(story.last('BookingCancellationRefused').reason, 'not_cancellable');
      assert.equal(story.state.status, 'confirmed');
      given(...asked, ...inputs, cancellation()).isLast('BookingCancellationRefused');
    }
  });
  test('goes on whatever the organizer does meanwhile', () => {
    const whole = given(...asked, cancellation({ by: 'organizer' }), ticketsReturned());
    assert.equal(whole.last('BookingCancelled').cause, 'organizer');
    assert.equal(whole.types.filter((type) => type === 'RefundRequested').length, 1);
    const refused = given(...asked, cancellation({ by: 'organizer', seats: ['Z-9-9'] }), ticketsReturned());
    assert.equal(refused.last('BookingCancelled').refund?.amount, 2_650);
    const rest = given(...asked, cancellation({ by: 'organizer', seats: ['A-1-1'] }), ticketsReturned());
    assert.deepEqual([rest.last('BookingCancelled').seats, rest.state.status], [['A-1-2'], 'cancelled']);
    assert.equal(given(...asked, showCancelled(), ticketsReturned()).last('BookingCancelled').cause, 'show_cancelled');
  });
  test('is begun once, however often it is asked for', () => {
    assert.deepEqual(given(...asked, cancellation()).types, given(...asked).types);
  });
  test('asks for the tickets again when there is no answer, and at no other time', () => {
    const { state } = given(...asked);
    const again = booking.deadline(state);
    assert.ok(again !== undefined);
    assert.deepEqual(booking.decide(state, { ...deadlineReached(), at: again - 1 }), []);
    const events = booking.decide(state, { ...deadlineReached(), at: again });
    assert.deepEqual(
      events.map((event) => event.type),
      ['CancellationBegun', 'TicketsAskedBack'],
    );
    const asking = events.reduce(booking.evolve, state);
    const [first = 0, second = 0] = [again, booking.deadline(asking)];
    assert.equal(second - first, 2 * (first - cancellation().at), 'less and less often');
    assert.equal(booking.decide(asking, ticketsReturned())[0]?.type, 'BookingCancelled');
    const terms = cancellation({ show: show({ refundPolicy: { untilMinutesBefore: 0, feePercent: 10 } }) });
    const charged = booking.decide(given(...states.confirmed, terms, ticketsReturned()).state, deadlineReached());
    assert.deepEqual(charged, []);
    assert.equal(booking.deadline(given(...asked, ticketsKept()).state), undefined);
  });
  test('gives the money back for tickets that came back after a first no', () => {
    const policy = show({ refundPolicy: { untilMinutesBefore: 0, feePercent: 10 } });
    const again = { ...deadlineReached(), at: cancellation().at + 30_000 };
    // Asked twice, and answered twice: a ticket was with somebody else at first, and was given back since.
    const bought = [...boughtUnder(policy), cancellation({ show: policy }), again, ticketsKept()];
    const story = given(...bought, ticketsReturned());
    const { refund, kept } = story.last('BookingCancelled');
    assert.deepEqual([story.state.status, refund?.amount, kept?.amount], ['cancelled', 2_385, 265]);
    // The second answer to the first cancellation comes after the second one has begun.
    const twice = given(
      ...bought,
      cancellation({ show: policy, acceptedAt: at(11) }),
      ticketsKept(),
      ticketsReturned(),
    );
    assert.equal(twice.types.filter((type) => type === 'RefundRequested').length, 1);
    assert.equal(given(...bought, ticketsReturned(), ticketsReturned()).types.length, story.types.length);
    const rest = given(...bought, cancellation({ by: 'organizer', seats: ['A-1-1'] }), ticketsReturned());
    assert.deepEqual(rest.last('BookingCancelled').seats, ['A-1-2']);
  });
});

describe('a cancelled show', () => {
  test('rejects what is unpaid and refunds what is paid in full', () => {
    assert.equal(given(...states.awaiting_payment, showCancelled()).last('BookingRejected').reason, 'show_cancelled');
    const data = given(...states.confirmed, showCancelled()).last('BookingCancelled');
    assert.deepEqual([data.cause, data.refund?.amount], ['show_cancelled', 2_650]);
  });
  test('waits for the outcome of an open charge', () => {
    const success = given(...states.paying, showCancelled(), succeeded(attempt(1)), seatsSold());
    assert.equal(success.last('BookingCancelled').cause, 'show_cancelled');
    const decline = given(...states.paying, showCancelled(), failed(attempt(1)));
    assert.equal(decline.last('BookingRejected').reason, 'show_cancelled');
    given(...states.paying, showCancelled(), succeeded(attempt(1)), seatsLost()).isLast('BookingExpired');
  });
  test('refunds in full whoever had asked for less before', () => {
    const policy = show({ refundPolicy: { untilMinutesBefore: 0, feePercent: 50 } });
    const story = given(
      ...states.paying,
      cancellation({ show: policy }),
      showCancelled(),
      succeeded(attempt(1)),
      seatsSold(),
    );
    assert.equal(story.last('BookingCancelled').refund?.amount, 2_650);
  });
});
