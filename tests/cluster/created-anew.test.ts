import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { ClusterProcess } from '../../src/cluster.ts';
import { roles } from '../../src/composition/roles.ts';
import { topicsOf } from '../../src/composition/services.ts';
import { brokenPromises, contentsOf } from '../support/audit.ts';
import { Client, eventually, visa } from '../support/client.ts';
import { type ClusterGround, clusterGround } from '../support/cluster.ts';
import { kafkaOrSkip } from '../support/kafka.ts';
import { bookingOnce } from '../support/operations.ts';
import { administrator } from '../support/servers.ts';
import { buildVenue, openShow } from '../support/venue.ts';

const environment = {
  PORT: '0',
  LOG_LEVEL: 'fatal',
  FULLHOUSE_ADMIN_EMAIL: administrator.email,
  FULLHOUSE_ADMIN_PASSWORD: administrator.password,
};

if (await kafkaOrSkip('topics that are deleted and created anew')) {
  describe('topics that are deleted and created anew', { timeout: 300_000 }, () => {
    let ground: ClusterGround;
    let cluster: ClusterProcess;
    let customer: Client;
    const showIds: string[] = [];

    before(async () => {
      ground = await clusterGround(environment);
      cluster = await ground.start(roles);
      const admin = await new Client(cluster.url).signIn(administrator.email, administrator.password);
      const venue = await buildVenue(admin);
      for (let shows = 0; shows < 4; shows += 1) showIds.push(await openShow(admin, venue));
      customer = await new Client(cluster.url).register();
    });
    after(() => ground.stop());

    const audited = () => ({ postgres: ground.postgres, log: cluster.log });
    /** One ticket in each show, everything about it settled. */
    const bookEverywhere = async (seat: string) => {
      for (const showId of showIds) {
        const { status, body } = await customer.book({ showId, seats: [seat], payment: visa }, { waitSeconds: 60 });
        assert.deepEqual([status, body.status], [200, 'confirmed']);
        await bookingOnce(customer, body.bookingId, ({ tickets }) => tickets.length === 1);
      }
      await Promise.all(cluster.hosts.map(({ loop }) => loop.caughtUp()));
    };
    /** How many events the topics hold, counted once each. */
    const eventsOnTopics = async () => {
      const found: Record<string, number> = {};
      for (const { name, partitions, retentionDays } of cluster.log.topics) {
        if (retentionDays === 'compacted') continue;
        const ids = new Set<string | undefined>();
        for (let partition = 0; partition < partitions; partition += 1) {
          const { first } = await cluster.log.bounds({ topic: name, partition });
          const records = await cluster.log.read({ topic: name, partition, offset: first }, 10_000);
          for (const { headers } of records) ids.add(headers['ce_id']);
        }
        found[name] = ids.size;
      }
      return found;
    };

    it('are filled again from the databases, and nothing is applied twice', async () => {
      await bookEverywhere('S-A-1');
      const [contents, events] = [await contentsOf(audited()), await eventsOnTopics()];
      await ground.kafka.emptyTopics(topicsOf(4));
      await eventually(eventsOnTopics, (now) => JSON.stringify(now) === JSON.stringify(events));
      await eventually(
        async () => cluster.hosts.filter(({ loop }) => loop.partitions.length < 4 || loop.trouble !== undefined),
        (waiting) => waiting.length === 0,
      );
      await Promise.all(cluster.hosts.map(({ loop }) => loop.caughtUp()));
      assert.deepEqual(await contentsOf(audited()), contents);
      assert.deepEqual(await brokenPromises(audited()), []);
    });

    it('carry new bookings to their tickets', async () => {
      await bookEverywhere('S-A-2');
      assert.deepEqual(await brokenPromises(audited()), []);
    });

    it('show a process that starts after it what is sold', async () => {
      await cluster.stop();
      cluster = await ground.start(roles);
      const { body } = await new Client(cluster.url, customer.token).get<{ seats: string }>(
        `/v1/shows/${showIds[0]}/availability`,
      );
      assert.equal((Buffer.from(body.seats, 'base64')[0] ?? 0) & 0b1111, 0b1010);
    });
  });
}
