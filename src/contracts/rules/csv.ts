import { decimalsOf } from './decimals.ts';

/** Comma-separated values as RFC 4180 has them, and as spreadsheets take them. */
export type CsvCell = string | number | undefined;

/** What a spreadsheet would take for a formula where somebody else wrote it, such as the title of a movie. */
const formula = /^[=+\-@\t\r]/;

/** One line, with its end. Text that begins like a formula gets an apostrophe before it; numbers are left as they are. */
export function csvLine(cells: readonly CsvCell[]): string {
  return `${cells.map(cellOf).join(',')}\r\n`;
}

function cellOf(cell: CsvCell): string {
  if (cell === undefined) return '';
  if (typeof cell === 'number') return String(cell);
  const text = formula.test(cell) && !isAmount(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const isAmount = (text: string) => /^-?\d+(\.\d+)?$/.test(text);

/** Minor units as a decimal number of the currency, exactly: -1250 in EUR is `-12.50`. */
export function decimalText(amount: number, currency: string): string {
  const decimals = decimalsOf(currency);
  const digits = String(Math.abs(amount)).padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  const sign = amount < 0 ? '-' : '';
  return decimals === 0 ? `${sign}${whole}` : `${sign}${whole}.${digits.slice(-decimals)}`;
}
