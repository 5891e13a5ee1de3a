import type { BookingLine, MoneyLine, ReportedShow } from '../../src/contracts/reports.ts';
import { momentOfLocalTime } from '../../src/contracts/rules/local-time.ts';
import { signedAmount } from '../../src/contracts/rules/report-csv.ts';
import { dayOf, type Money } from '../kit/format.ts';

/** Lines of a report as a table of sums: a row for each day or show, with the same numbers that the file has line by line. Pure. */
export type GroupBy = 'day' | 'show';

/** What is counted and summed of a line; amounts by currency. */
export interface Summed<Line> {
  readonly counts: readonly (readonly [name: string, of: (line: Line) => number])[];
  readonly amounts: readonly (readonly [name: string, of: (line: Line) => Money | undefined])[];
  readonly at: (line: Line) => string;
}

const whereConfirmed = (line: BookingLine, number: number) => (line.status === 'confirmed' ? number : 0);

export const bookingSums: Summed<BookingLine> = {
  counts: [
    ['Bookings', () => 1],
    ['Confirmed', (line) => whereConfirmed(line, 1)],
    ['Places', (line) => whereConfirmed(line, line.places)],
  ],
  amounts: [
    ['Paid', ({ paid, total }) => (paid ? total : undefined)],
    ['Fees in it', ({ paid, fees }) => (paid ? fees : undefined)],
    ['Refunded', ({ refunded }) => refunded],
  ],
  at: ({ bookedAt }) => bookedAt,
};

export const moneySums: Summed<MoneyLine> = {
  counts: [['Movements', () => 1]],
  amounts: [
    ['Charged', (line) => (line.kind === 'charge' ? line.amount : undefined)],
    ['Refunded', (line) => (line.kind === 'charge' ? undefined : signedAmount(line))],
    ['In all', signedAmount],
  ],
  at: ({ at }) => at,
};

/** The sums of some lines. */
export interface Row {
  readonly counts: readonly number[];
  /** Minor units by currency, for each of the amounts. */
  readonly amounts: readonly ReadonlyMap<string, number>[];
}

/** The lines of a day, by its date, or of a show. */
export interface GroupRow extends Row {
  readonly key: string;
  readonly show: ReportedShow | undefined;
}

class Adding<Line> implements Row {
  readonly counts: number[];
  readonly amounts: Map<string, number>[];
  readonly #summed: Summed<Line>;

  constructor(summed: Summed<Line>) {
    this.#summed = summed;
    this.counts = summed.counts.map(() => 0);
    this.amounts = summed.amounts.map(() => new Map());
  }

  add(line: Line): void {
    this.#summed.counts.forEach(([, of], at) => {
      this.counts[at] = (this.counts[at] ?? 0) + of(line);
    });
    this.#summed.amounts.forEach(([, of], at) => {
      const money = of(line);
      const sums = this.amounts[at];
      if (money !== undefined) sums?.set(money.currency, (sums.get(money.currency) ?? 0) + money.amount);
    });
  }
}

/** Sums that lines are added to as they come; what is kept grows with the days or shows, not with the lines. */
export class Sums<Line extends ReportedShow> {
  readonly total: Row;
  readonly #total: Adding<Line>;
  readonly #summed: Summed<Line>;
  readonly #by: GroupBy;
  readonly #timeZone: string;
  readonly #groups = new Map<string, { readonly show: ReportedShow | undefined; readonly sums: Adding<Line> }>();

  /** Days are those of a zone. */
  constructor(summed: Summed<Line>, { by, timeZone }: { readonly by: GroupBy; readonly timeZone: string }) {
    this.#summed = summed;
    this.#by = by;
    this.#timeZone = timeZone;
    this.#total = new Adding(summed);
    this.total = this.#total;
  }

  add(lines: readonly Line[]): void {
    for (const line of lines) {
      const isByShow = this.#by === 'show';
      const key = isByShow ? line.showId : dayOf(new Date(this.#summed.at(line)), this.#timeZone);
      const group = this.#groups.get(key) ?? { show: isByShow ? line : undefined, sums: new Adding(this.#summed) };
      this.#groups.set(key, group);
      group.sums.add(line);
      this.#total.add(line);
    }
  }

  /** Days in their order; shows by when they begin, those that the catalogue has no more at the end. */
  get rows(): readonly GroupRow[] {
    return [...this.#groups]
      .map(([key, { show, sums }]) => ({ key, show, counts: sums.counts, amounts: sums.amounts }))
      .sort((a, b) => compared(placeOf(a), placeOf(b)) || compared(a.key, b.key));
  }
}

const placeOf = ({ key, show }: GroupRow) => (show === undefined ? key : (show.startsAt ?? '~'));
const compared = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** When a day begins in a zone; `undefined` for what is no day. Where clocks go forward at midnight, at one. */
export function startOfDay(day: string, timeZone: string): string | undefined {
  const at = momentOfLocalTime(`${day}T00:00`, timeZone) ?? momentOfLocalTime(`${day}T01:00`, timeZone);
  return at === undefined ? undefined : new Date(at).toISOString();
}

/** The day after a day, as 2026-11-30. */
export function dayAfter(day: string): string {
  const midnight = new Date(`${day}T00:00:00Z`);
  midnight.setUTCDate(midnight.getUTCDate() + 1);
  return midnight.toISOString().slice(0, 10);
}
