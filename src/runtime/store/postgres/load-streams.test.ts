import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import { startTestPostgres, type TestPostgres } from '../../../../tests/support/postgres.ts';
import { PostgresStore } from './postgres-store.ts';

/** Another instance may read a stream just as its owner goes on with it. */
describe('a stream that is loaded while somebody else writes it', () => {
  const stream = 'shw_1';
  const events = (from: number, to: number) =>
    `insert into events select 'seat-events', 0, n, 1, '${stream}', n, 'SeatsSold', 1, '${stream}', '${stream}', 0, 'c', 'c', null, '{}'
     from generate_series(${from}, ${to}) as n`;
  let postgres: TestPostgres;
  before(async () => {
    postgres = await startTestPostgres();
  });
  after(() => postgres.stop());

  for (const [what, change] of [
    ['its owner keeps a snapshot', `${events(11, 20)}; update snapshots set version = 15; ${events(21, 22)}`],
    ['its snapshot is removed', 'delete from snapshots'],
  ] as const)
    test(`is of one moment, although ${what}`, async () => {
      const url = await postgres.database(
        `${events(1, 10)}; insert into snapshots (stream, partition, version, root) values ('${stream}', 0, 8, '{}')`,
      );
      const store = new PostgresStore({ url, applicationName: 'another-reader', views: [] });
      const owner = new pg.Client({ connectionString: url });
      await owner.connect();
      // Holds up whoever reads the table, after having looked at the snapshots.
      await owner.query('begin; lock table events in access exclusive mode');
      const loading = store.loadStreams([{ stream, root: true }]);
      const waits =
        "select from pg_stat_activity where application_name = 'another-reader' and wait_event_type = 'Lock'";
      while ((await postgres.sql(url, waits)).length === 0) await new Promise(setImmediate);
      await owner.query(`${change}; commit`);
      const [loaded] = await loading;
      const known = [...Array.from({ length: loaded?.snapshot?.version ?? 0 }), ...(loaded?.events ?? [])];
      assert.equal(known.length, loaded?.events.at(-1)?.streamVersion);
      await owner.end();
      await store.close();
    });
});
