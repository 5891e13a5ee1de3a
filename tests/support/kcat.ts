import { execFile, spawn } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Whether `kcat` is here; where not, says so loudly and leaves a skipped test, and with `CI=true` a failed one. */
export async function kcatOrSkip(what: string): Promise<boolean> {
  const found = await run('kcat', ['-V']).then(
    () => true,
    () => false,
  );
  if (found) return true;
  const reason = 'kcat is not on this machine; install the package kcat';
  console.error(`SKIPPED ${what}: ${reason}`);
  test(what, { skip: process.env['CI'] === 'true' ? false : reason }, () => {
    throw new Error(reason);
  });
  return false;
}

/** A record as a program that is not ours sees it. */
export interface ForeignRecord {
  readonly partition: number;
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly value: string;
}

/** Between fields, and after each record: characters that no record of ours holds. */
const [unit, end] = ['\u001f', '\u001e'];

/** Everything that a topic holds now. */
export async function kcatRead(brokers: string, topic: string): Promise<readonly ForeignRecord[]> {
  const format = ['%p', '%k', '%h', '%s'].join(unit) + end;
  const parameters = ['-C', '-b', brokers, '-t', topic, '-o', 'beginning', '-e', '-q', '-f', format];
  const { stdout } = await run('kcat', parameters, { maxBuffer: 64 * 1024 * 1024 });
  return stdout
    .split(end)
    .slice(0, -1)
    .map((line) => {
      const [partition = '', key = '', headers = '', value = ''] = line.split(unit);
      const named = headers.split(',').map((each) => {
        const at = each.indexOf('=');
        return [each.slice(0, at), each.slice(at + 1)] as const;
      });
      return { partition: Number(partition), key, headers: Object.fromEntries(named), value };
    });
}

/** Puts a record on a topic, where its key belongs or on a partition of one's choice. */
export async function kcatWrite(
  brokers: string,
  topic: string,
  record: Omit<ForeignRecord, 'partition'> & { readonly partition?: number },
): Promise<void> {
  const { key, headers, value, partition } = record;
  const parameters = [
    ...['-P', '-b', brokers, '-t', topic, '-X', 'topic.partitioner=murmur2_random', '-k', key],
    ...Object.entries(headers).flatMap(([name, each]) => ['-H', `${name}=${each}`]),
    ...(partition === undefined ? [] : ['-p', String(partition)]),
  ];
  await write(parameters, `${value}\n`);
}

/** Puts each line on a partition as a record, batches of so many compressed by a codec. */
export async function kcatWriteLines(
  brokers: string,
  to: { readonly topic: string; readonly partition: number; readonly codec: string; readonly batchMax: number },
  lines: readonly string[],
): Promise<void> {
  const { topic, partition, codec, batchMax } = to;
  const parameters = ['-P', '-b', brokers, '-t', topic, '-p', String(partition), '-z', codec];
  await write([...parameters, '-X', `batch.num.messages=${batchMax}`], lines.map((line) => `${line}\n`).join(''));
}

async function write(parameters: readonly string[], text: string): Promise<void> {
  const kcat = spawn('kcat', parameters, { stdio: ['pipe', 'inherit', 'inherit'] });
  kcat.stdin.end(text);
  const code = await new Promise<number | null>((resolve, reject) => kcat.on('error', reject).on('close', resolve));
  if (code !== 0) throw new Error(`kcat ended with ${code}`);
}
