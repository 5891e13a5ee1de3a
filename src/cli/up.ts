import { Command } from 'commander';
import { readConfiguration } from '../runtime/configuration.ts';
import { createLogger } from '../runtime/logger.ts';

/** The longest an orderly end may take before the process goes anyway. */
const stopMaxMs = 9_500;

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
  process.on('uncaughtException', (error) => {
    // Crash-only: what is acknowledged is stored, and the next start goes on from there.
    logger.fatal({ error: error.message, stack: error.stack }, 'unexpected error');
    process.exit(1);
  });
  // Nothing else of the command line needs the whole of it.
  const { startApp } = await import('../app.ts');
  const starting = startApp(configuration, logger);
  let stopping = false;
  const stop = (signal: string) => {
    if (stopping) return;
    stopping = true;
    logger.info({ signal }, 'stopping');
    setTimeout(() => process.exit(1), stopMaxMs).unref();
    // A start that is under way comes to its end first; one that fails says so itself.
    void starting
      .then((app) => app.stop())
      .then(
        () => process.exit(0),
        () => process.exit(1),
      );
  };
  process.on('SIGTERM', stop).on('SIGINT', stop);
  const app = await starting;
  if (app.firstAdministrator !== undefined) {
    const { email, password } = app.firstAdministrator;
    console.log(
      `Administrator: ${email}${process.env['FULLHOUSE_ADMIN_PASSWORD'] ? '' : `, password ${password} (shown this once)`}`,
    );
  }
  if (!stopping) console.log(`Fullhouse is ready at ${app.url}`);
}
