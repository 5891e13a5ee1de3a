import type { MemoryStore } from '../src/runtime/store/memory-store.ts';
import type { BookingDocument } from '../src/services/user/booking-document.ts';
import { type Accounts, accountQueries } from './account-queries.ts';

/**
 * The questions that services ask their databases in SQL, answered from memory. One is known by how its text begins; one
 * that is not known here throws, so that a new question cannot go unnoticed.
 */
type Row = Readonly<Record<string, unknown>>;

/** An offer of a ticket, as its row has it. */
export interface Transfer {
  readonly transferId: string;
  readonly ticketId: string;
  readonly from: string;
  readonly to: string | null;
  readonly issue: number;
  readonly status: string;
  readonly secretHash: string;
  readonly offeredAt: Date;
  readonly endedAt: Date | null;
}

export interface Holding {
  readonly holder: string;
  readonly issue: number;
}

/** What questions are answered from. */
interface Tables {
  readonly store: MemoryStore;
  readonly users: Accounts;
  readonly sendings: Set<string>;
  readonly unmatchedWebhooks: Set<string>;
  readonly returned: Set<string>;
  readonly transfers: Map<string, Transfer>;
  readonly taken: Map<string, Holding>;
  readonly admissions: Map<string, { readonly admittedAt: Date; readonly gate: string }>;
}
type Query = (database: Tables, values: readonly unknown[]) => readonly Row[];

interface Documented {
  readonly id: string;
  readonly doc: Row;
}

function documents(database: Tables, view: string): readonly Documented[] {
  const rows = [...(database.store.contents.documents.get(view) ?? [])];
  return rows.map(([id, doc]) => ({ id, doc: doc as Row })).sort((a, b) => (a.id < b.id ? -1 : 1));
}

function document(database: Tables, view: string, id: unknown): Row | undefined {
  return database.store.contents.documents.get(view)?.get(String(id)) as Row | undefined;
}

const body = (doc: Row | undefined): readonly Row[] => (doc === undefined ? [] : [{ body: structuredClone(doc) }]);

const transfersFrom =
  'select transfer_id as "transferId", ticket_id as "ticketId", from_user as "from", to_user as "to", issue, status, offered_at as "offeredAt", ended_at as "endedAt" from transfers';

const transfersOf = ({ transfers }: Tables, ticketId: unknown): readonly Transfer[] =>
  [...transfers.values()].filter((each) => each.ticketId === ticketId);
const rowOf = ({ secretHash: _, ...row }: Transfer): Row => row;

const endedStatuses = ['rejected', 'expired', 'cancelled'];

const queries: readonly (readonly [begins: string, query: Query])[] = [
  ...accountQueries,
  [
    'select id as "bookingId", show_id as "showId" from bookings where user_id = $1 and body',
    (database, [userId]) =>
      documents(database, 'bookings')
        .filter(({ doc }) => doc['userId'] === userId && isSought(doc as unknown as BookingDocument))
        .map(({ id, doc }) => ({ bookingId: id, showId: doc['showId'] })),
  ],
  [
    'select show_id as "showId", seed, inside_max as "insideMax", joined, drawn, called, inside from waiting_rooms order',
    () => [],
  ],
  [
    'select id from bookings where show_id = $1 and not ended and id > $2 order by id limit $3',
    (database, [showId, after, limit]) =>
      documents(database, 'bookings')
        .filter(({ id, doc }) => doc['showId'] === showId && id > String(after))
        .filter(({ doc }) => !endedStatuses.includes(String(doc['status'])))
        .slice(0, Number(limit))
        .map(({ id }) => ({ id })),
  ],
  [
    'select body from bookings where show_id = $1 and confirmed and id > $2 order by id limit $3',
    (database, [showId, after, limit]) =>
      documents(database, 'bookings')
        .filter(({ id, doc }) => doc['showId'] === showId && doc['confirmed'] === true && id > String(after))
        .slice(0, Number(limit))
        .flatMap(({ doc }) => body(doc)),
  ],
  [
    'insert into sendings (delivery_key)',
    ({ sendings }, [key]) => {
      if (sendings.has(String(key))) return [];
      sendings.add(String(key));
      return [{ delivery_key: key }];
    },
  ],
  ['select body from payments where id = $1', (database, [id]) => body(document(database, 'payments', id))],
  ['select body from refunds where id = $1', (database, [id]) => body(document(database, 'refunds', id))],
  [
    'insert into unmatched_webhooks',
    ({ unmatchedWebhooks }, [provider, id]) => {
      unmatchedWebhooks.add(`${provider}/${id}`);
      return [];
    },
  ],
  [
    'select t.body, t.status, a.admitted_at, a.gate',
    (database, [id]) => {
      const doc = document(database, 'tickets', id);
      const holding = database.taken.get(String(id)) ?? { holder: doc?.['userId'], issue: 1 };
      const offered = transfersOf(database, id).find(({ status }) => status === 'offered');
      return body(doc).map((row) => ({
        ...{ ...row, status: doc?.['status'], ...admission(database, id), ...holding },
        offered_at: offered?.offeredAt ?? null,
      }));
    },
  ],
  [
    'select body, status from tickets where id = $1 for update',
    (database, [id]) => {
      const doc = document(database, 'tickets', id);
      return body(doc).map((row) => ({ ...row, status: doc?.['status'] }));
    },
  ],
  [
    'select admitted_at, gate from admissions where ticket_id = $1',
    (database, [id]) => (database.admissions.has(String(id)) ? [admission(database, id)] : []),
  ],
  [
    'select a.ticket_id from admissions a join tickets t on t.id = a.ticket_id where t.booking_id = $1',
    (database, [bookingId]) =>
      [...database.admissions.keys()]
        .filter((id) => document(database, 'tickets', id)?.['bookingId'] === bookingId)
        .map((id) => ({ ticket_id: id })),
  ],
  [
    'select to_user as holder, issue from transfers where ticket_id = $1',
    ({ taken }, [id]) => {
      const holding = taken.get(String(id));
      return holding === undefined ? [] : [{ ...holding }];
    },
  ],
  [
    'select t.id from tickets t join lateral (select to_user, issue, ended_at from transfers',
    (database, [bookingId]) =>
      [...database.taken].flatMap(([id, { holder }]) => {
        const ticket = document(database, 'tickets', id);
        const isGiven = ticket?.['status'] !== 'void' && ticket?.['userId'] !== holder;
        return ticket?.['bookingId'] === bookingId && isGiven ? [{ id }] : [];
      }),
  ],
  [
    `${transfersFrom} where transfer_id`,
    ({ transfers }, [id]) => [...transfers.values()].filter(({ transferId }) => transferId === id).map(rowOf),
  ],
  [
    `${transfersFrom} where secret_hash`,
    ({ transfers }, [hash]) => [...transfers.values()].filter(({ secretHash }) => secretHash === hash).map(rowOf),
  ],
  [
    `${transfersFrom} where from_user`,
    (database, [from, ticketId]) =>
      transfersOf(database, ticketId)
        .filter((each) => each.from === from)
        // Of those, the last is the open one, if there is one: another is only made once it has ended.
        .slice(-1)
        .map(rowOf),
  ],
  [
    'select transfer_id from transfers where ticket_id = $1',
    (database, [id]) =>
      transfersOf(database, id)
        .filter(({ status }) => status === 'offered')
        .map(({ transferId }) => ({ transfer_id: transferId })),
  ],
  [
    'insert into transfers',
    ({ transfers }, [id, ticketId, from, issue, secretHash, offeredAt]) => {
      transfers.set(String(id), {
        ...{ transferId: String(id), ticketId: String(ticketId), from: String(from), to: null, issue: Number(issue) },
        ...{ status: 'offered', secretHash: String(secretHash), offeredAt: offeredAt as Date, endedAt: null },
      });
      return [];
    },
  ],
  [
    'update transfers set status',
    ({ transfers, taken }, [id, status, to, endedAt]) => {
      const offer = transfers.get(String(id));
      if (offer === undefined) return [];
      transfers.set(String(id), {
        ...{ ...offer, status: String(status), endedAt: endedAt as Date },
        to: to === null ? null : String(to),
      });
      if (to !== null) taken.set(offer.ticketId, { holder: String(to), issue: offer.issue });
      return [];
    },
  ],
  // Nobody here tries often enough.
  ['with old as ( delete from acceptance_attempts', () => [{ attempts: 1, secondsLeft: 60 }]],
  // A transaction has the database to itself here.
  ['select pg_advisory_xact_lock', () => []],
  [
    'select booking_id from returned_bookings where booking_id = $1',
    ({ returned }, [id]) => (returned.has(String(id)) ? [{ booking_id: id }] : []),
  ],
  [
    'insert into returned_bookings',
    ({ returned }, [id]) => {
      returned.add(String(id));
      return [];
    },
  ],
  [
    'insert into admissions',
    ({ admissions }, [id, at, gate]) => {
      admissions.set(String(id), { admittedAt: new Date(String(at)), gate: String(gate) });
      return [];
    },
  ],
];

/** Whether a booking has no seats yet, or has not paid for those that it had waited for. */
function isSought({ status, history, internal }: BookingDocument): boolean {
  if (internal.bookedUnderId !== undefined) return false;
  if (status === 'requested' || status === 'waiting') return true;
  return ['awaiting_payment', 'paying'].includes(status) && history.some((step) => step.status === 'waiting');
}

function admission({ admissions }: Tables, id: unknown): Row {
  const known = admissions.get(String(id));
  return { admitted_at: known?.admittedAt ?? null, gate: known?.gate ?? null };
}

const found = new Map<string, Query>();

/** Answers a question of a service from what is in memory. */
export function answer(database: Tables, text: string, values: readonly unknown[]): readonly Row[] {
  const query = found.get(text) ?? find(text);
  return query(database, values);
}

function find(text: string): Query {
  const flat = text.replace(/\s+/g, ' ').trim();
  const query = queries.find(([begins]) => flat.startsWith(begins))?.[1];
  if (query === undefined) throw new Error(`the simulation does not know this question: ${flat}`);
  found.set(text, query);
  return query;
}
