import { availableParallelism } from 'node:os';
import { run } from 'node:test';
import { faultKinds } from '../../simulation/faults.ts';
import { simulate } from '../../simulation/simulate.ts';

/** What the proof is made of: each part with the size that a release asks for, and how it is run. */

export interface Size {
  /** The flag that says it. */
  readonly flag: string;
  readonly release: number;
  readonly unit: string;
  /** The environment variable that tells the test. */
  readonly variable?: string;
}

export interface Part {
  readonly name: string;
  /** What it proves, in a sentence. */
  readonly says: string;
  readonly sizes: readonly Size[];
  /** Files of tests; without them the part is the simulation. */
  readonly files?: readonly string[];
  /** The customers' own view, over Kafka and a process per service. */
  readonly needsKafka?: boolean;
}

export interface Result {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** What the tests have told of themselves. */
  readonly figures: readonly string[];
  readonly failures: readonly string[];
  readonly tookMs: number;
  /** What was done, where the run was ended before it came to the size that was asked for. */
  readonly done?: Sizes;
}

export const parts: readonly Part[] = [
  {
    name: 'simulation',
    says: 'The whole system on a virtual clock with faults of every kind; every invariant at every quiet point.',
    sizes: [{ flag: 'seeds', release: 100_000, unit: 'seeds' }],
  },
  {
    name: 'simulation over SQL',
    says: 'The same over a real PostgreSQL: the store, the gate, what services ask and the walls are the product’s own SQL.',
    sizes: [{ flag: 'sql-seeds', release: 100, unit: 'seeds', variable: 'SQL_SEEDS' }],
    files: ['simulation/sql/sql.test.ts'],
  },
  {
    name: 'planted bugs',
    says: 'Each fault that was put into the simulated system is found.',
    sizes: [],
    files: ['simulation/planted/planted.test.ts'],
  },
  {
    name: 'auditor',
    says: '`fullhouse check` finds each violation planted in live databases, and nothing where nothing is wrong.',
    sizes: [],
    files: ['tests/check.test.ts'],
  },
  {
    name: 'crashes',
    says: 'SIGKILL of everything under 50 customers; judged by their own journal and the provider’s ledger.',
    sizes: [{ flag: 'kills', release: 100, unit: 'kills', variable: 'CRASH_TEST_KILLS' }],
    files: ['tests/crash.test.ts'],
  },
  {
    name: 'real faults',
    says: 'Cut connections, PostgreSQL killed, frozen and slow, a full disk, a frozen process, memory that is short or at an end, a jumping clock, provider and messages down, all under load.',
    sizes: [
      { flag: 'fault-rounds', release: 10, unit: 'rounds of each', variable: 'FAULT_TEST_ROUNDS' },
      { flag: 'fault-seconds', release: 60, unit: 'seconds each', variable: 'FAULT_TEST_SECONDS' },
    ],
    files: ['tests/real-faults.test.ts', 'tests/sudden-end.test.ts', 'tests/clock-jump.test.ts'],
  },
  {
    name: 'frozen owners',
    says: 'An owner of tasks is frozen, its successor takes over, and the thawed one does no harm (Kafka).',
    sizes: [{ flag: 'frozen', release: 20, unit: 'rounds', variable: 'FROZEN_TEST_ROUNDS' }],
    files: ['tests/cluster/frozen-owner.test.ts'],
    needsKafka: true,
  },
  {
    name: 'cluster faults',
    says: 'A broker killed under bookings, processes that come and go, topics deleted and created anew, foreign programs (Kafka).',
    sizes: [],
    files: [
      'tests/cluster/processes.test.ts',
      'tests/cluster/instances.test.ts',
      'tests/cluster/created-anew.test.ts',
      'tests/cluster/foreign-programs.test.ts',
      'tests/cluster/without-kafka.test.ts',
    ],
    needsKafka: true,
  },
  {
    name: 'several brokers',
    says: 'Three brokers, two of which acknowledge: the leader is killed while records are appended and consumed (Kafka).',
    sizes: [{ flag: 'broker-kills', release: 10, unit: 'kills', variable: 'BROKER_KILLS' }],
    files: ['tests/reliability/several-brokers.proof.ts'],
    needsKafka: true,
  },
  {
    name: 'upgrades',
    says: 'From the commit before to this one and back, service by service, while people book (Kafka).',
    sizes: [
      { flag: 'upgrade-pace', release: 200, unit: 'bookings a second', variable: 'ROLLING_TEST_BOOKINGS_PER_SECOND' },
    ],
    files: ['tests/cluster/rolling.test.ts'],
    needsKafka: true,
  },
  {
    name: 'under load',
    says: 'Instances come and go, and each service, PostgreSQL and the broker are killed, under load over twelve partitions (Kafka).',
    sizes: [{ flag: 'load-rounds', release: 10, unit: 'rounds of each', variable: 'UNDER_LOAD_ROUNDS' }],
    files: ['tests/cluster/under-load.test.ts'],
    needsKafka: true,
  },
  {
    name: 'restored databases',
    says: 'Databases are restored from a backup and get back what was told; the check finds what is lost and nothing else, in both modes (Kafka).',
    sizes: [{ flag: 'restored-all', release: 1, unit: 'for all eight', variable: 'RESTORED_TEST_ALL' }],
    files: ['tests/restored.test.ts', 'tests/cluster/restored.test.ts'],
    needsKafka: true,
  },
  {
    name: 'races',
    says: '64 customers want the same two seats at once.',
    sizes: [{ flag: 'races', release: 500, unit: 'rounds', variable: 'RACE_TEST_ROUNDS' }],
    files: ['tests/race.test.ts'],
  },
  {
    name: 'bad input',
    says: 'Requests drawn from the OpenAPI description, spoilt bodies, hostile events on every topic.',
    sizes: [
      { flag: 'requests', release: 100_000, unit: 'requests', variable: 'FUZZ_REQUESTS' },
      { flag: 'schema-runs', release: 10_000, unit: 'values a schema', variable: 'SCHEMA_RUNS' },
    ],
    files: [
      'tests/fuzzer.test.ts',
      'src/composition/public-schemas.test.ts',
      'tests/bad-input.test.ts',
      'tests/bad-input-bookings.test.ts',
      'tests/bad-input-catalogue.test.ts',
      'tests/bad-input-http.test.ts',
      'tests/hostile-events.test.ts',
    ],
  },
  {
    name: 'security',
    says: 'Tokens, access by role and route, limits and races, privacy, webhooks.',
    sizes: [],
    files: ['access', 'limits', 'privacy', 'races', 'tokens', 'webhooks'].map(
      (name) => `tests/security-${name}.test.ts`,
    ),
  },
  {
    name: 'image',
    says: 'The Dockerfile is built without an engine, where there is buildah, and what comes out runs as nobody.',
    sizes: [],
    files: ['tests/reliability/image-built.proof.ts'],
  },
];

export type Sizes = Readonly<Record<string, number>>;

/** `signal` ends a simulation early: it is then of the seeds that were done. */
export async function runPart({ files, sizes }: Part, wanted: Sizes, signal?: AbortSignal): Promise<Result> {
  const began = performance.now();
  for (const { flag, variable } of sizes) if (variable !== undefined) process.env[variable] = String(wanted[flag]);
  const result = files === undefined ? await runSimulation(wanted, signal) : await runTests(files);
  return { ...result, tookMs: performance.now() - began };
}

async function runSimulation(
  { seeds = 1, from = 1 }: Sizes,
  signal: AbortSignal | undefined,
): Promise<Omit<Result, 'tookMs'>> {
  const began = performance.now();
  const summary = await simulate({ from, seeds, lanes: availableParallelism(), signal }, (_, done) => {
    if (done % 100 === 0) console.log(`  ${done} of ${seeds} seeds`);
  });
  const perSecond = summary.seeds / ((performance.now() - began) / 1_000);
  const met = Object.values(summary.faults);
  const failures = [
    ...summary.failed.flatMap(({ seed, violations }) =>
      violations.map(({ invariant, says }) => `seed ${seed}: ${invariant}: ${says}`),
    ),
    ...summary.neverMet.map((what) => `never met: ${what}`),
  ];
  const figures = [
    `${summary.seeds} seeds from ${from}, ${summary.bookings} bookings, ${summary.events} events, ${Math.round(summary.simulatedMs / 3_600_000)} simulated hours`,
    `${met.filter((times) => times > 0).length} of ${faultKinds.length} kinds of faults met, ${met.reduce((sum, times) => sum + times, 0)} times in all`,
    `${perSecond.toFixed(1)} seeds/s in ${summary.lanes} lanes`,
    `trace hash ${summary.hash}`,
  ];
  const counts = { passed: summary.seeds - summary.failed.length, failed: failures.length, skipped: 0 };
  return { ...counts, figures, failures, done: { seeds: summary.seeds } };
}

/** No test of a release's size is slower than this. */
const fileTimeoutMs = 24 * 3_600_000;

function runTests(files: readonly string[]): Promise<Omit<Result, 'tookMs'>> {
  const figures: string[] = [];
  const failures: string[] = [];
  return new Promise((resolve) => {
    const stream = run({ files: [...files], concurrency: 1, timeout: fileTimeoutMs });
    stream.on('test:diagnostic', ({ nesting, message }) => {
      if (nesting > 0) figures.push(message);
    });
    stream.on('test:fail', ({ name, details }) => failures.push(`${name}: ${details.error.cause ?? details.error}`));
    stream.on('test:summary', ({ file, counts }) => {
      // One summary a file, and one of them all without a file.
      if (file !== undefined) return;
      const { passed, tests, skipped, todo } = counts;
      resolve({ passed, failed: tests - passed - skipped - todo, skipped, figures, failures });
    });
    stream.resume();
  });
}
