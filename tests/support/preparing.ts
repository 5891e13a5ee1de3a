import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { prepareDatabases } from './cluster.ts';
import { preparedVariable, type TemporaryDirectory, temporaryDirectory } from './directory.ts';
import { prepareKafka } from './kafka.ts';
import { preparePostgres } from './postgres.ts';
import { prepareEmbedded } from './servers.ts';

/** Makes what a first start makes, for all test files that this process starts from now on. */
export async function prepareDirectories(): Promise<TemporaryDirectory> {
  const directory = await temporaryDirectory();
  for (const [name, prepare] of [
    ['embedded', prepareEmbedded],
    ['cluster', prepareDatabases],
    ['postgres', preparePostgres],
    ['kafka', prepareKafka],
  ] as const) {
    const path = join(directory.path, name);
    await mkdir(path);
    await prepare(path);
  }
  process.env[preparedVariable] = directory.path;
  return directory;
}
