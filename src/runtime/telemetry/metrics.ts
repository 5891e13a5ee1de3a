import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/**
 * What a process tells of itself to Prometheus. Every label has few values: names of services, routes, topics, outcomes;
 * never an id. What a service has to say of its own facts is declared by it (`Measure`), and counted once a commit.
 */
const secondsBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const inputsBuckets = [1, 2, 5, 10, 20, 50, 100, 200, 500];

/** A counter or a histogram of a service, fed from its committed facts. */
export interface Measure {
  readonly name: string;
  readonly help: string;
  readonly kind: 'counter' | 'seconds';
  readonly labels: readonly string[];
  /**
   * Of a counter: the labels that are told of from the start, with 0. To Prometheus a series that begins with 1 has not
   * increased, so an alert on the first of something would never be raised.
   */
  readonly atStart?: readonly Measured['labels'][];
  /** By fact type: what a fact adds; `undefined` for nothing. */
  readonly on: Readonly<Record<string, (fact: MeasuredFact<never>) => Measured | undefined>>;
}

export interface MeasuredFact<Data> {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly subject: string;
  readonly data: Data;
}

interface CommittedFact extends Omit<MeasuredFact<unknown>, 'data'> {
  readonly type: string;
  readonly data: unknown;
}

export interface Measured {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Makes typed facts fit the untyped registry. */
export function measure<Data>(
  definition: Omit<Measure, 'on'> & {
    readonly on: Readonly<Record<string, (fact: MeasuredFact<Data>) => Measured | undefined>>;
  },
): Measure {
  return definition as unknown as Measure;
}

/** What a service counts in its own tables when it is asked. */
export interface ServiceGauge<Service> {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly read: (service: Service) => Promise<readonly Measured[]>;
}

/**
 * A scrape waits so long for what is read for it. Whoever scrapes gives up after some seconds, and would take a process whose Kafka
 * or database does not answer for one that is down.
 */
const readWithinMs = 2_000;
/** What a service's tables say is not read at every scrape. */
const gaugesKeptMs = 10_000;

/** What a task loop tells while it runs. */
export interface LoopObserver {
  /** A batch went through, or was tried: how many inputs of each task, in how many seconds. */
  readonly batch: (inputs: ReadonlyMap<number, number>, seconds: number) => void;
  /** A deadline rang so many seconds after it was due. */
  readonly rang: (lateSeconds: number) => void;
  /** An effect ended: with an answer, with none, or with one that could not be used. */
  readonly effect: (type: string, outcome: 'answered' | 'unanswered' | 'failed', seconds: number) => void;
}

/** For whoever does not listen. */
export const unobserved: LoopObserver = {
  batch: () => undefined,
  rang: () => undefined,
  effect: () => undefined,
};

/** What a service can be asked at a scrape. */
export interface Observed {
  readonly service: string;
  readonly measures: readonly Measure[];
  /** What its tables say, asked of one of its instances: of a count that several tell, the sum would be wrong. */
  readonly gauges: readonly ServiceGauge<void>[];
  readonly tellsGauges: () => boolean;
  readonly tasks: () => number;
  readonly queued: () => number;
  readonly parked: () => number;
  readonly deadlines: () => number;
  readonly effectsOpen: () => number;
  readonly breakers: () => readonly { readonly effect: string; readonly state: 'closed' | 'open' | 'half-open' }[];
  readonly lag: () => Promise<
    readonly { readonly topic: string; readonly partition: number; readonly records: number }[]
  >;
}

export interface ServiceMetrics {
  readonly loop: LoopObserver;
  /** Counts what a commit's facts add to the service's own measures. */
  facts(rows: readonly CommittedFact[]): void;
  /** Counts outdated rows that were removed from a table. */
  removed(table: string, rows: number): void;
}

/** How often the delay of the event loop is looked at: each look wakes an idle process up. */
const loopLookedAtEveryMs = 100;

/** A part of a process, and whether it can be relied on. */
export interface Reliance {
  readonly part: string;
  readonly isReady: boolean;
}

export class Metrics {
  readonly registry = new Registry();
  readonly #readWithinMs: number;
  readonly #observed: Observed[] = [];
  readonly #requests: Histogram;
  readonly #faults: Counter;
  readonly #batchSeconds: Histogram;
  readonly #batchInputs: Histogram;
  readonly #taskSeconds: Counter;
  readonly #late: Histogram;
  readonly #effects: Histogram;
  readonly #removed: Counter;
  readonly #broken: Gauge;
  readonly #checkedAt: Gauge;
  readonly #unchecked: Gauge;

  constructor(options: { readonly readWithinMs?: number } = {}) {
    this.#readWithinMs = options.readWithinMs ?? readWithinMs;
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry, eventLoopMonitoringPrecision: loopLookedAtEveryMs });
    const seconds = (name: string, help: string, labelNames: readonly string[]) =>
      new Histogram({ name, help, labelNames: [...labelNames], buckets: secondsBuckets, registers });
    this.#requests = seconds('fullhouse_http_request_seconds', 'HTTP requests by route and status.', [
      'server',
      'method',
      'route',
      'status',
    ]);
    this.#faults = new Counter({
      ...{ name: 'fullhouse_http_faults_total', help: 'HTTP requests that ended in a fault of ours: 5xx but for 503.' },
      ...{ labelNames: ['server'], registers },
    });
    this.#batchSeconds = seconds('fullhouse_batch_seconds', 'Time from taking a batch to its commit.', ['service']);
    this.#batchInputs = new Histogram({
      ...{ name: 'fullhouse_batch_inputs', help: 'Inputs of a batch.', labelNames: ['service'] },
      ...{ buckets: inputsBuckets, registers },
    });
    this.#taskSeconds = new Counter({
      name: 'fullhouse_task_seconds_total',
      help: 'Time of batches by task (partition): of each batch, the share of its inputs.',
      ...{ labelNames: ['service', 'partition'], registers },
    });
    this.#late = seconds('fullhouse_deadline_late_seconds', 'How late deadlines rang.', ['service']);
    this.#effects = seconds('fullhouse_effect_seconds', 'Effects by outcome.', ['service', 'effect', 'outcome']);
    this.#removed = new Counter({
      ...{ name: 'fullhouse_outdated_rows_removed_total', help: 'Outdated rows that were removed, by table.' },
      ...{ labelNames: ['service', 'table'], registers },
    });
    this.#broken = new Gauge({
      name: 'fullhouse_invariants_broken',
      help: '1 for each invariant that did not hold when the promises were last checked.',
      ...{ labelNames: ['invariant'], registers },
    });
    this.#checkedAt = new Gauge({
      name: 'fullhouse_checked_at_seconds',
      help: 'When the promises were last checked to the end: seconds since 1970; 0 before the first time.',
      registers,
    });
    this.#unchecked = new Gauge({
      name: 'fullhouse_checks_unfinished',
      help: 'Checks of the promises since the last one that came to its end: each was tried and could not read everything.',
      registers,
    });
    this.#gauges();
  }

  /** What a check of the promises has found. */
  checked(outcome: {
    readonly endedAt: string;
    readonly invariants: readonly { readonly name: string; readonly holds: boolean }[];
  }): void {
    for (const { name, holds } of outcome.invariants) this.#broken.set({ invariant: name }, holds ? 0 : 1);
    this.#checkedAt.set(Date.parse(outcome.endedAt) / 1_000);
    this.#unchecked.set(0);
  }

  /** A check of the promises did not come to its end. */
  notChecked(): void {
    this.#unchecked.inc();
  }

  #gauges(): void {
    const gauge = (name: string, help: string, value: (observed: Observed) => number) =>
      this.#gauge({ name, help, labels: [] }, async (each) => [{ labels: {}, value: value(each) }]);
    gauge('fullhouse_tasks_owned', 'Tasks this process owns.', (each) => each.tasks());
    gauge('fullhouse_inputs_queued', 'Inputs that wait for a batch.', (each) => each.queued());
    gauge('fullhouse_inputs_parked', 'Inputs that are parked.', (each) => each.parked());
    gauge(
      'fullhouse_deadlines_armed',
      'Timers that are set: holds of seat-inventory, requests of booking, ….',
      (each) => each.deadlines(),
    );
    gauge('fullhouse_effects_open', 'Effects that wait for their answer.', (each) => each.effectsOpen());
    this.#gauge(
      { name: 'fullhouse_breaker_open', help: '1 while the circuit to a provider is open.', labels: ['effect'] },
      async (each) =>
        each.breakers().map(({ effect, state }) => ({ labels: { effect }, value: state === 'closed' ? 0 : 1 })),
    );
    this.#gauge(
      {
        name: 'fullhouse_lag_records',
        help: 'Records of a topic partition that its owner has not handled yet.',
        labels: ['topic', 'partition'],
      },
      async (each) =>
        (await each.lag()).map(({ topic, partition, records }) => ({
          labels: { topic, partition: String(partition) },
          value: records,
        })),
    );
  }

  /** Tells at each scrape what this process and what it depends on can be relied on for. */
  relies(read: () => Promise<readonly Reliance[]>): void {
    new Gauge({
      name: 'fullhouse_ready',
      help: '1 for each part of this process, and each thing it depends on, that can be relied on; 0 where /readyz says why not.',
      ...{ labelNames: ['part'], registers: [this.registry] },
      async collect() {
        this.reset();
        for (const { part, isReady } of await read()) this.set({ part }, isReady ? 1 : 0);
      },
    });
  }

  /** What is read in time; nothing of what cannot be read at the moment. */
  async #inTime(reading: Promise<readonly Measured[]>): Promise<readonly Measured[]> {
    const late = new AbortController();
    const nothing = delay(this.#readWithinMs, [], { signal: late.signal }).catch(() => []);
    try {
      return await Promise.race([reading.catch(() => []), nothing]);
    } finally {
      late.abort();
    }
  }

  /** A gauge of each service, read at the scrape; what cannot be read at the moment is left out. */
  #gauge(
    { name, help, labels }: { readonly name: string; readonly help: string; readonly labels: readonly string[] },
    read: (observed: Observed) => Promise<readonly Measured[]>,
  ): void {
    const observed = this.#observed;
    const readAll = () => Promise.all(observed.map(async (each) => ({ each, values: await this.#inTime(read(each)) })));
    new Gauge({
      ...{ name, help, labelNames: ['service', ...labels], registers: [this.registry] },
      async collect() {
        const found = await readAll();
        this.reset();
        for (const { each, values } of found)
          for (const { labels: own, value } of values) this.set({ service: each.service, ...own }, value);
      },
    });
  }

  /** Takes a service up; what it declares is registered once, however many processes or tests run it. */
  observe(observed: Observed): ServiceMetrics {
    this.#observed.push(observed);
    const { service } = observed;
    for (const each of observed.gauges) this.#own(observed, each);
    const adders = new Map<string, ((row: CommittedFact) => void)[]>();
    for (const each of observed.measures) {
      const add = this.#adder(each);
      for (const [type, measured] of Object.entries(each.on)) {
        const known = adders.get(type) ?? [];
        known.push((row) => {
          const found = measured(row as unknown as MeasuredFact<never>);
          if (found !== undefined) add(found);
        });
        adders.set(type, known);
      }
    }
    return {
      loop: {
        batch: (inputs, seconds) => {
          this.#batchSeconds.observe({ service }, seconds);
          const all = [...inputs.values()].reduce((sum, each) => sum + each, 0);
          this.#batchInputs.observe({ service }, all);
          for (const [partition, each] of inputs)
            this.#taskSeconds.inc({ service, partition: String(partition) }, (seconds * each) / all);
        },
        rang: (lateSeconds) => this.#late.observe({ service }, Math.max(0, lateSeconds)),
        effect: (effect, outcome, seconds) => this.#effects.observe({ service, effect, outcome }, seconds),
      },
      removed: (table, rows) => this.#removed.inc({ service, table }, rows),
      facts: (rows) => {
        for (const row of rows) for (const add of adders.get(row.type) ?? []) add(row);
      },
    };
  }

  #own({ tellsGauges }: Observed, { name, help, labels, read }: ServiceGauge<void>): void {
    let known: { readonly at: number; readonly values: readonly Measured[] } | undefined;
    const readNow = () => this.#inTime(read());
    new Gauge({
      ...{ name, help, labelNames: [...labels], registers: [this.registry] },
      async collect() {
        this.reset();
        if (!tellsGauges()) return;
        if (known === undefined || performance.now() - known.at > gaugesKeptMs)
          known = { at: performance.now(), values: await readNow() };
        for (const { labels: own, value } of known.values) this.set(own, value);
      },
    });
  }

  #adder({ name, help, kind, labels, atStart = [] }: Measure): (measured: Measured) => void {
    const registers = [this.registry];
    if (kind === 'counter') {
      const counter = new Counter({ name, help, labelNames: [...labels], registers });
      for (const own of atStart) counter.inc(own, 0);
      return ({ labels: own, value }) => counter.inc(own, value);
    }
    const histogram = new Histogram({ name, help, labelNames: [...labels], buckets: secondsBuckets, registers });
    return ({ labels: own, value }) => histogram.observe(own, value);
  }

  /** Counts what a HTTP server answers: by the pattern of the route, never by the path. */
  watch(name: 'gateway' | 'services', server: FastifyInstance): void {
    // From the start, so that the first is an increase: a route has no series of a status before its first.
    this.#faults.inc({ server: name }, 0);
    server.addHook('onResponse', async ({ method, routeOptions }, reply) => {
      if (reply.statusCode >= 500 && reply.statusCode !== 503) this.#faults.inc({ server: name });
      const labels = { server: name, method, route: routeOptions.url ?? 'none', status: String(reply.statusCode) };
      this.#requests.observe(labels, reply.elapsedTime / 1_000);
    });
  }
}
