import type { Installation } from '../installation.ts';
import { type BookingFacts, firstBooking, gather, nextPage } from './booking-facts.ts';
import { bookingInvariants, examineBooking } from './bookings.ts';
import type { Examination, Report } from './finding.ts';
import { holdLimits } from './holds.ts';
import { keptExamination } from './kept.ts';
import { ledgerExamination } from './ledger.ts';
import { onceExamination } from './once.ts';
import type { HoldLimits } from './status.ts';
import { sequenceExamination, topicExamination, versionExamination } from './streams.ts';
import { taskExamination } from './tasks.ts';
import { requestExamination, wallExamination } from './walls.ts';

async function* examineBookings(
  installation: Installation,
  only: ReadonlySet<string> | undefined,
): AsyncGenerator<Report> {
  const limits = await holdLimits(installation);
  if (only !== undefined) {
    yield* findings(await gather(installation, { ids: [...only] }), { now: await clockOf(installation), limits });
    return;
  }
  for (let after = firstBooking; ; ) {
    const { selection, isLast } = await nextPage(installation, after);
    const bookings = await gather(installation, selection);
    yield { looked: Object.fromEntries(bookingInvariants.map(({ name }) => [name, bookings.length])) };
    yield* findings(bookings, { now: await clockOf(installation), limits });
    if (isLast || !('upTo' in selection)) return;
    after = selection.upTo;
  }
}

function* findings(
  bookings: readonly BookingFacts[],
  against: { readonly now: number; readonly limits: HoldLimits },
): Generator<Report> {
  for (const facts of bookings) for (const finding of examineBooking(facts, against)) yield { finding };
}

async function clockOf({ query }: Installation): Promise<number> {
  const [row] = await query<{ readonly now: number }>(
    'booking',
    'select (extract(epoch from clock_timestamp()) * 1000)::bigint as now',
  );
  return row?.now ?? 0;
}

export const examinations: readonly Examination[] = [
  { invariants: bookingInvariants, examine: examineBookings },
  wallExamination,
  requestExamination,
  onceExamination,
  taskExamination,
  keptExamination,
  ledgerExamination,
  versionExamination,
  sequenceExamination,
  topicExamination,
];
