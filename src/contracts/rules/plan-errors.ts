import type { SeatPlan, SeatRow, SeatSection } from '../catalog.ts';
import { rowPrefix, rowSeatCount } from './plan-order.ts';
import { seatsPerPlanMax } from './seat-limits.ts';

/** What is wrong with a seat plan beyond its shape: where (RFC 6901 pointer into the plan), what, and how to mend it. */
export interface PlanError {
  readonly pointer: string;
  readonly code: string;
  readonly message: string;
}

/** A plan with more faults than this has shown its author enough to do. */
export const planErrorsMax = 100;
const seatIdCharactersMax = 40;

/** The faults of a plan, in plan order; none for a plan that can be sold. */
export function planErrors(plan: Pick<SeatPlan, 'sections' | 'areas' | 'bestSeat'>): readonly PlanError[] {
  const errors: PlanError[] = [];
  const seen = { sections: new Set<string>(), rows: new Set<string>() };
  let seats = 0;
  plan.sections.forEach((section, at) => {
    const pointer = `/sections/${at}`;
    if (seen.sections.has(section.id)) {
      errors.push({ pointer: `${pointer}/id`, code: 'duplicate_section', message: `"${section.id}" is used twice` });
    }
    seen.sections.add(section.id);
    section.rows.forEach((row, number) => {
      errors.push(...rowErrors(section, row, `${pointer}/rows/${number}`, seen.rows));
      seats += rowSeatCount(row);
    });
  });
  errors.push(...areaErrors(plan));
  if (seats > seatsPerPlanMax) {
    const message = `has ${seats} seats; a plan can have ${seatsPerPlanMax}`;
    errors.push({ pointer: '/sections', code: 'too_many_seats', message });
  }
  if (seats === 0 && plan.areas.length === 0) {
    errors.push({ pointer: '/sections', code: 'empty_plan', message: 'needs at least one row or one area' });
  }
  if (plan.bestSeat !== undefined && !hasSeat(plan, plan.bestSeat)) {
    const message = `the plan has no seat "${plan.bestSeat}"; name one of its seats, or none`;
    errors.push({ pointer: '/bestSeat', code: 'seat_unknown', message });
  }
  return errors.slice(0, planErrorsMax);
}

function hasSeat({ sections }: Pick<SeatPlan, 'sections'>, seat: string): boolean {
  return sections.some((section) =>
    section.rows.some((row) => {
      const prefix = rowPrefix(section, row);
      const number = seat.slice(prefix.length);
      return seat.startsWith(prefix) && String(Number(number)) === number && inRow(row, Number(number));
    }),
  );
}

function rowErrors(section: SeatSection, row: SeatRow, pointer: string, seen: Set<string>): readonly PlanError[] {
  const prefix = rowPrefix(section, row);
  const errors: PlanError[] = [];
  if (seen.has(prefix)) {
    const message = `another row has seat ids that begin with "${prefix}" too`;
    errors.push({ pointer: `${pointer}/id`, code: 'duplicate_row', message });
  }
  seen.add(prefix);
  if (row.first > row.last) {
    const message = `must be at least "first", which is ${row.first}`;
    return [...errors, { pointer: `${pointer}/last`, code: 'wrong_range', message }];
  }
  if (prefix.length + String(row.last).length > seatIdCharactersMax) {
    const message = `seat ids such as ${prefix}${row.last} would be longer than ${seatIdCharactersMax} characters`;
    errors.push({ pointer: `${pointer}/id`, code: 'seat_id_too_long', message });
  }
  const kept = new Set<number>();
  for (const kind of ['accessible', 'companion'] as const) {
    row[kind].forEach((number, at) => {
      const where = `${pointer}/${kind}/${at}`;
      if (!inRow(row, number)) {
        errors.push({ pointer: where, code: 'not_in_row', message: `the row has no seat ${number}` });
      } else if (kept.has(number)) {
        errors.push({ pointer: where, code: 'duplicate_seat', message: `seat ${number} is listed twice` });
      }
      kept.add(number);
    });
  }
  return errors;
}

function inRow(row: SeatRow, number: number): boolean {
  return number >= row.first && number <= row.last && (number - row.first) % row.step === 0;
}

function areaErrors(plan: Pick<SeatPlan, 'areas'>): readonly PlanError[] {
  const seen = new Set<string>();
  return plan.areas.flatMap(({ area }, at) => {
    const twice = seen.has(area);
    seen.add(area);
    return twice ? [{ pointer: `/areas/${at}/area`, code: 'duplicate_area', message: `"${area}" is used twice` }] : [];
  });
}
