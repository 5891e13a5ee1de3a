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
