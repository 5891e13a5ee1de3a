import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Account } from '../src/rehearsal/account.ts';
import { bareEnvironment } from './support/bare-environment.ts';
import { type Client, eventually, visa } from './support/client.ts';
import { commandLine } from './support/command-line.ts';
import { type RunningApp, runApp } from './support/servers.ts';
import { buildVenue, openShow } from './support/venue.ts';

type Rehearsed = Account & { readonly isBorne: boolean };

const rows = 2;
const seatsPerRow = 10;
const stalls = rows * seatsPerRow;
/** Seats that are sold to anybody, the accessible pair apart. */
const seats = stalls + 8 - 2;
const customers = seats + 4;

describe('a rehearsal', () => {
  let running: RunningApp;
  let showId: string;
  let directory: string;

  before(async () => {
    running = await runApp();
    directory = running.directory ?? '';
    showId = await openShow(running.admin, await buildVenue(running.admin, { rows, seats: seatsPerRow }));
  });
  after(() => running.stop());
  const housesBeside = async () =>
    (await readdir(dirname(directory))).filter((name) => name.startsWith('.fullhouse-rehearsal'));

  it('sells what there is, by way of a waiting room, tells the others, proves the promises, and leaves nothing behind', async () => {
    const crowd = ['--customers', `${customers}`, '--within', '1', '--seats', '1', '--waiting-room', `${customers}`];
    const account = await commandLine(directory).json<Rehearsed>('rehearse', showId, ...crowd);
    const { confirmed, seats_unavailable: refused = 0, left = 0, ...others } = account.outcomes;
    assert.deepEqual([confirmed, refused + left, others], [seats, customers - seats, {}]);
    assert.deepEqual([account.places.sold, account.inRoom?.count], [seats, customers]);
    assert.deepEqual([account.broken, account.isBorne], [[], true]);
    const came = account.periods.reduce((sum, period) => sum + period.came, 0);
    assert.equal(came, customers);
    assert.ok((account.periods[0]?.busy ?? 0) > 0, 'the machine was busy in the first second as well');
    assert.deepEqual(await running.admin.all('/v1/bookings'), []);
    assert.deepEqual(await housesBeside(), []);
  });

  for (const signal of ['SIGHUP', 'SIGKILL'] as const)
    it(`leaves nothing behind where it is ended by ${signal}`, async () => {
      const env = { ...bareEnvironment, FULLHOUSE_DATA_DIR: directory };
      const command = ['src/cli/main.ts', 'rehearse', showId, '--customers', '1', '--within', '600'];
      const rehearsing = spawn(process.execPath, command, { env, stdio: 'ignore' });
      const isThere = (path: string) =>
        access(path).then(
          () => true,
          () => false,
        );
      const [house = ''] = await eventually(housesBeside, (houses) => houses.length > 0);
      await eventually(() => isThere(join(dirname(directory), house, 'log.sqlite')), Boolean);
      rehearsing.kill(signal);
      await once(rehearsing, 'exit');
      await eventually(housesBeside, (houses) => houses.length === 0);
    });

  it('refuses a wish that nobody could have', async () => {
    const wish = ['rehearse', showId, '--customers', '1', '--seats', '11'];
    const { code, error } = await commandLine(directory).fullhouse(...wish);
    assert.deepEqual([code, /nobody can book 11 seats at once/.test(error)], [1, true], error);
    const limited = await openShow(running.admin, await buildVenue(running.admin, { rows, seats: seatsPerRow }), {
      seatsPerCustomerMax: 1,
    });
    const refused = await commandLine(directory).fullhouse('rehearse', limited, '--customers', '1');
    assert.match(refused.error, /its seatsPerCustomerMax is 1; give a smaller --seats/);
  });

  it('refuses to hold again what nobody has asked for', async () => {
    const { code, error } = await commandLine(directory).fullhouse('rehearse', showId, '--recorded');
    assert.deepEqual([code, /nobody has asked for these shows yet/.test(error)], [1, true]);
  });

  it('of a sale that was held ends as it ended: first come, first served; who never paid holds, who paid later has tickets', async () => {
    const [ada, bob] = [await running.anyone.register(), await running.anyone.register()];
    const ask = async (customer: Client, request: object) => {
      const { status, body } = await customer.book({ showId, ...request });
      assert.ok(status < 300, String(status));
      return body;
    };
    await ask(ada, { seats: ['S-A-1', 'S-A-2'], payment: visa });
    await ask(bob, { seats: ['S-A-2'], payment: visa });
    await ask(bob, { bestAvailable: { count: 2, priceCategory: 'premium' } });
    await ask(ada, { areas: [{ area: 'FLOOR', count: 2 }], payment: visa });
    const { bookingId } = await ask(ada, { bestAvailable: { count: 1 } });
    await ada.post(`/v1/bookings/${bookingId}/payments`, visa, { key: 'later', waitSeconds: 20 });
    const { code, out } = await commandLine(directory).fullhouse('rehearse', showId, '--recorded', '--speed', '2');
    assert.equal(code, 0, out);
    assert.match(out, /^5 customers came, and the last knew after .*: 3 confirmed, 1 (held|seats_unavailable), 1 /m);
    assert.match(out, /^5 of 78 places were sold\.$/m);
    assert.match(out, /^All invariants hold\. It was borne: nobody was told to come back later\.$/m);
  });
});
