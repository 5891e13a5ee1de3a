import type { DataOf } from '../../contracts/event.ts';
import type { TicketAdmitted, TicketIssued, TicketsReturned, TicketTransferred } from '../../contracts/ticket.ts';
import type { Retention } from '../../runtime/housekeeping/housekeeping.ts';
import { dayMs, olderThan, removing } from '../../runtime/housekeeping/retentions.ts';
import { type Applied, type AppliedBatch, type Statement, type View, view } from '../../runtime/service.ts';
import type { ServiceRuntime, Transaction } from '../../runtime/service-runtime.ts';
import { rowsOf } from '../../runtime/store/postgres/arrays.ts';

/**
 * The ticket service's own tables: tickets, admissions, transfers, and whose booking is whose. In one file although it is long, so that
 * nobody has to look for statements elsewhere.
 */

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

/** Whose a ticket is now, and which of its codes counts. */
export interface Holding {
  readonly holder: string;
  readonly issue: number;
}

export interface TicketRow extends Holding {
  readonly body: TicketDoc;
  readonly status: 'valid' | 'void';
  readonly admitted_at: Date | null;
  readonly gate: string | null;
  /** Since when it is offered to somebody, if it is. */
  readonly offered_at: Date | null;
}

/** Who took a ticket last, as `h`; nobody, where it never was given away. */
const lastTaken = `lateral (select to_user, issue, ended_at from transfers
    where ticket_id = t.id and status = 'accepted' order by issue desc limit 1) h on true`;

const selectTickets = `select t.body, t.status, a.admitted_at, a.gate,
    coalesce(h.to_user, t.body ->> 'userId') as holder, coalesce(h.issue, 1) as issue, o.offered_at
  from tickets t left join admissions a on a.ticket_id = t.id
  left join ${lastTaken}
  left join transfers o on o.ticket_id = t.id and o.status = 'offered'`;

export interface LockedTicket extends Omit<TicketRow, 'offered_at'> {
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

/** Tickets of others' bookings that somebody holds, those that were offered last first: one more than `limit`. */
export function ticketsGivenTo(
  service: ServiceRuntime,
  of: { readonly userId: string; readonly before: string | undefined; readonly limit: number },
): Promise<readonly (TicketRow & { readonly transfer_id: string })[]> {
  return service.query<TicketRow & { readonly transfer_id: string }>(
    `select given.transfer_id, ticket.* from transfers given
     join lateral (${selectTickets} where t.id = given.ticket_id) ticket on ticket.issue = given.issue
     where given.to_user = $1 and given.status = 'accepted' and ticket.body ->> 'userId' <> $1
       and ($2::text is null or given.transfer_id < $2)
     order by given.transfer_id desc limit $3`,
    [of.userId, of.before ?? null, of.limit + 1],
  );
}

/** A ticket as a door knows it. */
export interface DoorTicket {
  readonly ticketId: string;
  readonly seat: string | null;
  readonly area: string | null;
  readonly priceCategory: string;
  readonly status: 'valid' | 'used' | 'void';
  readonly issue: number;
  readonly admittedAt: Date | null;
  readonly gate: string | null;
}

/** Tickets of a show by their ids, after one of them; or only void ones, and those that were used or given away since some time. */
export function doorTickets(
  service: ServiceRuntime,
  of: { readonly showId: string; readonly after: string; readonly since: Date | undefined; readonly limit: number },
): Promise<readonly DoorTicket[]> {
  return service.query<DoorTicket>(
    `select t.id as "ticketId", t.seat, t.body ->> 'area' as area, t.body ->> 'priceCategory' as "priceCategory",
       case when t.status = 'void' or r.booking_id is not null then 'void'
         when a.ticket_id is not null then 'used' else 'valid' end as status,
       coalesce(h.issue, 1) as issue, a.admitted_at as "admittedAt", a.gate
     from tickets t
     left join admissions a on a.ticket_id = t.id
     left join returned_bookings r on r.booking_id = t.booking_id
     left join ${lastTaken}
     where t.show_id = $1 and t.id > $2
       and ($3::timestamptz is null or t.status = 'void' or r.booking_id is not null or a.recorded_at > $3 or h.ended_at > $3)
     order by t.id limit $4`,
    [of.showId, of.after, of.since ?? null, of.limit],
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

/** Locks a ticket against being voided, given back, given away and other doors, and reads what is known of it. */
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
  const taken = await transaction.query<Holding>(
    `select to_user as holder, issue from transfers where ticket_id = $1 and status = 'accepted' order by issue desc limit 1`,
    [ticketId],
  );
  return {
    ...ticket,
    ...(admissions[0] ?? { admitted_at: null, gate: null }),
    ...(taken[0] ?? { holder: ticket.body.userId, issue: 1 }),
    returned: returned.length > 0,
  };
}

/**
 * Gives the tickets of a booking back, unless somebody was let in with one of them, or one belongs to somebody else: from then
 * on no door lets anybody in with them. Doing it again changes nothing.
 *
 * @returns what stands against it, so that nothing was given back
 */
export async function giveBack(
  transaction: Transaction,
  bookingId: string,
): Promise<{ readonly used: boolean; readonly given: boolean }> {
  await lockDoors(transaction, bookingId);
  const used = await transaction.query(
    'select a.ticket_id from admissions a join tickets t on t.id = a.ticket_id where t.booking_id = $1 limit 1',
    [bookingId],
  );
  if (used.length > 0) return { used: true, given: false };
  const given = await transaction.query(
    `select t.id from tickets t join ${lastTaken}
     where t.booking_id = $1 and t.status <> 'void' and h.to_user <> t.body ->> 'userId' limit 1`,
    [bookingId],
  );
  if (given.length > 0) return { used: false, given: true };
  await transaction.query('insert into returned_bookings (booking_id) values ($1) on conflict do nothing', [bookingId]);
  return { used: false, given: false };
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

export interface TransferRow {
  readonly transferId: string;
  readonly ticketId: string;
  readonly from: string;
  readonly to: string | null;
  readonly issue: number;
  readonly status: 'offered' | 'accepted' | 'withdrawn';
  readonly offeredAt: Date;
  readonly endedAt: Date | null;
}

type Database = Pick<ServiceRuntime | Transaction, 'query'>;

const selectTransfers = `select transfer_id as "transferId", ticket_id as "ticketId", from_user as "from", to_user as "to", issue, status,
    offered_at as "offeredAt", ended_at as "endedAt"
  from transfers`;

export async function transferOf(database: Database, transferId: string): Promise<TransferRow | undefined> {
  return (await database.query<TransferRow>(`${selectTransfers} where transfer_id = $1`, [transferId]))[0];
}

export async function transferBySecret(database: Database, secretHash: string): Promise<TransferRow | undefined> {
  return (await database.query<TransferRow>(`${selectTransfers} where secret_hash = $1`, [secretHash]))[0];
}

/** What somebody has offered of a ticket, and nobody has taken or taken back; else what they offered last. */
export async function transferBy(database: Database, from: string, ticketId: string): Promise<TransferRow | undefined> {
  const rows = await database.query<TransferRow>(
    `${selectTransfers} where from_user = $1 and ticket_id = $2
     order by status = 'offered' desc, issue desc, transfer_id desc limit 1`,
    [from, ticketId],
  );
  return rows[0];
}

/** Whether a ticket is offered to somebody, by whomever. */
export async function isOffered(transaction: Transaction, ticketId: string): Promise<boolean> {
  const rows = await transaction.query(
    `select transfer_id from transfers where ticket_id = $1 and status = 'offered'`,
    [ticketId],
  );
  return rows.length > 0;
}

export async function insertOffer(
  transaction: Transaction,
  offer: Pick<TransferRow, 'transferId' | 'ticketId' | 'from' | 'issue' | 'offeredAt'> & {
    readonly secretHash: string;
  },
): Promise<void> {
  await transaction.query(
    `insert into transfers (transfer_id, ticket_id, from_user, issue, status, secret_hash, offered_at)
     values ($1, $2, $3, $4, 'offered', $5, $6)`,
    [offer.transferId, offer.ticketId, offer.from, offer.issue, offer.secretHash, offer.offeredAt],
  );
}

/** Ends an offer: taken by somebody, or taken back. */
export async function endOffer(
  transaction: Transaction,
  { transferId, to, endedAt }: Pick<TransferRow, 'transferId' | 'to'> & { readonly endedAt: Date },
): Promise<void> {
  await transaction.query('update transfers set status = $2, to_user = $3, ended_at = $4 where transfer_id = $1', [
    transferId,
    to === null ? 'withdrawn' : 'accepted',
    to,
    endedAt,
  ]);
}

/** A repeated request is shown what it made, for as long as its key is known; who has tried too often, for a minute. */
export const retentions: readonly Retention[] = [
  {
    table: 'withdrawn_transfers',
    kept: ({ retentionDays }) => retentionDays.idempotencyKeys * dayMs,
    text: removing('transfers', `status = 'withdrawn' and ${olderThan('ended_at')}`, 'ended_at'),
  },
  {
    table: 'acceptance_attempts',
    kept: () => dayMs,
    text: removing('acceptance_attempts', olderThan('window_start'), 'window_start'),
  },
];

/**
 * After this database was restored: whoever was told to have been let in was let in, and what was told to have been given back
 * lets nobody in, and what was given away belongs to whoever took it. Offers end: nobody can tell which of them were taken back since.
 */
export function recalled({ applied }: AppliedBatch): readonly Statement[] {
  const admitted = toldOf<DataOf<typeof TicketAdmitted>>(applied, 'TicketAdmitted');
  const returned = toldOf<DataOf<typeof TicketsReturned>>(applied, 'TicketsReturned');
  const taken = toldOf<DataOf<typeof TicketTransferred>>(applied, 'TicketTransferred');
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
  const transfers: Statement = {
    name: 'recall-transfers',
    text: `insert into transfers (transfer_id, ticket_id, from_user, to_user, issue, status, offered_at, ended_at)
           select transfer_id, ticket_id, from_user, to_user, issue, 'accepted', now(), now()
           from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int[])
             as told(transfer_id, ticket_id, from_user, to_user, issue)
           on conflict (transfer_id) do update set status = 'accepted', to_user = excluded.to_user, ended_at = excluded.ended_at
             where transfers.status <> 'accepted'`,
    values: [
      taken.map((each) => each.transferId),
      taken.map((each) => each.ticketId),
      taken.map((each) => each.fromUserId),
      taken.map((each) => each.toUserId),
      taken.map((each) => each.issue),
    ],
  };
  const offers: Statement = {
    name: 'recall-offers',
    text: `update transfers set status = 'withdrawn', ended_at = now() where status = 'offered' and transfer_id <> all ($1)`,
    values: [taken.map((each) => each.transferId)],
  };
  return [
    ...(admitted.length > 0 ? [admissions] : []),
    ...(returned.length > 0 ? [bookings] : []),
    ...(taken.length > 0 ? [transfers] : []),
    offers,
  ];
}

function toldOf<Data>(applied: readonly Applied[], type: string): readonly Data[] {
  return (applied as readonly Applied<Data>[])
    .filter(({ kind, envelope }) => kind === 'fact' && envelope.type === type)
    .flatMap(({ envelope }) => envelope.data ?? []);
}
