import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BookingLine, MoneyLine } from '../../src/contracts/reports.ts';
import { bookingsCsv, moneyCsv } from '../../src/contracts/rules/report-csv.ts';
import { bookingSums, dayAfter, moneySums, type Row, type Summed, Sums, startOfDay } from './report-sums.ts';

const eur = (amount: number) => ({ amount, currency: 'EUR' });
const booking = (bookedAt: string, more: Partial<BookingLine> = {}): BookingLine => ({
  ...{ bookingId: 'bkg_1', bookedAt, status: 'confirmed', showId: 'shw_1', startsAt: '2026-12-01T20:00:00.000Z' },
  ...{ places: 2, seats: ['S-A-1', 'S-A-2'], total: eur(2_150), fees: eur(150), paid: true },
  ...more,
});
const bookings = [
  booking('2026-11-30T22:30:00.000Z'),
  // Past midnight in Berlin.
  booking('2026-11-30T23:30:00.000Z', { showId: 'shw_2', startsAt: '2026-11-30T20:00:00.000Z' }),
  booking('2026-12-01T08:00:00.000Z', { status: 'rejected', paid: false, places: 3 }),
  booking('2026-12-01T09:00:00.000Z', { status: 'cancelled', refunded: eur(2_150) }),
  booking('2026-12-01T10:00:00.000Z', {
    total: { amount: 900, currency: 'JPY' },
    fees: { amount: 0, currency: 'JPY' },
  }),
];
const movement = (at: string, kind: MoneyLine['kind'], amount: number): MoneyLine => ({
  ...{ at, kind, amount: eur(amount), bookingId: 'bkg_1', paymentId: 'pay_1', showId: 'shw_1' },
});
const movements = [
  movement('2026-11-30T10:00:00.000Z', 'charge', 2_150),
  movement('2026-12-01T10:00:00.000Z', 'charge', 1_000),
  movement('2026-12-01T11:00:00.000Z', 'refund', 2_150),
  movement('2026-12-01T12:00:00.000Z', 'refund_came_back', 2_150),
];

function summed<Line extends BookingLine | MoneyLine>(of: Summed<Line>, lines: readonly Line[], by: 'day' | 'show') {
  const sums = new Sums(of, { by, timeZone: 'Europe/Berlin' });
  // As they come, page by page.
  for (const line of lines) sums.add([line]);
  return sums;
}
const plain = ({ counts, amounts }: Row) => [...counts, ...amounts.map((each) => Object.fromEntries(each))];

describe('the sums of a report', () => {
  it('are those of the days of a zone', () => {
    const { rows } = summed(bookingSums, bookings, 'day');
    assert.deepEqual(
      rows.map((row) => [row.key, ...plain(row)]),
      [
        ['2026-11-30', 1, 1, 2, { EUR: 2_150 }, { EUR: 150 }, {}],
        ['2026-12-01', 4, 2, 4, { EUR: 4_300, JPY: 900 }, { EUR: 300, JPY: 0 }, { EUR: 2_150 }],
      ],
    );
  });

  it('are those of the shows, by when they begin', () => {
    const gone = booking('2026-12-01T10:00:00.000Z', { showId: 'shw_0', startsAt: undefined as never });
    const { rows } = summed(bookingSums, [...bookings, gone], 'show');
    assert.deepEqual(
      rows.map(({ key, show, counts }) => [key, show?.showId, counts[0]]),
      [
        ['shw_2', 'shw_2', 1],
        ['shw_1', 'shw_1', 4],
        ['shw_0', 'shw_0', 1],
      ],
    );
  });

  it('count what went back as less, and what came back as more', () => {
    const { total } = summed(moneySums, movements, 'day');
    assert.deepEqual(plain(total), [4, { EUR: 3_150 }, { EUR: 0 }, { EUR: 3_150 }]);
  });

  it('are the sums of the columns of the file, in all as row by row', () => {
    const columnOf = (csv: { readonly head: string }, lines: readonly string[], name: string) => {
      const at = csv.head.trim().split(',').indexOf(name);
      return lines.map((line) => line.trim().split(',')[at] ?? '');
    };
    const cents = (texts: readonly string[]) => texts.reduce((sum, text) => sum + Math.round(Number(text) * 100), 0);
    const moneyFile = movements.map((line) => moneyCsv.line(line));
    const money = summed(moneySums, movements, 'day');
    assert.equal(money.total.amounts[2]?.get('EUR'), cents(columnOf(moneyCsv, moneyFile, 'amount')));
    const inEuros = bookings.slice(0, 4);
    const file = inEuros.map((line) => bookingsCsv.line(line));
    const { total } = summed(bookingSums, inEuros, 'day');
    const paid = inEuros.filter((line) => line.paid).map((line) => bookingsCsv.line(line));
    assert.deepEqual(
      [total.counts[0], ...total.amounts.map((each) => each.get('EUR'))],
      [
        file.length,
        cents(columnOf(bookingsCsv, paid, 'total')),
        cents(columnOf(bookingsCsv, paid, 'fees')),
        cents(columnOf(bookingsCsv, file, 'refunded')),
      ],
    );
    for (const by of ['day', 'show'] as const) {
      const sums = summed(bookingSums, bookings, by);
      const all = sums.rows.reduce((sum, { amounts }) => sum + (amounts[0]?.get('EUR') ?? 0), 0);
      assert.equal(all, sums.total.amounts[0]?.get('EUR'));
    }
  });
});

describe('a day of a house', () => {
  it('begins at midnight by its clocks, or at one where they go forward then', () => {
    assert.equal(startOfDay('2026-07-01', 'Europe/Berlin'), '2026-06-30T22:00:00.000Z');
    assert.equal(startOfDay('2026-03-29', 'Asia/Beirut'), '2026-03-28T22:00:00.000Z');
    assert.equal(startOfDay('never', 'Europe/Berlin'), undefined);
  });

  it('is followed by the next one, also at the end of a month', () => {
    assert.deepEqual(['2026-11-30', '2028-02-28'].map(dayAfter), ['2026-12-01', '2028-02-29']);
  });
});
