import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** What keeps everything of the embedded mode: databases, log, keys. One process at a time. */
export interface DataDirectory {
  readonly path: string;
  /** Path of the control socket, short enough for the operating system. */
  readonly socketPath: string;
  /** A secret kept in the directory, made on first use. */
  secret(name: string, make?: () => string): Promise<string>;
}

/** What SQLite says when somebody else holds a lock (https://sqlite.org/rescode.html#busy). */
const sqliteBusy = 5;
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
    makeDirectory(join(absolute, 'keys'));
  } catch (cause) {
    throw notWritable(absolute, cause as Error);
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

/**
 * Makes a directory and those it is in. Where none can be made, as below /proc, the `recursive` of Node.js tries the same two for
 * ever.
 */
function makeDirectory(path: string): void {
  if (existsSync(path)) return;
  makeDirectory(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Somebody else may have made it just now.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
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
 * Takes the directory for this process: whoever holds its lock owns it, until its server is closed or the process is gone.
 * Throws `DataDirectoryInUse`. The returned server listens at the control socket and hands its connections to whoever
 * serves the command line.
 */
export async function claim(directory: DataDirectory): Promise<Server> {
  const release = lock(directory);
  const server = createServer();
  server.once('close', release);
  try {
    // Nobody else can be there: the socket was left behind by a process that is gone.
    await rm(directory.socketPath, { force: true });
    await new Promise<void>((resolveListening, reject) => {
      server.once('error', reject);
      server.listen(directory.socketPath, resolveListening);
    });
    return server;
  } catch (error) {
    release();
    throw error;
  }
}

/**
 * Node.js has no file locks, but its SQLite has: an open exclusive transaction is one. The operating system ends it with
 * the process, however that went, and of two who try at once one gets it.
 */
function lock({ path }: DataDirectory): () => void {
  const database = new DatabaseSync(join(path, 'lock'), { open: false });
  const release = () => {
    if (database.isOpen) database.close();
  };
  try {
    database.open();
    database.exec('begin exclusive');
    return release;
  } catch (cause) {
    release();
    if ((cause as { errcode?: number }).errcode !== sqliteBusy) throw notWritable(path, cause as Error);
    throw new DataDirectoryInUse(
      `another Fullhouse runs on ${path}; stop it first, or give this one a directory of its own with FULLHOUSE_DATA_DIR`,
      { cause },
    );
  }
}

function notWritable(path: string, cause: Error): Error {
  const fix = 'give a directory that can be written to';
  return new Error(`FULLHOUSE_DATA_DIR: cannot write to ${path} (${cause.message}); ${fix}`, { cause });
}
