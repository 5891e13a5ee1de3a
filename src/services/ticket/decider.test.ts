import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  askedBack,
  bookingId,
  cancelled,
  confirmed,
  due,
  given,
  message,
  returnDecided,
  returnUnanswered,
  show,
} from './decider.samples.ts';
import { type Event, type Input, tickets } from './decider.ts';

const histories = {
  waiting: [],
  'waiting, told': [message()],
  planned: [confirmed()],
  issued: [confirmed(), message()],
  withdrawn: [confirmed(), cancelled()],
} as const;
type Status = keyof typeof histories;

describe('every state meets every input', () => {
  const nothing: Readonly<Record<Status, readonly Event['type'][]>> = {
    waiting: [],
    'waiting, told': [],
    planned: [],
    issued: [],
    withdrawn: [],
  };
  const both = ['TicketIssued', 'TicketIssued'] as const;
  const rows: Readonly<Record<string, { readonly input: Input } & typeof nothing>> = {
    BookingConfirmed: { input: confirmed(), ...nothing, waiting: ['TicketsPlanned'], 'waiting, told': both },
    'BookingConfirmed with nothing to pay': {
      input: confirmed({ total: { amount: 0, currency: 'EUR' } }),
      ...nothing,
      waiting: both,
      'waiting, told': both,
    },
    'the message about the payment': { input: message(), ...nothing, waiting: ['PaymentMessageSeen'], planned: both },
    'BookingCancelled, whole': {
      input: cancelled(),
      ...nothing,
      planned: ['TicketsWithheld'],
      issued: ['TicketVoided', 'TicketVoided'],
    },
    'BookingCancelled, one seat': {
      input: cancelled({ whole: false, seats: ['A-1-1'] }),
      ...nothing,
      planned: ['TicketsWithheld'],
      issued: ['TicketVoided'],
    },
    'BookingCancelled, a seat that is not theirs': { input: cancelled({ whole: false, seats: ['Z-9'] }), ...nothing },
    TicketsAskedBack: {
      input: askedBack(),
      waiting: ['TicketsReturned'],
      'waiting, told': ['TicketsReturned'],
      planned: ['TicketsWithheld', 'TicketsReturned'],
      issued: ['TicketsReturnSought'],
      withdrawn: ['TicketsReturned'],
    },
    'nobody was let in': {
      input: returnDecided(),
      ...nothing,
      issued: ['TicketVoided', 'TicketVoided', 'TicketsReturned'],
    },
    'somebody was let in': { input: returnDecided({ used: true }), ...nothing, issued: ['TicketsKept'] },
    'one belongs to somebody else': { input: returnDecided({ given: true }), ...nothing, issued: ['TicketsKept'] },
    'nobody knows who was let in': { input: returnUnanswered(), ...nothing, issued: ['TicketsReturnSought'] },
    DeadlineReached: { input: due(), ...nothing, planned: both },
  };
  for (const [name, row] of Object.entries(rows)) {
    for (const status of Object.keys(histories) as Status[]) {
      test(`${status}: ${name} → ${row[status].join(', ') || 'nothing'}`, () => {
        const { state } = given(...histories[status]);
        const events = tickets.decide(state, row.input);
        assert.deepEqual(
          events.map((event) => event.type),
          row[status],
        );
        events.reduce(tickets.evolve, state);
      });
    }
  }
});

describe('tickets', () => {
  test('are issued once confirmation and message are there, in either order', () => {
    for (const inputs of [
      [confirmed(), message()],
      [message(), confirmed()],
    ]) {
      assert.deepEqual(given(...inputs, message(), due()).issued.length, 2);
    }
  });
  test('are issued without a message once its grace is over', () => {
    const planned = given(confirmed());
    assert.equal(tickets.deadline(planned.state), 2_000);
    const { state, issued } = given(confirmed(), due(), message());
    assert.equal(issued.length, 2);
    assert.equal(tickets.deadline(state), undefined);
  });
  test('carry all that is printed on them', () => {
    const [first, second] = given(confirmed(), message()).issued;
    assert.ok(first && second);
    assert.equal(first.movieName, 'Metropolis');
    assert.equal(first.theatreName, 'Astor');
    assert.equal(first.theatreLocation, 'Berlin');
    assert.equal(first.screenNumber, 3);
    assert.equal(first.showLocalTime, 'Sat 21 Nov 2026, 20:15');
    assert.deepEqual([first.seat, first.ordinal, second.seat, second.ordinal], ['A-1-1', 1, 'A-1-2', 2]);
    assert.equal(second.ticketCount, 2);
    assert.equal(first.bookedUnder, undefined);
    assert.equal(first.code, undefined);
  });
  test('have ids that follow from booking and place, one for each place in an area', () => {
    const areas = confirmed({
      seats: [],
      areas: [{ area: 'floor', count: 3 }],
      items: [{ area: 'floor', priceCategory: 'standing', price: { amount: 4_000, currency: 'EUR' } }],
    });
    const { issued } = given(areas, message());
    assert.equal(new Set(issued.map((ticket) => ticket.ticketId)).size, 3);
    assert.deepEqual(
      issued.map((ticket) => [ticket.area, ticket.priceCategory]),
      Array(3).fill(['floor', 'standing']),
    );
    assert.deepEqual(given(areas, message()).issued, issued);
  });
  test('of seats that were cancelled before are never issued, and the others are counted without them', () => {
    const { issued } = given(confirmed(), cancelled({ whole: false, seats: ['A-1-1'] }), message());
    assert.deepEqual(
      issued.map((ticket) => [ticket.seat, ticket.ticketCount]),
      [['A-1-2', 1]],
    );
    assert.deepEqual(given(confirmed(), cancelled(), message(), due()).issued, []);
  });
  test('are void once, with the reason', () => {
    const { events } = given(confirmed(), message(), cancelled({ cause: 'show_cancelled' }), cancelled());
    const voided = events.flatMap((event) => (event.type === 'TicketVoided' ? [event.data] : []));
    assert.deepEqual(
      voided.map((each) => each.reason),
      ['show_cancelled', 'show_cancelled'],
    );
    assert.equal(voided[0]?.bookingId, bookingId);
  });
  test('that were given back before they were issued are never issued', () => {
    assert.deepEqual(given(askedBack(), confirmed(), message(), due()).issued, []);
    assert.deepEqual(given(confirmed(), askedBack(), message(), due()).issued, []);
  });
  test('that were given back are void once, whatever else voids them', () => {
    const one = cancelled({ whole: false, seats: ['A-1-1'] });
    const { events } = given(confirmed(), message(), askedBack(), one, returnDecided(), cancelled());
    const voided = events.filter((event) => event.type === 'TicketVoided');
    assert.equal(voided.length, 2);
  });
  test('that are not given back say why', () => {
    const because = (found: Parameters<typeof returnDecided>[0]) =>
      given(confirmed(), message(), askedBack(), returnDecided(found)).events.flatMap((event) =>
        event.type === 'TicketsKept' ? [event.data.because] : [],
      );
    assert.deepEqual(because({ used: true }), ['used']);
    assert.deepEqual(because({ given: true }), ['given']);
  });
  test('of a show that is not known wait for a person rather than say nothing', () => {
    assert.throws(() => given({ ...confirmed(), show: undefined } as Input), /not known/);
    assert.doesNotThrow(() => given({ ...confirmed(), show: show() } as Input));
  });
});
