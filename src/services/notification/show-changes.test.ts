import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Event, type Input, type State, showChanges } from './show-changes.ts';

const moved = (id: string): Input => ({ type: 'ShowMoved', id, at: 0, showId: 'shw_1' });
const found = (next: string | null, causeId = 'show/2'): Input => ({
  type: 'ShowBookingsFound',
  id: 'answer',
  at: 0,
  showId: 'shw_1',
  causeId,
  after: '',
  bookings: [],
  next,
});

function run(...inputs: readonly Input[]) {
  let state: State = showChanges.initialState;
  const events: Event[] = [];
  for (const input of inputs) {
    for (const event of showChanges.decide(state, input)) {
      events.push(event);
      state = showChanges.evolve(state, event);
    }
  }
  return events.map((event) => [event.data.causeId, event.data.after]);
}

test('a move is told page by page until the last', () => {
  assert.deepEqual(run(moved('show/2'), found('bkg_1'), found(null)), [
    ['show/2', ''],
    ['show/2', 'bkg_1'],
  ]);
});
test('the same move delivered again is told once, another one for itself', () => {
  assert.deepEqual(run(moved('show/2'), moved('show/2'), moved('show/3'), found('bkg_1'), moved('show/2')), [
    ['show/2', ''],
    ['show/3', ''],
    ['show/2', 'bkg_1'],
  ]);
});
test('it wants no deadline and would ignore one', () => {
  assert.equal(showChanges.deadline(showChanges.initialState), undefined);
  assert.deepEqual(showChanges.decide(showChanges.initialState, { type: 'DeadlineReached', id: 'x', at: 0 }), []);
});
