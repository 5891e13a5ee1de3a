import { execFile } from 'node:child_process';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { skipLoudly } from './skipping.ts';

const run = promisify(execFile);

/** Whether Prometheus' own tool is here; where not, the test is skipped loudly, and with `CI=true` fails. */
export async function promtoolOrSkip(t: TestContext): Promise<boolean> {
  const found = await run('promtool', ['--version']).then(
    () => true,
    () => false,
  );
  if (found) return true;
  const reason = 'promtool is not on this machine; install the package prometheus';
  skipLoudly(t, reason);
  return false;
}
