import { z } from 'zod';
import { bookingId, showId } from '../contracts/ids.ts';
import { bookingLine, moneyLine } from '../contracts/reports.ts';
import type { Installation } from '../operations/installation.ts';
import { bookingLines } from '../operations/reports/booking-report.ts';
import { type MoneyPosition, moneyLines } from '../operations/reports/money-report.ts';
import { type Endpoint, endpoint } from '../runtime/http/endpoint.ts';
import { decodeCursor, encodeCursor, page, pageOf } from '../runtime/http/page.ts';
import { invalid } from '../runtime/http/problem.ts';

/** Reports for those who keep the books: pages of lines, in an order that stays. */

/** Lines of a page. */
const linesMax = 1_000;
/** A position in every partition of two channels. */
const cursorCharactersMax = 10_000;

const periodQuery = {
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  limit: z.coerce.number().int().min(1).max(linesMax).default(linesMax),
  cursor: z.string().max(cursorCharactersMax).optional(),
};
const shared = { method: 'GET', tag: 'reports', who: ['organizer'] } as const;

export function reportEndpoints(installation: Installation): readonly Endpoint[] {
  return [
    endpoint({
      ...{ ...shared, path: '/ops/reports/bookings' },
      summary: 'The bookings that were asked for in a period, with what became of them',
      query: z.strictObject({ ...periodQuery, showId: showId.optional() }),
      answers: { 200: { says: 'A line for each, the oldest first', body: pageOf(bookingLine) } },
      problems: ['validation_failed'],
      async handle({ query: { cursor, limit, ...query } }) {
        mustBePeriod(query);
        const after = decodeCursor(cursor, 1)?.[0];
        if (after !== undefined && !bookingId.safeParse(after).success) throw notOurs();
        const lines = await bookingLines(installation, { ...query, after, limit: limit + 1 });
        return { status: 200, body: page(lines, limit, (line) => [line.bookingId]) };
      },
    }),
    endpoint({
      ...{ ...shared, path: '/ops/reports/money' },
      summary: 'The journal of money: every charge and refund of a period',
      query: z.strictObject(periodQuery),
      answers: { 200: { says: 'A line for each movement, in order of time', body: pageOf(moneyLine) } },
      problems: ['validation_failed'],
      async handle({ query: { cursor, ...query } }) {
        mustBePeriod(query);
        const { lines, next } = await moneyLines(installation, { ...query, position: positionIn(cursor) });
        const nextCursor = next === undefined ? null : encodeCursor([JSON.stringify(next)]);
        return { status: 200, body: { items: lines, nextCursor } };
      },
    }),
  ];
}

function mustBePeriod({ from, to }: { readonly from: string; readonly to: string }): void {
  if (Date.parse(from) >= Date.parse(to))
    throw invalid('/query/to', 'empty_period', 'must be later than `from`; the end is not in the period');
}

const position = z.record(z.string().regex(/^[a-z-]*\/\d{1,6}$/), z.int().min(0));

function positionIn(cursor: string | undefined): MoneyPosition | undefined {
  const [json] = decodeCursor(cursor, 1) ?? [];
  if (json === undefined) return undefined;
  try {
    return position.parse(JSON.parse(json));
  } catch {
    throw notOurs();
  }
}

function notOurs() {
  return invalid('/query/cursor', 'invalid_cursor', 'must be a nextCursor from the previous page');
}
