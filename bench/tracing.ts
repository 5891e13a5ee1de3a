import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startLoad } from '../tests/support/load.ts';
import { type RunningApp, runApp } from '../tests/support/servers.ts';
import { buildVenue, openShow } from '../tests/support/venue.ts';

/**
 * `npm run bench:tracing [-- <rounds> <seconds>]`: what traces cost. Two of the embedded mode in this process, one without traces and
 * one that sends 1 % of them to a collector that takes everything; 32 customers book at one, then at the other, A B B A and so on, so
 * that what else goes on meets both alike. Compare on a quiet machine.
 */
const rounds = Number(process.argv[2] ?? 10);
const seconds = Number(process.argv[3] ?? 4);
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

/** Customers at one of the two, for a while. */
async function turn({ showIds, clients }: Awaited<ReturnType<typeof prepared>>, forSeconds: number): Promise<Turn> {
  const began = { at: performance.now(), cpu: process.cpuUsage() };
  const load = startLoad(clients, showIds);
  await pause(forSeconds * 1_000);
  await load.end();
  const bookings = load.acknowledged.length;
  const cpu = process.cpuUsage(began.cpu);
  return {
    perSecond: bookings / ((performance.now() - began.at) / 1_000),
    cpuMs: (cpu.user + cpu.system) / 1_000 / bookings,
  };
}

const plain = await prepared({});
const sending = await prepared({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint });
for (const each of [plain, sending]) await turn(each, warmUpSeconds);
const without: Turn[] = [];
const traced: Turn[] = [];
for (let round = 0; round < rounds; round += 1) {
  const order = round % 2 === 0 ? [plain, sending] : [sending, plain];
  for (const each of order) (each === plain ? without : traced).push(await turn(each, seconds));
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
await plain.running.stop();
await sending.running.stop();
collector.close();
