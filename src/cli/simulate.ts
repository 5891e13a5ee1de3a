import { availableParallelism } from 'node:os';
import { Command, InvalidArgumentError } from 'commander';
import type { Summary } from '../../simulation/simulate.ts';
import type { Outcome } from '../../simulation/world.ts';
import { progress, say, sayJson, sayTable } from './answers.ts';

const seedMax = 0xffff_ffff;

interface Options {
  readonly seeds: number;
  readonly from: number;
  readonly lanes: number;
  readonly json?: boolean;
}

/** `fullhouse simulate`: the whole system on a virtual clock, with faults. Exit code 1 when a seed breaks a promise. */
export function simulateCommand(): Command {
  return new Command('simulate')
    .description(
      'run the whole system on a virtual clock with faults of every kind, and prove the promises after each run',
    )
    .requiredOption('--seeds <number>', 'how many runs', count)
    .option('--from <seed>', 'the first seed', count, 1)
    .option('--lanes <number>', 'runs side by side; by default one for each processor', count, availableParallelism())
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  fullhouse simulate --seeds 100\n  fullhouse simulate --seeds 1 --from 4711')
    .action(runSimulate);
}

function count(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > seedMax)
    throw new InvalidArgumentError(`must be a whole number from 1 to ${seedMax}`);
  return number;
}

async function runSimulate({ seeds, from, lanes, json }: Options): Promise<void> {
  // Only this command needs it; the others start faster without.
  const [{ simulate }, { shrink, tell }] = await Promise.all([
    import('../../simulation/simulate.ts'),
    import('../../simulation/shrink.ts'),
  ]);
  const waiting = progress();
  const summary = await simulate({ seeds, from, lanes }, ({ seed, violations }, done) => {
    waiting.tell(`seed ${seed}: ${done} of ${seeds}`);
    if (violations.length === 0) return;
    waiting.done();
    if (json !== true) say(`✖ seed ${seed}: ${violations.map(({ invariant }) => invariant).join(', ')}`);
  });
  const [first] = summary.failed;
  if (first !== undefined) waiting.tell(`seed ${first.seed} fails; looking for its shortest story`);
  const shrunk = first === undefined ? undefined : await shrink(first, { seed: first.seed });
  waiting.done();
  const story = shrunk === undefined ? undefined : tell(shrunk);
  if (json === true) sayJson(asJson(summary, story));
  else print(summary, shrunk, story ?? []);
  if (summary.failed.length > 0 || summary.neverMet.length > 0) process.exitCode = 1;
}

function asJson({ failed, ...sums }: Summary, story: readonly string[] | undefined) {
  return {
    holds: failed.length === 0 && sums.neverMet.length === 0,
    ...sums,
    failed: failed.map(({ seed, hash, violations }) => ({ seed, hash, violations })),
    ...(story === undefined ? {} : { story }),
  };
}

function print(summary: Summary, shrunk: Outcome | undefined, story: readonly string[]): void {
  const { seeds, from, events, bookings, simulatedMs, tookMs, situations, faults, neverMet, failed, hash, lanes } =
    summary;
  const perSecond = (seeds / (tookMs / 1_000)).toFixed(1);
  const hours = Math.round(simulatedMs / 3_600_000);
  say(
    `${seeds} seeds from ${from}: ${bookings} bookings, ${events} events, ${hours} simulated hours (${perSecond} seeds/s in ${lanes} lanes)`,
  );
  say(`Trace hash ${hash}.`);
  const rows = (met: Readonly<Record<string, number>>) =>
    Object.entries(met).map(([what, times]) => ({
      what,
      times,
      rate: ((times * 1_000) / Math.max(1, bookings)).toFixed(1),
    }));
  say('\nWhat bookings have been through, in all and of a thousand:');
  sayTable(rows(situations));
  say('\nFaults met, in all and for a thousand bookings:');
  sayTable(rows(faults));
  say();
  if (neverMet.length > 0) say(`✖ Never met: ${neverMet.join(', ')}. Such a run proves nothing about them.`);
  for (const { seed, hash, violations } of failed) {
    say(`✖ seed ${seed} (trace hash ${hash}); run it again: fullhouse simulate --seeds 1 --from ${seed}`);
    for (const { invariant, says } of violations) say(`    ${invariant}: ${says}`);
  }
  if (shrunk !== undefined) {
    say(`\nThe shortest story found of seed ${shrunk.seed}:`);
    for (const line of story) say(line);
    for (const { invariant, says } of shrunk.violations) say(`✖ ${invariant}: ${says}`);
  }
  if (failed.length === 0) say(`All invariants held in ${seeds} runs.`);
}
