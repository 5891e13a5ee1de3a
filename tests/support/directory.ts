import { execFile } from 'node:child_process';
import { mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface TemporaryDirectory {
  readonly path: string;
  remove(): Promise<void>;
}

/** What a first start makes: of the embedded mode, of the databases of the cluster mode, of a PostgreSQL and of a Kafka. */
export type Prepared = 'embedded' | 'cluster' | 'postgres' | 'kafka';
/** Where `npm test` has made it once for all files: to start in a copy takes a fraction of a first start. */
export const preparedVariable = 'TEST_PREPARED';

/** A file system in memory, where the thousands of files of a database are copied with a fifth of the work. */
const memory = '/dev/shm';
/** As much as all tests that run at a time may write: containers often have a few megabytes of it. */
const memoryBytesMin = 4 * 2 ** 30;

/** A directory of its own, gone with the test; `prepared`: with what a first start makes, where the run has that at hand. */
export async function temporaryDirectory(prepared?: Prepared): Promise<TemporaryDirectory> {
  const from = prepared !== undefined && process.env[preparedVariable];
  const path = await mkdtemp(join(from ? await roomyPlace() : tmpdir(), 'fullhouse-test-'));
  // The files belong to the user that PostgreSQL runs as.
  if (from) await promisify(execFile)('cp', ['-a', `${join(from, prepared)}/.`, path]);
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 5 }) };
}

async function roomyPlace(): Promise<string> {
  const room = await statfs(memory).catch(() => undefined);
  return room !== undefined && room.bavail * room.bsize >= memoryBytesMin ? memory : tmpdir();
}
