import type { DataOf } from '../../contracts/event.ts';
import type { MessageKind, MessageStatus, NotificationSent } from '../../contracts/notification.ts';
import type { AreaCount } from '../../contracts/seats.ts';
import type { Retention } from '../../runtime/housekeeping/housekeeping.ts';
import { dayMs, olderThan, removing } from '../../runtime/housekeeping/retentions.ts';
import { type Applied, type View, view } from '../../runtime/service.ts';
import type { ServiceRuntime } from '../../runtime/service-runtime.ts';
import { type BookingsFound, bookingsPerPage, type Page } from './show-changes.ts';

/** The notification service's own tables: bookings by show, messages in trouble, sendings, the inbox. */

/** A confirmed booking: whom to tell when its show moves, and which places a message names. */
export interface BookingDoc {
  readonly bookingId: string;
  readonly showId: string;
  readonly userId: string;
  readonly seats: readonly string[];
  readonly areas: readonly AreaCount[];
  readonly confirmed: boolean;
  /** By ticket: who was given it. */
  readonly receivers?: Readonly<Record<string, string>>;
}

type BookingChange = Applied<
  Omit<BookingDoc, 'confirmed' | 'receivers'> & {
    readonly whole?: boolean;
    readonly ticketId?: string;
    readonly toUserId?: string;
  }
>;
const bookingOf = (change: BookingChange) => change.envelope.data?.bookingId;

export const bookings: View = view<BookingDoc>({
  name: 'bookings',
  on: {
    BookingConfirmed: bookingOf,
    BookingCancelled: bookingOf,
    TicketTransferred: bookingOf,
    TicketVoided: bookingOf,
  },
  fold: (doc, applied) => {
    const { type, data } = (applied as unknown as BookingChange).envelope;
    if (data === null) return doc;
    const { bookingId, showId, userId, seats, areas, whole, ticketId = '', toUserId } = data;
    const { [ticketId]: _, ...others } = doc?.receivers ?? {};
    if (type === 'BookingConfirmed') return { ...doc, bookingId, showId, userId, seats, areas, confirmed: true };
    if (type === 'TicketTransferred') {
      // On another topic than the confirmation, it may be read first.
      const known = doc ?? { bookingId, showId, userId, seats: [], areas: [], confirmed: false };
      return {
        ...known,
        receivers: toUserId === undefined || toUserId === userId ? others : { ...others, [ticketId]: toUserId },
      };
    }
    if (type === 'TicketVoided') return doc?.receivers === undefined ? doc : { ...doc, receivers: others };
    if (doc === undefined) return undefined;
    if (whole === true) return { ...doc, confirmed: false };
    return { ...doc, seats: doc.seats.filter((seat) => !seats.includes(seat)) };
  },
  columns: {
    show_id: { type: 'text', of: (doc) => doc.showId },
    confirmed: { type: 'boolean', of: (doc) => doc.confirmed },
  },
});

export interface TroubledDoc {
  readonly messageId: string;
  readonly bookingId: string;
  readonly showId: string;
  readonly kind: MessageKind;
  readonly channel: string;
  readonly status: MessageStatus;
  readonly error?: string | undefined;
  readonly since: string;
}

type Sent = DataOf<typeof NotificationSent>;

/** Messages that did not simply arrive; what was delivered at once leaves no row. */
export const troubled: View = view<TroubledDoc>({
  name: 'troubled_messages',
  on: { NotificationSent: (change: Applied<Sent>) => change.envelope.data?.messageId },
  fold: (doc, applied) => {
    const { data, time } = (applied as unknown as Applied<Sent>).envelope;
    if (data === null) return doc;
    const { messageId, bookingId, showId, kind, channel, status, error } = data;
    const quiet = status === 'delivered' || status === 'skipped';
    if (quiet && doc === undefined) return undefined;
    return { messageId, bookingId, showId, kind, channel, status, error, since: new Date(time).toISOString() };
  },
  columns: {
    booking_id: { type: 'text', of: (doc) => doc.bookingId },
    status: { type: 'text', of: (doc) => doc.status },
    since: { type: 'timestamptz', of: (doc) => doc.since },
  },
});

/** One page of the confirmed bookings of a show, each with those who were given tickets of it. */
export async function confirmedBookingsOf(service: ServiceRuntime, page: Page): Promise<BookingsFound> {
  const rows = await service.query<{ readonly body: BookingDoc }>(
    'select body from bookings where show_id = $1 and confirmed and id > $2 order by id limit $3',
    [page.showId, page.after, bookingsPerPage + 1],
  );
  const found = rows.slice(0, bookingsPerPage).map(({ body }) => body);
  const people = found.flatMap(({ bookingId, userId, receivers = {} }) => [
    { bookingId, userId },
    ...[...new Set(Object.values(receivers))].map((receiver) => ({
      bookingId,
      userId: receiver,
      toReceiver: true as const,
    })),
  ]);
  return { ...page, bookings: people, next: rows.length > bookingsPerPage ? (found.at(-1)?.bookingId ?? null) : null };
}

/** Begins a sending; `false` when it was begun before, by whoever crashed since. */
export async function beginSending(service: ServiceRuntime, deliveryKey: string): Promise<boolean> {
  const rows = await service.query(
    'insert into sendings (delivery_key) values ($1) on conflict (delivery_key) do nothing returning delivery_key',
    [deliveryKey],
  );
  return rows.length === 1;
}

export async function troubledMessage(service: ServiceRuntime, messageId: string): Promise<TroubledDoc | undefined> {
  const rows = await service.query<{ readonly body: TroubledDoc }>('select body from troubled_messages where id = $1', [
    messageId,
  ]);
  return rows[0]?.body;
}

/** Messages of unknown fate or refused, oldest first. */
export async function openTrouble(
  service: ServiceRuntime,
  page: {
    readonly limit: number;
    readonly after: readonly string[] | undefined;
    readonly status: 'unknown' | 'failed' | undefined;
  },
): Promise<readonly TroubledDoc[]> {
  const rows = await service.query<{ readonly body: TroubledDoc }>(
    `select body from troubled_messages
     where status in ('unknown', 'failed') and ($4::text is null or status = $4) and ($1::timestamptz is null or (since, id) > ($1::timestamptz, $2::text))
     order by since, id limit $3`,
    [page.after?.[0] ?? null, page.after?.[1] ?? null, page.limit, page.status ?? null],
  );
  return rows.map((row) => row.body);
}

export interface InboxRow {
  readonly position: string;
  readonly message_id: string;
  readonly user_id: string;
  readonly booking_id: string | null;
  readonly kind: string;
  readonly channel: string;
  readonly recipient: string;
  readonly subject: string;
  readonly text: string;
  readonly at: Date;
}

/** What the inbox received, latest first. */
export function inboxMessages(
  service: ServiceRuntime,
  filter: {
    readonly bookingId: string | undefined;
    readonly userId: string | undefined;
    readonly limit: number;
    readonly before: string | undefined;
  },
): Promise<readonly InboxRow[]> {
  return service.query<InboxRow>(
    `select position, message_id, user_id, booking_id, kind, channel, recipient, subject, text, at from inbox_messages
     where ($1::text is null or booking_id = $1) and ($2::text is null or user_id = $2)
       and ($3::bigint is null or position < $3)
     order by position desc limit $4`,
    [filter.bookingId ?? null, filter.userId ?? null, filter.before ?? null, filter.limit],
  );
}

/** A sending whose outcome was lost is asked about within hours; what the inbox received is personal. */
export const retentions: readonly Retention[] = [
  {
    table: 'sendings',
    kept: ({ retentionDays }) => retentionDays.messages * dayMs,
    text: removing('sendings', olderThan('begun_at'), 'begun_at'),
  },
  {
    table: 'inbox_messages',
    kept: ({ retentionDays }) => retentionDays.messages * dayMs,
    text: removing('inbox_messages', olderThan('at'), 'at'),
  },
];
