import { Command } from 'commander';
import type { FirstAdministrator } from '../app.ts';
import { readConfiguration } from '../runtime/configuration.ts';
import { createLogger } from '../runtime/logger.ts';
import { endingInOrder } from './ending.ts';

/** `fullhouse up`: everything in one process. */
export function upCommand(): Command {
  return new Command('up')
    .description('start everything in one process on embedded PostgreSQL and embedded log')
    .addHelpText('after', '\nExample:\n  PORT=8080 fullhouse up')
    .action(up);
}

async function up(): Promise<void> {
  const configuration = readConfiguration(process.env);
  const logger = createLogger(configuration.LOG_LEVEL);
  // Nothing else of the command line needs the whole of it.
  const { startApp } = await import('../app.ts');
  const ending = endingInOrder(logger);
  const isChosen = configuration.FULLHOUSE_ADMIN_PASSWORD !== undefined;
  // Said at once: a start that fails after this would not say it again.
  const onAdministrator = ({ email, password }: FirstAdministrator) =>
    console.log(`Administrator: ${email}${isChosen ? '' : `, password ${password} (shown this once)`}`);
  const app = await ending.whenStarted(startApp(configuration, logger, { onAdministrator }));
  if (!ending.signal.aborted) console.log(`Fullhouse is ready at ${app.url}`);
}
