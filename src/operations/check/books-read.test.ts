import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BooksRead } from './books-read.ts';
import { Lines } from './lines.ts';
import { firstBooking, lastBooking, type Selection } from './selection.ts';

const entry = { key: 'pay_x', type: 'charge', amount: 1_150, currency: 'EUR', outcome: 'succeeded' } as const;
const books = BooksRead.of({
  provider: 'elsewhere',
  async *entries() {
    for (const [bookingId, entryId] of [
      ['bkg_3', 'third'],
      ['', 'of no booking'],
      ['bkg_1', 'first'],
      ['xyz', 'of something else'],
      ['bkg_3', 'third again'],
      ['bkg_2', 'second'],
    ] as const)
      yield { ...entry, bookingId, entryId };
  },
});

/** The entries that a selection finds, in order. */
async function found(selection: Selection): Promise<readonly string[]> {
  const entries: string[] = [];
  const text = (await books).rowsOf(selection);
  for (const lines = new Lines(text); text !== '' && lines.id !== undefined; lines.advance())
    entries.push(lines.field());
  return entries;
}

describe('a copy of a provider’s books', () => {
  test('gives the rows of a page in the order of bookings: after one id, up to another', async () => {
    assert.deepEqual(await found({ after: 'bkg_1', upTo: 'bkg_3' }), ['second', 'third', 'third again']);
    assert.deepEqual(await found({ after: 'bkg_3', upTo: 'bkg_4' }), []);
  });
  test('gives every row once to those who read page by page, also what is of no booking', async () => {
    const pages = [
      { after: firstBooking, upTo: 'bkg_1' },
      { after: 'bkg_1', upTo: 'bkg_2' },
      { after: 'bkg_2', upTo: lastBooking },
    ];
    assert.deepEqual((await Promise.all(pages.map(found))).flat(), [
      'of no booking',
      'first',
      'second',
      'third',
      'third again',
      'of something else',
    ]);
  });
  test('gives the rows of bookings that are named', async () => {
    assert.deepEqual(await found({ ids: ['bkg_3', 'bkg_1', 'bkg_unknown'] }), ['first', 'third', 'third again']);
  });
  test('gives a row as a database would', async () => {
    const lines = new Lines((await books).rowsOf({ ids: ['bkg_2'] }));
    assert.deepEqual(
      [lines.id, lines.field(), lines.rest()],
      ['bkg_2', 'second', ['pay_x', 'charge', '1150', 'EUR', 'succeeded', 'true'].join('\u001f')],
    );
  });
});
