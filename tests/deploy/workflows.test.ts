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

describe('what the workflows do', () => {
  const textOf = (name: string) => readFileSync(`.github/workflows/${name}.yml`, 'utf8');
  const uses = (text: string, action: string) => new RegExp(`uses: ${action}@[0-9a-f]{40} # v\\d`).test(text);

  test('each commit is named by its version, as Renovate wants it', () => {
    for (const file of files) {
      const lines = readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line.includes('uses: '));
      assert.deepEqual(
        lines.filter((line) => !/@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(line)),
        [],
      );
    }
    const renovate = JSON.parse(readFileSync('renovate.json', 'utf8')) as { readonly extends: readonly string[] };
    // Pins actions and images by their digests and keeps them up to date.
    assert.ok(renovate.extends.includes('config:best-practices'));
  });

  test('a push is tested in whole, its image built, listed and scanned', () => {
    const push = textOf('push');
    assert.match(push, /TEST_TOOLS=all \.ci\/run$/m);
    assert.match(readFileSync('.ci/run', 'utf8'), /^npm test /m);
    for (const action of ['docker/build-push-action', 'anchore/sbom-action', 'anchore/scan-action'])
      assert.ok(uses(push, action), action);
  });

  test('a release is an image, a chart, and where both came from', () => {
    const release = textOf('release');
    for (const action of ['docker/build-push-action', 'actions/attest-build-provenance'])
      assert.ok(uses(release, action), action);
    for (const step of ['sbom: true', 'provenance: mode=max', 'helm push ', 'gh release create '])
      assert.ok(release.includes(step), step);
  });
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
