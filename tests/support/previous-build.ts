import { execFile } from 'node:child_process';
import { mkdir, readFile, symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { temporaryDirectory } from './directory.ts';

const run = promisify(execFile);

export interface Build {
  readonly revision: string;
  /** The command line's program. */
  readonly program: string;
  remove(): Promise<void>;
}

export const thisBuild: Build = {
  revision: 'this',
  program: resolve('src/cli/main.ts'),
  remove: async () => undefined,
};

/**
 * What was built before this: the last commit where something is changed in the tree, else the one before it, or the revision
 * that `ROLLING_TEST_FROM` names. A reason where there is none, such as in a clone without history.
 */
export async function previousBuild(): Promise<Build | string> {
  const git = async (...parameters: string[]) => (await run('git', parameters)).stdout.trim();
  let revision: string;
  try {
    const changed = (await git('status', '--porcelain', '--', 'src', 'package-lock.json')) !== '';
    revision = await git('rev-parse', '--verify', process.env['ROLLING_TEST_FROM'] ?? (changed ? 'HEAD' : 'HEAD~1'));
  } catch (error) {
    return `there is no commit before this one to roll from: ${(error as Error).message.trim().split('\n').at(-1)}`;
  }
  const directory = await temporaryDirectory();
  await mkdir(join(directory.path, 'build'));
  const path = join(directory.path, 'build');
  await run('sh', ['-c', `git archive ${revision} | tar -x -C '${path}'`]);
  const locked = (root: string) => readFile(join(root, 'package-lock.json'), 'utf8');
  if ((await locked(path)) === (await locked('.'))) await symlink(resolve('node_modules'), join(path, 'node_modules'));
  else await run('npm', ['ci', '--no-audit', '--loglevel=error'], { cwd: path });
  return { revision, program: join(path, 'src/cli/main.ts'), remove: directory.remove };
}
