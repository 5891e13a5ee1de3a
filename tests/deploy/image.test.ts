import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { temporaryDirectory } from '../support/directory.ts';
import { pythonToolOrSkip } from '../support/python-tools.ts';

const run = promisify(execFile);

const hadolint = await pythonToolOrSkip('hadolint', 'the Dockerfile by its linter');
if (hadolint !== undefined) {
  test('the linter finds nothing in the Dockerfile', async () => {
    const { program, environment } = hadolint;
    await run(program, ['deploy/Dockerfile'], { env: environment });
    const directory = await temporaryDirectory();
    const wrong = join(directory.path, 'Dockerfile');
    await writeFile(wrong, 'FROM node:latest\nRUN cd /app\n');
    await assert.rejects(run(program, [wrong], { env: environment }), ({ stdout }: { readonly stdout: string }) =>
      stdout.includes('DL3007'),
    );
    await directory.remove();
  });
}

/**
 * What the image would hold, without an engine to build it: the files its Dockerfile copies, the dependencies it installs,
 * nobody's to write, run by a user of no rights with the image's own command.
 */
describe('the image', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let app: string;
  let dockerfile: string;
  let command: readonly string[];

  before(async () => {
    directory = await temporaryDirectory();
    app = join(directory.path, 'app');
    dockerfile = await readFile('deploy/Dockerfile', 'utf8');
    command = JSON.parse(/^ENTRYPOINT (\[.*\])$/m.exec(dockerfile)?.[1] ?? '[]') as string[];
    for (const file of ['package.json', 'package-lock.json', '.npmrc', 'LICENSE']) await cp(file, join(app, file));
    for (const folder of ['src', 'simulation', 'data', 'web']) await cp(folder, join(app, folder), { recursive: true });
    const install = /^RUN (npm ci [^\\]*)\\$/m.exec(dockerfile)?.[1]?.trim() ?? '';
    await run('sh', ['-c', `${install} --no-audit --loglevel=error`], { cwd: app });
    const removed = /rm -rf (.*) \\$/m.exec(dockerfile)?.[1] ?? '';
    await run('sh', ['-c', `rm -rf ${removed}`], { cwd: app });
    await run('chmod', ['-R', 'a-w,a+rX', directory.path]);
  });
  after(async () => {
    await run('chmod', ['-R', 'u+w', directory.path]);
    await rm(directory.path, { recursive: true });
  });

  /** Runs the image's command; resolves with what it said and its exit code. */
  async function inImage(parameters: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    const [, ...rest] = command;
    const asNobody = [
      'setpriv',
      '--reuid=65532',
      '--regid=65532',
      '--clear-groups',
      '--no-new-privs',
      '--inh-caps=-all',
      '--',
    ];
    const [program = '', ...all] = [
      ...(userInfo().uid === 0 ? asNobody : []),
      ...[process.execPath, ...rest, ...parameters],
    ];
    return run(program, all, { cwd: app, env: environment }).then(
      ({ stdout }) => ({ code: 0, said: stdout }),
      (error: { code: number; stderr: string }) => ({ code: error.code, said: error.stderr }),
    );
  }

  test('is made of a pinned base, runs as nobody, and is asked for its health', () => {
    assert.match(dockerfile, /^ARG NODE_IMAGE=node:24\.\d+\.\d+-\w+-slim$/m);
    assert.match(dockerfile, /^USER 65532:65532$/m);
    assert.match(dockerfile, /^HEALTHCHECK /m);
  });

  test('has all that its command needs, and nothing of development', async () => {
    const help = await inImage(['--help']);
    assert.equal(help.code, 0);
    assert.match(help.said, /serve/);
    await assert.rejects(readFile(join(app, 'node_modules/typescript/package.json')));
  });

  test('says in one line what it needs before it listens to anything', async () => {
    const refused = await inImage(['serve', 'ticket'], { HOST: '127.0.0.1', PORT: '0' });
    assert.equal(refused.code, 1);
    assert.equal(refused.said.trim().split('\n').length, 1);
    for (const name of ['KAFKA_BROKERS', 'TICKET_DATABASE_URL', 'TICKET_SIGNING_KEY'])
      assert.ok(refused.said.includes(name));
  });
});
