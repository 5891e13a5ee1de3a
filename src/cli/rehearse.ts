import { tmpdir } from 'node:os';
import { dirname, resolve } from 'node:path';
import { Command } from 'commander';
import { showId as showIdSchema } from '../contracts/ids.ts';
import { settingFrom } from '../contracts/settings.ts';
import {
  type OnSaleLine,
  onSale,
  onSaleQuery,
  type RecordedRequest,
  rehearsedShowsMax,
} from '../operations/on-sale.ts';
import { type Account, isBorne, type Waited } from '../rehearsal/account.ts';
import { type Comer, madeUpCrowd, recordedCrowd } from '../rehearsal/crowd.ts';
import type { Progress, Rehearsal } from '../rehearsal/rehearsal.ts';
import { isCluster, readConfiguration } from '../runtime/configuration.ts';
import { CommandRefused, progress, say, sayJson, sayTable, WrongUse } from './answers.ts';
import { idAs, wholeNumber } from './log.ts';
import { askOrOpen } from './opened.ts';

interface Options {
  readonly customers?: number;
  readonly within: number;
  readonly seats: number;
  readonly recorded?: boolean;
  readonly speed: number;
  readonly waitingRoom?: number;
  readonly json?: boolean;
}

const withinUsually = 60;
const seatsUsually = 2;
/** By Ctrl-C, by whoever runs it, or by the end of the terminal: the house of the rehearsal is removed. */
const endings = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** Each has an account and a connection. */
const customersMax = 100_000;

/** `fullhouse rehearse`: a sale before it happens. Exit code 1 where somebody gave up or a promise was broken. */
export function rehearseCommand(): Command {
  return new Command('rehearse')
    .description(
      'hold the sale of shows before it happens, in a house of its own on this machine; nothing here is changed',
    )
    .argument('<showId...>', 'the shows', (text: string, before: readonly string[] | undefined) => [
      ...(before ?? []),
      idAs(showIdSchema, 'the show')(text),
    ])
    .option('--customers <n>', 'how many come', wholeNumber('--customers', 1))
    .option('--within <seconds>', 'how long they keep coming', wholeNumber('--within', 1), withinUsually)
    .option('--seats <n>', 'how many of the best seats each of them wants', wholeNumber('--seats', 1), seatsUsually)
    .option('--recorded', 'instead, those who asked for these shows, as they came')
    .option('--speed <n>', 'so many times as fast as they came', wholeNumber('--speed', 1), 1)
    .option(
      '--waiting-room <n>',
      'with a waiting room that so many are let into at once',
      wholeNumber('--waiting-room', 1),
    )
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExample:\n' +
        '  fullhouse rehearse shw_0192f0c4-7b1e-7c3a-9d2e-3f4a5b6c7d8e --customers 5000 --within 60\n' +
        '  fullhouse rehearse shw_0192f0c4-7b1e-7c3a-9d2e-3f4a5b6c7d8e --recorded --speed 10\n\n' +
        'The customers share the machine with the house: on a machine of its own it bears more.',
    )
    .action(runRehearsal);
}

async function runRehearsal(showIds: readonly string[], options: Options): Promise<void> {
  checkUse(showIds, options);
  const { shows, settings, requests } = await whatIsSold(showIds, options.recorded === true);
  if (options.customers !== undefined) checkSeats(options.seats, { shows, settings });
  const comers = crowd({ showIds, shows, requests }, options);
  const stop = new AbortController();
  const abort = () => stop.abort(new CommandRefused('stopped before the rehearsal was over'));
  for (const name of endings) process.once(name, abort);
  const [first] = requests.toSorted((a, b) => a.at - b.at);
  const waiting = progress();
  // Only this command needs it; the others start faster without.
  const { rehearse } = await import('../rehearsal/rehearsal.ts');
  const rehearsal: Rehearsal = {
    ...{ shows, settings, comers, speed: options.speed, within: roomyDirectory(), signal: stop.signal },
    ...(first === undefined ? {} : { soldFrom: first.at }),
    ...(options.waitingRoom === undefined ? {} : { insideMax: options.waitingRoom }),
  };
  try {
    const account = await rehearse(rehearsal, (each) => waiting.tell(saysOf(each)));
    waiting.done();
    if (options.json === true) sayJson({ ...account, isBorne: isBorne(account) });
    else print(account);
    if (!isBorne(account)) process.exitCode = 1;
  } finally {
    waiting.done();
    for (const name of endings) process.off(name, abort);
  }
}

function checkUse(showIds: readonly string[], { customers, recorded, speed }: Options): void {
  if (showIds.length > rehearsedShowsMax) throw new WrongUse(`name at most ${rehearsedShowsMax} shows`);
  if (new Set(showIds).size < showIds.length) throw new WrongUse('name each show once');
  if ((customers === undefined) === (recorded !== true)) throw new WrongUse('give either --customers or --recorded');
  if (customers !== undefined && customers > customersMax)
    throw new WrongUse(`--customers can be at most ${customersMax}`);
  if (speed !== 1 && recorded !== true)
    throw new WrongUse('--speed is for --recorded; --within says how fast others come');
}

/** Refuses a wish that the house would refuse to everybody: a sale of it shows nothing. */
function checkSeats(seats: number, { shows, settings }: Pick<Sold, 'shows' | 'settings'>): void {
  const perBooking = settingFrom((key) => settings.find((each) => each.key === key), 'seatsPerBookingMax');
  if (seats > perBooking)
    throw new CommandRefused(
      `nobody can book ${seats} seats at once: the setting seatsPerBookingMax is ${perBooking}; give a smaller --seats`,
    );
  for (const { show } of shows) {
    const { showId, seatsPerCustomerMax = perBooking } = show;
    if (seats > seatsPerCustomerMax)
      throw new CommandRefused(
        `nobody can have ${seats} seats of ${showId}: its seatsPerCustomerMax is ${seatsPerCustomerMax}; give a smaller --seats`,
      );
  }
}

interface Sold extends Pick<Rehearsal, 'shows' | 'settings'> {
  readonly requests: readonly RecordedRequest[];
}

async function whatIsSold(showIds: readonly string[], recorded: boolean): Promise<Sold> {
  const query = onSaleQuery.parse({ showIds, recorded });
  const shows: Sold['shows'][number][] = [];
  const settings: Sold['settings'][number][] = [];
  const requests: RecordedRequest[] = [];
  const take = async (lines: AsyncIterable<OnSaleLine>) => {
    for await (const line of lines) {
      if ('show' in line) shows.push(line);
      else if ('setting' in line) settings.push(line.setting);
      else requests.push(line.request);
    }
  };
  await askOrOpen(
    (instance) => take(instance.run<OnSaleLine>('on-sale', query)),
    (installation) => take(onSale(installation, query)),
  );
  return { shows, settings, requests };
}

function crowd(
  { showIds, shows, requests }: Pick<Sold, 'shows' | 'requests'> & { readonly showIds: readonly string[] },
  { customers, within, seats, speed }: Options,
): readonly Comer[] {
  if (customers !== undefined) {
    const standing = shows.map(({ plan: { sections, areas } }) => ({
      standing: sections.length === 0 ? areas[0]?.area : undefined,
    }));
    return madeUpCrowd({ customers, withinMs: within * 1_000, seats, shows: standing });
  }
  if (requests.length === 0)
    throw new CommandRefused('nobody has asked for these shows yet; say with --customers how many come');
  return recordedCrowd(requests, { showIds, speed });
}

/** Beside the data directory, so that the rehearsal writes to the disk that the sale will. */
function roomyDirectory(): string {
  const configuration = readConfiguration(process.env);
  return isCluster(configuration) ? tmpdir() : dirname(resolve(configuration.FULLHOUSE_DATA_DIR));
}

function saysOf(each: Progress): string {
  return 'done' in each ? `${each.stage}: ${each.done} of ${each.of}` : `${each.stage} …`;
}

function print(account: Account): void {
  const { customers, lastedMs, outcomes, places, toldToComeBack, yes, no, inRoom, processors, broken } = account;
  sayTable(
    account.periods.map(({ fromMs, toMs, came, booked, refused, gaveUp, p50, p99, busy }) => ({
      seconds: `${fromMs / 1_000} to ${toMs / 1_000}`,
      ...{ came, 'had seats': booked, 'had none': refused, 'gave up': gaveUp },
      'half knew in': p50 === undefined ? '' : inSeconds(p50),
      '99 % in': p99 === undefined ? '' : inSeconds(p99),
      'processors busy': busy ?? '',
    })),
  );
  const ends = Object.entries(outcomes).map(([name, count]) => `${count} ${name}`);
  say(`\n${customers} customers came, and the last knew after ${inSeconds(lastedMs)}: ${ends.join(', ')}.`);
  say(`${places.sold} of ${places.of} places were sold.`);
  if (inRoom !== undefined) say(`In the waiting room: ${waits(inRoom)}.`);
  say(`From asking to having tickets or held seats: ${waits(yes)}.`);
  if (no.count > 0) say(`From asking to knowing that there are none: ${waits(no)}.`);
  say(`In its busiest second, ${processors.busiest} of ${processors.of} processors were busy, with the customers.`);
  for (const each of broken) say(`✖ ${each}`);
  say(`\n${verdict(account, toldToComeBack)}`);
}

function verdict(account: Account, { customers, times }: Account['toldToComeBack']): string {
  if (account.broken.length > 0) return `${account.broken.length} invariants are broken.`;
  const held = 'All invariants hold.';
  const told = `${customers} customers were told to come back later, ${times} times in all`;
  if (!isBorne(account))
    return `${held} It was too much: ${told}, and ${account.outcomes['gave_up']} gave up. Try --waiting-room, or a larger machine.`;
  if (customers > 0) return `${held} It was borne, but ${told}. With --waiting-room they wait in order.`;
  return `${held} It was borne: nobody was told to come back later.`;
}

function waits({ count, p50, p99, most }: Waited): string {
  return count === 0
    ? 'nobody'
    : `half within ${inSeconds(p50)}, 99 of 100 within ${inSeconds(p99)}, all within ${inSeconds(most)}`;
}

function inSeconds(ms: number): string {
  return ms < 1_000 ? `${ms} ms` : `${(ms / 1_000).toFixed(1)} s`;
}
