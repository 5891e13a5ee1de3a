import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
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
    const folders = [...dockerfile.matchAll(/^COPY (\w+) \.\/\1$/gm)].map(([, folder = '']) => folder);
    for (const folder of folders) await cp(folder, join(app, folder), { recursive: true });
    const install = /^RUN (npm ci [^\\]*)\\$/m.exec(dockerfile)?.[1]?.trim() ?? '';
    await run('sh', ['-c', `${install} --no-audit --loglevel=error`], { cwd: app });
    const removed = /rm -rf (.*) \\$/m.exec(dockerfile)?.[1] ?? '';
    await run('sh', ['-c', `rm -rf ${removed}`], { cwd: app });
    // The stage that is kept has what was installed, and not what it was installed by.
    for (const file of ['package-lock.json', '.npmrc']) await rm(join(app, file));
    await run('chmod', ['-R', 'a-w,a+rX', directory.path]);
  });
  after(async () => {
    await run('chmod', ['-R', 'u+w', directory.path]);
    await rm(directory.path, { recursive: true });
  });

  /** Runs the image's command; resolves with what it said and its exit code. */
  const inImage = (parameters: readonly string[], environment: Readonly<Record<string, string>> = {}) =>
    asItsUser([process.execPath, ...command.slice(1), ...parameters], environment);

  async function asItsUser(called: readonly string[], environment: Readonly<Record<string, string>>) {
    const asNobody = [
      'setpriv',
      '--reuid=65532',
      '--regid=65532',
      '--clear-groups',
      '--no-new-privs',
      '--inh-caps=-all',
      '--',
    ];
    const [program = '', ...all] = [...(userInfo().uid === 0 ? asNobody : []), ...called];
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

  test('is built from what its build is shown', async () => {
    const shown = (await readFile('.dockerignore', 'utf8')).split('\n');
    const copied = [...dockerfile.matchAll(/^COPY (?!--)(.*) \S+$/gm)].flatMap(([, files = '']) => files.split(' '));
    assert.deepEqual(
      copied.filter((file) => !shown.includes(`!${file}`)),
      [],
    );
  });

  test('has all that its command needs, and nothing of development', async () => {
    const help = await inImage(['--help']);
    assert.equal(help.code, 0);
    assert.match(help.said, /serve/);
    await assert.rejects(readFile(join(app, 'node_modules/typescript/package.json')));
  });

  test('has the command that runbooks name, for whoever enters it', async () => {
    const path = /\bPATH=\/app\/(\w+):\$PATH$/m.exec(dockerfile)?.[1] ?? '';
    const PATH = [join(app, path), dirname(process.execPath), '/usr/bin', '/bin'].join(':');
    const help = await asItsUser(['/usr/bin/env', 'fullhouse', 'check', '--help'], { PATH });
    assert.equal(help.code, 0, help.said);
    assert.match(help.said, /^Usage: fullhouse check/);
  });

  test('says in one line what it needs before it listens to anything', async () => {
    const refused = await inImage(['serve', 'ticket'], { HOST: '127.0.0.1', PORT: '0' });
    assert.equal(refused.code, 1);
    assert.equal(refused.said.trim().split('\n').length, 1);
    for (const name of ['KAFKA_BROKERS', 'TICKET_DATABASE_URL', 'TICKET_SIGNING_KEY'])
      assert.ok(refused.said.includes(name));
  });
});
