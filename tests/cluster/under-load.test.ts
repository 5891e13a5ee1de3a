import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type LocalProcess, startLocalProcess } from '../../deploy/cluster/local-process.ts';
import { freePorts } from '../../deploy/cluster/ports.ts';
import { type Role, roles } from '../../src/composition/roles.ts';
import { type ServiceName, topics } from '../../src/contracts/topics.ts';
import { serviceRoles, variableOf } from '../../src/runtime/configuration.ts';
import { partitionOf } from '../../src/runtime/log/partitioner.ts';
import { brokenPromises } from '../support/audit.ts';
import { bareEnvironment } from '../support/bare-environment.ts';
import { Client, eventually, visa } from '../support/client.ts';
import { type ClusterGround, clusterGround } from '../support/cluster.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { kafkaOrSkip } from '../support/kafka.ts';
import { type Load, outcomesOf, startLoad } from '../support/load.ts';
import { postmasterOf } from '../support/operating-system.ts';
import { liftRateLimits } from '../support/people.ts';
import { administrator } from '../support/servers.ts';
import { buildVenue, openShow } from '../support/venue.ts';

/**
 * Twelve partitions under load, while instances come and go and everything is killed: each service, PostgreSQL, the broker,
 * `UNDER_LOAD_ROUNDS` times each. With more than one round every service is a process of its own and is killed as such; else
 * the two that are scaled are one process, and all others are another.
 */
const rounds = Number(process.env['UNDER_LOAD_ROUNDS'] ?? 1);
const isFull = rounds > 1;
const partitions = 12;
const scaled = ['booking', 'seat-inventory'] as const;
/** What comes and goes together. */
const units: readonly (readonly Role[])[] = isFull ? scaled.map((role) => [role]) : [scaled];
const others = roles.filter((role) => !scaled.some((each) => each === role));
const groups = [...units, ...(isFull ? others.map((role) => [role]) : [others])];
const customers = isFull ? 4 : 2;
const instances = 3;
/** How much longer than on a machine of one's own it may take to be back: other tests run beside this one. */
const slack = Number(process.env['UNDER_LOAD_SLACK'] ?? (isFull ? 1 : 3));
const backAfterOrderlyMs = 6_000 * slack;
/** The brokers of tests give a member up after six seconds. */
const backAfterCrashMs = (6_000 + 3_000) * slack;
const backAfterOutageMs = 30_000 * slack;

const environment = {
  ...bareEnvironment,
  LOG_LEVEL: 'warn',
  FULLHOUSE_PARTITIONS: String(partitions),
  FULLHOUSE_ADMIN_EMAIL: administrator.email,
  FULLHOUSE_ADMIN_PASSWORD: administrator.password,
};

interface Place {
  readonly name: string;
  readonly run: readonly Role[];
  readonly port: number;
  readonly adminPort: number;
  process: LocalProcess | undefined;
}

if (await kafkaOrSkip('a cluster under load')) {
  describe('a cluster under load', { timeout: 240_000 + rounds * 300_000 }, () => {
    let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
    let ground: ClusterGround;
    let told: Readonly<Record<string, string>>;
    let places: readonly Place[];
    let admin: Client;
    let people: readonly Client[];
    let load: Load;
    const showIds: string[] = [];

    async function planned(): Promise<readonly Place[]> {
      const wanted = groups.flatMap((run) =>
        Array.from({ length: units.includes(run) ? instances : 1 }, (_, index) => ({
          ...{ name: `${run.includes('gateway') ? 'gateway' : run[0]}-${index + 1}`, run },
        })),
      );
      const ports = await freePorts(2 * wanted.length);
      return wanted.map((place, index) => ({
        ...place,
        ...{ port: ports[2 * index] ?? 0, adminPort: ports[2 * index + 1] ?? 0, process: undefined },
      }));
    }
    const placeNamed = (name: string): Place => {
      const place = places.find((each) => each.name === name);
      assert.ok(place);
      return place;
    };
    const start = async (name: string) => {
      const place = placeNamed(name);
      place.process = startLocalProcess({
        name,
        command: [process.execPath, 'src/cli/main.ts', 'serve', ...place.run],
        environment: { ...environment, ...told, PORT: String(place.port), ADMIN_PORT: String(place.adminPort) },
        logFile: join(directory.path, `${name}.log`),
        onLine: () => undefined,
      });
      await place.process.ready;
    };
    const stop = async (name: string) => {
      await placeNamed(name).process?.stop();
      placeNamed(name).process = undefined;
    };
    const kill = (name: string) => process.kill(placeNamed(name).process?.pid ?? 0, 'SIGKILL');

    before(async () => {
      directory = await temporaryDirectory();
      ground = await clusterGround(environment);
      places = await planned();
      const urls = serviceRoles.map((role) => [
        variableOf(role),
        places.flatMap(({ run, port }) => (run.includes(role) ? [`http://127.0.0.1:${port}`] : [])).join(),
      ]);
      told = { ...ground.environment, ...(Object.fromEntries(urls) as Record<string, string>) };
      await Promise.all(places.filter(({ name }) => name.endsWith('-1')).map(({ name }) => start(name)));
      const url = `http://127.0.0.1:${placeNamed('gateway-1').port}`;
      admin = await new Client(url).signIn(administrator.email, administrator.password);
      await liftRateLimits(admin);
      const venue = await buildVenue(admin, { rows: 20, seats: isFull ? 400 : 40 });
      // A show in each partition.
      for (const taken = new Set<number>(); taken.size < partitions; ) {
        const showId = await openShow(admin, venue);
        if (taken.has(partitionOf(showId, partitions))) continue;
        taken.add(partitionOf(showId, partitions));
        showIds.push(showId);
      }
      people = await Promise.all(Array.from({ length: customers }, () => new Client(url).register()));
      load = startLoad(people, showIds);
    });
    after(async () => {
      await load?.end();
      await Promise.all(places.map(({ process: running }) => running?.stop()));
      await ground?.stop();
      await directory.remove();
    });

    /** Resolves when every show can be booked to the end; with the milliseconds that took. */
    const allShowsBooked = async (): Promise<number> => {
      const began = performance.now();
      const book = (showId: string) => {
        const request = { showId, bestAvailable: { count: 1 }, payment: visa };
        return eventually(
          () => (people[0] as Client).book(request, { waitSeconds: 30 }).catch(() => undefined),
          (answer) => answer?.body.status === 'confirmed',
        );
      };
      await Promise.all(showIds.map(book));
      return performance.now() - began;
    };
    const backWithin = async (what: string, limitMs: number, diagnostic: (text: string) => void) => {
      const tookMs = Math.round(await allShowsBooked());
      diagnostic(`${what}: every show could be booked after ${tookMs} ms`);
      assert.ok(tookMs <= limitMs, `${what}: bookings flowed again after ${tookMs} ms, not within ${limitMs}`);
    };
    /** How many tasks of a service each of its instances says to own; `undefined` of one that does not answer. */
    const tasksOwned = (service: ServiceName) =>
      Promise.all(
        places
          .filter(({ run, process: running }) => run.includes(service) && running !== undefined)
          .map(async ({ adminPort }) => {
            const answer = await fetch(`http://127.0.0.1:${adminPort}/metrics`).catch(() => undefined);
            const text = (await answer?.text()) ?? '';
            const found = new RegExp(`^fullhouse_tasks_owned\\{[^}]*service="${service}"[^}]*\\} (\\d+)`, 'm').exec(
              text,
            );
            return found === null ? undefined : Number(found[1]);
          }),
      );
    /** All tasks are owned, and by as many instances as there should be. */
    const shared = (service: ServiceName, count: number) =>
      eventually(
        () => tasksOwned(service),
        (owned) =>
          owned.length === count &&
          owned.every((each) => each !== undefined && each > 0) &&
          owned.reduce<number>((sum, each) => sum + (each ?? 0), 0) === partitions,
      );
    /** Every acknowledged booking has ended as it should, and the load goes on. */
    const nothingLost = async () => {
      await load.end();
      const bookings = await outcomesOf(admin, load);
      assert.ok(bookings.some(({ status }) => status === 'confirmed'));
      const log = await ground.openLog();
      const audited = { postgres: ground.postgres, log };
      assert.deepEqual(await brokenPromises(audited), []);
      // Kept from one owner to the next: of each partition, numbers that come for the first time come one after the other.
      for (const topic of [topics['booking-events'], topics['seat-events']])
        for (let partition = 0; partition < partitions; partition += 1) {
          let last = 0;
          const { first, next } = await log.bounds({ topic: topic.name, partition });
          for (let offset = first; offset < next; ) {
            const page = await log.read({ topic: topic.name, partition, offset }, 1_000);
            for (const { headers } of page) {
              const sequence = Number(headers['ce_sequence']);
              assert.ok(sequence <= last + 1, `${topic.name}/${partition}: ${sequence} came after ${last}`);
              last = Math.max(last, sequence);
            }
            offset = (page.at(-1)?.offset ?? next) + 1;
          }
        }
      await log.close();
      load = startLoad(people, showIds);
    };

    for (let round = 1; round <= rounds; round += 1) {
      it(`shares the tasks among instances that come, and bookings go on (round ${round})`, async (t) => {
        const comers = round === 1 ? [2, 3] : [2];
        for (const run of units) {
          await Promise.all(comers.map((number) => start(`${run[0]}-${number}`)));
          const what = `${comers.length} more of ${run.join(' and ')}`;
          await backWithin(what, backAfterOrderlyMs, (text) => t.diagnostic(text));
        }
        for (const role of scaled) await shared(role, instances);
      });

      it(`hands the tasks over when an instance goes in order (round ${round})`, async (t) => {
        for (const run of units) {
          await stop(`${run[0]}-2`);
          await backWithin(`one of ${run.join(' and ')} has gone`, backAfterOrderlyMs, (text) => t.diagnostic(text));
        }
        for (const role of scaled) await shared(role, instances - 1);
      });

      it(`goes on when an instance of each is killed (round ${round})`, async (t) => {
        for (const run of units) {
          kill(`${run[0]}-3`);
          await backWithin(`one of ${run.join(' and ')} was killed`, backAfterCrashMs, (text) => t.diagnostic(text));
        }
        // Started again, each is given its part.
        for (const role of scaled) await shared(role, instances - 1);
      });

      // In `processes.test.ts` each of them is killed once.
      const alone = isFull ? others : [];
      for (const role of alone)
        it(`goes on when ${role} is killed (round ${round})`, async (t) => {
          kill(`${role}-1`);
          await backWithin(`${role} killed`, backAfterOutageMs, (text) => t.diagnostic(text));
        });

      it(`goes on when PostgreSQL is killed (round ${round})`, async (t) => {
        process.kill(await postmasterOf(ground.directory), 'SIGKILL');
        await backWithin('PostgreSQL killed', backAfterOutageMs, (text) => t.diagnostic(text));
      });

      it(`accepts bookings while the broker is dead, and finishes them (round ${round})`, async (t) => {
        await ground.kafka.broker.kill();
        const request = { showId: showIds[0] ?? '', bestAvailable: { count: 1 }, payment: visa };
        const asked = performance.now();
        const { status, body } = await (people[0] as Client).book(request, { waitSeconds: 0 });
        assert.equal(status, 202);
        t.diagnostic(`accepted without a broker after ${Math.round(performance.now() - asked)} ms`);
        await ground.kafka.restart();
        await backWithin('the broker killed', backAfterOutageMs, (text) => t.diagnostic(text));
        await eventually(
          () => (people[0] as Client).booking(body.bookingId),
          (answer) => answer.body.status === 'confirmed',
        );
      });

      it(`has lost nothing and done nothing twice (round ${round})`, nothingLost);
    }

    it('has one owner of each task in the end, who knows no trouble', async () => {
      for (const { adminPort, name, process: running } of places) {
        if (running === undefined) continue;
        const ready = await eventually(
          () => new Client(`http://127.0.0.1:${adminPort}`).get<{ status: string }>('/readyz'),
          ({ body }) => body.status === 'ok',
        );
        assert.equal(ready.status, 200, name);
      }
      const logs = await Promise.all(
        places.map(({ name }) => readFile(join(directory.path, `${name}.log`), 'utf8').catch(() => '')),
      );
      assert.deepEqual(
        logs.flatMap((text) => text.split('\n').filter((line) => line.includes('"level":60'))),
        [],
      );
    });
  });
}
