import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pass } from 'node:timers/promises';
import { brokenPromises } from './support/audit.ts';
import { visa } from './support/client.ts';
import { outcomesOf, startLoad } from './support/load.ts';
import { type RunningApp, runApp } from './support/servers.ts';
import { buildVenue, openShow } from './support/venue.ts';

/** The machine's clock jumps while customers book: holds and money know nothing of it. */

const jumpsMs = [600_000, -600_000, 0] as const;
const betweenMs = 700;
const RealDate = Date;

/** From now on every clock of this process says so much more, timers and the database excepted. */
function jump(byMs: number): void {
  const now = () => RealDate.now() + byMs;
  globalThis.Date = new Proxy(RealDate, {
    construct: (real, given: [] | [number]) => (given.length === 0 ? new real(now()) : new real(...given)),
    get: (real, name) => (name === 'now' ? now : Reflect.get(real, name)),
  });
}

let running: RunningApp;
before(async () => {
  running = await runApp();
});
after(async () => {
  globalThis.Date = RealDate;
  await running.stop();
});

describe('a clock that jumps ten minutes ahead, then back behind', () => {
  it('ends no hold early, loses no booking and keeps no money without a ticket', async () => {
    const { admin, anyone, app } = running;
    const venue = await buildVenue(admin, { rows: 20, seats: 40 });
    const showIds = [await openShow(admin, venue), await openShow(admin, venue)];
    const patient = await anyone.register();
    const { body: held } = await patient.book({ showId: showIds[0], seats: ['C-A-1'] });
    assert.equal(held.status, 'awaiting_payment');
    const load = startLoad(await Promise.all([1, 2, 3, 4].map(() => anyone.register())), showIds);
    for (const byMs of jumpsMs) {
      const before = load.acknowledged.length;
      jump(byMs);
      await pass(betweenMs);
      assert.ok(load.acknowledged.length > before, `nobody was answered with the clock ${byMs} ms ahead`);
      const { body } = await patient.booking(held.bookingId);
      assert.deepEqual([body.status, body.holdExpiresAt], ['awaiting_payment', held.holdExpiresAt]);
    }
    await load.end();
    const outcomes = await outcomesOf(admin, load);
    assert.ok(outcomes.every(({ status }) => status === 'confirmed' || status === 'rejected'));
    const paid = await patient.post(`/v1/bookings/${held.bookingId}/payments`, visa, { key: 'late', waitSeconds: 20 });
    assert.equal(paid.body['status'], 'confirmed');
    assert.deepEqual(await brokenPromises(app), []);
  });
});
