import { Command, CommanderError } from 'commander';
import { WrongUse } from './answers.ts';
import { end } from './at-end.ts';
import { backtestCommand } from './backtest.ts';
import { benchCommand } from './bench.ts';
import { bookCommand } from './book.ts';
import { importCommand, migrateCommand } from './catalogue.ts';
import { checkCommand } from './check.ts';
import { lagCommand, tailCommand, topicsCommand } from './log.ts';
import { parkedCommand } from './parked.ts';
import { rehearseCommand } from './rehearse.ts';
import { rebuildCommand, replayCommand, republishCommand, restoredCommand } from './repair.ts';
import { reportCommand } from './report.ts';
import { seatCommand } from './seat.ts';
import { serveCommand } from './serve.ts';
import { settingsCommand } from './settings.ts';
import { simulateCommand } from './simulate.ts';
import { timelineCommand } from './timeline.ts';
import { upCommand } from './up.ts';

/** The command line: exit 0 when it worked, 1 when it says no, 2 for wrong use. */
const program = new Command('fullhouse')
  .description('Sells reserved seats: no seat twice, no money kept without a ticket or a refund.')
  .showHelpAfterError('(fullhouse --help lists the commands)')
  .exitOverride()
  .addCommand(upCommand())
  .addCommand(serveCommand())
  .addCommand(topicsCommand())
  .addCommand(tailCommand())
  .addCommand(lagCommand())
  .addCommand(parkedCommand())
  .addCommand(timelineCommand())
  .addCommand(seatCommand())
  .addCommand(reportCommand())
  .addCommand(backtestCommand())
  .addCommand(rehearseCommand())
  .addCommand(checkCommand())
  .addCommand(simulateCommand())
  .addCommand(benchCommand())
  .addCommand(bookCommand())
  .addCommand(replayCommand())
  .addCommand(rebuildCommand())
  .addCommand(republishCommand())
  .addCommand(restoredCommand())
  .addCommand(settingsCommand())
  .addCommand(importCommand())
  .addCommand(migrateCommand());

// Commands that are added keep no settings of the program's: each has to throw instead of ending the process.
for (const command of commandsOf(program))
  command.exitOverride().showHelpAfterError(`(fullhouse --help lists the commands)`);

// Whoever reads our output may have seen enough: that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
  if (!(error instanceof CommanderError)) process.stderr.write(`fullhouse: ${(error as Error).message}\n`);
} finally {
  await end();
}

function commandsOf(parent: Command): readonly Command[] {
  return parent.commands.flatMap((command) => [command, ...commandsOf(command)]);
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  return error instanceof WrongUse ? 2 : 1;
}
