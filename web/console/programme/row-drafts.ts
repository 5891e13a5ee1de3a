import { rowsPerSectionMax } from '../../../src/contracts/rules/seat-limits.ts';
import type { AreaDraft, RowDraft, SectionDraft } from './plan-draft.ts';

/** What is new in a plan: sections and areas, many rows that are alike, or one more. Pure. */
export const newSection: SectionDraft = { name: '', id: '', priceCategory: 'standard', rows: [] };
export const newArea: AreaDraft = { name: '', area: '', capacity: '', priceCategory: 'standing' };
const emptyRow: RowDraft = {
  ...{ name: '', id: '', first: '1', last: '', step: '1' },
  ...{ accessible: '', companion: '', x: '', y: '' },
};

/** Rows that are alike. */
export interface RowsWanted {
  readonly from: string;
  readonly to: string;
  readonly seats: number;
  /** Number of the first seat, and the step from one to the next. */
  readonly first: number;
  readonly step: number;
  /** Letters that look like digits. */
  readonly isWithoutIAndO: boolean;
}

/** The rows from A to M, or from 1 to 20; `undefined` where that is no range of rows. */
export function rowsAlike({
  from,
  to,
  seats,
  first,
  step,
  isWithoutIAndO,
}: RowsWanted): readonly RowDraft[] | undefined {
  const names = rowNames(from.trim(), to.trim())?.filter((name) => !isWithoutIAndO || !/[IO]/i.test(name));
  if (names === undefined || names.length === 0 || names.length > rowsPerSectionMax) return undefined;
  const last = String(first + (seats - 1) * step);
  return names.map((name) => ({ ...emptyRow, name, first: String(first), last, step: String(step) }));
}

function rowNames(from: string, to: string): readonly string[] | undefined {
  const isNumbers = /^\d{1,4}$/.test(from) && /^\d{1,4}$/.test(to);
  const isLetters = /^[A-Z]{1,2}$/i.test(from) && /^[A-Z]{1,2}$/i.test(to);
  if (!isNumbers && !isLetters) return undefined;
  const placeOf = (name: string) => (isNumbers ? Number(name) : letterPlace(name.toUpperCase()));
  const nameOf = (place: number) => (isNumbers ? String(place) : letters(place));
  const count = placeOf(to) - placeOf(from) + 1;
  if (count < 1) return undefined;
  return Array.from({ length: count }, (_, index) => nameOf(placeOf(from) + index));
}

const alphabet = 26;
const codeOfA = 'A'.charCodeAt(0);

/** A is 1, Z is 26, AA is 27. */
function letterPlace(name: string): number {
  return [...name].reduce((place, letter) => place * alphabet + letter.charCodeAt(0) - codeOfA + 1, 0);
}

function letters(place: number): string {
  const last = String.fromCharCode(codeOfA + ((place - 1) % alphabet));
  const before = Math.floor((place - 1) / alphabet);
  return before === 0 ? last : letters(before) + last;
}

/** One row more: like the last one, under the next name. */
export function nextRow(rows: readonly RowDraft[]): RowDraft {
  const last = rows.at(-1);
  if (last === undefined) return { ...emptyRow, name: 'A', last: '10' };
  const isCounted = /^(\d{1,4}|[A-Z]{1,2})$/i.test(last.name);
  const isNumber = /^\d/.test(last.name);
  const name = !isCounted
    ? ''
    : isNumber
      ? String(Number(last.name) + 1)
      : letters(letterPlace(last.name.toUpperCase()) + 1);
  return { ...last, name, id: '', accessible: '', companion: '', y: '' };
}
