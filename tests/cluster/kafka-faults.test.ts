import assert from 'node:assert/strict';
import { pbkdf2Sync, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { alterUserScramCredentialsV0, Connection } from '@platformatic/kafka';
import { pino } from 'pino';
import { freePorts } from '../../deploy/cluster/ports.ts';
import { type ClusterProcess, startCluster } from '../../src/cluster.ts';
import { openClusterLog } from '../../src/composition/kafka.ts';
import { topicsOf } from '../../src/composition/services.ts';
import { readConfiguration, serviceRoles, variableOf } from '../../src/runtime/configuration.ts';
import { createTopics } from '../../src/runtime/log/kafka/topic-admin.ts';
import type { KafkaLog } from '../../src/runtime/log/kafka-log.ts';
import { Client, eventually } from '../support/client.ts';
import { impatient, kafkaAdmin, kafkaOrSkip, startTestKafka, type TestKafka } from '../support/kafka.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';

/**
 * What goes wrong with Kafka while a process runs: a clear line in its log and in `/readyz`, and nothing lost. The process
 * is a gateway, which needs no database; there is a wire between it and the broker.
 */
const alice = { username: 'alice', password: 'the looking glass' };
const place = { topic: 'notification-sent', partition: 0 };
const iterations = 4_096;
const scramSha256 = 1;
const slowMs = 2_300;

interface Line {
  readonly level: number;
  readonly error?: string;
}

interface Readiness {
  readonly status: string;
  readonly dependencies: readonly { readonly dependency: string; readonly reason?: string }[];
}

if (await kafkaOrSkip('faults of Kafka')) {
  describe('faults of Kafka, in the log and in /readyz', { timeout: 180_000 }, () => {
    let kafka: TestKafka;
    let wire: TcpProxy;
    /** The HTTP side of every service. */
    const services = createServer((_, response) => response.end());
    let servicesPort: number;
    let gateway: ClusterProcess;
    let log: KafkaLog;
    const lines: Line[] = [];
    const sent: string[] = [];

    const environment = () => ({
      PORT: '0',
      KAFKA_BROKERS: `127.0.0.1:${wire.port}`,
      KAFKA_SASL_MECHANISM: 'SCRAM-SHA-256',
      KAFKA_SASL_USERNAME: alice.username,
      KAFKA_SASL_PASSWORD: alice.password,
      JWKS_URL: 'http://127.0.0.1:1/keys',
      ...Object.fromEntries(serviceRoles.map((role) => [variableOf(role), `http://127.0.0.1:${servicesPort}`])),
    });
    const start = (more: Readonly<Record<string, string>> = {}) => {
      const configuration = readConfiguration({ ...environment(), ...more });
      const logger = pino({}, { write: (line: string) => void lines.push(JSON.parse(line) as Line) });
      const openLog = async () => {
        log = await openClusterLog(configuration, logger, 'test');
        return log;
      };
      return startCluster(configuration, logger, { roles: ['gateway'], openLog });
    };
    const makeTopics = () => createTopics(kafka.access, topicsOf(4), { replicationFactor: 1, minInsyncReplicas: 1 });

    before(async () => {
      const [saslPort = 0, port = 0] = await freePorts(2);
      servicesPort = port;
      await new Promise<void>((resolve) => services.listen(port, '127.0.0.1', resolve));
      wire = await startTcpProxy(() => saslPort);
      kafka = await startTestKafka({ sasl: alice, saslPort, saslAdvertisedPort: wire.port, patience: impatient });
      await makeTopics();
      gateway = await start();
    });
    after(async () => {
      await gateway?.stop();
      services.close();
      await wire?.close();
      await kafka?.stop();
    });

    const readyz = async () => {
      const { status, body } = await new Client(gateway.adminUrl).get<Readiness>('/readyz');
      return { status, state: body.status, says: body.dependencies.find(({ dependency }) => dependency === 'kafka') };
    };
    /** Until both say it, and that the process is only degraded. */
    const told = async (pattern: RegExp, since: number) => {
      const ready = await eventually(readyz, ({ says }) => pattern.test(says?.reason ?? ''));
      assert.deepEqual([ready.status, ready.state], [200, 'degraded']);
      const said = lines.slice(since).filter(({ error = '' }) => pattern.test(error));
      assert.ok(said.length > 0 && said.every(({ error = '', level }) => level === 50 && !error.includes('\n')));
      assert.ok(lines.every((line) => !JSON.stringify(line).includes(alice.password)));
    };
    const well = () => eventually(readyz, ({ state }) => state === 'ok');
    /** As whoever publishes does: again, until it is taken. */
    const send = async (value: string, at = place) => {
      const record = { ...at, key: 'k', headers: {}, value };
      if (at === place) sent.push(value);
      while (
        !(await log.append([record]).then(
          () => true,
          () => false,
        ))
      )
        await new Promise((resolve) => setTimeout(resolve, 50));
    };
    const nothingLost = async () => {
      const records = await log.read({ ...place, offset: 0 }, 1_000);
      // What was sent again may be there twice: its reader knows it by its sequence.
      assert.deepEqual([...new Set(records.map(({ value }) => value))], sent);
    };
    const setMaximum = (bytes: number) =>
      kafkaAdmin(kafka, (admin) =>
        admin.incrementalAlterConfigs({
          resources: [
            {
              resourceType: 2,
              resourceName: place.topic,
              configs: [{ name: 'max.message.bytes', value: String(bytes), configOperation: 0 }],
            },
          ],
        }),
      );
    const setPassword = async (password: string) => {
      const salt = randomBytes(16);
      const saltedPassword = pbkdf2Sync(password, salt, iterations, 32, 'sha256');
      const connection = new Connection('test');
      await connection.connect('127.0.0.1', kafka.access.brokers[0]?.port ?? 0);
      const credential = { name: alice.username, mechanism: scramSha256, iterations, salt, saltedPassword };
      await alterUserScramCredentialsV0.api.async(connection, [], [credential]);
      await connection.close();
    };
    const reconnect = () => {
      wire.cut();
      wire.mend();
    };

    interface Fault {
      readonly what: string;
      readonly begin: () => unknown;
      readonly end: () => unknown;
      readonly says: RegExp;
      readonly value?: string;
    }
    const tooLarge = 'x'.repeat(30_000);
    const faults: readonly Fault[] = [
      {
        what: 'a broker that cannot be reached',
        begin: () => wire.cut(),
        end: () => wire.mend(),
        says: /Kafka at 127\.0\.0\.1:\d+ cannot be reached: Connection closed/,
      },
      {
        what: 'a password that is no longer right',
        begin: async () => {
          await setPassword('another');
          reconnect();
        },
        end: () => setPassword(alice.password),
        says: /Kafka at 127\.0\.0\.1:\d+ cannot be reached: the user name or password is refused/,
      },
      {
        what: 'a record that is larger than its topic allows',
        begin: async () => {
          await setMaximum(20_000);
          // The broker has acknowledged it, and goes by it a moment later.
          const large = { ...place, key: 'k', headers: {}, value: tooLarge };
          const isTaken = () =>
            log.append([large]).then(
              () => true,
              () => false,
            );
          await eventually(isTaken, (taken) => !taken);
        },
        end: makeTopics,
        says: /a record for notification-sent \(key k\) has 300\d\d bytes, more than the topic takes \(max\.message\.bytes,/,
        value: tooLarge,
      },
      {
        what: 'a broker that answers slowly',
        begin: () => {
          wire.delayMs = slowMs;
        },
        end: () => {
          wire.delayMs = 0;
        },
        says: /Kafka at 127\.0\.0\.1:\d+ answers slowly: not within 2 s/,
      },
    ];
    for (const { what, begin, end, says, value = what } of faults)
      it(`tell of ${what}`, async () => {
        await send(`before ${what}`);
        const since = lines.length;
        await begin();
        const sending = send(value);
        await told(says, since);
        await end();
        await sending;
        await send(`after ${what}`);
        await well();
        await nothingLost();
      });

    it('tell of a topic that is missing, and go on once it is there', async () => {
      const since = lines.length;
      await kafkaAdmin(kafka, (admin) => admin.deleteTopics({ topics: ['ticket-details'] }));
      const sending = send('kept', { topic: 'ticket-details', partition: 0 });
      await told(/topic ticket-details is missing; run "fullhouse topics create"/, since);
      await makeTopics();
      await sending;
      await well();
      const records = await log.read({ topic: 'ticket-details', partition: 0, offset: 0 }, 9);
      assert.deepEqual([...new Set(records.map(({ value }) => value))], ['kept']);
    });

    it('end a start in one line where waiting does not mend them', async () => {
      const working = log;
      await assert.rejects(start({ KAFKA_SASL_PASSWORD: 'wrong' }), {
        code: 'kafka_refused',
        message: /^Kafka at 127\.0\.0\.1:\d+ cannot be reached: the user name or password is refused.*$/,
      });
      await assert.rejects(start({ FULLHOUSE_PARTITIONS: '5' }), {
        code: 'kafka_refused',
        message: /^topic catalog has 4 partitions, not 5 .*set FULLHOUSE_PARTITIONS=4/,
      });
      log = working;
    });
  });
}
