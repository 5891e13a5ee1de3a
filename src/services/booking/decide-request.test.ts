import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  at,
  deadlineReached,
  given,
  priced,
  quote,
  requested,
  seatsRefused,
  seatsReserved,
  seatsSold,
  show,
} from './decider.samples.ts';
import { booking } from './decider.ts';

const payment = { method: 'card', token: 'tok_visa' } as const;

describe('a request', () => {
  const rejected = (story: ReturnType<typeof given>) => story.last('BookingRejected').reason;

  test('of a show nobody knows, or one that was withdrawn, is show_not_found', () => {
    assert.equal(rejected(given(requested({ show: undefined }))), 'show_not_found');
    assert.equal(rejected(given(requested({ show: show({ state: 'withdrawn' }) }))), 'show_not_found');
  });
  test('of a cancelled show is show_cancelled, also when its sales are closed', () => {
    const over = show({ state: 'cancelled', sales: { opensAt: at(-9), closesAt: at(-8) } });
    assert.equal(rejected(given(requested({ show: over }))), 'show_cancelled');
  });
  test('outside the sales window, or after the start, is sales_closed', () => {
    for (const facts of [
      { sales: { opensAt: at(1), closesAt: at(60) } },
      { sales: { opensAt: at(-60), closesAt: at(0) } },
      { startsAt: at(-1) },
    ]) {
      assert.equal(rejected(given(requested({ show: show(facts) }))), 'sales_closed');
    }
  });
  test('accepted within the window is created, however late it arrives here', () => {
    const narrow = show({ sales: { opensAt: at(0), closesAt: at(1) } });
    const story = given({ ...requested({ show: narrow }), at: Date.parse(at(50)) });
    assert.equal(story.last('BookingCreated').seatPlanId, narrow.seatPlanId);
    assert.equal(story.last('BookingCreated').paymentSent, false);
  });
  test('still without seats and price after requestTtlMs is timed_out, and a late price changes nothing', () => {
    const asked = given(requested());
    assert.equal(booking.deadline(asked.state), Date.parse(at(0)) + 60_000);
    const story = given(requested(), seatsReserved(), deadlineReached(), priced());
    assert.equal(rejected(story), 'timed_out');
    assert.equal(booking.deadline(story.state), undefined);
    story.isLast('BookingRejected');
  });
  test('whose seats are refused is rejected with the seats that stood in the way', () => {
    const data = given(requested(), seatsRefused('limit_exceeded')).last('BookingRejected');
    assert.equal(data.reason, 'limit_exceeded');
    assert.deepEqual(data.offending, ['A-1-1']);
  });
});

describe('the price', () => {
  const held = (request: Parameters<typeof requested>[0], price: number, currency?: string) =>
    given(requested(request), priced(price, currency));
  const isRefused = (story: ReturnType<typeof given>) => {
    const data = story.last('BookingRejected');
    assert.equal(data.reason, 'price_changed');
    assert.deepEqual(data.newTotal?.amount, 2_650);
    assert.deepEqual(data.seats, ['A-1-1', 'A-1-2']);
  };
  test('of a quote that was valid at acceptance is charged, whatever the other limit', () => {
    held({ quote: quote(2_650, 0), maxTotal: { amount: 1, currency: 'EUR' } }, 2_650).isLast('BookingHeld');
  });
  test('may not be above the limit the customer gave', () => {
    isRefused(held({ maxTotal: { amount: 2_649, currency: 'EUR' } }, 2_650));
    held({ maxTotal: { amount: 2_650, currency: 'EUR' } }, 2_650).isLast('BookingHeld');
    isRefused(held({ maxTotal: { amount: 2_649, currency: 'EUR' }, quote: quote(9_000, -1) }, 2_650));
  });
  test('may not be above an expired quote, when there is no other limit', () => {
    isRefused(held({ quote: quote(2_600, -1) }, 2_650));
    held({ quote: quote(2_700, -1) }, 2_650).isLast('BookingHeld');
  });
  test('in another currency is refused', () => {
    isRefused(held({ maxTotal: { amount: 9_000, currency: 'EUR' } }, 2_650, 'USD'));
  });
  test('without any limit is whatever it is', () => {
    held({}, 99_999).isLast('BookingHeld');
  });
  test('may come before the seats', () => {
    given(requested(), priced(), seatsReserved()).isLast('BookingHeld');
  });
  test('of nothing confirms without a charge', () => {
    const story = given(requested({ payment }), priced(0), seatsSold());
    assert.deepEqual(story.types.slice(2), ['BookingHeld', 'BookingPaid', 'BookingConfirmed']);
    assert.equal(story.last('BookingPaid').paymentId, undefined);
    assert.equal(story.last('BookingPaid').attempt, 0);
  });
});
