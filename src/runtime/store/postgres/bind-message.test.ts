import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import pg from 'pg';
import { startTestPostgres, type TestPostgres } from '../../../../tests/support/postgres.ts';
import { BinaryParameter, bigints, ints, jsons, rowsOf, texts } from './arrays.ts';
import { bindMessage } from './bind-message.ts';
import { PipelinedConnection } from './connection.ts';

/** What the driver itself sends. */
function driversMessage(config: pg.BindConfig): Buffer {
  const sent: Buffer[] = [];
  const stream = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _, done) => {
      sent.push(chunk);
      done();
    },
  });
  new pg.Connection({ stream } as unknown as pg.ConnectionConfig).bind(config, false);
  return Buffer.concat(sent);
}

const anyText = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constantFrom('', 'é', '🎟', '\ud83c', '\udf9f'));
const orNull = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: null });
/** Made anew whenever it is asked for: a parameter is sent once. */
const anyValue: fc.Arbitrary<() => string | Buffer | BinaryParameter | null> = fc.oneof(
  orNull(anyText).map((value) => () => value),
  fc.uint8Array().map((bytes) => () => Buffer.from(bytes)),
  fc.array(orNull(anyText)).map((values) => () => texts(values)),
  fc.array(orNull(fc.integer())).map((values) => () => ints(values)),
  fc.array(orNull(fc.maxSafeInteger())).map((values) => () => bigints(values)),
);

describe('the message that gives a statement its parameters', () => {
  test('is the one that the driver makes, whatever they are', () => {
    const anyName = fc.string({ unit: 'grapheme' }).map((name) => name.replaceAll('\0', ''));
    fc.assert(
      fc.property(anyName, fc.array(anyValue), (statement, made) => {
        const own = bindMessage({ statement, values: made.map((make) => make()) as string[] }, Buffer.alloc);
        const plain = made
          .map((make) => make())
          .map((each) => (each instanceof BinaryParameter ? each.toPostgres() : each));
        assert.deepEqual(own, driversMessage({ statement, values: plain }));
      }),
    );
  });

  test('maps what is no parameter yet as the driver does', () => {
    const config = { values: [1, [2]] as unknown as string[], valueMapper: (value: unknown) => JSON.stringify(value) };
    assert.deepEqual(bindMessage(config, Buffer.alloc), driversMessage(config));
  });

  test('has a parameter sent once: it keeps nothing of what it was made of', () => {
    const sent = texts(['a']);
    sent.toPostgres();
    assert.throws(() => sent.toPostgres(), /make the statement anew/);
  });

  for (const [what, make] of [
    ['a fraction', () => ints([1.5])],
    ['more than 32 bits', () => ints([2 ** 31])],
    ['more than a number can count', () => bigints([2 ** 53])],
    ['nothing that is a number', () => bigints([Number.NaN])],
  ] as const) {
    test(`takes no ${what} for an integer`, () => assert.throws(make, RangeError));
  }
});

describe('over PostgreSQL', () => {
  let postgres: TestPostgres;
  let connection: PipelinedConnection;
  before(async () => {
    postgres = await startTestPostgres();
    connection = new PipelinedConnection({ url: await postgres.emptyDatabase(), applicationName: 'bind-test' });
  });
  after(async () => {
    await connection.close();
    await postgres.stop();
  });
  const types = ['text', 'int', 'bigint', 'json'] as const;
  const sent = (columns: readonly BinaryParameter[]) =>
    connection.query([
      { name: 'rows', text: `select * from (${rowsOf(...types)}) as r (a, b, c, d)`, values: [...columns] },
    ]);

  test('rows of arrays arrive as they were, nulls and all', async () => {
    const [result] = await sent([
      texts(['plain', 'é 🎟', null]),
      ints([-(2 ** 31), null, 2 ** 31 - 1]),
      bigints([null, -(2 ** 53) + 1, 2 ** 53 - 1]),
      jsons(['{"a":"é"}', null, '[1]']),
    ]);
    assert.deepEqual(
      result?.rows.map((row) => Object.values(row)),
      [
        ['plain', -(2 ** 31), null, { a: 'é' }],
        ['é 🎟', null, -(2 ** 53) + 1, null],
        [null, 2 ** 31 - 1, 2 ** 53 - 1, [1]],
      ],
    );
  });

  test('a parameter that cannot be written takes all of its transaction with it', async () => {
    await connection.query([{ text: 'create table kept (a text)' }]);
    const sentBefore = texts(['two']);
    sentBefore.toPostgres();
    const transaction = connection.transaction([
      { text: 'insert into kept values ($1)', values: ['one'] },
      { text: 'insert into kept select unnest($1::text[])', values: [sentBefore] },
      { text: 'insert into kept values ($1)', values: ['three'] },
    ]);
    await assert.rejects(transaction);
    const [kept] = await connection.query([{ text: 'select a from kept' }]);
    assert.deepEqual(kept?.rows, []);
  });

  test('messages that are sent while others are still on their way do not write over them', async () => {
    // Each is more than a socket takes at once.
    const all = Array.from({ length: 40 }, (_, n) => String(n).repeat(100_000 + n));
    const isTheSame = await Promise.all(
      all.map(async (value) => {
        const text = 'select $1::text[] as found';
        const [result] = await connection.query([{ name: 'echo', text, values: [texts([value])] }]);
        const [row] = result?.rows ?? [];
        return row?.found[0] === value;
      }),
    );
    assert.deepEqual(
      isTheSame,
      all.map(() => true),
    );
  });
});
