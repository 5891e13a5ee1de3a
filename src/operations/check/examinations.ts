import { setImmediate as othersTurn } from 'node:timers/promises';
import type { Installation } from '../installation.ts';
import { type BookingFacts, bookingsOf, type Page, readPage, readPages } from './booking-facts.ts';
import { bookingInvariants, examineBooking } from './bookings.ts';
import { BooksRead } from './books-read.ts';
import { cancelledShowExamination } from './cancelled-shows.ts';
import { examineExchanges, exchangedIsGivenBack, exchangeIn } from './exchanges.ts';
import type { Examination, Report } from './finding.ts';
import { holdLimits } from './holds.ts';
import { keptExamination } from './kept.ts';
import { offerExamination } from './offers.ts';
import { onceExamination } from './once.ts';
import type { HoldLimits } from './status.ts';
import { sequenceExamination, topicExamination, versionExamination } from './streams.ts';
import { taskExamination } from './tasks.ts';
import { requestExamination, wallExamination } from './walls.ts';

/** What each page of bookings is looked at for. */
const examined = [...bookingInvariants, exchangedIsGivenBack];

/** Bookings that are examined before anybody else has a turn. */
const sliceBookings = 20;

async function* examineBookings(
  installation: Installation,
  only: ReadonlySet<string> | undefined,
): AsyncGenerator<Report> {
  const limits = await holdLimits(installation);
  const books = installation.books && (await BooksRead.of(installation.books));
  if (only !== undefined) {
    yield* examinePage(installation, await readPage(installation, { ids: [...only] }, books), limits);
    return;
  }
  for await (const page of readPages(installation, books)) {
    let bookings = 0;
    let entries = 0;
    for await (const report of examinePage(installation, page, limits, (facts) => {
      bookings += 1;
      entries += facts.theirs.length;
    }))
      yield report;
    const each = Object.fromEntries(examined.map(({ name }) => [name, bookings]));
    yield { looked: { ...each, 'ledger-known': entries } };
  }
}

async function* examinePage(
  installation: Installation,
  page: Page,
  limits: HoldLimits,
  onLooked: (facts: BookingFacts) => void = () => undefined,
): AsyncGenerator<Report> {
  let looked = 0;
  const exchanges: ReturnType<typeof exchangeIn>[number][] = [];
  for (const facts of bookingsOf(page)) {
    onLooked(facts);
    exchanges.push(...exchangeIn(facts, page.now));
    for (const finding of examineBooking(facts, { now: page.now, limits })) yield { finding };
    looked += 1;
    if (looked % sliceBookings === 0) await othersTurn();
  }
  for await (const finding of examineExchanges(installation, exchanges)) yield { finding };
}

export const examinations: readonly Examination[] = [
  { invariants: examined, examine: examineBookings },
  wallExamination,
  requestExamination,
  onceExamination,
  offerExamination,
  cancelledShowExamination,
  taskExamination,
  keptExamination,
  versionExamination,
  sequenceExamination,
  topicExamination,
];
