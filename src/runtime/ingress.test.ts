import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import type pg from 'pg';
import { startTestPostgres, type TestPostgres } from '../../tests/support/postgres.ts';
import { Problem, type ProblemCode } from './http/problem.ts';
import { Ingress, type IngressOptions } from './ingress.ts';
import { partitionOf } from './log/partitioner.ts';
import type { Idempotency, Submission } from './service-runtime.ts';
import { createPool } from './store/postgres/connection.ts';
import { notes, notesTable } from './store/store.contract.ts';
import { ConstraintViolated, type RequestRow, StatementRefused, StoreUnavailable } from './store/store.ts';

const partitions = 4;
const key = (name: string, bodyHash = 'hash'): Idempotency => ({ scope: 'usr_1 POST /v1/notes', key: name, bodyHash });
const submission = (resource: string, more: Partial<Submission> = {}): Submission => ({
  idempotency: key(resource),
  answer: { status: 202, location: `/v1/notes/${resource}`, resource },
  requests: [{ type: 'WriteNote', key: 'show', subject: resource, data: { text: resource } }],
  documents: [{ view: 'notes', id: resource, key: 'show', doc: { text: resource, size: 1 } }],
  ...more,
});
const problem = (code: ProblemCode) => (error: Error) => error instanceof Problem && error.code === code;

describe('how a request enters', () => {
  let postgres: TestPostgres;
  let url: string;
  let pool: pg.Pool;
  let ingress: Ingress;
  let stored: RequestRow[][];
  let unknown: Error[];
  let isFull: boolean;
  before(async () => {
    postgres = await startTestPostgres();
    url = await postgres.database(notesTable);
    pool = createPool({ url, applicationName: 'ingress-pool', connectionsMax: 4 });
  });
  after(async () => {
    await pool.end();
    await postgres.stop();
  });
  const openIngress = (more: Partial<IngressOptions> = {}) =>
    new Ingress({
      connection: { url, applicationName: 'ingress' },
      pool,
      views: [notes],
      partitions,
      now: () => 1_000,
      onStored: (rows) => void stored.push([...rows]),
      onUnknown: (error) => void unknown.push(error),
      isFull: () => isFull,
      ...more,
    });
  beforeEach(async () => {
    await ingress?.close();
    await postgres.sql(url, 'truncate notes; truncate requests; truncate idempotency_keys');
    [stored, unknown, isFull] = [[], [], false];
    ingress = openIngress();
  });
  after(() => ingress.close());
  const count = async (table: string) =>
    (await postgres.sql<{ n: number }>(url, `select count(*)::int as n from ${table}`))[0]?.n;

  describe('a submission', () => {
    test('stores its key, its rows and its first documents together, and tells of the rows once they are stored', async () => {
      const answer = await ingress.submit(submission('n1'));
      assert.deepEqual(answer, { repeated: false, reused: false, answer: submission('n1').answer });
      const [[row] = []] = stored;
      assert.deepEqual(
        row && {
          partition: row.partition,
          intent: row.intent,
          type: row.type,
          subject: row.subject,
          acceptedAt: row.acceptedAt,
          data: row.data,
        },
        {
          partition: partitionOf('show', partitions),
          intent: 'decide',
          type: 'WriteNote',
          subject: 'n1',
          acceptedAt: 1_000,
          data: { text: 'n1' },
        },
      );
      assert.deepEqual([await count('notes'), await count('requests'), await count('idempotency_keys')], [1, 1, 1]);
    });

    test('repeated gets the first answer and stores nothing', async () => {
      await ingress.submit(submission('n1'));
      const again = await ingress.submit(submission('n1', { answer: { status: 202, resource: 'another' } }));
      assert.deepEqual([again.repeated, again.answer], [true, submission('n1').answer]);
      assert.deepEqual([stored.length, await count('requests')], [1, 1]);
    });

    test('with a key that came with another body is refused', async () => {
      await ingress.submit(submission('n1'));
      await assert.rejects(
        ingress.submit(submission('n1', { idempotency: key('n1', 'other') })),
        problem('idempotency_key_reused'),
      );
      await assert.rejects(ingress.answered(key('n1', 'other')), problem('idempotency_key_reused'));
      assert.deepEqual(await ingress.answered(key('n1')), submission('n1').answer);
      assert.equal(await ingress.answered(key('never')), undefined);
    });

    /** A first submission with a key that cannot be stored before `let` is called. */
    async function heldUp(more: Partial<Submission> = {}) {
      const holder = await pool.connect();
      await holder.query('begin; lock table notes in exclusive mode');
      const first = ingress.submit(submission('n1', more));
      const letIt = async () => {
        await holder.query('commit');
        holder.release();
        await first;
      };
      return { first, letIt };
    }

    test('of a key that is being stored for the first time is told to come back', async () => {
      const { letIt } = await heldUp();
      await assert.rejects(ingress.submit(submission('n1')), problem('request_in_progress'));
      await letIt();
      assert.equal((await ingress.submit(submission('n1'))).repeated, true);
    });

    test('that joins waits for the first one instead', async () => {
      const { first, letIt } = await heldUp({ joins: true });
      const others = Array.from({ length: 5 }, () => ingress.submit(submission('n1', { joins: true })));
      await letIt();
      assert.equal((await first).repeated, false);
      assert.ok((await Promise.all(others)).every(({ repeated }) => repeated));
      assert.equal(await count('requests'), 1);
    });

    test('of a key that was answered before is answered, however many come at once', async () => {
      await ingress.submit(submission('n1'));
      const again = await Promise.all(Array.from({ length: 20 }, () => ingress.submit(submission('n1'))));
      assert.ok(again.every(({ repeated, answer }) => repeated && answer.resource === 'n1'));
    });

    test('shares one transaction with others that come at the same time', async () => {
      const names = Array.from({ length: 50 }, (_, index) => `n${index}`);
      await Promise.all(names.map((name) => ingress.submit(submission(name))));
      assert.deepEqual([stored.length, stored[0]?.length, await count('notes')], [1, 50, 50]);
    });

    test('without a key is stored each time', async () => {
      const { idempotency: _, ...rest } = submission('n1');
      for (let times = 0; times < 2; times += 1) await ingress.submit({ ...rest, idempotency: undefined });
      assert.deepEqual([await count('requests'), await count('idempotency_keys')], [2, 0]);
    });

    test('that another instance has just stored gets its answer; others of its batch are stored', async () => {
      const other = openIngress();
      const [mine, theirs] = await Promise.all([
        ingress.submit(submission('n1')),
        other.submit(submission('n1')),
        ingress.submit(submission('n2')),
        other.submit(submission('n3')),
      ]);
      assert.deepEqual([mine.repeated, theirs.repeated].sort(), [false, true]);
      assert.deepEqual([mine.answer, theirs.answer], [submission('n1').answer, submission('n1').answer]);
      assert.deepEqual([await count('requests'), await count('notes')], [3, 3]);
      await other.close();
    });

    test('that the database cannot keep is told so, and spoils no other', async () => {
      const bad = submission('bad', {
        documents: [{ view: 'notes', id: 'bad\0', key: 'show', doc: { text: '', size: 1 } }],
      });
      const [refused, fine] = await Promise.allSettled([ingress.submit(bad), ingress.submit(submission('fine'))]);
      assert.equal(fine.status, 'fulfilled');
      assert.ok(refused.status === 'rejected' && refused.reason instanceof ConstraintViolated);
    });

    test('is refused while too much is waiting', async () => {
      isFull = true;
      await assert.rejects(ingress.submit(submission('n1')), problem('overloaded'));
      assert.equal(await count('requests'), 0);
    });

    test('whose outcome is unknown says so: its rows may be stored, and nobody was told', async () => {
      await ingress.submit(submission('n1'));
      const dying = submission('n2');
      await postgres.sql(
        url,
        `create or replace function die() returns trigger language plpgsql as $$ begin perform pg_terminate_backend(pg_backend_pid()); return new; end $$;
         create trigger die before insert on requests for each row when (new.subject = 'n2') execute function die()`,
      );
      await assert.rejects(ingress.submit(dying), StoreUnavailable);
      assert.equal(unknown.length, 1);
      await postgres.sql(url, 'drop trigger die on requests');
      assert.equal((await ingress.submit(dying)).repeated, false);
    });
  });

  describe('a transaction of a request-owned stream', () => {
    const fact = (resource: string) => ({
      type: 'UserProfileChanged',
      stream: resource,
      streamVersion: 1,
      key: 'usr_1',
      subject: resource,
      data: { name: 'Ada' },
    });
    const insert = "insert into notes values ('t1', 0, '{}', 1)";

    test('publishes its facts with its commit: global ones by task 0, others by their key', async () => {
      await ingress.transaction(async (transaction) => {
        await transaction.query(insert);
        await transaction.publish([fact('u1'), { ...fact('s1'), type: 'SeatsBlocked', key: 'show' }]);
        await transaction.request({ type: 'WriteNote', key: 'show', subject: 'r1', data: {} });
      });
      assert.deepEqual(
        stored.flat().map(({ intent, subject, partition }) => [intent, subject, partition]),
        [
          ['publish', 'u1', 0],
          ['publish', 's1', partitionOf('show', partitions)],
          ['decide', 'r1', partitionOf('show', partitions)],
        ],
      );
      assert.deepEqual([await count('notes'), await count('requests')], [1, 3]);
    });

    test('that is rolled back publishes nothing; the error of the work comes through as it is', async () => {
      const refusal = new Problem('email_taken', 'taken');
      const work = ingress.transaction(async (transaction) => {
        await transaction.query(insert);
        await transaction.publish(fact('u1'));
        throw refusal;
      });
      await assert.rejects(work, (error) => error === refusal);
      assert.deepEqual([stored, await count('notes'), await count('requests')], [[], 0, 0]);
      assert.equal(pool.idleCount, pool.totalCount, 'the connection came back');
    });

    test('tells a broken wall from a wrong statement and from a database that is away', async () => {
      const running = (text: string) => ingress.transaction((transaction) => transaction.query(text));
      await ingress.transaction((transaction) => transaction.query(insert));
      await assert.rejects(running(insert), ConstraintViolated);
      await assert.rejects(running('select nothing from nowhere'), StatementRefused);
      await assert.rejects(running('select pg_terminate_backend(pg_backend_pid())'), StoreUnavailable);
      assert.deepEqual(await ingress.transaction((transaction) => transaction.query('select 1 as one')), [{ one: 1 }]);
    });

    test('where there is no database is unavailable', async () => {
      const nowhere = createPool({
        url: 'postgres://nobody@/nothing?host=/nonexistent',
        applicationName: 'nowhere',
        connectionsMax: 1,
      });
      const away = openIngress({
        pool: nowhere,
        connection: { url: 'postgres://nobody@/nothing?host=/nonexistent', applicationName: 'nowhere' },
      });
      await assert.rejects(
        away.transaction(async () => undefined),
        StoreUnavailable,
      );
      await assert.rejects(away.answered(key('k')), StoreUnavailable);
      await assert.rejects(away.submit(submission('n1')), StoreUnavailable);
      await away.close();
      await nowhere.end();
    });

    test('under a key is done once, and answers the same again', async () => {
      let done = 0;
      const work = () =>
        ingress.transactionOnce(key('once'), async (transaction) => {
          done += 1;
          await transaction.publish(fact('u1'));
          return { status: 201, resource: `u${done}` };
        });
      assert.deepEqual(await work(), { repeated: false, answer: { status: 201, resource: 'u1' } });
      assert.deepEqual(await work(), { repeated: true, answer: { status: 201, resource: 'u1' } });
      assert.deepEqual([done, await count('requests')], [1, 1]);
      await assert.rejects(
        ingress.transactionOnce(key('once', 'other'), async () => ({ status: 201, resource: 'x' })),
        problem('idempotency_key_reused'),
      );
    });

    test('under a key gets the answer that another instance has just given, also where it could not be done twice', async () => {
      const other = openIngress();
      const [gate, inserted] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const done = { status: 200, resource: 't1' };
      const first = ingress.transactionOnce(key('once'), async (transaction) => {
        await transaction.query(insert);
        inserted.resolve();
        await gate.promise;
        return done;
      });
      await inserted.promise;
      const second = other.transactionOnce(key('once'), async (transaction) => {
        gate.resolve();
        // Waits for the first one, and is refused then.
        await transaction.query(insert).catch(() => {
          throw new Problem('already_admitted', 'This was done.');
        });
        return done;
      });
      assert.deepEqual(
        (await Promise.all([first, second])).map(({ repeated }) => repeated),
        [false, true],
      );
      await other.close();
    });

    test('under a key that another instance uses at the same moment is done once in all', async () => {
      const other = openIngress();
      const gate = Promise.withResolvers<void>();
      let begun = 0;
      const work = (at: Ingress) =>
        at.transactionOnce(key('race'), async (transaction) => {
          begun += 1;
          if (begun === 2) gate.resolve();
          await gate.promise;
          await transaction.publish(fact('u1'));
          return { status: 201, resource: 'u1' };
        });
      const answers = await Promise.all([work(ingress), work(other)]);
      assert.deepEqual(answers.map((each) => each.repeated).sort(), [false, true]);
      assert.deepEqual(
        answers.map((each) => each.answer.resource),
        ['u1', 'u1'],
      );
      assert.equal(await count('requests'), 1);
      await other.close();
    });

    test('under a key that is in use at the moment is told to come back, or waits where it joins', async () => {
      const gate = Promise.withResolvers<void>();
      const done = { status: 201, resource: 'u1' };
      const first = ingress.transactionOnce(key('joined'), async () => {
        await gate.promise;
        return done;
      });
      const again = async () => ({ status: 201, resource: 'u2' });
      await assert.rejects(ingress.transactionOnce(key('joined'), again), problem('request_in_progress'));
      const joined = ingress.transactionOnce(key('joined'), again, { joins: true });
      gate.resolve();
      assert.deepEqual(await first, { repeated: false, answer: done });
      assert.deepEqual(await joined, { repeated: true, answer: done });
    });

    test('that failed leaves its key free', async () => {
      const failing = ingress.transactionOnce(key('again'), async () => {
        throw new Problem('conflict', 'not now');
      });
      await assert.rejects(failing, problem('conflict'));
      assert.equal(
        (await ingress.transactionOnce(key('again'), async () => ({ status: 201, resource: 'x' }))).repeated,
        false,
      );
    });
  });
});
