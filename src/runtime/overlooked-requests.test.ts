import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestPostgres } from '../../tests/support/postgres.ts';
import { newId } from '../contracts/ids.ts';
import { insertRequests } from './ingress-statements.ts';
import { OverlookedRequests, waitedMs } from './overlooked-requests.ts';
import { PipelinedConnection } from './store/postgres/connection.ts';
import { PostgresStore } from './store/postgres/postgres-store.ts';
import type { RequestRow } from './store/store.ts';

const rowOf = (name: string, acceptedAt: number, partition = 0): RequestRow => ({
  ...{ requestId: newId('request'), partition, intent: 'decide', type: 'WriteNote', key: 'show', subject: name },
  ...{ stream: undefined, streamVersion: undefined, traceparent: undefined, acceptedAt, data: {} },
});

test('rows that have waited for long are brought to their owner, however often it was told nothing', async (context) => {
  const postgres = await startTestPostgres();
  const url = await postgres.database();
  const connection = new PipelinedConnection({ url, applicationName: 'stored-late' });
  const store = new PostgresStore({ url, applicationName: 'owner', views: [] });
  context.after(async () => {
    await connection.close();
    await store.close();
    await postgres.stop();
  });
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const now = 1_000_000;
  const looks: string[][] = [];
  let looked = Promise.withResolvers<void>();
  let reads = 0;
  const owned: number[] = [];
  const overlooked = new OverlookedRequests({
    partitions: () => owned,
    now: () => now,
    read: async (partitions, which) => {
      reads += 1;
      const rows = await store.loadOldRequests(partitions, which);
      setImmediate(looked.resolve);
      return rows;
    },
    onRows: (rows) => void looks.push(rows.map(({ subject }) => subject)),
  });
  const look = async () => {
    looked = Promise.withResolvers();
    context.mock.timers.tick(10_000);
    await looked.promise;
  };
  const old = now - waitedMs - 1;
  await connection.write([
    insertRequests([rowOf('late', old), rowOf('earlier', old - 1), rowOf('new', now), rowOf('not mine', old, 1)]),
  ]);
  overlooked.start();
  context.mock.timers.tick(10_000);
  await new Promise(setImmediate);
  assert.equal(reads, 0);
  owned.push(0);
  await look();
  await look();
  assert.deepEqual(looks, [
    ['earlier', 'late'],
    ['earlier', 'late'],
  ]);
  await overlooked.stop();
  context.mock.timers.tick(60_000);
  assert.equal(reads, 2);
  context.mock.timers.reset();
});
