import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { ClusterProcess } from '../../src/cluster.ts';
import { roles } from '../../src/composition/roles.ts';
import { hostNamed } from '../../src/composition/services.ts';
import { Client, eventually, visa } from '../support/client.ts';
import { type ClusterGround, clusterGround } from '../support/cluster.ts';
import { openEvents } from '../support/event-source.ts';
import { kafkaOrSkip } from '../support/kafka.ts';
import { bookingOnce, hasStatus } from '../support/operations.ts';
import { administrator } from '../support/servers.ts';
import { buildVenue, openShow } from '../support/venue.ts';

const environment = {
  PORT: '0',
  LOG_LEVEL: 'fatal',
  FULLHOUSE_ADMIN_EMAIL: administrator.email,
  FULLHOUSE_ADMIN_PASSWORD: administrator.password,
};

const shared = ['booking', 'seat-inventory', 'user'] as const;

if (await kafkaOrSkip('several instances of a service')) {
  describe('several instances of a service', { timeout: 300_000 }, () => {
    let ground: ClusterGround;
    let first: ClusterProcess;
    let second: ClusterProcess;
    let admin: Client;
    const showIds: string[] = [];

    before(async () => {
      ground = await clusterGround(environment);
      first = await ground.start(roles);
      admin = await new Client(first.url).signIn(administrator.email, administrator.password);
      const venue = await buildVenue(admin);
      for (let shows = 0; shows < 8; shows += 1) showIds.push(await openShow(admin, venue));
    });
    after(() => ground.stop());

    const ownedBy = (process: ClusterProcess, service: string) => hostNamed(process.hosts, service).loop.partitions;
    const bookEverywhere = async (through: Client, seat: string) => {
      const answers = await Promise.all(
        showIds.map((showId) => through.book({ showId, seats: [seat], payment: visa }, { waitSeconds: 30 })),
      );
      assert.deepEqual(
        answers.map(({ status, body }) => [status, body.status]),
        showIds.map(() => [200, 'confirmed']),
      );
      return answers.map(({ body }) => body);
    };

    it('share the tasks, each task with one owner', async () => {
      second = await ground.start(shared);
      for (const service of shared) {
        await eventually(
          async () => [ownedBy(first, service), ownedBy(second, service)],
          (owned) => owned.flat().length === 4 && owned.every((each) => each.length > 0),
        );
        const all = [...ownedBy(first, service), ...ownedBy(second, service)].sort();
        assert.deepEqual(all, [0, 1, 2, 3], service);
      }
    });

    it('do what was asked of either, and tell whoever waits at the other', async () => {
      for (const [index, { url }] of [first, second].entries()) {
        const customer = await new Client(first.url).register();
        await bookEverywhere(new Client(url, customer.token), `S-A-${index + 1}`);
      }
    });

    it('tell whoever follows a booking at the other', async () => {
      const customer = await new Client(first.url).register();
      for (const showId of showIds) {
        const { body } = await customer.book({ showId, seats: ['S-A-3'] }, { waitSeconds: 30 });
        const path = `/v1/bookings/${body.bookingId}/stream`;
        const streams = await Promise.all(
          [first, second].map(({ url }) => openEvents(new Client(url, customer.token), path)),
        );
        await customer.post(`/v1/bookings/${body.bookingId}/payments`, visa, { key: randomUUID() });
        for (const stream of streams) {
          await stream.first(({ event, data }) => event === 'booking' && data['status'] === 'confirmed');
          await stream.close();
        }
      }
    });

    it('hand their tasks over when one goes in order, and bookings go on', async () => {
      await second.stop();
      for (const service of shared)
        await eventually(
          async () => ownedBy(first, service).length,
          (owned) => owned === 4,
        );
      await bookEverywhere(await new Client(first.url).register(), 'S-A-4');
    });

    it('accept bookings while Kafka is down, and finish them when it is back', async () => {
      const customer = await new Client(first.url).register();
      await ground.kafka.broker.kill();
      const accepted = await Promise.all(
        showIds.map((showId) => customer.book({ showId, seats: ['S-A-5'], payment: visa }, { waitSeconds: 1 })),
      );
      assert.deepEqual(
        accepted.map(({ status, body }) => [status, body.status]),
        showIds.map(() => [202, 'requested']),
      );
      const readiness = await eventually(
        () => new Client(first.adminUrl).get<{ dependencies: { dependency: string; reason?: string }[] }>('/readyz'),
        ({ status }) => status === 503,
      );
      assert.ok(
        readiness.body.dependencies.some(({ dependency, reason }) => dependency === 'kafka' && reason !== undefined),
      );
      await ground.kafka.restart();
      for (const { body } of accepted) await bookingOnce(customer, body.bookingId, hasStatus('confirmed'));
    });
  });
}
