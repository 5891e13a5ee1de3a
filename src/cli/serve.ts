import { Command } from 'commander';
import { type Role, roles } from '../composition/roles.ts';
import { readConfiguration } from '../runtime/configuration.ts';
import { createLogger } from '../runtime/logger.ts';
import { WrongUse } from './answers.ts';
import { endingInOrder } from './ending.ts';

/** `fullhouse serve`: one or more services, the gateway or the operators' answers, as a process of the cluster mode. */
export function serveCommand(): Command {
  return new Command('serve')
    .description('run one or more services over Kafka and PostgreSQL, as a process of their own')
    .argument('<service...>', `${roles.join(', ')}, or all`)
    .addHelpText(
      'after',
      '\nKAFKA_BROKERS and DATABASE_URL (or BOOKING_DATABASE_URL and the like) say where they are.\n\nExample:\n  PORT=9103 ADMIN_PORT=9203 fullhouse serve booking',
    )
    .action(serve);
}

async function serve(named: readonly string[]): Promise<void> {
  const run = rolesNamed(named);
  const configuration = readConfiguration(process.env);
  const logger = createLogger(configuration.LOG_LEVEL);
  const { startCluster } = await import('../cluster.ts');
  const { openClusterLog } = await import('../composition/kafka.ts');
  const ending = endingInOrder(logger);
  const started = await ending.whenStarted(
    startCluster(configuration, logger, {
      roles: run,
      openLog: () => openClusterLog(configuration, logger, `fullhouse-${run.join('+')}`),
      stopping: ending.signal,
    }),
  );
  if (!ending.signal.aborted) console.log(`${run.length === roles.length ? 'all' : run.join(', ')} at ${started.url}`);
}

function rolesNamed(names: readonly string[]): readonly Role[] {
  if (names.includes('all')) return roles;
  const unknown = names.filter((name) => !(roles as readonly string[]).includes(name));
  if (unknown.length > 0)
    throw new WrongUse(`there is no ${unknown.join(', ')} to serve; there are: ${roles.join(', ')}`);
  return roles.filter((role) => names.includes(role));
}
