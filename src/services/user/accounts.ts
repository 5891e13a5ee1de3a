import { newId } from '../../contracts/ids.ts';
import { ConfigurationError } from '../../runtime/configuration.ts';
import type { Call, Role } from '../../runtime/http/endpoint.ts';
import { notFound, Problem } from '../../runtime/http/problem.ts';
import type { Idempotency, Request, ServiceRuntime, Transaction } from '../../runtime/service-runtime.ts';
import { type ProfileChanges, type ProfileCommand, type ProfileEvent, type ProfileState, profiles } from './decider.ts';
import { hashPassword, passwordMatches } from './passwords.ts';
import * as projection from './projection.ts';

/**
 * Accounts are request-owned streams: a change is decided and stored in the request's own transaction, under the lock of
 * the user's row, and its fact leaves on `user-profiles` with the commit.
 */
export interface NewAccount {
  readonly name: string;
  readonly email?: string | undefined;
  readonly phone?: string | undefined;
  readonly locale?: string | undefined;
  /** None for somebody who only has a name, such as a customer at the counter. */
  readonly password?: string | undefined;
  readonly roles: readonly Role[];
}

/** A user as the API shows it. */
export interface User {
  readonly userId: string;
  readonly name: string;
  readonly email?: string | undefined;
  readonly phone?: string | undefined;
  readonly locale: string;
  readonly roles: readonly string[];
}

const defaultLocale = 'en';

/** Who asks for an account, where that is a request: from where (see `HashingQueue`), and in which trace. */
export interface Registering {
  readonly asker?: string;
  readonly traceparent?: string;
}

/** Adds an account; throws the problem `email_taken`. */
export async function addAccount(
  service: ServiceRuntime,
  account: NewAccount,
  { asker = 'here', traceparent }: Registering = {},
): Promise<User> {
  const passwordHash = account.password === undefined ? null : await hashPassword(account.password, asker);
  const user = userWith(newId('user'), account);
  return service.transaction(async (transaction) => {
    if (!(await registered(transaction, user, { passwordHash, external: false, traceparent }))) {
      throw new Problem('email_taken', 'This e-mail address is registered already. Sign in, or reset the password.');
    }
    return user;
  });
}

/** Somebody whom another issuer knows, as their token says. */
export interface ExternalAccount extends Omit<NewAccount, 'password'> {
  readonly userId: string;
}

/**
 * Makes the account of somebody who signs in elsewhere, or brings the roles of the one they have up to date. An address that is
 * another account's stays that account's. Throws the problem `unauthenticated` for somebody who was erased here.
 */
export async function keepExternalAccount(
  service: ServiceRuntime,
  { userId, ...account }: ExternalAccount,
  traceparent?: string,
): Promise<void> {
  const more = { passwordHash: null, external: true, traceparent };
  await service.transaction(async (transaction) => {
    const row = await projection.userById(transaction, userId, 'lock');
    if (row?.erased === true) throw new Problem('unauthenticated', 'This account was erased.');
    if (row !== undefined) return projection.updateExternal(transaction, userId, account.roles);
    if (await registered(transaction, userWith(userId, account), more)) return;
    // Their address is somebody else's, or they have come twice at the same moment.
    await registered(transaction, userWith(userId, { ...account, email: undefined }), more);
  });
}

function userWith(userId: string, { name, email, phone, locale = defaultLocale, roles }: NewAccount): User {
  return {
    ...{ userId, name, locale, roles },
    ...(email === undefined ? {} : { email }),
    ...(phone === undefined ? {} : { phone }),
  };
}

/** Adds a user and tells of them; false, and nothing is done, where the address or the id is taken. */
async function registered(
  transaction: Transaction,
  user: User,
  more: { readonly passwordHash: string | null; readonly external: boolean; readonly traceparent: string | undefined },
): Promise<boolean> {
  const { roles, ...profile } = user;
  const { userId, name, email = null, phone = null, locale } = user;
  const { traceparent, ...kept } = more;
  const events = accepted(profiles.decide(profiles.initialState, { type: 'RegisterUser', profile }));
  if (!(await projection.insertUser(transaction, { ...{ userId, email, name, phone, locale, roles }, ...kept })))
    return false;
  await publish(transaction, { userId, events, version: 0, traceparent });
  return true;
}

/** Changes what a person may change of themselves; a repeated request changes nothing. Returns the profile as it is now. */
export async function changeProfile(
  service: ServiceRuntime,
  userId: string,
  changes: ProfileChanges,
  { idempotency, traceparent }: Pick<Call<never, never, never>, 'idempotency' | 'traceparent'>,
): Promise<User> {
  await service.transactionOnce(idempotency, async (transaction) => {
    const { row, state, events } = await decided(transaction, userId, { type: 'ChangeProfile', changes });
    const after = events.reduce(profiles.evolve, state);
    if (after.status !== 'active') throw notFound('user');
    const { name, phone, locale } = after.profile;
    const version = row.version + events.length;
    await projection.updateProfile(transaction, { userId, name, phone: phone ?? null, locale, version });
    await publish(transaction, { userId, events, version: row.version, traceparent });
    return { status: 200, resource: userId };
  });
  return userNow(service, userId);
}

/** A user as the API shows it; throws `not_found` for one who is not there, or was erased. */
export async function userNow(service: ServiceRuntime, userId: string): Promise<User> {
  const row = await projection.userById(service, userId);
  if (row === undefined || row.erased) throw notFound('user');
  return userOf(row);
}

/**
 * Gives a user these roles and no others; tokens issued before keep theirs until they expire. A repeated request changes
 * nothing. Throws the problem `conflict` where nobody would be left who can give roles. Returns the user as they are now.
 */
export async function changeRoles(
  service: ServiceRuntime,
  userId: string,
  { roles, idempotency }: { readonly roles: readonly Role[]; readonly idempotency: Idempotency | undefined },
): Promise<User> {
  await service.transactionOnce(idempotency, async (transaction) => {
    if (!roles.includes('admin')) await assertAdministratorLeft(transaction, userId);
    const row = await projection.userById(transaction, userId, 'lock');
    if (row === undefined || row.erased) throw notFound('user');
    if (row.external) throw new Problem('conflict', 'Their roles are given where they sign in, not here.');
    await projection.updateRoles(transaction, userId, roles);
    return { status: 200, resource: userId };
  });
  return userNow(service, userId);
}

/** An account that administers, and no other does, has to stay as it is. */
async function assertAdministratorLeft(transaction: Transaction, userId: string): Promise<void> {
  const [first, ...others] = await projection.lockAdministrators(transaction);
  if (first === userId && others.length === 0)
    throw new Problem('conflict', 'This is the last administrator. Give the role to somebody else first.');
}

/**
 * Erases a person: nothing personal stays here, and the profile's key becomes a tombstone. Twice is fine. Throws the problem
 * `conflict` for the last administrator.
 */
export async function eraseAccount(service: ServiceRuntime, userId: string, traceparent?: string): Promise<void> {
  await service.transaction(async (transaction) => {
    await assertAdministratorLeft(transaction, userId);
    const { row, events } = await decided(transaction, userId, { type: 'EraseUser', userId });
    if (events.length === 0) return;
    await projection.eraseUser(transaction, userId, row.version + events.length);
    await publish(transaction, { userId, events, version: row.version, traceparent });
    await cancelSought(transaction, userId, traceparent);
  });
}

/**
 * Whoever is gone waits for no seats: nobody could tell them of any, and a payment that they have left would be charged, weeks
 * later. Nor are seats that were found for them kept from the others who wait, for as long as an offer lasts. What they have paid
 * for by the time this is read stays theirs. What staff have asked for at the counter is their customers'.
 */
async function cancelSought(transaction: Transaction, userId: string, traceparent: string | undefined): Promise<void> {
  const acceptedAt = new Date().toISOString();
  for (const booking of await projection.soughtBookingsOf(transaction, userId))
    await transaction.request(leftBehind({ ...booking, userId, acceptedAt, traceparent }));
}

/** Undoes a booking of somebody who is erased, unless it is paid for by the time this is read. */
export function leftBehind(booking: {
  readonly bookingId: string;
  readonly showId: string;
  readonly userId: string;
  readonly acceptedAt: string;
  readonly traceparent: string | undefined;
}): Request {
  const { bookingId, showId, userId: byUserId, acceptedAt, traceparent } = booking;
  const data = { bookingId, showId, by: 'customer', byUserId, whileUnpaid: true, acceptedAt };
  return { type: 'BookingCancellationRequested', key: showId, subject: bookingId, data, traceparent };
}

/** A user as the API shows it, from the row of one who was not erased. */
export function userOf(row: projection.UserRow): User {
  return {
    userId: row.userId,
    name: row.name ?? '',
    ...(row.email === null ? {} : { email: row.email }),
    ...(row.phone === null ? {} : { phone: row.phone }),
    locale: row.locale ?? defaultLocale,
    roles: row.roles,
  };
}

/**
 * Makes the first administrator; returns whether it did. Where there is one, nothing is made, whatever the address; and who has
 * registered an address does not become administrator by it: throws `ConfigurationError`.
 */
export async function ensureAdministrator(
  service: ServiceRuntime,
  administrator: { readonly email: string; readonly password: string },
): Promise<boolean> {
  if (await projection.hasAdministrator(service)) return false;
  const made = await addWhereFree(service, { name: 'Administrator', ...administrator, roles: ['customer', 'admin'] });
  // Another instance that starts at the same time may have made it just now.
  if (!made && !(await projection.hasAdministrator(service)))
    throw new ConfigurationError(
      `FULLHOUSE_ADMIN_EMAIL: ${administrator.email} is registered already, as no administrator; name another address`,
    );
  return made;
}

/** The people of the demo, whose passwords are no secret. */
export const demoUsers = [
  { name: 'Casey Customer', email: 'customer@fullhouse.example', password: 'customer-demo', roles: ['customer'] },
  { name: 'Sam Staff', email: 'staff@fullhouse.example', password: 'staff-demo', roles: ['customer', 'staff'] },
  {
    name: 'Olive Organizer',
    email: 'organizer@fullhouse.example',
    password: 'organizer-demo',
    roles: ['customer', 'organizer'],
  },
] as const satisfies readonly (NewAccount & { readonly email: string; readonly password: string })[];

/** Makes the people of the demo, but for those whose addresses somebody has registered. */
export async function ensureDemoUsers(service: ServiceRuntime): Promise<void> {
  for (const user of demoUsers) await addWhereFree(service, user);
}

/** Whether people of the demo may do here what customers may not, by the passwords that everybody knows. */
export async function isOpenToDemoStaff(service: ServiceRuntime): Promise<boolean> {
  for (const { email, password } of demoUsers) {
    const row = await projection.userByEmail(service, email);
    const mayMore = row?.roles.some((role) => role !== 'customer') === true;
    if (mayMore && (await passwordMatches(row?.passwordHash ?? undefined, password, 'here'))) return true;
  }
  return false;
}

/** Adds an account, unless its address is somebody's: that account stays as it is. Returns whether it was added. */
async function addWhereFree(
  service: ServiceRuntime,
  account: NewAccount & { readonly email: string },
): Promise<boolean> {
  const email = account.email.trim().toLowerCase();
  if ((await projection.userByEmail(service, email)) !== undefined) return false;
  try {
    await addAccount(service, { ...account, email });
    return true;
  } catch (error) {
    if (error instanceof Problem && error.code === 'email_taken') return false;
    throw error;
  }
}

async function decided(transaction: Transaction, userId: string, command: ProfileCommand) {
  const row = await projection.userById(transaction, userId, 'lock');
  if (row === undefined) throw notFound('user');
  const state = stateOf(row);
  return { row, state, events: accepted(profiles.decide(state, command)) };
}

function stateOf(row: projection.UserRow): ProfileState {
  if (row.erased) return { status: 'erased' };
  const { roles: _roles, ...profile } = userOf(row);
  return { status: 'active', profile };
}

/** The facts to store; a refusal becomes the answer instead. */
function accepted(events: readonly ProfileEvent[]): readonly ProfileEvent[] {
  for (const event of events) {
    if (event.type === 'ProfileChangeRefused') throw notFound('user');
  }
  return events;
}

async function publish(
  transaction: Transaction,
  change: {
    readonly userId: string;
    readonly events: readonly ProfileEvent[];
    /** The version before these facts. */
    readonly version: number;
    readonly traceparent: string | undefined;
  },
): Promise<void> {
  const { userId, traceparent } = change;
  await transaction.publish(
    change.events.map((event, index) => ({
      // Only the type that the topic carries: an erasure is its tombstone.
      type: 'UserProfileChanged',
      stream: `user-profiles/${userId}`,
      streamVersion: change.version + index + 1,
      key: userId,
      subject: userId,
      data: event.type === 'UserProfileChanged' ? event.data : null,
      traceparent,
    })),
  );
}
