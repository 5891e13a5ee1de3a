import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { localDistribution } from '../../deploy/kafka/distribution.ts';
import { newId } from '../../src/contracts/ids.ts';
import { PipelinedConnection } from '../../src/runtime/store/postgres/connection.ts';
import { distributionOf } from '../load/plan.ts';
import type { Arm, ArmResult } from './arm.ts';
import { ConventionalService } from './conventional.ts';
import { type BaselineService, endsOf, NullService } from './null-pipeline.ts';
import { type Places, partitions, probeTopic } from './places.ts';
import { passageOf, typeOf } from './records.ts';
import { lastEvent, stepServices } from './shape.ts';

export interface Telling {
  readonly measuring: () => void;
  readonly measured: () => void;
}

type PipelineArm = Extract<Arm, { readonly kind: 'pipeline' }>;
type SingleArm = Extract<Arm, { readonly kind: 'hop' | 'commit' }>;

const tickMs = 2;
const drainMs = 30_000;
/** Of every service, the last sequence of each partition: later arms go on from there. */
const sequences = new Map(stepServices.map((name) => [name, Array.from({ length: partitions }, () => 0)]));

/** Runs one arm of a baseline in this process. */
export function runArm(arm: Arm, places: Places, telling: Telling): Promise<ArmResult> {
  switch (arm.kind) {
    case 'pipeline':
      return runPipeline(arm, places, telling);
    case 'hop':
    case 'commit':
      return runSingles(arm, places, telling);
    case 'producer-performance':
      return runProducer(arm, places);
  }
}

/** Counts what is done within the measured time, and how long that took. */
class Stopwatch {
  readonly #ms: number[] = [];
  #done = 0;
  #measuring = false;

  begin(): void {
    this.#measuring = true;
  }

  end(): void {
    this.#measuring = false;
  }

  done(since: number): void {
    if (!this.#measuring) return;
    this.#done += 1;
    this.#ms.push(performance.now() - since);
  }

  result(measuredMs: number): ArmResult {
    const perSecond = Number(((this.#done * 1_000) / measuredMs).toFixed(1));
    return { done: this.#done, perSecond, ms: distributionOf(this.#ms) };
  }
}

/** Calls `ask` as the pace says until the measured time is over; rejects when `failed` does. */
async function paced(
  arm: Pick<PipelineArm, 'warmUpMs' | 'measuredMs' | 'pace'>,
  telling: Telling,
  { watch, ask, underWay }: { watch: Stopwatch; ask: () => void; underWay: () => number },
): Promise<void> {
  const began = performance.now();
  let asked = 0;
  let isMeasuring = false;
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const elapsed = performance.now() - began;
      if (!isMeasuring && elapsed >= arm.warmUpMs) {
        isMeasuring = true;
        watch.begin();
        telling.measuring();
      }
      if (elapsed >= arm.warmUpMs + arm.measuredMs) {
        clearInterval(timer);
        watch.end();
        telling.measured();
        resolve();
      } else if ('inFlightMax' in arm.pace)
        for (let room = arm.pace.inFlightMax - underWay(); room > 0; room -= 1) ask();
      else for (; asked < (elapsed * arm.pace.ratePerSecond) / 1_000; asked += 1) ask();
    }, tickMs);
  });
}

async function runPipeline(arm: PipelineArm, { log, databaseUrl }: Places, telling: Telling): Promise<ArmResult> {
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => undefined);
  const services = stepServices.map((name) => {
    const shared = { name, log, databaseUrl, partitions, onError: failed.reject, sequences: sequences.get(name) ?? [] };
    return arm.how === 'plain' || arm.how === 'tuned'
      ? new ConventionalService({ ...shared, form: arm.how })
      : new NullService({ ...shared, stores: arm.how === 'null' });
  });
  const watch = new Stopwatch();
  const underWay = new Map<string, number>();
  const tickets = log.consume({
    positions: await endsOf(log, ['ticket-details'], partitions),
    onRecords: async (records) => {
      for (const record of records) {
        if (typeOf(record) !== lastEvent) continue;
        const { bookingId } = passageOf(record);
        watch.done(underWay.get(bookingId) ?? Number.NaN);
        underWay.delete(bookingId);
      }
    },
    onError: failed.reject,
  });
  await Promise.all(services.map((service) => service.start()));
  const user = services[stepServices.indexOf('user')] as BaselineService;
  let number = 0;
  const ask = () => {
    const bookingId = newId('booking');
    underWay.set(bookingId, performance.now());
    user.request({ bookingId, partition: number++ % partitions });
  };
  await Promise.race([paced(arm, telling, { watch, ask, underWay: () => underWay.size }), failed.promise]);
  await Promise.race([drained(() => underWay.size), failed.promise]);
  await Promise.all(services.map((service) => service.stop()));
  await tickets.stop();
  return watch.result(arm.measuredMs);
}

function drained(underWay: () => number): Promise<void> {
  const until = performance.now() + drainMs;
  return new Promise((resolve, reject) => {
    const timer = setInterval(() => {
      if (underWay() > 0 && performance.now() < until) return;
      clearInterval(timer);
      if (underWay() === 0) resolve();
      else reject(new Error(`${underWay()} passages of the baseline did not come through`));
    }, tickMs);
  });
}

/** One at a time, each at its planned moment. */
async function runSingles(arm: SingleArm, { log, databaseUrl }: Places, telling: Telling): Promise<ArmResult> {
  const watch = new Stopwatch();
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => undefined);
  const sent: number[] = [];
  const connection = new PipelinedConnection({ url: databaseUrl, applicationName: 'bench-probe' });
  const body = JSON.stringify({ rest: 'x'.repeat(350) });
  const consumption = log.consume({
    positions: await endsOf(log, [probeTopic], 1),
    onRecords: async (records) => {
      for (const _ of records) watch.done(sent.shift() ?? Number.NaN);
    },
    onError: failed.reject,
  });
  const hop = () => {
    sent.push(performance.now());
    log.append([{ topic: probeTopic, partition: 0, key: 'probe', headers: {}, value: body }]).catch(failed.reject);
  };
  const insert = { name: 'probe', text: 'insert into probe (body) values ($1)', values: [body] };
  const commit = () => {
    const since = performance.now();
    connection.query([insert]).then(() => watch.done(since), failed.reject);
  };
  const { kind, ratePerSecond, ...timing } = arm;
  const ask = kind === 'hop' ? hop : commit;
  await Promise.race([
    paced({ ...timing, pace: { ratePerSecond } }, telling, { watch, ask, underWay: () => 0 }),
    failed.promise,
  ]);
  await consumption.stop();
  await connection.close();
  return watch.result(arm.measuredMs);
}

/** What it prints at its end: "500000 records sent, 182481.751825 records/sec (60.91 MB/sec), ...". */
const producerLine = /(\d+) records sent, ([\d.]+) records\/sec .*?([\d.]+) ms avg latency, ([\d.]+) ms max latency/g;

async function runProducer(
  { records, recordBytes }: Extract<Arm, { readonly kind: 'producer-performance' }>,
  { brokers }: Places,
): Promise<ArmResult> {
  if (brokers === undefined) throw new Error('there is no Kafka in the embedded mode');
  const { jars } = await localDistribution();
  const { stdout } = await promisify(execFile)('java', [
    ...['-Xmx512m', '-cp', join(jars, '*'), 'org.apache.kafka.tools.ProducerPerformance'],
    ...['--topic', probeTopic, '--num-records', String(records), '--record-size', String(recordBytes)],
    ...['--throughput', '-1', '--producer-props', `bootstrap.servers=${brokers}`, 'acks=all'],
  ]);
  const [, done = '0', perSecond = '0'] = [...stdout.matchAll(producerLine)].at(-1) ?? [];
  if (Number(done) !== records) throw new Error(`ProducerPerformance did not send all of its records:\n${stdout}`);
  return { done: records, perSecond: Number(Number(perSecond).toFixed(0)), ms: distributionOf([]) };
}
