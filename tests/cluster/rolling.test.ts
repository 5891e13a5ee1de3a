import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, it, test } from 'node:test';
import { promisify } from 'node:util';
import { type LocalProcess, startLocalProcess } from '../../deploy/cluster/local-process.ts';
import { freePorts } from '../../deploy/cluster/ports.ts';
import { type Role, roles } from '../../src/composition/roles.ts';
import { serviceRoles, variableOf } from '../../src/runtime/configuration.ts';
import { brokenPromises } from '../support/audit.ts';
import { bareEnvironment } from '../support/bare-environment.ts';
import { Client } from '../support/client.ts';
import { type ClusterGround, clusterGround } from '../support/cluster.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { kafkaOrSkip } from '../support/kafka.ts';
import { outcomesOf } from '../support/load.ts';
import { type PacedLoad, startPacedLoad } from '../support/paced-load.ts';
import { liftRateLimits } from '../support/people.ts';
import { type Build, previousBuild, thisBuild } from '../support/previous-build.ts';
import { administrator } from '../support/servers.ts';
import { buildVenue, openShow } from '../support/venue.ts';

/**
 * An upgrade and a downgrade under load, process by process: from the build before this one to this one and back. As in the
 * chart, the new one is ready before the old one is told to end. In full (`ROLLING_TEST_BOOKINGS_PER_SECOND`) every service and
 * the gateway are processes of their own; else one process is all of it.
 */
const pace = process.env['ROLLING_TEST_BOOKINGS_PER_SECOND'];
const isFull = pace !== undefined;
const perSecond = Number(pace ?? 10);
const together: readonly (readonly Role[])[] = isFull ? roles.map((role) => [role]) : [roles];
/** Where a process is, and where the one is that takes its place. */
const doors = 2;
const allowedShare = 0.001;

const run = promisify(execFile);
const environment = {
  ...bareEnvironment,
  LOG_LEVEL: 'warn',
  FULLHOUSE_ADMIN_EMAIL: administrator.email,
  FULLHOUSE_ADMIN_PASSWORD: administrator.password,
};

interface Place {
  readonly name: string;
  readonly run: readonly Role[];
  /** The one it listens at comes first. */
  ports: readonly [number, number];
  process: LocalProcess;
}

const urlAt = (port: number) => `http://127.0.0.1:${port}`;

if (await kafkaOrSkip('an upgrade without downtime')) {
  const previous = await previousBuild();
  if (typeof previous === 'string') {
    console.error(`SKIPPED an upgrade without downtime: ${previous}`);
    test('an upgrade without downtime', { skip: process.env['CI'] === 'true' ? false : previous }, () => {
      throw new Error(previous);
    });
  } else {
    describe('an upgrade and a downgrade under load', { timeout: isFull ? 3_600_000 : 240_000 }, () => {
      let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
      let ground: ClusterGround;
      let told: Readonly<Record<string, string>>;
      let places: Place[];
      let admin: Client;
      let load: PacedLoad;
      let restarts = 0;

      /** The command line of a build. */
      const fullhouse = (build: Build, ...parameters: string[]) =>
        run(process.execPath, [build.program, ...parameters], { env: { ...environment, ...told } });

      const begin = ({ name, run: served }: Pick<Place, 'name' | 'run'>, port: number, build: Build) =>
        startLocalProcess({
          name,
          command: [process.execPath, build.program, 'serve', ...served],
          environment: { ...environment, ...told, PORT: String(port), ADMIN_PORT: '0' },
          logFile: join(directory.path, `${name}.log`),
          onLine: () => undefined,
        });

      /** One process after the other: the other build is started beside it, then it is ended in order. */
      async function roll(build: Build): Promise<void> {
        for (const place of places) {
          const [before, after] = place.ports;
          const next = begin(place, after, build);
          await next.ready;
          // As the chart does before it ends a pod, and whoever runs a balancer of their own.
          if (place.run.includes('gateway')) {
            load.takeBack(urlAt(after));
            await load.leave(urlAt(before));
          }
          await place.process.stop();
          place.process = next;
          place.ports = [after, before];
          restarts += 1;
        }
      }

      before(async () => {
        directory = await temporaryDirectory();
        ground = await clusterGround({ ...environment, FULLHOUSE_PARTITIONS: '4' }, { prepared: false });
        const ports = await freePorts(together.length * doors);
        const wanted = together.map((served, index) => ({
          ...{ name: served.length === 1 ? (served[0] ?? '') : 'all', run: served },
          ports: [ports[doors * index] ?? 0, ports[doors * index + 1] ?? 0] as const,
        }));
        const urls = serviceRoles.map((role) => [
          variableOf(role),
          wanted.flatMap(({ run: served, ports: both }) => (served.includes(role) ? both.map(urlAt) : [])).join(),
        ]);
        told = { ...ground.environment, ...(isFull ? (Object.fromEntries(urls) as Record<string, string>) : {}) };
        await fullhouse(previous, 'migrate');
        await fullhouse(previous, 'topics', 'create');
        places = wanted.map((place) => ({ ...place, process: begin(place, place.ports[0], previous) }));
        await Promise.all(places.map(({ process: started }) => started.ready));
        const [open = 0, closed = 0] = places.find(({ run: served }) => served.includes('gateway'))?.ports ?? [];
        admin = await new Client(urlAt(open)).signIn(administrator.email, administrator.password);
        await liftRateLimits(admin);
        const venue = await buildVenue(admin, { rows: 26, seats: isFull ? 400 : 40 });
        const showIds: string[] = [];
        for (let shows = 0; shows < 8; shows += 1) showIds.push(await openShow(admin, venue));
        const customers = await Promise.all(Array.from({ length: 4 }, () => new Client(admin.url).register()));
        const tokens = customers.map(({ token }) => token ?? '');
        load = startPacedLoad({ gateways: [urlAt(open), urlAt(closed)], tokens, showIds, perSecond });
        await load.leave(urlAt(closed));
      });
      after(async () => {
        await load?.end();
        await previous.remove();
        await Promise.all(places.map(({ process: running }) => running.stop()));
        await ground.stop();
        await directory.remove();
      });

      it('fails no request, but for few that are told to come back', async (t) => {
        // As an operator does it: databases and topics first, while what runs is the build before.
        await fullhouse(thisBuild, 'migrate');
        await fullhouse(thisBuild, 'topics', 'create');
        await roll(thisBuild);
        await roll(previous);
        const carried = Math.round(load.pace);
        await load.end();
        const { requests, retryable, failures, acknowledged } = load;
        t.diagnostic(
          `${previous.revision.slice(0, 7)}: ${restarts} restarts, ${acknowledged.length} bookings at ${carried}/s, ${requests} requests, ${retryable} told to come back`,
        );
        for (const [reason, times] of load.reasons) t.diagnostic(`${times} times ${reason}`);
        assert.deepEqual(failures, []);
        assert.ok(
          retryable <= Math.max(restarts, requests * allowedShare),
          `${retryable} of ${requests} were told to come back`,
        );
      });

      it('loses no booking, and every promise holds', async () => {
        const bookings = await outcomesOf(new Client(admin.url, admin.token), load);
        assert.deepEqual([...new Set(bookings.map(({ status }) => status))], ['confirmed']);
        const { postgres, openLog } = ground;
        const log = await openLog();
        assert.deepEqual(await brokenPromises({ postgres, log }), []);
        await log.close();
      });
    });
  }
}
