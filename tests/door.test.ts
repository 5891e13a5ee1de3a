import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Client, eventually, visa } from './support/client.ts';
import { bookingOnce } from './support/operations.ts';
import { newPerson, type Person } from './support/people.ts';
import { type RunningApp, runApp } from './support/servers.ts';
import { buildVenue, openShow, type Venue } from './support/venue.ts';

/** What a door is given for the time without a network, and what becomes of the scans that it tells of afterwards. */
interface Ticket {
  readonly ticketId: string;
  readonly bookingId: string;
  readonly code: string;
}
interface Listed {
  readonly ticketId: string;
  readonly seat?: string;
  readonly area?: string;
  readonly priceCategory: string;
  readonly status: string;
  readonly admittedAt?: string;
  readonly gate?: string;
}
interface Door {
  readonly asOf: string;
  readonly issue: number;
  readonly keys: readonly { readonly kid: string; readonly kty: string; readonly crv: string; readonly x: string }[];
  readonly items: readonly Listed[];
  readonly nextCursor: string | null;
}
interface Answered {
  readonly code?: string;
  readonly admittedAt?: string;
  readonly gate?: string;
  readonly scannedAt?: string;
  readonly errors?: readonly { readonly pointer: string; readonly code: string }[];
}

let running: RunningApp;
let admin: Client;
let staff: Client;
let ada: Person;
let venue: Venue;
let showId: string;

before(async () => {
  running = await runApp();
  ({ admin } = running);
  staff = (await newPerson(running, { roles: ['staff'] })).client;
  ada = await newPerson(running);
  venue = await buildVenue(admin);
  showId = await openShow(admin, venue);
});
after(() => running.stop());

async function tickets(request: object): Promise<readonly [Ticket, ...Ticket[]]> {
  const { body } = await ada.client.book({ showId, payment: visa, ...request });
  const wanted = Math.max(1, body.seats.length);
  await bookingOnce(ada.client, body.bookingId, (booking) => booking.tickets.length >= wanted);
  const listed = await ada.client.get<{ items: Ticket[] }>(`/v1/bookings/${body.bookingId}/tickets`);
  return listed.body.items as [Ticket, ...Ticket[]];
}

const doorOf = async (query = '', show = showId) => (await staff.get<Door>(`/v1/shows/${show}/door${query}`)).body;
const checkIn = (code: string, more: object = {}, { key, client = staff }: { key?: string; client?: Client } = {}) =>
  client.post<Answered>('/v1/check-ins', { code, gate: 'north', showId, ...more }, key === undefined ? {} : { key });
const ago = (ms: number) => new Date(Date.now() - ms).toISOString();
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

describe('what a door is given', () => {
  it('is the keys of codes, which verify them without the server', async () => {
    const [{ code }] = await tickets({ seats: ['S-A-1'] });
    const { keys, issue, asOf } = await doorOf();
    const bytes = Buffer.from(code.slice(4), 'base64url');
    const named = keys.find(({ kid }) => kid === bytes.subarray(0, 4).toString('hex'));
    assert.ok(named !== undefined);
    const key = await crypto.subtle.importKey('jwk', named, 'Ed25519', false, ['verify']);
    assert.ok(await crypto.subtle.verify('Ed25519', key, bytes.subarray(-64), bytes.subarray(0, -64)));
    assert.equal(issue, bytes[4]);
    assert.deepEqual(Object.keys(named).sort(), ['crv', 'kid', 'kty', 'x'], 'the private key stays where it is');
    assert.ok(Math.abs(Date.now() - Date.parse(asOf)) < 60_000);
  });

  it('is every ticket of the show with its place, and what became of it', async () => {
    const [good, used] = await tickets({ seats: ['S-A-2', 'C-A-3'] });
    const [standing] = await tickets({ areas: [{ area: 'FLOOR', count: 1 }] });
    const [cancelled] = await tickets({ seats: ['S-A-3'] });
    const { body: admitted } = await checkIn(used?.code ?? '', { scannedAt: ago(dayMs) });
    await ada.client.post(`/v1/bookings/${cancelled.bookingId}/cancellation`, {}, { key: 'void', waitSeconds: 10 });
    const { items } = await doorOf();
    const told = (id: string | undefined) => items.find(({ ticketId }) => ticketId === id);
    const { ticketId } = good;
    assert.deepEqual(told(ticketId), { ticketId, seat: 'S-A-2', priceCategory: 'standard', status: 'valid' });
    const { status, admittedAt, gate, seat, priceCategory } = told(used?.ticketId) ?? {};
    assert.deepEqual([seat, priceCategory, status, gate], ['C-A-3', 'premium', 'used', 'north']);
    assert.equal(admittedAt, admitted.admittedAt);
    assert.deepEqual([told(standing.ticketId)?.area, told(standing.ticketId)?.seat], ['FLOOR', undefined]);
    assert.equal(told(cancelled.ticketId)?.status, 'void');
    const idsSince = async (since: string) => (await doorOf(`?since=${since}`)).items.map((each) => each.ticketId);
    const now = await idsSince(ago(0));
    assert.ok(now.includes(used?.ticketId ?? '') && now.includes(cancelled.ticketId));
    assert.ok(!now.includes(ticketId) && !now.includes(standing.ticketId));
    // What counts is when the server heard of it; what became void is told each time.
    const later = await idsSince(ago(-hourMs));
    assert.deepEqual([later.includes(used?.ticketId ?? ''), later.includes(cancelled.ticketId)], [false, true]);
  });

  it('comes in pages that leave nothing out, and holds no ticket of another show', async () => {
    const other = await openShow(admin, venue);
    await tickets({ showId: other, seats: ['S-A-1'] });
    const all = (await doorOf()).items.map((each) => each.ticketId);
    const paged: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const { items, nextCursor } = await doorOf(`?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`);
      assert.ok(items.length <= 2);
      paged.push(...items.map((each) => each.ticketId));
      cursor = nextCursor;
    }
    assert.deepEqual(paged, all);
    assert.equal((await doorOf('', other)).items.length, 1);
  });

  it('is refused to customers and organizers, for no show, and beyond the limit of a page', async () => {
    const organizer = (await newPerson(running, { roles: ['organizer'] })).client;
    for (const client of [ada.client, organizer])
      assert.equal((await client.get(`/v1/shows/${showId}/door`)).status, 403);
    assert.equal((await staff.get('/v1/shows/shw_01890000-0000-7000-8000-000000000001/door')).status, 404);
    for (const query of ['limit=2001', 'limit=0', 'cursor=x', 'since=then'])
      assert.equal((await staff.get(`/v1/shows/${showId}/door?${query}`)).status, 422, query);
  });
});

describe('a scan that was made without a network', () => {
  /** What the timeline of a booking says of who was let in. */
  const usedOf = async ({ bookingId }: Ticket) => {
    const path = `/v1/ops/bookings/${bookingId}/timeline`;
    const told = await eventually(
      () => staff.get<{ entries: readonly { type: string; says: string }[] }>(path),
      ({ body }) => body.entries.some(({ type }) => type === 'TicketAdmitted'),
    );
    return told.body.entries.filter(({ type }) => type === 'TicketAdmitted').map(({ says }) => says);
  };

  it('counts with its own time, and the fact says that there was no network', async () => {
    const [ticket] = await tickets({ seats: ['S-B-1'] });
    const scannedAt = ago(hourMs);
    const { status, body } = await checkIn(ticket.code, { scannedAt });
    assert.deepEqual([status, body.admittedAt], [200, scannedAt]);
    const clock = scannedAt.slice(11, 19);
    assert.deepEqual(await usedOf(ticket), [
      `The ticket for Stalls, row 2, seat 1 was used at north, scanned without a network at ${clock}.`,
    ]);
  });

  it('is none where the door tells of it at once', async () => {
    const [ticket] = await tickets({ seats: ['S-B-2'] });
    assert.equal((await checkIn(ticket.code, { scannedAt: ago(0) })).status, 200);
    assert.deepEqual(await usedOf(ticket), ['The ticket for Stalls, row 2, seat 2 was used at north.']);
  });

  it('is answered as before when it is sent again, also by somebody else and under another key', async () => {
    const [ticket] = await tickets({ seats: ['S-B-3'] });
    const scan = { scannedAt: ago(hourMs) };
    const first = await checkIn(ticket.code, scan, { key: 'one' });
    const colleague = (await newPerson(running, { roles: ['staff'] })).client;
    for (const sent of [{ key: 'one' }, { key: 'other' }, { key: 'one', client: colleague }]) {
      const { status, body } = await checkIn(ticket.code, scan, sent);
      assert.deepEqual([status, body], [200, first.body]);
    }
    assert.equal((await usedOf(ticket)).length, 1);
  });

  it('of a ticket that was used elsewhere is refused with both times, whichever was earlier', async () => {
    const [ticket] = await tickets({ seats: ['S-B-4'] });
    const south = await checkIn(ticket.code, { gate: 'south', scannedAt: ago(hourMs) });
    for (const scannedAt of [ago(2 * hourMs), ago(0), ago(hourMs / 2)]) {
      const { status, body } = await checkIn(ticket.code, { scannedAt });
      assert.deepEqual([status, body.code, body.gate], [409, 'already_admitted', 'south']);
      assert.deepEqual([body.admittedAt, body.scannedAt], [south.body.admittedAt, scannedAt]);
    }
    assert.deepEqual((await usedOf(ticket)).length, 1);
  });

  it('of a booking that was cancelled meanwhile is refused, with its time', async () => {
    const [ticket] = await tickets({ seats: ['S-B-5'] });
    const scannedAt = ago(hourMs);
    await ada.client.post(`/v1/bookings/${ticket.bookingId}/cancellation`, {}, { key: 'meanwhile', waitSeconds: 10 });
    const { status, body } = await checkIn(ticket.code, { scannedAt });
    assert.deepEqual([status, body.code, body.scannedAt], [409, 'ticket_void', scannedAt]);
  });

  it('that was told of stays so, although its show was cancelled afterwards', async () => {
    const doomed = await openShow(admin, venue);
    const [ticket] = await tickets({ showId: doomed, seats: ['S-A-1'] });
    const scan = { showId: doomed, scannedAt: ago(hourMs) };
    assert.equal((await checkIn(ticket.code, scan)).status, 200);
    await admin.post(`/v1/shows/${doomed}/cancellation`, {}, { key: doomed });
    await eventually(
      () => doorOf('', doomed),
      ({ items }) => items.every(({ status }) => status === 'void'),
    );
    assert.equal((await checkIn(ticket.code, scan)).status, 200);
    const later = await checkIn(ticket.code, { ...scan, scannedAt: ago(0) });
    assert.deepEqual([later.status, later.body.code], [409, 'ticket_void']);
  });

  it('from the future, from too long ago or at no time is refused, and the ticket stays good', async () => {
    const [{ code }] = await tickets({ seats: ['S-C-1'] });
    const times = { in_future: ago(-2 * 60_000), too_old: ago(8 * dayMs), invalid_format: 'yesterday' };
    for (const [why, scannedAt] of Object.entries(times)) {
      const { status, body } = await checkIn(code, { scannedAt });
      assert.deepEqual([status, body.errors?.[0]?.pointer, body.errors?.[0]?.code], [422, '/scannedAt', why]);
    }
    // Clocks are not all alike.
    assert.equal((await checkIn(code, { scannedAt: ago(-5_000) })).status, 200);
  });
});
