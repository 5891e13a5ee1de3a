import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import pg from 'pg';
import { roles } from '../../src/composition/roles.ts';
import { hostNamed } from '../../src/composition/services.ts';
import { Client, eventually, visa } from '../support/client.ts';
import { type ClusterGround, clusterGround } from '../support/cluster.ts';
import { kafkaOrSkip } from '../support/kafka.ts';
import { administrator, signInTo } from '../support/servers.ts';
import { buildVenue, openShow } from '../support/venue.ts';

const environment = {
  PORT: '0',
  LOG_LEVEL: 'silent',
  FULLHOUSE_ADMIN_EMAIL: administrator.email,
  FULLHOUSE_ADMIN_PASSWORD: administrator.password,
};

if (await kafkaOrSkip('the door of a restored database'))
  describe('the door of a ticket database that was restored from a backup', { timeout: 300_000 }, () => {
    let ground: ClusterGround;
    let admin: Client;
    let code = '';
    const sql = async (text: string) => {
      const client = new pg.Client({ connectionString: ground.postgres.url('postgres') });
      await client.connect();
      await client.query(text).finally(() => client.end());
    };
    const letIn = (through: Client) => through.post('/v1/check-ins', { code, gate: 'north' });

    before(async () => {
      ground = await clusterGround(environment);
      const first = await ground.start(roles);
      admin = await signInTo(first);
      const showId = await openShow(admin, await buildVenue(admin));
      const { body } = await admin.book({ showId, bestAvailable: { count: 1 }, payment: visa }, { waitSeconds: 30 });
      const tickets = await eventually(
        () => admin.get<{ items: readonly { code: string }[] }>(`/v1/bookings/${body.bookingId}/tickets`),
        ({ body: { items } }) => items.length === 1,
      );
      code = tickets.body.items[0]?.code ?? '';
      await hostNamed(first.hosts, 'ticket').loop.caughtUp();
      await sql('alter database ticket allow_connections false');
      await sql("select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = 'ticket'");
      await sql('create database ticket_backup template ticket owner ticket');
      await sql('alter database ticket allow_connections true');
      await eventually(
        () => letIn(admin),
        ({ status }) => status === 200,
      );
      await hostNamed(first.hosts, 'ticket').loop.caughtUp();
      await first.stop();
      // A connection that was closed just now may end a moment later.
      await sql('drop database ticket with (force)');
      await sql('alter database ticket_backup rename to ticket');
    });
    after(() => ground.stop());

    it('lets nobody in for a second time, whichever instance is asked and whoever has the task', async () => {
      const instances = await Promise.all([ground.start(roles), ground.start(roles)]);
      const owned = () => instances.map(({ hosts }) => hostNamed(hosts, 'ticket').loop);
      const doors = instances.map(({ url }) => new Client(url, admin.token));
      // Until one of them has been refused the task.
      while (owned().every(({ isBehind }) => !isBehind))
        for (const door of doors) assert.equal((await letIn(door)).status, 503);
      assert.deepEqual(
        owned()
          .map(({ isBehind }) => isBehind)
          .sort(),
        [false, true],
      );
      for (const door of doors) assert.equal((await letIn(door)).status, 503);
    });
  });
