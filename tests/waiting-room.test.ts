import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { type Answer, type Client, eventually, visa } from './support/client.ts';
import { changeSetting } from './support/operations.ts';
import { newPerson } from './support/people.ts';
import { assertRefused } from './support/refusals.ts';
import { type RunningApp, runApp, type TestedApp } from './support/servers.ts';
import { buildVenue, openShow, type Venue } from './support/venue.ts';

interface Room {
  readonly opensAt: string;
  readonly joined: number;
  readonly called: number;
  readonly inside: number;
  readonly insideMax: number;
  readonly draw: { readonly commitment: string; readonly drawn?: number; readonly seed?: string };
}
interface Place {
  readonly status: 'before_draw' | 'waiting' | 'let_in';
  readonly place: number;
  readonly turn?: number;
  readonly ahead?: number;
  readonly letInUntil?: string;
  readonly askAgainInSeconds: number;
}

let running: RunningApp;
let venue: Venue;

before(async () => {
  running = await runApp();
  venue = await buildVenue(running.admin);
});
after(() => running.stop());

const path = (showId: string) => `/v1/shows/${showId}/waiting-room`;
const ask = async (customer: Client, showId: string): Promise<Place> => {
  const { status, body } = await customer.post<Place>(`${path(showId)}/places`, undefined);
  assert.equal(status, 200, JSON.stringify(body));
  return body;
};
const letIn = (customer: Client, showId: string) =>
  eventually(
    () => ask(customer, showId),
    ({ status }) => status === 'let_in',
  );
const roomOf = async (showId: string): Promise<Room | null> =>
  (await running.anyone.get<{ room: Room | null }>(path(showId))).body.room;
const book = (customer: Client, showId: string): Promise<Answer<unknown>> =>
  customer.book({ showId, bestAvailable: { count: 1 }, payment: visa });
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const customers = (count: number) => Promise.all(Array.from({ length: count }, () => running.anyone.register()));

/** What the rooms are stored in. */
function database(): TestedApp['hosts'][number] {
  const user = running.app.hosts.find(({ definition }) => definition.name === 'user');
  if (user === undefined) throw new Error('no user service runs');
  return user;
}

/** A room after it has moved on once more: it does as people look at it. */
async function movedOn(showId: string): Promise<Pick<Room, 'called' | 'inside'>> {
  const since = new Date();
  const look = async () => {
    await roomOf(showId);
    const text = 'select called, inside from waiting_rooms where show_id = $1 and moved_at > $2';
    return (await database().query<Pick<Room, 'called' | 'inside'>>(text, [showId, since]))[0];
  };
  return (await eventually(look, (row) => row !== undefined)) as Room;
}

/** A show with a waiting room. */
async function waitedFor(room: object = {}, show: Record<string, unknown> = {}): Promise<string> {
  const showId = await openShow(running.admin, venue, show);
  const { status, body } = await running.admin.call('PUT', path(showId), { body: room });
  assert.equal(status, 200, JSON.stringify(body));
  return showId;
}

describe('a show without a waiting room', () => {
  it('says so, and has no place to join', async () => {
    const showId = await openShow(running.admin, venue);
    const [ada] = await customers(1);
    assert.equal(await roomOf(showId), null);
    assertRefused(await (ada as Client).post(`${path(showId)}/places`, undefined), { status: 404, code: 'not_found' });
    assertRefused(await running.admin.call('DELETE', path(showId)), { status: 404, code: 'not_found' });
  });

  it('is not one that does not exist', async () => {
    const missing = 'shw_00000000-0000-7000-8000-000000000000';
    assertRefused(await running.anyone.get(path(missing)), { status: 404, code: 'not_found' });
    assertRefused(await running.admin.call('PUT', path(missing), { body: {} }), { status: 404, code: 'not_found' });
  });
});

describe('a waiting room', () => {
  it('lets nobody book who was not let in, and whoever was let in', async () => {
    const showId = await waitedFor();
    const [ada, bob] = (await customers(2)) as [Client, Client];
    assertRefused(await book(ada, showId), { status: 409, code: 'waiting_room' });
    const place = await letIn(ada, showId);
    assert.ok(Date.parse(place.letInUntil ?? '') > Date.now());
    assert.equal((await book(ada, showId)).status, 200);
    assert.equal((await book(ada, showId)).status, 200, 'while the visit lasts, once more');
    assertRefused(await book(bob, showId), { status: 409, code: 'waiting_room' });
  });

  it('does not keep staff from selling at the counter', async () => {
    const showId = await waitedFor();
    const { client } = await newPerson(running, { roles: ['staff'] });
    assert.equal((await book(client, showId)).status, 200);
  });

  it('has one place for each customer, however often and at once they ask', async () => {
    const showId = await waitedFor(
      { insideMax: 1 },
      { sales: { opensAt: new Date(Date.now() + 3_600_000).toISOString() } },
    );
    const all = await customers(10);
    const asked = await Promise.all([...all, ...all, ...all].map((each) => ask(each, showId)));
    const places = asked.map(({ place }) => place);
    assert.deepEqual(
      [...new Set(places)].sort((a, b) => a - b),
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    );
    for (let index = 0; index < all.length; index += 1)
      assert.deepEqual([places[index + 10], places[index + 20]], [places[index], places[index]]);
    assert.ok(asked.every(({ status }) => status === 'before_draw'));
  });

  it('lets in as many as there is room for, and the next one when somebody has booked', async () => {
    const showId = await waitedFor({ insideMax: 1 });
    const [ada, bob, cyd] = (await customers(3)) as [Client, Client, Client];
    await letIn(ada, showId);
    await ask(bob, showId);
    await eventually(
      () => ask(cyd, showId),
      ({ status, ahead }) => status === 'waiting' && ahead === 1,
    );
    assert.equal((await roomOf(showId))?.called, 1);
    assertRefused(await book(bob, showId), { status: 409, code: 'waiting_room' });
    assert.equal((await book(ada, showId)).status, 200);
    await letIn(bob, showId);
    const { ahead } = await ask(cyd, showId);
    assert.equal(ahead, 0);
  });

  it('keeps the room of somebody whose booking was rejected, while they try again', async () => {
    const showId = await waitedFor({ insideMax: 1 });
    const [ada, bob] = (await customers(2)) as [Client, Client];
    await letIn(ada, showId);
    await ask(bob, showId);
    assert.equal((await ada.book({ showId, seats: ['Z-Z-99'] })).body.status, 'rejected');
    assert.deepEqual(await movedOn(showId), { called: 1, inside: 1 });
    assert.equal((await book(ada, showId)).status, 200);
    await letIn(bob, showId);
  });

  it('keeps the room of somebody who repeats a request of an earlier visit', async () => {
    await changeSetting(running, 'waitingRoomVisitMs', 1_000);
    const showId = await waitedFor({ insideMax: 1 });
    const [ada] = (await customers(1)) as [Client];
    await letIn(ada, showId);
    const wanted = { showId, bestAvailable: { count: 1 }, payment: visa };
    const { body: first } = await ada.book(wanted, { key: 'the same' });
    await eventually(
      () => ask(ada, showId),
      ({ place }) => place === 2,
    );
    await changeSetting(running, 'waitingRoomVisitMs', 600_000);
    await letIn(ada, showId);
    const { body: again } = await ada.book(wanted, { key: 'the same' });
    assert.equal(again.bookingId, first.bookingId);
    assert.deepEqual(await movedOn(showId), { called: 2, inside: 1 });
  });

  it('lets in more at once when it is made larger', async () => {
    const showId = await waitedFor({ insideMax: 1 });
    const [ada, bob] = (await customers(2)) as [Client, Client];
    await letIn(ada, showId);
    assert.equal((await ask(bob, showId)).status, 'waiting');
    await running.admin.call('PUT', path(showId), { body: { insideMax: 2 } });
    await letIn(bob, showId);
  });

  it('draws lots among all who came before the sale opened, by a seed it was bound to before', async () => {
    const opensAt = new Date(Date.now() + 4_000).toISOString();
    const showId = await waitedFor({}, { sales: { opensAt } });
    const all = await customers(8);
    const early = await Promise.all(all.map((each) => ask(each, showId)));
    const before = (await roomOf(showId)) as Room;
    assert.deepEqual([before.opensAt, before.draw.seed, before.draw.drawn], [opensAt, undefined, undefined]);
    assert.ok(early.every(({ status, turn }) => status === 'before_draw' && turn === undefined));

    await Promise.all(all.map((each) => letIn(each, showId)));
    const { draw } = (await roomOf(showId)) as Room;
    assert.deepEqual([draw.commitment, draw.drawn], [before.draw.commitment, 8]);
    assert.equal(sha256(draw.seed ?? ''), before.draw.commitment);
    const lot = ({ place }: Place) => sha256(`${draw.seed}:${place}`);
    const byLot = [...early].sort((one, other) => (lot(one) < lot(other) ? -1 : 1)).map(({ place }) => place);
    const drawn = await Promise.all(all.map((each) => ask(each, showId)));
    const byTurn = [...drawn].sort((one, other) => (one.turn ?? 0) - (other.turn ?? 0)).map(({ place }) => place);
    assert.deepEqual(byTurn, byLot);
    assert.deepEqual(
      drawn.map(({ turn }) => turn).sort((a = 0, b = 0) => a - b),
      [1, 2, 3, 4, 5, 6, 7, 8],
    );

    const [late] = (await customers(1)) as [Client];
    const { place, turn } = await letIn(late, showId);
    assert.deepEqual([place, turn], [9, 9], 'whoever comes after the draw comes after those who were drawn');
  });

  it('lets nobody in before the sale opens', async () => {
    const showId = await waitedFor({}, { sales: { opensAt: new Date(Date.now() + 3_600_000).toISOString() } });
    const [ada] = (await customers(1)) as [Client];
    assert.equal((await ask(ada, showId)).status, 'before_draw');
    assertRefused(await book(ada, showId), { status: 409, code: 'waiting_room' });
    // The sale opens now; those who wait are let in.
    const sales = { opensAt: new Date().toISOString() };
    assert.equal((await running.admin.call('PATCH', `/v1/shows/${showId}`, { body: { sales } })).status, 200);
    await letIn(ada, showId);
  });

  it('makes room when a visit is over, and gives whoever stayed too long a new place', async () => {
    await changeSetting(running, 'waitingRoomVisitMs', 1_000);
    const showId = await waitedFor({ insideMax: 1 });
    const [ada, bob] = (await customers(2)) as [Client, Client];
    const first = await letIn(ada, showId);
    await letIn(bob, showId);
    assertRefused(await book(ada, showId), { status: 409, code: 'waiting_room' });
    const again = await ask(ada, showId);
    assert.deepEqual([first.place, again.place], [1, 3]);
    await changeSetting(running, 'waitingRoomVisitMs', 600_000);
  });

  it('makes room when nothing is heard of somebody inside, who may go on all the same when they come back', async () => {
    const showId = await waitedFor({ insideMax: 1 });
    const [ada, bob] = (await customers(2)) as [Client, Client];
    await letIn(ada, showId);
    assert.equal((await ask(bob, showId)).status, 'waiting');
    assert.deepEqual(await movedOn(showId), { called: 1, inside: 1 });
    const text = `update waiting_places set heard_at = now() - interval '3 minutes' where show_id = $1 and heard_at is not null`;
    await database().query(text, [showId]);
    await letIn(bob, showId);
    assert.equal((await book(ada, showId)).status, 200);
  });

  it('keeps the turn of whoever comes long after they were called, and lets them in next, not beside those inside', async () => {
    const showId = await waitedFor({ insideMax: 1 });
    const [ada, bob, cyd] = (await customers(3)) as [Client, Client, Client];
    await ask(ada, showId);
    assert.deepEqual(await movedOn(showId), { called: 1, inside: 1 });
    const text = `update waiting_places set called_at = now() - interval '2 minutes' where show_id = $1 and called_at is not null`;
    await database().query(text, [showId]);
    await letIn(bob, showId);
    await ask(cyd, showId);
    const { status, turn, ahead } = await ask(ada, showId);
    assert.deepEqual([status, turn, ahead], ['waiting', 1, 0]);
    assertRefused(await book(ada, showId), { status: 409, code: 'waiting_room' });
    assert.equal((await book(bob, showId)).status, 200);
    await letIn(ada, showId);
    assert.equal((await ask(cyd, showId)).status, 'waiting');
    assert.deepEqual(await movedOn(showId), { called: 2, inside: 1 });
  });

  it('lets in at once whoever comes long after they were called, where there is room', async () => {
    const showId = await waitedFor({ insideMax: 1 });
    const [ada] = (await customers(1)) as [Client];
    await ask(ada, showId);
    await movedOn(showId);
    const text = `update waiting_places set called_at = now() - interval '2 minutes' where show_id = $1`;
    await database().query(text, [showId]);
    assert.deepEqual(await movedOn(showId), { called: 1, inside: 0 });
    assert.equal((await ask(ada, showId)).status, 'let_in');
    assert.equal((await roomOf(showId))?.inside, 1);
  });

  it('keeps the room of somebody inside who asks again', async () => {
    const showId = await waitedFor({ insideMax: 1 });
    const [ada] = (await customers(1)) as [Client];
    const { askAgainInSeconds } = await letIn(ada, showId);
    assert.equal(askAgainInSeconds, 45);
    const heard = async () => {
      const rows = await database().query<{ heard: boolean }>(
        'select let_in_at < heard_at as heard from waiting_places where show_id = $1',
        [showId],
      );
      return rows[0]?.heard;
    };
    assert.equal(await eventually(heard, (each) => each === true), true);
  });

  it('is gone once it is closed: everybody books', async () => {
    const showId = await waitedFor({ insideMax: 1 });
    const [ada, bob] = (await customers(2)) as [Client, Client];
    await letIn(ada, showId);
    await ask(bob, showId);
    assert.equal((await running.admin.call('DELETE', path(showId))).status, 204);
    assert.equal(
      await eventually(
        () => roomOf(showId),
        (room) => room === null,
      ),
      null,
    );
    assert.equal((await book(bob, showId)).status, 200);
  });

  it('forgets whoever is erased', async () => {
    const showId = await waitedFor({ insideMax: 1 });
    const [ada, bob, cyd] = (await customers(3)) as [Client, Client, Client];
    await letIn(ada, showId);
    await ask(bob, showId);
    await ask(cyd, showId);
    assert.equal((await bob.call('DELETE', '/v1/me')).status, 204);
    assert.equal((await book(ada, showId)).status, 200);
    await letIn(cyd, showId);
  });

  it('draws lots that everybody can draw again, also where somebody was erased before', async () => {
    const showId = await waitedFor({}, { sales: { opensAt: new Date(Date.now() + 3_600_000).toISOString() } });
    const all = await customers(6);
    for (const each of all) await ask(each, showId);
    const [gone, ...stay] = all as [Client, ...Client[]];
    assert.equal((await gone.call('DELETE', '/v1/me')).status, 204);
    const sales = { opensAt: new Date().toISOString() };
    assert.equal((await running.admin.call('PATCH', `/v1/shows/${showId}`, { body: { sales } })).status, 200);
    const drawn = await Promise.all(stay.map((each) => letIn(each, showId)));
    const { draw, joined, called } = (await roomOf(showId)) as Room;
    const lot = (place: number) => sha256(`${draw.seed}:${place}`);
    const byLot = Array.from({ length: draw.drawn ?? 0 }, (_, index) => index + 1).sort((one, other) =>
      lot(one) < lot(other) ? -1 : 1,
    );
    assert.deepEqual(
      drawn.map(({ turn }) => turn),
      drawn.map(({ place }) => byLot.indexOf(place) + 1),
    );
    assert.deepEqual([joined, called], [6, 6], 'nobody waits any more');
  });

  it('gives nobody a place that was not stored', async () => {
    const showId = await waitedFor({}, { sales: { opensAt: new Date(Date.now() + 3_600_000).toISOString() } });
    const [ada, bob] = (await customers(2)) as [Client, Client];
    const rows = database();
    await rows.query(
      `create function refuse_places() returns trigger language plpgsql as $$ begin raise 'not stored'; end $$`,
    );
    await rows.query(`create constraint trigger refuse_places after insert on waiting_places deferrable initially deferred
      for each row when (new.show_id = '${showId}') execute function refuse_places()`);
    assert.equal((await ada.post(`${path(showId)}/places`, undefined)).status, 500);
    await rows.query('drop function refuse_places cascade');
    assert.deepEqual([(await ask(bob, showId)).place, (await ask(ada, showId)).place], [1, 2]);
  });

  it('leaves connections to those who book another show, however many rooms move on at once', async () => {
    const sales = { opensAt: new Date(Date.now() + 3_600_000).toISOString() };
    const rooms = await Promise.all(Array.from({ length: 8 }, () => waitedFor({}, { sales })));
    const other = await openShow(running.admin, venue);
    const [ada, bob] = (await customers(2)) as [Client, Client];
    for (const showId of rooms) await ask(ada, showId);
    await database().transaction(async (transaction) => {
      // All that moves on waits for these rows.
      await transaction.query('select from waiting_rooms where show_id = any ($1) for update', [rooms]);
      const waiting = `select count(*)::int from pg_stat_activity
        where wait_event_type = 'Lock' and query like '%from waiting_rooms%for update'`;
      const waitingNow = async () => {
        await roomOf(other);
        return (await database().query<{ count: number }>(waiting))[0]?.count ?? 0;
      };
      await eventually(waitingNow, (count) => count > 0);
      assert.equal((await book(bob, other)).status, 200);
      assert.equal(await waitingNow(), 1);
    });
  });

  it('says how many are inside also when nobody waits any more', async () => {
    const showId = await waitedFor();
    const [ada] = (await customers(1)) as [Client];
    await letIn(ada, showId);
    assert.equal((await roomOf(showId))?.inside, 1);
    assert.equal((await book(ada, showId)).status, 200);
    await eventually(
      () => roomOf(showId),
      (room) => room?.inside === 0,
    );
  });

  it('is opened by organizers only, within its limits', async () => {
    const showId = await openShow(running.admin, venue);
    const [ada] = (await customers(1)) as [Client];
    assertRefused(await ada.call('PUT', path(showId), { body: {} }), { status: 403, code: 'forbidden' });
    assertRefused(await running.admin.call('PUT', path(showId), { body: { insideMax: 0 } }), {
      ...{ status: 422, code: 'validation_failed', pointer: '/insideMax' },
    });
    assertRefused(await running.anyone.post(`${path(showId)}/places`, undefined), {
      ...{ status: 401, code: 'unauthenticated' },
    });
  });
});
