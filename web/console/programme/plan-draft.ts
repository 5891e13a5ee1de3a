import type { SeatPlan, SeatRow } from '../../../src/contracts/catalog.ts';
import { usualPlaces } from '../../../src/contracts/rules/best-seats.ts';
import { planErrors } from '../../../src/contracts/rules/plan-errors.ts';
import { usualSeat } from '../../../src/contracts/rules/plan-order.ts';
import { areaCapacityMax, rowsPerSectionMax, seatSyntax } from '../../../src/contracts/rules/seat-limits.ts';

/**
 * A seat plan while it is drawn up: all of it as it was typed, so that nothing is lost that is no number yet. Ids may be left out;
 * they follow from the names. Pure.
 */
export interface RowDraft {
  readonly name: string;
  readonly id: string;
  readonly first: string;
  readonly last: string;
  readonly step: string;
  /** Numbers and ranges of numbers: `1, 2, 11-14`. */
  readonly accessible: string;
  readonly companion: string;
  readonly x: string;
  readonly y: string;
}

export interface SectionDraft {
  readonly name: string;
  readonly id: string;
  readonly priceCategory: string;
  readonly rows: readonly RowDraft[];
}

export interface AreaDraft {
  readonly name: string;
  readonly area: string;
  readonly capacity: string;
  readonly priceCategory: string;
}

export interface PlanDraft {
  readonly name: string;
  readonly sections: readonly SectionDraft[];
  readonly areas: readonly AreaDraft[];
  /**
   * Which seat is the best: a usual one, which follows the rows while they change, the id of one, `chosen` before one is
   * chosen, or nothing, where the best seats are those that are listed first.
   */
  readonly bestSeat: string;
}

/** What is wrong with one field. What is only not there yet is told once somebody wants to send it. */
export interface DraftFault {
  readonly pointer: string;
  readonly message: string;
  readonly isMissing: boolean;
}

export type PlanFields = Pick<SeatPlan, 'name' | 'sections' | 'areas' | 'bestSeat'>;

export const emptyDraft: PlanDraft = { name: '', sections: [], areas: [], bestSeat: '' };

/** A draft that says what a plan says: to begin a new one with. */
export function draftOf({ name, sections, areas, bestSeat = '' }: PlanFields): PlanDraft {
  const number = (value: number | undefined) => (value === undefined ? '' : String(value));
  return {
    ...{ name, bestSeat },
    sections: sections.map((section) => ({
      ...section,
      rows: section.rows.map((row) => ({
        ...{ name: row.name, id: row.id, first: String(row.first), last: String(row.last), step: String(row.step) },
        ...{ accessible: row.accessible.join(', '), companion: row.companion.join(', ') },
        ...{ x: number(row.x), y: number(row.y) },
      })),
    })),
    areas: areas.map((area) => ({ ...area, capacity: String(area.capacity) })),
  };
}

/** The plan that a draft means, with everything that is wrong with it. What cannot be read is a row without seats. */
export function planOf(draft: PlanDraft): { readonly plan: PlanFields; readonly faults: readonly DraftFault[] } {
  const faults: DraftFault[] = [];
  const read = new Reading(faults);
  const sectionIds = idsOf(
    draft.sections.map(({ id, name }) => ({ id, name })),
    (name, taken) => initialOf(name, taken),
  );
  const unranked: PlanFields = {
    name: read.text(draft.name, '/name'),
    sections: draft.sections.map((section, at) => {
      const pointer = `/sections/${at}`;
      if (section.rows.length > rowsPerSectionMax)
        faults.push(fault(`${pointer}/rows`, `must have at most ${rowsPerSectionMax} rows; make a second section`));
      if (section.rows.length === 0) faults.push(missing(`${pointer}/rows`, 'has no rows yet'));
      return {
        id: read.id(sectionIds[at] ?? '', `${pointer}/id`),
        name: read.text(section.name, `${pointer}/name`),
        priceCategory: read.text(section.priceCategory, `${pointer}/priceCategory`),
        rows: section.rows.map((row, number) =>
          read.row(row, { pointer: `${pointer}/rows/${number}`, number: number + 1 }),
        ),
      };
    }),
    areas: draft.areas.map((area, at) => ({
      area: read.id(area.area.trim() || idOf(area.name) || `A${at + 1}`, `/areas/${at}/area`),
      name: read.text(area.name, `/areas/${at}/name`),
      capacity: read.whole(area.capacity, `/areas/${at}/capacity`, { least: 1, most: areaCapacityMax }) ?? 1,
      priceCategory: read.text(area.priceCategory, `/areas/${at}/priceCategory`),
    })),
  };
  const bestSeat = read.bestSeat(draft.bestSeat, unranked);
  const plan = bestSeat === undefined ? unranked : { ...unranked, bestSeat };
  // What cannot be read is said already, and not said again as a row from 1 to 0.
  const isSaid = (pointer: string) => faults.some((each) => each.pointer === pointer);
  const others = planErrors(plan).filter(({ pointer }) => !isSaid(pointer));
  return {
    plan,
    faults: [
      ...faults,
      ...others.map(({ pointer, code, message }) => ({ pointer, message, isMissing: code === 'empty_plan' })),
    ],
  };
}

const fault = (pointer: string, message: string): DraftFault => ({ pointer, message, isMissing: false });
const missing = (pointer: string, message = 'is missing'): DraftFault => ({ pointer, message, isMissing: true });

const rowNumberMax = 100_000;
const stepMax = 10;

/** Reads what was typed, and notes what is wrong with it. */
class Reading {
  readonly #faults: DraftFault[];

  constructor(faults: DraftFault[]) {
    this.#faults = faults;
  }

  text(typed: string, pointer: string): string {
    const text = typed.trim();
    if (text === '') this.#faults.push(missing(pointer));
    return text;
  }

  id(id: string, pointer: string): string {
    if (!seatSyntax.test(id))
      this.#faults.push(fault(pointer, 'must be 1 to 40 letters, digits, dots, hyphens or underscores'));
    return id;
  }

  whole(
    typed: string,
    pointer: string,
    { least, most }: { readonly least: number; readonly most: number },
  ): number | undefined {
    const text = typed.trim();
    const number = Number(text);
    if (text === '') this.#faults.push(missing(pointer));
    else if (Number.isInteger(number) && number >= least && number <= most) return number;
    else this.#faults.push(fault(pointer, `must be a whole number from ${least} to ${most}`));
    return undefined;
  }

  row(row: RowDraft, { pointer, number }: { readonly pointer: string; readonly number: number }): SeatRow {
    const first = this.whole(row.first, `${pointer}/first`, { least: 0, most: rowNumberMax });
    const last = this.whole(row.last, `${pointer}/last`, { least: 0, most: rowNumberMax });
    const step = this.whole(row.step, `${pointer}/step`, { least: 1, most: stepMax }) ?? 1;
    const range = first === undefined || last === undefined ? { first: 1, last: 0 } : { first, last };
    const x = this.#place(row.x, `${pointer}/x`);
    const y = this.#place(row.y, `${pointer}/y`);
    return {
      id: this.id(row.id.trim() || idOf(row.name) || `R${number}`, `${pointer}/id`),
      name: this.text(row.name, `${pointer}/name`),
      ...{ ...range, step },
      accessible: this.#numbers(row.accessible, `${pointer}/accessible`, step),
      companion: this.#numbers(row.companion, `${pointer}/companion`, step),
      ...(x === undefined ? {} : { x }),
      ...(y === undefined ? {} : { y }),
    };
  }

  bestSeat(draft: string, { sections }: PlanFields): string | undefined {
    const usual = usualPlaces.find((each) => each === draft);
    if (usual !== undefined) return usualSeat(sections, usual);
    if (draft === 'chosen') this.#faults.push(missing('/bestSeat', 'is to be chosen in the picture'));
    return draft === '' || draft === 'chosen' ? undefined : draft;
  }

  #place(typed: string, pointer: string): number | undefined {
    const text = typed.trim().replace(',', '.');
    if (text === '') return undefined;
    if (Number.isFinite(Number(text))) return Number(text);
    this.#faults.push(fault(pointer, 'must be a number, counted in seats'));
    return undefined;
  }

  #numbers(typed: string, pointer: string, step: number): number[] {
    const numbers = numbersIn(typed, step);
    if (numbers === undefined) this.#faults.push(fault(pointer, 'must be seat numbers like 1, 2, 11-14'));
    return numbers ?? [];
  }
}

/** No row has more seats that are kept for somebody. */
const reservedMax = 1_000;

/** The numbers of `1, 2, 11-14`; `undefined` for text that is none. */
export function numbersIn(text: string, step = 1): number[] | undefined {
  const numbers: number[] = [];
  for (const part of text.split(/[,;\s]+/).filter((each) => each !== '')) {
    const range = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(part);
    if (range === null) return undefined;
    const first = Number(range[1]);
    const last = Number(range[2] ?? range[1]);
    if (last < first || (last - first) / step + numbers.length >= reservedMax) return undefined;
    for (let number = first; number <= last; number += step) numbers.push(number);
  }
  return numbers;
}

/** An id that says what a name says: `Row 12` of a row is `12`. Empty for a name in letters that no id has. */
function idOf(name: string): string {
  return name
    .trim()
    .replace(/^row\s+/i, '')
    .normalize('NFD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/\s+/g, '_')
    .replaceAll(/[^A-Za-z0-9._-]/g, '')
    .slice(0, 20);
}

/** As few letters of a name as tell it from the others: seats are called by it. */
function initialOf(name: string, taken: ReadonlySet<string>): string {
  const letters = idOf(name).toUpperCase();
  for (let length = 1; length <= letters.length; length += 1) {
    const id = letters.slice(0, length);
    if (!taken.has(id)) return id;
  }
  return `${letters || 'S'}${taken.size + 1}`;
}

function idsOf(
  named: readonly { readonly id: string; readonly name: string }[],
  derived: (name: string, taken: ReadonlySet<string>) => string,
): readonly string[] {
  const taken = new Set(named.map(({ id }) => id.trim()).filter((id) => id !== ''));
  return named.map(({ id, name }) => {
    if (id.trim() !== '') return id.trim();
    const own = derived(name, taken);
    taken.add(own);
    return own;
  });
}

/** What a seat is kept for goes round: for nobody, for a wheelchair, for who comes with one, for nobody. */
export function withNextKind(row: RowDraft, number: number): { readonly row: RowDraft; readonly kind: string } {
  const step = Number(row.step) || 1;
  const accessible = numbersIn(row.accessible, step) ?? [];
  const companion = numbersIn(row.companion, step) ?? [];
  const text = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b).join(', ');
  const without = (numbers: readonly number[]) => text(numbers.filter((each) => each !== number));
  if (accessible.includes(number))
    return {
      row: { ...row, accessible: without(accessible), companion: text([...companion, number]) },
      kind: 'companion seat',
    };
  if (companion.includes(number)) return { row: { ...row, companion: without(companion) }, kind: 'ordinary seat' };
  return { row: { ...row, accessible: text([...accessible, number]) }, kind: 'wheelchair space' };
}
