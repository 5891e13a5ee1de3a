import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import pg from 'pg';
import { databaseOf } from '../../src/composition/services.ts';
import { type ServiceName, serviceNames } from '../../src/contracts/topics.ts';
import type { EmbeddedPostgres } from '../../src/runtime/embedded/postgres.ts';
import type { Recalled } from '../../src/runtime/recall/recall.ts';
import { brokenInvariants, contentsOf } from './audit.ts';
import { bareEnvironment } from './bare-environment.ts';
import { type Booking, Client, eventually, visa } from './client.ts';
import { bookingOnce } from './operations.ts';
import { signInTo, type TestedApp } from './servers.ts';
import { buildVenue, openShow } from './venue.ts';

const run = promisify(execFile);
/** What stands for the mailboxes of customers lies in the database of the service that writes to them. */
const mailbox = 'notification messages';

/** Two that lose different things, or, with `RESTORED_TEST_ALL=1`, all eight at once. */
const services: readonly ServiceName[] = process.env['RESTORED_TEST_ALL'] === '1' ? serviceNames : ['user', 'booking'];

/** The whole of an installation, which can be stopped and started again over what it has kept. */
export interface Installation {
  /** What the command line needs to act on it. */
  readonly environment: () => Readonly<Record<string, string>>;
  start(): Promise<TestedApp & { stop(): Promise<void> }>;
  /** Does something to its databases while nothing else runs. */
  whileStopped(work: (postgres: Pick<EmbeddedPostgres, 'url'>) => Promise<void>): Promise<void>;
  stop(): Promise<void>;
}

/** The tests, of an installation in either mode. */
export function describeRestored(open: () => Promise<Installation>): void {
  describe(`databases of ${services.join(', ')} that were restored from a backup`, { timeout: 600_000 }, () => {
    let installation: Installation;
    let app: Awaited<ReturnType<Installation['start']>>;
    let admin: Client;
    let customer: Client;
    /** Who is erased after the backup, and who comes after it. */
    let leaver: Client;
    let newcomer = '';
    let venue: Awaited<ReturnType<typeof buildVenue>>;
    const showIds: string[] = [];
    /** What everybody knows of each booking before its service's database is lost. */
    const bookings = new Map<string, Booking>();
    /** Bookings that were asked for after the backup. */
    let since: readonly string[] = [];
    /** A ticket that somebody was let in with after the backup. */
    let used = '';
    /** Somebody who is given a ticket after the backup, its code from before, and the secret of an offer that was open at the backup. */
    let receiver: Client;
    const given = { bookingId: '', ticketId: '', oldCode: '', outdatedOffer: '' };
    /** What all databases held when they were lost. */
    let known: Awaited<ReturnType<typeof contentsOf>>;

    before(async () => {
      installation = await open();
      await start();
      venue = await buildVenue(admin, { rows: 4, seats: 20 });
      for (let shows = 0; shows < 2; shows += 1)
        showIds.push(await openShow(admin, venue, { refundPolicy: { untilMinutesBefore: 0, feePercent: 10 } }));
      customer = await new Client(app.url).register();
      leaver = await new Client(app.url).register();
      receiver = await new Client(app.url).register('Grace Hopper');
    });
    after(() => installation?.stop());

    async function start() {
      app = await installation.start();
      admin = await signInTo(app);
      customer = new Client(app.url, customer?.token);
      receiver = new Client(app.url, receiver?.token);
    }
    const sql = async (text: string, postgres: Pick<EmbeddedPostgres, 'url'> = app.postgres) => {
      const client = new pg.Client({ connectionString: postgres.url('postgres') });
      await client.connect();
      await client.query(text).finally(() => client.end());
    };
    /** A copy of each database of the same moment: nobody may be in it meanwhile, so its services wait that long. */
    const backUp = async () => {
      for (const name of services.map(databaseOf)) {
        await sql(`alter database "${name}" allow_connections false`);
        await sql(`select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = '${name}'`);
        await sql(`create database "${name}_backup" template "${name}" owner "${name}"`);
        await sql(`alter database "${name}" allow_connections true`);
      }
    };
    const restore = () =>
      installation.whileStopped(async (postgres) => {
        for (const name of services.map(databaseOf)) {
          await sql(`drop database "${name}"`, postgres);
          await sql(`alter database "${name}_backup" rename to "${name}"`, postgres);
        }
      });
    const fullhouse = async (...parameters: readonly string[]) => {
      const env = { ...bareEnvironment, ...installation.environment(), PUBLIC_URL: app.url };
      return (await run('bin/fullhouse', parameters, { env })).stdout;
    };
    const settled = () => Promise.all(app.hosts.map(({ loop }) => loop.caughtUp()));
    /** In every show: one booking that ends as a ticket, one that is cancelled, one whose seats are only held. */
    const bookEverywhere = async () => {
      for (const showId of showIds) {
        const [paid, cancelled] = await Promise.all(
          [1, 2].map(() => customer.book({ showId, bestAvailable: { count: 1 }, payment: visa }, { waitSeconds: 60 })),
        );
        const { body: held } = await customer.book({ showId, bestAvailable: { count: 1 } }, { waitSeconds: 60 });
        assert.deepEqual([paid?.body.status, held.status], ['confirmed', 'awaiting_payment']);
        const [paidId, cancelledId] = [paid?.body.bookingId ?? '', cancelled?.body.bookingId ?? ''];
        for (const id of [paidId, cancelledId]) await bookingOnce(customer, id, ({ tickets }) => tickets.length === 1);
        await customer.post(`/v1/bookings/${cancelledId}/cancellation`, {}, { key: randomUUID(), waitSeconds: 30 });
        await bookingOnce(customer, cancelledId, ({ refund }) => refund?.status === 'succeeded');
        for (const id of [paidId, cancelledId, held.bookingId]) bookings.set(id, (await customer.booking(id)).body);
      }
      await settled();
    };
    /** Where all of the circle is sold, one more waits for a seat of it. */
    const circle = { count: 6, priceCategory: 'premium' };
    const sellCircle = async (showId: string) => {
      const { body } = await admin.book({ showId, bestAvailable: circle, payment: visa }, { waitSeconds: 60 });
      assert.equal(body.status, 'confirmed');
      return body.bookingId;
    };
    const waitForSeat = async (showId: string) => {
      const wanted = { bestAvailable: { ...circle, count: 1 }, waitForSeats: {} };
      const { body } = await customer.book({ showId, ...wanted }, { waitSeconds: 60 });
      assert.equal(body.status, 'waiting');
      bookings.set(body.bookingId, body);
      return body.bookingId;
    };
    /** What becomes free is offered, found for them, and anybody's again: most of that the seat inventory keeps to itself. */
    const giveToWhoWaits = async (bookingId: string, freed: string) => {
      await admin.post(`/v1/bookings/${freed}/cancellation`, {}, { key: randomUUID(), waitSeconds: 30 });
      bookings.set(bookingId, await bookingOnce(customer, bookingId, ({ status }) => status === 'awaiting_payment'));
    };
    /** Somebody exchanges what they have of one show for a seat of another one. */
    const exchangeOne = async (from: string, to: string) => {
      const book = (showId: string, more: object) =>
        customer.book({ showId, bestAvailable: { count: 1 }, payment: visa, ...more }, { waitSeconds: 60 });
      const { body: old } = await book(from, {});
      await bookingOnce(customer, old.bookingId, ({ tickets }) => tickets.length === 1);
      const { body: anew } = await book(to, { replaces: old.bookingId });
      bookings.set(
        old.bookingId,
        await bookingOnce(customer, old.bookingId, ({ refund }) => refund?.status === 'succeeded'),
      );
      bookings.set(anew.bookingId, await bookingOnce(customer, anew.bookingId, ({ tickets }) => tickets.length === 1));
    };
    /** Sells a ticket and cancels the show. */
    const sellAndCancel = async (showId: string) => {
      const { body } = await customer.book({ showId, bestAvailable: { count: 1 }, payment: visa }, { waitSeconds: 60 });
      await bookingOnce(customer, body.bookingId, ({ tickets }) => tickets.length === 1);
      const { status } = await admin.post(`/v1/shows/${showId}/cancellation`, {}, { key: randomUUID() });
      assert.equal(status, 202);
      const refunded = await bookingOnce(customer, body.bookingId, ({ refund }) => refund?.status === 'succeeded');
      bookings.set(body.bookingId, refunded);
    };
    const transferOf = (ticketId: string) => `/v1/tickets/${ticketId}/transfer`;
    const offered = async (ticketId: string) => {
      const { status, body } = await customer.post<{ code: string }>(transferOf(ticketId), {});
      assert.equal(status, 201);
      return body.code;
    };
    const take = (code: string) =>
      receiver.post<{ code: string; detail?: string }>('/v1/transfers/acceptance', { code });
    /** Offers a ticket of the last confirmed booking. */
    const offerOne = async () => {
      const [bookingId = ''] = [...bookings]
        .flatMap(([id, { status }]) => (status === 'confirmed' ? [id] : []))
        .slice(-1);
      const { body } = await customer.get<{ items: readonly { ticketId: string; code: string }[] }>(
        `/v1/bookings/${bookingId}/tickets`,
      );
      const { ticketId = '', code: oldCode = '' } = body.items[0] ?? {};
      Object.assign(given, { bookingId, ticketId, oldCode, outdatedOffer: await offered(ticketId) });
    };
    /** Takes the offer back, and gives the ticket away by another one. */
    const giveItAway = async () => {
      assert.equal((await customer.call('DELETE', transferOf(given.ticketId))).status, 204);
      assert.equal((await take(await offered(given.ticketId))).status, 200);
      bookings.set(given.bookingId, await bookingOnce(customer, given.bookingId, (each) => 'givenTickets' in each));
    };
    const payWhatIsHeld = async () => {
      for (const [id, { status }] of bookings)
        if (status === 'awaiting_payment') {
          await customer.post(`/v1/bookings/${id}/payments`, visa, { key: randomUUID(), waitSeconds: 30 });
          bookings.set(id, await bookingOnce(customer, id, ({ tickets }) => tickets.length === 1));
        }
      await settled();
    };
    /** What the check finds, by its invariants. */
    const broken = async () => {
      // What is lost is found at each look: one again is enough to forgive what is under way.
      const invariants = await brokenInvariants(app, { looksAfterMs: [500] });
      return Object.fromEntries(invariants.map(({ name, rows }) => [name, rows.toSorted()]));
    };
    const contents = () => contentsOf(app);
    const troubled = () => app.hosts.filter(({ loop }) => loop.trouble !== undefined);
    /** Each booking that was asked for since has lost its key, the account that was made since its password. */
    const lostForGood = () => ({
      'keys-are-kept': since
        .map((id) => `${id} has lost its idempotency key: its request, sent again, would book again`)
        .sort(),
      'accounts-are-kept': [
        `${newcomer} has lost its password and its roles: the password can be reset, roles given again`,
      ],
    });

    it('are refused by the tasks that told more on their topics, with the command that helps', async () => {
      await bookEverywhere();
      await sellCircle(showIds[0] ?? '');
      const soonFree = await sellCircle(showIds[1] ?? '');
      await offerOne();
      const soonCancelled = await openShow(admin, venue);
      await backUp();
      const { [mailbox]: messages = '' } = await contents();
      const before = new Set(bookings.keys());
      assert.equal((await leaver.call('DELETE', '/v1/me')).status, 204);
      newcomer = (await (await new Client(app.url).register()).get<{ userId: string }>('/v1/me')).body.userId;
      if (services.includes('catalog')) showIds.push(await openShow(admin, venue));
      await payWhatIsHeld();
      await bookEverywhere();
      await waitForSeat(showIds[0] ?? '');
      await giveToWhoWaits(await waitForSeat(showIds[1] ?? ''), soonFree);
      await exchangeOne(showIds[0] ?? '', showIds[1] ?? '');
      // One that the backup knows, and one that it does not: neither is on sale any more when the database is lost. (A
      // catalogue would lose for good what its topic keeps the newest word of.)
      await sellAndCancel(soonCancelled);
      if (!services.includes('catalog')) await sellAndCancel(await openShow(admin, venue));
      const [visited = ''] = [...bookings].flatMap(([id, { status }]) => (status === 'confirmed' ? [id] : []));
      const { body: tickets } = await customer.get<{ items: readonly { code: string }[] }>(
        `/v1/bookings/${visited}/tickets`,
      );
      await giveItAway();
      used = tickets.items[0]?.code ?? '';
      assert.equal((await admin.post('/v1/check-ins', { code: used, gate: 'north' })).status, 200);
      await settled();
      bookings.set(visited, (await customer.booking(visited)).body);
      since = [...bookings.keys()].filter((id) => !before.has(id));
      known = await contents();
      // The mailbox is there as it was: what had come since is gone, and nothing is sent again.
      if (services.includes('notification')) known = { ...known, [mailbox]: messages };
      await app.stop();
      await restore();
      await start();
      const refused = troubled();
      assert.ok(refused.length > 0);
      for (const { definition, loop } of refused) {
        assert.ok(services.includes(definition.name));
        assert.match(loop.trouble ?? '', new RegExp(`Then run: fullhouse restored ${definition.name}$`));
      }
      const ready = await fetch(`${app.adminUrl}/readyz`);
      const { status, services: told } = (await ready.json()) as {
        readonly status: string;
        readonly services: readonly { readonly reason?: string }[];
      };
      // Where some tasks of each service go on, it is only degraded.
      assert.notEqual(status, 'ok');
      const reasons = told.flatMap(({ reason }) => reason ?? []);
      assert.ok(
        reasons.some((reason) => reason.includes('fullhouse restored')),
        String(reasons),
      );
      if (services.includes('ticket'))
        assert.equal(
          (await admin.post('/v1/check-ins', { code: used, gate: 'south' })).status,
          503,
          'nobody is let in twice',
        );
    });

    it('get back what they told, and what they kept to themselves as far as it follows of what they read', async () => {
      for (const name of services) {
        const recalled = JSON.parse(await fullhouse('restored', name, '--json')) as Recalled[];
        for (const { timeline, gone, broken: unfoldable } of recalled)
          assert.deepEqual([timeline, gone, unfoldable], [2, [], []]);
      }
      await eventually(
        async () => app.hosts.filter(({ loop }) => loop.notReady !== undefined),
        (waiting) => waiting.length === 0,
      );
      await settled();
      assert.deepEqual(troubled(), []);
      for (const [id, booking] of bookings) assert.deepEqual((await customer.booking(id)).body, booking);
      assert.deepEqual(await contents(), known);
      assert.equal((await admin.post('/v1/check-ins', { code: used, gate: 'south' })).status, 409);
      const outdated = await take(given.outdatedOffer);
      assert.deepEqual([outdated.status, outdated.body.code], [409, 'conflict']);
      assert.match(outdated.body.detail ?? '', /taken back/, 'and stays so');
      const old = await admin.post<{ code: string }>('/v1/check-ins', { code: given.oldCode, gate: 'south' });
      assert.deepEqual([old.status, old.body.code], [409, 'ticket_given']);
      assert.equal((await new Client(app.url, leaver.token).get('/v1/me')).status, 401);
      assert.match(await fullhouse('restored', 'booking'), /lacks nothing/);
    });

    it('lack what nobody told, and the check says exactly that', async () => {
      assert.deepEqual(await broken(), lostForGood());
    });

    it('go on: what was held is paid, what is new is booked, and nothing else is wrong', async () => {
      const { body: theirs } = await receiver.get<{ code: string }>(`/v1/tickets/${given.ticketId}`);
      assert.equal((await admin.post('/v1/check-ins', { code: theirs.code, gate: 'south' })).status, 200);
      await payWhatIsHeld();
      await bookEverywhere();
      assert.deepEqual(await broken(), lostForGood());
      assert.match(await fullhouse('parked'), /Nothing is parked/);
    });
  });
}
