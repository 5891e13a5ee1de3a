import { Command, InvalidArgumentError, Option } from 'commander';
import { CommandRefused, WrongUse } from './answers.ts';

type Mode = 'embedded' | 'cluster';

interface Options {
  readonly mode?: Mode;
  readonly quick: boolean;
  readonly write: boolean;
  readonly pairs?: number;
}

/** `fullhouse bench <goal>`: measures a system of its own, started for it. */
export function benchCommand(): Command {
  return new Command('bench')
    .argument('<goal>', 'throughput, latency or another, or all')
    .description('measure a system of its own on this machine, with the auditor after every run')
    .addOption(
      new Option('--mode <mode>', 'one process, or processes over Kafka (for all: both)').choices([
        'embedded',
        'cluster',
      ]),
    )
    .option('--pairs <number>', 'runs, or pairs of runs, of each goal', count)
    .option('--quick', 'one of each, and a shorter one', false)
    .option(
      '--write',
      'keep the figures in bench/results, as all does anyway; of a single goal, in the place of its earlier ones of the day',
      false,
    )
    .addHelpText('after', '\nExample:\n  fullhouse bench throughput --quick')
    .action(runBench);
}

function count(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError('must be a whole number from 1');
  return number;
}

async function runBench(name: string, options: Options): Promise<void> {
  // Only this command needs it; the others start faster without.
  const { bench, goals } = await import('../../bench/bench.ts').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    throw new CommandRefused('measuring needs a checkout with all its dependencies, not only what serves', { cause });
  });
  const isAll = name === 'all';
  const named = isAll ? goals : goals.filter((goal) => goal.name === name);
  const wanted = named.filter(({ modes }) => options.mode === undefined || modes.includes(options.mode));
  if (wanted.length === 0) {
    const names = goals.map((goal) => `${goal.name} (${goal.modes.join(', ')})`).join(', ');
    throw new WrongUse(`there is no such goal "${name}"; there are: ${names}, all`);
  }
  const modes: readonly Mode[] =
    options.mode !== undefined
      ? [options.mode]
      : isAll
        ? ['embedded', 'cluster']
        : (wanted[0]?.modes.slice(0, 1) ?? []);
  const isWhole = await bench({ ...options, write: options.write || isAll, wanted, modes });
  if (!isWhole) process.exitCode = 1;
}
