import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { topicsOf } from '../../src/composition/services.ts';
import { topicNames } from '../../src/contracts/topics.ts';
import { createTopics } from '../../src/runtime/log/kafka/topic-admin.ts';
import { bareEnvironment } from '../support/bare-environment.ts';
import { kafkaOrSkip, startTestKafka, type TestKafka } from '../support/kafka.ts';

/** Answers every start of a connection as a PostgreSQL does that has no place left. */
function fullServer(): Server {
  const fields = 'SFATAL\0VFATAL\0C53300\0Msorry, too many clients already\0\0';
  const length = Buffer.alloc(4);
  length.writeInt32BE(4 + fields.length);
  const refusal = Buffer.concat([Buffer.from('E'), length, Buffer.from(fields)]);
  return createServer((socket) => socket.on('error', () => undefined).once('data', () => socket.end(refusal)));
}

async function portOf(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

if (await kafkaOrSkip('the command line while PostgreSQL does not answer')) {
  describe('the command line while PostgreSQL does not answer', { timeout: 180_000 }, () => {
    let kafka: TestKafka;
    const full = fullServer();
    const gateway = createHttpServer((_, response) =>
      response.writeHead(403, { 'content-type': 'application/json' }).end('{"detail":"This gateway is asked."}'),
    );
    let fullPort: number;
    let gatewayPort: number;
    const dead = 'postgres://fullhouse@127.0.0.1:1/{service}';
    before(async () => {
      [kafka, fullPort, gatewayPort] = await Promise.all([startTestKafka(), portOf(full), portOf(gateway)]);
      await createTopics(kafka.access, topicsOf(4), kafka.replicas);
    });
    after(async () => {
      full.close();
      gateway.close();
      await kafka.stop();
    });

    const fullhouse = async (parameters: readonly string[], more: Readonly<Record<string, string>> = {}) => {
      const env = {
        ...{ ...bareEnvironment, PUBLIC_URL: `http://127.0.0.1:${gatewayPort}` },
        ...{ KAFKA_BROKERS: kafka.access.brokers.map(({ host, port }) => `${host}:${port}`).join(), ...more },
      };
      const command = ['src/cli/main.ts', ...parameters];
      return promisify(execFile)(process.execPath, command, { env, timeout: 60_000 }).then(
        ({ stdout }) => ({ code: 0, out: stdout, error: '' }),
        ({ code, stdout, stderr }) => ({ code: code as number, out: stdout as string, error: stderr as string }),
      );
    };

    it('does without one what only Kafka or the gateway is asked for', async () => {
      for (const more of [{}, { DATABASE_URL: dead }]) {
        const list = await fullhouse(['topics', 'list', '--json'], more);
        assert.equal(list.code, 0, list.error);
        const listed = (JSON.parse(list.out) as { topic: string }[]).map(({ topic }) => topic);
        assert.deepEqual(listed, topicNames);
        const tail = await fullhouse(['tail', 'booking-events', '--from', '0'], more);
        assert.deepEqual(tail, { code: 0, out: '', error: '' });
        const book = await fullhouse(['book', '--best', '1'], more);
        assert.deepEqual([book.code, book.error], [1, 'fullhouse: This gateway is asked.\n']);
      }
    });

    const asks: readonly (readonly [asked: string, ...parameters: string[]])[] = [
      ['catalog', 'settings'],
      ['catalog', 'check'],
      ['payment', 'replay', 'payment', '--shadow'],
      ['ticket', 'migrate', 'ticket'],
    ];
    for (const [asked, ...parameters] of asks)
      it(`says which database, by which variable and why: ${parameters.join(' ')}`, async () => {
        const own = `${asked.toUpperCase()}_DATABASE_URL`;
        const refused = { DATABASE_URL: dead };
        const tooMany = { DATABASE_URL: dead, [own]: `postgres://fullhouse@127.0.0.1:${fullPort}/theirs` };
        const rows = [
          [refused, 'DATABASE_URL', 'connect ECONNREFUSED 127.0.0.1:1'],
          [tooMany, own, 'sorry, too many clients already'],
        ] as const;
        const answers = await Promise.all(rows.map(([more]) => fullhouse(parameters, more)));
        for (const [index, [, variable, reason]] of rows.entries()) {
          const says = `fullhouse: the database of ${asked} (${variable}) does not answer: ${reason}\n`;
          assert.deepEqual(answers[index], { code: 1, out: '', error: says });
        }
      });

    it('names the variables where none is set', async () => {
      for (const parameters of [['settings'], ['check']]) {
        const { code, error } = await fullhouse(parameters);
        assert.equal(code, 1);
        assert.match(
          error,
          /^fullhouse: CATALOG_DATABASE_URL, .*: missing; set DATABASE_URL for all of them, or each\n$/,
        );
      }
    });
  });
}
