import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { platform, userInfo } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pass } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client, eventually, visa } from './support/client.ts';
import { administer, cutConnections, freeze } from './support/database-server.ts';
import { temporaryDirectory } from './support/directory.ts';
import { hoarding } from './support/hoarding.ts';
import { chargedAsConfirmed, type Load, outcomesOf, startLoad } from './support/load.ts';
import { postgresGone, postmasterOf, processes } from './support/operating-system.ts';
import { liftRateLimits } from './support/people.ts';
import { administrator, type RunningProcess } from './support/servers.ts';
import { buildVenue, openShow } from './support/venue.ts';

/**
 * Faults of every kind against the real thing, under customers who write down on disk what they were told. Each fault lasts
 * `FAULT_TEST_SECONDS`, and all of them come `FAULT_TEST_ROUNDS` times.
 */
const faultMs = 1_000 * Number(process.env['FAULT_TEST_SECONDS'] ?? 1);
const rounds = Number(process.env['FAULT_TEST_ROUNDS'] ?? 1);
const customers = 8;
/** Bookings acknowledged before a fault, and again after it. */
const bookingsBetween = 20;
/** Of the memory that V8 may use: its young generation, and what a minute of customers leaves in its caches. */
const megabytesLeft = 320;
/** A disk with room for the databases and little else. */
const diskMegabytes = 400;
const run = promisify(execFile);

interface Fault {
  readonly what: string;
  /** Whether anybody can have an answer while it lasts; one that lasts no time at all says nothing. */
  readonly meanwhile: 'nobody is answered' | 'business goes on' | undefined;
  /** Brings it about, and ends it. */
  readonly inflict: (data: string, server: RunningProcess) => Promise<void>;
}

const faults: readonly Fault[] = [
  { what: 'all connections to PostgreSQL are cut', meanwhile: undefined, inflict: (data) => cutConnections(data) },
  {
    what: 'PostgreSQL stands still',
    meanwhile: 'nobody is answered',
    inflict: async (data) => {
      const goOn = await freeze(data);
      await pass(faultMs).finally(goOn);
    },
  },
  {
    what: 'the disk is slow: PostgreSQL runs a tenth of the time',
    meanwhile: undefined,
    inflict: async (data) => {
      for (let passed = 0; passed < faultMs; passed += 110) {
        const goOn = await freeze(data);
        await pass(100).finally(goOn);
        await pass(10);
      }
    },
  },
  {
    what: 'PostgreSQL is killed',
    meanwhile: undefined,
    inflict: async (data) => void process.kill(await postmasterOf(data), 'SIGKILL'),
  },
  {
    what: 'the process stands still',
    meanwhile: 'nobody is answered',
    inflict: async (_, { child }) => {
      child.kill('SIGSTOP');
      await pass(faultMs).finally(() => child.kill('SIGCONT'));
    },
  },
  {
    what: 'memory is short',
    meanwhile: 'business goes on',
    inflict: async (_, { child, output }) => {
      // A hundred megabytes at the least.
      const told = async () => output().match(/^hoards \d{3,} MB$/gm)?.length ?? 0;
      const before = await told();
      child.kill('SIGUSR2');
      await eventually(told, (times) => times > before);
      await pass(faultMs).finally(() => child.kill('SIGUSR2'));
    },
  },
  {
    what: 'the payment provider is down',
    meanwhile: 'business goes on',
    inflict: (data) => outage(data, 'sandbox_provider', 'ledger'),
  },
  {
    what: 'messages cannot be delivered',
    meanwhile: 'business goes on',
    inflict: (data) => outage(data, 'notification', 'inbox_messages'),
  },
];

/** What stands for somebody outside answers nothing: whoever asks waits until it has its table again. */
async function outage(data: string, database: string, table: string): Promise<void> {
  await administer(
    data,
    database,
    `begin; lock table ${table} in access exclusive mode; select pg_sleep(${faultMs / 1_000}); commit`,
  );
}

const { start, endAll } = processes();
let directory: { readonly path: string; remove(): Promise<void> };
const mounted: string[] = [];
before(async () => {
  directory = await temporaryDirectory();
});
after(async () => {
  await endAll();
  for (const path of mounted) await run('umount', ['--lazy', path]);
  await directory.remove();
});

interface Sale {
  readonly data: string;
  readonly server: RunningProcess;
  readonly admin: Client;
  readonly showIds: readonly string[];
  readonly load: Load;
}

/** A server with shows on sale, and customers who book. */
async function openSale(data: string): Promise<Sale> {
  const server = await start(data, hoarding(megabytesLeft));
  const admin = await new Client(server.url).signIn(administrator.email, administrator.password);
  await liftRateLimits(admin);
  const venue = await buildVenue(admin, { rows: 26, seats: 100 });
  const showIds = [await openShow(admin, venue), await openShow(admin, venue)];
  const journal = join(directory.path, `${data.split('/').at(-1)}.journal`);
  const load = startLoad(
    Array.from({ length: customers }, () => admin),
    showIds,
    journal,
  );
  return { data, server, admin, showIds, load };
}

async function moreBookings({ load }: Sale): Promise<void> {
  const wanted = load.acknowledged.length + bookingsBetween;
  await eventually(
    async () => load.acknowledged.length,
    (length) => length >= wanted,
  );
}

/** How many requests, one after the other, were accepted before a fault was over. Customers may wait for their tickets all the while. */
async function answeredUntil(over: Promise<void>, { admin, showIds }: Sale): Promise<number> {
  let isOver = false;
  let answered = 0;
  void over.finally(() => {
    isOver = true;
  });
  while (!isOver) {
    const request = { showId: showIds[0], bestAvailable: { count: 1 }, payment: visa };
    const { status } = await admin.book(request, { waitSeconds: 0 });
    if (status === 202 && !isOver) answered += 1;
  }
  return answered;
}

/** The journal's bookings have all ended, the provider's books are ours, and the auditor finds nothing. */
async function judge({ data, server, admin, load }: Sale): Promise<void> {
  await load.end();
  const bookings = await outcomesOf(admin, load);
  await chargedAsConfirmed(admin, bookings);
  const audit = await run('bin/fullhouse', ['check'], { env: { ...process.env, FULLHOUSE_DATA_DIR: data } });
  assert.match(audit.stdout, /All \d+ invariants hold/);
  assert.equal(await server.end('SIGTERM'), 0);
  await postgresGone(data);
}

describe(`faults of ${faultMs / 1_000} s under load, ${rounds} of each`, async () => {
  await it('lose nothing that was acknowledged, keep no money without a ticket, and business goes on', async (t) => {
    const sale = await openSale(join(directory.path, 'faults'));
    for (let round = 0; round < rounds; round += 1) {
      for (const { what, meanwhile, inflict } of faults) {
        await moreBookings(sale);
        const before = sale.load.acknowledged.length;
        const inflicted = inflict(sale.data, sale.server);
        const asked = meanwhile === 'business goes on' ? answeredUntil(inflicted, sale) : undefined;
        await inflicted;
        const during = sale.load.acknowledged.length - before;
        // Each customer may have had an answer on its way.
        if (meanwhile === 'nobody is answered') assert.ok(during <= 2 * customers, `${what}: ${during} were answered`);
        if (asked !== undefined) assert.ok((await asked) > 0, `${what}: nobody was answered`);
        const healed = performance.now();
        await moreBookings(sale);
        t.diagnostic(`${what}: ${bookingsBetween} bookings ${Math.round(performance.now() - healed)} ms after it`);
      }
    }
    await judge(sale);
  });

  const canMount = platform() === 'linux' && userInfo().uid === 0;
  const whyNot = canMount ? false : 'SKIPPED: only root may mount a small disk';
  await it('a full disk is one of them', { skip: process.env['CI'] === 'true' ? false : whyNot }, async (t) => {
    const disk = join(directory.path, 'disk');
    await mkdir(disk);
    await run('mount', ['-t', 'tmpfs', '-o', `size=${diskMegabytes}m,mode=755`, 'tmpfs', disk]);
    mounted.push(disk);
    const sale = await openSale(join(disk, 'data'));
    for (let round = 0; round < rounds; round += 1) {
      await moreBookings(sale);
      const ballast = join(disk, 'ballast');
      await fill(ballast);
      await pass(faultMs);
      await rm(ballast);
      // PostgreSQL or the log, whoever wanted room first.
      const told = `${await readFile(join(sale.data, 'postgres', 'server.log'), 'utf8')}${sale.server.output()}`;
      assert.match(told, /No space left on device|disk is full/);
      const healed = performance.now();
      await moreBookings(sale);
      t.diagnostic(
        `${bookingsBetween} bookings ${Math.round(performance.now() - healed)} ms after there was room again`,
      );
    }
    await judge(sale);
  });
});

/** Writes until there is no room for a byte more. */
async function fill(path: string): Promise<void> {
  const file = await open(path, 'w');
  try {
    for (let bytes = 1_048_576; bytes >= 1; bytes = Math.floor(bytes / 16)) {
      const block = Buffer.alloc(bytes);
      while (
        await file.write(block).then(
          ({ bytesWritten }) => bytesWritten > 0,
          () => false,
        )
      );
    }
  } finally {
    await file.close();
  }
}
