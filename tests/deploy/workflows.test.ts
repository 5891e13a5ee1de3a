import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { temporaryDirectory } from '../support/directory.ts';
import { goToolOrSkip } from '../support/go-tools.ts';

const run = promisify(execFile);
const files = globSync('.github/workflows/*.yml');

interface Workflow {
  readonly permissions: unknown;
  readonly jobs: Readonly<
    Record<string, { readonly 'timeout-minutes'?: number; readonly steps: readonly { readonly uses?: string }[] }>
  >;
}

describe('workflows', () => {
  for (const file of files) {
    const workflow = parse(readFileSync(file, 'utf8')) as Workflow;

    test(`${file} uses other people’s actions by commit, ends in time, and may do no more than it needs`, () => {
      const jobs = Object.values(workflow.jobs);
      const uses = jobs.flatMap((job) => job.steps.flatMap((step) => step.uses ?? []));
      assert.deepEqual(
        uses.filter((each) => !/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/.test(each)),
        [],
      );
      assert.ok(uses.length > 0 && jobs.every((job) => job['timeout-minutes'] !== undefined));
      assert.ok(['{"contents":"read"}', '{}'].includes(JSON.stringify(workflow.permissions)));
    });
  }
});

const actionlint = await goToolOrSkip('actionlint', 'workflows pass actionlint');
if (actionlint !== undefined) {
  test('workflows pass actionlint', async () => {
    await run(actionlint, [...files]);
  });

  test('actionlint says no to a workflow that is wrong', async () => {
    const directory = await temporaryDirectory();
    const wrong = join(directory.path, 'wrong.yml');
    await writeFile(wrong, 'on: push\njobs: { a: { runs-on: nowhere, steps: [{ uses: nothing }] } }\n');
    await assert.rejects(run(actionlint, [wrong]));
    await directory.remove();
  });
}
