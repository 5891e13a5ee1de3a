import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { brokenPromises } from './support/audit.ts';
import { type Booking, visa } from './support/client.ts';
import { type RunningApp, runApp } from './support/servers.ts';
import { buildVenue, openShow } from './support/venue.ts';

let running: RunningApp;
before(async () => {
  running = await runApp();
});
after(() => running.stop());

test('a booking whose request was stored and told to nobody is made all the same, a little later', async () => {
  const { admin, anyone, app } = running;
  const venue = await buildVenue(admin, { rows: 1, seats: 4 });
  const showId = await openShow(admin, venue);
  const customer = await anyone.register();
  const user = app.hosts.find(({ definition }) => definition.name === 'user');
  assert.ok(user);
  // As when the connection breaks and the server commits much later: the owner has looked by then, and nobody knows of the row.
  const { loop } = user;
  loop.requestsArrived = () => 0;
  const asked = await customer.post('/v1/bookings', { showId, seats: ['C-A-1'], payment: visa }, { key: 'late' });
  assert.equal(asked.status, 202);
  Reflect.deleteProperty(loop, 'requestsArrived');
  const again = { key: 'late', waitSeconds: 30 };
  const { body } = await customer.post('/v1/bookings', { showId, seats: ['C-A-1'], payment: visa }, again);
  assert.equal(body['status'], 'confirmed');
  assert.deepEqual(await brokenPromises(app), []);
});

test('and is paid with what was sent for it meanwhile', async () => {
  const { admin, anyone, app } = running;
  const showId = await openShow(admin, await buildVenue(admin, { rows: 1, seats: 4 }));
  const customer = await anyone.register();
  const loop = app.hosts.find(({ definition }) => definition.name === 'user')?.loop;
  assert.ok(loop);
  loop.requestsArrived = () => 0;
  const asked = await customer.post<Booking>('/v1/bookings', { showId, seats: ['C-A-1'] }, { key: 'unpaid' });
  Reflect.deleteProperty(loop, 'requestsArrived');
  const path = `/v1/bookings/${asked.body.bookingId}/payments`;
  const paid = await customer.post<Booking>(path, visa, { key: 'paid', waitSeconds: 30 });
  assert.deepEqual([paid.status, paid.body.status], [200, 'confirmed']);
  assert.deepEqual(await brokenPromises(app), []);
});
