import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, symlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createTopics } from '../src/runtime/log/kafka/topic-admin.ts';
import { openKafkaLog } from '../src/runtime/log/kafka-log.ts';
import { record, testTopics } from '../src/runtime/log/log.contract.ts';
import { temporaryDirectory } from './support/directory.ts';
import { accessTo, kafkaOrSkip } from './support/kafka.ts';

const script = fileURLToPath(new URL('../deploy/kafka/run.ts', import.meta.url));

/** `npm run kafka` as a process of its own, and what it says. */
function run(parameters: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, [script, ...parameters], { env: { ...process.env, ...environment } });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ended = once(child, 'exit').then(([code]) => ({ code: code as number | null, said }));
  return { child, ended, firstLine: once(createInterface(child.stdout), 'line').then(([line]) => line as string) };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return address !== null && typeof address === 'object' ? address.port : 0;
}

const isRunning = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe('npm run kafka', () => {
  it('refuses what it does not know, with exit code 2', async () => {
    const unknown = await run(['--partitions', '3']).ended;
    assert.deepEqual([unknown.code, /--partitions/.test(unknown.said)], [2, true]);
    const { code, said } = await run(['--port', 'many']).ended;
    assert.deepEqual([code, said.trim()], [2, '--port: not a port: many']);
  });

  it('says in one line that Java is missing', async () => {
    const directory = await temporaryDirectory();
    const withoutJava = await run([], { PATH: directory.path }).ended;
    assert.deepEqual([withoutJava.code, withoutJava.said.trim().split('\n').length], [1, 1]);
    assert.match(withoutJava.said, /needs Java, which is not here; install a Java runtime, version 17 or later/);
    await directory.remove();
  });
});

if (await kafkaOrSkip('a local Kafka')) {
  describe('a local Kafka', () => {
    let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
    let child: ChildProcess | undefined;
    before(async () => {
      directory = await temporaryDirectory();
    });
    after(async () => {
      child?.kill('SIGKILL');
      await directory.remove();
    });

    it('says in one line that Maven is missing, where the jars are not there yet', async () => {
      const tools = await temporaryDirectory();
      const [java] = (process.env['PATH'] ?? '')
        .split(':')
        .map((path) => join(path, 'java'))
        .filter(existsSync);
      await symlink(java ?? '', join(tools.path, 'java'));
      const withoutMaven = await run([], { PATH: tools.path, XDG_CACHE_HOME: tools.path }).ended;
      assert.deepEqual([withoutMaven.code, withoutMaven.said.trim().split('\n').length], [1, 1]);
      assert.match(withoutMaven.said, /fetched by Maven \(mvn\), which is not here; install it, or name a Kafka/);
      await tools.remove();
    });

    it('keeps its records from one run to the next, stops at Ctrl-C and dies with a parent that is killed', async () => {
      const port = await freePort();
      const options = ['--port', String(port), '--directory', directory.path];
      const brokers = `127.0.0.1:${port}`;
      const first = run(options);
      child = first.child;
      assert.equal(await first.firstLine, `Kafka is ready at ${brokers} (KAFKA_BROKERS=${brokers})`);
      await createTopics(accessTo(brokers), testTopics, { replicationFactor: 1, minInsyncReplicas: 1 });
      const log = await openKafkaLog({ ...accessTo(brokers), topics: testTopics });
      await log.append([record('kept')]);
      await log.close();
      first.child.kill('SIGINT');
      assert.equal((await first.ended).code, 0);

      const second = run(options);
      child = second.child;
      await second.firstLine;
      const again = await openKafkaLog({ ...accessTo(brokers), topics: testTopics });
      const records = await again.read({ topic: 'letters', partition: 0, offset: 0 }, 9);
      assert.deepEqual(
        records.map(({ value }) => value),
        ['kept'],
      );
      await again.close();
      const broker = Number(await readFile(join(directory.path, 'broker.pid'), 'utf8'));
      assert.ok(isRunning(broker));
      second.child.kill('SIGKILL');
      while (isRunning(broker)) await new Promise((resolve) => setTimeout(resolve, 50));
    });
  });
}
