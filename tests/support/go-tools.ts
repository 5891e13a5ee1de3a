import { execFile } from 'node:child_process';
import { access, mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

const run = promisify(execFile);
const buildTimeoutMs = 540_000;

/** Tools that come as sources through Go's module proxy, built once and kept outside the tree. */
const tools = {
  helm: 'helm.sh/helm/v3/cmd/helm@v3.19.2',
  'kubectl-validate': 'sigs.k8s.io/kubectl-validate@v0.0.4',
  actionlint: 'github.com/rhysd/actionlint/cmd/actionlint@v1.7.8',
} as const;

/** Minutes of building for one test: only where `TEST_TOOLS=all` asks for it, or it was built before. */
const costly: readonly (keyof typeof tools)[] = ['kubectl-validate'];

/**
 * The path of a tool. Where there is no Go to build it with, says so loudly and leaves a skipped test; with `CI=true` that
 * is a failure.
 */
export async function goToolOrSkip(name: keyof typeof tools, what: string): Promise<string | undefined> {
  const source = tools[name];
  const directory = join(
    process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'),
    'fullhouse',
    source.replace(/\W/g, '-'),
  );
  const program = join(directory, name);
  if (await isThere(program)) return program;
  const isLeftOut = costly.includes(name) && process.env['TEST_TOOLS'] !== 'all';
  if (isLeftOut) {
    const reason = `building ${name} takes minutes; TEST_TOOLS=all builds it once`;
    console.error(`SKIPPED ${what}: ${reason}`);
    test(what, { skip: reason }, () => undefined);
    return undefined;
  }
  const go = await run('go', ['version']).then(
    () => true,
    () => false,
  );
  if (go) {
    await mkdir(directory, { recursive: true });
    await run('go', ['install', source], { env: { ...process.env, GOBIN: directory }, timeout: buildTimeoutMs });
    return program;
  }
  const reason = `there is no Go to build ${name} with; install Go`;
  console.error(`SKIPPED ${what}: ${reason}`);
  test(what, { skip: process.env['CI'] === 'true' ? false : reason }, () => {
    throw new Error(reason);
  });
  return undefined;
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
