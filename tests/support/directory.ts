import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface TemporaryDirectory {
  readonly path: string;
  remove(): Promise<void>;
}

/** What a first start makes, for the embedded mode and for the databases of the cluster mode. */
export type Prepared = 'embedded' | 'cluster';
/** Where `npm test` has made it once for all files: to start in a copy takes a fraction of a first start. */
export const preparedVariable = 'TEST_PREPARED';

/** A directory of its own, gone with the test; `prepared`: with what a first start makes, where the run has that at hand. */
export async function temporaryDirectory(prepared?: Prepared): Promise<TemporaryDirectory> {
  const path = await mkdtemp(join(tmpdir(), 'fullhouse-test-'));
  const from = process.env[preparedVariable];
  // The files belong to the user that PostgreSQL runs as.
  if (prepared !== undefined && from !== undefined)
    await promisify(execFile)('cp', ['-a', `${join(from, prepared)}/.`, path]);
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 5 }) };
}
