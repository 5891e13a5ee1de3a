import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { Client, eventually, visa } from './support/client.ts';
import { openEvents } from './support/event-source.ts';
import { acknowledged, outcomesOf, startLoad } from './support/load.ts';
import { occupiedPort, postgresGone, postgresProcesses, postmasterOf, processes } from './support/operating-system.ts';
import { bookingOnce } from './support/operations.ts';
import { signInTo, temporaryDirectory } from './support/servers.ts';
import { openTwoShows } from './support/venue.ts';

const run = promisify(execFile);
const { start, endAll } = processes();
let directory: { readonly path: string; remove(): Promise<void> };
before(async () => {
  directory = await temporaryDirectory();
});
after(async () => {
  await endAll();
  await directory.remove();
});

describe('a house with the people of the demo', async () => {
  await it('says so where others can reach it, also when it is no demo any more, until their roles are taken away', async () => {
    const data = join(directory.path, 'demo');
    const warning = /people of the demo/;
    const alone = await start(data, { FULLHOUSE_DEMO: 'true', LOG_LEVEL: 'warn' });
    assert.doesNotMatch(alone.output(), warning);
    assert.equal(await alone.end('SIGTERM'), 0);
    const reachable = { FULLHOUSE_DEMO: 'false', LOG_LEVEL: 'warn', HOST: '0.0.0.0' };
    const open = await start(data, reachable);
    assert.match(open.output(), warning);
    const admin = await signInTo(open);
    for (const name of ['staff', 'organizer']) {
      const { body } = await admin.get<{ items: { userId: string }[] }>(`/v1/users?email=${name}@fullhouse.example`);
      const path = `/v1/users/${body.items[0]?.userId}`;
      assert.equal((await admin.call('PATCH', path, { body: { roles: ['customer'] } })).status, 200);
    }
    assert.equal(await open.end('SIGTERM'), 0);
    const mended = await start(data, reachable);
    assert.doesNotMatch(mended.output(), warning);
    assert.equal(await mended.end('SIGTERM'), 0);
  });
});

describe('a first start', async () => {
  await it('makes an administrator and shows the password once', async () => {
    const data = join(directory.path, 'first');
    const nobody = { FULLHOUSE_ADMIN_EMAIL: '', FULLHOUSE_ADMIN_PASSWORD: '' };
    const first = await start(data, nobody);
    const shown = /^Administrator: (\S+), password (\S+) \(shown this once\)$/m.exec(first.output());
    assert.ok(shown !== null, first.output());
    const [, email = '', password = ''] = shown;
    const admin = await new Client(first.url).signIn(email, password);
    assert.equal((await admin.get('/v1/settings')).status, 200);
    assert.equal(await first.end('SIGINT'), 0);
    const second = await start(data, nobody);
    assert.doesNotMatch(second.output(), /Administrator|password/);
    await new Client(second.url).signIn(email, password);
    assert.equal(await second.end('SIGTERM'), 0);
  });

  await it('is the only one that makes an administrator: whoever has an address does not become one by it', async () => {
    const data = join(directory.path, 'named');
    const first = await start(data);
    const stranger = { email: 'admin@fullhouse.example', password: 'a password of my own' };
    assert.equal((await new Client(first.url).post('/v1/users', { name: 'Mallory', ...stranger })).status, 201);
    assert.equal(await first.end('SIGTERM'), 0);
    for (const [email, password] of [
      ['', ''],
      ['another@example.com', 'another password'],
    ] as const) {
      const next = await start(data, { FULLHOUSE_ADMIN_EMAIL: email, FULLHOUSE_ADMIN_PASSWORD: password });
      assert.doesNotMatch(next.output(), /Administrator|password/);
      const mallory = await new Client(next.url).signIn(stranger.email, stranger.password);
      assert.equal((await mallory.get('/v1/settings')).status, 403);
      await signInTo(next);
      assert.equal(await next.end('SIGTERM'), 0);
    }
  });

  await it('says on its admin port that it lives and is ready, and counts', async () => {
    const data = join(directory.path, 'observed');
    const { port, server: placeholder } = await occupiedPort();
    await new Promise((resolve) => placeholder.close(resolve));
    const server = await start(data, { ADMIN_PORT: String(port) });
    const admin = new Client(`http://127.0.0.1:${port}`);
    assert.deepEqual((await admin.get('/livez')).body, { status: 'ok' });
    const ready = await admin.get<{ status: string; services: { ready: boolean }[] }>('/readyz');
    assert.deepEqual([ready.status, ready.body.status, ready.body.services.length], [200, 'ok', 8]);
    assert.ok(ready.body.services.every((each) => each.ready));
    const metrics = await admin.get<string>('/metrics');
    for (const name of ['fullhouse_tasks_owned', 'fullhouse_inputs_parked', 'process_cpu_seconds_total']) {
      assert.match(String(metrics.body), new RegExp(`^${name}`, 'm'));
    }
    assert.equal((await new Client(server.url).get('/metrics')).status, 404);
    assert.equal(await server.end('SIGTERM'), 0);
  });
});

describe('an orderly end', async () => {
  await it('under load, with streams open and clients waiting, takes less than ten seconds and loses nothing', async () => {
    const data = join(directory.path, 'orderly');
    const server = await start(data);
    const admin = await signInTo(server);
    const showIds = await openTwoShows(admin);
    const { body: held } = await admin.book({ showId: showIds[0], bestAvailable: { count: 1 } });
    const streams = await Promise.all([
      openEvents(admin, `/v1/bookings/${held.bookingId}/stream`),
      openEvents(admin, `/v1/shows/${showIds[0]}/availability/stream`),
    ]);
    // Somebody waits for half a minute for what will not happen.
    const waiting = admin.book(
      { showId: showIds[0], bestAvailable: { count: 1 }, payment: { ...visa, token: 'tok_slow_60' } },
      { waitSeconds: 30 },
    );
    const load = startLoad(
      Array.from({ length: 8 }, () => admin),
      showIds,
    );
    await acknowledged(load, 50);
    const begun = performance.now();
    assert.equal(await server.end('SIGTERM'), 0);
    assert.ok(performance.now() - begun < 9_000, `it took ${Math.round(performance.now() - begun)} ms`);
    assert.equal((await waiting).status, 202, 'who waited was cut off');
    await load.end();
    await Promise.all(streams.map((stream) => stream.close()));
    assert.deepEqual(await postgresProcesses(data), []);

    const again = await start(data);
    const bookings = await outcomesOf(await signInTo(again), load);
    assert.ok(bookings.every(({ status }) => status === 'confirmed'));
    assert.equal(await again.end('SIGTERM'), 0);
  });

  await it('comes back from a copy of its directory, as it was then', async () => {
    const data = join(directory.path, 'kept');
    const copy = join(directory.path, 'copy');
    const first = await start(data);
    const admin = await signInTo(first);
    const showIds = await openTwoShows(admin);
    const before = await admin.book({ showId: showIds[0], seats: ['S-A-1'], payment: visa });
    await bookingOnce(admin, before.body.bookingId, ({ tickets }) => tickets.length === 1);
    assert.equal(await first.end('SIGTERM'), 0);
    await run('cp', ['-a', data, copy]);

    const second = await start(data);
    const since = await new Client(second.url, admin.token).book({
      showId: showIds[0],
      seats: ['S-A-2'],
      payment: visa,
    });
    assert.equal(since.body.status, 'confirmed');
    await second.end('SIGKILL');
    await postgresGone(data);
    await rm(data, { recursive: true });
    await rename(copy, data);

    const third = await start(data);
    const restored = new Client(third.url, admin.token);
    assert.deepEqual((await restored.booking(before.body.bookingId)).body.tickets.length, 1);
    assert.equal((await restored.booking(since.body.bookingId)).status, 404);
    const again = await restored.book({ showId: showIds[0], seats: ['S-A-2'], payment: visa });
    assert.equal(again.body.status, 'confirmed', 'its seat is free, as it was then');
    const { stdout } = await run('bin/fullhouse', ['check'], { env: { ...process.env, FULLHOUSE_DATA_DIR: data } });
    assert.match(stdout, /invariants hold/);
    assert.equal(await third.end('SIGTERM'), 0);
  });

  await it('starts at once after all of it was killed, its database with it', async () => {
    const data = join(directory.path, 'killed');
    for (let kills = 0; kills < 3; kills += 1) {
      const server = await start(data);
      const postmaster = await postmasterOf(data);
      await server.end('SIGKILL');
      process.kill(postmaster, 'SIGKILL');
    }
    const last = await start(data);
    assert.equal(await last.end('SIGTERM'), 0);
  });

  await it('lets the directory go elsewhere, with its tickets, sessions and secrets', async () => {
    const data = join(directory.path, 'here');
    const server = await start(data);
    const admin = await signInTo(server);
    const showIds = await openTwoShows(admin);
    const quote = await admin.post<{ quote: string }>(`/v1/shows/${showIds[0]}/quotes`, { seats: ['S-B-1'] });
    const { body } = await admin.book({ showId: showIds[0], seats: ['S-A-1'], payment: visa });
    const tickets = (client: Client) =>
      eventually(
        () => client.get<{ items: { code: string }[] }>(`/v1/bookings/${body.bookingId}/tickets`),
        (answer) => answer.body.items.length > 0,
      );
    const before = await tickets(admin);
    assert.equal(await server.end('SIGTERM'), 0);

    const elsewhere = join(directory.path, 'there');
    await rename(data, elsewhere);
    const moved = await start(elsewhere);
    const same = new Client(moved.url, admin.token);
    assert.deepEqual((await tickets(same)).body.items[0]?.code, before.body.items[0]?.code);
    const quoted = await same.book({ showId: showIds[0], quote: quote.body.quote, payment: visa });
    assert.equal(quoted.body.status, 'confirmed');
    const code = before.body.items[0]?.code;
    const admitted = await same.post('/v1/check-ins', { code, gate: 'north' });
    assert.equal(admitted.body['admitted'], true);
    assert.equal(await moved.end('SIGTERM'), 0);
  });
});
