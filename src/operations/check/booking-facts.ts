import type { Money } from '../../contracts/money.ts';
import type { ServiceName } from '../../contracts/topics.ts';
import type { Installation } from '../installation.ts';

/** All that the databases say about one booking, as the invariants look at it. */
export interface Fact {
  readonly type: string;
  readonly version: number;
  readonly time: number;
  readonly data: Data;
  /** An e-mail address that somebody has left in it. */
  readonly address?: string | null;
}

/** The fields of facts that invariants look at; a fact has some of them. */
export interface Data {
  readonly showId?: string;
  readonly seats?: readonly string[];
  readonly indexes?: readonly number[];
  readonly areas?: readonly { readonly area: string; readonly count: number }[];
  readonly items?: readonly { readonly seat?: string; readonly area?: string; readonly price: Money }[];
  readonly fees?: readonly { readonly price: Money }[];
  readonly total?: Money;
  readonly amount?: Money;
  readonly kept?: Money;
  readonly whole?: boolean;
  readonly cause?: string;
  readonly paymentId?: string;
  readonly refundId?: string;
  readonly provider?: string;
  readonly providerReference?: string;
  readonly ticketId?: string;
  readonly seat?: string;
  readonly area?: string;
  readonly issueAt?: number;
  readonly timesOutAt?: number;
  readonly holdExpiresAt?: string;
  readonly heldUntil?: string;
  readonly messageId?: string;
  readonly causeId?: string;
  readonly kind?: string;
  readonly channel?: string;
  readonly status?: string;
  readonly round?: number;
}

export interface LedgerEntry {
  readonly entryId: string;
  readonly key: string;
  readonly type: 'charge' | 'refund';
  readonly amount: number;
  readonly currency: string;
  readonly outcome: 'succeeded' | 'declined';
}

export interface BookingFacts {
  readonly bookingId: string;
  readonly booking: readonly Fact[];
  readonly seats: readonly Fact[];
  readonly payments: readonly Fact[];
  readonly tickets: readonly Fact[];
  readonly messages: readonly Fact[];
  /** Seats that the wall says are this booking's. */
  readonly allocations: readonly { readonly showId: string; readonly seatIndex: number }[];
  /** Captures that count as the booking's payment, by the wall. */
  readonly captures: number;
  readonly ticketRows: readonly {
    readonly ticketId: string;
    readonly seat: string | null;
    readonly area: string | null;
    readonly status: string;
  }[];
  /** By message: how often a channel took it. */
  readonly inbox: ReadonlyMap<string, number>;
  /** What the customer reads; `undefined` where there is nothing to read. */
  readonly document: { readonly status: string } | undefined;
  /** The request still waits in the user service, or something of the booking is parked. */
  readonly waits: boolean;
  /** The provider's books under the references that the payments name. */
  readonly ledger: ReadonlyMap<string, LedgerEntry>;
}

/** Which bookings: a range of ids, both ends excluded and included, or just these. */
export type Selection = { readonly after: string; readonly upTo: string } | { readonly ids: readonly string[] };

/** Before and after every booking id. */
export const firstBooking = 'bkg_';
export const lastBooking = 'bkg`';
/** Facts of the booking service that make one page. */
const pageFactsMax = 10_000;

function where(column: string, selection: Selection): { readonly text: string; readonly values: readonly unknown[] } {
  if ('ids' in selection) return { text: `${column} = any ($1)`, values: [selection.ids] };
  return { text: `${column} > $1 and ${column} <= $2`, values: [selection.after, selection.upTo] };
}

/** Whatever is in a fact between quotation marks and looks like an e-mail address; nearly none has an @ at all. */
const selectFacts = `select type, stream_version as version, time, data,
  case when data::text like '%@%' then substring(data::text from '"([^"@\\s]+@[^"@\\s]+\\.[^"@\\s]+)"') end as address`;

/** The next page of bookings after one id: whole streams, about `pageFactsMax` facts. */
export async function nextPage(
  { query }: Installation,
  after: string,
): Promise<{ readonly selection: Selection; readonly isLast: boolean }> {
  const rows = await query<{ readonly stream: string }>(
    'booking',
    `select stream from events where stream > $1 and stream <= $2 order by stream, stream_version limit $3`,
    [after, lastBooking, pageFactsMax],
  );
  const isLast = rows.length < pageFactsMax;
  return { selection: { after, upTo: isLast ? lastBooking : (rows.at(-1)?.stream ?? lastBooking) }, isLast };
}

/** Gathers what all databases say about a selection, one question at a time. */
export async function gather(installation: Installation, selection: Selection): Promise<readonly BookingFacts[]> {
  const factsOf = (service: ServiceName, column: 'stream' | 'subject') => {
    const { text, values } = where(column, selection);
    return grouped<Fact & Row>(
      installation.query(
        service,
        `${selectFacts}, ${column} as "bookingId" from events where ${text} order by stream, stream_version`,
        values,
      ),
    );
  };
  const booking = await factsOf('booking', 'stream');
  const seats = await factsOf('seat-inventory', 'subject');
  const payments = await factsOf('payment', 'stream');
  const tickets = await factsOf('ticket', 'subject');
  const messages = await factsOf('notification', 'stream');
  const rows = await gatherRows(installation, selection);
  const ledger = await ledgerOf(installation, payments);
  const inbox = await inboxOf(installation, messages);
  const known = [booking, seats, payments, tickets, rows.allocations, rows.ticketRows, rows.documents];
  const ids = new Set(known.flatMap((map) => [...map.keys()]));
  return [...ids].sort().map((id) => ({
    bookingId: id,
    booking: booking.get(id) ?? [],
    seats: seats.get(id) ?? [],
    payments: payments.get(id) ?? [],
    tickets: tickets.get(id) ?? [],
    messages: messages.get(id) ?? [],
    allocations: rows.allocations.get(id) ?? [],
    captures: rows.captures.get(id)?.length ?? 0,
    ticketRows: rows.ticketRows.get(id) ?? [],
    document: rows.documents.get(id)?.[0],
    waits: rows.waiting.has(id),
    ledger,
    inbox,
  }));
}

interface Row {
  readonly bookingId: string;
}

async function gatherRows(installation: Installation, selection: Selection) {
  const rowsOf = <Found>(service: ServiceName, column: string, text: string) => {
    const { text: condition, values } = where(column, selection);
    return grouped<Found & Row>(installation.query(service, `${text} and ${condition}`, values));
  };
  const waiting = new Set<string>();
  for (const service of ['user', 'booking'] as const) {
    for (const table of ['requests', 'parked'] as const) {
      for (const id of (
        await rowsOf<Row>(service, 'subject', `select subject as "bookingId" from ${table} where true`)
      ).keys())
        waiting.add(id);
    }
  }
  return {
    waiting,
    allocations: await rowsOf<BookingFacts['allocations'][number]>(
      'seat-inventory',
      'booking_id',
      'select booking_id as "bookingId", show_id as "showId", seat_index as "seatIndex" from allocations where true',
    ),
    captures: await rowsOf<Row>(
      'payment',
      'booking_id',
      'select booking_id as "bookingId" from captures where not surplus',
    ),
    ticketRows: await rowsOf<BookingFacts['ticketRows'][number]>(
      'ticket',
      'booking_id',
      `select booking_id as "bookingId", id as "ticketId", seat, body ->> 'area' as area, status from tickets where true`,
    ),
    documents: await rowsOf<{ readonly status: string }>(
      'user',
      'id',
      'select id as "bookingId", status from bookings where true',
    ),
  };
}

async function grouped<Found extends Row>(
  rows: Promise<readonly Found[]>,
): Promise<ReadonlyMap<string, readonly Found[]>> {
  return Map.groupBy(await rows, ({ bookingId }) => bookingId);
}

const selectLedger = 'select entry_id as "entryId", key, type, amount, currency, outcome from ledger';

async function ledgerOf({ query }: Installation, payments: ReadonlyMap<string, readonly Fact[]>) {
  const references = [...payments.values()].flat().flatMap(({ data }) => data.providerReference ?? []);
  const rows = await query<LedgerEntry>('sandbox_provider', `${selectLedger} where entry_id = any ($1)`, [references]);
  return new Map(rows.map((row) => [row.entryId, row]));
}

async function inboxOf({ query }: Installation, messages: ReadonlyMap<string, readonly Fact[]>) {
  const ids = [...messages.keys()];
  const rows = await query<{ readonly messageId: string; readonly times: number }>(
    'notification',
    'select message_id as "messageId", count(*)::int as times from inbox_messages where booking_id = any ($1) group by 1',
    [ids],
  );
  return new Map(rows.map(({ messageId, times }) => [messageId, times]));
}
