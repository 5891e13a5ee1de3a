import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Client } from './support/client.ts';
import { hoarding } from './support/hoarding.ts';
import { acknowledged, chargedAsConfirmed, type Load, outcomesOf, startLoad } from './support/load.ts';
import { postgresGone, postgresProcesses, postmasterOf, processes } from './support/operating-system.ts';
import { signInTo, temporaryDirectory } from './support/servers.ts';
import { openTwoShows } from './support/venue.ts';

const { start, endAll } = processes();
let directory: { readonly path: string; remove(): Promise<void> };
before(async () => {
  directory = await temporaryDirectory();
});
after(async () => {
  await endAll();
  await directory.remove();
});

/** Every acknowledged booking has ended, most of them confirmed, and the provider charged those and no other. */
async function endedAndPaidOnce(admin: Client, load: Load): Promise<void> {
  const bookings = await outcomesOf(admin, load);
  assert.ok(bookings.filter(({ status }) => status === 'confirmed').length >= 60);
  await chargedAsConfirmed(admin, bookings);
}

describe('a sudden end', async () => {
  await it('of the process leaves no PostgreSQL behind', async () => {
    const data = join(directory.path, 'sudden');
    const server = await start(data);
    assert.ok((await postgresProcesses(data)).includes(await postmasterOf(data)));
    assert.equal(await server.end('SIGKILL'), null);
    await postgresGone(data);
  });

  await it('of a process that has run out of memory loses nothing: the next one goes on where it ended', async () => {
    const data = join(directory.path, 'memory');
    const server = await start(data, hoarding(0));
    const admin = await signInTo(server);
    const showIds = await openTwoShows(admin);
    const load = startLoad(
      Array.from({ length: 8 }, () => admin),
      showIds,
    );
    await acknowledged(load, 60);
    assert.equal(await server.end('SIGUSR2'), null);
    assert.match(server.output(), /out of memory/);
    await load.end();
    await postgresGone(data);
    const next = await start(data);
    await endedAndPaidOnce(await signInTo(next), load);
    assert.equal(await next.end('SIGTERM'), 0);
    await postgresGone(data);
  });

  await it('of PostgreSQL under load is mended: it comes back, and every acknowledged booking ends', async () => {
    const data = join(directory.path, 'mended');
    const server = await start(data);
    const admin = await signInTo(server);
    const showIds = await openTwoShows(admin);
    const load = startLoad(
      Array.from({ length: 8 }, () => admin),
      showIds,
    );
    for (let kill = 0; kill < 2; kill += 1) {
      await acknowledged(load, load.acknowledged.length + 30);
      process.kill(await postmasterOf(data), 'SIGKILL');
      // What is acknowledged from here on was stored by the server that came back.
      await acknowledged(load, load.acknowledged.length + 30);
    }
    await load.end();
    await endedAndPaidOnce(admin, load);
    assert.equal(await server.end('SIGTERM'), 0);
    await postgresGone(data);
  });
});
