import { type Booking, type Client, eventually } from './client.ts';
import type { RunningApp } from './servers.ts';

/** What an operator sees and does: settings, messages, the provider's books. */

/** Changes a setting and waits until every service decides by it. */
export async function changeSetting({ admin, app }: RunningApp, key: string, value: unknown): Promise<void> {
  const { status, body } = await admin.call<{ version: number }>('PUT', `/v1/settings/${key}`, {
    body: { value, why: 'a test wants it so' },
  });
  if (status !== 200) throw new Error(`cannot change ${key}: ${status} ${JSON.stringify(body)}`);
  const versions = () =>
    Promise.all(
      app.hosts.map(async (host) => (await host.reference<{ version: number }>('settings', key))?.version ?? 0),
    );
  await eventually(versions, (all) => all.every((version) => version >= body.version));
}

export interface SentMessage {
  readonly messageId: string;
  readonly userId: string;
  readonly bookingId?: string;
  readonly kind: string;
  readonly channel: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly at: string;
}

export interface LedgerEntry {
  readonly entryId: string;
  readonly type: 'charge' | 'refund';
  readonly bookingId: string;
  readonly amount: { readonly amount: number; readonly currency: string };
  readonly at: string;
}

async function items<Item>(admin: Client, path: string): Promise<readonly Item[]> {
  const { status, body } = await admin.get<{ items: Item[] }>(path);
  if (status !== 200) throw new Error(`GET ${path}: ${status} ${JSON.stringify(body)}`);
  return body.items;
}

/** What the inbox received about a booking. */
export function messagesAbout(admin: Client, bookingId: string): Promise<readonly SentMessage[]> {
  return items<SentMessage>(admin, `/v1/dev/messages?bookingId=${bookingId}`);
}

/** What the provider has moved for a booking. */
export function ledgerOf(admin: Client, bookingId: string): Promise<readonly LedgerEntry[]> {
  return items<LedgerEntry>(admin, `/v1/dev/ledger?bookingId=${bookingId}`);
}

/** Minor units that the provider has taken and not given back. */
export async function moneyKept(admin: Client, bookingId: string): Promise<number> {
  const entries = await ledgerOf(admin, bookingId);
  return entries.reduce((sum, { type, amount }) => sum + (type === 'charge' ? amount.amount : -amount.amount), 0);
}

/** Reads a booking until it is as wanted. */
export async function bookingOnce(
  client: Client,
  bookingId: string,
  isWanted: (booking: Booking) => boolean,
): Promise<Booking> {
  return (
    await eventually(
      () => client.booking(bookingId),
      ({ body }) => isWanted(body),
    )
  ).body;
}

export const hasStatus = (status: string) => (booking: Booking) => booking.status === status;

/** The state of each seat in plan order: 0 free, 1 held, 2 sold, 3 blocked. */
export async function seatStates(client: Client, showId: string): Promise<readonly number[]> {
  const { body } = await client.get<{ seats: string }>(`/v1/shows/${showId}/availability`);
  return [...Buffer.from(body.seats, 'base64')].flatMap((byte) => [0, 2, 4, 6].map((shift) => (byte >> shift) & 3));
}
