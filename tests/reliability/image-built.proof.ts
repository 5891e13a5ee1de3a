import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type ImageBuilder, imageBuilder, whyNoImageBuilder } from '../support/image-builder.ts';

interface Inspected {
  readonly Docker: {
    readonly config: {
      readonly User: string;
      readonly Entrypoint: readonly string[];
      readonly Cmd: readonly string[];
      readonly Healthcheck: { readonly Test: readonly string[] };
    };
  };
}

/** The Dockerfile as it is, built by a builder that needs no engine, on a base of this machine's files. */
const whyNot = await whyNoImageBuilder();
if (whyNot !== undefined) {
  console.error(`SKIPPED the image, built: ${whyNot}`);
  test('the image, built', { skip: whyNot }, () => undefined);
} else {
  describe('the image, built', { timeout: 300_000 }, () => {
    const isolation = ['--isolation', 'chroot'];
    let builder: ImageBuilder;
    let container: string;

    before(async () => {
      builder = await imageBuilder();
      const base = ['--build-arg', `NODE_IMAGE=${await builder.base()}`];
      const what = ['--file', 'deploy/Dockerfile', '--format', 'docker', '--tag', 'localhost/fullhouse'];
      await builder.buildah('build', '--pull-never', ...isolation, ...base, ...what, '.');
      container = await builder.buildah('from', '--pull-never', 'localhost/fullhouse');
    });
    after(() => builder.remove());

    const inside = (...command: readonly string[]) => builder.buildah('run', ...isolation, container, '--', ...command);
    const evaluated = async (expression: string) =>
      JSON.parse(await inside('node', '-p', `JSON.stringify(${expression})`)) as unknown;

    test('says who runs it, by what, and how its health is asked for', async () => {
      const { Docker } = JSON.parse(await builder.buildah('inspect', container)) as Inspected;
      const { User, Entrypoint, Cmd, Healthcheck } = Docker.config;
      assert.deepEqual([User, Entrypoint[0], Cmd], ['65532:65532', 'node', ['serve', 'all']]);
      assert.ok(Healthcheck.Test.join(' ').includes('/livez'));
      assert.match(await inside(...Entrypoint, '--help'), /serve/);
    });

    test('runs as nobody, who can write nothing of it', async () => {
      assert.deepEqual(await evaluated('[process.getuid(), process.getgid(), process.cwd()]'), [
        65_532,
        65_532,
        '/app',
      ]);
      for (const file of ['package.json', 'src/cli/main.ts', 'node_modules/pg/package.json', '.'])
        await assert.rejects(inside('node', '-e', `fs.accessSync('${file}', fs.constants.W_OK)`), /EACCES/, file);
    });

    test('has what production needs, and nothing of development', async () => {
      const has = (file: string) => evaluated(`fs.existsSync('${file}')`);
      for (const file of ['node_modules/fastify', 'data', 'simulation/host.ts', 'LICENSE'])
        assert.equal(await has(file), true, file);
      for (const file of ['node_modules/typescript', 'node_modules/node', 'tests', '.git'])
        assert.equal(await has(file), false, file);
      assert.deepEqual(await evaluated("fs.globSync('src/**/*.test.ts')"), []);
    });
  });
}
