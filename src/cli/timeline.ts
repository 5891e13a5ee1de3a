import { Command } from 'commander';
import { bookingId as bookingIdSchema } from '../contracts/ids.ts';
import { idEndOf } from '../contracts/rules/booking-number.ts';
import { type Timeline, timeline } from '../operations/timeline.ts';
import { inLine, say, sayJson } from './answers.ts';
import { idAs } from './log.ts';
import { askOrOpen } from './opened.ts';

/** `fullhouse timeline`: why a booking ended as it did. */
export function timelineCommand(): Command {
  return new Command('timeline')
    .description('all that happened to a booking, and why it ended as it did; also when nothing runs')
    .argument('<booking>', 'its id as it was given, or its number', bookingAs)
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExample:\n  fullhouse timeline bkg_0192f0c4-7b1e-7c3a-9d2e-3f4a5b6c7d8e\n  fullhouse timeline FH-99DP-RZCE',
    )
    .action(async (booking: string, { json }: { json?: boolean }) => {
      const told = await askOrOpen(
        (instance) => instance.call<Timeline>('GET', `/ops/bookings/${encodeURIComponent(booking)}/timeline`),
        (installation) => timeline(installation, booking),
      );
      if (json === true) return sayJson(told);
      print(told);
    });
}

/** A booking by its number, or else by its id. */
function bookingAs(text: string): string {
  return idEndOf(text) === undefined ? idAs(bookingIdSchema, 'the booking')(text) : text;
}

function print({ bookingId, number, entries, conclusion }: Timeline): void {
  say(`${number} (${bookingId}), from ${entries[0]?.at ?? 'no time'}\n`);
  const width = Math.max(...entries.map(({ service }) => service.length));
  for (const { ms, service, kind, type, says, causedBy } of entries) {
    const name = kind === 'event' || kind === 'provider' ? type : `${kind} ${type}`;
    say(`${`+${ms} ms`.padStart(12)}  ${service.padEnd(width)}  ${name}: ${inLine(says)}`);
    if (causedBy !== undefined) say(`${' '.repeat(14 + width)}  because of ${causedBy}`);
  }
  say(`\n${conclusion}`);
}
