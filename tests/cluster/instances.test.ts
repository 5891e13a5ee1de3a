import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import pg from 'pg';
import type { ClusterProcess } from '../../src/cluster.ts';
import { roles } from '../../src/composition/roles.ts';
import { hostNamed } from '../../src/composition/services.ts';
import { defaultSettings, type SettingKey } from '../../src/contracts/settings.ts';
import { type Answer, type Booking, Client, eventually, visa } from '../support/client.ts';
import { type ClusterGround, clusterGround } from '../support/cluster.ts';
import { openEvents } from '../support/event-source.ts';
import { kafkaOrSkip } from '../support/kafka.ts';
import { type Load, outcomesOf, startLoad } from '../support/load.ts';
import { bookingOnce, hasStatus } from '../support/operations.ts';
import { administrator } from '../support/servers.ts';
import { buildVenue, openShow } from '../support/venue.ts';

const environment = {
  PORT: '0',
  LOG_LEVEL: 'fatal',
  FULLHOUSE_ADMIN_EMAIL: administrator.email,
  FULLHOUSE_ADMIN_PASSWORD: administrator.password,
};

/** What somebody is told who waits. */
interface Asked {
  readonly place: number;
  readonly status: string;
}

const shared = ['booking', 'seat-inventory', 'user', 'pricing', 'payment'] as const;

if (await kafkaOrSkip('several instances of a service')) {
  describe('several instances of a service', { timeout: 300_000 }, () => {
    let ground: ClusterGround;
    let first: ClusterProcess;
    let second: ClusterProcess;
    let third: ClusterProcess;
    let admin: Client;
    const showIds: string[] = [];

    before(async () => {
      ground = await clusterGround(environment);
      first = await ground.start(roles);
      admin = await new Client(first.url).signIn(administrator.email, administrator.password);
      const venue = await buildVenue(admin);
      for (let shows = 0; shows < 8; shows += 1) showIds.push(await openShow(admin, venue));
    });
    after(() => ground.stop());

    const ownedBy = (process: ClusterProcess, service: string) => hostNamed(process.hosts, service).loop.partitions;
    const bookEverywhere = async (through: Client, seat: string) => {
      const answers = await Promise.all(
        showIds.map((showId) => through.book({ showId, seats: [seat], payment: visa }, { waitSeconds: 30 })),
      );
      assert.deepEqual(
        answers.map(({ status, body }) => [status, body.status]),
        showIds.map(() => [200, 'confirmed']),
      );
      return answers.map(({ body }) => body);
    };

    it('share the tasks, each task with one owner', async () => {
      [second, third] = await Promise.all([ground.start(shared), ground.start(shared)]);
      for (const service of shared) {
        await eventually(
          async () => [first, second, third].map((process) => ownedBy(process, service)),
          (owned) => owned.flat().length === 4 && owned.every((each) => each.length > 0),
        );
        const all = [first, second, third].flatMap((process) => ownedBy(process, service)).sort();
        assert.deepEqual(all, [0, 1, 2, 3], service);
      }
    });

    it('do what was asked of either, and tell whoever waits at the other', async () => {
      for (const [index, { url }] of [first, second].entries()) {
        const customer = await new Client(first.url).register();
        await bookEverywhere(new Client(url, customer.token), `S-A-${index + 1}`);
      }
    });

    it('tell whoever follows a booking at the other', async () => {
      const customer = await new Client(first.url).register();
      for (const showId of showIds) {
        const { body } = await customer.book({ showId, seats: ['S-A-3'] }, { waitSeconds: 30 });
        const path = `/v1/bookings/${body.bookingId}/stream`;
        const streams = await Promise.all(
          [first, second].map(({ url }) => openEvents(new Client(url, customer.token), path)),
        );
        await customer.post(`/v1/bookings/${body.bookingId}/payments`, visa, { key: randomUUID() });
        for (const stream of streams) {
          await stream.first(({ event, data }) => event === 'booking' && data['status'] === 'confirmed');
          await stream.close();
        }
      }
    });

    it('give the places of one waiting room, and together let in no more than may be inside', async () => {
      const showId = await openShow(admin, await buildVenue(admin));
      const path = `/v1/shows/${showId}/waiting-room`;
      assert.equal((await admin.call('PUT', path, { body: { insideMax: 2 } })).status, 200);
      const doors = [first, second, third].map(({ url }) => url);
      // Each of them knows of it a second later, at the most.
      const roomAt = (url: string) => new Client(url, admin.token).get<{ room: unknown }>(path);
      await eventually(
        () => Promise.all(doors.map(roomAt)),
        (rooms) => rooms.every(({ body }) => body.room !== null),
      );
      const people = await Promise.all(Array.from({ length: 9 }, () => new Client(first.url).register()));
      /** All of them, each at another instance than before. */
      let at = 0;
      const ask = async () => {
        at += 1;
        const answers = people.map(({ token }, index) =>
          new Client(doors[(index + at) % doors.length] ?? '', token).post<Asked>(`${path}/places`, undefined),
        );
        return (await Promise.all(answers)).map(({ body }) => body);
      };
      const places = (await ask()).map(({ place }) => place);
      assert.deepEqual(
        places.toSorted((one, other) => one - other),
        people.map((_, index) => index + 1),
      );
      const isIn = ({ status }: Asked) => status === 'let_in';
      const asked = await eventually(ask, (all) => all.filter(isIn).length >= 2);
      assert.deepEqual(
        asked.map(({ place }) => place),
        places,
      );
      assert.equal(asked.filter(isIn).length, 2);
      const { token } = people[asked.findIndex(isIn)] as Client;
      // Whoever was let in by one books at any of them, and makes room for one more.
      for (const url of doors) {
        const { status } = await new Client(url, token).book({ showId, bestAvailable: { count: 1 } });
        assert.equal(status, 200);
      }
      const later = await eventually(ask, (all) => all.filter(isIn).length > 2);
      assert.equal(later.filter(isIn).length, 3);
    });

    describe('while people book', { timeout: 60_000 }, () => {
      const bookingsRead = 100;
      let load: Load;
      let loaded: readonly string[];

      before(async () => {
        const venue = await buildVenue(admin, { rows: 20, seats: 50 });
        loaded = await Promise.all(showIds.map(() => openShow(admin, venue)));
        const anyone = new Client(first.url);
        load = startLoad(await Promise.all(['Ada', 'Bob', 'Cleo', 'Dan'].map((name) => anyone.register(name))), loaded);
      });
      after(() => load.end());

      /** Changes a setting; resolves with when it was answered, once every instance has it, at the most two seconds later. */
      const set = async (key: SettingKey, value: unknown) => {
        const { status } = await admin.call('PUT', `/v1/settings/${key}`, { body: { value, why: 'a test' } });
        assert.equal(status, 200);
        const began = performance.now();
        const hosts = [first, second, third].flatMap((process) => process.hosts);
        const inForce = () => hosts.every((host) => isDeepStrictEqual(host.settings()[key], value));
        await eventually(async () => inForce(), Boolean);
        const tookMs = performance.now() - began;
        assert.ok(tookMs < 2_000, `${key} was in force after ${Math.round(tookMs)} ms`);
        return Date.now();
      };
      /** One booking of each show, so that every task has its part in some. */
      const bookOfEach = (request: object) =>
        Promise.all(loaded.map((showId) => admin.book({ showId, bestAvailable: { count: 1 }, ...request })));

      it('a new hold time counts for every later hold', async () => {
        await set('holdTtlMs', 77_000);
        for (const { body } of await bookOfEach({})) {
          const heldMs = Date.parse(body.holdExpiresAt ?? '') - Date.parse(body.history[0]?.at ?? '');
          assert.ok(heldMs >= 77_000 && heldMs < 87_000, `held for ${heldMs} ms`);
        }
      });

      it('a new price rule makes every later price, and each booking says which version made its', async () => {
        const dearer = { timeToShow: [{ withinHours: 10_000, addPercent: 20 }], largestStepPercent: 100 };
        const rules = { ...defaultSettings.pricingRules, occupancy: [], salesSpeed: [], ...dearer };
        const before = load.acknowledged.length;
        const changedAt = await set('pricingRules', rules);
        const { version } = (await admin.get<{ version: number }>('/v1/settings/pricingRules')).body;
        for (const { body } of await bookOfEach({ payment: visa }))
          assert.deepEqual([body.status, body.total?.amount, body.rulesVersion], ['confirmed', 1_350, version]);
        // What was priced before and is held a moment later has its old price.
        const settledAt = changedAt + 1_000;
        await eventually(
          async () => load.acknowledged.length,
          (count) => Date.now() > settledAt + 500 && count > before + 20,
        );
        const { acknowledged } = load;
        const looked = [...acknowledged.slice(Math.max(0, before - 20), before), ...acknowledged.slice(-bookingsRead)];
        const bookings = await outcomesOf(admin, { ...load, acknowledged: looked });
        for (const { rulesVersion, history, total } of bookings) {
          const heldAt = Date.parse(history.find(({ status }) => status === 'awaiting_payment')?.at ?? '');
          if (heldAt > settledAt) assert.equal(rulesVersion, version);
          assert.equal(total?.amount, rulesVersion === version ? 1_350 : 1_150);
        }
        assert.ok(bookings.some(({ rulesVersion }) => rulesVersion === 0));
        assert.ok(bookings.some(({ rulesVersion }) => rulesVersion === version));
      });

      it('a provider that is switched off is asked for nothing more, and seats can be held all the same', async () => {
        await set('paymentMethods', ['cash']);
        for (const { status, body, headers } of await bookOfEach({ payment: visa }))
          assert.deepEqual([status, body.code, headers.get('retry-after')], [503, 'payment_method_off', '30']);
        const held = await bookOfEach({});
        assert.ok(held.every(({ body }) => body.status === 'awaiting_payment'));
        const pay = ({ body }: Answer<Booking>) =>
          admin.post<Booking>(`/v1/bookings/${body.bookingId}/payments`, visa, { key: randomUUID(), waitSeconds: 20 });
        assert.ok((await Promise.all(held.map(pay))).every(({ body }) => body.code === 'payment_method_off'));
        await set('paymentMethods', ['card', 'cash']);
        assert.ok((await Promise.all(held.map(pay))).every(({ body }) => body.status === 'confirmed'));
      });

      it('levels of the log change where they are meant, and go back', async () => {
        const levels = () =>
          [first, second, third].flatMap((process) =>
            ['booking', 'user'].map((service) => hostNamed(process.hosts, service).logger.level),
          );
        await set('logLevels', { booking: 'silent' });
        assert.deepEqual([...new Set(levels())].sort(), ['fatal', 'silent']);
        await set('logLevels', {});
        assert.deepEqual([...new Set(levels())], ['fatal']);
      });
    });

    it('hand their tasks over when others go in order, and bookings go on', async () => {
      await Promise.all([second.stop(), third.stop()]);
      for (const service of shared)
        await eventually(
          async () => ownedBy(first, service).length,
          (owned) => owned === 4,
        );
      await bookEverywhere(await new Client(first.url).register(), 'S-A-4');
    });

    const ready = () =>
      new Client(first.adminUrl).get<{
        status: string;
        services: { service: string; reason?: string }[];
        dependencies: { dependency: string; reason?: string }[];
      }>('/readyz');

    it('say which database does not answer, and go on by themselves when it does again', async () => {
      const customer = await new Client(first.url).register();
      const database = new pg.Client({ connectionString: ground.postgres.url('postgres') });
      await database.connect();
      await database.query('alter database booking allow_connections false');
      await database.query(`select pg_terminate_backend(pid) from pg_stat_activity where datname = 'booking'`);
      const { body: readiness } = await eventually(ready, ({ status }) => status === 503);
      const troubled = readiness.services.filter(({ reason }) => reason !== undefined);
      assert.deepEqual(
        troubled.map(({ service }) => service),
        ['booking'],
      );
      assert.match(troubled[0]?.reason ?? '', /database/);
      const { status, body } = await customer.book({ showId: showIds[0], seats: ['S-A-6'] }, { waitSeconds: 1 });
      assert.deepEqual([status, body.status], [202, 'requested']);
      await database.query('alter database booking allow_connections true');
      await database.end();
      await bookingOnce(customer, body.bookingId, hasStatus('awaiting_payment'));
      await eventually(ready, (answer) => answer.status === 200);
    });

    it('accept bookings while Kafka is down, and finish them when it is back', async () => {
      const customer = await new Client(first.url).register();
      await ground.kafka.broker.kill();
      const accepted = await Promise.all(
        showIds.map((showId) => customer.book({ showId, seats: ['S-A-5'], payment: visa }, { waitSeconds: 1 })),
      );
      assert.deepEqual(
        accepted.map(({ status, body }) => [status, body.status]),
        showIds.map(() => [202, 'requested']),
      );
      const { status, body: readiness } = await eventually(ready, (answer) =>
        answer.body.dependencies.some(({ dependency, reason }) => dependency === 'kafka' && reason !== undefined),
      );
      // Who can still accept bookings is not to be taken out of a balancer, and nobody should end it.
      assert.deepEqual([status, readiness.status], [200, 'degraded']);
      assert.equal((await new Client(first.adminUrl).get('/livez')).status, 200);
      await ground.kafka.restart();
      for (const { body } of accepted) await bookingOnce(customer, body.bookingId, hasStatus('confirmed'));
      await eventually(ready, (answer) => answer.body.status === 'ok');
    });
  });
}
