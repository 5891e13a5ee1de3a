import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import { migrateService } from '../src/composition/services.ts';
import { defaultSettings } from '../src/contracts/settings.ts';
import { topics } from '../src/contracts/topics.ts';
import { Housekeeping, type Retention, rowsMax } from '../src/runtime/housekeeping/housekeeping.ts';
import { dayMs, loopRetentions } from '../src/runtime/housekeeping/retentions.ts';
import { createLogger } from '../src/runtime/logger.ts';
import { retentions as ofNotification } from '../src/services/notification/projection.ts';
import { retentions as ofPayment } from '../src/services/payment/projection.ts';
import { retentions as ofUser } from '../src/services/user/projection.ts';
import { startTestPostgres, type TestPostgres } from './support/postgres.ts';

const services = { user: ofUser, notification: ofNotification, payment: ofPayment } as const;
type Name = keyof typeof services;

test('the topic that names people is kept for thirty days at the most', () => {
  assert.ok(topics['ticket-details'].retentionDays <= 30);
});

describe('housekeeping', () => {
  let postgres: TestPostgres;
  const urls = {} as Record<Name, string>;
  before(async () => {
    postgres = await startTestPostgres();
    for (const name of Object.keys(services) as Name[]) {
      urls[name] = await postgres.emptyDatabase();
      await migrateService(name, urls[name]);
    }
  });
  after(() => postgres.stop());

  const sql = (name: Name, text: string) => postgres.sql<{ found: string }>(urls[name], text);
  const rowsOf = async (name: Name, text: string) => (await sql(name, text)).map(({ found }) => found);

  /** A round over the tables of a service: what it removed, transaction by transaction. */
  async function round(name: Name, more: Partial<ConstructorParameters<typeof Housekeeping>[0]> = {}) {
    const removed: [string, number][] = [];
    const housekeeping = new Housekeeping({
      retentions: [...loopRetentions, ...services[name]],
      query: (text, values) => postgres.sql(urls[name], text, values),
      settings: () => defaultSettings,
      logger: createLogger('silent'),
      onRemoved: (table, rows) => removed.push([table, rows]),
      ...more,
    });
    return { isDone: await housekeeping.round(), removed };
  }

  test('removes what is outdated in small transactions, and nothing else', async () => {
    const kept = defaultSettings.retentionDays.idempotencyKeys;
    await sql(
      'user',
      `insert into idempotency_keys select 's', n || age, 'h', 202, null, 'r', (extract(epoch from now()) * 1000)::bigint - days * ${dayMs}
       from generate_series(1, ${2 * rowsMax + 5}) n, (values ('old', ${kept} + 0.01), ('new', ${kept} - 0.01)) as a(age, days)`,
    );
    const { isDone, removed } = await round('user');
    assert.deepEqual(
      removed,
      [rowsMax, rowsMax, 5].map((rows) => ['idempotency_keys', rows]),
    );
    assert.ok(isDone);
    const left = await rowsOf('user', `select count(*) || ' ' || min(right(key, 3)) as found from idempotency_keys`);
    assert.deepEqual(left, [`${2 * rowsMax + 5} new`]);
    assert.deepEqual((await round('user')).removed, []);
  });

  test('ends a session with the last of its tokens, or a day after it was ended', async () => {
    await sql('user', `insert into users (user_id, roles, version) values ('u', '{}', 1)`);
    await sql(
      'user',
      `insert into user_sessions (session_id, user_id, ended_at) values ('live', 'u', null), ('rotated', 'u', null), ('expired', 'u', null),
         ('ended', 'u', now() - interval '25 hours'), ('just ended', 'u', now() - interval '1 hour')`,
    );
    await sql(
      'user',
      `insert into refresh_tokens (token_hash, session_id, expires_at) values ('1', 'live', now() + interval '1 day'),
         ('2', 'rotated', now() - interval '1 day'), ('3', 'rotated', now() + interval '1 day'), ('4', 'expired', now() - interval '1 hour'),
         ('5', 'expired', now() - interval '1 day'), ('6', 'ended', now() + interval '9 days'), ('7', 'just ended', now() + interval '9 days')`,
    );
    await round('user');
    assert.deepEqual(await rowsOf('user', 'select session_id as found from user_sessions order by 1'), [
      'just ended',
      'live',
      'rotated',
    ]);
    assert.deepEqual(await rowsOf('user', 'select token_hash as found from refresh_tokens order by 1'), [
      '1',
      '3',
      '7',
    ]);
  });

  test('closes a waiting room a day after the sale of its show has closed, as the catalogue says now', async () => {
    await sql(
      'user',
      `insert into waiting_rooms (show_id, seed, opened_by, opened_at) select id, '', 'u', now() - interval '1 year'
       from (values ('over'), ('just over'), ('on sale'), ('unknown'), ('withdrawn')) as shows(id)`,
    );
    await sql(
      'user',
      `insert into waiting_places (show_id, user_id, place) values ('over', 'u', 1), ('on sale', 'u', 1)`,
    );
    await sql(
      'user',
      `insert into reference_records (topic, key, timeline, stream_version, data)
       select 'catalog', id, 1, 1, json_build_object('sales', json_build_object('closesAt', now() - hours * interval '1 hour'))
       from (values ('over', 25), ('just over', 23), ('on sale', -1)) as shows(id, hours)
       union all select 'catalog', 'withdrawn', 1, 2, 'null'`,
    );
    await round('user');
    assert.deepEqual(await rowsOf('user', 'select show_id as found from waiting_rooms order by 1'), [
      ...['just over', 'on sale', 'unknown', 'withdrawn'],
    ]);
    assert.deepEqual(await rowsOf('user', 'select show_id as found from waiting_places'), ['on sale']);
  });

  test('passes over what somebody holds', async () => {
    await sql(
      'payment',
      `insert into unmatched_webhooks values ('p', '1', now() - interval '1 year', '', ''), ('p', '2', now() - interval '1 year', '', '')`,
    );
    const holder = new pg.Client({ connectionString: urls.payment });
    await holder.connect();
    await holder.query('begin');
    await holder.query(`select from unmatched_webhooks where webhook_id = '1' for update`);
    assert.deepEqual((await round('payment')).removed, [['unmatched_webhooks', 1]]);
    await holder.query('rollback');
    await holder.end();
    assert.deepEqual((await round('payment')).removed, [['unmatched_webhooks', 1]]);
  });

  test('goes on after a table that cannot be cleaned, and a round has its limit', async () => {
    const counts: number[] = [];
    const retentions: Retention[] = [
      { table: 'broken', kept: () => 0, text: 'select removed from nowhere' },
      { table: 'endless', kept: () => 0, text: `select ${rowsMax} as removed, $1::bigint, $2::bigint` },
    ];
    const { isDone } = await round('user', { retentions, onRemoved: (_, rows) => counts.push(rows) });
    assert.deepEqual([isDone, counts.length], [false, 100]);
  });

  for (const name of Object.keys(services) as Name[]) {
    for (const { table, kept, text } of [...loopRetentions, ...services[name]]) {
      test(`${name}: an index finds what is outdated in ${table}`, async () => {
        const literal = text.replaceAll('$1', String(kept(defaultSettings))).replaceAll('$2', '10');
        const withoutScans = `${urls[name]}&options=${encodeURIComponent('-c enable_seqscan=off')}`;
        const plan = await postgres.sql<Record<string, string>>(withoutScans, `explain ${literal}`);
        const scans = plan.map((row) => row['QUERY PLAN'] ?? '').filter((line) => line.includes('Scan'));
        assert.ok(scans.some((line) => /Index (Only )?Scan/.test(line)));
        assert.deepEqual(
          scans.filter((line) => line.includes('Seq Scan')),
          [],
        );
      });
    }
  }
});
