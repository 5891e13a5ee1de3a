import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import pg from 'pg';
import { startTestPostgres, type TestPostgres } from '../../../tests/support/postgres.ts';
import { Toy, type ToyOptions, toyService, toyTables } from '../../../tests/support/toy-service.ts';
import { newId } from '../../contracts/ids.ts';
import { PostgresStore } from '../store/postgres/postgres-store.ts';

let postgres: TestPostgres;
before(async () => {
  postgres = await startTestPostgres();
});
after(() => postgres.stop());

const open: { toy: Toy; store: PostgresStore }[] = [];
afterEach(async () => {
  for (const { toy, store } of open.splice(0)) {
    await toy.loop.stop();
    await store.close();
  }
});

const views = toyService({ broken: new Set(), provider: async () => '' }).views ?? [];
const start = async (url: string, more: ToyOptions = {}) => {
  const store = new PostgresStore({ url, applicationName: 'toy-loop', views });
  const toy = await Toy.start({ store, ...more });
  open.push({ toy, store });
  return toy;
};
const noted = (text: string) => ({ do: 'note', text }) as const;

describe('the loop over PostgreSQL', () => {
  test('sends as many statements for a batch of 500 inputs as for one', async () => {
    const toy = await start(await postgres.database(toyTables));
    const counted: number[] = [];
    const { query } = pg.Client.prototype;
    let statements = 0;
    // Every statement the driver sends goes through here.
    pg.Client.prototype.query = function (this: pg.Client, ...parameters: unknown[]) {
      statements += 1;
      return Reflect.apply(query, this, parameters) as never;
    } as typeof query;
    try {
      for (const size of [1, 500]) {
        await toy.loop.caughtUp();
        const commits = toy.store.commits.length;
        statements = 0;
        await toy.log.append(Array.from({ length: size }, () => toy.producer.record(newId('booking'), noted('n'))));
        await toy.loop.caughtUp();
        assert.equal(toy.store.commits.length, commits + 1, `${size} inputs are one batch`);
        counted.push(statements);
      }
    } finally {
      pg.Client.prototype.query = query;
    }
    assert.ok((counted[0] ?? 0) > 0);
    assert.equal(counted[0], counted[1]);
  });

  test('parks alone what a wall of the database refuses, and commits the rest once', async () => {
    const url = await postgres.database(toyTables);
    const toy = await start(url);
    const ids = Array.from({ length: 60 }, () => newId('booking'));
    const texts = ids.map((_, index) => (index === 17 || index === 41 ? 'seat A1' : `seat ${index}`));
    await toy.log.append(ids.map((id, index) => toy.producer.record(id, noted(texts[index] ?? ''))));
    await toy.loop.caughtUp();
    assert.deepEqual(
      toy.loop.parked.map((row) => [row.subject, row.reason]),
      [[ids[41], 'constraint_violated']],
    );
    assert.match(toy.loop.parked[0]?.detail ?? '', /walls_pkey/);
    assert.deepEqual(
      await toy.publishedTexts(),
      texts.filter((_, index) => index !== 41),
    );
    const [sold] = await postgres.sql<{ n: number }>(url, 'select count(*)::int as n from walls');
    assert.equal(sold?.n, 59);
  });

  test('parks what the database cannot keep, and goes on', async () => {
    const toy = await start(await postgres.database(toyTables));
    const odd = toy.producer.record(newId('booking'), noted('x'), { foreign: true });
    const headers = { ...odd.headers, ce_subject: 'a\0b', ce_correlationid: 'c\0d' };
    await toy.log.append([
      { ...odd, headers },
      { ...odd, headers: { ...headers, ce_id: 'other' }, value: '\0' },
    ]);
    await toy.send(newId('booking'), noted('other'));
    await toy.loop.caughtUp();
    assert.deepEqual(await toy.publishedTexts(), ['other']);
    assert.deepEqual(
      toy.loop.parked.map((row) => row.subject),
      ['', ''],
    );
    assert.equal(toy.loop.trouble, undefined);
  });

  test('gives parked inputs, deadlines, effects and states to the next owner', async () => {
    const url = await postgres.database(toyTables);
    const first = await start(url);
    const [a, b, c] = [newId('booking'), newId('booking'), newId('booking')];
    first.faults.broken.add('bad');
    first.faults.provider = () => new Promise(() => {});
    await first.send(a, noted('good'));
    await first.send(a, noted('bad'));
    await first.send(a, noted('behind'));
    await first.send(b, { do: 'remind', afterMs: 1 });
    await first.send(c, { do: 'ask', text: 'x' });
    await first.loop.caughtUp();
    await first.loop.stop();
    first.faults.broken.clear();
    first.faults.provider = async (key) => `yes under ${key}`;
    const { log, faults, producer } = first;
    const second = await start(url, { log, faults, producer });
    assert.deepEqual(
      second.loop.parked.map((row) => row.reason),
      ['decider_threw', 'behind'],
    );
    second.loop.redrive(0, a);
    await second.until(
      async () => (await second.note(b)).firedAt.length === 1 && (await second.note(c)).answers.length === 1,
    );
    await second.loop.caughtUp();
    assert.deepEqual((await second.note(a)).texts, ['good', 'bad', 'behind']);
    assert.deepEqual(await second.document(a), ['good', 'bad', 'behind']);
    assert.deepEqual((await second.note(c)).answers, [`yes under ${c}/1`]);
  });

  test('recovers when the server ends its connections under load, with every effect once', async () => {
    const url = await postgres.database(toyTables);
    const toy = await start(url);
    const ids = Array.from({ length: 2_000 }, () => newId('booking'));
    for (let at = 0; at < ids.length; at += 100) {
      await toy.log.append(ids.slice(at, at + 100).map((id) => toy.producer.record(id, noted('n'))));
      if (at % 500 === 0) {
        await postgres.sql(
          url,
          "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'toy-loop' and datname = current_database()",
        );
      }
    }
    await toy.loop.caughtUp();
    const sequences = [...new Set((await toy.published()).map((record) => Number(record.headers['ce_sequence'])))];
    assert.deepEqual(
      sequences,
      ids.map((_, index) => index + 1),
    );
    const [events] = await postgres.sql<{ n: number }>(url, 'select count(*)::int as n from events');
    const [documents] = await postgres.sql<{ n: number }>(url, 'select count(*)::int as n from notes where size = 1');
    assert.deepEqual([events?.n, documents?.n], [2_000, 2_000]);
  });

  test('says loudly that a table is missing, and goes on once it is there', async () => {
    const url = await postgres.database(toyTables);
    const toy = await start(url);
    await postgres.sql(url, 'drop table notes');
    await toy.send(newId('booking'), noted('n'));
    await toy.until(() => toy.lines.some((line) => line.level === 60));
    assert.match(toy.loop.trouble ?? '', /"notes" does not exist/);
    await postgres.sql(
      url,
      'create table notes (id text primary key, partition int not null, body json not null, size int not null)',
    );
    await toy.loop.caughtUp();
    assert.deepEqual(await toy.publishedTexts(), ['n']);
  });
});
