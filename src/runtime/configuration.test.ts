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
});
