import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { issueMax } from '../../contracts/rules/ticket-code.ts';
import {
  type Condition,
  decide,
  type Event,
  evolve,
  type Input,
  initialState,
  type State,
  type TicketNow,
} from './transfers.ts';

const [ada, bob, eve] = ['usr_ada', 'usr_bob', 'usr_eve'];
const ticket = (more: Partial<TicketNow> = {}): TicketNow => ({
  ...{ holder: ada, issue: 1, condition: 'good', isOffered: false },
  ...more,
});
const offer = (more: Partial<TicketNow> = {}, by = ada): Input => ({ type: 'OfferTicket', by, ticket: ticket(more) });
const withdraw: Input = { type: 'WithdrawOffer' };
const accept = (by = bob, more: Partial<TicketNow> = {}): Input => ({
  ...{ type: 'AcceptTicket', by },
  ticket: ticket({ isOffered: true, ...more }),
});

function given(...inputs: readonly Input[]): State {
  return inputs.reduce<State>((state, input) => decide(state, input).reduce(evolve, state), initialState);
}
/** What comes of an input: the types of its facts, or why it is refused. */
const outcome = (state: State, input: Input) =>
  decide(state, input).map(({ type, data }: Event) => (type === 'TransferRefused' ? data.reason : type));

const states = {
  none: given(),
  offered: given(offer()),
  accepted: given(offer(), accept()),
  withdrawn: given(offer(), withdraw),
} as const;
type Status = keyof typeof states;

describe('every state meets every input', () => {
  const conditions = ['used', 'void', 'begun'] as const satisfies readonly Condition[];
  const nothing: readonly string[] = [];
  const rows: Readonly<Record<string, { readonly input: Input } & Readonly<Record<Status, readonly string[]>>>> = {
    'its holder offers it': {
      input: offer(),
      none: ['TicketOffered'],
      ...{ offered: ['offered_already'], accepted: ['offered_already'], withdrawn: ['offered_already'] },
    },
    'its giver takes it back': {
      input: withdraw,
      ...{ none: ['not_offered'], offered: ['OfferWithdrawn'], accepted: ['taken'], withdrawn: nothing },
    },
    'somebody takes it': {
      input: accept(eve),
      ...{ none: ['not_offered'], offered: ['TicketAccepted'], accepted: ['taken'], withdrawn: ['withdrawn'] },
    },
    'its giver takes it themselves': {
      input: accept(ada),
      ...{ none: ['not_offered'], offered: ['own'], accepted: ['taken'], withdrawn: ['withdrawn'] },
    },
    'whoever has taken it asks again': {
      input: accept(bob, { holder: bob, issue: 2, isOffered: false }),
      ...{ none: ['not_offered'], offered: ['taken'], accepted: nothing, withdrawn: ['withdrawn'] },
    },
    'whoever has taken it asks again, and has given it on': {
      input: accept(bob, { holder: eve, issue: 3, isOffered: false }),
      ...{ none: ['not_offered'], offered: ['taken'], accepted: ['taken'], withdrawn: ['withdrawn'] },
    },
    ...Object.fromEntries(
      conditions.map((condition) => [
        `somebody takes it, and it is ${condition}`,
        {
          input: accept(eve, { condition }),
          ...{ none: ['not_offered'], offered: [condition], accepted: ['taken'], withdrawn: ['withdrawn'] },
        },
      ]),
    ),
  };
  for (const [name, row] of Object.entries(rows))
    for (const status of Object.keys(states) as Status[])
      test(`${status}: ${name} → ${row[status].join() || 'nothing'}`, () => {
        assert.deepEqual(outcome(states[status], row.input), row[status]);
        decide(states[status], row.input).reduce(evolve, states[status]);
      });
});

describe('a ticket is offered', () => {
  test('by who holds it alone', () => assert.deepEqual(outcome(initialState, offer({}, eve)), ['not_theirs']));
  test('only while it is good', () => {
    for (const condition of ['used', 'void', 'begun'] as const)
      assert.deepEqual(outcome(initialState, offer({ condition })), [condition]);
  });
  test('to one at a time', () =>
    assert.deepEqual(outcome(initialState, offer({ isOffered: true })), ['offered_already']));
  test('as often as its code has room to say', () => {
    assert.deepEqual(outcome(initialState, offer({ issue: issueMax - 1 })), ['TicketOffered']);
    assert.deepEqual(outcome(initialState, offer({ issue: issueMax })), ['given_too_often']);
  });
  test('under the issue that follows, and taken as that one only', () => {
    const state = given(offer({ issue: 4 }));
    assert.deepEqual(state, { status: 'offered', from: ada, issue: 5 });
    assert.deepEqual(outcome(state, accept(bob, { issue: 4 })), ['TicketAccepted']);
    // Somebody else has it meanwhile, or it has come back: neither is what was offered.
    assert.deepEqual(outcome(state, accept(bob, { issue: 4, holder: eve })), ['taken']);
    assert.deepEqual(outcome(state, accept(bob, { issue: 5 })), ['taken']);
  });
});

test('facts that cannot follow are a broken invariant', () => {
  assert.throws(() => evolve(states.accepted, { type: 'OfferWithdrawn', data: null }), /cannot follow accepted/);
  assert.throws(
    () => evolve(states.withdrawn, { type: 'TicketAccepted', data: { to: bob } }),
    /cannot follow withdrawn/,
  );
});
