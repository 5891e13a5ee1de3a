import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Connection, metadataV12 } from '@platformatic/kafka';
import { freePorts } from '../cluster/ports.ts';
import {
  type BrokerAddresses,
  brokerProperties,
  type GroupPatience,
  type Identity,
  type Node,
  type User,
} from './broker-properties.ts';
import { type ClassArchive, exists, localDistribution } from './distribution.ts';

/**
 * A real Apache Kafka of one broker, without containers: jars from Maven Central, kept outside the tree, run by the Java of
 * the machine. For development and tests.
 */
export interface LocalKafka {
  /** `host:port`, as `KAFKA_BROKERS` takes it. */
  readonly brokers: string;
  /** Another door, where a name and a password are asked for. */
  readonly saslBrokers: string | undefined;
  /** Doors for TLS, without a name and a password and with them. */
  readonly tlsBrokers: string | undefined;
  readonly saslTlsBrokers: string | undefined;
  /** Resolves when the broker has ended, wanted or not. */
  readonly ended: Promise<void>;
  /** Stops the broker in order. */
  stop(): Promise<void>;
  /** Ends the broker as a power cut would. */
  kill(): Promise<void>;
}

export interface LocalKafkaOptions {
  /** Of this broker alone: its records, its settings and its log. */
  readonly directory: string;
  /** A free one where none is named. */
  readonly port?: number | undefined;
  /** Opens another door with this user, for PLAIN and SCRAM. */
  readonly sasl?: User | undefined;
  readonly saslPort?: number | undefined;
  /** Where whoever came by that door is sent, if not to the door itself. */
  readonly saslAdvertisedPort?: number | undefined;
  /** Opens a door for TLS and, with a user, one for both. */
  readonly tls?: Identity | undefined;
  /** One of several that are started together. */
  readonly node?: Node | undefined;
  readonly heapMegabytes?: number | undefined;
  readonly patience?: GroupPatience | undefined;
  /** Compiles less: starts with less work, and is slower in the long run. */
  readonly isBrief?: boolean | undefined;
}

const defaultHeapMegabytes = 512;
const startTimeoutMs = 60_000;
const answerTimeoutMs = 2_000;
const askAgainMs = 50;
const stopTimeoutMs = 15_000;
/** What Java ends with at SIGTERM. */
const endedInOrder = 143;
const clusterId = 'fullhouse-local-kafka1';
const run = promisify(execFile);

/** Starts a broker; resolves when it answers. Throws `NoLocalKafka` where Java or Maven is missing. */
export async function startLocalKafka(options: LocalKafkaOptions): Promise<LocalKafka> {
  const { jars, archive } = await localDistribution();
  const { directory, sasl, patience } = options;
  await mkdir(directory, { recursive: true });
  const addresses = await addressesOf(options);
  const settings = join(directory, 'broker.properties');
  const data = join(directory, 'data');
  await writeFile(settings, brokerProperties({ data, patience, ...addresses }), { mode: 0o600 });
  if (!(await exists(join(data, 'meta.properties')))) await format({ jars, archive, settings, data, sasl });
  const logFile = join(directory, 'broker.log');
  const pidFile = join(directory, 'broker.pid');
  const broker = await spawnBroker({ jars, archive, settings, logFile, pidFile, ...options });
  const ended = new Promise<void>((resolve) =>
    broker.once('exit', (code) => void archive.keep(code === endedInOrder).finally(resolve)),
  );
  const stop = async (): Promise<void> => {
    broker.stdin?.end();
    broker.ref();
    const tooLong = Promise.withResolvers<void>();
    const timer = setTimeout(tooLong.resolve, stopTimeoutMs);
    await Promise.race([ended, tooLong.promise]);
    clearTimeout(timer);
  };
  try {
    await answering({ broker, port: addresses.port, logFile });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    brokers: `127.0.0.1:${addresses.port}`,
    saslBrokers: addresses.sasl && `127.0.0.1:${addresses.sasl.advertisedPort ?? addresses.sasl.port}`,
    tlsBrokers: addresses.tls && `${addresses.tls.host}:${addresses.tls.port}`,
    saslTlsBrokers: addresses.tls && addresses.sasl && `${addresses.tls.host}:${addresses.tls.saslPort}`,
    ended,
    stop,
    kill: async () => {
      process.kill(Number(await readFile(join(directory, 'broker.pid'), 'utf8')), 'SIGKILL');
      await ended;
    },
  };
}

async function addressesOf(options: LocalKafkaOptions): Promise<BrokerAddresses> {
  const { sasl, saslAdvertisedPort: advertisedPort, tls, node } = options;
  const [port = 0, controllerPort = 0, saslPort = 0, tlsPort = 0, saslTlsPort = 0] = await freePorts(5);
  return {
    port: options.port ?? port,
    controllerPort: node?.controllerPorts[node.id - 1] ?? controllerPort,
    sasl: sasl && { ...sasl, port: options.saslPort ?? saslPort, advertisedPort },
    tls: tls && { ...tls, port: tlsPort, saslPort: saslTlsPort },
    node,
  };
}

async function format(options: {
  readonly jars: string;
  readonly archive: ClassArchive;
  readonly settings: string;
  readonly data: string;
  readonly sasl: LocalKafkaOptions['sasl'];
}): Promise<void> {
  const { jars, archive, settings, data, sasl } = options;
  // A start that was interrupted leaves a directory that is neither empty nor formatted.
  await rm(data, { recursive: true, force: true });
  const users = ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) =>
    sasl === undefined ? [] : ['--add-scram', `${mechanism}=[name=${sasl.username},password=${sasl.password}]`],
  );
  await run('java', [
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    ...archive.flags,
    '-cp',
    join(jars, '*'),
    'kafka.tools.StorageTool',
    'format',
    '--cluster-id',
    clusterId,
    '--config',
    settings,
    ...users,
  ]).catch((error: Error & { stderr?: string }) => {
    throw new Error(`the directory of the local Kafka could not be set up: ${error.stderr?.trim() || error.message}`, {
      cause: error,
    });
  });
}

async function spawnBroker(options: {
  readonly jars: string;
  readonly settings: string;
  readonly logFile: string;
  readonly pidFile: string;
  readonly archive: ClassArchive;
  readonly heapMegabytes?: number | undefined;
  readonly isBrief?: boolean | undefined;
}): Promise<ChildProcess> {
  const { jars, archive, settings, logFile, pidFile, heapMegabytes = defaultHeapMegabytes, isBrief = false } = options;
  const log = await open(logFile, 'w');
  // The shell waits for the end of its standard input, which comes with the end of this process, and stops the broker. When
  // the broker has ended, it waits no more: its process id may be somebody else's by then.
  const keeper =
    'exec 3<&0; pid=$1; shift; "$@" </dev/null 3<&- & broker=$!; echo $broker >"$pid"; (read -r _ <&3; kill -TERM $broker 2>/dev/null) & exec 3<&-; keeper=$!; wait $broker; code=$?; kill $keeper 2>/dev/null; exit $code';
  const java = [
    'java',
    `-Xmx${heapMegabytes}m`,
    '-XX:+UseSerialGC',
    ...(isBrief ? ['-XX:TieredStopAtLevel=1'] : []),
    ...archive.flagsOfBroker,
    '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
    '-cp',
    join(jars, '*'),
    'kafka.Kafka',
    settings,
  ];
  const child = spawn('sh', ['-c', keeper, 'fullhouse-kafka', pidFile, ...java], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', log.fd, log.fd],
  });
  child.unref();
  (child.stdin as unknown as { unref?: () => void } | null)?.unref?.();
  await log.close();
  return child;
}

/** Until the broker has told of itself: before that it lets clients in and keeps them waiting. */
async function answering(options: {
  readonly broker: ChildProcess;
  readonly port: number;
  readonly logFile: string;
}): Promise<void> {
  const until = performance.now() + startTimeoutMs;
  while (!(await answers(options.port))) {
    if (options.broker.exitCode !== null || options.broker.signalCode !== null || performance.now() > until) {
      const log = (await readFile(options.logFile, 'utf8').catch(() => '')).trim().split('\n').slice(-5).join('\n');
      throw new Error(`the local Kafka did not start; the end of ${options.logFile} says:\n${log}`);
    }
    await timeout(askAgainMs);
  }
}

async function answers(port: number): Promise<boolean> {
  const connection = new Connection('fullhouse-local', {
    connectTimeout: answerTimeoutMs,
    requestTimeout: answerTimeoutMs,
  });
  connection.on('error', () => {});
  try {
    await connection.connect('127.0.0.1', port);
    return (await metadataV12.api.async(connection, [], false, false)).brokers.length > 0;
  } catch {
    return false;
  } finally {
    await connection.close();
  }
}

function timeout(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
