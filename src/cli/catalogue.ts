import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { Command } from 'commander';
import { type ServiceName, serviceNames } from '../contracts/topics.ts';
import { type Configuration, isCluster, readConfiguration } from '../runtime/configuration.ts';
import { isInUse, openDataDirectory } from '../runtime/embedded/data-directory.ts';
import { CommandRefused, progress, say, sayJson, sayTable, WrongUse } from './answers.ts';
import { CallRefused } from './asking.ts';
import { runningInstance } from './instance.ts';

/** Filling the databases: a catalogue from a file, and their schemas. */

export function importCommand(): Command {
  return new Command('import')
    .description('import a catalogue from JSON or CSV, all or nothing')
    .argument('<file>')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nWhat such a file has in it: docs/operations/catalogue-import.md\n\nExample:\n  fullhouse import programme.csv',
    )
    .action(importFile);
}

async function importFile(file: string, { json }: { json?: boolean }): Promise<void> {
  const format = { '.json': 'json', '.csv': 'csv' }[extname(file).toLowerCase()];
  if (format === undefined) throw new WrongUse(`${file}: a catalogue is a .json or a .csv file`);
  const bytes = await readFile(file).catch((cause: Error) => {
    throw new CommandRefused(`cannot read ${file}: ${cause.message}`, { cause });
  });
  const text = textOf(file, bytes);
  const instance = await runningInstance();
  const waiting = progress();
  const ticking = setInterval(() => waiting.tell(`importing ${file} …`), 250);
  try {
    const counts = await instance.call<Readonly<Record<string, number>>>('POST', '/catalogue/imports', {
      format,
      text,
    });
    waiting.done();
    if (json === true) return sayJson(counts);
    say(
      `Imported ${Object.entries(counts)
        .map(([name, count]) => `${count} ${name}`)
        .join(', ')}; what was there already stays as it was.`,
    );
  } catch (error) {
    waiting.done();
    if (!(error instanceof CallRefused)) throw error;
    for (const { pointer, message } of error.problem.errors ?? [])
      process.stderr.write(`${file}: ${pointer}: ${message}\n`);
    throw error;
  } finally {
    clearInterval(ticking);
  }
}

/** Spreadsheets save in other encodings too, of which something would always come out: names that nobody has written. */
function textOf(file: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new CommandRefused(`${file} is not in UTF-8; save it as "CSV UTF-8", or convert it with iconv`, { cause });
  }
}

export function migrateCommand(): Command {
  return new Command('migrate')
    .description('bring the databases up to date; safe to run twice and from several places')
    .argument('[service...]', 'default: all of them; in embedded mode they are migrated together')
    .addHelpText(
      'after',
      '\nIn cluster mode missing databases and roles are made where DATABASE_URL names a role that may.\n\nExample:\n  fullhouse migrate',
    )
    .action(migrateAll);
}

async function migrateAll(services: readonly string[]): Promise<void> {
  const unknown = services.filter((name) => !(serviceNames as readonly string[]).includes(name));
  if (unknown.length > 0)
    throw new WrongUse(`there is no service ${unknown.join(', ')}; there are: ${serviceNames.join(', ')}`);
  const configuration = readConfiguration(process.env);
  if (isCluster(configuration)) return migrateInCluster(configuration, services as readonly ServiceName[]);
  const directory = await openDataDirectory(configuration.FULLHOUSE_DATA_DIR);
  if (await isInUse(directory)) return say('Nothing to do: the running instance has migrated everything at its start.');
  const { claim } = await import('../runtime/embedded/data-directory.ts');
  const { openDatabases } = await import('../app.ts');
  const control = await claim(directory);
  try {
    const { postgres } = await openDatabases(directory);
    await postgres.stop();
    say('All databases are up to date.');
  } finally {
    await new Promise((resolve) => control.close(resolve));
  }
}

async function migrateInCluster(configuration: Configuration, named: readonly ServiceName[]): Promise<void> {
  const services = named.length === 0 ? serviceNames : named;
  const { missingDatabases } = await import('../composition/roles.ts');
  const { migrateCluster } = await import('../composition/databases.ts');
  const [missing] = missingDatabases(configuration, services);
  if (missing !== undefined) throw new CommandRefused(missing);
  const { created, applied } = await migrateCluster(configuration, services);
  for (const name of created) say(`made the database ${name}`);
  sayTable([...applied].map(([service, migrations]) => ({ service, applied: migrations })));
  say('\nAll databases are up to date.');
}
