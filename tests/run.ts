import { spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { whyNoLocalKafka } from '../deploy/kafka/distribution.ts';
import { prepareDirectories } from './support/preparing.ts';
import { unitTests } from './units/share.ts';

/**
 * `npm test`: the static checks, the tests, what customers do once more over Kafka, and one line of real counts.
 * `-- <pattern…>` runs only the test files whose path contains one of the patterns, `-- --static` only the checks. What
 * customers do is tested in both modes; with patterns, `--cluster` asks for the cluster mode.
 */
const counts = { passed: 0, failed: 0, skipped: 0 };
const patterns = process.argv.slice(2).filter((each) => !each.startsWith('--'));
const onlyStatic = process.argv.includes('--static');
const fileTimeoutMs = 600_000;
/** Tests wait for their servers often enough that two more beside the processors keep these busy. */
const besideWaiting = availableParallelism() + 2;
/** So that in the end no long one runs alone. */
const longestFirst = ['tests/cluster', 'simulation', 'tests'].map((folder) => `${folder}/**/*.test.ts`);
const unitShares = ['tests/units/first-share.ts', 'tests/units/second-share.ts'];

/** Tests of what people do, which have to go the same in both modes. Those that wait most come first. */
const flows = [
  ...[
    'waiting-room',
    'holds',
    'waiting-list',
    'accounts',
    'administration',
    'booking-flow',
    'cancellations',
    'catalogue',
    'choice',
    'door',
    'exchange',
    'feed',
    'live',
    'messages',
  ],
  ...[
    'prices',
    'replay',
    'sessions',
    'show-changes',
    'shows',
    'tickets',
    'unsettled',
    'bad-input-http',
    'security-webhooks',
    'stripe',
  ],
].map((name) => `tests/${name}.test.ts`);

const checks: readonly (readonly [string, readonly string[]])[] = [
  ['formatting and lint', ['biome', 'ci', '--colors=off', '--error-on-warnings', '.']],
  ['types', ['tsc', '-p', '.']],
  ['types of the pages', ['tsc', '-p', 'web']],
  [
    'import rules',
    ['depcruise', '--config', '.dependency-cruiser.json', 'src', 'simulation', 'bench', 'tests', 'deploy', 'web'],
  ],
  ['unused code', ['knip', '--no-progress']],
];

function check(name: string, [command = '', ...parameters]: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    const child = spawn(`node_modules/.bin/${command}`, parameters, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.on('exit', (code) => {
      console.log(`${code === 0 ? '✔' : '✖'} ${name}`);
      if (code === 0) counts.passed += 1;
      else {
        counts.failed += 1;
        console.log(output);
      }
      resolve();
    });
  });
}

/** The flows once more over Kafka, where there can be one; `CI=true` takes no excuse. */
async function testFlowsInCluster(): Promise<void> {
  const files = flows.filter(wanted);
  if (files.length === 0 || (patterns.length > 0 && !process.argv.includes('--cluster'))) return;
  const reason = await whyNoLocalKafka();
  if (reason !== undefined) {
    console.error(`SKIPPED ${files.length} files of tests in cluster mode: ${reason}`);
    counts[process.env['CI'] === 'true' ? 'failed' : 'skipped'] += files.length;
    return;
  }
  console.log('in cluster mode:');
  process.env['TEST_MODE'] = 'cluster';
  await tests(files);
}

function tests(files: readonly string[]): Promise<void> {
  if (files.length === 0) return Promise.resolve();
  return new Promise((resolve) => {
    const stream = run({ files: [...files], concurrency: besideWaiting, timeout: fileTimeoutMs });
    stream.on('test:summary', (summary) => {
      // One summary a file, and one of them all without a file.
      if (summary.file !== undefined) return;
      counts.passed += summary.counts.passed;
      counts.failed += summary.counts.tests - summary.counts.passed - summary.counts.skipped - summary.counts.todo;
      counts.skipped += summary.counts.skipped;
    });
    stream.on('end', resolve);
    stream.compose(new spec()).pipe(process.stdout);
  });
}

const wanted = (file: string) => patterns.length === 0 || patterns.some((pattern) => file.includes(pattern));
const checking = patterns.length === 0 ? checks.map(([name, command]) => check(name, command)) : [];
// For some few files it would take longer than it saves.
const preparing = patterns.length === 0 && !onlyStatic ? prepareDirectories() : undefined;
await Promise.all(checking);
if (!onlyStatic) {
  const prepared = await preparing;
  const files = new Set(longestFirst.flatMap((each) => globSync(each).sort()));
  await tests(patterns.length === 0 ? [...unitShares, ...files] : [...files, ...unitTests].filter(wanted));
  await testFlowsInCluster();
  await prepared?.remove();
}
const { passed, failed, skipped } = counts;
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed === 0 ? 0 : 1;
