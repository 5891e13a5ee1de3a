import { execFile } from 'node:child_process';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Whether Prometheus' own tool is here; where not, the test is skipped loudly, and with `CI=true` fails. */
export async function promtoolOrSkip(t: TestContext): Promise<boolean> {
  const found = await run('promtool', ['--version']).then(
    () => true,
    () => false,
  );
  if (found) return true;
  const reason = 'promtool is not on this machine; install the package prometheus';
  if (process.env['CI'] === 'true') throw new Error(reason);
  console.error(`SKIPPED ${t.name}: ${reason}`);
  t.skip(reason);
  return false;
}
