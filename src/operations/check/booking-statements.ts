import type { DatabaseName } from '../installation.ts';
import { linesOf } from './lines.ts';
import { firstBooking, lastBooking, type Selection } from './selection.ts';

/**
 * What the auditor asks of each database about a page of bookings: one statement each, whose answer is one row with a text
 * for each kind of rows. A database works out the whole answer before it sends any of it, while the last one is looked at.
 */
export const columns = [
  ...(['booking', 'seats', 'payments', 'tickets', 'messages'] as const),
  ...(['asked', 'allocations', 'captures', 'ticket_rows', 'inbox', 'documents', 'waiting', 'ledger'] as const),
] as const;
export type Column = (typeof columns)[number];

interface Statement {
  readonly database: DatabaseName;
  readonly text: string;
  readonly values: readonly unknown[];
}

const factColumns = 'stream, subject, stream_version, type, time, data';

/** With `hasLedger` the provider's books are in a database, too. */
export function statements(selection: Selection, hasLedger: boolean): readonly Statement[] {
  const isPage = 'after' in selection;
  const values = isPage ? [selection.after, selection.upTo] : [selection.ids];
  const where = (column: string) => (isPage ? `${column} > $1 and ${column} <= $2` : `${column} = any ($1)`);
  const ofStreams = linesOf(
    ['stream', 'stream_version', 'type', 'time', 'data'],
    `select ${factColumns} from events where ${where('stream')} order by stream, stream_version`,
  );
  /** Most facts are in the stream of their subject, the others in streams of many subjects: an index for each. */
  const ofSubjects = linesOf(
    ['subject', 'stream_version', 'type', 'time', 'data'],
    `select ${factColumns} from events where ${where('stream')} and subject = stream
     union all select ${factColumns} from events where ${where('subject')} and subject <> stream
     order by subject, stream, stream_version`,
  );
  const rowsOf = (id: string, table: string, more: readonly string[] = []) =>
    linesOf([id, ...more], `select * from ${table} where ${where(id)} order by ${id}`);
  const waiting = linesOf(
    ['subject'],
    `select subject from requests where ${where('subject')}
     union select subject from parked where ${where('subject')} order by subject`,
  );
  const taken = `(select booking_id, message_id, count(*) as times from inbox_messages where ${where('booking_id')} group by 1, 2) as taken`;
  const isLetIn = '(exists (select from admissions a where a.ticket_id = id))::text';
  const issue = `(select coalesce(max(x.issue), 1) from transfers x where x.ticket_id = id and x.status = 'accepted')::text`;
  const ticketFields = ['id', "coalesce(seat, '')", "coalesce(body ->> 'area', '')", isLetIn, issue, 'status'];
  const asked = linesOf(
    ['stream', 'type', 'time', "data ->> 'acceptedAt'", "(data -> 'payment' is not null)::text"],
    `select ${factColumns} from events where ${where('stream')} and type in ('BookingRequested', 'PaymentSubmitted')
     order by stream, stream_version`,
  );
  return [
    { database: 'booking', values, text: `select ${ofStreams} as booking, ${waiting} as waiting` },
    {
      ...{ database: 'seat-inventory', values },
      text: `select ${ofSubjects} as seats, ${rowsOf('booking_id', 'allocations', ['show_id', 'seat_index'])} as allocations`,
    },
    {
      ...{ database: 'payment', values },
      text: `select ${ofStreams} as payments, ${rowsOf('booking_id', '(select * from captures where not surplus) as counted')} as captures`,
    },
    {
      ...{ database: 'ticket', values },
      text: `select ${ofSubjects} as tickets, ${rowsOf('booking_id', 'tickets', ticketFields)} as ticket_rows`,
    },
    {
      ...{ database: 'notification', values },
      text: `select ${ofStreams} as messages, ${rowsOf('booking_id', taken, ['message_id', 'times'])} as inbox`,
    },
    {
      ...{ database: 'user', values },
      text: `select ${rowsOf('id', 'bookings', ['status'])} as documents, ${asked} as asked, ${waiting} as waiting`,
    },
    ...(hasLedger ? [ledgerOf(selection)] : []),
  ];
}

/** The provider's books; with the first page and the last one also what is of no booking at all. */
function ledgerOf(selection: Selection): Statement {
  const { where, values } = ledgerRange(selection);
  const isDue = '(due_at <= extract(epoch from clock_timestamp()) * 1000)::text';
  const fields = ['booking_id', 'entry_id', 'key', 'type', 'amount', 'currency', 'outcome', isDue];
  const entries = linesOf(fields, `select * from ledger where ${where} order by booking_id, entry_id`);
  return { database: 'sandbox_provider', values, text: `select ${entries} as ledger` };
}

function ledgerRange(selection: Selection): { readonly where: string; readonly values: readonly unknown[] } {
  if ('ids' in selection) return { where: 'booking_id = any ($1)', values: [selection.ids] };
  const after = selection.after === firstBooking ? '' : selection.after;
  return selection.upTo === lastBooking
    ? { where: 'booking_id > $1', values: [after] }
    : { where: 'booking_id > $1 and booking_id <= $2', values: [after, selection.upTo] };
}
