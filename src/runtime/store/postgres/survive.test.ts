import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestPostgres } from '../../../../tests/support/postgres.ts';
import { createPool } from './connection.ts';

test('a connection of a pool that breaks while it is used ends its query, and nothing else', async (context) => {
  const postgres = await startTestPostgres();
  context.after(() => postgres.stop());
  const pool = createPool({ url: await postgres.emptyDatabase(), applicationName: 'breaks', connectionsMax: 1 });
  const client = await pool.connect();
  // Without a listener, this would end the process.
  assert.ok(client.emit('error', new Error('read ECONNRESET')));
  client.release(true);
  assert.equal((await pool.query('select 1')).rowCount, 1);
  await pool.end();
});
