import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BookingsFound, type Event, type Input, type State, showCancellation } from './show-cancellation.ts';

const showId = 'shw_1';
const context = { id: 'sample/1', at: 0 };
const cancelled: Input = { ...context, type: 'ShowCancelled', showId };
const found = (answer: Partial<BookingsFound>): Input => ({
  ...context,
  type: 'ShowBookingsFound',
  showId,
  after: '',
  round: 1,
  bookingIds: [],
  next: null,
  ...answer,
});

function run(...inputs: readonly Input[]): { readonly state: State; readonly events: readonly Event[] } {
  let state = showCancellation.initialState;
  const events: Event[] = [];
  for (const input of inputs) {
    for (const event of showCancellation.decide(state, input)) {
      events.push(event);
      state = showCancellation.evolve(state, event);
    }
  }
  return { state, events };
}

test('a cancelled show seeks its bookings page by page, twice, and is done', () => {
  const { state, events } = run(
    cancelled,
    found({ bookingIds: ['bkg_1'], next: 'bkg_1' }),
    found({ after: 'bkg_1' }),
    found({ round: 2 }),
  );
  assert.deepEqual(
    events.map((event) => ('after' in event.data ? [event.data.round, event.data.after] : 'done')),
    [[1, ''], [1, 'bkg_1'], [2, ''], 'done'],
  );
  assert.equal(state.status, 'done');
});

test('hearing it again, during or after, starts nothing again', () => {
  assert.equal(run(cancelled, cancelled).events.length, 1);
  const done = [cancelled, found({}), found({ round: 2 })];
  assert.equal(run(...done, cancelled).events.length, run(...done).events.length);
});

test('an answer that nobody waits for, or of an earlier page, turns no page', () => {
  assert.deepEqual(run(found({})).events, []);
  assert.equal(run(cancelled, found({ next: 'bkg_1' }), found({ next: 'bkg_1' })).events.length, 2);
  assert.equal(run(cancelled, found({}), found({ round: 2 }), found({ round: 2 })).events.length, 3);
});

test('it wants no deadline and would ignore one', () => {
  assert.equal(showCancellation.deadline(run(cancelled).state), undefined);
  assert.deepEqual(showCancellation.decide(run(cancelled).state, { ...context, type: 'DeadlineReached' }), []);
});
