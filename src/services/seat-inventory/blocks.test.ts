import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blocking, booking, created, facts, given, seats, types } from './decider.fixtures.ts';

test('given free seats, when the organizer blocks them, then they are blocked and the request is answered', () => {
  const answer = given().when(blocking('BlockRequested', 'S-A-1', 'S-A-2'));
  assert.deepEqual(types(answer), ['ShowSeatsOpened', 'SeatsBlocked', 'BlockDecided']);
  const again = given(blocking('BlockRequested', 'S-A-1', 'S-A-2')).when(blocking('BlockRequested', 'S-A-1'));
  assert.deepEqual(facts(again), [['BlockDecided', { outcome: 'done', offending: [] }]]);
});

test('given a held seat, when the organizer blocks it with others, then none is blocked', () => {
  const show = given(created(booking(1), seats('S-A-1')));
  assert.deepEqual(facts(show.when(blocking('BlockRequested', 'S-A-1', 'S-A-2'))), [
    ['BlockDecided', { outcome: 'refused', reason: 'seats_unavailable', offending: ['S-A-1'] }],
  ]);
});

test('given blocked seats, when they are unblocked, then they are free; a seat that is not blocked is left alone', () => {
  const show = given(blocking('BlockRequested', 'S-A-1'), created(booking(1), seats('S-A-2')));
  const [unblocked, decided] = show.when(blocking('UnblockRequested', 'S-A-1', 'S-A-2', 'S-A-3'));
  assert.ok(unblocked?.type === 'SeatsUnblocked');
  assert.deepEqual(unblocked.data.seats, ['S-A-1']);
  assert.equal(decided?.type, 'BlockDecided');
});

test('given no plan or an unknown seat, when seats are blocked, then the request is refused', () => {
  const input = blocking('BlockRequested', 'S-Z-1');
  assert.deepEqual(facts(given().when(input)), [
    ['BlockDecided', { outcome: 'refused', reason: 'seat_unknown', offending: ['S-Z-1'] }],
  ]);
  assert.deepEqual(facts(given().when({ ...input, plan: undefined })), [
    ['BlockDecided', { outcome: 'refused', reason: 'show_not_found', offending: [] }],
  ]);
});
