import { Command, InvalidArgumentError, Option } from 'commander';
import { CommandRefused, WrongUse } from './answers.ts';

interface Options {
  readonly mode: 'embedded' | 'cluster';
  readonly quick: boolean;
  readonly write: boolean;
  readonly pairs?: number;
}

/** `fullhouse bench <goal>`: measures a system of its own, started for it. */
export function benchCommand(): Command {
  return new Command('bench')
    .argument('<goal>', 'throughput, latency, tail, hot-show, overload, history, or all')
    .description('measure a system of its own on this machine, with the auditor after every run')
    .addOption(
      new Option('--mode <mode>', 'one process, or processes over Kafka')
        .choices(['embedded', 'cluster'])
        .default('embedded'),
    )
    .option('--pairs <number>', 'runs, or pairs of runs, of each goal', count)
    .option('--quick', 'one of each, and a shorter one', false)
    .option('--write', 'keep the figures in bench/results', false)
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
  const measurable = goals.filter(({ modes }) => modes.includes(options.mode));
  const wanted = name === 'all' ? measurable : measurable.filter((goal) => goal.name === name);
  if (wanted.length === 0) {
    const names = measurable.map((goal) => goal.name).join(', ');
    throw new WrongUse(`there is no goal "${name}" in the mode ${options.mode}; there are: ${names}, all`);
  }
  await bench({ ...options, wanted });
}
