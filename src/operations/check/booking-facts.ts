import type { Installation } from '../installation.ts';
import type { LedgerEntry } from '../provider-books.ts';
import { type Column, columns, statements } from './booking-statements.ts';
import type { BooksRead } from './books-read.ts';
import { knownTypes } from './data-of.ts';
import type { Fact } from './fact.ts';
import { Lines } from './lines.ts';
import { firstBooking, lastBooking, type Selection } from './selection.ts';
import { StoredFact } from './stored-fact.ts';

/** All that the databases say about one booking, as the invariants look at it. */
export interface BookingFacts {
  readonly bookingId: string;
  readonly booking: readonly Fact[];
  readonly seats: readonly Fact[];
  readonly payments: readonly Fact[];
  readonly tickets: readonly Fact[];
  readonly messages: readonly Fact[];
  /** What was asked of it by its customer: the booking itself, and payments. */
  readonly asked: readonly Asked[];
  /** Seats that the wall says are this booking's. */
  readonly allocations: readonly { readonly showId: string; readonly seatIndex: number }[];
  /** Captures that count as the booking's payment, by the wall. */
  readonly captures: number;
  readonly ticketRows: readonly {
    readonly ticketId: string;
    readonly seat: string | null;
    readonly area: string | null;
    /** Whether the door knows that somebody was let in with it, where there is a door to ask. */
    readonly isLetIn?: boolean;
    /** Of the code that the door lets in with. */
    readonly issue?: number;
    readonly status: string;
  }[];
  /** By message: how often a channel took it. */
  readonly inbox: ReadonlyMap<string, number>;
  /** What the customer reads; `undefined` where there is nothing to read. */
  readonly document: { readonly status: string } | undefined;
  /** The request still waits in the user service, or something of the booking is parked. */
  readonly waits: boolean;
  /** The provider whose books are looked at. */
  readonly booksOf: string;
  /** The provider's books: its entries by their ids, with those of the booking. */
  readonly ledger: ReadonlyMap<string, LedgerEntry>;
  /** Entries of the booking that are due. */
  readonly theirs: readonly LedgerEntry[];
}

/** A request that was accepted. */
export interface Asked {
  readonly type: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly acceptedAt: string;
  /** Whether it brings a payment. */
  readonly pays: boolean;
}

/** Facts of the booking service that make one page. */
const pageFactsMax = 10_000;

export const endOfPage =
  'select stream from events where stream > $1 and stream <= $2 order by stream, stream_version offset $3 limit 1';

/** Where the next page of bookings after one id ends: whole streams, about `pageFactsMax` facts. */
async function pageAfter({ query }: Installation, after: string): Promise<string> {
  const values = [after, lastBooking, pageFactsMax - 1];
  const [end] = await query<{ readonly stream: string }>('booking', endOfPage, values);
  return end?.stream ?? lastBooking;
}

/** What one database says of a page, one text for each kind of row. */
type Answer = Readonly<Record<string, string | null>>;

export interface Page {
  /** When the first of its databases was asked, by the clock of that database; 0 where nothing runs, so that nothing is late. */
  readonly now: number;
  readonly booksOf: string;
  /** A text for each kind of rows; of one kind there may be several, from several databases. */
  readonly answers: readonly { readonly column: Column; readonly text: string }[];
}

const sandbox = 'sandbox';

/** Asks each database once, one after the other. `books` are those of a provider that has them elsewhere. */
export async function readPage(
  { query, isStopped }: Installation,
  selection: Selection,
  books: BooksRead | undefined,
): Promise<Page> {
  const [clock] = await query<{ readonly now: number }>(
    'booking',
    'select (extract(epoch from clock_timestamp()) * 1000)::bigint as now',
  );
  const answers: { readonly column: Column; readonly text: string }[] = [];
  for (const { database, text, values } of statements(selection, books === undefined)) {
    const [answer] = await query<Answer>(database, text, values);
    for (const column of columns) {
      const text = answer?.[column];
      if (typeof text === 'string') answers.push({ column, text });
    }
  }
  if (books !== undefined) answers.push({ column: 'ledger', text: books.rowsOf(selection) });
  return { now: isStopped === true ? 0 : (clock?.now ?? 0), booksOf: books?.provider ?? sandbox, answers };
}

/** All bookings, page by page: the next page is read while somebody looks at the last one. */
export async function* readPages(installation: Installation, books: BooksRead | undefined): AsyncGenerator<Page> {
  const read = async (after: string) => {
    const upTo = await pageAfter(installation, after);
    return { upTo, page: await readPage(installation, { after, upTo }, books) };
  };
  for (let next: ReturnType<typeof read> | undefined = read(firstBooking); next !== undefined; ) {
    const { upTo, page }: Awaited<ReturnType<typeof read>> = await next;
    next = upTo === lastBooking ? undefined : read(upTo);
    // Who stops early does not hear of it any more.
    next?.catch(() => undefined);
    yield page;
  }
}

type Building = { -readonly [Name in keyof BookingFacts]: BookingFacts[Name] };

const nothing: readonly never[] = [];
const noInbox: BookingFacts['inbox'] = new Map();
const noLedger: BookingFacts['ledger'] = new Map();

/**
 * Puts together what the databases have said, booking by booking, in the order of their ids: every answer is in that
 * order (databases are made to sort by bytes), so only one booking's rows are in memory as objects at a time.
 */
export function* bookingsOf({ answers, booksOf }: Page): Generator<BookingFacts> {
  const all = answers.map(({ column, text }) => ({ add: adding[column], lines: new Lines(text) }));
  for (;;) {
    let next: string | undefined;
    for (const { lines } of all) if (lines.id !== undefined && (next === undefined || lines.id < next)) next = lines.id;
    if (next === undefined) return;
    const booking: Building = {
      ...{ bookingId: next, booking: nothing, seats: nothing, payments: nothing, tickets: nothing, messages: nothing },
      ...{
        asked: nothing,
        allocations: nothing,
        captures: 0,
        ticketRows: nothing,
        inbox: noInbox,
        document: undefined,
        waits: false,
      },
      ...{ booksOf, ledger: noLedger, theirs: nothing },
    };
    for (const { add, lines } of all) for (; lines.id === next; lines.advance()) add(booking, lines);
    yield booking;
  }
}

type Adding = (booking: Building, line: Lines) => void;

function factIn(line: Lines): Fact {
  const version = Number(line.field());
  const type = line.field();
  const time = Number(line.field());
  return new StoredFact({ type: knownTypes.get(type) ?? type, version, time, json: line.rest() });
}

/** A list that is still this booking's own: all others share the empty one. */
function push<Item>(list: readonly Item[], item: Item): readonly Item[] {
  if (list === nothing) return [item];
  (list as Item[]).push(item);
  return list;
}

const adding: Readonly<Record<Column, Adding>> = {
  booking: (to, line) => {
    to.booking = push(to.booking, factIn(line));
  },
  seats: (to, line) => {
    to.seats = push(to.seats, factIn(line));
  },
  payments: (to, line) => {
    to.payments = push(to.payments, factIn(line));
  },
  tickets: (to, line) => {
    to.tickets = push(to.tickets, factIn(line));
  },
  messages: (to, line) => {
    to.messages = push(to.messages, factIn(line));
  },
  asked: (to, line) => {
    const [type, time, acceptedAt] = [line.field(), Number(line.field()), line.field()];
    to.asked = push(to.asked, { type, time, acceptedAt, pays: line.rest() === 'true' });
  },
  allocations: (to, line) => {
    to.allocations = push(to.allocations, { showId: line.field(), seatIndex: Number(line.rest()) });
  },
  captures: (to) => {
    to.captures += 1;
  },
  ticket_rows: (to, line) => {
    const [ticketId, seat, area] = [line.field(), line.field(), line.field()];
    const isLetIn = line.field() === 'true';
    const issue = Number(line.field());
    const row = { ticketId, seat: seat || null, area: area || null, isLetIn, issue, status: line.rest() };
    to.ticketRows = push(to.ticketRows, row);
  },
  inbox: (to, line) => {
    to.inbox = new Map([...to.inbox, [line.field(), Number(line.rest())]]);
  },
  documents: (to, line) => {
    to.document = { status: line.rest() };
  },
  waiting: (to) => {
    to.waits = true;
  },
  ledger: (to, line) => {
    const [entryId, key, type, amount, currency, outcome] = [
      ...[line.field(), line.field(), line.field(), line.field(), line.field(), line.field()],
    ];
    const entry = { entryId, key, type, amount: Number(amount), currency, outcome } as LedgerEntry;
    to.ledger = new Map([...to.ledger, [entry.entryId, entry]]);
    if (line.rest() === 'true') to.theirs = push(to.theirs, entry);
  },
};
