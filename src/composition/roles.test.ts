import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ConfigurationError, readConfiguration } from '../runtime/configuration.ts';
import { checkRequirements, type Role } from './roles.ts';

/** What these roles are refused for. */
function refusal(run: readonly Role[], environment: Readonly<Record<string, string>>): string {
  const enough = {
    ...{ KAFKA_BROKERS: '127.0.0.1:9092', DATABASE_URL: 'postgres://fullhouse@127.0.0.1/{service}' },
    ...{ QUOTE_SECRET: 'a secret of more than thirty-two characters', USER_URL: 'http://127.0.0.1:9102' },
  };
  try {
    checkRequirements(readConfiguration({ ...enough, ...environment }), run);
  } catch (error) {
    assert.ok(error instanceof ConfigurationError);
    return error.message;
  }
  return '';
}

describe('what roles need', () => {
  const email = { FULLHOUSE_ADMIN_EMAIL: 'admin@fullhouse.example' };
  const password = { FULLHOUSE_ADMIN_PASSWORD: 'long enough' };

  test('is both of the first administrator or neither, where one is made', () => {
    const both = 'set both of FULLHOUSE_ADMIN_EMAIL, FULLHOUSE_ADMIN_PASSWORD for the first administrator, or neither';
    assert.equal(refusal(['user'], email), `FULLHOUSE_ADMIN_PASSWORD: missing; ${both}`);
    assert.equal(refusal(['user'], password), `FULLHOUSE_ADMIN_EMAIL: missing; ${both}`);
    assert.deepEqual([refusal(['user'], {}), refusal(['user'], { ...email, ...password })], ['', '']);
  });

  test('is neither where people sign in elsewhere, or the user service is another process', () => {
    const elsewhere = { OIDC_ISSUER: 'https://sign-in.example' };
    assert.deepEqual([refusal(['user'], { ...email, ...elsewhere }), refusal(['pricing'], email)], ['', '']);
  });
});
