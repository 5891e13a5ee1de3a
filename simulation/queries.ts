import type { MemoryStore } from '../src/runtime/store/memory-store.ts';

/**
 * The questions that services ask their databases in SQL, answered from memory. One is known by how its text begins; one
 * that is not known here throws, so that a new question cannot go unnoticed.
 */
type Row = Readonly<Record<string, unknown>>;

/** What questions are answered from. */
interface Tables {
  readonly store: MemoryStore;
  readonly sendings: Set<string>;
  readonly unmatchedWebhooks: Set<string>;
  readonly returned: Set<string>;
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

const endedStatuses = ['rejected', 'expired', 'cancelled'];

const queries: readonly (readonly [begins: string, query: Query])[] = [
  // Nobody is erased here, and nobody has to wait.
  ['select user_id as "userId" from users where erased_at >', () => []],
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
      return body(doc).map((row) => ({ ...row, status: doc?.['status'], ...admission(database, id) }));
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
