import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Ask, planOf } from '../../../tests/support/plan.ts';
import { startTestPostgres, type TestPostgres } from '../../../tests/support/postgres.ts';
import { LocalLog } from '../../runtime/log/local-log.ts';
import { createMemoryRecords } from '../../runtime/log/memory-records.ts';
import { type Installation, openInstallation } from '../installation.ts';
import { endOfPage } from './booking-facts.ts';
import { lostKeys } from './kept.ts';
import { nextStreams } from './streams.ts';

/** How the auditor's questions find their rows on tables that have grown since the planner was told of them, as after a rush. */

/** Streams of ten events each, which were written side by side, and their keys. */
const streams = (begins: string, from: number, upTo: number) => `
  insert into events
    select 'booking-events', 0, b * 10 + v, 1, 'bkg_' || b, v, case v when 1 then '${begins}' else 'BookingHeld' end, 1,
      'bkg_' || b, 'shw_1', v, 'cause', 'correlation', null,
      json_build_object('acceptedAt', '2026-01-01T00:00:00.000Z', 'more', repeat('x', 400))
    from generate_series(1, 10) v, generate_series(${from}, ${upTo}) b;
  insert into idempotency_keys
    select 'usr_1 POST /v1/bookings', b, '', 202, null, 'bkg_' || b, 0 from generate_series(${from}, ${upTo}) b`;

let postgres: TestPostgres;
let installation: Installation;
/** On the connections that the auditor's questions take. */
const ask: Ask = (text) => installation.query('booking', text);
before(async () => {
  postgres = await startTestPostgres();
  const url = await postgres.database(`${streams('UserRegistered', 10_000, 10_999)}; analyze`);
  await postgres.sql(url, streams('BookingRequested', 11_000, 15_999));
  installation = openInstallation({ definitions: [], log: new LocalLog(createMemoryRecords([])), urlOf: () => url });
});
after(async () => {
  await installation.close();
  await postgres.stop();
});

const pages = [
  { what: 'bookings', text: endOfPage, parameters: ["'bkg_11'", "'bkg_~'", '9999'] },
  { what: 'streams', text: nextStreams, parameters: ["'bkg_11'", '50000', '1000'] },
];
for (const { what, text, parameters } of pages) {
  test(`the next page of ${what} comes from the index: what is left after it is not read to find it`, async () => {
    assert.doesNotMatch(await planOf(ask, text, parameters), /Sort|Bitmap|Hash|Seq Scan/);
  });
}

test('the keys are not read again for each booking that was asked for', async () => {
  assert.doesNotMatch(await planOf(ask, lostKeys), /Nested Loop|SubPlan/);
});
