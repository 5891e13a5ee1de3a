import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
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

  test('refuses a key that cannot sign tickets, and does not repeat it', () => {
    const pem = { type: 'pkcs8', format: 'pem' } as const;
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export(pem).toString();
    for (const TICKET_SIGNING_KEY of [other, '-----BEGIN PRIVATE KEY-----\ngarbage\n-----END PRIVATE KEY-----'])
      assert.equal(
        message({ TICKET_SIGNING_KEY }),
        'TICKET_SIGNING_KEY: must be an Ed25519 private key (PKCS #8 in PEM): openssl genpkey -algorithm ed25519',
      );
    const key = generateKeyPairSync('ed25519').privateKey.export(pem).toString();
    assert.equal(readConfiguration({ TICKET_SIGNING_KEY: key }).TICKET_SIGNING_KEY, key);
  });

  test('takes Stripe only as a whole, and with keys that look like its own', () => {
    const stripe = { PAYMENT_PROVIDER: 'stripe', STRIPE_SECRET_KEY: 'sk_test_1' };
    const whsec = `whsec_${'a'.repeat(32)}`;
    assert.equal(readConfiguration({}).PAYMENT_PROVIDER, 'sandbox');
    const both = readConfiguration({ ...stripe, STRIPE_WEBHOOK_SECRET: `${whsec}, ${whsec}b` });
    assert.deepEqual(both.STRIPE_WEBHOOK_SECRET, [whsec, `${whsec}b`]);
    const rows: readonly (readonly [Record<string, string>, RegExp])[] = [
      [{ PAYMENT_PROVIDER: 'paypal' }, /PAYMENT_PROVIDER: .*sandbox.*stripe/],
      [{ STRIPE_SECRET_KEY: 'sk_test_1' }, /^STRIPE_SECRET_KEY: means nothing without PAYMENT_PROVIDER=stripe/],
      [{ ...stripe, STRIPE_SECRET_KEY: 'pk_test_1' }, /^STRIPE_SECRET_KEY: must be a secret or restricted key/],
      [{ ...stripe, STRIPE_PUBLISHABLE_KEY: 'sk_test_1' }, /^STRIPE_PUBLISHABLE_KEY: must be a publishable key/],
      [{ ...stripe, STRIPE_PUBLISHABLE_KEY: 'pk_live_1' }, /^STRIPE_PUBLISHABLE_KEY: is a live key where .* test one/],
      [{ ...stripe, STRIPE_WEBHOOK_SECRET: 'hunter2' }, /^STRIPE_WEBHOOK_SECRET: must be a signing secret/],
      [{ ...stripe, STRIPE_API_URL: 'http://localhost/v1' }, /^STRIPE_API_URL: must be a URL like/],
      [
        { ...stripe, STRIPE_SECRET_KEY: 'sk_live_1', STRIPE_API_URL: 'http://localhost:1' },
        /^STRIPE_API_URL: would send a live key in the clear/,
      ],
    ];
    for (const [environment, says] of rows) {
      const line = message(environment);
      assert.match(line, says);
      assert.doesNotMatch(line, /_test_1|_live_1|hunter2/);
    }
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

  const taken: readonly Record<string, string>[] = [
    { DATABASE_URL: 'postgres://{service}:p%40ss@db:5432/{service}?sslmode=require' },
    { BOOKING_DATABASE_URL: 'postgresql://fullhouse@/booking?host=/run/postgresql' },
    { BOOKING_DATABASE_URL: 'postgres:///booking' },
    { SMTP_URL: 'smtps://user:password@mail:465/?pool=true' },
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://collector/otlp' },
    { USER_URL: 'http://127.0.0.1:9102/, http://[::1]:9102' },
    { JWKS_URL: 'http://user/keys' },
    { OIDC_ISSUER: 'https://sign-in.example/realms/a', OIDC_ROLES_CLAIM: 'realm_access.roles' },
    { TRUSTED_PROXIES: '10.0.0.0/8, 192.0.2.1,2001:db8::/32' },
  ];
  for (const environment of taken)
    test(`takes ${JSON.stringify(environment)}`, () => assert.equal(message(environment), ''));

  const refused: readonly (readonly [name: string, value: string, fix: RegExp])[] = [
    ['BOOKING_DATABASE_URL', 'postgres://127.0.0.1:99999/y', /postgres:\/\/user@host:5432\/database, .*up to 65535/],
    ['DATABASE_URL', 'postgres://fullhouse:pass/word@db/{service}', /%2F/],
    ['SMTP_URL', 'http://x.y', /a URL like smtp:/],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'foo://x', /a URL like http:\/\/collector:4318 /],
    ['JWKS_URL', 'ftp://x/keys', /a URL like http:/],
    ['OIDC_ISSUER', 'sign-in.example', /a URL like https:/],
    ['PUBLIC_URL', 'tickets:443', /a URL like https:/],
    ['TWILIO_ACCOUNT_SID', 'SK00000000000000000000000000000000', /AC and 32 hexadecimal digits/],
    ['TWILIO_FROM', '0207 123 4567 89', /a number like \+44/],
    ['USER_URL', 'http://host/path', /without a path/],
    ['USER_URL', 'http://host?a=b', /a URL like http:/],
    ['USER_URL', 'http://host:99999', /a URL like http:/],
    ['USER_URL', 'http://host,ftp://host', /a URL like http:/],
    ['TRUSTED_PROXIES', 'balancer', /networks like 10\.0\.0\.0\/8/],
    ['TRUSTED_PROXIES', '10.0.0.0/33', /networks like/],
    ['TRUSTED_PROXIES', '0.0.0.0/0', /networks like/],
    ['TRUSTED_PROXIES', '10.0.0.1,', /networks like/],
  ];
  for (const [name, value, fix] of refused)
    test(`refuses "${value}" as ${name}, in one line with the fix`, () => {
      const line = message({ [name]: value });
      assert.ok(line.startsWith(`${name}: must be `), line);
      assert.match(line, fix);
      assert.ok(!line.includes('\n') && !line.includes('; '));
    });

  test('takes where people reach it with a slash at the end or without', () => {
    for (const PUBLIC_URL of ['https://tickets.example', 'https://tickets.example/'])
      assert.equal(readConfiguration({ PUBLIC_URL }).PUBLIC_URL, 'https://tickets.example');
  });

  test('refuses half a sign-in to Kafka, and never repeats its password', () => {
    assert.equal(
      message({ KAFKA_SASL_USERNAME: 'alice', KAFKA_SASL_PASSWORD: 'hunter2' }),
      'KAFKA_SASL_MECHANISM: missing; set all of KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD, or none',
    );
    assert.match(message({ KAFKA_SASL_MECHANISM: 'GSSAPI' }), /KAFKA_SASL_MECHANISM: .*PLAIN/);
  });

  test('refuses half an account at Twilio, and never repeats its token', () => {
    const half = { TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`, TWILIO_AUTH_TOKEN: 'do not repeat' };
    const line = message(half);
    assert.match(
      line,
      /^TWILIO_FROM: missing; set all of TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, TWILIO_FROM, or none$/,
    );
    assert.equal(message({ ...half, TWILIO_FROM: '+442071234567' }), '');
    assert.equal(message({ ...half, TWILIO_FROM: 'Fullhouse' }), '');
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

  test('refuses to be told of tokens of an issuer that it is not told of', () => {
    for (const name of ['OIDC_AUDIENCE', 'OIDC_ROLES_CLAIM'])
      assert.match(message({ [name]: 'api' }), new RegExp(`^${name}: means nothing without OIDC_ISSUER`));
  });

  test('refuses more replicas in sync than there are', () => {
    const line = message({ KAFKA_REPLICATION_FACTOR: '2', KAFKA_MIN_INSYNC_REPLICAS: '3' });
    assert.match(line, /KAFKA_MIN_INSYNC_REPLICAS: 3 of 2 replicas can never be in sync/);
  });
});
