import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import pg from 'pg';
import { databaseOf, definitions } from '../src/composition/services.ts';
import { type Installation, openInstallation } from '../src/operations/installation.ts';
import { replay } from '../src/operations/replay.ts';
import { type ShadowReplay, shadowReplay } from '../src/operations/shadow-replay.ts';
import { contentsOf } from './support/audit.ts';
import { type Client, declined, visa } from './support/client.ts';
import { bookingOnce } from './support/operations.ts';
import { type RunningApp, runApp } from './support/servers.ts';
import { buildVenue, openShow } from './support/venue.ts';

/** Reading again all that was ever read, by every service: nothing changes, nothing is sent. */

let running: RunningApp;
let installation: Installation;
let bookingId = '';
const urlOf = (name: string) => running.app.postgres.url(databaseOf(name));

before(async () => {
  running = await runApp();
  const { admin, anyone, app } = running;
  installation = openInstallation({ definitions, log: app.log, hosts: app.hosts, urlOf });
  const venue = await buildVenue(admin);
  const showId = await openShow(admin, venue, { refundPolicy: { untilMinutesBefore: 0, feePercent: 10 } });
  const customer = await anyone.register();
  const booked = [
    { seats: ['S-A-1', 'S-A-2'], payment: visa },
    { areas: [{ area: 'FLOOR', count: 2 }], payment: visa },
    { seats: ['S-A-3'], payment: declined },
    { seats: ['S-A-4'] },
    { seats: ['C-A-1', 'C-A-2'], payment: visa },
  ];
  const answers = [];
  for (const request of booked) answers.push((await customer.book({ showId, ...request })).body);
  const [seated, standing, , , given] = answers;
  bookingId = seated?.bookingId ?? '';
  for (const each of [seated, standing, given])
    await bookingOnce(customer, each?.bookingId ?? '', ({ tickets }) => tickets.length === 2);
  await customer.post(`/v1/bookings/${bookingId}/cancellation`, {}, { key: randomUUID(), waitSeconds: 20 });
  await bookingOnce(customer, bookingId, ({ refund }) => refund?.status === 'succeeded');
  await giveAway(customer, standing?.bookingId ?? '');
  await giveAway(customer, given?.bookingId ?? '');
  const path = `/v1/bookings/${given?.bookingId}/cancellation`;
  await running.admin.post(path, { seats: ['C-A-1'] }, { key: randomUUID(), waitSeconds: 20 });
  await settled();
});
/** Gives the first ticket of a booking to somebody else. */
async function giveAway(giver: Client, of: string): Promise<void> {
  const [ticketId] = (await giver.booking(of)).body.tickets;
  const { body } = await giver.post<{ code: string }>(`/v1/tickets/${ticketId}/transfer`, {});
  const receiver = await running.anyone.register('Grace Hopper');
  assert.equal((await receiver.post('/v1/transfers/acceptance', { code: body.code })).status, 200);
}
after(async () => {
  await installation?.close();
  await running?.stop();
});

/** What one service says makes others say something: at rest is what one more round does not change. */
async function settled(): Promise<void> {
  for (let before = ''; ; ) {
    await Promise.all(running.app.hosts.map(({ loop }) => loop.caughtUp()));
    const now = JSON.stringify(await contentsOf(running.app));
    if (now === before) return;
    before = now;
  }
}
const inShadow = async (service: string): Promise<ShadowReplay> => {
  const lines: unknown[] = [];
  for await (const line of shadowReplay(installation, service)) lines.push(line);
  return lines.at(-1) as ShadowReplay;
};
const sql = async (database: string, text: string) => {
  const client = new pg.Client({ connectionString: urlOf(database) });
  await client.connect();
  await client.query(text).finally(() => client.end());
};

describe('a replay from the first record on', () => {
  for (const { name } of definitions) {
    it(`of ${name} changes no table, charges nothing, sends nothing`, async () => {
      const before = await contentsOf(running.app);
      let read = 0;
      for await (const each of replay(installation, { service: name, from: 0 }, new AbortController().signal)) {
        read += each.read;
        assert.equal(each.applied, 0, JSON.stringify(each));
      }
      await settled();
      assert.ok(read > 0);
      assert.deepEqual(await contentsOf(running.app), before);
    });
  }
});

describe('a replay in the shadow', () => {
  for (const { name, views = [], effects = {} } of definitions) {
    it(`of ${name} comes to the same tables, and intends nothing that has no answer`, async () => {
      const { equal, tables, intended, incomplete } = await inShadow(name);
      assert.deepEqual([equal, incomplete], [true, []], JSON.stringify({ tables, intended }, null, 1));
      assert.ok(views.every((view) => tables.some(({ table }) => table === view.name)));
      const hasCharges = ['payment', 'notification'].includes(name);
      if (Object.keys(effects).length > 0 && hasCharges) assert.ok(intended.answered > 0);
      assert.equal(intended.answered + intended.open + intended.overtaken, intended.effects);
    });
  }

  it('finds a row that follows from nothing, and one that is missing', async () => {
    await sql('payment', `update payments set status = 'failed' where id = (select min(id) from payments)`);
    assert.equal((await inShadow('payment')).equal, false);
    await sql('seat-inventory', 'delete from allocations');
    const { tables } = await inShadow('seat-inventory');
    assert.deepEqual(
      tables.filter(({ equal }) => !equal).map(({ table }) => table),
      ['allocations'],
    );
  });

  it('finds an effect that nobody answered, and a timer that nobody set', async () => {
    await sql('ticket', `insert into deadlines values ('${bookingId}', '', 0, 'tickets', 'key', 1)`);
    assert.equal((await inShadow('ticket')).equal, false);
    await sql(
      'notification',
      `update events set causation_id = 'x' where causation_id like '%/answer';
       delete from events where stream = '${bookingId}' and stream_version >
         (select min(stream_version) from events where stream = '${bookingId}' and type = 'MessagePlanned')`,
    );
    assert.equal((await inShadow('notification')).intended.missing.length, 1);
  });
});
