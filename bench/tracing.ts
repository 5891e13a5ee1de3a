import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startLoad } from '../tests/support/load.ts';
import { type RunningApp, runApp } from '../tests/support/servers.ts';
import { buildVenue, openShow } from '../tests/support/venue.ts';

/**
 * `npm run bench:tracing [-- <pairs> <seconds>]`: what traces cost. Embedded, as many bookings as 32 customers get done, in turns
 * without traces and with traces at 1 % sent to a collector that takes everything: A B B A, and so on. Compare on a quiet
 * machine; each turn is a fresh start, so that none profits from the one before.
 */
const pairs = Number(process.argv[2] ?? 2);
const seconds = Number(process.argv[3] ?? 10);
const customers = 32;
const warmUpSeconds = 4;
const ratio = 0.01;

let spansSent = 0;
const collector = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    spansSent += Buffer.concat(chunks).toString().split('"spanId"').length - 1;
    response.setHeader('content-type', 'application/json').end('{}');
  });
});
await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function prepared(environment: Readonly<Record<string, string>>) {
  const running: RunningApp = await runApp(environment);
  for (const [key, value] of Object.entries({
    rateLimitPerUser: 1_000_000,
    rateLimitPerAddress: 1_000_000,
    traceSampleRatio: ratio,
  }))
    await running.admin.call('PUT', `/v1/settings/${key}`, { body: { value, why: 'a measurement' } });
  const venue = await buildVenue(running.admin, { rows: 26, seats: 100 });
  const showIds: string[] = [];
  for (let shows = 0; shows < 16; shows += 1) showIds.push(await openShow(running.admin, venue));
  const clients = await Promise.all(Array.from({ length: customers }, () => running.anyone.register()));
  return { running, showIds, clients };
}

interface Turn {
  readonly perSecond: number;
  /** Of this process, which is all of Fullhouse but PostgreSQL, and the customers. */
  readonly cpuMs: number;
}

/** From a fresh start. */
async function turn(environment: Readonly<Record<string, string>>): Promise<Turn> {
  const { running, showIds, clients } = await prepared(environment);
  const load = startLoad(clients, showIds);
  await pause(warmUpSeconds * 1_000);
  const before = load.acknowledged.length;
  const began = { at: performance.now(), cpu: process.cpuUsage() };
  await pause(seconds * 1_000);
  const bookings = load.acknowledged.length - before;
  const perSecond = bookings / ((performance.now() - began.at) / 1_000);
  const cpu = process.cpuUsage(began.cpu);
  await load.end();
  await running.stop();
  return { perSecond, cpuMs: (cpu.user + cpu.system) / 1_000 / bookings };
}

const without: Turn[] = [];
const traced: Turn[] = [];
for (let pair = 0; pair < pairs; pair += 1) {
  const order = pair % 2 === 0 ? [without, traced] : [traced, without];
  for (const turns of order) turns.push(await turn(turns === traced ? { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint } : {}));
}
const mean = (turns: readonly Turn[], of: (turn: Turn) => number) =>
  turns.reduce((sum, each) => sum + of(each), 0) / turns.length;
const shown = (turns: readonly Turn[], of: (turn: Turn) => number) => turns.map((each) => Number(of(each).toFixed(2)));
const perSecond = ({ perSecond: each }: Turn) => each;
const cpuMs = ({ cpuMs: each }: Turn) => each;
console.log(
  JSON.stringify({
    goal: 'tracing',
    spansSent,
    perSecond: { without: shown(without, perSecond), traced: shown(traced, perSecond) },
    cpuMsPerBooking: { without: shown(without, cpuMs), traced: shown(traced, cpuMs) },
    throughputLostPercent: Number((100 * (1 - mean(traced, perSecond) / mean(without, perSecond))).toFixed(1)),
    cpuAddedPercent: Number((100 * (mean(traced, cpuMs) / mean(without, cpuMs) - 1)).toFixed(1)),
  }),
);
collector.close();
