import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Command } from 'commander';
import type { SeatPlan } from '../contracts/catalog.ts';
import { showId as showIdSchema } from '../contracts/ids.ts';
import { bookingNumber } from '../contracts/rules/booking-number.ts';
import { byId, type PlaceNames, placeNames } from '../contracts/rules/places.ts';
import { seatId } from '../contracts/seats.ts';
import { topicNames } from '../contracts/topics.ts';
import type { TailedRecord } from '../operations/tail.ts';
import { placesOf, sentenceFor } from '../operations/timeline-sentences.ts';
import { CommandRefused, inLine, say, sayJson, WrongUse } from './answers.ts';
import type { Instance } from './asking.ts';
import { type Api, ApiRefused, signInAsCustomer } from './customer.ts';
import { runningInstance } from './instance.ts';
import { idAs, wholeNumber } from './log.ts';

/** `fullhouse book`: a customer at the terminal, with all that happens to the booking as it happens. */

/** After its end, a booking's tickets and messages follow within moments; nobody watches longer than this. */
const watchMaxMs = 30_000;
const endMaxMs = 10_000;
const endPauseMs = 20;
const seatsByDefault = 2;
/** The sandbox charges it. */
const sandboxCard = 'tok_visa';

interface Options {
  readonly show?: string;
  readonly seats?: string;
  readonly best?: number;
  readonly token?: string;
  readonly watch?: boolean;
  readonly json?: boolean;
}

interface Booking {
  readonly bookingId: string;
  readonly status: string;
  readonly reason?: string;
  readonly payment: { readonly error?: { readonly code: string } };
  readonly seats: readonly string[];
  readonly tickets: readonly string[];
}

export function bookCommand(): Command {
  return new Command('book')
    .description('book seats as the customer of the demo')
    .option('--show <showId>', 'default: the first show on sale', idAs(showIdSchema, '--show'))
    .option('--seats <ids>', 'seat ids, separated by commas', distinctSeats)
    .option('--best <n>', `the best n seats (default: ${seatsByDefault})`, wholeNumber('--best', 1))
    .option('--token <token>', `the card's token, for the payment provider in use (default: ${sandboxCard})`)
    .option('--watch', 'print every event of the booking as it happens')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  fullhouse book --best 2 --watch')
    .action(book);
}

function distinctSeats(text: string): string {
  const seats = text.split(',');
  const other = seats.find((seat) => !seatId.safeParse(seat).success);
  if (other !== undefined)
    throw new WrongUse(`--seats must be seat ids separated by commas, such as S-A-1,S-A-2; "${other}" is none`);
  if (new Set(seats).size === seats.length) return text;
  throw new WrongUse(`--seats names a seat twice: ${text}`);
}

async function book(options: Options): Promise<void> {
  if (options.seats !== undefined && options.best !== undefined) throw new WrongUse('give either --seats or --best');
  const instance = await runningInstance();
  const { url } = await instance.status();
  const api = await signInAsCustomer(url);
  const showId = options.show ?? (await firstOnSale(api));
  const quiet = options.json === true;
  const names = quiet ? byId : await namesOf(api, showId);
  const watch = options.watch === true ? watchBooking(instance, showId, { quiet, names }) : undefined;
  await watch?.ready;
  const since = performance.now();
  watch?.begin();
  const wanted =
    options.seats === undefined
      ? { bestAvailable: { count: options.best ?? seatsByDefault } }
      : { seats: options.seats.split(',') };
  const request = { showId, ...wanted, payment: { method: 'card', token: options.token ?? sandboxCard } };
  try {
    const accepted = await api<Booking>('POST', '/bookings', {
      body: request,
      key: randomUUID(),
      wait: watch === undefined,
    });
    await watch?.until(accepted.bookingId);
    const booking = await asItEnded(api, accepted.bookingId);
    if (quiet) sayJson(booking);
    else report(booking, { names, tookMs: performance.now() - since });
    if (booking.status !== 'confirmed') process.exitCode = 1;
  } finally {
    watch?.stop();
  }
}

const underWay = ['requested', 'paying'];

/** The booking as it ended, with its tickets where it has some: what a customer reads may follow the topics by moments. */
async function asItEnded(api: Api, bookingId: string): Promise<Booking> {
  const until = performance.now() + endMaxMs;
  for (;;) {
    const booking = await api<Booking>('GET', `/bookings/${bookingId}`);
    const isTicketed = booking.status !== 'confirmed' || booking.tickets.length > 0;
    if ((!underWay.includes(booking.status) && isTicketed) || performance.now() > until) return booking;
    await delay(endPauseMs);
  }
}

/** What the places of a show are called; their ids where the show is not known, which the booking then says. */
async function namesOf(api: Api, showId: string): Promise<PlaceNames> {
  try {
    const { seatPlanId } = await api<{ readonly seatPlanId: string }>('GET', `/shows/${encodeURIComponent(showId)}`);
    return placeNames(await api<SeatPlan>('GET', `/seat-plans/${encodeURIComponent(seatPlanId)}`));
  } catch (error) {
    if (error instanceof ApiRefused) return byId;
    throw error;
  }
}

function report(
  { bookingId, status, reason, payment, seats, tickets }: Booking,
  { names, tookMs }: { readonly names: PlaceNames; readonly tookMs: number },
): void {
  // Seats stay held after a decline: without the provider's word for it nobody would know why nothing was paid.
  const why = [reason, payment.error?.code].filter((each) => each !== undefined).join(': ');
  say(`${bookingId} is ${status}${why === '' ? '' : ` (${why})`}: ${placesOf({ seats }, names)}`);
  say(`  number ${bookingNumber(bookingId)}`);
  for (const ticket of tickets) say(`  ${ticket}`);
  if (tickets.length > 0) say(`from request to ticket: ${Math.round(tookMs)} ms`);
}

interface Shows {
  readonly items: readonly { readonly showId: string; readonly status: string }[];
  readonly nextCursor: string | null;
}

async function firstOnSale(api: Api): Promise<string> {
  for (let cursor: string | null = ''; cursor !== null; ) {
    const { items, nextCursor }: Shows = await api<Shows>(
      'GET',
      `/shows?limit=100${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
    );
    const show = items.find(({ status }) => status === 'on_sale');
    if (show !== undefined) return show.showId;
    cursor = nextCursor;
  }
  throw new CommandRefused('no show is on sale; import a catalogue, or name a show with --show');
}

/** Follows all topics of a show from now on; what is told before the booking's id is known is kept until it is. */
function watchBooking(
  instance: Instance,
  showId: string,
  { quiet, names }: { readonly quiet: boolean; readonly names: PlaceNames },
) {
  const stop = new AbortController();
  const early: TailedRecord[] = [];
  const over = Promise.withResolvers<void>();
  const ready = Promise.withResolvers<void>();
  const state = { since: performance.now(), bookingId: undefined as string | undefined, tickets: 0, ended: false };
  const tell = (record: TailedRecord) => {
    if (record.subject !== state.bookingId) return;
    const ms = Math.round(performance.now() - state.since);
    if (!quiet)
      say(
        `${`+ ${ms} ms`.padStart(10)}  ${record.topic.padEnd(18)} ${record.type.padEnd(26)} ${inLine(sentenceFor(record.type, record.data, names))}`,
      );
    if (isOver(record, state)) over.resolve();
  };
  const following = (async () => {
    const query = { topics: topicNames.join(','), key: showId, from: 'end', follow: 'true' };
    for await (const record of instance.run<TailedRecord | { readonly following: true }>('tail', query, stop.signal)) {
      if ('following' in record) ready.resolve();
      else if (state.bookingId === undefined) early.push(record);
      else tell(record);
    }
  })();
  following.catch((error: unknown) => {
    if (stop.signal.aborted) return;
    ready.reject(error as Error);
    over.reject(error as Error);
  });
  const gaveUp = setTimeout(() => over.resolve(), watchMaxMs);
  return {
    ready: ready.promise,
    begin: () => {
      state.since = performance.now();
    },
    until: (bookingId: string) => {
      state.bookingId = bookingId;
      for (const record of early.splice(0)) tell(record);
      return over.promise;
    },
    stop: () => {
      clearTimeout(gaveUp);
      stop.abort();
    },
  };
}

function isOver({ type, data }: TailedRecord, state: { tickets: number }): boolean {
  if (['BookingRejected', 'BookingExpired', 'BookingCancelled'].includes(type)) return true;
  if (type !== 'TicketIssued') return false;
  state.tickets += 1;
  return state.tickets === (data as { readonly ticketCount?: number } | null)?.ticketCount;
}
