import assert from 'node:assert/strict';
import { randomInt, randomUUID } from 'node:crypto';
import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Booking, Client, eventually } from './support/client.ts';
import { liftRateLimits } from './support/people.ts';
import { type RunningProcess, runProcess, signInTo, temporaryDirectory } from './support/servers.ts';
import { buildVenue, openShow } from './support/venue.ts';

const kills = Number(process.env['CRASH_TEST_KILLS'] ?? 20);
const customers = 50;
const tokens = ['tok_visa', 'tok_visa', 'tok_visa', 'tok_declined', 'tok_error', 'tok_slow_1', 'tok_lost'] as const;
const settled = new Set(['confirmed', 'rejected', 'expired', 'cancelled']);

/** What one customer was told, written down before the next step: known outside whatever happens inside. */
interface Acknowledged {
  readonly bookingId: string;
  readonly key: string;
  readonly paid: boolean;
}

describe(`killed at ${kills} random moments under ${customers} customers`, () => {
  let directory: { path: string; remove(): Promise<void> };
  let journal: string;
  let server: RunningProcess;
  let showIds: string[];
  let passwords: { email: string; password: string }[];

  before(async () => {
    directory = await temporaryDirectory();
    journal = join(directory.path, 'journal.ndjson');
    server = await runProcess(join(directory.path, 'data'));
    const admin = await signInTo(server);
    const venue = await buildVenue(admin, { rows: 20, seats: 20 });
    showIds = [];
    for (let count = 0; count < 10; count += 1) showIds.push(await openShow(admin, venue));
    await liftRateLimits(admin);
    await admin.call('PUT', '/v1/settings/holdTtlMs', {
      body: { value: 20_000, why: 'what nobody pays should end within the test' },
    });
    passwords = Array.from({ length: customers }, () => ({
      email: `${randomUUID()}@example.com`,
      password: 'correct horse battery',
    }));
    for (const account of passwords) {
      assert.equal((await new Client(server.url).post('/v1/users', { name: 'Ada Lovelace', ...account })).status, 201);
    }
  });
  after(async () => {
    await server.end('SIGTERM');
    await directory.remove();
  });

  /** Books until the server is gone; only what was acknowledged is written down. */
  async function customer(
    url: string,
    account: { email: string; password: string },
    signal: AbortSignal,
  ): Promise<void> {
    try {
      const client = await new Client(url).signIn(account.email, account.password);
      while (!signal.aborted) {
        const key = randomUUID();
        const token = tokens[randomInt(tokens.length)] ?? 'tok_visa';
        const paid = randomInt(5) > 0;
        const showId = showIds[randomInt(showIds.length)];
        const request = {
          showId,
          bestAvailable: { count: 1 + randomInt(3) },
          ...(paid ? { payment: { method: 'card', token } } : {}),
        };
        const { status, body } = await client.book(request, { key, waitSeconds: randomInt(2), signal });
        if (status === 200 || status === 202)
          await appendFile(journal, `${JSON.stringify({ bookingId: body.bookingId, key, paid })}\n`);
      }
    } catch {
      // The server was killed under this request: nothing was acknowledged.
    }
  }

  it('keeps every acknowledged booking, ends each in one state, and keeps no money without a ticket', async (t) => {
    for (let kill = 0; kill < kills; kill += 1) {
      const stop = new AbortController();
      const everyone = passwords.map((account) => customer(server.url, account, stop.signal));
      // The moment is random on purpose: from the middle of signing in to a full load.
      await new Promise((resolve) => setTimeout(resolve, randomInt(100, 2_500)));
      await server.end('SIGKILL');
      stop.abort();
      await Promise.all(everyone);
      server = await runProcess(join(directory.path, 'data'));
    }
    const admin = await signInTo(server);
    const acknowledged = (await readFile(journal, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Acknowledged);
    assert.ok(acknowledged.length > kills, `only ${acknowledged.length} bookings were acknowledged`);
    const captured = new Map<string, number>();
    const bookings: Booking[] = [];
    for (const { bookingId } of acknowledged) {
      const { status, body } = await eventually(
        () => admin.booking(bookingId),
        (answer) =>
          answer.status !== 200 || (settled.has(answer.body.status) && answer.body.refund?.status !== 'pending'),
      );
      assert.equal(status, 200, `${bookingId} is lost`);
      assert.equal(body.history.filter((step) => settled.has(step.status)).length, 1, JSON.stringify(body));
      bookings.push(body);
    }
    const ledger = await admin.all<{ type: string; bookingId: string; amount: { amount: number } }>('/v1/dev/ledger');
    for (const { type, bookingId, amount } of ledger) {
      captured.set(bookingId, (captured.get(bookingId) ?? 0) + (type === 'charge' ? amount.amount : -amount.amount));
    }
    const confirmed = bookings.filter(({ status }) => status === 'confirmed').length;
    t.diagnostic(`${kills} kills: ${bookings.length} bookings acknowledged, none lost; ${confirmed} confirmed`);
    const sold = new Map<string, string>();
    for (const booking of bookings) {
      const kept = captured.get(booking.bookingId) ?? 0;
      if (booking.status !== 'confirmed') {
        assert.equal(kept, 0, `money is kept for ${JSON.stringify(booking)}`);
        continue;
      }
      assert.equal(kept, booking.total?.amount, JSON.stringify(booking));
      const complete = await eventually(
        () => admin.booking(booking.bookingId),
        ({ body }) => body.tickets.length === booking.seats.length,
      );
      assert.equal(complete.body.tickets.length, booking.seats.length);
      for (const seat of booking.seats) {
        const place = `${booking.showId} ${seat}`;
        assert.equal(sold.get(place), undefined, `${place} was sold to ${sold.get(place)} and ${booking.bookingId}`);
        sold.set(place, booking.bookingId);
      }
    }
  });
});
