import type { Money } from '../money.ts';
import type { BookingLine, MoneyLine, ReportedShow } from '../reports.ts';
import { type CsvCell, csvLine } from './csv.ts';
import { decimalText } from './decimals.ts';

/** Reports as files for spreadsheets: a column for each thing, amounts as decimal numbers beside their currency. */

const decimal = (amount: Money | undefined): CsvCell =>
  amount === undefined ? undefined : decimalText(amount.amount, amount.currency);

/** A movement as it adds up: what went back is negative. */
export const signedAmount = ({ amount, kind }: Pick<MoneyLine, 'amount' | 'kind'>): Money =>
  kind === 'refund' ? { ...amount, amount: -amount.amount } : amount;

type Columns<Line> = readonly (readonly [name: string, of: (line: Line) => CsvCell])[];

const ofShow: Columns<ReportedShow> = [
  ['movie', ({ movie }) => movie],
  ['theatre', ({ theatre }) => theatre],
  ['screen', ({ screen }) => screen],
  ['starts_at', ({ startsAt }) => startsAt],
  ['show', ({ showId }) => showId],
];

const ofBooking: Columns<BookingLine> = [
  ['booked_at', ({ bookedAt }) => bookedAt],
  ['booking', ({ bookingId }) => bookingId],
  ['status', ({ status }) => status],
  ['reason', ({ reason }) => reason],
  ...ofShow,
  ['places', ({ places }) => places],
  ['seats', ({ seats }) => seats.join(' ')],
  ['currency', ({ total }) => total?.currency],
  ['fees', ({ fees }) => decimal(fees)],
  ['total', ({ total }) => decimal(total)],
  ['paid', ({ paid }) => (paid ? 'yes' : 'no')],
  ['refunded', ({ refunded }) => decimal(refunded)],
];

const ofMovement: Columns<MoneyLine> = [
  ['at', ({ at }) => at],
  ['kind', ({ kind }) => kind],
  ['currency', ({ amount }) => amount.currency],
  ['amount', (line) => decimal(signedAmount(line))],
  ['booking', ({ bookingId }) => bookingId],
  ['payment', ({ paymentId }) => paymentId],
  ['refund', ({ refundId }) => refundId],
  ['provider', ({ provider }) => provider],
  ['provider_reference', ({ providerReference }) => providerReference],
  ...ofShow,
];

interface CsvReport<Line> {
  /** The line with the names. */
  readonly head: string;
  readonly line: (line: Line) => string;
}

function report<Line>(columns: Columns<Line>): CsvReport<Line> {
  return {
    head: csvLine(columns.map(([name]) => name)),
    line: (line) => csvLine(columns.map(([, of]) => of(line))),
  };
}

export const bookingsCsv = report(ofBooking);
export const moneyCsv = report(ofMovement);
