import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { type Client, eventually, visa } from './support/client.ts';
import { openEvents, type ServerEvent } from './support/event-source.ts';
import { newPerson } from './support/people.ts';
import { type RunningApp, runApp } from './support/servers.ts';
import { buildVenue, openShow, type Venue } from './support/venue.ts';

interface Area {
  readonly area: string;
  readonly held: number;
  readonly sold: number;
}
interface Availability {
  readonly showId: string;
  readonly version: number;
  readonly seats: string;
  readonly areas: readonly Area[];
}

let running: RunningApp;
let ada: Client;
let venue: Venue;

before(async () => {
  running = await runApp();
  ada = await running.anyone.register();
  venue = await buildVenue(running.admin);
});
after(() => running.stop());

/** A seat map as a browser keeps it: the snapshot, and every change since. */
function mapOf(events: readonly ServerEvent[]): {
  readonly seats: Map<number, number>;
  readonly areas: Map<string, Area>;
} {
  const seats = new Map<number, number>();
  const areas = new Map<string, Area>();
  for (const { event, data } of events) {
    if (event === 'snapshot')
      for (const [index, state] of statesOf(data as unknown as Availability).entries()) seats.set(index, state);
    else for (const [index, state] of data['seats'] as [number, number][]) seats.set(index, state);
    for (const area of data['areas'] as Area[]) areas.set(area.area, area);
  }
  return { seats, areas };
}

function statesOf({ seats }: Pick<Availability, 'seats'>): readonly number[] {
  return [...Buffer.from(seats, 'base64')].flatMap((byte) => [0, 2, 4, 6].map((shift) => (byte >> shift) & 3));
}

describe('a live seat map', () => {
  const path = (showId: string) => `/v1/shows/${showId}/availability/stream`;
  const book = async (showId: string, request: object, waitSeconds = 20) =>
    (await ada.book({ showId, ...request }, { waitSeconds })).body;

  /** Waits until what was streamed makes the same map as the show's own. */
  async function caughtUp(events: () => readonly ServerEvent[], showId: string): Promise<void> {
    const both = async () => {
      const { body } = await ada.get<Availability>(`/v1/shows/${showId}/availability`);
      const { seats, areas } = mapOf(events());
      return [
        [...seats.values(), ...areas.values()],
        [...statesOf(body), ...body.areas],
      ] as const;
    };
    await eventually(both, ([streamed, told]) => isDeepStrictEqual(streamed, told));
  }

  it('begins with a snapshot and goes on with every change', async () => {
    const showId = await openShow(running.admin, venue);
    const reader = await openEvents(running.anyone, path(showId));
    const snapshot = await reader.first(() => true);
    const { body } = await ada.get<Availability>(`/v1/shows/${showId}/availability`);
    assert.equal(snapshot.event, 'snapshot');
    assert.deepEqual(snapshot.data, body);
    assert.equal(snapshot.id, String(body.version));
    const held = await book(showId, { seats: ['S-A-1'] });
    await reader.first(({ event, data }) => event === 'delta' && JSON.stringify(data['seats']) === '[[0,1]]');
    await ada.post(`/v1/bookings/${held.bookingId}/payments`, visa, { key: randomUUID() });
    await reader.first(({ data }) => JSON.stringify(data['seats']) === '[[0,2]]');
    await book(showId, { areas: [{ area: 'FLOOR', count: 2 }], payment: visa });
    await reader.first(({ data }) =>
      (data['areas'] as Area[]).some(({ sold, held: waiting }) => sold === 2 && waiting === 0),
    );
    await running.admin.post(`/v1/shows/${showId}/blocks`, { seats: ['S-A-5'] });
    await reader.first(({ data }) => JSON.stringify(data['seats']) === '[[4,3]]');
    await caughtUp(() => reader.events, showId);
    await reader.close();
  });

  it('tells many watchers the same', async () => {
    const showId = await openShow(running.admin, venue);
    const readers = await Promise.all(Array.from({ length: 20 }, () => openEvents(running.anyone, path(showId))));
    await Promise.all(Array.from({ length: 15 }, () => book(showId, { bestAvailable: { count: 2 } })));
    for (const reader of readers) {
      await caughtUp(() => reader.events, showId);
      await reader.close();
    }
  });

  it('begins anew for who comes back after the show has taken on another plan', async () => {
    const showId = await openShow(running.admin, venue);
    const before = await openEvents(running.anyone, path(showId));
    const { id } = await before.first(() => true);
    await before.close();
    const { seatPlanId } = await buildVenue(running.admin, { rows: 1, seats: 4 });
    await running.admin.call('PATCH', `/v1/shows/${showId}`, { body: { seatPlanId } });
    await eventually(
      () => ada.get<{ seatPlanId: string }>(`/v1/shows/${showId}/availability`),
      ({ body }) => body.seatPlanId === seatPlanId,
    );
    const again = await openEvents(running.anyone, path(showId), id);
    const { event, data } = await again.first(() => true);
    assert.deepEqual([event, data['seatPlanId']], ['snapshot', seatPlanId]);
    await book(showId, { seats: ['S-A-4'], payment: visa });
    await caughtUp(() => again.events, showId);
    await again.close();
  });

  it('goes on where it was left, without a gap and without a snapshot', async () => {
    const showId = await openShow(running.admin, venue);
    const before = await openEvents(running.anyone, path(showId));
    await book(showId, { seats: ['S-A-1'] });
    const last = await before.first(({ event }) => event === 'delta');
    await before.close();
    await book(showId, { seats: ['S-A-2', 'S-A-3'] });
    await book(showId, { seats: ['S-A-4'], payment: visa });
    await book(showId, { areas: [{ area: 'FLOOR', count: 3 }] });
    const again = await openEvents(running.anyone, path(showId), last.id);
    await book(showId, { seats: ['S-A-5'] });
    await again.first(({ data }) => JSON.stringify(data['seats']).includes('[4,1]'));
    assert.ok(again.events.every(({ event }) => event === 'delta'));
    await caughtUp(() => [...before.events, ...again.events], showId);
    await again.close();
  });

  it('goes on after the snapshot, too, also where what was decided meanwhile concerned no seat', async () => {
    const showId = await openShow(running.admin, venue);
    const first = await openEvents(running.anyone, path(showId));
    const snapshot = await first.first(() => true);
    await first.close();
    const paying = await book(showId, { seats: ['S-A-1'], payment: { method: 'card', token: 'tok_slow_3' } }, 0);
    const second = await openEvents(running.anyone, path(showId), snapshot.id);
    await second.first(({ data }) => JSON.stringify(data['seats']) === '[[0,1]]');
    await caughtUp(() => [...first.events, ...second.events], showId);
    await second.close();
    // The hold was extended for the charge: a newer version of the show, and the same map.
    const { body } = await ada.get<Availability>(`/v1/shows/${showId}/availability`);
    const third = await openEvents(running.anyone, path(showId), String(body.version));
    await third.first(({ data }) => JSON.stringify(data['seats']) === '[[0,2]]');
    assert.ok(
      third.events.every(({ event }) => event === 'delta'),
      JSON.stringify(third.events),
    );
    assert.equal((await ada.booking(paying.bookingId)).body.seats.length, 1);
    await third.close();
  });

  it('gives a snapshot to who has been away for too long, or comes from the future', async () => {
    const showId = await openShow(running.admin, venue);
    const watching = await openEvents(running.anyone, path(showId));
    const seats = Array.from({ length: 50 }, (_, index) => `S-${'ABCDE'[index % 5]}-${1 + Math.floor(index / 5)}`);
    // More changes than are kept for those who come back.
    for (let round = 0; round < 6; round += 1) {
      for (const method of ['POST', 'DELETE']) {
        const change = (seat: string) =>
          running.admin.call(method, `/v1/shows/${showId}/blocks`, { body: { seats: [seat] } });
        const answers = await Promise.all(seats.map(change));
        assert.ok(answers.every(({ status }) => status === 200));
      }
    }
    await book(showId, { seats: ['S-A-1'] });
    for (const id of ['1', '999999', 'nonsense']) {
      const reader = await openEvents(running.anyone, path(showId), id);
      assert.equal((await reader.first(() => true)).event, 'snapshot', `after ${id}`);
      await caughtUp(() => reader.events, showId);
      await reader.close();
    }
    await caughtUp(() => watching.events, showId);
    await watching.close();
  });

  it('is a head and nothing else where only that is asked for', async () => {
    const url = new URL(running.app.url);
    const showId = await openShow(running.admin, venue);
    const socket = connect({ host: url.hostname, port: Number(url.port) });
    socket.write(`HEAD ${path(showId)} HTTP/1.1\r\nhost: here\r\n\r\n`);
    const answer = await text(socket);
    assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/);
    assert.match(answer, /\r\n\r\n$/);
  });

  it('comes whole to who asked for something else on the same connection before', async () => {
    const url = new URL(running.app.url);
    const showId = await openShow(running.admin, venue);
    const socket = connect({ host: url.hostname, port: Number(url.port) });
    let answer = '';
    socket.setEncoding('utf8').on('data', (chunk) => {
      answer += chunk;
    });
    const ask = (target: string) => `GET ${target} HTTP/1.1\r\nhost: here\r\n\r\n`;
    socket.write(ask(`/v1/shows/${showId}`) + ask(path(showId)));
    await eventually(
      async () => answer,
      (all) => all.includes('event: snapshot'),
    );
    socket.destroy();
  });

  it('is there for shows that are', async () => {
    const { status } = await running.anyone.get(path('shw_01890000-0000-7000-8000-000000000001'));
    assert.equal(status, 404);
  });
});

describe('a booking as it happens', () => {
  const follow = (client: Client, bookingId: string, last?: string) =>
    openEvents(client, `/v1/bookings/${bookingId}/stream`, last);
  const isMessage = (kind: string) => (each: ServerEvent) => each.event === 'message' && each.data['kind'] === kind;
  const isBooking = (status: string) => (each: ServerEvent) =>
    each.event === 'booking' && each.data['status'] === status;

  it('is told to its owner at each change, with each message that is sent about it', async () => {
    const showId = await openShow(running.admin, venue);
    const { client } = await newPerson(running, { phone: '+15551234567' });
    const { body } = await client.book({ showId, seats: ['S-A-1'] });
    const reader = await follow(client, body.bookingId);
    const first = await reader.first(({ event }) => event === 'booking');
    assert.deepEqual(first.data, (await client.booking(body.bookingId)).body);
    await client.post(`/v1/bookings/${body.bookingId}/payments`, { method: 'card', token: 'tok_slow_1' }, { key: 'k' });
    for (const status of ['paying', 'confirmed']) await reader.first(isBooking(status));
    for (const kind of ['booking_held', 'payment_received', 'tickets_issued']) {
      const { data } = await reader.first(isMessage(kind));
      assert.deepEqual([data['bookingId'], data['status']], [body.bookingId, 'delivered'], kind);
    }
    await reader.first(({ event, data }) => event === 'booking' && (data['tickets'] as string[]).length === 1);
    const sent = await eventually(
      async () => reader.events.filter(({ event }) => event === 'message'),
      (messages) => messages.length >= 6,
    );
    assert.equal(new Set(sent.map(({ data }) => `${data['kind']} ${data['channel']}`)).size, 6);
    await reader.close();
    const again = await follow(client, body.bookingId, sent.at(-1)?.id);
    await client.post(`/v1/bookings/${body.bookingId}/cancellation`, {}, { key: 'c' });
    await again.first(isMessage('refund_made'));
    assert.equal(
      again.events.filter(isMessage('payment_received')).length,
      0,
      'who comes back misses nothing and hears nothing twice',
    );
    await again.first(isBooking('cancelled'));
    await again.close();
  });

  it('is told to nobody else', async () => {
    const showId = await openShow(running.admin, venue);
    const { body } = await ada.book({ showId, seats: ['S-A-1'] });
    const { client: stranger } = await newPerson(running);
    const { client: clerk } = await newPerson(running, { roles: ['customer', 'staff'] });
    const path = `/v1/bookings/${body.bookingId}/stream`;
    const answers = await Promise.all([stranger, clerk, running.anyone].map((client) => client.get(path)));
    assert.deepEqual(
      answers.map(({ status }) => status),
      [404, 404, 401],
    );
  });
});
