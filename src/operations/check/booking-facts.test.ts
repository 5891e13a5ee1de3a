import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bookingsOf, type Page } from './booking-facts.ts';
import { dataOf } from './data-of.ts';

/** What the databases say of a page, put together booking by booking. */

const fields = (...all: readonly string[]) => all.join('\u001f');
const lines = (...all: readonly string[]) => all.join('\u001e');
const page = (answers: Page['answers']) => [...bookingsOf({ now: 0, booksOf: 'sandbox', answers })];

describe('a page of bookings', () => {
  it('gives every booking what each database says of it', () => {
    const data = '{"amount": {"amount": 1}}';
    const found = page([
      { column: 'booking', text: lines(fields('bkg_1', '1', 'A', '10', '{}'), fields('bkg_3', '1', 'B', '20', data)) },
      { column: 'payments', text: lines(fields('bkg_2', '7', 'C', '30', '{}'), fields('bkg_3', '2', 'D', '40', '{}')) },
      { column: 'documents', text: fields('bkg_3', 'confirmed') },
    ]);
    assert.deepEqual(
      found.map(({ bookingId, booking, payments }) => [bookingId, booking.length, payments.length]),
      [
        ['bkg_1', 1, 0],
        ['bkg_2', 0, 1],
        ['bkg_3', 1, 1],
      ],
    );
    assert.deepEqual(found[2]?.document, { status: 'confirmed' });
    assert.deepEqual(found[2]?.booking[0]?.data, dataOf('B', data));
    assert.equal(found[1]?.payments[0]?.version, 7);
  });

  it('keeps apart ids of which one begins like the other, and rows without more fields', () => {
    const found = page([
      { column: 'captures', text: lines('bkg_1', 'bkg_1', 'bkg_11') },
      { column: 'allocations', text: lines(fields('bkg_1', 'shw_1', '4'), fields('bkg_11', 'shw_1', '5')) },
    ]);
    assert.deepEqual(
      found.map(({ bookingId, captures, allocations }) => [bookingId, captures, allocations[0]?.seatIndex]),
      [
        ['bkg_1', 2, 4],
        ['bkg_11', 1, 5],
      ],
    );
  });

  it('has a booking wait that one of two databases says it waits for', () => {
    const found = page([
      { column: 'waiting', text: lines('bkg_2', 'bkg_5') },
      { column: 'booking', text: lines(fields('bkg_1', '1', 'A', '10', '{}'), fields('bkg_5', '1', 'A', '10', '{}')) },
      { column: 'waiting', text: 'bkg_1' },
    ]);
    assert.deepEqual(
      found.map(({ bookingId, waits }) => [bookingId, waits]),
      [
        ['bkg_1', true],
        ['bkg_2', true],
        ['bkg_5', true],
      ],
    );
  });

  it('tells a seat from a place without one, and what is due from what is not', () => {
    const [found] = page([
      {
        column: 'ticket_rows',
        text: lines(fields('bkg_1', 'tkt_1', 'S-A-1', '', 'valid'), fields('bkg_1', 'tkt_2', '', 'FLOOR', 'void')),
      },
      {
        column: 'ledger',
        text: lines(
          fields('bkg_1', 'led_1', 'pay_1', 'charge', '1150', 'EUR', 'succeeded', 'true'),
          fields('bkg_1', 'led_2', 'pay_2', 'charge', '1150', 'EUR', 'succeeded', 'false'),
        ),
      },
    ]);
    assert.deepEqual(
      found?.ticketRows.map(({ seat, area }) => [seat, area]),
      [
        ['S-A-1', null],
        [null, 'FLOOR'],
      ],
    );
    assert.equal(found?.ledger.size, 2);
    assert.deepEqual(
      found?.theirs.map(({ entryId }) => entryId),
      ['led_1'],
    );
  });

  it('finds an address and kept money wherever they stand', () => {
    const [found] = page([
      {
        column: 'messages',
        text: lines(
          fields('bkg_1', '1', 'A', '1', '{"to": "ada@example.org"}'),
          fields('bkg_1', '2', 'B', '1', '{"to": "nobody", "kept": {"amount": 1}}'),
        ),
      },
    ]);
    assert.deepEqual(
      found?.messages.map(({ address, keepsNothing }) => [address, keepsNothing]),
      [
        ['ada@example.org', true],
        [null, false],
      ],
    );
  });
});
