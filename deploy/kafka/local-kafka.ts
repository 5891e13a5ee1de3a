import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Connection, metadataV12 } from '@platformatic/kafka';
import { type BrokerAddresses, brokerProperties, type GroupPatience } from './broker-properties.ts';

/**
 * A real Apache Kafka of one broker, without containers: jars from Maven Central, kept outside the tree, run by the Java of
 * the machine. For development and tests.
 */
export interface LocalKafka {
  /** `host:port`, as `KAFKA_BROKERS` takes it. */
  readonly brokers: string;
  /** Another door, where a name and a password are asked for. */
  readonly saslBrokers: string | undefined;
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
  /** Opens a second door with this user, for PLAIN and SCRAM. */
  readonly sasl?: { readonly username: string; readonly password: string } | undefined;
  readonly saslPort?: number | undefined;
  readonly heapMegabytes?: number | undefined;
  readonly patience?: GroupPatience | undefined;
  /** Compiles less: starts with less work, and is slower in the long run. */
  readonly isBrief?: boolean | undefined;
}

/** Why there can be no local Kafka here: one clear line. */
export class NoLocalKafka extends Error {
  override readonly name = 'NoLocalKafka';
  readonly code = 'no_local_kafka';
  readonly retryable = false;
}

const kafkaVersion = '4.1.0';
const javaVersionMin = 17;
const defaultHeapMegabytes = 512;
const fetchTimeoutMs = 300_000;
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
  const java = await requireJava();
  const jars = await fetchedJars();
  const archive = await classArchive(jars, java);
  const { directory, sasl, patience } = options;
  await mkdir(directory, { recursive: true });
  const addresses: BrokerAddresses = {
    port: options.port ?? (await freePort()),
    controllerPort: await freePort(),
    ...(sasl === undefined ? {} : { sasl: { ...sasl, port: options.saslPort ?? (await freePort()) } }),
  };
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
    saslBrokers: addresses.sasl && `127.0.0.1:${addresses.sasl.port}`,
    ended,
    stop,
    kill: async () => {
      process.kill(Number(await readFile(join(directory, 'broker.pid'), 'utf8')), 'SIGKILL');
      await ended;
    },
  };
}

/** Why no broker can be started on this machine; `undefined` where one can. */
export async function whyNoLocalKafka(): Promise<string | undefined> {
  try {
    await requireJava();
    await fetchedJars();
    return undefined;
  } catch (error) {
    if (error instanceof NoLocalKafka) return error.message;
    throw error;
  }
}

/** The version of the machine's Java, as it spells it. */
async function requireJava(): Promise<string> {
  const remedy = `install a Java runtime, version ${javaVersionMin} or later, or name a Kafka of yours in KAFKA_BROKERS`;
  const { stderr } = await run('java', ['-version']).catch((cause: Error) => {
    throw new NoLocalKafka(`a local Kafka needs Java, which is not here; ${remedy}`, { cause });
  });
  const version = /version "([^"]+)"/.exec(stderr)?.[1] ?? '0';
  const major = Number.parseInt(version, 10);
  if (major < javaVersionMin) throw new NoLocalKafka(`a local Kafka needs a newer Java than ${major}; ${remedy}`);
  return version;
}

/** What Java has read of the jars, kept for the next time: with it a broker starts with a third of the work. */
interface ClassArchive {
  /** For whatever is run from the jars. */
  readonly flags: readonly string[];
  /** For a broker, which leaves the archive behind where there is none. */
  readonly flagsOfBroker: readonly string[];
  /** A broker has ended; one that was killed leaves half an archive at the most. */
  keep(isWhole: boolean): Promise<void>;
}

/** Of this very Java: another one would pass it by. Made by the first broker that ends in order (JEP 350). */
async function classArchive(jars: string, java: string): Promise<ClassArchive> {
  const file = `${jars}-java-${java}.jsa`;
  const flags = (await exists(file)) ? [`-XX:SharedArchiveFile=${file}`] : [];
  if (flags.length > 0) return { flags, flagsOfBroker: flags, keep: async () => undefined };
  const filling = `${file}.${randomUUID()}`;
  return {
    flags,
    flagsOfBroker: [`-XX:ArchiveClassesAtExit=${filling}`],
    keep: (isWhole) => (isWhole ? rename(filling, file) : rm(filling, { force: true })).catch(() => undefined),
  };
}

/** The directory of the broker's jars, filled once on each machine. */
async function fetchedJars(): Promise<string> {
  const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'fullhouse');
  const jars = join(cache, `kafka-${kafkaVersion}`);
  if (await exists(jars)) return jars;
  await mkdir(cache, { recursive: true });
  // Filled under another name, so that whoever comes at the same time sees all of it or nothing.
  const filling = `${jars}.${process.pid}-${Date.now()}`;
  const pom = fileURLToPath(new URL('pom.xml', import.meta.url));
  try {
    await run(
      'mvn',
      ['-q', '-B', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${filling}`, '-DincludeScope=runtime'],
      { timeout: fetchTimeoutMs },
    );
    await rename(filling, jars);
  } catch (cause) {
    await rm(filling, { recursive: true, force: true });
    if (await exists(jars)) return jars;
    throw new NoLocalKafka(whyNotFetched(cause as NodeJS.ErrnoException & { stdout?: string }), { cause });
  }
  return jars;
}

function whyNotFetched(error: NodeJS.ErrnoException & { stdout?: string }): string {
  if (error.code === 'ENOENT')
    return 'the jars of Kafka are fetched by Maven (mvn), which is not here; install it, or name a Kafka of yours in KAFKA_BROKERS';
  const said = (error.stdout ?? '').split('\n').find((line) => line.includes('ERROR')) ?? error.message;
  return `Maven could not fetch the jars of Kafka: ${said.trim()}`;
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

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(address !== null && typeof address === 'object' ? address.port : 0));
    });
  });
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function timeout(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
