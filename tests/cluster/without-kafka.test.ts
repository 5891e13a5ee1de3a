import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { freePorts } from '../../deploy/cluster/ports.ts';
import type { ClusterProcess } from '../../src/cluster.ts';
import { roles } from '../../src/composition/roles.ts';
import { Client, eventually, visa } from '../support/client.ts';
import { type ClusterGround, clusterGround } from '../support/cluster.ts';
import { kafkaOrSkip } from '../support/kafka.ts';
import { bookingOnce } from '../support/operations.ts';
import { administrator } from '../support/servers.ts';
import { buildVenue, openShow } from '../support/venue.ts';

const environment = {
  PORT: '0',
  LOG_LEVEL: 'silent',
  FULLHOUSE_ADMIN_EMAIL: administrator.email,
  FULLHOUSE_ADMIN_PASSWORD: administrator.password,
};
/** Ten seconds on a machine of its own; other tests run beside this one. */
const acceptsWithinMs = 20_000;

if (await kafkaOrSkip('a process that starts while Kafka is down')) {
  describe('a process that starts while Kafka is down', { timeout: 180_000 }, () => {
    let ground: ClusterGround;
    let starting: Promise<ClusterProcess> | undefined;
    let isDown = false;
    let customer: Client;
    let showId: string;

    before(async () => {
      ground = await clusterGround(environment);
      const earlier = await ground.start(roles);
      const admin = await new Client(earlier.url).signIn(administrator.email, administrator.password);
      showId = await openShow(admin, await buildVenue(admin));
      customer = await new Client(earlier.url).register();
      const limit = { value: 2, why: 'everybody should get some' };
      assert.equal((await admin.call('PUT', '/v1/settings/seatsPerBookingMax', { body: limit })).status, 200);
      await Promise.all(earlier.hosts.map(({ loop }) => loop.caughtUp()));
      await earlier.stop();
      await ground.kafka.broker.kill();
      isDown = true;
    });
    after(async () => {
      // So that the start comes to its end, however the test went.
      if (isDown) await ground.kafka.restart();
      await starting;
      await ground.stop();
    });

    it('accepts bookings before long by the settings stored last, says that it is degraded, and does its work once Kafka is back', async (t) => {
      const [port = 0, adminPort = 0] = await freePorts(2);
      const began = performance.now();
      starting = ground.start(roles, { PORT: String(port), ADMIN_PORT: String(adminPort) });
      const here = new Client(`http://127.0.0.1:${port}`, customer.token);
      const accepted = await eventually(
        () => here.book({ showId, seats: ['S-A-1'], payment: visa }, { waitSeconds: 0 }).catch(() => undefined),
        (answer) => answer?.status === 202,
      );
      const tookMs = Math.round(performance.now() - began);
      t.diagnostic(`the first booking was accepted ${tookMs} ms after the start`);
      assert.ok(tookMs < acceptsWithinMs, `it took ${tookMs} ms`);
      const health = await fetch(`http://127.0.0.1:${adminPort}/readyz`);
      const { status, dependencies } = (await health.json()) as {
        status: string;
        dependencies: { dependency: string; reason?: string }[];
      };
      assert.deepEqual([health.status, status], [200, 'degraded']);
      // The topic of settings cannot be read; what the databases stored of it is in force.
      const three = await here.book({ showId, seats: ['S-A-2', 'S-A-3', 'S-A-4'] }, { waitSeconds: 0 });
      assert.deepEqual([three.status, three.body.code], [422, 'validation_failed']);
      assert.match(dependencies.find(({ dependency }) => dependency === 'kafka')?.reason ?? '', /not been reached/);
      await ground.kafka.restart();
      isDown = false;
      await starting;
      await bookingOnce(here, accepted?.body.bookingId ?? '', ({ tickets }) => tickets.length === 1);
      assert.equal((await fetch(`http://127.0.0.1:${adminPort}/readyz`)).status, 200);
    });
  });
}
