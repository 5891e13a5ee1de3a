import { Command } from 'commander';
import { showId as showIdSchema } from '../contracts/ids.ts';
import { seatId as seatIdSchema } from '../contracts/seats.ts';
import { type SeatHistory, seatHistory } from '../operations/seat-changes.ts';
import { inLine, say, sayJson } from './answers.ts';
import { idAs } from './log.ts';
import { askOrOpen } from './opened.ts';

/** `fullhouse seat`: who had a seat and when, and who wanted it in vain. */
export function seatCommand(): Command {
  return new Command('seat')
    .description('who had a seat of a show and when, and who wanted it in vain; also when nothing runs')
    .argument('<showId>', 'as the show was given', idAs(showIdSchema, 'the show'))
    .argument('<seat>', 'as its plan names it, like S-A-12', idAs(seatIdSchema, 'the seat'))
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  fullhouse seat shw_0192f0c4-7b1e-7c3a-9d2e-3f4a5b6c7d8e S-A-12')
    .action(async (showId: string, seat: string, { json }: { json?: boolean }) => {
      const path = `/ops/shows/${encodeURIComponent(showId)}/seats/${encodeURIComponent(seat)}/history`;
      const told = await askOrOpen(
        (instance) => instance.call<SeatHistory>('GET', path),
        (installation) => seatHistory(installation, showId, seat),
      );
      if (json === true) return sayJson(told);
      print(told);
    });
}

function print({ seat, place, showId, changes, conclusion }: SeatHistory): void {
  say(`${place === seat ? seat : `${place} (${seat})`} of ${showId}\n`);
  for (const { at, bookingId = 'the organizer', says } of changes) say(`${at}  ${bookingId}  ${inLine(says)}`);
  say(`${changes.length === 0 ? '' : '\n'}${conclusion}`);
}
