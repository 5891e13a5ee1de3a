import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Outcome, run } from '../world.ts';
import { openSqlDatabases, type SqlDatabases } from './sql-databases.ts';

/** Seeds over the real SQL in one test; `SQL_SEEDS` says how many, `SQL_SEEDS_FROM` the first. */
const seeds = Number(process.env['SQL_SEEDS'] ?? 3);
const from = Number(process.env['SQL_SEEDS_FROM'] ?? 1);

describe('the simulation over the real SQL', () => {
  let sql: SqlDatabases;
  before(async () => {
    sql = await openSqlDatabases();
  });
  after(() => sql.close());

  async function runOver(seed: number): Promise<Outcome> {
    await sql.empty();
    return run({ seed, sql });
  }

  it(`breaks no promise in ${seeds} seeds`, async (t) => {
    const began = performance.now();
    let [events, bookings] = [0, 0];
    for (let seed = from; seed < from + seeds; seed += 1) {
      const outcome = await runOver(seed);
      assert.deepEqual(outcome.violations, [], `seed ${seed}`);
      events += outcome.events;
      bookings += outcome.bookings;
    }
    const seconds = (performance.now() - began) / 1_000;
    t.diagnostic(
      `${seeds} seeds over PostgreSQL from ${from}: ${bookings} bookings, ${events} events, ${(seeds / seconds).toFixed(2)} seeds/s`,
    );
  });

  it('is the same for the same seed', async () => {
    const [first, again] = [await runOver(from), await runOver(from)];
    assert.equal(again.hash, first.hash);
  });
});
