import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import pg from 'pg';
import { freePorts } from '../../deploy/cluster/ports.ts';
import type { ClusterProcess } from '../../src/cluster.ts';
import { serviceRoles, variableOf } from '../../src/runtime/configuration.ts';
import { Client, eventually } from '../support/client.ts';
import { type ClusterGround, clusterGround } from '../support/cluster.ts';
import { kafkaOrSkip } from '../support/kafka.ts';

interface Told {
  readonly ready: boolean;
  readonly reason?: string;
}
interface Readiness {
  readonly status: string;
  readonly services: readonly (Told & { readonly service: string })[];
  readonly dependencies: readonly (Told & { readonly dependency: string })[];
}

if (await kafkaOrSkip('what processes say of their readiness')) {
  describe('what processes say of their readiness', { timeout: 180_000 }, () => {
    let ground: ClusterGround;
    const urls: Record<string, string> = {};
    let userPort = 0;
    before(async () => {
      ground = await clusterGround({ PORT: '0', LOG_LEVEL: 'silent' });
      const ports = await freePorts(serviceRoles.length);
      for (const [index, role] of serviceRoles.entries()) urls[variableOf(role)] = `http://127.0.0.1:${ports[index]}`;
      userPort = ports[serviceRoles.indexOf('user')] ?? 0;
    });
    after(() => ground.stop());

    /** What is not as it should be, by name. */
    const troublesIn = ({ services, dependencies }: Readiness) =>
      Object.fromEntries([
        ...services.flatMap(({ service, reason }) => (reason === undefined ? [] : [[service, reason]])),
        ...dependencies.flatMap(({ dependency, reason }) => (reason === undefined ? [] : [[dependency, reason]])),
      ]) as Readonly<Record<string, string>>;
    const readyz = async ({ adminUrl }: Pick<ClusterProcess, 'adminUrl'>) => {
      const { status, body } = await new Client(adminUrl).get<Readiness>('/readyz');
      return { code: status, says: body.status, troubles: troublesIn(body) };
    };
    /** What a scrape says cannot be relied on. */
    const scraped = async ({ adminUrl }: Pick<ClusterProcess, 'adminUrl'>) => {
      const { body } = await new Client(adminUrl).get<string>('/metrics');
      return [...String(body).matchAll(/^fullhouse_ready\{part="([^"]*)"\} 0$/gm)].map(([, part]) => part);
    };
    const sql = async (text: string) => {
      const client = new pg.Client({ connectionString: ground.postgres.url('postgres') });
      await client.connect();
      await client.query(text).finally(() => client.end());
    };

    it('the answers for operators name each database that does not answer, and end only without any', async () => {
      const operations = await ground.start(['operations'], urls);
      const well = await readyz(operations);
      assert.deepEqual([well.code, well.says, well.troubles, await scraped(operations)], [200, 'ok', {}, []]);
      await sql('alter database pricing allow_connections false');
      await sql('alter database ticket rename to mislaid');
      // It may have looked between the two.
      const some = await eventually(
        () => readyz(operations),
        ({ troubles }) => Object.keys(troubles).length > 1,
      );
      assert.deepEqual([some.code, some.says], [200, 'degraded']);
      const both = some.troubles;
      assert.deepEqual(Object.keys(both), [
        'the database of pricing (PRICING_DATABASE_URL)',
        'the database of ticket (TICKET_DATABASE_URL)',
      ]);
      assert.deepEqual(await scraped(operations), Object.keys(both), 'the alert is raised by it');
      assert.match(Object.values(both).join('\n'), /not currently accepting connections\n.*"ticket" does not exist$/);
      await sql('alter database pricing allow_connections true');
      await sql('alter database mislaid rename to ticket');
      await eventually(
        () => readyz(operations),
        ({ says }) => says === 'ok',
      );
      const nowhere = { DATABASE_URL: 'postgres://fullhouse@127.0.0.1:1/{service}' };
      const own = Object.keys(ground.environment).filter((name) => name.endsWith('_DATABASE_URL'));
      const none = { ...nowhere, ...Object.fromEntries(own.map((name) => [name, ''])) };
      const alone = await readyz(await ground.start(['operations'], { ...urls, ...none }));
      assert.deepEqual([alone.code, alone.says, Object.keys(alone.troubles).length], [503, 'unavailable', 9]);
    });

    it('a gateway names each service that does not answer, and ends only without any', async () => {
      const gateway = await ground.start(['gateway'], urls);
      const none = await readyz(gateway);
      assert.deepEqual([none.code, none.says], [503, 'unavailable']);
      assert.match(none.troubles['the HTTP side of pricing (PRICING_URL)'] ?? '', /connect ECONNREFUSED/);
      await ground.start(['user'], { PORT: String(userPort), ADMIN_PORT: '0' });
      const some = await eventually(
        () => readyz(gateway),
        ({ code }) => code === 200,
      );
      assert.equal(some.says, 'degraded');
      assert.deepEqual(
        Object.keys(some.troubles),
        serviceRoles
          .filter((role) => role !== 'user' && role !== 'booking')
          .map((role) => `the HTTP side of ${role} (${variableOf(role)})`),
      );
    });

    it('a service of which one task cannot start names it, and goes on with the others', async () => {
      const log = await ground.openLog();
      // As after its database was restored: the topic holds a later event of it.
      const headers = { ce_source: '/fullhouse/booking', ce_sequence: '7', ce_timeline: '1' };
      await log.append([{ topic: 'booking-events', partition: 0, key: 'k', headers, value: '{}' }]);
      await log.close();
      const booking = await ground.start(['booking'], urls);
      const told = await readyz(booking);
      assert.deepEqual([told.code, told.says], [200, 'degraded']);
      assert.match(
        told.troubles['booking'] ?? '',
        /^booking-events\/0 holds later events of booking than its database/,
      );
      assert.deepEqual(await scraped(booking), ['booking']);
    });
  });
}
