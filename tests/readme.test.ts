import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { type RunningProcess, runProcess, temporaryDirectory } from './support/servers.ts';

const readme = readFileSync('README.md', 'utf8');
const blocks = [...readme.matchAll(/```sh\n([\s\S]*?)```/g)].map((match) => match[1] ?? '');
/** Commands that start something and stay; each has a test of its own. */
const starting = ['npm start\n', 'npm test\n', 'npm run cluster\n'];

/** Runs a block as a reader would, against the server of this test. */
function run(block: string, environment: Record<string, string>): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn('sh', ['-ec', block], {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.on('exit', (code) => resolve({ code, output }));
  });
}

describe('the README', () => {
  let directory: { path: string; remove(): Promise<void> };
  let server: RunningProcess;
  let environment: Record<string, string>;

  before(async () => {
    directory = await temporaryDirectory();
    server = await runProcess(`${directory.path}/data`, { FULLHOUSE_DEMO: 'true' });
    environment = { FULLHOUSE_DATA_DIR: `${directory.path}/data` };
  });
  after(async () => {
    await server.end('SIGTERM');
    await directory.remove();
  });

  it('shows the two commands', () => {
    const scripts = (JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> }).scripts;
    assert.deepEqual(blocks.slice(0, 2), starting.slice(0, 2));
    assert.equal(scripts['cluster'], 'exec bin/fullhouse --run deploy/cluster/run.ts');
    // What `npm start` runs is what started the server of this test.
    assert.equal(scripts['start'], 'exec bin/fullhouse up');
    assert.equal(scripts['test'], 'bin/fullhouse --run tests/run.ts');
  });

  it('shows only commands that work', async () => {
    for (const block of blocks.filter((each) => !starting.includes(each))) {
      const { code, output } = await run(block.replaceAll('http://127.0.0.1:8080', server.url), environment);
      assert.equal(code, 0, `${block}\n${output}`);
      assert.doesNotMatch(output, /"code":"/, `${block}\n${output}`);
      const booking = /bkg_[0-9a-f-]{36}/.exec(output)?.[0];
      if (booking !== undefined) environment['BOOKING'] = booking;
    }
  });
});
