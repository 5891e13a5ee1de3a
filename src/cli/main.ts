import { Command, CommanderError } from 'commander';
import { ConfigurationError } from '../runtime/configuration.ts';
import { DataDirectoryInUse } from '../runtime/embedded/data-directory.ts';
import { upCommand } from './up.ts';

/** The command line: exit 0 when it worked, 1 when it says no, 2 for wrong use. */
const program = new Command('fullhouse')
  .description('Sells reserved seats: no seat twice, no money kept without a ticket or a refund.')
  .showHelpAfterError('(fullhouse --help lists the commands)')
  .exitOverride()
  .addCommand(upCommand());

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
  if (!(error instanceof CommanderError)) process.stderr.write(`fullhouse: ${(error as Error).message}\n`);
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  return error instanceof ConfigurationError || error instanceof DataDirectoryInUse ? 1 : 1;
}
