import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { type LocalCluster, startLocalCluster } from '../../deploy/cluster/local-cluster.ts';
import { whyNoPrometheus } from '../../deploy/cluster/prometheus.ts';
import { bareEnvironment } from '../support/bare-environment.ts';
import { type Booking, Client, eventually, visa } from '../support/client.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { brief, kafkaOrSkip } from '../support/kafka.ts';
import { bookingOnce, hasStatus } from '../support/operations.ts';
import { administrator } from '../support/servers.ts';
import { skipLoudly } from '../support/skipping.ts';
import { buildVenue, openShow, type Venue } from '../support/venue.ts';

const environment = {
  ...bareEnvironment,
  PORT: '0',
  LOG_LEVEL: 'warn',
  FULLHOUSE_ADMIN_EMAIL: administrator.email,
  FULLHOUSE_ADMIN_PASSWORD: administrator.password,
};
const run = promisify(execFile);

if (await kafkaOrSkip('every service as a process of its own')) {
  describe('every service as a process of its own', { timeout: 300_000 }, () => {
    let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
    let cluster: LocalCluster;
    let admin: Client;
    let customer: Client;
    let venue: Venue;
    let showId: string;
    let booked: Booking;

    before(async () => {
      directory = await temporaryDirectory();
      cluster = await startLocalCluster({
        directory: join(directory.path, 'cluster'),
        environment,
        observe: true,
        kafka: brief,
      });
      admin = await new Client(cluster.url).signIn(administrator.email, administrator.password);
      venue = await buildVenue(admin, { rows: 20 });
      showId = await openShow(admin, venue);
      customer = await new Client(cluster.url).register();
    });
    after(async () => {
      await cluster.stop();
      await directory.remove();
    });

    const processOf = (name: string) => {
      const found = cluster.processes.find((each) => each.name === name);
      assert.ok(found?.pid !== undefined);
      return found;
    };
    /** The command line, as one who operates the cluster has it. */
    const fullhouse = async (...parameters: string[]) => {
      const env = { ...environment, ...cluster.environment, PUBLIC_URL: cluster.url };
      const { stdout } = await run('bin/fullhouse', parameters, { env }).catch((error: Error & { stdout: string }) => {
        throw new Error(`${error.message}\n${error.stdout}`);
      });
      return stdout;
    };

    it('books from request to ticket', async () => {
      const { status, body } = await customer.book({ showId, seats: ['S-A-1', 'S-A-2'], payment: visa });
      assert.deepEqual([status, body.status], [200, 'confirmed']);
      booked = await bookingOnce(customer, body.bookingId, ({ tickets }) => tickets.length === 2);
    });

    it('shows what a booking did, step by step, where traces are looked at', async () => {
      await fullhouse('settings', 'set', 'traceSampleRatio', '1', '--why', 'to see a booking');
      const traces = cluster.observed?.traces ?? '';
      const seen = async (traceId: string) => (await fetch(`${traces}/${traceId}`)).text();
      // The setting is in force a moment later, and a span is sent a moment after its end.
      const asked: string[] = [];
      const traceId = await eventually(
        async () => {
          const { headers } = await customer.book({ showId, bestAvailable: { count: 1 }, payment: visa });
          asked.push(headers.get('x-request-id') ?? '');
          const drawn = await Promise.all(asked.map(seen));
          return asked.find((_, index) => drawn[index]?.includes('POST /v1/bookings') === true);
        },
        (id) => id !== undefined,
      );
      // Each process sends its spans when it comes to it.
      const wanted = [
        /^ +\+0\.0 ms +[\d.]+ ms {2}POST \/v1\/bookings$/m,
        / {4,}effect ChargeRequested$/m,
        / {4,}process ticket-details$/m,
      ];
      await eventually(
        () => seen(traceId ?? ''),
        (drawn) => wanted.every((line) => line.test(drawn)),
      );
    });

    it('does what the page of the first start says, line by line', async () => {
      const page = await readFile('docs/operations/first-start.md', 'utf8');
      const [starting, ...blocks] = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].map((match) => match[1] ?? '');
      assert.equal(starting, 'npm run cluster -- --observe\n');
      // The demo, which the page's reader gets, has this customer.
      const casey = { name: 'Casey', email: 'customer@fullhouse.example', password: 'customer-demo' };
      assert.equal((await new Client(cluster.url).post('/v1/users', casey)).status, 201);
      const script = blocks.join('').replace('.fullhouse/cluster/environment', cluster.environmentFile);
      const shell = run('sh', ['-ec', script], { env: bareEnvironment });
      const { stdout } = await shell.catch((error: Error & { stdout: string }) => {
        throw new Error(`${error.message}\n${error.stdout}`);
      });
      assert.match(stdout, /bkg_\S+ is confirmed/);
      assert.match(stdout, /invariants hold/);
      if (cluster.observed?.prometheus !== undefined) assert.match(stdout, /"outcome":"confirmed"/);
      assert.doesNotMatch(stdout, /"health":"down"/);
    });

    it('is scraped by a Prometheus that has our alerts', async (t) => {
      const prometheus = cluster.observed?.prometheus;
      if (prometheus === undefined) return skipLoudly(t, await whyNoPrometheus());
      const api = async <Data>(path: string) =>
        ((await (await fetch(`${prometheus}/api/v1/${path}`)).json()) as { readonly data: Data }).data;
      const { activeTargets } = await eventually(
        () => api<{ activeTargets: { health: string; labels: { instance: string } }[] }>('targets'),
        ({ activeTargets: targets }) => targets.every(({ health }) => health === 'up'),
      );
      assert.deepEqual(
        activeTargets.map(({ labels }) => labels.instance).sort(),
        cluster.processes.map(({ name }) => name).sort(),
      );
      const { groups } = await api<{ groups: { rules: { name: string; health: string }[] }[] }>('rules');
      const rules = groups.flatMap((group) => group.rules);
      assert.ok(rules.length > 10 && rules.every(({ health }) => health !== 'err'));
      const confirmed = encodeURIComponent('sum(fullhouse_bookings_total{outcome="confirmed"})');
      await eventually(
        () => api<{ result: { value: [number, string] }[] }>(`query?query=${confirmed}`),
        ({ result }) => Number(result[0]?.value[1]) >= 1,
      );
    });

    it('tells the command line how it is, and proves its promises', async () => {
      const checked = JSON.parse(await fullhouse('check', '--json'));
      assert.equal(checked.holds, true);
      assert.ok(checked.invariants.length > 10);
      assert.match(await fullhouse('timeline', booked.bookingId), /It was confirmed/i);
      const groups = JSON.parse(await fullhouse('lag', '--json')) as { group: string; lag: number }[];
      assert.equal(new Set(groups.map(({ group }) => group)).size, 8);
      const topics = JSON.parse(await fullhouse('topics', 'list', '--json')) as { topic: string; records: number }[];
      assert.ok(topics.every(({ topic, records }) => topic === '' || records >= 0));
      const tickets = (await fullhouse('tail', 'ticket-details', '--from', '0', '--json')).trim().split('\n');
      assert.equal(tickets.filter((line) => JSON.parse(line).subject === booked.bookingId).length, 2);
    });

    it('does what the command line asks, whoever owns the task', async () => {
      await fullhouse('settings', 'set', 'holdTtlMs', '200000', '--why', 'a test wants it so');
      assert.equal((await fullhouse('settings', 'get', 'holdTtlMs')).trim(), '200000');
      const replayed = JSON.parse(await fullhouse('replay', 'booking', '--from', '0', '--json')) as {
        read: number;
        applied: number;
      }[];
      assert.ok(replayed.reduce((sum, { read }) => sum + read, 0) > 0);
      assert.equal(
        replayed.reduce((sum, { applied }) => sum + applied, 0),
        0,
      );
      assert.equal(JSON.parse(await fullhouse('replay', 'payment', '--shadow', '--json')).equal, true);
      const partitions = JSON.parse(await fullhouse('topics', 'describe', 'booking-events', '--json')).offsets as {
        partition: number;
        next: number;
      }[];
      const { partition } = partitions.find(({ next }) => next > 0) ?? { partition: -1 };
      const parameters = ['--topic', 'booking-events', '--partition', String(partition), '--from', '1', '--json'];
      assert.ok(JSON.parse(await fullhouse('republish', 'booking', ...parameters)).events > 0);
      assert.equal(JSON.parse(await fullhouse('rebuild', 'user.bookings', '--json')).swapped, true);
      assert.match(await fullhouse('parked'), /Nothing is parked/);
      assert.equal(JSON.parse(await fullhouse('check', '--json')).holds, true);
    });

    it('stays useful while one of them is down, and goes on when it is back', async () => {
      // Nobody has taken a seat there yet.
      showId = await openShow(admin, venue);
      process.kill(processOf('pricing').pid ?? 0, 'SIGKILL');
      const quote = () => customer.post(`/v1/shows/${showId}/quotes`, { seats: ['S-A-9'] });
      const refused = await quote();
      if (refused.status !== 200) assert.deepEqual([refused.status, refused.body['code']], [503, 'unavailable']);
      assert.equal((await customer.get(`/v1/shows/${showId}`)).status, 200);
      assert.equal((await customer.get(`/v1/shows/${showId}/availability`)).status, 200);
      const { body } = await customer.book({ showId, seats: ['S-A-3'], payment: visa }, { waitSeconds: 0 });
      await bookingOnce(customer, body.bookingId, hasStatus('confirmed'));
      await eventually(quote, ({ status }) => status === 200);
    });

    it('loses nothing when each is killed in turn while people book', async () => {
      const accepted: string[] = [];
      for (const [index, name] of [
        'booking',
        'seat-inventory',
        'payment',
        'notification',
        'ticket',
        'catalog',
      ].entries()) {
        const { status, body } = await customer.book(
          { showId, seats: [`S-B-${index + 1}`], payment: visa },
          { waitSeconds: 0 },
        );
        assert.equal(status, 202);
        accepted.push(body.bookingId);
        process.kill(processOf(name).pid ?? 0, 'SIGKILL');
      }
      for (const bookingId of accepted)
        await bookingOnce(customer, bookingId, ({ status, tickets }) => status === 'confirmed' && tickets.length === 1);
      assert.equal(JSON.parse(await fullhouse('check', '--json')).holds, true);
    });
  });
}
