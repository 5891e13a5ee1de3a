import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Client } from './support/client.ts';
import { type RunningApp, runApp } from './support/servers.ts';
import { buildVenue, openShow } from './support/venue.ts';

const customers = 64;
const rounds = Number(process.env['RACE_TEST_ROUNDS'] ?? 50);
const roundsPerShow = 25;

describe('64 customers want the same two seats', () => {
  let running: RunningApp;
  let everyone: Client[];

  before(async () => {
    running = await runApp({ LOG_LEVEL: 'error' });
    // Hashing passwords is slow on purpose: a few at a time.
    everyone = [];
    while (everyone.length < customers) {
      everyone.push(...(await Promise.all(Array.from({ length: 8 }, () => running.anyone.register()))));
    }
    const { status } = await running.admin.call('PUT', '/v1/settings/rateLimitPerAddress', {
      body: { value: 1_000_000, why: 'all customers of this test come from one address' },
    });
    assert.equal(status, 200);
  });
  after(() => running.stop());

  it(`gives them to exactly one, ${rounds} times, and tells everyone else that they are not available`, async () => {
    const venue = await buildVenue(running.admin, { rows: 5, seats: 10 });
    let showId = '';
    for (let round = 0; round < rounds; round += 1) {
      if (round % roundsPerShow === 0) showId = await openShow(running.admin, venue);
      const first = 2 * (round % 5) + 1;
      const row = String.fromCharCode(65 + Math.floor((round % roundsPerShow) / 5));
      const seats = [`S-${row}-${first}`, `S-${row}-${first + 1}`];
      const answers = await Promise.all(
        everyone.map((customer) => customer.book({ showId, seats }, { waitSeconds: 30 })),
      );
      const winners = answers.filter(({ body }) => body.status === 'awaiting_payment');
      const losers = answers.filter(({ body }) => body.status === 'rejected' && body.reason === 'seats_unavailable');
      assert.equal(
        winners.length,
        1,
        `round ${round}: ${JSON.stringify(answers.map(({ status, body }) => [status, body.status, body.reason, body.code]))}`,
      );
      assert.equal(losers.length, customers - 1);
      assert.deepEqual(winners[0]?.body.seats, seats);
    }
  });
});
