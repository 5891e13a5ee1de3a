import { stat } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { ControlLine } from '../operations/control-server.ts';
import { type Configuration, isCluster, readConfiguration } from '../runtime/configuration.ts';
import { type DataDirectory, isInUse, openDataDirectory } from '../runtime/embedded/data-directory.ts';
import { CommandRefused } from './answers.ts';
import { CallRefused, type Instance, type Problem } from './asking.ts';

/** The instance of the data directory; throws `CommandRefused` when none runs. */
export async function runningInstance(): Promise<Instance> {
  const found = await findInstance();
  if (found.instance !== undefined) return found.instance;
  throw new CommandRefused(
    `nothing runs on ${found.path}; start it with "fullhouse up", or name its directory with FULLHOUSE_DATA_DIR`,
  );
}

export interface Found {
  readonly path: string;
  readonly configuration: Configuration;
  /** The directory, where there is one. */
  readonly directory: DataDirectory | undefined;
  readonly instance: Instance | undefined;
}

/** Looks for the data directory and for somebody who runs on it; makes neither. */
export async function findInstance(): Promise<Found> {
  const configuration = readConfiguration(process.env);
  if (isCluster(configuration)) {
    // Only the cluster mode needs the whole of it.
    const { clusterInstance } = await import('./cluster-instance.ts');
    return { path: '', configuration, directory: undefined, instance: await clusterInstance(configuration) };
  }
  const path = resolve(configuration.FULLHOUSE_DATA_DIR);
  const isThere = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isThere) return { path, configuration, directory: undefined, instance: undefined };
  const directory = await openDataDirectory(path);
  const running = await isInUse(directory);
  return { path, configuration, directory, instance: running ? instanceAt(directory.socketPath) : undefined };
}

function instanceAt(socketPath: string): Instance {
  return {
    status: () => call(socketPath, { method: 'GET', path: '/control/status' }),
    call: (method, path, body) => call(socketPath, { method, path: `/v1${path}`, body }),
    run: (operation, input, signal) => run(socketPath, { operation, input, signal }),
  };
}

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
}

function send(socketPath: string, { method, path, body, signal }: Sent): Promise<IncomingMessage> {
  return new Promise((resolveAnswer, reject) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    const sent = request(
      { socketPath, method, path, headers, ...(signal === undefined ? {} : { signal }) },
      resolveAnswer,
    );
    sent.once('error', (cause) =>
      reject(new CommandRefused(`the instance does not answer: ${cause.message}`, { cause })),
    );
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

async function call<Body>(socketPath: string, sent: Sent): Promise<Body> {
  const answer = await send(socketPath, sent);
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  const body: unknown = text === '' ? undefined : JSON.parse(text);
  const status = answer.statusCode ?? 500;
  if (status >= 400) throw new CallRefused((body ?? {}) as Problem, status);
  return body as Body;
}

async function* run<Item>(
  socketPath: string,
  {
    operation,
    input,
    signal,
  }: { readonly operation: string; readonly input: object; readonly signal: AbortSignal | undefined },
): AsyncGenerator<Item> {
  const answer = await send(socketPath, { method: 'POST', path: `/control/${operation}`, body: input, signal });
  const lines = createInterface({ input: answer });
  try {
    for await (const text of lines) {
      const line = JSON.parse(text) as ControlLine;
      if ('refused' in line) throw new CommandRefused(line.refused);
      if ('failed' in line) throw new CommandRefused(`it failed: ${line.failed}`);
      yield line.item as Item;
    }
  } finally {
    lines.close();
    answer.destroy();
  }
  if (!answer.complete && signal?.aborted !== true)
    throw new CommandRefused('the instance stopped before it was through');
}
