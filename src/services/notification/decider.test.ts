import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deriveId } from '../../contracts/ids.ts';
import type { MessageChannel, MessageKind, MessageStatus } from '../../contracts/notification.ts';
import { messages } from './decider.ts';
import type { Answer, Cause, Event, Input, Reach, State } from './messages.ts';

const bookingId = 'bkg_019a0000-0000-7000-8000-000000000001';
const about = { bookingId, showId: 'shw_1', userId: 'usr_1' };
const context = { id: 'sample/1', at: 0 };
const places = { seats: ['A-1-1'], areas: [] };
const amount = { amount: 2_650, currency: 'EUR' };
const soon = '2026-11-21T19:15:00.000Z';
const payment = { ...about, paymentId: 'pay_1' };

const everywhere: Reach = { channels: ['email', 'sms'], addressed: ['email', 'sms'] };
const emailOnly: Reach = { channels: ['email', 'sms'], addressed: ['email'] };
const nowhere: Reach = { channels: [], addressed: [] };

/** One event of every kind the service hears, and the message it is worth. */
const held = { ...about, ...places, items: [], fees: [], total: amount, rulesVersion: 1, holdExpiresAt: soon };
const ticket = {
  ...about,
  ticketId: 'tkt_1',
  movieName: 'Metropolis',
  theatreName: 'Astor',
  theatreLocation: 'Berlin',
  timeZone: 'Europe/Berlin',
  screenNumber: 1,
  showStartsAt: soon,
  showLocalTime: '',
  priceCategory: 'standard',
};
const transfer = {
  ...about,
  ...{ ticketId: 'tkt_1', transferId: 'trf_1', fromUserId: 'usr_1', toUserId: 'usr_2', seat: 'A-1-1', issue: 2 },
};
const error = { code: 'card_declined', message: 'The card was declined.' };
const happenings = {
  'BookingHeld without a payment': [{ type: 'BookingHeld', data: { ...held, paymentSent: false } }, 'booking_held'],
  'BookingHeld with a payment': [{ type: 'BookingHeld', data: { ...held, paymentSent: true } }, undefined],
  'BookingHeld with nothing to pay': [
    { type: 'BookingHeld', data: { ...held, total: { ...amount, amount: 0 }, paymentSent: false } },
    undefined,
  ],
  PaymentSucceeded: [
    { type: 'PaymentSucceeded', data: { ...payment, attempt: 1, amount, provider: 'sandbox', providerReference: 'x' } },
    'payment_received',
  ],
  PaymentDeclined: [
    { type: 'PaymentDeclined', data: { ...payment, attempt: 1, attemptsLeft: 2, error, holdExpiresAt: soon } },
    'payment_declined',
  ],
  BookingRejected: [
    { type: 'BookingRejected', data: { ...about, ...places, reason: 'seats_unavailable' } },
    'booking_rejected',
  ],
  BookingExpired: [{ type: 'BookingExpired', data: { ...about, ...places } }, 'booking_expired'],
  BookingCancelled: [
    { type: 'BookingCancelled', data: { ...about, ...places, whole: true, cause: 'customer' } },
    'booking_cancelled',
  ],
  PaymentRefunded: [
    { type: 'PaymentRefunded', data: { ...payment, refundId: 'rfd_1', amount, providerReference: 'x' } },
    'refund_made',
  ],
  'TicketIssued, not the last': [{ type: 'TicketIssued', data: { ...ticket, ordinal: 1, ticketCount: 2 } }, undefined],
  'TicketIssued, the last': [
    { type: 'TicketIssued', data: { ...ticket, ordinal: 2, ticketCount: 2 } },
    'tickets_issued',
  ],
  TicketGivenAway: [{ type: 'TicketGivenAway', data: transfer }, 'ticket_transferred'],
  TicketReceived: [{ type: 'TicketReceived', data: transfer }, 'ticket_received'],
  ShowMoved: [{ type: 'ShowMoved', data: null }, 'show_changed'],
} as const satisfies Readonly<Record<string, readonly [Pick<Cause, 'type' | 'data'>, MessageKind | undefined]>>;

function cause(name: keyof typeof happenings, reach = everywhere, causeId = 'booking/3'): Input {
  return { ...context, ...about, ...happenings[name][0], causeId, reach } as Input;
}
const received = (reach?: Reach, causeId?: string) => cause('PaymentSucceeded', reach, causeId);
const idOf = (channel: MessageChannel, kind: MessageKind = 'payment_received', causeId = 'booking/3') =>
  deriveId('message', bookingId, `${causeId}|${kind}|${channel}`);
const settled = (status: MessageStatus, more: Partial<Answer> = {}): Input => ({
  ...context,
  type: 'MessageSettled',
  messageId: idOf('email'),
  round: 1,
  status,
  ...more,
});
const resend: Input = { ...context, type: 'ResendRequested', messageId: idOf('email'), who: 'usr_9' };

function given(...inputs: readonly Input[]) {
  let state: State = messages.initialState;
  const events: Event[] = [];
  for (const input of inputs) {
    for (const event of messages.decide(state, input)) {
      events.push(event);
      state = messages.evolve(state, event);
    }
  }
  const told = events.filter((event) => event.type !== 'TicketHolderNoted');
  return { state, events, told, types: events.map((event) => event.type) };
}

test('one move of a show is told once, whichever way it is heard of; another move is told again', () => {
  const moved = (causeId: string, movedAt?: string): Input =>
    ({ ...context, ...about, type: 'ShowMoved', data: { movedAt }, causeId, reach: everywhere }) as Input;
  assert.equal(given(moved('shows/2', soon), moved('booking/9', soon)).events.length, 2);
  assert.equal(given(moved('shows/2', soon), moved('shows/3', '2026-11-22T19:15:00.000Z')).events.length, 4);
  assert.equal(given(moved('shows/2'), moved('shows/3')).events.length, 4, 'moves of before they were told apart');
});

describe('what happened is worth a message', () => {
  for (const [name, [, kind]] of Object.entries(happenings)) {
    test(`${name} → ${kind ?? 'nothing'}`, () => {
      const { told } = given(cause(name as keyof typeof happenings));
      assert.deepEqual(
        told.map((event) => [event.type, event.data.kind, event.data.channel]),
        kind === undefined
          ? []
          : [
              ['MessagePlanned', kind, 'email'],
              ['MessagePlanned', kind, 'sms'],
            ],
      );
    });
  }
});

describe('a message', () => {
  test('is planned once for its cause, kind and channel', () => {
    const { told } = given(received(), received(), received(everywhere, 'booking/9'));
    assert.equal(told.length, 4);
    assert.equal(new Set(told.map((event) => event.data.messageId)).size, 4);
    assert.equal(told[0]?.data.messageId, idOf('email'));
  });
  test('on a channel without an address is skipped at once', () => {
    const { told } = given(received(emailOnly));
    assert.deepEqual(
      told.map((event) => [event.type, event.data.channel]),
      [
        ['MessagePlanned', 'email'],
        ['NotificationSent', 'sms'],
      ],
    );
  });
  test('about a payment is skipped at once with no channel at all; others are not said', () => {
    const [sent] = given(received(nowhere)).events;
    assert.ok(sent?.type === 'NotificationSent' && sent.data.status === 'skipped' && sent.data.channel === 'email');
    assert.deepEqual(given(cause('BookingExpired', nowhere)).events, []);
  });
  test('holds ids only: nothing in its facts says where it goes', () => {
    const [planned] = given(received()).events;
    assert.ok(planned);
    assert.deepEqual(Object.keys(planned.data).sort(), [
      'bookingId',
      'causeId',
      'channel',
      'details',
      'kind',
      'messageId',
      'round',
      'showId',
      'userId',
    ]);
  });
});

describe('who was given a ticket', () => {
  const taken = (toUserId = 'usr_2', causeId = 'tkt_1/1'): Input =>
    ({
      ...context,
      ...about,
      ...{ type: 'TicketReceived', data: { ...transfer, toUserId }, userId: toUserId, causeId, reach: everywhere },
    }) as Input;
  const voided = (ticketId = 'tkt_1'): Input => ({
    ...context,
    ...{ type: 'TicketVoided', data: { ...about, ticketId, reason: 'show_cancelled' }, causeId: 'booking/8' },
    channels: ['email', 'sms'],
  });
  const toldBy = (...inputs: readonly Input[]) =>
    given(...inputs).told.map(({ type, data }) => `${type} ${data.kind} ${data.userId} ${data.channel}`);

  test('is told when it becomes void, on every channel: whether there is an address shows when it is sent', () => {
    assert.deepEqual(toldBy(taken(), voided()).slice(2), [
      'MessagePlanned ticket_void usr_2 email',
      'MessagePlanned ticket_void usr_2 sms',
    ]);
  });
  test('is told once, whoever says so again', () => {
    assert.equal(given(taken(), taken(), voided(), voided()).events.length, 5);
  });
  test('is told of that ticket only, and whoever had it before is not', () => {
    assert.equal(toldBy(taken(), voided('tkt_2')).length, 2);
    const last = toldBy(taken(), taken('usr_3', 'tkt_1/2'), voided()).slice(4);
    assert.deepEqual(last, ['MessagePlanned ticket_void usr_3 email', 'MessagePlanned ticket_void usr_3 sms']);
  });
  test('and has given it back is told nothing; its customer hears of the booking', () => {
    assert.equal(toldBy(taken(), taken('usr_1', 'tkt_1/2'), voided()).length, 4);
    assert.deepEqual(toldBy(voided()), []);
  });
  test('is told of a moved show beside its customer, once', () => {
    const moved = (userId: string, toReceiver?: true): Input =>
      ({
        ...context,
        ...{ ...about, userId, type: 'ShowMoved', data: { movedAt: soon, toReceiver }, causeId: 'shows/2' },
        reach: emailOnly,
      }) as Input;
    const { told } = given(moved('usr_1'), moved('usr_2', true), moved('usr_2', true), moved('usr_3', true));
    const planned = told.filter(({ type }) => type === 'MessagePlanned');
    assert.deepEqual(
      planned.map(({ data }) => data.userId),
      ['usr_1', 'usr_2', 'usr_3'],
    );
    assert.equal(new Set(planned.map(({ data }) => data.messageId)).size, 3);
  });
});

describe('every state of a message meets every answer', () => {
  const histories: Readonly<Record<MessageStatus | 'sending', readonly Input[]>> = {
    sending: [received()],
    delivered: [received(), settled('delivered')],
    failed: [received(), settled('failed', { error: 'the mail server answered 550' })],
    unknown: [received(), settled('unknown')],
    skipped: [received({ channels: ['email'], addressed: [] })],
  };
  for (const [status, history] of Object.entries(histories)) {
    const { state } = given(...history);
    test(`${status}: an outcome → ${status === 'sending' ? 'NotificationSent' : 'nothing'}`, () => {
      for (const outcome of ['delivered', 'failed', 'unknown', 'skipped'] as const) {
        const types = messages.decide(state, settled(outcome)).map((event) => event.type);
        assert.deepEqual(types, status === 'sending' ? ['NotificationSent'] : []);
      }
    });
    const again = status === 'failed' || status === 'unknown';
    test(`${status}: a person sends it again → ${again ? 'MessagePlanned' : 'nothing'}`, () => {
      assert.deepEqual(
        messages.decide(state, resend).map((event) => event.type),
        again ? ['MessagePlanned'] : [],
      );
    });
    test(`${status}: a deadline → nothing`, () => {
      assert.deepEqual(messages.decide(state, { ...context, type: 'DeadlineReached' }), []);
      assert.equal(messages.deadline(state), undefined);
    });
  }

  test('sent again it has a round of its own, and says who ordered it', () => {
    const { events, state } = given(received(), settled('unknown'), resend);
    const planned = events.at(-1);
    assert.ok(planned?.type === 'MessagePlanned');
    assert.deepEqual([planned.data.round, planned.data.orderedBy], [2, 'usr_9']);
    assert.deepEqual(messages.decide(state, settled('delivered')), []);
    const [sent] = messages.decide(state, settled('delivered', { round: 2 }));
    assert.ok(sent?.type === 'NotificationSent' && sent.data.status === 'delivered');
  });
  test('says how many tries it took, each time for itself', () => {
    const [unsure] = messages.decide(given(received()).state, settled('unknown', { tries: 3 }));
    assert.equal(unsure?.type === 'NotificationSent' ? unsure.data.tries : undefined, 3);
    const again = given(received(), settled('unknown', { tries: 3 }), resend, settled('delivered', { round: 2 }));
    const sent = again.events.at(-1);
    assert.ok(sent?.type === 'NotificationSent' && sent.data.status === 'delivered');
    assert.equal(sent.data.tries, undefined);
  });
  test('an outcome of a message nobody planned is parked', () => {
    assert.throws(() => given(settled('delivered')), /never planned/);
    assert.throws(() => given(resend), /never planned/);
  });
});
