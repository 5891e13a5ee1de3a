import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { FeedEvent } from '../src/operations/feed.ts';
import { type CallOptions, type Client, visa } from './support/client.ts';
import { bookingOnce } from './support/operations.ts';
import { newPerson } from './support/people.ts';
import { assertRefused } from './support/refusals.ts';
import { type RunningApp, runApp } from './support/servers.ts';
import { buildVenue, openShow } from './support/venue.ts';

interface Page {
  readonly items: readonly FeedEvent[];
  readonly nextCursor: string;
}

let running: RunningApp;
let organizer: Client;
let customer: Client;
let showId: string;
let bookingId: string;

async function page(query: string, options: CallOptions = {}): Promise<Page> {
  const { status, body } = await organizer.get<Page>(`/v1/feed?${query}`, options);
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}

/** All there is, page by page. */
async function read(query: string): Promise<readonly FeedEvent[]> {
  const events: FeedEvent[] = [];
  for (let { items, nextCursor } = await page(query); items.length > 0; ) {
    events.push(...items);
    ({ items, nextCursor } = await page(`limit=100&cursor=${nextCursor}`));
  }
  return events;
}

async function book(): Promise<string> {
  const { body } = await customer.book({ showId, bestAvailable: { count: 2 }, payment: visa });
  await bookingOnce(customer, body.bookingId, ({ tickets }) => tickets.length === 2);
  return body.bookingId;
}

before(async () => {
  running = await runApp();
  ({ client: organizer } = await newPerson(running, { roles: ['organizer'] }));
  customer = await running.anyone.register('Grace Hopper');
  showId = await openShow(running.admin, await buildVenue(running.admin, { rows: 20, seats: 20 }));
  bookingId = await book();
});
after(() => running.stop());

describe('the feed', () => {
  it('tells what has happened as CloudEvents, those of a show and topic in their order', async () => {
    for (let more = 0; more < 20; more += 1) await book();
    const events = await read('topics=booking-events,ticket-details&limit=100');
    assert.equal(new Set(events.map(({ source, id }) => `${source} ${id}`)).size, events.length);
    const story = events.filter(({ topic, subject }) => topic === 'booking-events' && subject === bookingId);
    assert.deepEqual(
      story.map(({ type }) => type),
      ['BookingCreated', 'BookingHeld', 'BookingPaymentStarted', 'BookingPaid', 'BookingConfirmed'],
    );
    assert.deepEqual(
      story.map(({ streamversion }) => streamversion),
      story.map(({ streamversion }) => streamversion).toSorted((a, b) => a - b),
    );
    const [first] = story;
    assert.deepEqual(
      [first?.specversion, first?.source, first?.partitionkey, first?.datacontenttype],
      ['1.0', '/fullhouse/booking', showId, 'application/json'],
    );
    const types = new Set(events.map(({ type }) => type));
    assert.deepEqual([types.has('TicketIssued'), types.has('SeatsSold')], [true, false]);
  });

  it('tells the same again from a cursor that was used before', async () => {
    const { nextCursor } = await page('topics=seat-events&from=end');
    await book();
    const once = await page(`cursor=${nextCursor}`);
    assert.ok(once.items.some(({ type }) => type === 'SeatsSold'));
    assert.deepEqual((await page(`cursor=${nextCursor}`)).items.slice(0, once.items.length), once.items);
  });

  it('waits for news where somebody wants to, and says that there are none where nobody does', async () => {
    const { items, nextCursor } = await page('topics=ticket-details&from=end');
    assert.deepEqual([items, (await page(`cursor=${nextCursor}`)).items], [[], []]);
    const waited = page(`cursor=${nextCursor}`, { waitSeconds: 30 });
    const booked = await book();
    assert.deepEqual((await waited).items[0]?.subject, booked);
  });

  it('says nothing that leads to a person or through a door', async () => {
    const text = JSON.stringify(await read('from=start'));
    const { body } = await customer.get<{ items: readonly { code: string; bookedUnder: string }[] }>(
      `/v1/bookings/${bookingId}/tickets`,
    );
    const [ticket] = body.items;
    assert.equal(ticket?.bookedUnder, 'Grace Hopper');
    for (const secret of [ticket.code, ticket.bookedUnder, visa.token])
      assert.equal(text.includes(secret), false, secret);
    assert.ok(text.includes('"TicketIssued"'));
  });

  it('refuses topics that it does not have, and cursors that are not its own', async () => {
    const refused = async (query: string, pointer: string) => {
      const answer = await organizer.get(`/v1/feed?${query}`);
      assertRefused(answer, { status: 422, code: 'validation_failed', pointer });
    };
    await refused('topics=user-profiles', '/query/topics');
    await refused('topics=', '/query/topics');
    await refused('cursor=bm90aGluZw', '/query/cursor');
    await refused(`cursor=${cursorOf({ 'user-profiles': ['', [0]] })}`, '/query/cursor');
    await refused('limit=1', '/query/limit');
  });

  it('says where a cursor leads to what is not kept any more', async () => {
    const anew = cursorOf({ 'seat-plans': [randomUUID(), [0]] });
    const answer = await organizer.get<{ detail: string }>(`/v1/feed?cursor=${anew}`);
    assertRefused(answer, { status: 409, code: 'conflict' });
    assert.match(answer.body.detail, /seat-plans was made anew/);
  });

  it('is not for customers', async () => {
    assertRefused(await customer.get('/v1/feed'), { status: 403, code: 'forbidden' });
  });
});

function cursorOf(position: object): string {
  return Buffer.from(JSON.stringify([JSON.stringify(position)])).toString('base64url');
}
