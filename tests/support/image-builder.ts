import { execFile } from 'node:child_process';
import { access, cp, mkdir, realpath, rm, symlink } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { temporaryDirectory } from './directory.ts';

const exec = promisify(execFile);
const outputBytesMax = 16 * 1_048_576;
/** What the steps of the Dockerfile need of their base: this machine's own, since no registry is asked. */
const basePrograms = { '/bin/sh': 'sh', '/bin/rm': 'rm', '/usr/bin/env': 'env' } as const;

/** Builds and runs images without a daemon: buildah, with everything it keeps in a directory of its own. */
export interface ImageBuilder {
  buildah(...parameters: readonly string[]): Promise<string>;
  /** The name of an image with Node.js and npm, made of this machine's. */
  base(): Promise<string>;
  remove(): Promise<void>;
}

/** Why no image can be built here; `undefined` where one can. */
export async function whyNoImageBuilder(): Promise<string | undefined> {
  return exec('buildah', ['--version']).then(
    () => undefined,
    () => 'there is no buildah to build it with; install the package buildah',
  );
}

export async function imageBuilder(): Promise<ImageBuilder> {
  const directory = await temporaryDirectory();
  const place = ['--root', join(directory.path, 'store'), '--runroot', join(directory.path, 'run')];
  const buildah = async (...parameters: readonly string[]) => {
    const all = [...place, '--storage-driver', 'vfs', ...parameters];
    const { stdout } = await exec('buildah', all, { maxBuffer: outputBytesMax });
    return stdout.trim();
  };
  return {
    buildah,
    base: async () => {
      const root = join(directory.path, 'base');
      const environment = await fillBase(root);
      const container = await buildah('from', 'scratch');
      await buildah('copy', '--quiet', container, root, '/');
      for (const each of environment) await buildah('config', '--env', each, container);
      await buildah('commit', '--quiet', '--rm', container, 'localhost/base');
      await rm(root, { recursive: true });
      return 'localhost/base';
    },
    remove: async () => {
      await buildah('rm', '--all');
      await buildah('rmi', '--all', '--force');
      await directory.remove();
    },
  };
}

/** Lays out the files of a base; resolves with the environment that it brings. */
async function fillBase(root: string): Promise<readonly string[]> {
  const take = (from: string, to: string) => cp(from, join(root, to), { recursive: true, dereference: true });
  const programs: Readonly<Record<string, string>> = {
    '/usr/local/bin/node': process.execPath,
    ...Object.fromEntries(
      await Promise.all(Object.entries(basePrograms).map(async ([to, name]) => [to, await found(name)])),
    ),
  };
  for (const [to, from] of Object.entries(programs)) {
    await take(from, to);
    const { stdout } = await exec('ldd', [from]);
    for (const [library] of stdout.matchAll(/\/\S+/g)) await take(library, library);
  }
  const npm = dirname(dirname(await realpath(await found('npm'))));
  await take(npm, '/usr/local/lib/node_modules/npm');
  await symlink('../lib/node_modules/npm/bin/npm-cli.js', join(root, 'usr/local/bin/npm'));
  for (const folder of ['root', 'tmp', 'etc']) await mkdir(join(root, folder));
  const certificates = process.env['NODE_EXTRA_CA_CERTS'];
  if (certificates === undefined) return [];
  await take(certificates, '/etc/certificates.pem');
  return ['NODE_EXTRA_CA_CERTS=/etc/certificates.pem'];
}

/** The path of a program that a shell would find. */
async function found(name: string): Promise<string> {
  const places = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, name));
  for (const place of places)
    if (
      await access(place).then(
        () => true,
        () => false,
      )
    )
      return place;
  throw new Error(`${name} is not on this machine`);
}
