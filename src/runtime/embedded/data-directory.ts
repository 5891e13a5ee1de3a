import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** What keeps everything of the embedded mode: databases, log, keys. One process at a time. */
export interface DataDirectory {
  readonly path: string;
  /** Path of the control socket, short enough for the operating system. */
  readonly socketPath: string;
  /** A secret kept in the directory, made on first use. */
  secret(name: string, make?: () => string): Promise<string>;
}

/** Longer paths do not fit the address of a Unix socket. */
const socketPathMax = 100;

/** Another process runs on the same directory. */
export class DataDirectoryInUse extends Error {
  override readonly name = 'DataDirectoryInUse';
  readonly code = 'data_directory_in_use';
  readonly retryable = false;
}

/** Opens a directory, making it where it is missing. Throws with one clear line where it cannot be used. */
export async function openDataDirectory(path: string): Promise<DataDirectory> {
  const absolute = resolve(path);
  try {
    await mkdir(join(absolute, 'keys'), { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new Error(
      `FULLHOUSE_DATA_DIR: cannot write to ${absolute} (${(cause as Error).message}); give a directory that can be written to`,
      { cause },
    );
  }
  return {
    path: absolute,
    socketPath: await shortSocketPath(absolute),
    async secret(name, make = () => randomBytes(32).toString('base64url')) {
      const file = join(absolute, 'keys', name);
      const known = await readFile(file, 'utf8').catch(() => undefined);
      if (known !== undefined && known !== '') return known.trimEnd();
      const made = make();
      await writeFile(file, `${made.trimEnd()}\n`, { mode: 0o600 });
      return made.trimEnd();
    },
  };
}

async function shortSocketPath(directory: string): Promise<string> {
  const direct = join(directory, 'control.sock');
  if (Buffer.byteLength(direct) <= socketPathMax) return direct;
  const link = join(tmpdir(), `fullhouse-${createHash('sha256').update(directory).digest('hex').slice(0, 16)}`);
  await symlink(directory, link).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  return join(link, 'control.sock');
}

/** Whether a process answers at the directory's control socket. */
export function isInUse(directory: DataDirectory): Promise<boolean> {
  return new Promise((resolveAnswer) => {
    const socket = connect(directory.socketPath);
    const answer = (inUse: boolean) => () => {
      socket.destroy();
      resolveAnswer(inUse);
    };
    socket.once('connect', answer(true)).once('error', answer(false));
  });
}

/**
 * Takes the directory for this process: whoever listens at its control socket owns it. Throws `DataDirectoryInUse`.
 * The returned server hands its connections to whoever serves the command line.
 */
export async function claim(directory: DataDirectory): Promise<Server> {
  if (await isInUse(directory)) {
    throw new DataDirectoryInUse(
      `another Fullhouse runs on ${directory.path}; stop it first, or give this one a directory of its own with FULLHOUSE_DATA_DIR`,
    );
  }
  // Nobody answers: the socket was left behind by a process that is gone.
  await rm(directory.socketPath, { force: true });
  const server = createServer();
  await new Promise<void>((resolveListening, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(
        cause.code === 'EADDRINUSE'
          ? new DataDirectoryInUse(`another Fullhouse has just started on ${directory.path}; stop it first`, { cause })
          : cause,
      ),
    );
    server.listen(directory.socketPath, resolveListening);
  });
  return server;
}
