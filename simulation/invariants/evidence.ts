import type { Asked, BookingFacts } from '../../src/operations/check/booking-facts.ts';
import type { Fact } from '../../src/operations/check/fact.ts';
import type { LedgerEntry as LedgerFact } from '../../src/operations/provider-books.ts';
import type { LogRecord } from '../../src/runtime/log/log.ts';
import type { Applied, ServiceDefinition } from '../../src/runtime/service.ts';
import type { Contents } from '../../src/runtime/store/memory-store.ts';
import type { EventRow } from '../../src/runtime/store/store.ts';
import type { LedgerEntry } from '../../src/services/payment/providers/sandbox-ledger.ts';
import type { UserRow } from '../../src/services/user/projection.ts';
import type { Journal } from '../journal.ts';
import type { Received } from '../outside.ts';
import type { Person } from '../venue.ts';
import type { Watcher } from '../watcher.ts';

/** All that can be known of a run once it has come to rest: what the invariants look at. */
export interface Evidence {
  readonly definitions: readonly ServiceDefinition[];
  readonly stored: ReadonlyMap<string, Contents>;
  /** What each service has applied, in the order of its commits. */
  readonly applied: ReadonlyMap<string, readonly Applied[]>;
  /** By service and event id: which commit of the whole system the event came with. */
  readonly order: ReadonlyMap<string, number>;
  /** By `topic/partition`. */
  readonly records: ReadonlyMap<string, readonly LogRecord[]>;
  /** Topics that a task has not read to their end, in words. */
  readonly unread: readonly string[];
  readonly bookings: readonly BookingFacts[];
  readonly ledger: readonly LedgerEntry[];
  readonly received: readonly Received[];
  readonly journal: Journal;
  /** What was wrong in the moment it happened. */
  readonly incidents: readonly string[];
  /** Those who wanted to be erased. */
  readonly people: readonly Person[];
  /** Their accounts. */
  readonly accounts: readonly UserRow[];
  /** Their profiles, as those have them who read profiles. */
  readonly profiles: readonly { readonly service: string; readonly userId: string; readonly data: unknown }[];
  /** By service and user: when it has taken note of an erasure. */
  readonly forgotten: Watcher['forgotten'];
}

/** Something that must hold whenever everything has come to rest. */
export interface SimulatedInvariant {
  readonly name: string;
  readonly says: string;
  /** A sentence for each thing that is wrong. */
  readonly examine: (evidence: Evidence) => Iterable<string>;
}

export function eventsOf({ stored }: Pick<Evidence, 'stored'>, service: string): readonly EventRow[] {
  return stored.get(service)?.events ?? [];
}

/** What the services say of each booking, as the auditor of live databases looks at it. */
export function bookingsIn(options: Pick<Evidence, 'stored' | 'ledger' | 'received'>): readonly BookingFacts[] {
  const of = (service: string, by: 'stream' | 'subject') =>
    Map.groupBy(
      eventsOf(options, service).toSorted((a, b) => a.streamVersion - b.streamVersion),
      (event) => event[by],
    );
  const [booking, seats] = [of('booking', 'stream'), of('seat-inventory', 'subject')];
  const [payments, tickets, messages] = [
    of('payment', 'stream'),
    of('ticket', 'subject'),
    of('notification', 'stream'),
  ];
  const requests = of('user', 'stream');
  const documents = options.stored.get('user')?.documents.get('bookings') ?? new Map<string, unknown>();
  const ticketRows = Map.groupBy(ticketRowsOf(options), ({ bookingId }) => bookingId);
  const allocations = allocationsOf(eventsOf(options, 'seat-inventory'));
  const ledger = new Map(options.ledger.map((entry) => [entry.entryId, ledgerFact(entry)]));
  const theirs = Map.groupBy(options.ledger, (entry) => entry.bookingId);
  const inbox = new Map(
    [...Map.groupBy(options.received, (each) => each.messageId)].map(([id, all]) => [id, all.length]),
  );
  const ids = [...new Set([...booking.keys(), ...payments.keys(), ...tickets.keys(), ...documents.keys()])];
  return ids
    .filter((id) => id.startsWith('bkg_'))
    .sort()
    .map((bookingId) => ({
      bookingId,
      booking: facts(booking.get(bookingId)),
      seats: facts(seats.get(bookingId)),
      payments: facts(payments.get(bookingId)),
      tickets: facts(tickets.get(bookingId)),
      messages: facts(messages.get(bookingId)),
      asked: (requests.get(bookingId) ?? []).flatMap(askedIn),
      allocations: allocations.get(bookingId) ?? [],
      captures: capturesOf(payments.get(bookingId) ?? []),
      ticketRows: ticketRows.get(bookingId) ?? [],
      inbox,
      document: documents.get(bookingId) as { readonly status: string } | undefined,
      waits: false,
      booksOf: 'sandbox',
      ledger,
      theirs: (theirs.get(bookingId) ?? []).map(ledgerFact),
    }));
}

function facts(events: readonly EventRow[] = []): readonly Fact[] {
  return events.map(({ type, streamVersion, time, data, json }) => ({
    type,
    version: streamVersion,
    time,
    data: (data ?? {}) as Fact['data'],
    address: json.includes('@') ? (/"([^"@\s]+@[^"@\s]+\.[^"@\s]+)"/.exec(json)?.[1] ?? null) : null,
  }));
}

function askedIn({ type, time, data }: EventRow): readonly Asked[] {
  if (type !== 'BookingRequested' && type !== 'PaymentSubmitted') return [];
  const { acceptedAt, payment } = data as { readonly acceptedAt: string; readonly payment?: unknown };
  return [{ type, time, acceptedAt, pays: payment !== undefined }];
}

function ledgerFact({ entryId, key, type, amount, outcome }: LedgerEntry): LedgerFact {
  return { entryId, key, type, amount: amount.amount, currency: amount.currency, outcome };
}

function capturesOf(payments: readonly EventRow[]): number {
  const idOf = ({ data }: EventRow) => (data as { readonly paymentId: string }).paymentId;
  const surplus = new Set(payments.filter(({ type }) => type === 'ChargeCapturedAfterAll').map(idOf));
  return payments.filter((event) => event.type === 'PaymentSucceeded' && !surplus.has(idOf(event))).length;
}

function ticketRowsOf({ stored }: Pick<Evidence, 'stored'>) {
  const documents = [...(stored.get('ticket')?.documents.get('tickets') ?? [])];
  return documents.map(([ticketId, doc]) => {
    const { bookingId, seat, area, status } = doc as Readonly<Record<string, string | undefined>>;
    return { ticketId, bookingId: bookingId ?? '', seat: seat ?? null, area: area ?? null, status: status ?? '' };
  });
}

/** Who owns which seat after all facts, each seat told by whoever took it last. */
function allocationsOf(events: readonly EventRow[]) {
  const owners = new Map<string, { bookingId: string; showId: string; seatIndex: number }>();
  for (const { type, data } of events) {
    if (!['SeatsReserved', 'SeatsSold', 'SeatsReleased'].includes(type)) continue;
    const { showId, bookingId, indexes } = data as { showId: string; bookingId: string; indexes: readonly number[] };
    for (const seatIndex of indexes) {
      if (type === 'SeatsReleased') owners.delete(`${showId} ${seatIndex}`);
      else owners.set(`${showId} ${seatIndex}`, { bookingId, showId, seatIndex });
    }
  }
  return Map.groupBy(owners.values(), ({ bookingId }) => bookingId);
}
