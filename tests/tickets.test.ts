import assert from 'node:assert/strict';
import { createPublicKey, verify } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { encode } from 'uqr';
import { hostNamed } from '../src/composition/services.ts';
import { consumeRecordsMax } from '../src/runtime/log/log.ts';
import type { Channel } from '../src/services/notification/channels/channel.ts';
import { type Client, eventually, visa } from './support/client.ts';
import { bookingOnce, changeSetting, messagesAbout } from './support/operations.ts';
import { newPerson, type Person } from './support/people.ts';
import { type RunningApp, runApp } from './support/servers.ts';
import { buildVenue, openShow, type Venue } from './support/venue.ts';

interface Ticket {
  readonly ticketId: string;
  readonly bookingId: string;
  readonly showId: string;
  readonly movieName: string;
  readonly theatreName: string;
  readonly theatreLocation: string;
  readonly screenNumber: number;
  readonly showStartsAt: string;
  readonly showLocalTime: string;
  readonly seat?: string;
  readonly area?: string;
  readonly bookedUnder?: string;
  readonly status: string;
  readonly code: string;
}
interface Admitted {
  readonly admitted?: boolean;
  readonly ticketId?: string;
  readonly code?: string;
  readonly gate?: string;
  readonly admittedAt?: string;
}

let running: RunningApp;
let admin: Client;
let door: Client;
let ada: Person;
let venue: Venue;
let showId: string;

before(async () => {
  running = await runApp();
  ({ admin } = running);
  door = (await newPerson(running, { roles: ['staff'] })).client;
  ada = await newPerson(running, { name: 'Ada Lovelace' });
  venue = await buildVenue(admin);
  showId = await openShow(admin, venue);
});
after(() => running.stop());

const ticketsOf = async (client: Client, bookingId: string) =>
  (await client.get<{ items: Ticket[] }>(`/v1/bookings/${bookingId}/tickets`)).body.items;
const checkIn = (code: string | undefined, more: object = {}) =>
  door.post<Admitted>('/v1/check-ins', { code, gate: 'north', ...more });

/** Books, pays, and waits for the tickets. */
async function tickets(request: object, { client }: Person = ada): Promise<readonly [Ticket, ...Ticket[]]> {
  const { body } = await client.book({ showId, payment: visa, ...request });
  assert.equal(body.status, 'confirmed');
  const wanted = Math.max(1, body.seats.length);
  await bookingOnce(client, body.bookingId, (booking) => booking.tickets.length >= wanted);
  return (await ticketsOf(client, body.bookingId)) as [Ticket, ...Ticket[]];
}

/** The modules of a QR picture, read from its rectangles: true is dark. */
function modulesOf(svg: string): readonly (readonly boolean[])[] {
  const size = Number(/viewBox="0 0 (\d+) \1"/.exec(svg)?.[1]) / 10;
  const dark = new Set(
    [...svg.matchAll(/M(\d+),(\d+)h10v10h-10z/g)].map(([, x, y]) => `${Number(x) / 10} ${Number(y) / 10}`),
  );
  const quiet = 4;
  const inside = Array.from({ length: size - 2 * quiet }, (_, index) => index + quiet);
  return inside.map((y) => inside.map((x) => dark.has(`${x} ${y}`)));
}

describe('a ticket', () => {
  it('says all that is printed on it', async () => {
    const [first, second] = await tickets({ seats: ['S-A-1', 'C-A-3'] });
    const { body: show } = await ada.client.get<{ startsAt: string; screen: { number: number } }>(
      `/v1/shows/${showId}`,
    );
    const parts = (options: Intl.DateTimeFormatOptions) =>
      new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/London', ...options }).format(Date.parse(show.startsAt));
    assert.match(first.ticketId, /^tkt_/);
    assert.equal(first.movieName, 'The Third Man');
    assert.deepEqual([first.theatreName, first.theatreLocation], ['Riverside', '1 Quay Street, London']);
    assert.deepEqual([first.screenNumber, first.showStartsAt], [show.screen.number, show.startsAt]);
    assert.ok(first.showLocalTime.includes(parts({ hour: '2-digit', minute: '2-digit' })), first.showLocalTime);
    assert.ok(first.showLocalTime.includes(parts({ year: 'numeric' })), first.showLocalTime);
    assert.deepEqual([first.seat, second?.seat], ['S-A-1', 'C-A-3']);
    assert.deepEqual([first.bookedUnder, first.status], ['Ada Lovelace', 'valid']);
    const alone = await ada.client.get<Ticket>(`/v1/tickets/${first.ticketId}`);
    assert.deepEqual(alone.body, first);
    const listed = (await ada.client.booking(first.bookingId)).body.tickets;
    assert.deepEqual([...listed].sort(), [first.ticketId, second?.ticketId].sort());
  });

  it('is one for each place of an area', async () => {
    const [one, two, ...others] = await tickets({ areas: [{ area: 'FLOOR', count: 2 }] });
    assert.deepEqual([one.area, two?.area, one.seat, others.length], ['FLOOR', 'FLOOR', undefined, 0]);
    assert.notEqual(one.code, two?.code);
  });

  it('has a code that anybody with the public key can verify', async () => {
    const [ticket] = await tickets({ seats: ['S-A-2'] });
    assert.match(ticket.code, /^FH1\./);
    const bytes = Buffer.from(ticket.code.slice(4), 'base64url');
    const [content, signature] = [bytes.subarray(0, -64), bytes.subarray(-64)];
    const key = createPublicKey(hostNamed(running.app.hosts, 'ticket').configuration.TICKET_SIGNING_KEY ?? '');
    assert.ok(verify(null, content, key, signature));
    assert.ok(content.toString('hex').includes(ticket.ticketId.slice(4).replaceAll('-', '')));
    assert.ok(content.toString('hex').includes(ticket.showId.slice(4).replaceAll('-', '')));
  });

  it('shows its code as a QR picture', async () => {
    const [ticket] = await tickets({ seats: ['S-A-3'] });
    const { status, body, headers } = await ada.client.get<string>(`/v1/tickets/${ticket.ticketId}.svg`);
    assert.equal(status, 200);
    assert.match(headers.get('content-type') ?? '', /^image\/svg\+xml/);
    assert.deepEqual(modulesOf(body), encode(ticket.code, { ecc: 'M', border: 0 }).data);
  });

  it('is not there before the booking is confirmed, and is no error then', async () => {
    const { body } = await ada.client.book({ showId, seats: ['S-A-5'] }, { waitSeconds: 0 });
    const path = `/v1/bookings/${body.bookingId}/tickets`;
    const { status, body: none } = await ada.client.get(path);
    assert.deepEqual([status, none], [200, { items: [] }], 'a booking that was accepted a moment ago is known');
  });

  it('is for its owner and staff', async () => {
    const [ticket] = await tickets({ seats: ['S-A-4'] });
    const { client: stranger } = await newPerson(running);
    for (const path of [`/v1/tickets/${ticket.ticketId}`, `/v1/tickets/${ticket.ticketId}.svg`]) {
      assert.equal((await stranger.get(path)).status, 404);
      assert.equal((await running.anyone.get(path)).status, 401);
      assert.equal((await door.get(path)).status, 200);
    }
    assert.equal((await ada.client.get('/v1/tickets/tkt_01890000-0000-7000-8000-000000000001')).status, 404);
  });
});

describe('the door', () => {
  it('lets a ticket in once, and tells when and where it was used', async () => {
    const [ticket] = await tickets({ seats: ['S-B-1'] });
    const { status, body } = await checkIn(ticket.code, { showId });
    assert.deepEqual([status, body.admitted, body.ticketId], [200, true, ticket.ticketId]);
    const again = await checkIn(ticket.code, { gate: 'south' });
    assert.deepEqual([again.status, again.body.code, again.body.gate], [409, 'already_admitted', 'north']);
    assert.equal(again.body.admittedAt, body.admittedAt);
    assert.equal((await ada.client.get<Ticket>(`/v1/tickets/${ticket.ticketId}`)).body.status, 'used');
  });

  it('lets exactly one of twenty scans at once in', async () => {
    const [ticket] = await tickets({ seats: ['S-B-2'] });
    const scans = await Promise.all(
      Array.from({ length: 20 }, (_, gate) => checkIn(ticket.code, { gate: `gate ${gate}` })),
    );
    assert.equal(scans.filter(({ status }) => status === 200).length, 1);
    const refused = scans.filter(({ status, body }) => status === 409 && body.code === 'already_admitted');
    assert.equal(refused.length, 19);
    assert.equal(new Set(refused.map(({ body }) => body.gate)).size, 1, 'all are told the same gate');
  });

  it('refuses the ticket of another show, and it stays good for its own', async () => {
    const [ticket] = await tickets({ seats: ['S-B-3'] });
    const wrong = await checkIn(ticket.code, { showId: await openShow(admin, venue) });
    assert.deepEqual([wrong.status, wrong.body.code], [409, 'wrong_show']);
    assert.equal((await checkIn(ticket.code, { showId })).status, 200);
  });

  it('refuses a void ticket', async () => {
    const [ticket] = await tickets({ seats: ['S-B-4'] });
    await ada.client.post(`/v1/bookings/${ticket.bookingId}/cancellation`, {}, { key: ticket.bookingId });
    const state = () => ada.client.get<Ticket>(`/v1/tickets/${ticket.ticketId}`);
    await eventually(state, ({ body }) => body.status === 'void');
    const { status, body } = await checkIn(ticket.code);
    assert.deepEqual([status, body.code], [409, 'ticket_void']);
  });

  it('refuses what is no code, and whoever is no staff', async () => {
    const [ticket] = await tickets({ seats: ['S-B-5'] });
    for (const code of [
      'anything',
      `${ticket.code}A`,
      ticket.code.replace(/.$/, ticket.code.endsWith('A') ? 'B' : 'A'),
    ]) {
      const { status, body } = await checkIn(code);
      assert.deepEqual([status, body.code], [422, 'code_invalid'], code);
    }
    const { status } = await ada.client.post('/v1/check-ins', { code: ticket.code, gate: 'north' });
    assert.equal(status, 403);
  });
});

describe('a channel that does not work', () => {
  // A message that is skipped on the other channel would be an outcome, too.
  before(() => changeSetting(running, 'notificationChannels', ['email']));
  after(() => changeSetting(running, 'notificationChannels', ['email', 'sms']));
  const answers: Readonly<Record<string, Channel['send']>> = {
    'never answers': (_message, signal) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('no answer')))),
    'breaks each time': () => Promise.reject(new Error('connection reset')),
    'refuses everything': () => Promise.resolve({ status: 'failed', error: 'no such mailbox' }),
  };
  for (const [index, [what, send]] of Object.entries(answers).entries()) {
    it(`costs nobody a ticket: one that ${what}`, async () => {
      const channels = hostNamed(running.app.hosts, 'notification').part<Record<string, Channel>>('channels');
      const { email } = channels;
      channels['email'] = { idempotent: true, send };
      try {
        const { body } = await ada.client.book({ showId, seats: [`S-C-${index + 1}`], payment: visa });
        const complete = await bookingOnce(ada.client, body.bookingId, (booking) => booking.tickets.length === 1);
        const confirmedAt = Date.parse(complete.history.at(-1)?.at ?? '');
        const lateMs = Date.now() - confirmedAt;
        assert.ok(lateMs < 2_000 + 2_000, `the ticket came ${lateMs} ms after the confirmation`);
        assert.deepEqual(await messagesAbout(admin, body.bookingId), []);
        const [ticket] = await ticketsOf(ada.client, body.bookingId);
        assert.equal(ticket?.status, 'valid');
      } finally {
        if (email !== undefined) channels['email'] = email;
      }
    });
  }

  it('is none at all where nobody is to be told: the ticket comes at once', async () => {
    await changeSetting(running, 'notificationChannels', []);
    await changeSetting(running, 'notificationGraceMs', 600_000);
    await tickets({ seats: ['S-C-5'] });
    await changeSetting(running, 'notificationGraceMs', 2_000);
  });
});

describe('a customer who is erased', () => {
  const lastProfile = async (userId: string) => {
    const { log } = running.app;
    const { first } = await log.bounds({ topic: 'user-profiles', partition: 0 });
    const records = await log.read({ topic: 'user-profiles', partition: 0, offset: first }, consumeRecordsMax);
    return records.findLast(({ key }) => key === userId);
  };

  it('leaves tickets without a name and a tombstone for the profile', async () => {
    const person = await newPerson(running, { name: 'Grace Hopper' });
    const [ticket] = await tickets({ seats: ['S-D-1'] }, person);
    assert.equal(ticket.bookedUnder, 'Grace Hopper');
    assert.equal((await person.client.call('DELETE', '/v1/me')).status, 204);
    const nameless = () => admin.get<Ticket>(`/v1/tickets/${ticket.ticketId}`);
    const { body } = await eventually(nameless, (answer) => answer.body.bookedUnder === undefined);
    assert.deepEqual([body.status, body.code], ['valid', ticket.code]);
    assert.equal(
      (
        await eventually(
          () => lastProfile(person.userId),
          (record) => record?.value === null,
        )
      )?.value,
      null,
    );
    assert.equal((await checkIn(ticket.code)).status, 200, 'the seat was paid for');
  });

  it('gets the tickets that were paid for after it, without a name', async () => {
    await changeSetting(running, 'referenceWaitMs', 200);
    const person = await newPerson(running);
    const { body } = await person.client.book({ showId, seats: ['S-D-2'] });
    await person.client.call('DELETE', '/v1/me');
    await eventually(
      () => lastProfile(person.userId),
      (record) => record?.value === null,
    );
    const paid = await door.post(`/v1/bookings/${body.bookingId}/payments`, visa, { key: 'paid', waitSeconds: 20 });
    assert.equal(paid.status, 200);
    await bookingOnce(admin, body.bookingId, (booking) => booking.tickets.length === 1);
    const [ticket] = await ticketsOf(admin, body.bookingId);
    assert.deepEqual([ticket?.status, ticket?.bookedUnder], ['valid', undefined]);
    await changeSetting(running, 'referenceWaitMs', 5_000);
  });
});
