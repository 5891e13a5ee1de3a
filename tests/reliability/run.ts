import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { whyNoLocalKafka } from '../../deploy/kafka/distribution.ts';
import { type Part, parts, runPart, type Sizes } from './parts.ts';
import { type Done, reportOf, whereNow } from './report.ts';

/**
 * `npm run reliability [-- --seeds 1000 --kills 10 … --only crashes --report <file> --results <file>]`: runs every proof, at
 * the size of a release where no flag says otherwise, and writes the report. All of it takes most of a day: with `--only` a part is
 * run anew and the others stay in the report as they were, each with its commit. SIGTERM ends a simulation early, of which the
 * report then says how far it came. Exit code 1 when anything failed.
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
    results: { type: 'string', default: 'docs/reliability.json' },
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

const only = values.only;
const unknown = only?.find((name) => !parts.some((part) => part.name === name));
if (unknown !== undefined) throw new Error(`there is no part "${unknown}"; see --help`);
const noKafka = await whyNoLocalKafka();
const ran = await earlierResults();
const ending = new AbortController();
process.once('SIGTERM', () => ending.abort());
for (const part of parts) {
  if (only !== undefined && !only.includes(part.name)) continue;
  const sizes = sizesOf(part);
  if (part.needsKafka === true && noKafka !== undefined) {
    ran.set(part.name, { part, sizes, outcome: { leftOut: noKafka } });
    continue;
  }
  console.log(`${part.name} ...`);
  const outcome = await runPart(part, sizes, ending.signal);
  console.log(`  ${outcome.passed} passed, ${outcome.failed} failed, ${Math.round(outcome.tookMs / 1_000)} s`);
  for (const failure of outcome.failures) console.log(`  ✖ ${failure}`);
  ran.set(part.name, { part, sizes, outcome, where: whereNow() });
  // After each part, so that a run that is cut short has told what it knows.
  await tell();
}
await tell();
console.log(`The report is in ${values.report}.`);
if (all().some(({ outcome }) => 'failed' in outcome && outcome.failed > 0)) process.exitCode = 1;

/** Every part: as it was run, or that it was not. */
function all(): readonly Done[] {
  return parts.map(
    (part) =>
      ran.get(part.name) ?? { part, sizes: sizesOf(part), outcome: { leftOut: 'not asked for, or not reached' } },
  );
}

async function tell(): Promise<void> {
  await writeFile(values.report, reportOf(all()));
  const kept = [...ran].map(([name, { sizes, outcome, where }]) => ({ name, sizes, outcome, where }));
  await writeFile(values.results, `${JSON.stringify(kept, null, 2)}\n`);
}

type Kept = Omit<Done, 'part'> & { readonly name: string };

/** What was run before, of parts that are still there. */
async function earlierResults(): Promise<Map<string, Done>> {
  const text = await readFile(values.results, 'utf8').catch(() => '[]');
  const kept = (JSON.parse(text) as readonly Kept[]).flatMap(({ name, ...done }) =>
    parts.filter((part) => part.name === name).map((part) => [name, { part, ...done }] as const),
  );
  return new Map(kept);
}
