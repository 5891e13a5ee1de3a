import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** What a local broker is run by: the Java of the machine, and jars that are fetched once. */

/** Why there can be no local Kafka here: one clear line. */
export class NoLocalKafka extends Error {
  override readonly name = 'NoLocalKafka';
  readonly code = 'no_local_kafka';
  readonly retryable = false;
}

const kafkaVersion = '4.1.0';
const javaVersionMin = 17;
const fetchTimeoutMs = 300_000;
const run = promisify(execFile);

export interface Distribution {
  /** The directory of the jars. */
  readonly jars: string;
  readonly archive: ClassArchive;
}

/** Throws `NoLocalKafka` where Java or Maven is missing. */
export async function localDistribution(): Promise<Distribution> {
  const java = await requireJava();
  const jars = await fetchedJars();
  return { jars, archive: await classArchive(jars, java) };
}

/** Why no broker can be started on this machine; `undefined` where one can. */
export async function whyNoLocalKafka(): Promise<string | undefined> {
  try {
    await localDistribution();
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
export interface ClassArchive {
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

/** Whether there is something at this place. */
export function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
