import type { DataOf } from '../../contracts/event.ts';
import type { TicketAdmitted, TicketIssued, TicketsReturned } from '../../contracts/ticket.ts';
import { type Applied, type AppliedBatch, type Statement, type View, view } from '../../runtime/service.ts';
import type { ServiceRuntime, Transaction } from '../../runtime/service-runtime.ts';
import { rowsOf } from '../../runtime/store/postgres/arrays.ts';

/** The ticket service's own tables: tickets, admissions, and whose booking is whose. */

export type TicketDoc = DataOf<typeof TicketIssued> & { readonly status: 'valid' | 'void' };

type Change = Applied<{ readonly ticketId: string }>;
const ticketOf = (change: Change) => change.envelope.data?.ticketId;

export const tickets: View = view<TicketDoc>({
  name: 'tickets',
  on: { TicketIssued: ticketOf, TicketVoided: ticketOf },
  fold: (doc, applied) => {
    const { type, data } = (applied as unknown as Applied<DataOf<typeof TicketIssued>>).envelope;
    if (data === null) return doc;
    if (type === 'TicketIssued') return { ...data, status: 'valid' };
    return doc === undefined ? undefined : { ...doc, status: 'void' };
  },
  columns: {
    booking_id: { type: 'text', of: (doc) => doc.bookingId },
    show_id: { type: 'text', of: (doc) => doc.showId },
    seat: { type: 'text', of: (doc) => doc.seat ?? null },
    status: { type: 'text', of: (doc) => doc.status },
  },
});

export const ownerKnownFrom = ['BookingCreated', 'BookingRejected', 'BookingConfirmed'];

/** Remembers whose booking each is. */
export function owners({ applied }: AppliedBatch): readonly Statement[] {
  const about = (applied as readonly Applied<{ readonly bookingId: string; readonly userId: string }>[])
    .filter(({ envelope }) => ownerKnownFrom.includes(envelope.type))
    .flatMap(({ envelope }) => envelope.data ?? []);
  if (about.length === 0) return [];
  return [
    {
      name: 'owners-insert',
      text: `insert into booking_owners (booking_id, user_id) ${rowsOf('text', 'text')}
             on conflict (booking_id) do nothing`,
      values: [about.map((each) => each.bookingId), about.map((each) => each.userId)],
    },
  ];
}

export interface TicketRow {
  readonly body: TicketDoc;
  readonly status: 'valid' | 'void';
  readonly admitted_at: Date | null;
  readonly gate: string | null;
}

const selectTickets = `select t.body, t.status, a.admitted_at, a.gate
  from tickets t left join admissions a on a.ticket_id = t.id`;

export interface LockedTicket extends TicketRow {
  /** The tickets of the booking were given back; the facts that void them are on their way. */
  readonly returned: boolean;
}

export async function ticketRow(service: ServiceRuntime, ticketId: string): Promise<TicketRow | undefined> {
  return (await service.query<TicketRow>(`${selectTickets} where t.id = $1`, [ticketId]))[0];
}

/** Tickets of a booking in the order they were issued in. */
export function ticketsOf(service: ServiceRuntime, bookingId: string): Promise<readonly TicketRow[]> {
  return service.query<TicketRow>(
    `${selectTickets} where t.booking_id = $1 order by (t.body ->> 'ordinal')::int, t.id`,
    [bookingId],
  );
}

/** A ticket as a door knows it. */
export interface DoorTicket {
  readonly ticketId: string;
  readonly seat: string | null;
  readonly area: string | null;
  readonly priceCategory: string;
  readonly status: 'valid' | 'used' | 'void';
  readonly admittedAt: Date | null;
  readonly gate: string | null;
}

/** Tickets of a show by their ids, after one of them; or only void ones, and those that were used since some time. */
export function doorTickets(
  service: ServiceRuntime,
  of: { readonly showId: string; readonly after: string; readonly usedSince: Date | undefined; readonly limit: number },
): Promise<readonly DoorTicket[]> {
  return service.query<DoorTicket>(
    `select t.id as "ticketId", t.seat, t.body ->> 'area' as area, t.body ->> 'priceCategory' as "priceCategory",
       case when t.status = 'void' or r.booking_id is not null then 'void'
         when a.ticket_id is not null then 'used' else 'valid' end as status,
       a.admitted_at as "admittedAt", a.gate
     from tickets t
     left join admissions a on a.ticket_id = t.id
     left join returned_bookings r on r.booking_id = t.booking_id
     where t.show_id = $1 and t.id > $2
       and ($3::timestamptz is null or t.status = 'void' or r.booking_id is not null or a.recorded_at > $3)
     order by t.id limit $4`,
    [of.showId, of.after, of.usedSince ?? null, of.limit],
  );
}

export async function ownerOf(service: ServiceRuntime, bookingId: string): Promise<string | undefined> {
  const rows = await service.query<{ readonly user_id: string }>(
    'select user_id from booking_owners where booking_id = $1',
    [bookingId],
  );
  return rows[0]?.user_id;
}

/**
 * Locks a booking's way in: against its other doors, and against its tickets being given back. What is read under it in
 * further statements is what whoever had it before has left.
 */
async function lockDoors(transaction: Transaction, bookingId: string): Promise<void> {
  await transaction.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`doors of ${bookingId}`]);
}

/** Locks a ticket against being voided, given back and other doors, and reads what is known of it. */
export async function lockTicket(transaction: Transaction, ticketId: string): Promise<LockedTicket | undefined> {
  const tickets = await transaction.query<Pick<TicketRow, 'body' | 'status'>>(
    'select body, status from tickets where id = $1 for update',
    [ticketId],
  );
  const ticket = tickets[0];
  if (ticket === undefined) return undefined;
  const { bookingId } = ticket.body;
  await lockDoors(transaction, bookingId);
  const returned = await transaction.query('select booking_id from returned_bookings where booking_id = $1', [
    bookingId,
  ]);
  const admissions = await transaction.query<Pick<TicketRow, 'admitted_at' | 'gate'>>(
    'select admitted_at, gate from admissions where ticket_id = $1',
    [ticketId],
  );
  return { ...ticket, ...(admissions[0] ?? { admitted_at: null, gate: null }), returned: returned.length > 0 };
}

/**
 * Gives the tickets of a booking back, unless somebody was let in with one of them: from then on no door lets anybody in
 * with them. Doing it again changes nothing.
 *
 * @returns whether one was used, so that nothing was given back
 */
export async function giveBack(transaction: Transaction, bookingId: string): Promise<{ readonly used: boolean }> {
  await lockDoors(transaction, bookingId);
  const used = await transaction.query(
    'select a.ticket_id from admissions a join tickets t on t.id = a.ticket_id where t.booking_id = $1 limit 1',
    [bookingId],
  );
  if (used.length > 0) return { used: true };
  await transaction.query('insert into returned_bookings (booking_id) values ($1) on conflict do nothing', [bookingId]);
  return { used: false };
}

export interface Admission {
  readonly ticketId: string;
  readonly admittedAt: string;
  readonly gate: string;
  readonly by: string;
}

export async function admit(transaction: Transaction, { ticketId, admittedAt, gate, by }: Admission): Promise<void> {
  await transaction.query('insert into admissions (ticket_id, admitted_at, gate, by_user) values ($1, $2, $3, $4)', [
    ticketId,
    admittedAt,
    gate,
    by,
  ]);
}

/**
 * After this database was restored: whoever was told to have been let in was let in, and what was told to have been given back
 * lets nobody in.
 */
export function recalled({ applied }: AppliedBatch): readonly Statement[] {
  const admitted = toldOf<DataOf<typeof TicketAdmitted>>(applied, 'TicketAdmitted');
  const returned = toldOf<DataOf<typeof TicketsReturned>>(applied, 'TicketsReturned');
  const admissions: Statement = {
    name: 'recall-admissions',
    text: `insert into admissions (ticket_id, admitted_at, gate, by_user)
           ${rowsOf('text', 'timestamptz', 'text', 'text')} on conflict do nothing`,
    values: [
      admitted.map((each) => each.ticketId),
      admitted.map((each) => each.admittedAt),
      admitted.map((each) => each.gate),
      admitted.map((each) => each.by),
    ],
  };
  const bookings: Statement = {
    name: 'recall-returned',
    text: `insert into returned_bookings (booking_id) ${rowsOf('text')} on conflict do nothing`,
    values: [returned.map((each) => each.bookingId)],
  };
  return [...(admitted.length > 0 ? [admissions] : []), ...(returned.length > 0 ? [bookings] : [])];
}

function toldOf<Data>(applied: readonly Applied[], type: string): readonly Data[] {
  return (applied as readonly Applied<Data>[])
    .filter(({ kind, envelope }) => kind === 'fact' && envelope.type === type)
    .flatMap(({ envelope }) => envelope.data ?? []);
}
