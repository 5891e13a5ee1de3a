import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { type App, startApp } from '../../src/app.ts';
import { readConfiguration } from '../../src/runtime/configuration.ts';
import { createLogger } from '../../src/runtime/logger.ts';
import { Client } from './client.ts';
import { temporaryDirectory } from './directory.ts';

export { temporaryDirectory };

export const administrator = { email: 'admin@example.com', password: 'a password for tests' } as const;

const environment: Readonly<Record<string, string>> = {
  PORT: '0',
  FULLHOUSE_DEMO: 'false',
  FULLHOUSE_ADMIN_EMAIL: administrator.email,
  FULLHOUSE_ADMIN_PASSWORD: administrator.password,
  LOG_LEVEL: 'error',
};

/** The administrator, signed in to a server. */
export const signInTo = ({ url }: { readonly url: string }) =>
  new Client(url).signIn(administrator.email, administrator.password);

/** What both modes have. */
export type TestedApp = Pick<App, 'url' | 'adminUrl' | 'hosts' | 'log' | 'postgres'>;

export interface RunningApp {
  readonly app: TestedApp;
  /** Its data directory, in the embedded mode. */
  readonly directory?: string;
  readonly anyone: Client;
  readonly admin: Client;
  stop(): Promise<void>;
}

/** Of the settings, those that a first start writes down. */
const kept = ['FULLHOUSE_ADMIN_EMAIL', 'FULLHOUSE_ADMIN_PASSWORD', 'FULLHOUSE_DEMO', 'FULLHOUSE_PARTITIONS'] as const;

function appIn(directory: string, given: Readonly<Record<string, string>>): Promise<App> {
  const configuration = readConfiguration({ ...given, FULLHOUSE_DATA_DIR: directory });
  return startApp(configuration, createLogger(configuration.LOG_LEVEL));
}

/** Makes in a directory what a first start makes. */
export async function prepareEmbedded(directory: string): Promise<void> {
  const app = await appIn(directory, environment);
  await app.stop();
}

/** The whole of it in this process, in the mode that `TEST_MODE` names: `embedded` or `cluster`. */
export async function runApp(more: Readonly<Record<string, string>> = {}): Promise<RunningApp> {
  const { app, ...rest } = await runAppAlone(more);
  const anyone = new Client(app.url);
  return { ...rest, app, anyone, admin: await signInTo(app) };
}

/** The same, where nobody signs in. */
export async function runAppAlone(
  more: Readonly<Record<string, string>> = {},
): Promise<Pick<RunningApp, 'app' | 'directory' | 'stop'>> {
  const given = { ...environment, ...more };
  if (process.env['TEST_MODE'] === 'cluster') {
    const { runCluster } = await import('./cluster.ts');
    return runCluster(given);
  }
  const isUsual = kept.every((name) => given[name] === environment[name]);
  const directory = await temporaryDirectory(isUsual ? 'embedded' : undefined);
  const app = await appIn(directory.path, given);
  return {
    app,
    directory: directory.path,
    stop: async () => {
      await app.stop();
      await directory.remove();
    },
  };
}

export interface RunningProcess {
  readonly url: string;
  readonly child: ChildProcess;
  /** Everything it has printed. */
  output(): string;
  /** Sends a signal and waits for the end: the exit code, or `null` after a signal. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** `fullhouse up` as a process of its own; resolves at its ready line, rejects when it ends before. */
export function runProcess(directory: string, more: Readonly<Record<string, string>> = {}): Promise<RunningProcess> {
  const child = spawn('bin/fullhouse', ['up'], {
    env: { ...process.env, ...environment, FULLHOUSE_DATA_DIR: directory, ...more },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => lines.push(line));
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line);
      const url = /^Fullhouse is ready at (\S+)$/.exec(line)?.[1];
      if (url === undefined) return;
      const end = (signal: NodeJS.Signals) => {
        child.kill(signal);
        return ended;
      };
      resolve({ url, child, end, output: () => lines.join('\n') });
    });
    child.once('exit', (code) => reject(new ProcessEnded(code, lines.join('\n'))));
  });
}

/** It ended before it was ready. */
export class ProcessEnded extends Error {
  override readonly name = 'ProcessEnded';
  readonly code: number | null;
  readonly output: string;
  constructor(code: number | null, output: string) {
    super(`ended with ${code} before it was ready:\n${output}`);
    this.code = code;
    this.output = output;
  }
}
