import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { releaseAfterMs } from './decide-authorisation.ts';
import { payments } from './decider.ts';
import { askAfterMaxMs, askAfterMs, type Event, type Input, type State } from './state.ts';

const about = { bookingId: 'bkg_1', showId: 'shw_1', userId: 'usr_1' };
const amount = { amount: 2_650, currency: 'EUR' };
const error = { code: 'card_declined', message: 'The card was declined.' };
const context = { id: 'sample/1', at: 0 };

const validated = (attempt = 1, method: 'card' | 'cash' = 'card'): Input => ({
  ...context,
  type: 'BookingValidated',
  data: {
    ...about,
    attempt,
    paymentId: `pay_${attempt}`,
    amount,
    payment: { method, token: 'tok_visa' },
    movieTitle: 'Metropolis',
  },
  unsettledAfterMs: 60_000,
  methodsOn: ['card', 'cash'],
});
const captured = (attempt = 1): Input => ({
  ...context,
  type: 'ChargeSucceeded',
  paymentId: `pay_${attempt}`,
  provider: 'sandbox',
  reference: 'led_1',
});
const declined = (attempt = 1): Input => ({ ...context, type: 'ChargeDeclined', paymentId: `pay_${attempt}`, error });
const unknown = (at = 0, attempt = 1): Input => ({
  ...context,
  at,
  type: 'ChargeUnknown',
  paymentId: `pay_${attempt}`,
});
const reported = (outcome: 'succeeded' | 'declined', minor = 2_650): Input => ({
  ...context,
  type: 'ProviderReported',
  paymentId: 'pay_1',
  provider: 'sandbox',
  report:
    outcome === 'declined' ? { outcome, error } : { outcome, reference: 'led_1', amount: { ...amount, amount: minor } },
});
const settled = (outcome: 'succeeded' | 'failed'): Input => ({
  ...context,
  type: 'SettlementRequested',
  paymentId: 'pay_1',
  outcome,
  why: 'seen in the dashboard',
  who: 'usr_9',
});
const said = (outcome: 'succeeded' | 'failed', settlementId: string): Input =>
  ({ ...settled(outcome), settlementId }) as Input;
const due = (at: number): Input => ({ ...context, at, type: 'DeadlineReached' });
const refundWanted = (minor = 2_650, refundId = 'rfd_1', paymentId = 'pay_1'): Input => ({
  ...context,
  type: 'RefundRequested',
  data: { ...about, refundId, paymentId, amount: { ...amount, amount: minor }, cause: 'cancellation' },
});
const refunded = (): Input => ({ ...context, type: 'RefundSucceeded', refundId: 'rfd_1', reference: 'led_2' });
const refundDeclined = (): Input => ({ ...context, type: 'RefundDeclined', refundId: 'rfd_1', error });
const refundUnknown = (at = 0): Input => ({ ...context, at, type: 'RefundUnknown', refundId: 'rfd_1' });
const refundSettled = (): Input => ({
  ...context,
  ...{ type: 'RefundSettlementRequested', refundId: 'rfd_1', why: 'paid by transfer', who: 'usr_9' },
});
const cameBack = (round = 1): Input => ({
  ...context,
  type: 'RefundReported',
  refundId: 'rfd_1',
  round,
  error: { code: 'lost_or_stolen_card', message: 'It failed in the end.' },
});
const disputed = (outcome?: 'won' | 'lost', paymentId = 'pay_1'): Input => ({
  ...context,
  ...{ type: 'DisputeReported', paymentId, disputeId: 'dp_1', amount, reason: 'fraudulent', outcome },
});
const holdMs = 300_000;
const overMs = holdMs + releaseAfterMs;
const authorising = (attempts = 0): Input => ({
  ...context,
  type: 'PaymentAuthorisationBegun',
  data: {
    ...{ ...about, attempts, amount },
    ...{ holdExpiresAt: new Date(holdMs).toISOString(), acceptedAt: new Date(0).toISOString() },
  },
});
const letGo = (released = true, attempts = 0): Input => ({ ...context, type: 'AuthorisationOver', attempts, released });
const notLetGo = (at = 0): Input => ({ ...context, at, type: 'AuthorisationUnknown', attempts: 0 });
const retried = (): Input => ({ ...context, type: 'RefundRetryRequested', refundId: 'rfd_1', who: 'usr_9' });

function given(...inputs: readonly Input[]) {
  let state: State = payments.initialState;
  const events: Event[] = [];
  for (const input of inputs) {
    for (const event of payments.decide(state, input)) {
      events.push(event);
      state = payments.evolve(state, event);
    }
  }
  return { state, events, types: events.map((event) => event.type) };
}

const charges = {
  asking: [validated()],
  unknown: [validated(), unknown()],
  succeeded: [validated(), captured()],
  failed: [validated(), declined()],
} as const;
const refunds = {
  asking: [...charges.succeeded, refundWanted()],
  unknown: [...charges.succeeded, refundWanted(), refundUnknown()],
  refunded: [...charges.succeeded, refundWanted(), refunded()],
  failed: [...charges.succeeded, refundWanted(), refundDeclined()],
} as const;

function table<Status extends string>(
  histories: Readonly<Record<Status, readonly Input[]>>,
  rows: Readonly<
    Record<string, { readonly input: Input } & Readonly<Record<NoInfer<Status>, readonly Event['type'][]>>>
  >,
) {
  for (const [name, row] of Object.entries(rows)) {
    for (const status of Object.keys(histories) as Status[]) {
      const then = row[status];
      test(`${status}: ${name} → ${then.join(', ') || 'nothing'}`, () => {
        const { state } = given(...histories[status]);
        const events = payments.decide(state, row.input);
        assert.deepEqual(
          events.map((event) => event.type),
          then,
        );
        events.reduce(payments.evolve, state);
      });
    }
  }
}

describe('a charge in every state meets every input', () => {
  const nothing = { asking: [], unknown: [], succeeded: [], failed: [] } as const;
  const afterAll = ['ChargeCapturedAfterAll', 'PaymentSucceeded'] as const;
  const success = {
    asking: ['PaymentSucceeded'],
    unknown: ['PaymentSucceeded'],
    succeeded: [],
    failed: afterAll,
  } as const;
  const failure = { ...nothing, asking: ['PaymentFailed'], unknown: ['PaymentFailed'] } as const;
  table(charges, {
    'the same BookingValidated': { input: validated(), ...nothing },
    'another BookingValidated': {
      input: validated(2),
      asking: ['PaymentFailed'],
      unknown: ['PaymentFailed'],
      succeeded: ['PaymentFailed'],
      failed: ['ChargeRequested'],
    },
    ChargeSucceeded: { input: captured(), ...success },
    ChargeDeclined: { input: declined(), ...failure },
    ChargeUnknown: { input: unknown(), ...nothing, asking: ['ChargeUnanswered'] },
    'ProviderReported success': { input: reported('succeeded'), ...success },
    'ProviderReported decline': { input: reported('declined'), ...failure },
    'ProviderReported another amount': {
      input: reported('succeeded', 1),
      asking: ['ChargeReportMismatched'],
      unknown: ['ChargeReportMismatched'],
      succeeded: ['ChargeReportMismatched'],
      failed: ['ChargeReportMismatched'],
    },
    'a person says succeeded': {
      input: settled('succeeded'),
      ...nothing,
      asking: ['ChargeSettledByPerson', 'PaymentSucceeded'],
      unknown: ['ChargeSettledByPerson', 'PaymentSucceeded'],
      succeeded: ['SettlementCameTooLate'],
      failed: ['SettlementCameTooLate'],
    },
    'a person says failed': {
      input: settled('failed'),
      ...nothing,
      asking: ['ChargeSettledByPerson', 'PaymentFailed'],
      unknown: ['ChargeSettledByPerson', 'PaymentFailed'],
      succeeded: ['SettlementCameTooLate'],
      failed: ['SettlementCameTooLate'],
    },
    'its bank disputes it': {
      input: disputed(),
      asking: ['PaymentDisputed'],
      unknown: ['PaymentDisputed'],
      succeeded: ['PaymentDisputed'],
      failed: ['PaymentDisputed'],
    },
    'DeadlineReached when the next question is due': { input: due(askAfterMs), ...nothing, unknown: ['ChargeAsked'] },
    'DeadlineReached before': { input: due(askAfterMs - 1), ...nothing },
  });
});

describe('a refund in every state meets every input', () => {
  const nothing = { asking: [], unknown: [], refunded: [], failed: [] } as const;
  table(refunds, {
    'the same RefundRequested': { input: refundWanted(), ...nothing },
    RefundSucceeded: {
      input: refunded(),
      ...nothing,
      asking: ['PaymentRefunded'],
      unknown: ['PaymentRefunded'],
      failed: ['PaymentRefunded'],
    },
    RefundDeclined: { input: refundDeclined(), ...nothing, asking: ['RefundFailed'] },
    RefundUnknown: { input: refundUnknown(), ...nothing, asking: ['RefundUnanswered'] },
    'the provider says that it failed in the end': {
      input: cameBack(),
      ...nothing,
      asking: ['RefundCameBack', 'RefundFailed'],
      unknown: ['RefundCameBack', 'RefundFailed'],
      refunded: ['RefundCameBack'],
    },
    'the provider says so of another try': { input: cameBack(2), ...nothing },
    'a person has given it back in another way': {
      input: refundSettled(),
      ...nothing,
      failed: ['RefundSettledByPerson', 'PaymentRefunded'],
    },
    'a person tries again': { input: retried(), ...nothing, failed: ['RefundRetriedByPerson', 'RefundStarted'] },
    DeadlineReached: { input: due(askAfterMs), ...nothing, unknown: ['RefundStarted'] },
  });
});

const authorisations = {
  kept: [authorising()],
  asking: [authorising(), due(overMs)],
  unknown: [authorising(), due(overMs), notLetGo(overMs)],
  over: [authorising(), due(overMs), letGo()],
} as const;

describe('an authorisation in every state meets every input', () => {
  const nothing = { kept: [], asking: [], unknown: [], over: [] } as const;
  table(authorisations, {
    'the same PaymentAuthorisationBegun': { input: authorising(), ...nothing },
    'one for another try': {
      input: authorising(1),
      kept: ['AuthorisationKept'],
      asking: ['AuthorisationKept'],
      unknown: ['AuthorisationKept'],
      over: ['AuthorisationKept'],
    },
    AuthorisationOver: { input: letGo(), ...nothing, asking: ['AuthorisationReleased'] },
    AuthorisationUnknown: { input: notLetGo(), ...nothing, asking: ['AuthorisationUnanswered'] },
    'DeadlineReached before the hold is over': { input: due(overMs - 1), ...nothing },
    'DeadlineReached when the next question is due': {
      input: due(overMs + askAfterMs),
      ...nothing,
      kept: ['AuthorisationReleaseStarted'],
      unknown: ['AuthorisationReleaseStarted'],
    },
  });
});

describe('what was authorised in the browser', () => {
  const paidWith = (token: string): Input => {
    const input = validated();
    assert.ok(input.type === 'BookingValidated');
    return { ...input, data: { ...input.data, payment: { method: 'card', token } } };
  };
  test('is let go a moment after its hold, and asked for again until there is an answer', () => {
    assert.equal(payments.deadline(given(...authorisations.kept).state), overMs);
    assert.equal(payments.deadline(given(...authorisations.asking).state), undefined);
    assert.equal(payments.deadline(given(...authorisations.unknown).state), overMs + askAfterMs);
    assert.equal(payments.deadline(given(...authorisations.over).state), undefined);
  });
  test('is kept while a charge is open, which may be of it, and let go when that has failed', () => {
    for (const open of [[validated()], [validated(), unknown()]]) {
      const { state } = given(authorising(), ...open);
      assert.ok(!payments.decide(state, due(overMs)).some(({ type }) => type === 'AuthorisationReleaseStarted'));
    }
    const { state } = given(authorising(), validated(), declined());
    assert.equal(payments.deadline(state), overMs);
    assert.deepEqual(
      payments.decide(state, due(overMs)).map(({ type }) => type),
      ['AuthorisationReleaseStarted'],
    );
  });
  test('is left alone where it was paid with', () => {
    const story = given(authorising(), paidWith('led_1'), captured(), due(overMs));
    assert.equal(story.types.at(-1), 'PaymentSucceeded');
    assert.equal(payments.deadline(story.state), undefined);
  });
  test('is let go at once where the booking was paid for in another way', () => {
    const story = given(authorising(), validated(), captured());
    assert.equal(payments.deadline(story.state), 0);
    assert.equal(given(authorising(), validated(), captured(), due(1)).types.at(-1), 'AuthorisationReleaseStarted');
  });
  test('is asked about, each one, where there were several and one was paid with', () => {
    const { types } = given(authorising(), authorising(1), paidWith('led_1'), captured(), due(1));
    assert.deepEqual(types.slice(-2), ['AuthorisationReleaseStarted', 'AuthorisationReleaseStarted']);
  });
  test('that was told of after its end is let go as well', () => {
    assert.equal(payments.deadline(given(validated(), captured(), authorising(1)).state), 0);
    assert.equal(payments.deadline(given(validated(), declined(), authorising(1)).state), overMs);
  });
  test('is of a booking with a few tries', () => {
    const many = Array.from({ length: 100 }, (_, attempts) => authorising(attempts));
    assert.throws(() => given(...many, authorising(100)), /too many authorisations/);
    assert.throws(() => given(letGo()), /never begun/);
  });
});

describe('a lost answer', () => {
  test('is asked for again, a little later each time, up to a limit', () => {
    const inputs: Input[] = [validated()];
    const waits: number[] = [];
    let at = 0;
    for (let round = 0; round < 8; round += 1) {
      inputs.push(unknown(at));
      const next = payments.deadline(given(...inputs).state) ?? Number.NaN;
      waits.push(next - at);
      at = next;
      inputs.push(due(at));
    }
    assert.deepEqual(waits.slice(0, 6), [1_000, 2_000, 4_000, 8_000, 16_000, askAfterMaxMs - 1_000]);
    assert.equal(given(...inputs).types.filter((type) => type === 'PaymentUnsettled').length, 1);
  });
  test('that is unsettled for too long is published once, and asking goes on', () => {
    const story = given(validated(), unknown(59_500), due(60_000), due(60_500), unknown(62_000));
    assert.deepEqual(story.types.slice(1), ['ChargeUnanswered', 'PaymentUnsettled', 'ChargeAsked', 'ChargeUnanswered']);
    assert.equal(payments.deadline(story.state), 64_000);
  });
  test('wants no deadline while the provider is being asked, or once it is settled', () => {
    assert.equal(payments.deadline(given(validated()).state), undefined);
    assert.equal(payments.deadline(given(validated(), unknown(), captured()).state), undefined);
  });
  test('is not decided by a person against what the provider has captured', () => {
    const story = given(validated(), unknown(), settled('failed'), reported('succeeded'));
    assert.deepEqual(story.types.slice(2), [
      'ChargeSettledByPerson',
      'PaymentFailed',
      'ChargeCapturedAfterAll',
      'PaymentSucceeded',
    ]);
  });
});

describe('a charge that a person has called failed', () => {
  const calledFailed = [validated(), unknown(), settled('failed')];
  test('may be called captured by a person who has looked again, and then goes back', () => {
    const { types } = given(...calledFailed, settled('succeeded'));
    assert.deepEqual(types.slice(4), ['ChargeSettledByPerson', 'ChargeCapturedAfterAll', 'PaymentSucceeded']);
  });
  test('remembers of each that has said something whether it counted', () => {
    const { state } = given(
      validated(),
      unknown(),
      said('failed', 'one'),
      said('failed', 'two'),
      said('succeeded', 'three'),
    );
    assert.deepEqual(state.attempts['pay_1']?.settlements, { one: 'settled', two: 'too late', three: 'settled' });
    assert.equal(given(...calledFailed).state.attempts['pay_1']?.settlements, undefined);
  });
  test('is captured once, and failed once, whatever people say after that', () => {
    const again = given(...calledFailed, settled('succeeded'), settled('succeeded'), settled('failed'));
    assert.deepEqual(again.types.slice(7), ['SettlementCameTooLate', 'SettlementCameTooLate']);
    assert.equal(given(...calledFailed, settled('failed')).types.at(-1), 'SettlementCameTooLate');
  });
});

describe('a second attempt', () => {
  test('is never charged while the first has captured', () => {
    const { events } = given(...charges.succeeded, validated(2));
    const last = events.at(-1);
    assert.ok(last?.type === 'PaymentFailed' && last.data.error.code === 'payment_exists');
  });
  test('is charged after a capture that is only being given back', () => {
    const story = given(...charges.failed, reported('succeeded'), validated(2));
    assert.equal(story.types.at(-1), 'ChargeRequested');
  });
});

describe('cash', () => {
  test('is there at once, and goes back when a person has handed it out', () => {
    const cash = [validated(1, 'cash'), refundWanted(1_000)];
    const due = given(...cash);
    assert.deepEqual(due.types, ['PaymentSucceeded', 'CashRefundDue']);
    assert.deepEqual(given(...cash, retried()).types, due.types, 'nobody can be asked for it');
    assert.throws(() => given(...cash, cameBack()), /is of cash/);
    const story = given(...cash, refundSettled());
    assert.deepEqual(story.types.slice(2), ['RefundSettledByPerson', 'PaymentRefunded']);
    const refund = story.events.at(-1);
    assert.ok(refund?.type === 'PaymentRefunded' && refund.data.providerReference === 'cash-desk');
    assert.deepEqual(given(...cash, refundSettled(), refundSettled()).types, story.types, 'handed out once');
  });
  test('is given back in parts, never more than was taken', () => {
    const parts = [validated(1, 'cash'), refundWanted(1_000)];
    assert.equal(given(...parts, refundWanted(1_650, 'rfd_2')).types.at(-1), 'CashRefundDue');
    assert.throws(() => given(...parts, refundWanted(1_651, 'rfd_2')), /more than/);
  });
});

describe('a refund', () => {
  test('is parts of a capture, never more than it', () => {
    const story = given(...charges.succeeded, refundWanted(1_000), refundWanted(1_650, 'rfd_2'));
    assert.deepEqual(story.types.slice(2), ['RefundStarted', 'RefundStarted']);
    assert.throws(() => given(...charges.succeeded, refundWanted(1_000), refundWanted(1_651, 'rfd_2')), /more than/);
  });
  test('of what was never captured is parked', () => {
    assert.throws(() => given(...charges.failed, refundWanted()), /captured nothing/);
    assert.throws(() => given(refundWanted()), /captured nothing/);
  });
  test('tried again by a person has a key of its own', () => {
    const rounds = given(...refunds.failed, retried(), refundDeclined(), retried()).events.flatMap((event) =>
      event.type === 'RefundStarted' ? [event.data.round] : [],
    );
    assert.deepEqual(rounds, [1, 2, 3]);
  });
  test('asked again after a lost answer keeps its key', () => {
    const rounds = given(...refunds.unknown, due(askAfterMs)).events.flatMap((event) =>
      event.type === 'RefundStarted' ? [event.data.round] : [],
    );
    assert.deepEqual(rounds, [1, 1]);
  });
});

describe('a refund that came back', () => {
  const back = [...refunds.refunded, cameBack()];
  test('is told once, and may be tried again under a key of its own; that it was made is published once', () => {
    const story = given(...back, cameBack(), retried(), refunded());
    assert.deepEqual(story.types.slice(4), [
      'RefundCameBack',
      'RefundRetriedByPerson',
      'RefundStarted',
      'RefundMadeAgain',
    ]);
    const again = story.events.at(-2);
    assert.ok(again?.type === 'RefundStarted' && again.data.round === 2);
  });
  test('comes back again where the provider refuses the next try, or that one fails in the end', () => {
    assert.equal(given(...back, retried(), refundDeclined()).types.at(-1), 'RefundCameBack');
    assert.equal(given(...back, retried(), cameBack(2)).types.at(-1), 'RefundCameBack');
    assert.equal(given(...back, retried(), refunded(), cameBack(2)).types.at(-1), 'RefundCameBack');
    assert.equal(given(...back, retried(), cameBack(1)).types.at(-1), 'RefundStarted');
  });
  test('is settled by whoever gave the money back in another way', () => {
    const { types } = given(...back, refundSettled(), refundSettled(), retried());
    assert.deepEqual(types.slice(4), ['RefundCameBack', 'RefundSettledByPerson', 'RefundMadeAgain']);
  });
  test('stays so when an answer from before that comes late', () => {
    assert.equal(given(...refunds.asking, cameBack(), refunded()).types.at(-1), 'RefundFailed');
    assert.equal(given(...back, refunded()).types.at(-1), 'RefundCameBack');
  });
});

describe('a dispute', () => {
  test('is opened once and closed once, in whatever order that is told', () => {
    assert.deepEqual(given(...charges.succeeded, disputed(), disputed(), disputed('lost'), disputed('lost')).types, [
      ...['ChargeRequested', 'PaymentSucceeded', 'PaymentDisputed', 'PaymentDisputeClosed'],
    ]);
    assert.deepEqual(given(...charges.succeeded, disputed('won'), disputed()).types.slice(2), [
      'PaymentDisputed',
      'PaymentDisputeClosed',
    ]);
  });
  test('changes nothing of the money: it goes back as before', () => {
    assert.equal(given(...charges.succeeded, disputed('lost'), refundWanted()).types.at(-1), 'RefundStarted');
  });
  test('is one of few', () => {
    const many = Array.from(
      { length: 101 },
      (_, index): Input => ({ ...disputed(), disputeId: `dp_${index}` }) as Input,
    );
    assert.throws(() => given(...charges.succeeded, ...many), /too many disputes/);
  });
});

test('a way to pay that is switched off charges nothing, and what is open goes on', () => {
  const off: Input = { ...validated(), methodsOn: ['cash'] } as Input;
  assert.deepEqual(given(off).events[0]?.data, {
    ...about,
    ...{ attempt: 1, paymentId: 'pay_1', amount },
    error: { code: 'method_off', message: 'This way to pay is switched off at the moment; nothing was charged.' },
  });
  assert.deepEqual(given(off).types, ['PaymentFailed']);
  assert.deepEqual(given({ ...validated(1, 'cash'), methodsOn: ['cash'] } as Input).types, ['PaymentSucceeded']);
  assert.deepEqual(given(validated(), { ...validated(), methodsOn: [] } as Input, captured()).types, [
    'ChargeRequested',
    'PaymentSucceeded',
  ]);
});

test('an outcome of something nobody asked for is parked', () => {
  for (const input of [
    captured(),
    declined(),
    unknown(),
    reported('succeeded'),
    settled('failed'),
    disputed(),
    cameBack(),
    refunded(),
    retried(),
    refundSettled(),
  ]) {
    assert.throws(() => given(input), /never asked for/);
  }
});

describe('an answer that took several tries', () => {
  const tried = (input: Input): Input => ({ ...input, tries: 3 }) as Input;
  const triesIn = (...inputs: readonly Input[]) => {
    const { data } = given(...inputs).events.at(-1) ?? {};
    return data !== undefined && 'tries' in data ? data.tries : undefined;
  };
  test('says so in the fact that follows, whatever it was', () => {
    for (const charged of [captured(), declined(), unknown()])
      assert.equal(triesIn(...charges.asking, tried(charged)), 3, charged.type);
    for (const returned of [refunded(), refundDeclined(), refundUnknown()])
      assert.equal(triesIn(...refunds.asking, tried(returned)), 3, returned.type);
  });
  test('is no news where the outcome is known, and one that took a single try says nothing of it', () => {
    for (const charged of [captured(), declined(), unknown()])
      assert.equal(triesIn(...charges.asking, charged), undefined, charged.type);
    assert.deepEqual(payments.decide(given(...charges.succeeded).state, tried(captured())), []);
  });
});
