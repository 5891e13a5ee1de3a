import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import pg from 'pg';
import { type LocalCluster, startLocalCluster } from '../../deploy/cluster/local-cluster.ts';
import { bareEnvironment } from '../support/bare-environment.ts';
import { Client, eventually, visa } from '../support/client.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { brief, kafkaOrSkip } from '../support/kafka.ts';
import { outcomesOf, startLoad } from '../support/load.ts';
import { liftRateLimits } from '../support/people.ts';
import { administrator } from '../support/servers.ts';
import { buildVenue, openShow } from '../support/venue.ts';

/** Every second round freezes the owner while its commit waits for a lock. */
const rounds = Number(process.env['FROZEN_TEST_ROUNDS'] ?? 2);
const customers = 4;

const environment = {
  ...bareEnvironment,
  PORT: '0',
  LOG_LEVEL: 'warn',
  FULLHOUSE_ADMIN_EMAIL: administrator.email,
  FULLHOUSE_ADMIN_PASSWORD: administrator.password,
};
const run = promisify(execFile);

if (await kafkaOrSkip('an owner that is frozen and thaws')) {
  describe(`an owner that is frozen and thaws, ${rounds} times under load`, {
    timeout: 120_000 + rounds * 60_000,
  }, () => {
    let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
    let cluster: LocalCluster;
    let admin: Client;
    let people: readonly Client[];
    let database: pg.Client;
    const showIds: string[] = [];

    before(async () => {
      directory = await temporaryDirectory();
      const instances = { booking: 2 };
      cluster = await startLocalCluster({
        directory: join(directory.path, 'cluster'),
        environment,
        instances,
        kafka: brief,
      });
      admin = await new Client(cluster.url).signIn(administrator.email, administrator.password);
      await liftRateLimits(admin);
      const venue = await buildVenue(admin, { rows: 20, seats: 40 });
      for (let shows = 0; shows < 8; shows += 1) showIds.push(await openShow(admin, venue));
      people = await Promise.all(Array.from({ length: customers }, () => new Client(cluster.url).register()));
      database = new pg.Client({ connectionString: cluster.environment['BOOKING_DATABASE_URL'] });
      await database.connect();
    });
    after(async () => {
      await database?.end();
      await cluster?.stop();
      await directory.remove();
    });

    const processOf = (name: string) => {
      const pid = cluster.processes.find((each) => each.name === name)?.pid;
      assert.ok(pid !== undefined);
      return pid;
    };
    const epochs = async () =>
      (await database.query<{ epoch: string }>('select epoch from tasks order by partition')).rows.map(({ epoch }) =>
        Number(epoch),
      );
    /** How many wait for the rows of tasks that this test holds. */
    const waiting = async () => {
      const text = `select count(*)::int as waiting from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`;
      return (await database.query<{ waiting: number }>(text)).rows[0]?.waiting ?? 0;
    };
    /** Freezes a process, in the middle of a commit if that is wanted. */
    const freeze = async (name: string, inCommit: boolean) => {
      if (inCommit) {
        await database.query('begin');
        await database.query('select from tasks for update');
        // Both owners: so the one that is to be frozen as well.
        await eventually(waiting, (count) => count >= 2);
      }
      process.kill(processOf(name), 'SIGSTOP');
      if (inCommit) await database.query('commit');
    };
    const bookEverywhere = async () => {
      for (const showId of showIds) {
        const request = { showId, bestAvailable: { count: 1 }, payment: visa };
        await eventually(
          () => (people[0] as Client).book(request, { waitSeconds: 30 }),
          ({ body }) => body.status === 'confirmed',
        );
      }
    };

    for (let round = 1; round <= rounds; round += 1) {
      const inCommit = round % 2 === 0;
      const name = round % 4 < 2 ? 'booking' : 'booking-2';
      it(`round ${round}: ${name} ${inCommit ? 'in a commit' : 'at any moment'}`, async () => {
        const load = startLoad(people, showIds);
        await eventually(
          async () => load.acknowledged.length,
          (count) => count >= 10,
        );
        const before = await epochs();
        await freeze(name, inCommit);
        try {
          // Whoever is left takes over all that the frozen one had, and then all shows can be booked again.
          await eventually(epochs, (now) => now.some((epoch, partition) => epoch > (before[partition] ?? 0)));
          await bookEverywhere();
        } finally {
          process.kill(processOf(name), 'SIGCONT');
        }
        await bookEverywhere();
        await load.end();
        const bookings = await outcomesOf(admin, load);
        assert.ok(bookings.some(({ status }) => status === 'confirmed'));
        const env = { ...environment, ...cluster.environment, PUBLIC_URL: cluster.url };
        const { stdout } = await run('bin/fullhouse', ['check', '--json'], { env });
        assert.equal(JSON.parse(stdout).holds, true, stdout);
      });
    }
  });
}
