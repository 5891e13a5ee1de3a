import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { planOf } from '../../../../tests/support/plan.ts';
import { startTestPostgres, type TestPostgres } from '../../../../tests/support/postgres.ts';
import { commitOf, notes, notesTable } from '../store.contract.ts';
import { commitStatements } from './commit-statements.ts';
import { PipelinedConnection } from './connection.ts';

/** How rows are found in tables that were empty when the planner looked last, as all that comes and goes is. */

let postgres: TestPostgres;
let connection: PipelinedConnection;
before(async () => {
  postgres = await startTestPostgres();
  connection = new PipelinedConnection({ url: await postgres.database(notesTable), applicationName: 'ways-test' });
  // Whatever else the connection asks for: a plan for parameters that are not known yet.
  await ask('set plan_cache_mode = force_generic_plan');
});
after(async () => {
  await connection.close();
  await postgres.stop();
});
const ask = async (text: string) => (await connection.query([{ text }]))[0]?.rows ?? [];

const event = { stream: 's', streamVersion: 1, part: 's', partition: 0, kind: 'k', key: 'k' };
const full = commitOf({
  tasks: [{ partition: 0, epoch: 1, timeline: 1, positions: {}, heads: {}, sequences: {}, published: {} }],
  snapshots: [{ stream: 's', partition: 0, version: 1, root: {} }],
  deadlines: [
    { ...event, dueAt: undefined },
    { ...event, part: 't', dueAt: 1 },
  ],
  effectsClosed: [event],
  requestsTaken: ['r'],
  unparked: ['p'],
  references: [{ topic: 't', key: 'k', timeline: 1, streamVersion: 1, data: {} }],
  documents: new Map([
    [
      'notes',
      [
        { id: 'a', partition: 0, doc: undefined },
        { id: 'b', partition: 0, doc: { text: '', size: 1 } },
      ],
    ],
  ]),
});

describe('a loop', () => {
  const { together, inOrder } = commitStatements(full, new Map([[notes.name, notes]]));
  for (const { name, text, values = [] } of [...together, ...inOrder]) {
    test(`reads no table through for ${name}`, async () => {
      const unknown = values.map(() => 'null');
      assert.doesNotMatch(await planOf(ask, text, unknown), /Seq Scan|Hash|Merge/);
    });
  }
});
