import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BookingMovieEvent, Profile } from '../../contracts/user.ts';
import {
  bookingRequests,
  type GateEvent,
  type GateInput,
  type GateState,
  type ProfileCommand,
  type ProfileEvent,
  type ProfileState,
  profiles,
  requestsRememberedMax,
} from './decider.ts';

const bookingId = 'bkg_01890000-0000-7000-8000-000000000001';
const showId = 'shw_01890000-0000-7000-8000-000000000001';
const userId = 'usr_01890000-0000-7000-8000-000000000001';
const about = { bookingId, showId };

const requested: BookingMovieEvent = {
  type: 'BookingRequested',
  data: { ...about, userId, wanted: { kind: 'seats', seats: ['A-1-1'] }, acceptedAt: '2026-01-01T10:00:00.000Z' },
};
const paid = (acceptedAt: string): BookingMovieEvent => ({
  type: 'PaymentSubmitted',
  data: { ...about, userId, payment: { method: 'card', token: 'tok_visa' }, acceptedAt },
});
const cancelled = (acceptedAt: string): BookingMovieEvent => ({
  type: 'BookingCancellationRequested',
  data: { ...about, by: 'customer', byUserId: userId, acceptedAt },
});
const first = '2026-01-01T10:01:00.000Z';
const second = '2026-01-01T10:02:00.000Z';

function given(...events: readonly BookingMovieEvent[]) {
  const state = events.reduce(bookingRequests.evolve, bookingRequests.initialState);
  return (input: BookingMovieEvent) => bookingRequests.decide(state, { ...input, id: 'req', at: 1 } as GateInput);
}

test('a request becomes a fact, with nothing of the runtime in it', () => {
  for (const input of [requested, paid(first), cancelled(first)]) assert.deepEqual(given()(input), [input]);
});

test('a booking is requested once', () => {
  assert.deepEqual(given(requested)(requested), []);
});

test('the same payment or cancellation never counts twice', () => {
  assert.deepEqual(given(requested, paid(first))(paid(first)), []);
  assert.deepEqual(given(requested, cancelled(first))(cancelled(first)), []);
});

test('another payment or cancellation is another request', () => {
  assert.deepEqual(given(requested, paid(first))(paid(second)), [paid(second)]);
  assert.deepEqual(given(requested, cancelled(first))(cancelled(second)), [cancelled(second)]);
  assert.deepEqual(given(requested, paid(first))(cancelled(first)), [cancelled(first)]);
  assert.deepEqual(given(requested, cancelled(first))(paid(first)), [paid(first)]);
});

test('a payment or a cancellation that came before its request is said again behind it, once', () => {
  assert.deepEqual(given(paid(first))(requested), [requested, paid(first)]);
  assert.deepEqual(given(paid(first), cancelled(second))(requested), [requested, paid(first), cancelled(second)]);
  assert.deepEqual(given(paid(first), requested, paid(first))(requested), []);
  assert.deepEqual(given(cancelled(first))(requested), [requested, cancelled(first)]);
  assert.deepEqual(given(cancelled(first), requested, cancelled(first))(requested), []);
  assert.deepEqual(given(requested, cancelled(first))(cancelled(first)), []);
});

test('a request after a payment for a booking of another producer is still taken', () => {
  assert.deepEqual(given(paid(first))(requested)[0], requested);
});

const replaces = { bookingId: 'bkg_01890000-0000-7000-8000-000000000002', showId };
const due = { bookingId, userId, replaces, acceptedAt: first };
const confirmed = (more: object = { replaces }): GateInput => ({
  type: 'BookingConfirmed',
  data: {
    ...{ ...about, userId, seats: ['A-1-1'], areas: [], items: [], total: { amount: 0, currency: 'EUR' } },
    ...{ acceptedAt: first, ...more },
  },
  ...{ id: 'confirmed', at: 1 },
});
const dueFact: GateEvent = { type: 'ReplacementDue', data: due };

test('once a booking is confirmed, the one that it replaces is to be cancelled, once', () => {
  const decide = (state: GateState, input: GateInput) => bookingRequests.decide(state, input);
  const requestedState = bookingRequests.evolve(bookingRequests.initialState, requested);
  assert.deepEqual(decide(requestedState, confirmed()), [dueFact]);
  assert.deepEqual(decide(requestedState, confirmed({})), []);
  const after = bookingRequests.evolve(requestedState, dueFact);
  assert.deepEqual(decide(after, confirmed()), []);
  assert.deepEqual(decide(after, { type: 'ReplacementAsked', ...due, id: 'answer', at: 2 }), []);
});

test('a cancellation for an exchange is another one than that of its customer, though both came in the same moment', () => {
  const { data } = cancelled(first);
  const exchanged = { ...cancelled(first), data: { ...data, reason: 'exchanged' } } as BookingMovieEvent;
  assert.deepEqual(given(requested, cancelled(first))(exchanged), [exchanged]);
  assert.deepEqual(given(requested, cancelled(first), exchanged)(exchanged), []);
});

test('a cancellation that could not be asked for is asked for again', () => {
  const state = bookingRequests.evolve(bookingRequests.initialState, dueFact);
  assert.deepEqual(bookingRequests.decide(state, { type: 'ReplacementUnasked', ...due, id: 'answer', at: 2 }), [
    dueFact,
  ]);
});

const wait = { bookingId, showId, userId, notedAt: first };
const waitFact: GateEvent = { type: 'WaitBegun', data: wait };
const waits: GateInput = {
  type: 'BookingWaits',
  data: { bookingId, showId, userId, until: second },
  ...{ id: 'waits', at: Date.parse(first) },
};

test('once a booking waits for seats, it is looked once whether its customer is still there', () => {
  const state = bookingRequests.evolve(bookingRequests.initialState, requested);
  assert.deepEqual(bookingRequests.decide(state, waits), [waitFact]);
  const after = bookingRequests.evolve(state, waitFact);
  assert.deepEqual(bookingRequests.decide(after, waits), []);
  assert.deepEqual(bookingRequests.decide(after, { type: 'WaitExamined', ...wait, id: 'answer', at: 2 }), []);
});

test('where nobody could tell whether the customer of a booking that waits is there, it is looked again', () => {
  const state = bookingRequests.evolve(bookingRequests.initialState, waitFact);
  const unexamined: GateInput = { type: 'WaitUnexamined', ...wait, id: 'answer', at: 2 };
  assert.deepEqual(bookingRequests.decide(state, unexamined), [waitFact]);
});

test('the gate remembers a limited number of requests and has no deadline', () => {
  const times = Array.from({ length: requestsRememberedMax + 10 }, (_, index) => new Date(index).toISOString());
  const state = times.map(paid).reduce(bookingRequests.evolve, bookingRequests.initialState);
  assert.equal(state.taken.length, requestsRememberedMax);
  assert.equal(bookingRequests.deadline(state), undefined);
});

const profile: Profile = { userId, name: 'Ada', email: 'ada@example.org', phone: '+15551234567', locale: 'en' };
const profileStates: Readonly<Record<ProfileState['status'], ProfileState>> = {
  absent: { status: 'absent' },
  active: { status: 'active', profile },
  erased: { status: 'erased' },
};
const refusal = (reason: 'unknown_user' | 'erased' | 'registered_already'): ProfileEvent => ({
  type: 'ProfileChangeRefused',
  data: { reason },
});
const changed = (data: Profile): ProfileEvent => ({ type: 'UserProfileChanged', data });
const { phone: _phone, ...withoutPhone } = profile;

const profileCases: readonly [string, ProfileState['status'], ProfileCommand, readonly ProfileEvent[]][] = [
  ['a new user has a profile', 'absent', { type: 'RegisterUser', profile }, [changed(profile)]],
  ['an id is registered once', 'active', { type: 'RegisterUser', profile }, [refusal('registered_already')]],
  ['an erased id never comes back', 'erased', { type: 'RegisterUser', profile }, [refusal('erased')]],
  ['nobody cannot change', 'absent', { type: 'ChangeProfile', changes: { name: 'Ada L' } }, [refusal('unknown_user')]],
  [
    'an erased user cannot change',
    'erased',
    { type: 'ChangeProfile', changes: { name: 'Ada L' } },
    [refusal('erased')],
  ],
  [
    'a name changes',
    'active',
    { type: 'ChangeProfile', changes: { name: 'Ada L' } },
    [changed({ ...profile, name: 'Ada L' })],
  ],
  [
    'a language changes',
    'active',
    { type: 'ChangeProfile', changes: { locale: 'de' } },
    [changed({ ...profile, locale: 'de' })],
  ],
  [
    'a number changes',
    'active',
    { type: 'ChangeProfile', changes: { phone: '+4412345678' } },
    [changed({ ...profile, phone: '+4412345678' })],
  ],
  ['a number is taken away', 'active', { type: 'ChangeProfile', changes: { phone: null } }, [changed(withoutPhone)]],
  ['the same again is no change', 'active', { type: 'ChangeProfile', changes: { name: 'Ada' } }, []],
  ['a user is erased', 'active', { type: 'EraseUser', userId }, [{ type: 'UserErased', data: { userId } }]],
  ['erasing twice is fine', 'erased', { type: 'EraseUser', userId }, []],
  ['nobody cannot be erased', 'absent', { type: 'EraseUser', userId }, [refusal('unknown_user')]],
];

for (const [sentence, status, command, expected] of profileCases) {
  test(sentence, () => assert.deepEqual(profiles.decide(profileStates[status], command), expected));
}

test('a profile evolves from absent over active to erased; a refusal changes nothing', () => {
  assert.deepEqual(profiles.evolve(profiles.initialState, changed(profile)), profileStates.active);
  assert.deepEqual(
    profiles.evolve(profileStates.active, { type: 'UserErased', data: { userId } }),
    profileStates.erased,
  );
  for (const state of Object.values(profileStates)) {
    assert.equal(profiles.evolve(state, refusal('erased')), state);
    assert.equal(profiles.deadline(state), undefined);
  }
});
