import type { Profile } from '../../contracts/user.ts';
import type { Retention } from '../../runtime/housekeeping/housekeeping.ts';
import { dayMs, olderThan, removing } from '../../runtime/housekeeping/retentions.ts';
import { type Applied, type AppliedBatch, type Statement, view } from '../../runtime/service.ts';
import type { ServiceRuntime, Transaction } from '../../runtime/service-runtime.ts';
import type { BookingChange, BookingDocument } from './booking-document.ts';
import { foldBooking } from './booking-fold.ts';

/**
 * All SQL of the user service: accounts, sessions, keys, and the bookings people read. In one file although it is long, so that
 * nobody has to look for statements elsewhere.
 */

type Database = Pick<ServiceRuntime | Transaction, 'query'>;

const byBookingId = (applied: { readonly envelope: { readonly data: unknown } }): string | undefined =>
  (applied.envelope.data as { readonly bookingId?: string } | null)?.bookingId;

const bookingChanges = [
  'BookingRequested',
  'PaymentSubmitted',
  'BookingCancellationRequested',
  'BookingCreated',
  'BookingWaits',
  'BookingHeld',
  'BookingPaymentStarted',
  'BookingPaymentUnsettled',
  'PaymentPassedOver',
  'PaymentDeclined',
  'BookingPaid',
  'BookingConfirmed',
  'BookingRejected',
  'BookingExpired',
  'BookingCancelled',
  'BookingCancellationRefused',
  'RefundRequested',
  'BookingRefunded',
  'BookingRefundFailed',
  'TicketIssued',
  'TicketVoided',
  'TicketAdmitted',
  'TicketTransferred',
] as const satisfies readonly BookingChange['type'][];

/** One document per booking: what GET answers, and under `internal` what only the routes need. */
export const bookings = view<BookingDocument>({
  name: 'bookings',
  begunByRequests: true,
  watched: true,
  // Once seats are held, it also takes the customer and the provider: how long these need says nothing of us.
  isUnderWay: ({ status, payment }) =>
    status === 'requested' || (status === 'paying' && !['pending', 'unknown'].includes(payment.status)),
  on: Object.fromEntries(bookingChanges.map((type) => [type, byBookingId])),
  fold: (document, { envelope }) => {
    const { type, data, time, streamVersion, timeline } = envelope;
    return foldBooking(document, { type, data, time, streamVersion, timeline } as unknown as BookingChange);
  },
  columns: {
    user_id: { type: 'text', of: (document) => document.userId },
    show_id: { type: 'text', of: (document) => document.showId },
    status: { type: 'text', of: (document) => document.status },
    created_at: { type: 'timestamptz', of: (document) => document.createdAt },
  },
});

/** A page of somebody's bookings, the newest first: one more than `limit`, to know whether there are further ones. */
export async function bookingsOf(
  database: Database,
  wanted: { readonly userId: string; readonly before: string | undefined; readonly limit: number },
): Promise<readonly BookingDocument[]> {
  const rows = await database.query<{ body: BookingDocument }>(
    `select body from bookings
     where user_id = $1 and ($2::text is null or id < $2)
     order by id desc limit $3`,
    [wanted.userId, wanted.before ?? null, wanted.limit + 1],
  );
  return rows.map(({ body }) => body);
}

/** Bookings whose ids end so, the newest first: two of one number are rare, and all are told, a page of them at most. */
export async function bookingsNumbered(
  database: Database,
  wanted: { readonly idEnd: string; readonly before: string | undefined; readonly limit: number },
): Promise<readonly BookingDocument[]> {
  const rows = await database.query<{ body: BookingDocument }>(
    `select body from bookings
     where right(id, 10) = $1 and ($2::text is null or id < $2)
     order by id desc limit $3`,
    [wanted.idEnd, wanted.before ?? null, wanted.limit + 1],
  );
  return rows.map(({ body }) => body);
}

/** Somebody's own bookings that have no seats yet, or not paid for those that they had waited for. */
export function soughtBookingsOf(
  database: Database,
  userId: string,
): Promise<readonly { readonly bookingId: string; readonly showId: string }[]> {
  return database.query(
    `select id as "bookingId", show_id as "showId" from bookings
     where user_id = $1 and body -> 'internal' ->> 'bookedUnderId' is null
       and (status in ('requested', 'waiting')
         or status in ('awaiting_payment', 'paying') and (body -> 'history')::jsonb @> '[{"status": "waiting"}]')`,
    [userId],
  );
}

export interface UserRow {
  readonly userId: string;
  readonly email: string | null;
  readonly name: string | null;
  readonly phone: string | null;
  readonly locale: string | null;
  readonly roles: readonly string[];
  readonly passwordHash: string | null;
  /** Signs in elsewhere. */
  readonly external: boolean;
  readonly version: number;
  readonly erased: boolean;
}

const userColumns = `user_id as "userId", email, name, phone, locale, roles, password_hash as "passwordHash", external, version,
  erased_at is not null as erased`;

/** A user by id; `lock` keeps others from changing the row until the transaction ends. */
export async function userById(
  database: Database,
  userId: string,
  lock: 'lock' | 'read' = 'read',
): Promise<UserRow | undefined> {
  const rows = await database.query<UserRow>(
    `select ${userColumns} from users where user_id = $1${lock === 'lock' ? ' for update' : ''}`,
    [userId],
  );
  return rows[0];
}

export async function userByEmail(database: Database, email: string): Promise<UserRow | undefined> {
  return (await database.query<UserRow>(`select ${userColumns} from users where email = $1`, [email]))[0];
}

export async function hasAdministrator(database: Database): Promise<boolean> {
  const found = await database.query(`select from users where 'admin' = any (roles) and erased_at is null limit 1`);
  return found.length > 0;
}

/** Locks all administrators, so that no two of them can go at once, and tells who they are. */
export async function lockAdministrators(transaction: Transaction): Promise<readonly string[]> {
  const rows = await transaction.query<{ userId: string }>(
    `select user_id as "userId" from users where 'admin' = any (roles) and erased_at is null order by user_id for update`,
  );
  return rows.map(({ userId }) => userId);
}

/** Adds a user; false when the e-mail address is taken, or the id. */
export async function insertUser(database: Database, user: Omit<UserRow, 'version' | 'erased'>): Promise<boolean> {
  const rows = await database.query(
    `insert into users (user_id, email, name, phone, locale, roles, password_hash, external, version)
     values ($1, $2, $3, $4, $5, $6, $7, $8, 1) on conflict do nothing returning user_id`,
    [user.userId, user.email, user.name, user.phone, user.locale, [...user.roles], user.passwordHash, user.external],
  );
  return rows.length === 1;
}

export async function updateProfile(
  database: Database,
  user: Pick<UserRow, 'userId' | 'name' | 'phone' | 'locale' | 'version'>,
): Promise<void> {
  await database.query('update users set name = $2, phone = $3, locale = $4, version = $5 where user_id = $1', [
    user.userId,
    user.name,
    user.phone,
    user.locale,
    user.version,
  ]);
}

/** Says of an account that its owner signs in elsewhere, with the roles they have there. */
export async function updateExternal(database: Database, userId: string, roles: readonly string[]): Promise<void> {
  await database.query('update users set external = true, roles = $2 where user_id = $1', [userId, [...roles]]);
}

export async function updateRoles(database: Database, userId: string, roles: readonly string[]): Promise<void> {
  await database.query('update users set roles = $2 where user_id = $1', [userId, [...roles]]);
}

export async function updatePassword(database: Database, userId: string, passwordHash: string): Promise<void> {
  await database.query('update users set password_hash = $2 where user_id = $1 and erased_at is null', [
    userId,
    passwordHash,
  ]);
}

/** Longer than an access token is good for. */
const tokensOutlive = '20 minutes';

/** Who was erased while their access tokens may still be good. */
export async function recentlyErased(database: Database): Promise<readonly string[]> {
  const rows = await database.query<{ readonly userId: string }>(
    `select user_id as "userId" from users where erased_at > now() - interval '${tokensOutlive}'`,
  );
  return rows.map(({ userId }) => userId);
}

/**
 * Whether somebody was erased, also by a transaction that is under way: it is waited for, and what has not begun by then comes after
 * this one.
 */
export async function isErased(transaction: Transaction, userId: string): Promise<boolean> {
  const rows = await transaction.query<{ readonly erased: boolean }>(
    'select erased_at is not null as erased from users where user_id = $1 for share',
    [userId],
  );
  return rows[0]?.erased === true;
}

/** Takes everything personal out of a user's row and ends what would let them in again. */
export async function eraseUser(database: Database, userId: string, version: number): Promise<void> {
  await database.query(
    `update users set email = null, name = null, phone = null, locale = null, roles = '{}', password_hash = null,
       version = $2, erased_at = now()
     where user_id = $1`,
    [userId, version],
  );
  await database.query('delete from password_resets where user_id = $1', [userId]);
  await database.query('delete from waiting_places where user_id = $1', [userId]);
  await endSessionsOf(database, userId);
}

/**
 * Begins a session of somebody whose password still is the one that was compared; false, and nothing is begun, where another one was
 * set meanwhile or the account was erased. The row is locked: whoever sets a password ends all sessions that began before, and none
 * begins beside that.
 */
export async function insertSession(
  database: Database,
  session: {
    readonly sessionId: string;
    readonly userId: string;
    readonly passwordHash: string | null;
    readonly tokenHash: string;
    readonly ttlMs: number;
  },
): Promise<boolean> {
  const rows = await database.query(
    `with account as (select user_id from users where user_id = $2 and password_hash = $5 for share),
       session as (insert into user_sessions (session_id, user_id) select $1, user_id from account returning session_id)
     insert into refresh_tokens (token_hash, session_id, expires_at)
     select $3, session_id, now() + $4 * interval '1 millisecond' from session returning session_id`,
    [session.sessionId, session.userId, session.tokenHash, session.ttlMs, session.passwordHash],
  );
  return rows.length === 1;
}

export interface RefreshRow {
  readonly sessionId: string;
  readonly userId: string;
  readonly used: boolean;
  readonly expired: boolean;
  readonly ended: boolean;
}

/** Finds a refresh token and locks its session, so that two uses at once come one after the other. */
export async function lockRefreshToken(database: Database, tokenHash: string): Promise<RefreshRow | undefined> {
  const sessions = await database.query<{ sessionId: string; userId: string; ended: boolean }>(
    `select session_id as "sessionId", user_id as "userId", ended_at is not null as ended from user_sessions
     where session_id = (select session_id from refresh_tokens where token_hash = $1) for update`,
    [tokenHash],
  );
  const session = sessions[0];
  if (session === undefined) return undefined;
  // Read after the lock is held: a statement sees what was committed before it began, not while it waited.
  const tokens = await database.query<{ used: boolean; expired: boolean }>(
    'select used_at is not null as used, expires_at < now() as expired from refresh_tokens where token_hash = $1',
    [tokenHash],
  );
  return tokens[0] === undefined ? undefined : { ...session, ...tokens[0] };
}

export async function rotateRefreshToken(
  database: Database,
  rotation: { readonly usedHash: string; readonly newHash: string; readonly sessionId: string; readonly ttlMs: number },
): Promise<void> {
  await database.query(
    `with used as (update refresh_tokens set used_at = now() where token_hash = $1),
       old as (delete from refresh_tokens where session_id = $3 and expires_at < now() and token_hash <> $1)
     insert into refresh_tokens (token_hash, session_id, expires_at)
     values ($2, $3, now() + $4 * interval '1 millisecond')`,
    [rotation.usedHash, rotation.newHash, rotation.sessionId, rotation.ttlMs],
  );
}

export async function endSession(database: Database, sessionId: string): Promise<void> {
  await database.query('update user_sessions set ended_at = coalesce(ended_at, now()) where session_id = $1', [
    sessionId,
  ]);
}

export async function endSessionsOf(database: Database, userId: string): Promise<void> {
  await database.query('update user_sessions set ended_at = now() where user_id = $1 and ended_at is null', [userId]);
}

export async function insertPasswordReset(
  database: Database,
  reset: { readonly tokenHash: string; readonly userId: string; readonly ttlMs: number },
): Promise<void> {
  await database.query(
    `with old as (delete from password_resets where user_id = $2 and expires_at < now())
     insert into password_resets (token_hash, user_id, expires_at) values ($1, $2, now() + $3 * interval '1 millisecond')`,
    [reset.tokenHash, reset.userId, reset.ttlMs],
  );
}

/** Whether a reset token can be used. */
export async function isPasswordReset(database: Database, tokenHash: string): Promise<boolean> {
  const rows = await database.query(
    'select from password_resets where token_hash = $1 and used_at is null and expires_at > now()',
    [tokenHash],
  );
  return rows.length > 0;
}

/** Uses a reset token up; tells whose it was, `undefined` when it is unknown, used or too old. */
export async function takePasswordReset(database: Database, tokenHash: string): Promise<string | undefined> {
  const rows = await database.query<{ userId: string }>(
    `update password_resets set used_at = now()
     where token_hash = $1 and used_at is null and expires_at > now() returning user_id as "userId"`,
    [tokenHash],
  );
  return rows[0]?.userId;
}

/** Uses up whatever else was sent to set a password anew. */
export async function dropPasswordResets(database: Database, userId: string): Promise<void> {
  await database.query('update password_resets set used_at = now() where user_id = $1 and used_at is null', [userId]);
}

export interface SigningKeyRow {
  readonly kid: string;
  readonly publicJwk: Readonly<Record<string, unknown>>;
  readonly privateJwk: Readonly<Record<string, unknown>>;
  /** Milliseconds. */
  readonly ageMs: number;
  readonly retired: boolean;
}

/** Keys that sign or whose signatures may still be around, the oldest first. */
export async function signingKeys(
  database: Database,
  keptAfterRetirementMs: number,
): Promise<readonly SigningKeyRow[]> {
  return database.query<SigningKeyRow>(
    `select kid, public_jwk as "publicJwk", private_jwk as "privateJwk", retired_at is not null as retired,
       (extract(epoch from now() - created_at) * 1000)::float8 as "ageMs"
     from signing_keys where retired_at is null or retired_at > now() - $1 * interval '1 millisecond'
     order by created_at, kid`,
    [keptAfterRetirementMs],
  );
}

/** Lets one instance at a time decide about keys. */
export async function lockSigningKeys(database: Database): Promise<void> {
  await database.query('lock table signing_keys in share row exclusive mode');
}

export async function insertSigningKey(
  database: Database,
  key: Pick<SigningKeyRow, 'kid' | 'publicJwk' | 'privateJwk'>,
): Promise<void> {
  await database.query(
    'insert into signing_keys (kid, public_jwk, private_jwk, created_at) values ($1, $2, $3, clock_timestamp())',
    [key.kid, JSON.stringify(key.publicJwk), JSON.stringify(key.privateJwk)],
  );
}

export async function retireSigningKey(database: Database, kid: string): Promise<void> {
  await database.query('update signing_keys set retired_at = now() where kid = $1 and retired_at is null', [kid]);
}

export interface WaitingRoomRow {
  readonly showId: string;
  /** What lots are drawn with; told to nobody before they are. */
  readonly seed: string;
  /** How many may be inside who have not booked yet; `null`: as the settings say. */
  readonly insideMax: number | null;
  /** Places given so far. */
  readonly joined: number;
  /** How many of them were drawn by lot; `null` until they are. */
  readonly drawn: number | null;
  /** Turns up to this one may come in. */
  readonly called: number;
  /** How many were inside, or on their way, when somebody was called last. */
  readonly inside: number;
}

const waitingRoomColumns = 'show_id as "showId", seed, inside_max as "insideMax", joined, drawn, called, inside';

/** More rooms than this are not looked at: a house opens one for its few great on-sales. */
const waitingRoomsMax = 10_000;

export async function waitingRooms(database: Database): Promise<readonly WaitingRoomRow[]> {
  return database.query<WaitingRoomRow>(
    `select ${waitingRoomColumns} from waiting_rooms order by opened_at desc limit ${waitingRoomsMax}`,
  );
}

/** How many wait in all rooms, and how many are inside. */
export async function waitedInAll(database: Database): Promise<{ readonly waiting: number; readonly inside: number }> {
  const rows = await database.query<{ readonly waiting: number; readonly inside: number }>(
    'select coalesce(sum(joined - called), 0)::int as waiting, coalesce(sum(inside), 0)::int as inside from waiting_rooms',
  );
  return rows[0] ?? { waiting: 0, inside: 0 };
}

/** Opens a room; one that is open already goes on with its places and gets the other limit. */
export async function openWaitingRoom(
  database: Database,
  room: Pick<WaitingRoomRow, 'showId' | 'seed' | 'insideMax'> & { readonly by: string },
): Promise<WaitingRoomRow> {
  const rows = await database.query<WaitingRoomRow>(
    `insert into waiting_rooms (show_id, seed, inside_max, opened_by) values ($1, $2, $3, $4)
     on conflict (show_id) do update set inside_max = excluded.inside_max
     returning ${waitingRoomColumns}`,
    [room.showId, room.seed, room.insideMax, room.by],
  );
  const row = rows[0];
  if (row === undefined) throw new Error('a waiting room was not opened');
  return row;
}

/** Closes a room, and forgets who waited; false where there was none. */
export async function closeWaitingRoom(database: Database, showId: string): Promise<boolean> {
  return (await database.query('delete from waiting_rooms where show_id = $1 returning 1', [showId])).length > 0;
}

/** Locks a room, so that places and turns are given one after the other. */
export async function lockWaitingRoom(transaction: Transaction, showId: string): Promise<WaitingRoomRow | undefined> {
  const text = `select ${waitingRoomColumns} from waiting_rooms where show_id = $1 for update`;
  return (await transaction.query<WaitingRoomRow>(text, [showId]))[0];
}

export interface WaitingPlaceRow {
  readonly userId: string;
  readonly place: number;
  readonly turn: number | null;
  readonly isCalled: boolean;
  readonly letInUntil: Date | null;
  /** Was inside for as long as one may be. */
  readonly isOver: boolean;
}

const waitingPlaceColumns = `user_id as "userId", place, turn, called_at is not null as "isCalled",
  let_in_at + $3 * interval '1 millisecond' as "letInUntil",
  let_in_at is not null and let_in_at + $3 * interval '1 millisecond' <= clock_timestamp() as "isOver"`;

/** The places that some customers have in a room, where being inside lasts `visitMs`. */
export async function waitingPlacesOf(
  database: Database,
  of: { readonly showId: string; readonly userIds: readonly string[]; readonly visitMs: number },
): Promise<readonly WaitingPlaceRow[]> {
  return database.query<WaitingPlaceRow>(
    `select ${waitingPlaceColumns} from waiting_places where show_id = $1 and user_id = any ($2)`,
    [of.showId, [...of.userIds], of.visitMs],
  );
}

/** Gives customers the next places of a room that is locked; after the draw, a place is a turn. */
export async function giveWaitingPlaces(
  transaction: Transaction,
  { showId, joined, drawn }: WaitingRoomRow,
  userIds: readonly string[],
): Promise<void> {
  const places = userIds.map((_, index) => joined + index + 1);
  await transaction.query(
    `with given as (
       insert into waiting_places (show_id, user_id, place, turn) select $1, unnest($2::text[]), unnest($3::int[]), unnest($4::int[])
       on conflict (show_id, user_id) do update set place = excluded.place, turn = excluded.turn, joined_at = now(),
         called_at = null, let_in_at = null, booked_at = null, heard_at = null)
     update waiting_rooms set joined = joined + $5 where show_id = $1`,
    [showId, [...userIds], places, places.map((place) => (drawn === null ? null : place)), userIds.length],
  );
}

/**
 * Lets in who was called and has come. Whoever comes later than `comingMs` after they were called takes room that others
 * have by now: so many of them are let in as there is room for in this room, which is locked, and of the rest it is noted that they are
 * there, so that they are called again before anybody else.
 */
export async function letInFromRoom(
  transaction: Transaction,
  { showId, inside }: WaitingRoomRow,
  to: { readonly userIds: readonly string[]; readonly insideMax: number; readonly comingMs: number },
): Promise<void> {
  await transaction.query(
    `with come as (
       select user_id, called_at <= clock_timestamp() - $4 * interval '1 millisecond' as is_late, turn
       from waiting_places where show_id = $1 and user_id = any ($2) and called_at is not null and let_in_at is null),
     late as (select user_id from come where is_late order by turn limit $3),
     entered as (
       update waiting_places p set let_in_at = clock_timestamp(), heard_at = clock_timestamp() from come
       where p.show_id = $1 and p.user_id = come.user_id and (not is_late or come.user_id in (select user_id from late))),
     told as (
       update waiting_places p set heard_at = clock_timestamp() from come
       where p.show_id = $1 and p.user_id = come.user_id and is_late and come.user_id not in (select user_id from late))
     update waiting_rooms set inside = inside + (select count(*) from late) where show_id = $1`,
    [showId, [...to.userIds], Math.max(0, to.insideMax - inside), to.comingMs],
  );
}

/**
 * Draws lots for all places of a room that is locked: the order of turns is that of SHA-256 over the seed, a colon and the place in
 * decimal digits. Places whose customers were erased since are drawn as well: so everybody can draw them again who knows how many
 * there were.
 */
export async function drawWaitingLots(transaction: Transaction, showId: string): Promise<void> {
  await transaction.query(
    `update waiting_places p set turn = lots.turn
     from (select place, row_number() over (order by sha256(convert_to(r.seed || ':' || place, 'UTF8')))::int as turn
           from waiting_rooms r cross join generate_series(1, r.joined) as given(place) where r.show_id = $1) lots
     where p.show_id = $1 and p.place = lots.place`,
    [showId],
  );
  await transaction.query('update waiting_rooms set drawn = joined where show_id = $1', [showId]);
}

/**
 * Locks a room in which nobody was called for `pacedMs`; `undefined` for any other. `isOnSale` tells by the clock of the database
 * whether the sale has opened.
 */
export async function lockWaitingRoomToCall(
  transaction: Transaction,
  to: { readonly showId: string; readonly opensAt: string; readonly pacedMs: number },
): Promise<(WaitingRoomRow & { readonly isOnSale: boolean }) | undefined> {
  const rows = await transaction.query<WaitingRoomRow & { readonly isOnSale: boolean }>(
    `select ${waitingRoomColumns}, $2::timestamptz <= clock_timestamp() as "isOnSale" from waiting_rooms
     where show_id = $1 and moved_at <= clock_timestamp() - $3 * interval '1 millisecond' for update`,
    [to.showId, to.opensAt, to.pacedMs],
  );
  return rows[0];
}

/**
 * Calls as many as there is room for inside: who was let in takes it until they book, their visit is over, or nothing was heard of
 * them for `silentMs`; who was called keeps it for `comingMs`. Whoever came later than that, and is there, is called again before those
 * whose turn comes next. Turns of customers who were erased are passed over, also where they are the last ones.
 */
export async function callFromRoom(
  transaction: Transaction,
  to: {
    readonly showId: string;
    readonly insideMax: number;
    readonly visitMs: number;
    readonly comingMs: number;
    readonly silentMs: number;
  },
): Promise<void> {
  await transaction.query(
    `with inside as (
       select (select count(*) from waiting_places where show_id = $1 and booked_at is null and let_in_at is not null
                 and let_in_at > clock_timestamp() - $3 * interval '1 millisecond'
                 and (heard_at is null or heard_at > clock_timestamp() - $5 * interval '1 millisecond'))
            + (select count(*) from waiting_places where show_id = $1 and let_in_at is null and called_at is not null
                 and called_at > clock_timestamp() - $4 * interval '1 millisecond') as count),
     free as (select greatest(0, $2 - count) as count from inside),
     late as (
       select user_id, turn from waiting_places
       where show_id = $1 and let_in_at is null and called_at <= clock_timestamp() - $4 * interval '1 millisecond'
         and heard_at > clock_timestamp() - $5 * interval '1 millisecond'
       order by turn limit (select count from free)),
     waiting as (
       select user_id, turn from waiting_places
       where show_id = $1 and turn > (select called from waiting_rooms where show_id = $1)
       order by turn limit (select count from free)),
     next as (
       select user_id, turn from late union all select user_id, turn from waiting order by turn limit (select count from free)),
     called as (
       update waiting_places p set called_at = clock_timestamp() from next
       where p.show_id = $1 and p.user_id = next.user_id returning p.turn)
     update waiting_rooms set moved_at = clock_timestamp(),
       called = case when (select count(*) from next) < (select count from free) then joined
         else greatest(called, (select max(turn) from next)) end,
       inside = (select count from inside) + (select count(*) from called)
     where show_id = $1`,
    [to.showId, to.insideMax, to.visitMs, to.comingMs, to.silentMs],
  );
}

/** Notes that these people inside are still there. */
export async function noteHeardInside(
  database: Database,
  heard: readonly { readonly showId: string; readonly userId: string }[],
): Promise<void> {
  await database.query(
    `update waiting_places p set heard_at = clock_timestamp() from unnest($1::text[], $2::text[]) as heard(show_id, user_id)
     where p.show_id = heard.show_id and p.user_id = heard.user_id and p.let_in_at is not null and p.booked_at is null`,
    [heard.map(({ showId }) => showId), heard.map(({ userId }) => userId)],
  );
}

/** A booking of somebody inside. */
export interface BookedInside {
  readonly showId: string;
  readonly userId: string;
  readonly bookingId: string;
}

/** Says of people inside that they have booked: they take no room any more, unless nothing came of it already. */
export async function noteBookedInside(database: Database, inside: readonly BookedInside[]): Promise<void> {
  await database.query(
    `update waiting_places p set booked_at = now()
     from unnest($1::text[], $2::text[], $3::text[]) as booked(show_id, user_id, booking_id)
     where p.show_id = booked.show_id and p.user_id = booked.user_id and p.booked_at is null
       and not exists (select from bookings b where b.id = booked.booking_id and b.status = 'rejected')`,
    [inside.map(({ showId }) => showId), inside.map(({ userId }) => userId), inside.map(({ bookingId }) => bookingId)],
  );
}

/** Whose booking is rejected has not booked: where they were let in to do it, they take room again while they try once more. */
function insideAgain({ applied }: AppliedBatch): readonly Statement[] {
  const rejected = (applied as readonly Applied<BookedInside>[])
    .filter(({ envelope }) => envelope.type === 'BookingRejected')
    .flatMap(({ envelope }) => envelope.data ?? []);
  const text = `update waiting_places p set booked_at = null from unnest($1::text[], $2::text[]) as rejected(show_id, user_id)
    where p.show_id = rejected.show_id and p.user_id = rejected.user_id and p.booked_at is not null`;
  const values = [rejected.map(({ showId }) => showId), rejected.map(({ userId }) => userId)];
  return rejected.length === 0 ? [] : [{ name: 'inside-again', text, values }];
}

/** What follows from a batch beside the bookings that people read. */
export function statements(batch: AppliedBatch): readonly Statement[] {
  return [...erasures(batch), ...insideAgain(batch)];
}

/** Erasing reaches what was published before: the only events that ever change, into the tombstones they are now. */
function erasures({ applied }: AppliedBatch): readonly Statement[] {
  const profiles = applied.filter(({ kind, envelope }) => kind === 'fact' && envelope.type === 'UserProfileChanged');
  const erased = profiles.filter(({ envelope }) => envelope.data === null).map(({ key }) => key);
  const text = `update events set data = 'null' where channel = 'user-profiles' and subject = any ($1) and subject <> stream`;
  return erased.length === 0 ? [] : [{ name: 'erase-profiles', text, values: [erased] }];
}

/** Tokens say themselves when they end; a session that has ended is kept until no access token of it can be around. */
export const retentions: readonly Retention[] = [
  {
    table: 'user_sessions',
    kept: () => 0,
    // A session ends with the last of its tokens. The others of it go with the session.
    text: `with outdated as (
        select token_hash, session_id from refresh_tokens where ${olderThan('expires_at')}
        order by expires_at limit $2 for update skip locked),
      sessions as (
        delete from user_sessions s where s.session_id in (select session_id from outdated) and not exists (
          select from refresh_tokens t where t.session_id = s.session_id and not (${olderThan('t.expires_at')}))),
      tokens as (delete from refresh_tokens where token_hash in (select token_hash from outdated))
      select count(*)::int as removed from outdated`,
  },
  {
    table: 'ended_sessions',
    kept: () => dayMs,
    text: removing('user_sessions', `ended_at is not null and ${olderThan('ended_at')}`, 'ended_at'),
  },
  {
    table: 'password_resets',
    kept: () => dayMs,
    text: removing('password_resets', olderThan('expires_at'), 'expires_at'),
  },
  {
    table: 'login_attempts',
    kept: () => dayMs,
    text: removing('login_attempts', olderThan('window_start'), 'window_start'),
  },
  {
    // A room is needed until the sale of its show closes, as the catalogue says now; the places in it go with it.
    table: 'waiting_rooms',
    kept: () => dayMs,
    text: removing(
      'waiting_rooms',
      `exists (select from reference_records r where r.topic = 'catalog' and r.key = show_id
         and ${olderThan("(r.data -> 'sales' ->> 'closesAt')::timestamptz")})`,
      'opened_at',
    ),
  },
];

/**
 * After this database was restored: accounts as their profiles tell of them. Erased persons stay erased. A profile knows no
 * password and no role, so an account that was lost comes back as a customer's who has to reset the password.
 */
export function recalled({ applied }: AppliedBatch): readonly Statement[] {
  const profiles = applied.filter(({ kind, envelope }) => kind === 'fact' && envelope.type === 'UserProfileChanged');
  const last = [...new Map(profiles.map(({ key, envelope }) => [key, envelope])).entries()];
  const erased = last.filter(([, { data }]) => data === null);
  const kept = last.flatMap(([userId, { data, streamVersion }]) =>
    data === null ? [] : [{ ...(data as Profile), userId, version: streamVersion }],
  );
  const erasedIds = erased.map(([userId]) => userId);
  return [
    ...(erased.length === 0
      ? []
      : erasuresAgain(
          erasedIds,
          erased.map(([, { streamVersion }]) => streamVersion),
        )),
    ...(kept.length === 0 ? [] : [accountsAgain(kept)]),
  ];
}

function erasuresAgain(userIds: readonly string[], versions: readonly number[]): readonly Statement[] {
  return [
    {
      name: 'recall-erasures',
      text: `update users set email = null, name = null, phone = null, locale = null, roles = '{}', password_hash = null,
               version = told.version, erased_at = now()
             from unnest($1::text[], $2::int[]) as told(user_id, version)
             where users.user_id = told.user_id and users.version < told.version`,
      values: [userIds, versions],
    },
    { name: 'recall-erased-resets', text: 'delete from password_resets where user_id = any ($1)', values: [userIds] },
    {
      name: 'recall-erased-sessions',
      text: 'update user_sessions set ended_at = now() where user_id = any ($1) and ended_at is null',
      values: [userIds],
    },
  ];
}

function accountsAgain(profiles: readonly (Profile & { readonly version: number })[]): Statement {
  return {
    name: 'recall-accounts',
    // An address that somebody else has by now stays theirs.
    text: `insert into users (user_id, email, name, phone, locale, roles, version)
           select user_id, email, name, phone, locale, case when email is null then '{}'::text[] else '{customer}' end, version
           from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int[])
             as told(user_id, email, name, phone, locale, version)
           where not exists (select from users other where other.email = told.email and other.user_id <> told.user_id)
           on conflict (user_id) do update
             set name = excluded.name, phone = excluded.phone, locale = excluded.locale, version = excluded.version
             where users.version < excluded.version and users.erased_at is null`,
    values: [
      profiles.map((each) => each.userId),
      profiles.map((each) => each.email ?? null),
      profiles.map((each) => each.name),
      profiles.map((each) => each.phone ?? null),
      profiles.map((each) => each.locale),
      profiles.map((each) => each.version),
    ],
  };
}
