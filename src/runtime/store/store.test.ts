import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startTestPostgres, type TestPostgres } from '../../../tests/support/postgres.ts';
import { MemoryStore } from './memory-store.ts';
import { PipelinedConnection } from './postgres/connection.ts';
import { PostgresStore } from './postgres/postgres-store.ts';
import { commitOf, notes, notesTable, storeContract } from './store.contract.ts';
import { ConstraintViolated, type RequestRow, StatementRefused, StoreUnavailable } from './store.ts';

storeContract('memory', async () => {
  const store = new MemoryStore();
  return { store, accept: (rows) => store.accept(rows), another: () => store };
});

describe('over PostgreSQL', () => {
  let postgres: TestPostgres;
  const opened: PostgresStore[] = [];
  before(async () => {
    postgres = await startTestPostgres();
  });
  after(async () => {
    await Promise.all(opened.map((store) => store.close()));
    await postgres.stop();
  });

  const storeAt = (url: string) => {
    const store = new PostgresStore({ url, applicationName: 'store-test', views: [notes] });
    opened.push(store);
    return store;
  };
  const acceptAt = (url: string) => async (rows: readonly RequestRow[]) => {
    for (const row of rows) {
      await postgres.sql(url, 'insert into requests values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)', [
        row.requestId,
        row.partition,
        row.intent,
        row.type,
        row.key,
        row.subject,
        row.stream,
        row.streamVersion,
        row.traceparent,
        row.acceptedAt,
        JSON.stringify(row.data),
      ]);
    }
  };

  storeContract('PostgreSQL', async () => {
    const url = await postgres.database(notesTable);
    return { store: storeAt(url), accept: acceptAt(url), another: () => storeAt(url) };
  });

  describe('errors', () => {
    const ownedBy = async (store: PostgresStore) => (await store.takeOver([0])).tasks;
    let statements = 0;
    const statement = (text: string) => {
      statements += 1;
      return { name: `wall-${statements}`, text, values: [] };
    };

    test('a wall that a statement breaks is a violated constraint, whatever it is made of', async () => {
      const store = storeAt(
        await postgres.database(`${notesTable}; create table walls (seat text primary key, n smallint check (n > 0))`),
      );
      const tasks = await ownedBy(store);
      const walls = [
        "insert into walls values ('A1', 1), ('A1', 1)",
        "insert into walls values ('A1', 0)",
        "insert into walls values ('A1', 99999)",
        `insert into walls values ((select string_agg(md5(i::text), '') from generate_series(1, 2000) i), 1)`,
        "do $$ begin raise exception 'this wall is ours'; end $$",
      ];
      for (const text of walls) {
        await assert.rejects(
          store.commit(commitOf({ tasks, statements: [statement(text)] })),
          ConstraintViolated,
          text,
        );
      }
      await store.commit(commitOf({ tasks, statements: [statement("insert into walls values ('A1', 1)")] }));
    });

    test('a statement that is wrong in itself is refused by name, not taken for a database that is away', async () => {
      const store = storeAt(await postgres.database(notesTable));
      const tasks = await ownedBy(store);
      for (const text of ['insert into nowhere values (1)', 'selekt 1', 'select missing from tasks']) {
        await assert.rejects(store.commit(commitOf({ tasks, statements: [statement(text)] })), StatementRefused, text);
      }
    });

    test('a document that cannot be written as JSON is nobody’s database', async () => {
      const store = storeAt(await postgres.database(notesTable));
      const tasks = await ownedBy(store);
      const circle: Record<string, unknown> = { size: 1 };
      circle['self'] = circle;
      const documents = new Map([['notes', [{ id: 'n', partition: 0, doc: circle }]]]);
      await assert.rejects(store.commit(commitOf({ tasks, documents })), TypeError);
    });

    test('a server that ends the connection is unavailable once, and the next use connects anew', async () => {
      const url = await postgres.database(notesTable);
      const store = storeAt(url);
      await ownedBy(store);
      await postgres.sql(
        url,
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'store-test' and datname = current_database()",
      );
      await store.takeOver([0]).catch((error: unknown) => assert.ok(error instanceof StoreUnavailable));
      assert.equal((await store.takeOver([0])).tasks.length, 1);
    });

    test('a connection to a server that takes no writes, as one that was the primary, is given up for another one', async () => {
      const [url, elsewhere] = [await postgres.database(notesTable), await postgres.emptyDatabase()];
      const store = storeAt(url);
      const { pathname } = new URL(url.replace('@/', '@socket/'));
      const database = `alter database ${pathname.slice(1)}`;
      await postgres.sql(elsewhere, `${database} set default_transaction_read_only = on`);
      await assert.rejects(store.takeOver([0]), StoreUnavailable);
      await postgres.sql(elsewhere, `${database} reset default_transaction_read_only`);
      await store.takeOver([0]).catch((error: unknown) => assert.ok(error instanceof StoreUnavailable));
      assert.equal((await store.takeOver([0])).tasks.length, 1);
    });

    test('a connection that ends in the middle of a transaction leaves nothing behind', async () => {
      const url = await postgres.database(notesTable);
      const store = storeAt(url);
      const tasks = await ownedBy(store);
      const dying = statement('select pg_terminate_backend(pg_backend_pid())');
      const changed = tasks.map((task) => ({ ...task, sequences: { x: 1 } }));
      await assert.rejects(store.commit(commitOf({ tasks: changed, statements: [dying] })), StoreUnavailable);
      assert.deepEqual((await store.takeOver([0])).tasks[0]?.sequences, {});
    });

    test('a server that is not there is unavailable', async () => {
      const store = storeAt('postgres://nobody@/nothing?host=/nonexistent');
      await assert.rejects(store.takeOver([0]), StoreUnavailable);
    });

    test('what was not prepared in a refused transaction is prepared in the next', async () => {
      const connection = new PipelinedConnection({ url: await postgres.database(), applicationName: 'store-test' });
      const named = { name: 'one', text: 'select $1::int as one', values: [1] };
      await assert.rejects(connection.transaction([{ text: 'select 1 / 0' }, named]), ConstraintViolated);
      const [, found] = await connection.transaction([named]);
      assert.deepEqual(found?.rows, [{ one: 1 }]);
      await connection.close();
    });
  });
});
