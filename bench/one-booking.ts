import { readdirSync, readFileSync } from 'node:fs';
import { visa } from '../tests/support/client.ts';
import { runApp } from '../tests/support/servers.ts';
import { buildVenue, openShow } from '../tests/support/venue.ts';

/**
 * `npm run bench:one-booking [-- <bookings>]`: how long one booking takes from its request to its tickets when nothing else
 * goes on, embedded, one at a time, and what it costs. Run it in turns with another checkout on a quiet machine to compare.
 */
const bookings = Number(process.argv[2] ?? 300);
/** Left out of the figures: functions and caches are cold. */
const warmUp = Math.floor(bookings / 10);
const pauseMs = 20;
const tickMs = 10;
const seatsEach = 2;

const running = await runApp();
const customer = await running.anyone.register();
const showId = await openShow(running.admin, await buildVenue(running.admin, { rows: 26, seats: 40 }));
const user = running.app.hosts.find((host) => host.definition.name === 'user');
if (user === undefined) throw new Error('the user service does not run');
const host = user;

/** Processor time of what this process has started, its PostgreSQL: milliseconds, from `/proc` (proc(5), `stat`). */
function postgresCpuMs(): number {
  const parents = new Map<number, number>();
  const ticks = new Map<number, number>();
  for (const name of readdirSync('/proc').filter((each) => /^\d+$/.test(each))) {
    const [, parent, ...rest] = statOf(name);
    parents.set(Number(name), Number(parent));
    ticks.set(Number(name), Number(rest[9]) + Number(rest[10]));
  }
  const isOurs = (pid: number): boolean => {
    const parent = parents.get(pid) ?? 0;
    return parent === process.pid || (parent > 1 && isOurs(parent));
  };
  return [...ticks].reduce((sum, [pid, each]) => (isOurs(pid) ? sum + each * tickMs : sum), 0);
}

/** The fields after the name of a process, from its state on; none of one that has ended since it was listed. */
function statOf(pid: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  } catch {
    return [];
  }
}

function whenTicketed(bookingId: string): Promise<void> {
  return new Promise((resolve) => {
    const look = async () => {
      const booking = await host.document<{ readonly tickets: readonly string[] }>('bookings', bookingId);
      if (booking?.tickets.length !== seatsEach) return;
      stop();
      resolve();
    };
    const stop = host.watch('bookings', bookingId, () => void look());
    void look();
  });
}

const tookMs: number[] = [];
let began = { node: process.cpuUsage(), postgres: postgresCpuMs() };
for (let number = 0; number < bookings; number += 1) {
  if (number === warmUp) began = { node: process.cpuUsage(), postgres: postgresCpuMs() };
  const start = performance.now();
  const asked = { showId, bestAvailable: { count: seatsEach }, payment: visa };
  const { body } = await customer.post<{ bookingId: string }>('/v1/bookings', asked, { key: `booking-${number}` });
  await whenTicketed(body.bookingId);
  if (number >= warmUp) tookMs.push(performance.now() - start);
  await new Promise((resolve) => setTimeout(resolve, pauseMs));
}
const cpu = process.cpuUsage(began.node);
tookMs.sort((a, b) => a - b);
const quantile = (q: number) => Number((tookMs[Math.floor(tookMs.length * q)] ?? Number.NaN).toFixed(1));
console.log(
  JSON.stringify({
    goal: 'one-booking',
    bookings: tookMs.length,
    p50Ms: quantile(0.5),
    p90Ms: quantile(0.9),
    p99Ms: quantile(0.99),
    nodeCpuMs: Number(((cpu.user + cpu.system) / 1_000 / tookMs.length).toFixed(1)),
    postgresCpuMs: Number(((postgresCpuMs() - began.postgres) / tookMs.length).toFixed(1)),
  }),
);
await running.stop();
