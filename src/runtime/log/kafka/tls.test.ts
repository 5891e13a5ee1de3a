import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Authority, newAuthority, newCertificate, opensslOrSkip } from '../../../../tests/support/certificates.ts';
import { temporaryDirectory } from '../../../../tests/support/directory.ts';
import { kafkaOrSkip, startTestKafka, type TestKafka } from '../../../../tests/support/kafka.ts';
import { readConfiguration } from '../../configuration.ts';
import { createLogger } from '../../logger.ts';
import { type KafkaLog, openKafkaLog } from '../kafka-log.ts';
import { record, testTopics } from '../log.contract.ts';
import { kafkaAccess } from './access.ts';
import { KafkaRefused } from './errors.ts';

const host = 'localhost';
const alice = { username: 'alice', password: 'the looking glass' };
const start = { topic: 'letters', partition: 0, offset: 0 };
const what = 'a Kafka behind TLS';

if ((await kafkaOrSkip(what)) && (await opensslOrSkip(what))) {
  describe(what, () => {
    let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
    let authority: Authority;
    let kafka: TestKafka;

    before(async () => {
      directory = await temporaryDirectory();
      authority = await newAuthority(directory.path, 'authority');
      const tls = { host, ...(await newCertificate(directory.path, host, authority)) };
      kafka = await startTestKafka({ sasl: alice, tls });
      await kafka.emptyTopics(testTopics);
    });
    after(async () => {
      await kafka?.stop();
      await directory.remove();
    });

    /** As a process that is configured so. */
    const open = (brokers: string | undefined, settings: Readonly<Record<string, string>>): Promise<KafkaLog> => {
      const configuration = readConfiguration({ KAFKA_BROKERS: brokers, ...settings });
      const access = kafkaAccess(configuration, { clientId: 'test', logger: createLogger('silent') });
      assert.ok(access !== undefined);
      return openKafkaLog({ ...access, topics: testTopics });
    };
    const refusal = async (...parameters: Parameters<typeof open>): Promise<string> => {
      const error = await open(...parameters).then(
        (log) => log.close(),
        (reason: unknown) => reason,
      );
      assert.ok(error instanceof KafkaRefused, String(error));
      assert.ok(!error.message.includes('\n'));
      return error.message;
    };
    const trusted = () => ({ KAFKA_TLS: 'true', KAFKA_TLS_CA: authority.file });

    test('is written and read by who trusts its authority, and knows the password where there is one', async () => {
      const sasl = { KAFKA_SASL_USERNAME: alice.username, KAFKA_SASL_PASSWORD: alice.password };
      const { tlsBrokers, saslTlsBrokers } = kafka.broker;
      const doors = [
        [tlsBrokers, trusted()],
        [saslTlsBrokers, { ...trusted(), ...sasl, KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512' }],
        [saslTlsBrokers, { ...trusted(), ...sasl, KAFKA_SASL_MECHANISM: 'PLAIN' }],
      ] as const;
      for (const [index, [brokers, settings]] of doors.entries()) {
        const log = await open(brokers, settings);
        await log.append([record(String(index))]);
        const values = (await log.read(start, 9)).map(({ value }) => value);
        assert.deepEqual(values, ['0', '1', '2'].slice(0, index + 1));
        await log.close();
      }
    });

    test('of an authority that is not trusted is refused in a line that names the setting', async () => {
      const other = await newAuthority(directory.path, 'other');
      const told =
        /^Kafka at localhost:\d+ cannot be reached: its certificate is not accepted \(.+\); name the file of the authority that signed it in KAFKA_TLS_CA$/;
      const { tlsBrokers } = kafka.broker;
      assert.match(await refusal(tlsBrokers, { KAFKA_TLS: 'true', KAFKA_TLS_CA: other.file }), told);
      assert.match(await refusal(tlsBrokers, { KAFKA_TLS: 'true' }), told);
    });

    test('under a name that is not in its certificate is refused in a line that says which are', async () => {
      const elsewhere = kafka.broker.tlsBrokers?.replace(host, '127.0.0.1');
      assert.match(
        await refusal(elsewhere, trusted()),
        /^Kafka at 127\.0\.0\.1:\d+ cannot be reached: its certificate is not accepted \(.*altnames.*127\.0\.0\.1.*\); name the brokers in KAFKA_BROKERS as their certificates do$/,
      );
    });

    test('is told from one without', async () => {
      assert.match(
        await refusal(kafka.broker.tlsBrokers, {}),
        /^Kafka at localhost:\d+ cannot be reached: it requires TLS; set KAFKA_TLS=true$/,
      );
      await assert.rejects(open(kafka.broker.brokers, trusted()), {
        message: /^Kafka at 127\.0\.0\.1:\d+ cannot be reached: .*TLS/,
      });
    });
  });
}
