import { type ChildProcess, spawn } from 'node:child_process';
import { open, readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';

/** One process of a local cluster: started again when it ends unasked, and ended with this process, however that goes. */
export interface LocalProcess {
  readonly name: string;
  /** Resolves at its ready line, with where it listens. Rejects when it ended before. */
  readonly ready: Promise<string>;
  /** Of the process itself; changes when it was started again. */
  readonly pid: number | undefined;
  /** Ends it in order. */
  stop(): Promise<void>;
}

export interface LocalProcessOptions {
  readonly name: string;
  /** Program and parameters. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly logFile: string;
  /** Tells what happens to it, in a line. */
  readonly onLine: (line: string) => void;
}

const restartAfterMs = 500;
/** Who ends so often without having been ready will not be ready the next time. */
const failedStartsMax = 3;
const stopTimeoutMs = 12_000;
const linesShown = 3;

/**
 * The shell waits for the end of its standard input, which comes with the end of this process, and then has the process
 * end in order.
 */
export const keeper =
  'exec 3<&0; "$@" </dev/null 3<&- & process=$!; echo "process $process"; (read -r _ <&3; kill -TERM $process 2>/dev/null) & exec 3<&-; keeper=$!; wait $process; code=$?; kill $keeper 2>/dev/null; exit $code';

export function startLocalProcess(options: LocalProcessOptions): LocalProcess {
  const { name, logFile, onLine } = options;
  const ready = Promise.withResolvers<string>();
  const state = {
    child: undefined as ChildProcess | undefined,
    ended: Promise.resolve(),
    pid: undefined as number | undefined,
    stopping: false,
    failedStarts: 0,
  };
  const start = async (): Promise<void> => {
    const child = await spawnKept(options);
    const ended = Promise.withResolvers<void>();
    state.child = child;
    state.ended = ended.promise;
    if (state.stopping) child.stdin?.end();
    state.failedStarts += 1;
    if (child.stdout !== null)
      createInterface({ input: child.stdout }).on('line', (line) => {
        state.pid = Number(/^process (\d+)$/.exec(line)?.[1] ?? state.pid);
        const url = / at (http:\S+)$/.exec(line)?.[1];
        if (url === undefined) return;
        state.failedStarts = 0;
        onLine(`${name.padEnd(18)} process ${String(state.pid).padEnd(8)} ${url}`);
        ready.resolve(url);
      });
    child.once('exit', (code) => {
      ended.resolve();
      if (!state.stopping) void again(code);
    });
  };
  const again = async (code: number | null): Promise<void> => {
    const log = (await readFile(logFile, 'utf8').catch(() => '')).trim().split('\n').slice(-linesShown).join('\n');
    if (state.failedStarts >= failedStartsMax)
      return ready.reject(new Error(`${name} ended with ${code}; the end of ${logFile} says:\n${log}`));
    onLine(`${name.padEnd(18)} ended with ${code}; it is started again`);
    setTimeout(() => {
      if (!state.stopping) void start().catch(ready.reject);
    }, restartAfterMs);
  };
  void start().catch(ready.reject);
  return {
    name,
    ready: ready.promise,
    get pid() {
      return state.pid;
    },
    async stop() {
      state.stopping = true;
      state.child?.stdin?.end();
      const timer = setTimeout(() => {
        if (state.pid !== undefined) process.kill(state.pid, 'SIGKILL');
      }, stopTimeoutMs);
      await state.ended;
      clearTimeout(timer);
    },
  };
}

async function spawnKept({ name, command, environment, logFile }: LocalProcessOptions): Promise<ChildProcess> {
  const log = await open(logFile, 'a');
  // A group of its own: Ctrl-C is for this process, which ends the others in order.
  const child = spawn('sh', ['-c', keeper, name, ...command], {
    detached: true,
    stdio: ['pipe', 'pipe', log.fd],
    env: { ...environment },
  });
  await log.close();
  return child;
}
