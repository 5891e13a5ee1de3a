import { Command } from 'commander';
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
  const app = await ending.whenStarted(startApp(configuration, logger));
  if (app.firstAdministrator !== undefined) {
    const { email, password } = app.firstAdministrator;
    console.log(
      `Administrator: ${email}${configuration.FULLHOUSE_ADMIN_PASSWORD !== undefined ? '' : `, password ${password} (shown this once)`}`,
    );
  }
  if (!ending.signal.aborted) console.log(`Fullhouse is ready at ${app.url}`);
}
