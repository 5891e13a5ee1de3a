import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { keeper } from './local-process.ts';

/** A Prometheus beside a local cluster: it scrapes every process and evaluates our alerts. */
export interface LocalPrometheus {
  readonly url: string;
  stop(): Promise<void>;
}

export interface Target {
  /** Of the process. */
  readonly name: string;
  /** `host:port` of its admin side. */
  readonly address: string;
}

const run = promisify(execFile);
const alerts = fileURLToPath(new URL('../observability/alerts.yaml', import.meta.url));
const readyWithinMs = 30_000;
const askedEveryMs = 100;

/** Why there is no Prometheus on this machine; `undefined` where there is one. */
export function whyNoPrometheus(): Promise<string | undefined> {
  return run('prometheus', ['--version']).then(
    () => undefined,
    () =>
      'there is no prometheus on this machine; install the package prometheus (Debian, Ubuntu), or use the compose file',
  );
}

export async function startPrometheus(options: {
  readonly directory: string;
  readonly port: number;
  readonly targets: readonly Target[];
}): Promise<LocalPrometheus> {
  const { directory, port, targets } = options;
  await mkdir(directory, { recursive: true });
  const file = join(directory, 'prometheus.yml');
  await writeFile(file, configurationFor(targets));
  const log = await open(join(directory, 'prometheus.log'), 'a');
  const child = spawn(
    'sh',
    [
      ...['-c', keeper, 'prometheus', 'prometheus'],
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(directory, 'data')}`,
      '--storage.tsdb.retention.time=1d',
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    // A group of its own: Ctrl-C is for the cluster, which ends its parts in order.
    { detached: true, stdio: ['pipe', log.fd, log.fd] },
  );
  const ended = once(child, 'exit');
  await log.close();
  const url = `http://127.0.0.1:${port}`;
  const stop = async () => {
    child.stdin?.end();
    await ended;
  };
  const until = performance.now() + readyWithinMs;
  while (!(await isReady(url))) {
    if (child.exitCode !== null || performance.now() > until) {
      await stop();
      throw new Error(`Prometheus did not start; ${join(directory, 'prometheus.log')} says why`);
    }
    await delay(askedEveryMs);
  }
  return { url, stop };
}

function isReady(url: string): Promise<boolean> {
  return fetch(`${url}/-/ready`).then(
    ({ ok }) => ok,
    () => false,
  );
}

/** JSON is YAML. */
function configurationFor(targets: readonly Target[]): string {
  return JSON.stringify({
    global: { scrape_interval: '5s', evaluation_interval: '5s' },
    rule_files: [alerts],
    scrape_configs: [
      {
        job_name: 'fullhouse',
        static_configs: targets.map(({ name, address }) => ({ targets: [address], labels: { instance: name } })),
      },
    ],
  });
}
