import { join } from 'node:path';
import type { Installation } from '../operations/installation.ts';
import { openInstallation } from '../operations/installation.ts';
import { claim, type DataDirectory } from '../runtime/embedded/data-directory.ts';
import { CommandRefused } from './answers.ts';
import type { Instance } from './asking.ts';
import { type Found, findInstance } from './instance.ts';

/**
 * Asks the running instance, or, when nothing runs, the data directory itself: it is claimed meanwhile, so that nobody
 * starts on it.
 */
export async function askOrOpen<Result>(
  ask: (instance: Instance) => Promise<Result>,
  open: (installation: Installation) => Promise<Result>,
): Promise<Result> {
  const found = await findInstance();
  if (found.instance !== undefined) return ask(found.instance);
  if (found.directory === undefined)
    throw new CommandRefused(`there is no Fullhouse in ${found.path}; name its directory with FULLHOUSE_DATA_DIR`);
  return withOpened(found, found.directory, open);
}

async function withOpened<Result>(
  { configuration }: Found,
  directory: DataDirectory,
  work: (installation: Installation) => Promise<Result>,
): Promise<Result> {
  const control = await claim(directory);
  const steps: (() => Promise<unknown>)[] = [() => new Promise((resolve) => control.close(resolve))];
  try {
    // Only these commands need the whole of it; the others start faster without.
    const { logFile, openDatabases } = await import('../app.ts');
    const { definitions, topicsOf } = await import('../composition/services.ts');
    const { providerBooksOf } = await import('../composition/provider-books.ts');
    const { openEmbeddedRecords } = await import('../runtime/log/embedded-records.ts');
    const { LocalLog } = await import('../runtime/log/local-log.ts');
    const { postgres, urlOf } = await openDatabases(directory);
    steps.push(() => postgres.stop());
    const log = new LocalLog(
      await openEmbeddedRecords(join(directory.path, logFile), topicsOf(configuration.FULLHOUSE_PARTITIONS)),
    );
    steps.push(() => log.close());
    const installation = openInstallation({ definitions, log, urlOf, books: providerBooksOf(configuration) });
    steps.push(() => installation.close());
    return await work(installation);
  } finally {
    for (const step of steps.reverse()) await step();
  }
}
