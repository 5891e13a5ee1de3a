import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Client } from './support/client.ts';
import { occupiedPort, postgresGone, postgresProcesses, processes } from './support/operating-system.ts';
import { ProcessEnded, temporaryDirectory } from './support/servers.ts';

const { start, endAll } = processes();
let directory: { readonly path: string; remove(): Promise<void> };
before(async () => {
  directory = await temporaryDirectory();
});
after(async () => {
  await endAll();
  await directory.remove();
});

/** The one line with which a start is refused. */
async function refusalOf(path: string, environment: Readonly<Record<string, string>>): Promise<string> {
  const error: unknown = await start(path, environment).then(
    async (server) => {
      await server.end('SIGTERM');
      return new Error('it started');
    },
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ProcessEnded, String(error));
  assert.equal(error.code, 1, error.output);
  // Whoever was made administrator before it was refused has to be told so: nobody would be again.
  const lines = error.output.split('\n').filter((line) => line !== '' && !line.startsWith('Administrator: '));
  assert.equal(lines.length, 1, error.output);
  assert.doesNotMatch(error.output, /\.ts:|node_modules|\n {4}at /);
  return lines[0] ?? '';
}

describe('a start with wrong settings', { concurrency: 4 }, async () => {
  const weak = 'hunter2';
  type Row = readonly [name: string, environment: Readonly<Record<string, string>>, says: readonly RegExp[]];
  const rows: readonly Row[] = [
    ['PORT that is no number', { PORT: 'abc' }, [/PORT/, /number|port/i]],
    ['PORT beyond ports', { PORT: '70000' }, [/PORT/, /65535/]],
    ['ADMIN_PORT below zero', { ADMIN_PORT: '-1' }, [/ADMIN_PORT/]],
    ['a setting that nobody knows', { FULLHOUSE_DATADIR: '/tmp' }, [/FULLHOUSE_DATADIR/, /no such setting/]],
    ['a secret that is too short', { QUOTE_SECRET: weak }, [/QUOTE_SECRET/, /32 characters/]],
    ['a webhook secret that is too short', { SANDBOX_WEBHOOK_SECRET: weak }, [/SANDBOX_WEBHOOK_SECRET/, /32/]],
    [
      'Stripe without its secrets',
      { PAYMENT_PROVIDER: 'stripe' },
      [/STRIPE_SECRET_KEY: missing; copy it/, /STRIPE_WEBHOOK_SECRET: missing; copy/],
    ],
    ['a key of Stripe that nobody uses', { STRIPE_SECRET_KEY: 'sk_test_x' }, [/without PAYMENT_PROVIDER=stripe/]],
    [
      'a secret file that is not there',
      { QUOTE_SECRET_FILE: '/nowhere/secret' },
      [/QUOTE_SECRET_FILE/, /\/nowhere\/secret/],
    ],
    [
      'a password that is too short',
      { FULLHOUSE_ADMIN_PASSWORD: 'short' },
      [/FULLHOUSE_ADMIN_PASSWORD/, /8 characters/],
    ],
    ['an address that is none', { FULLHOUSE_ADMIN_EMAIL: 'admin' }, [/FULLHOUSE_ADMIN_EMAIL/, /e-mail/]],
    ['a truth that is none', { FULLHOUSE_DEMO: 'maybe' }, [/FULLHOUSE_DEMO/, /true/]],
    ['no partitions', { FULLHOUSE_PARTITIONS: '0' }, [/FULLHOUSE_PARTITIONS/]],
    ['a level that is none', { LOG_LEVEL: 'loud' }, [/LOG_LEVEL/, /info/]],
    ['a mail server that is none', { SMTP_URL: 'mail' }, [/SMTP_URL/, /smtp:/]],
    ['two faults', { PORT: 'abc', LOG_LEVEL: 'loud' }, [/PORT/, /LOG_LEVEL/]],
  ];
  for (const [name, environment, says] of rows) {
    await it(`is refused in one line that names the variable: ${name}`, async () => {
      const line = await refusalOf(join(directory.path, 'never'), environment);
      for (const pattern of says) assert.match(line, pattern);
      for (const secret of [weak, 'short']) assert.doesNotMatch(line, new RegExp(`"${secret}"`));
    });
  }
});

describe('a start without a place', async () => {
  await it('is refused where the directory cannot be written to', async () => {
    const file = join(directory.path, 'a-file');
    await writeFile(file, 'not a directory');
    const line = await refusalOf(join(file, 'data'), {});
    assert.match(line, /FULLHOUSE_DATA_DIR: cannot write to .*a-file/);
  });

  await it('is refused where no directory can be made', async () => {
    const line = await refusalOf('/proc/nothing/data', {});
    assert.match(line, /FULLHOUSE_DATA_DIR: cannot write to \/proc\/nothing\/data/);
  });

  await it('is refused where a port is taken, and leaves nothing running', async (context) => {
    const { port, server } = await occupiedPort();
    context.after(() => void server.close());
    const data = join(directory.path, 'data');
    for (const variable of ['PORT', 'ADMIN_PORT']) {
      const line = await refusalOf(data, { [variable]: String(port) });
      assert.match(line, new RegExp(`${variable}: port ${port} of 127.0.0.1 is in use; set ${variable}`));
      assert.deepEqual(await postgresProcesses(data), []);
    }
    const later = await start(data);
    assert.equal(await later.end('SIGTERM'), 0);
  });

  await it('is refused where PostgreSQL cannot open its files, and leaves nothing running', async () => {
    const data = join(directory.path, 'broken');
    const server = await start(data);
    assert.equal(await server.end('SIGTERM'), 0);
    await writeFile(join(data, 'postgres', 'data', 'PG_VERSION'), '9.6\n');
    const error = await start(data).catch((reason: unknown) => reason);
    assert.ok(error instanceof ProcessEnded, 'it started');
    assert.equal(error.code, 1);
    assert.match(error.output, /embedded PostgreSQL did not start.*server\.log/s);
    assert.match(error.output, /9\.6/);
    await postgresGone(data);
  });
});

describe('a second start on the same directory', async () => {
  await it('is refused in one line, and the first goes on', async () => {
    const data = join(directory.path, 'shared');
    const first = await start(data);
    const line = await refusalOf(data, {});
    assert.match(line, /another Fullhouse runs on .*shared; stop it first/);
    assert.equal((await new Client(first.url).get('/v1/movies')).status, 200);
    assert.equal(await first.end('SIGTERM'), 0);
  });

  await it('at the same moment lets exactly one of them win', async () => {
    const data = join(directory.path, 'raced');
    for (let round = 0; round < 2; round += 1) {
      const started = await Promise.allSettled([start(data), start(data), start(data)]);
      const won = started.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
      const lost = started.flatMap((each) => (each.status === 'rejected' ? [each.reason as ProcessEnded] : []));
      assert.equal(won.length, 1);
      for (const { code, output } of lost) {
        assert.equal(code, 1);
        assert.match(output, /another Fullhouse/);
      }
      const [winner] = won;
      assert.ok(winner !== undefined);
      assert.equal((await new Client(winner.url).get('/v1/movies')).status, 200);
      // A kill leaves lock and socket behind; neither keeps anybody out.
      assert.equal(await winner.end(round === 0 ? 'SIGKILL' : 'SIGTERM'), round === 0 ? null : 0);
      await postgresGone(data);
    }
  });
});
