import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { whyNoLocalKafka } from '../../deploy/kafka/local-kafka.ts';
import { type Part, parts, runPart, type Sizes } from './parts.ts';
import { type Done, reportOf } from './report.ts';

/**
 * `npm run reliability [-- --seeds 1000 --kills 10 … --only crashes --report <file>]`: runs every proof, at the size of a
 * release where no flag says otherwise, and writes the report. Exit code 1 when anything failed.
 */
const { values } = parseArgs({
  options: {
    ...Object.fromEntries(
      [...parts.flatMap(({ sizes }) => sizes.map(({ flag }) => flag)), 'from'].map((flag) => [
        flag,
        { type: 'string' as const },
      ]),
    ),
    only: { type: 'string', multiple: true },
    report: { type: 'string', default: 'docs/reliability.md' },
    help: { type: 'boolean', default: false },
  },
});

function numberOf(flag: string, otherwise: number): number {
  const given = (values as Readonly<Record<string, unknown>>)[flag];
  if (given === undefined) return otherwise;
  const number = Number(given);
  if (!Number.isInteger(number) || number < 1) throw new Error(`--${flag} must be a whole number from 1, not ${given}`);
  return number;
}

function sizesOf({ sizes }: Part): Sizes {
  const own = sizes.map(({ flag, release }) => [flag, numberOf(flag, release)]);
  return { ...Object.fromEntries(own), from: numberOf('from', 1) };
}

if (values.help === true) {
  for (const { name, says, sizes } of parts) {
    console.log(`${name}: ${says}`);
    for (const { flag, release, unit } of sizes) console.log(`    --${flag} <${unit}>   ${release} for a release`);
  }
  process.exit(0);
}

function notReached(): readonly Done[] {
  const reached = new Set(done.map(({ part }) => part));
  return parts
    .filter((part) => !reached.has(part))
    .map((part) => ({ part, sizes: sizesOf(part), outcome: { leftOut: 'the run did not come so far' } }));
}

const only = values.only;
const unknown = only?.find((name) => !parts.some((part) => part.name === name));
if (unknown !== undefined) throw new Error(`there is no part "${unknown}"; see --help`);
const noKafka = await whyNoLocalKafka();
const done: Done[] = [];
for (const part of parts) {
  const sizes = sizesOf(part);
  const leftOut =
    only !== undefined && !only.includes(part.name) ? 'not asked for' : part.needsKafka === true ? noKafka : undefined;
  if (leftOut !== undefined) {
    done.push({ part, sizes, outcome: { leftOut } });
    continue;
  }
  console.log(`${part.name} ...`);
  const outcome = await runPart(part, sizes);
  console.log(`  ${outcome.passed} passed, ${outcome.failed} failed, ${Math.round(outcome.tookMs / 1_000)} s`);
  for (const failure of outcome.failures) console.log(`  ✖ ${failure}`);
  done.push({ part, sizes, outcome });
  // After each part, so that one that is cut short has told what it knows.
  await writeFile(values.report, reportOf([...done, ...notReached()]));
}
console.log(`The report is in ${values.report}.`);
if (done.some(({ outcome }) => 'failed' in outcome && outcome.failed > 0)) process.exitCode = 1;
