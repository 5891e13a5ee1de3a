import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { type Answer, type Client, eventually, visa } from './support/client.ts';
import { bookingOnce, hasStatus, messagesAbout, moneyKept } from './support/operations.ts';
import { newPerson, type Person } from './support/people.ts';
import { type RunningApp, runApp } from './support/servers.ts';
import { buildVenue, openShow, type Venue } from './support/venue.ts';

/** Giving a ticket to somebody else: who has it, which code lets in, and whose money it is. */
interface Ticket {
  readonly ticketId: string;
  readonly bookingId: string;
  readonly seat: string;
  readonly status: string;
  readonly bookedUnder?: string;
  readonly offeredAt?: string;
  readonly code?: string;
}
/** A ticket, an offer of one, or why there is none: `code` is what each of them calls so. */
interface Told extends Ticket {
  readonly transferId: string;
  readonly endedAt?: string;
  readonly link?: string;
  readonly detail?: string;
}

let running: RunningApp;
let admin: Client;
let door: Client;
let ada: Person;
let bob: Person;
let eve: Person;
let venue: Venue;
let showId: string;

before(async () => {
  running = await runApp();
  ({ admin } = running);
  door = (await newPerson(running, { roles: ['staff'] })).client;
  ada = await newPerson(running, { name: 'Ada Lovelace' });
  bob = await newPerson(running, { name: 'Bob Marley' });
  eve = await newPerson(running, { name: 'Eve Arden' });
  venue = await buildVenue(admin);
  showId = await openShow(admin, venue);
});
after(() => running.stop());

const ticketsOf = async (client: Client, bookingId: string) =>
  (await client.get<{ items: Ticket[] }>(`/v1/bookings/${bookingId}/tickets`)).body.items;

async function tickets(
  seats: readonly string[],
  show = showId,
  { client }: Person = ada,
): Promise<[Ticket, ...Ticket[]]> {
  const { body } = await client.book({ showId: show, seats, payment: visa });
  assert.equal(body.status, 'confirmed');
  await bookingOnce(client, body.bookingId, (booking) => booking.tickets.length >= seats.length);
  return (await ticketsOf(client, body.bookingId)) as [Ticket, ...Ticket[]];
}

const offer = ({ client }: Person, { ticketId }: Pick<Ticket, 'ticketId'>, options: { key?: string } = {}) =>
  client.post<Told>(`/v1/tickets/${ticketId}/transfer`, {}, options);
const state = ({ client }: Person, { ticketId }: Pick<Ticket, 'ticketId'>) =>
  client.get<Told>(`/v1/tickets/${ticketId}/transfer`);
const takeBack = ({ client }: Person, { ticketId }: Pick<Ticket, 'ticketId'>) =>
  client.call<Told>('DELETE', `/v1/tickets/${ticketId}/transfer`);
const take = ({ client }: Person, code: string | undefined, options: { key?: string } = {}) =>
  client.post<Told>('/v1/transfers/acceptance', { code }, options);
const ticketOf = ({ client }: Person, { ticketId }: Pick<Ticket, 'ticketId'>) =>
  client.get<Told>(`/v1/tickets/${ticketId}`);
const checkIn = (code: string | undefined) => door.post<Told>('/v1/check-ins', { code, gate: 'north' });
const cancel = ({ client }: Person, bookingId: string, waitSeconds = 20) =>
  client.post<Told>(`/v1/bookings/${bookingId}/cancellation`, {}, { key: randomUUID(), waitSeconds });

async function given(seat: string, { from = ada, to = bob, show = showId } = {}): Promise<Ticket> {
  const [ticket] = await tickets([seat], show, from);
  const taken = await take(to, (await offer(from, ticket)).body.code);
  assert.equal(taken.status, 200, JSON.stringify(taken.body));
  return ticket;
}

function assertRefused({ status, body }: Answer<Told>, [wanted, code, says]: readonly [number, string, RegExp]): void {
  assert.deepEqual([status, body.code], [wanted, code], JSON.stringify(body));
  assert.match(body.detail ?? '', says);
}

/** A show that has begun, with a ticket from before. */
async function begun(showOfIt: string): Promise<void> {
  const startsAt = new Date(Date.now() + 1_500).toISOString();
  assert.equal((await admin.call('PATCH', `/v1/shows/${showOfIt}`, { body: { startsAt } })).status, 200);
  await eventually(
    () => admin.get<{ startsAt: string }>(`/v1/shows/${showOfIt}`),
    ({ body }) => body.startsAt === startsAt && Date.now() > Date.parse(startsAt),
  );
  // Until the ticket service knows it, too.
  const host = running.app.hosts.find(({ definition }) => definition.name === 'ticket');
  await eventually(
    async () => host?.reference<{ startsAt: string }>('catalog', showOfIt),
    (show) => show?.startsAt === startsAt,
  );
}

describe('a ticket that is given to somebody else', () => {
  it('is theirs, in their name and with a new code; the old one is refused at the door and says why', async () => {
    const [ticket, other] = await tickets(['S-A-1', 'S-A-2']);
    const offered = await offer(ada, ticket);
    assert.equal(offered.status, 201);
    assert.equal(offered.headers.get('location'), `/v1/tickets/${ticket.ticketId}/transfer`);
    assert.equal(offered.headers.get('cache-control'), 'no-store');
    const { code, link, status, transferId } = offered.body;
    assert.equal(status, 'offered');
    assert.ok(Buffer.from(code ?? '', 'base64url').length >= 16, 'a secret of 128 bits or more');
    assert.equal(link, `${running.anyone.url}/transfers#${code}`);
    const waiting = await state(ada, ticket);
    assert.deepEqual(
      [waiting.body.transferId, waiting.body.status, waiting.body.code, waiting.body.link],
      [transferId, 'offered', undefined, undefined],
      'the secret is told once',
    );
    assert.ok((await ticketOf(ada, ticket)).body.offeredAt !== undefined);

    const { status: took, body: theirs } = await take(bob, code);
    assert.equal(took, 200);
    assert.deepEqual([theirs.bookedUnder, theirs.status, theirs.seat], ['Bob Marley', 'valid', 'S-A-1']);
    assert.notEqual(theirs.code, ticket.code);
    assert.equal((await state(ada, ticket)).body.status, 'accepted');
    const [gone, kept] = await ticketsOf(ada.client, ticket.bookingId);
    assert.deepEqual([gone?.status, gone?.code, gone?.bookedUnder], ['given', undefined, undefined]);
    assert.deepEqual([kept?.ticketId, kept?.code], [other?.ticketId, other?.code]);
    assert.equal((await ticketOf(ada, ticket)).body.code, undefined);
    assert.equal((await ada.client.get(`/v1/tickets/${ticket.ticketId}.svg`)).status, 404);
    assert.equal((await bob.client.get(`/v1/tickets/${ticket.ticketId}.svg`)).status, 200);

    assertRefused(await checkIn(ticket.code), [409, 'ticket_given', /another code since/]);
    assert.equal((await checkIn(theirs.code)).status, 200);
    assertRefused(await checkIn(ticket.code), [409, 'ticket_given', /another code since/]);
    assertRefused(await checkIn(theirs.code), [409, 'already_admitted', /was used/]);
    assert.equal((await ticketOf(ada, ticket)).body.status, 'given', 'whether they came is not for the giver');
  });

  it('is listed for whoever was given it, and the booking stays closed to them', async () => {
    const carl = await newPerson(running, { name: 'Carl Orff' });
    const ticket = await given('S-A-3', { to: carl });
    const second = await given('S-A-4', { to: carl });
    const listed = async (person: Person) =>
      (await person.client.all<Ticket>('/v1/tickets')).map((each) => each.ticketId);
    assert.deepEqual(await listed(carl), [second.ticketId, ticket.ticketId]);
    const page = await carl.client.get<{ items: Ticket[]; nextCursor: string }>('/v1/tickets?limit=1');
    const next = await carl.client.get<{ items: Ticket[] }>(`/v1/tickets?limit=1&cursor=${page.body.nextCursor}`);
    assert.deepEqual(
      [...page.body.items, ...next.body.items].map((each) => each.ticketId),
      [second.ticketId, ticket.ticketId],
    );
    for (const path of ['', '/tickets', '/stream'])
      assert.equal((await carl.client.get(`/v1/bookings/${ticket.bookingId}${path}`)).status, 404, path);
    assert.equal((await ticketOf(eve, ticket)).status, 404);
    // Given on, it is the next one's; given back, it is in the booking it came from.
    await take(eve, (await offer(carl, ticket)).body.code);
    assert.deepEqual(await listed(carl), [second.ticketId]);
    assert.equal((await ticketOf(carl, ticket)).status, 404);
    assert.equal((await take(ada, (await offer(eve, ticket)).body.code)).status, 200);
    assert.equal((await listed(ada)).includes(ticket.ticketId), false);
    const [back] = await ticketsOf(ada.client, ticket.bookingId);
    assert.deepEqual([back?.status, back?.bookedUnder], ['valid', 'Ada Lovelace']);
    assert.equal((await checkIn(back?.code)).status, 200);
  });

  it('goes to one of twenty who take it at once', async () => {
    const people = await Promise.all(Array.from({ length: 20 }, () => newPerson(running)));
    const [ticket] = await tickets(['S-A-5']);
    const { code } = (await offer(ada, ticket)).body;
    const answers = await Promise.all(people.map((person) => take(person, code)));
    const winners = people.filter((_, index) => answers[index]?.status === 200);
    assert.equal(winners.length, 1);
    for (const answer of answers)
      if (answer.status !== 200) assertRefused(answer, [409, 'conflict', /Somebody else has taken/]);
    for (const person of people)
      assert.equal((await ticketOf(person, ticket)).status, person === winners[0] ? 200 : 404);
    const again = await Promise.all(Array.from({ length: 5 }, () => take(winners[0] as Person, code)));
    assert.deepEqual(new Set(again.map(({ status }) => status)), new Set([200]), 'a repeat shows what was done');
  });

  it('is let in with its old code, or given away, never both', async () => {
    const seats = ['S-B-1', 'S-B-2', 'S-B-3', 'S-B-4', 'S-B-5', 'S-B-6', 'S-B-7', 'S-B-8'];
    const ends = await Promise.all(
      (await tickets(seats)).map(async (ticket, index) => {
        const { code } = (await offer(ada, ticket)).body;
        const asks = [() => checkIn(ticket.code), () => take(index % 2 === 0 ? bob : eve, code)] as const;
        const answers = await Promise.all((index % 4 < 2 ? asks : asks.toReversed()).map((ask) => ask()));
        const [entered, taken] = index % 4 < 2 ? answers : answers.toReversed();
        return `${entered?.status} ${entered?.body.code ?? ''}, ${taken?.status} ${taken?.status === 200 ? '' : taken?.body.code}`;
      }),
    );
    for (const end of ends) assert.ok(['200 , 409 already_admitted', '409 ticket_given, 200 '].includes(end), end);
  });

  it('is told to doors without a network, also to those that ask only for what is new', async () => {
    const asOf = new Date(Date.now() + 3_600_000).toISOString();
    const ticket = await given('S-A-6');
    interface Door {
      readonly items: readonly { readonly ticketId: string; readonly issue?: number }[];
    }
    const issueIn = async (query: string) => {
      const { body } = await door.get<Door>(`/v1/shows/${showId}/door${query}`);
      return body.items.filter(({ ticketId }) => ticketId === ticket.ticketId).map(({ issue }) => issue);
    };
    assert.deepEqual(await issueIn(''), [2]);
    assert.deepEqual(await issueIn(`?since=${new Date().toISOString()}`), [2]);
    assert.deepEqual(await issueIn(`?since=${asOf}`), []);
    // A scan with the old code that was made without a network is told later: it does not count.
    const scannedAt = new Date(Date.now() - 60_000).toISOString();
    const told = await door.post<Told & { scannedAt?: string }>('/v1/check-ins', {
      ...{ code: ticket.code, gate: 'south', scannedAt },
    });
    assert.deepEqual([told.status, told.body.code, told.body.scannedAt], [409, 'ticket_given', scannedAt]);
  });
});

describe('an offer', () => {
  it('is made once by its key, and its secret is not told again', async () => {
    const [ticket] = await tickets(['S-C-1']);
    const key = randomUUID();
    const [first, second] = [await offer(ada, ticket, { key }), await offer(ada, ticket, { key })];
    assert.deepEqual([first.status, second.status], [201, 201]);
    assert.equal(first.body.transferId, second.body.transferId);
    assert.equal(second.body.code, undefined);
    assertRefused(await offer(ada, ticket), [409, 'conflict', /offered to somebody already/]);
    const accepted = randomUUID();
    for (const _ of [1, 2]) assert.equal((await take(bob, first.body.code, { key: accepted })).status, 200);
    assert.equal((await offer(ada, ticket, { key })).body.status, 'accepted');
  });

  it('shows what is offered before it is taken, and nothing of who offers it or of the code', async () => {
    const [ticket] = await tickets(['S-C-7']);
    const { code } = (await offer(ada, ticket)).body;
    const look = (secret = code) => bob.client.post<Told>('/v1/transfers/preview', { code: secret });
    const { status, body } = await look();
    assert.deepEqual([status, body.status, body.seat], [200, 'offered', 'S-C-7']);
    assert.deepEqual(
      ['bookingId', 'userId', 'bookedUnder', 'code'].filter((name) => name in body),
      [],
    );
    assert.equal((await ticketOf(bob, ticket)).status, 404, 'a look takes nothing');
    assertRefused(await look(`${code}x`), [404, 'not_found', /Nobody offers/]);
    await takeBack(ada, ticket);
    assert.equal((await look()).body.status, 'withdrawn');
  });

  it('is taken back: its link takes nothing any more, and another can be made', async () => {
    const [ticket] = await tickets(['S-C-2']);
    const { code } = (await offer(ada, ticket)).body;
    for (const _ of [1, 2]) assert.equal((await takeBack(ada, ticket)).status, 204);
    assert.equal((await state(ada, ticket)).body.status, 'withdrawn');
    assertRefused(await take(bob, code), [409, 'conflict', /taken back/]);
    assert.equal((await ticketOf(ada, ticket)).body.offeredAt, undefined);
    const again = await offer(ada, ticket);
    assert.equal((await take(bob, again.body.code)).status, 200);
    assertRefused(await takeBack(ada, ticket), [409, 'conflict', /has taken this ticket/]);
  });

  it('is its holder’s alone, and nobody takes their own', async () => {
    const [ticket] = await tickets(['S-C-3']);
    for (const person of [bob, { ...bob, client: door }]) {
      assert.equal((await offer(person, ticket)).status, 404);
      assert.equal((await state(person, ticket)).status, 404);
      assert.equal((await takeBack(person, ticket)).status, 404);
    }
    const { code } = (await offer(ada, ticket)).body;
    assertRefused(await take(ada, code), [409, 'conflict', /is yours/]);
    assertRefused(await take(bob, `${code}x`), [404, 'not_found', /Nobody offers/]);
    assert.equal((await take(bob, code)).status, 200);
    assert.equal((await offer(ada, ticket)).status, 404, 'it is not hers any more');
  });

  it('ends with a use, a cancellation and the start of the show, and none is made after these', async () => {
    const [used] = await tickets(['S-C-4']);
    const usedCode = (await offer(ada, used)).body.code;
    assert.equal((await checkIn(used.code)).status, 200);
    assertRefused(await take(bob, usedCode), [409, 'already_admitted', /was used/]);
    assertRefused(await offer(ada, used), [409, 'already_admitted', /was used/]);
    assert.equal((await state(ada, used)).body.status, 'ended');
    const [gone] = await tickets(['S-C-5']);
    const goneCode = (await offer(ada, gone)).body.code;
    assert.equal((await cancel(ada, gone.bookingId)).body.status, 'cancelled');
    assertRefused(await take(bob, goneCode), [409, 'ticket_void', /cancelled/]);
    assertRefused(await offer(ada, gone), [409, 'ticket_void', /cancelled/]);
    const soon = await openShow(admin, venue);
    const [late] = await tickets(['S-C-6'], soon);
    const lateCode = (await offer(ada, late)).body.code;
    await begun(soon);
    assertRefused(await take(bob, lateCode), [409, 'conflict', /has begun/]);
    assertRefused(await offer(ada, late), [409, 'conflict', /has begun/]);
    assert.equal((await state(ada, late)).body.status, 'ended');
    assert.equal((await ticketOf(ada, late)).body.offeredAt, undefined);
  });

  it('cannot be guessed at for long', async () => {
    const carl = await newPerson(running);
    const guesses = await Promise.all(Array.from({ length: 80 }, () => take(carl, randomUUID())));
    const limited = guesses.filter(({ status }) => status === 429);
    assert.ok(limited.length >= 10, `${limited.length} of 80 were refused`);
    assert.ok(limited.every(({ headers }) => Number(headers.get('retry-after')) >= 1));
  });
});

describe('the money of a booking of which a ticket was given away', () => {
  const says = /belongs to somebody else/;

  it('does not come back by its customer’s cancellation, whether or not they wait', async () => {
    const [first, second] = await tickets(['S-D-1', 'S-D-2']);
    const { bookingId } = first;
    await take(bob, (await offer(ada, first)).body.code);
    for (const waitSeconds of [0, 20])
      assertRefused(await cancel(ada, bookingId, waitSeconds), [409, 'conflict', says]);
    const { body } = await ada.client.booking(bookingId);
    assert.equal(body.status, 'confirmed');
    assert.equal(await moneyKept(admin, bookingId), 2_150);
    assert.equal((await checkIn(second?.code)).status, 200, 'refused, it has barred no door');
    // Given back, it may be cancelled again, but for the ticket that was used.
    const [lone] = await tickets(['S-D-3']);
    await take(bob, (await offer(ada, lone)).body.code);
    await take(ada, (await offer(bob, lone)).body.code);
    await bookingOnce(ada.client, lone.bookingId, (booking) => !('givenTickets' in booking));
    assert.equal((await cancel(ada, lone.bookingId)).body.status, 'cancelled');
  });

  it('goes back, or the ticket goes to somebody else, never both', async () => {
    const ends = await Promise.all(
      ['S-E-1', 'S-E-2', 'S-E-3', 'S-E-4', 'S-E-5', 'S-E-6', 'S-E-7', 'S-E-8'].map(async (seat, index) => {
        const [ticket] = await tickets([seat]);
        const { code } = (await offer(ada, ticket)).body;
        const asks = [() => cancel(ada, ticket.bookingId), () => take(bob, code)] as const;
        const answers = await Promise.all((index % 2 === 0 ? asks : asks.toReversed()).map((ask) => ask()));
        const [undone, taken] = index % 2 === 0 ? answers : answers.toReversed();
        return `${undone?.status} ${taken?.status}`;
      }),
    );
    for (const end of ends) assert.ok(['200 409', '409 200'].includes(end), end);
  });

  it('goes back to who paid when the organizer cancels, and whoever was given the ticket is told that it is void', async () => {
    const show = await openShow(admin, venue);
    const [ticket] = await tickets(['S-A-1', 'S-A-2'], show);
    const theirs = (await take(bob, (await offer(ada, ticket)).body.code)).body;
    const { status } = await admin.post(`/v1/shows/${show}/cancellation`, {}, { key: randomUUID() });
    assert.equal(status, 202);
    await bookingOnce(ada.client, ticket.bookingId, hasStatus('cancelled'));
    await eventually(
      () => moneyKept(admin, ticket.bookingId),
      (kept) => kept === 0,
    );
    await eventually(
      () => ticketOf(bob, ticket),
      ({ body }) => body.status === 'void',
    );
    assertRefused(await checkIn(theirs.code), [409, 'ticket_void', /cancelled/]);
    const told = await eventually(
      () => messagesAbout(admin, ticket.bookingId),
      (messages) => messages.some(({ kind }) => kind === 'ticket_void'),
    );
    const kinds = (userId: string) => new Set(told.filter((each) => each.userId === userId).map(({ kind }) => kind));
    assert.deepEqual(kinds(bob.userId), new Set(['ticket_received', 'ticket_void']));
    assert.ok(kinds(ada.userId).has('booking_cancelled') && !kinds(ada.userId).has('ticket_void'));
  });
});

describe('who is told', () => {
  it('is whoever had the ticket, so that a stolen account is noticed, and whoever has it now', async () => {
    const ticket = await given('C-A-3');
    const told = await eventually(
      () => messagesAbout(admin, ticket.bookingId),
      (messages) =>
        ['ticket_transferred', 'ticket_received'].every((kind) => messages.some((each) => each.kind === kind)),
    );
    const [away] = told.filter(({ kind }) => kind === 'ticket_transferred');
    const [here] = told.filter(({ kind }) => kind === 'ticket_received');
    assert.deepEqual([away?.to, here?.to], [ada.email, bob.email]);
    assert.match(away?.text ?? '', /If it was not you who offered it, set a new password/);
    assert.doesNotMatch(away?.text ?? '', /Bob/);
    assert.match(here?.text ?? '', new RegExp(`/tickets/${ticket.ticketId}\n`));
    assert.doesNotMatch(here?.text ?? '', /Ada|bkg_/);
  });

  it('of a moved show is whoever was given a ticket, too, once', async () => {
    const show = await openShow(admin, venue);
    const [first, second] = await tickets(['S-A-1', 'S-A-2'], show);
    for (const ticket of [first, second as Ticket]) await take(bob, (await offer(ada, ticket)).body.code);
    await eventually(
      () => messagesAbout(admin, first.bookingId),
      (messages) => messages.filter(({ kind }) => kind === 'ticket_received').length === 2,
    );
    const startsAt = new Date(Date.now() + 20 * 86_400_000).toISOString();
    assert.equal((await admin.call('PATCH', `/v1/shows/${show}`, { body: { startsAt } })).status, 200);
    const told = await eventually(
      async () => (await messagesAbout(admin, first.bookingId)).filter(({ kind }) => kind === 'show_changed'),
      (messages) => messages.length >= 2,
    );
    assert.deepEqual(told.map(({ to }) => to).sort(), [ada.email, bob.email].sort());
    assert.match(told.find(({ to }) => to === bob.email)?.text ?? '', /The ticket that you were given stays valid/);
  });

  it('is the booking’s timeline, without a name', async () => {
    const ticket = await given('C-A-4');
    const path = `/v1/ops/bookings/${ticket.bookingId}/timeline`;
    const { body } = await eventually(
      () => door.get<{ entries: readonly { type: string; says: string }[] }>(path),
      (told) => told.body.entries.some(({ type }) => type === 'TicketTransferred'),
    );
    assert.deepEqual(
      body.entries.filter(({ type }) => type === 'TicketTransferred').map(({ says }) => says),
      ['The ticket for Circle, row 1, seat 4 was given to somebody else: only its code number 2 lets in now.'],
    );
    assert.doesNotMatch(JSON.stringify(body), /Bob|Ada Lovelace/);
  });
});

describe('erasing', () => {
  it('whoever gave a ticket away takes nothing from who has it', async () => {
    const giver = await newPerson(running, { name: 'Grace Hopper' });
    const receiver = await newPerson(running, { name: 'Rosalind Franklin' });
    const ticket = await given('C-A-5', { from: giver, to: receiver });
    assert.equal((await giver.client.call('DELETE', '/v1/me')).status, 204);
    const { status, body } = await ticketOf(receiver, ticket);
    assert.deepEqual([status, body.bookedUnder], [200, 'Rosalind Franklin']);
    assert.equal((await checkIn(body.code)).status, 200);
  });

  it('whoever was given a ticket takes their name from it; it still lets in', async () => {
    const receiver = await newPerson(running, { name: 'Rosalind Franklin' });
    const ticket = await given('C-A-6', { to: receiver });
    const { code } = (await ticketOf(receiver, ticket)).body;
    assert.equal((await receiver.client.call('DELETE', '/v1/me')).status, 204);
    const seen = await eventually(
      () => ticketOf({ ...bob, client: door }, ticket),
      ({ body }) => body.bookedUnder === undefined,
    );
    assert.equal(seen.body.status, 'valid');
    assert.doesNotMatch(JSON.stringify(await ticketsOf(ada.client, ticket.bookingId)), /Rosalind/);
    assert.equal((await checkIn(code)).status, 200);
  });
});
