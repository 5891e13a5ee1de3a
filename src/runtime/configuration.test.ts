import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { temporaryDirectory } from '../../tests/support/directory.ts';
import { ConfigurationError, readConfiguration } from './configuration.ts';

const message = (environment: Record<string, string>) => {
  try {
    readConfiguration(environment);
  } catch (error) {
    assert.ok(error instanceof ConfigurationError);
    return error.message;
  }
  return '';
};
const secret = 'a secret of more than thirty-two characters';

describe('the configuration', () => {
  test('has a default for everything, and is frozen', () => {
    const configuration = readConfiguration({});
    assert.deepEqual([configuration.PORT, configuration.HOST, configuration.LOG_LEVEL], [8080, '127.0.0.1', 'info']);
    assert.ok(Object.isFrozen(configuration));
  });

  test('takes what the environment says, and an empty variable for none', () => {
    const { PORT, FULLHOUSE_DEMO, HOST } = readConfiguration({ PORT: '0', FULLHOUSE_DEMO: '1', HOST: '' });
    assert.deepEqual([PORT, FULLHOUSE_DEMO, HOST], [0, true, '127.0.0.1']);
  });

  test('names every wrong variable in one line, with what it is', () => {
    const line = message({ PORT: '70000', FULLHOUSE_PARTITIONS: 'many' });
    assert.match(line, /PORT: .*70000.*; FULLHOUSE_PARTITIONS: .*many/);
    assert.ok(!line.includes('\n'));
  });

  test('never repeats a secret', () => {
    const line = message({ QUOTE_SECRET: 'hunter2', DATABASE_URL: 'hunter3' });
    assert.match(line, /QUOTE_SECRET: must have at least 32 characters/);
    assert.ok(!line.includes('hunter'));
  });

  test('refuses a name of ours that it does not know', () => {
    assert.match(message({ FULLHOUSE_PARTITION: '4' }), /FULLHOUSE_PARTITION: no such setting/);
  });

  test('reads a secret from a file, which goes before the variable', async () => {
    const directory = await temporaryDirectory();
    const file = join(directory.path, 'secret');
    await writeFile(file, `${secret}\n`);
    assert.equal(readConfiguration({ QUOTE_SECRET_FILE: file, QUOTE_SECRET: 'short' }).QUOTE_SECRET, secret);
    await directory.remove();
    assert.match(message({ QUOTE_SECRET_FILE: file }), /QUOTE_SECRET_FILE: cannot read .*secret; give a readable file/);
  });

  test('takes several brokers, by name, by address and by IPv6 address', () => {
    assert.deepEqual(readConfiguration({ KAFKA_BROKERS: 'kafka-1:9092, 10.0.0.1:19092,[::1]:9093' }).KAFKA_BROKERS, [
      { host: 'kafka-1', port: 9092 },
      { host: '10.0.0.1', port: 19092 },
      { host: '::1', port: 9093 },
    ]);
  });

  for (const KAFKA_BROKERS of ['kafka', 'kafka:', ':9092', 'kafka:0', 'kafka:65536', 'a:1,,b:2', 'kafka://a:1']) {
    test(`refuses "${KAFKA_BROKERS}" as brokers, in one line`, () => {
      const line = message({ KAFKA_BROKERS });
      assert.match(line, /^KAFKA_BROKERS: must be host:port, several of them separated by commas/);
      assert.ok(!line.includes('\n'));
    });
  }

  test('refuses half a sign-in to Kafka, and never repeats its password', () => {
    assert.equal(
      message({ KAFKA_SASL_USERNAME: 'alice', KAFKA_SASL_PASSWORD: 'hunter2' }),
      'KAFKA_SASL_MECHANISM: missing; set all of KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD, or none',
    );
    assert.match(message({ KAFKA_SASL_MECHANISM: 'GSSAPI' }), /KAFKA_SASL_MECHANISM: .*PLAIN/);
  });

  test('reads the certificates to trust, and refuses a file without any', async () => {
    const directory = await temporaryDirectory();
    const file = join(directory.path, 'ca.pem');
    const certificate = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
    await writeFile(file, certificate);
    assert.equal(readConfiguration({ KAFKA_TLS: 'true', KAFKA_TLS_CA: file }).KAFKA_TLS_CA, certificate);
    assert.match(message({ KAFKA_TLS_CA: file }), /KAFKA_TLS_CA: means nothing without KAFKA_TLS=true/);
    await writeFile(file, 'no certificate');
    assert.match(message({ KAFKA_TLS: 'true', KAFKA_TLS_CA: file }), /KAFKA_TLS_CA: must name a file of certificates/);
    await directory.remove();
    assert.match(message({ KAFKA_TLS: 'true', KAFKA_TLS_CA: file }), /KAFKA_TLS_CA: cannot be read; give a readable/);
  });

  test('refuses more replicas in sync than there are', () => {
    const line = message({ KAFKA_REPLICATION_FACTOR: '2', KAFKA_MIN_INSYNC_REPLICAS: '3' });
    assert.match(line, /KAFKA_MIN_INSYNC_REPLICAS: 3 of 2 replicas can never be in sync/);
  });
});
