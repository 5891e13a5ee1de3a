import { Command, InvalidArgumentError } from 'commander';
import { z } from 'zod';
import { showId as showIdSchema } from '../contracts/ids.ts';
import type { BookingLine, MoneyLine } from '../contracts/reports.ts';
import { bookingsCsv, moneyCsv } from '../contracts/rules/report-csv.ts';
import { progress } from './answers.ts';
import type { Instance } from './asking.ts';
import { runningInstance } from './instance.ts';
import { idAs } from './log.ts';

/** `fullhouse report`: what was booked and what was paid in a period, for spreadsheets and books. */

interface Asked {
  readonly from: string;
  readonly to: string;
  readonly show?: string;
  readonly json?: boolean;
}
interface Paged<Line> {
  readonly items: readonly Line[];
  readonly nextCursor: string | null;
}

export function reportCommand(): Command {
  const command = new Command('report')
    .description('what was booked, and what was paid, in a period: comma-separated values for a spreadsheet')
    .addHelpText(
      'after',
      '\nExample:\n  fullhouse report money --from 2026-11-01 --to 2026-12-01 > november.csv\n' +
        '  fullhouse report bookings --from 2026-11-30 --to 2026-12-01 > today.csv',
    );
  command.addCommand(
    periodical('bookings', 'every booking that was asked for, with what became of it')
      .option('--show <showId>', 'only those of this show', idAs(showIdSchema, 'the show'))
      .addHelpText('after', '\nExample:\n  fullhouse report bookings --from 2026-11-30 --to 2026-12-01')
      .action((asked: Asked) => write<BookingLine>('bookings', asked, bookingsCsv)),
  );
  command.addCommand(
    periodical('money', 'every charge and refund; refunds are negative, so that the amounts add up')
      .addHelpText('after', '\nExample:\n  fullhouse report money --from 2026-11-01 --to 2026-12-01')
      .action((asked: Asked) => write<MoneyLine>('money', asked, moneyCsv)),
  );
  return command;
}

function periodical(name: string, description: string): Command {
  const at = 'a day, which begins at midnight where this runs (TZ), or a moment such as 2026-11-01T00:00:00Z';
  return new Command(name)
    .description(description)
    .requiredOption('--from <moment>', at, momentOf)
    .requiredOption('--to <moment>', `${at}; not in the period itself`, momentOf)
    .option('--json', 'print a line of JSON for each');
}

/** A day or a moment, as a moment in UTC. Days that are in no calendar are refused: `Date` takes 2026-11-31 for the day after. */
function momentOf(text: string): string {
  const isDay = z.iso.date().safeParse(text).success;
  if (!isDay && !z.iso.datetime({ offset: true }).safeParse(text).success) {
    throw new InvalidArgumentError('must be a day like 2026-11-01 or a moment like 2026-11-01T00:00:00Z.');
  }
  return new Date(isDay ? `${text}T00:00:00` : text).toISOString();
}

async function write<Line>(
  report: string,
  { from, to, show, json }: Asked,
  csv: { readonly head: string; readonly line: (line: Line) => string },
): Promise<void> {
  const instance = await runningInstance();
  const written = progress();
  let lines = 0;
  if (json !== true) await out(csv.head);
  for await (const items of pages<Line>(instance, `/ops/reports/${report}`, {
    from,
    to,
    ...(show && { showId: show }),
  })) {
    await out(items.map((line) => (json === true ? `${JSON.stringify(line)}\n` : csv.line(line))).join(''));
    lines += items.length;
    written.tell(`${lines} lines`);
  }
  written.done();
}

async function* pages<Line>(
  instance: Instance,
  path: string,
  query: Readonly<Record<string, string>>,
): AsyncGenerator<readonly Line[]> {
  for (let cursor: string | null = ''; cursor !== null; ) {
    const asked: URLSearchParams = new URLSearchParams({ ...query, ...(cursor === '' ? {} : { cursor }) });
    const page: Paged<Line> = await instance.call<Paged<Line>>('GET', `${path}?${asked}`);
    yield page.items;
    cursor = page.nextCursor;
  }
}

/** What is written waits until it is taken: a report may be longer than the memory of whoever reads it. */
function out(text: string): Promise<void> {
  return new Promise((resolve) => process.stdout.write(text, () => resolve()));
}
