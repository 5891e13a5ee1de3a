import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import pg from 'pg';
import { migrateCluster } from '../../src/composition/databases.ts';
import { checkRequirements, roles } from '../../src/composition/roles.ts';
import { serviceNames } from '../../src/contracts/topics.ts';
import { databaseUrlOf, databaseVariableOf, readConfiguration } from '../../src/runtime/configuration.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/runtime/embedded/postgres.ts';
import { temporaryDirectory } from '../support/directory.ts';

describe('a database per service', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let postgres: EmbeddedPostgres;
  before(async () => {
    directory = await temporaryDirectory();
    postgres = await startEmbeddedPostgres(directory.path);
  });
  after(async () => {
    await postgres.stop();
    await directory.remove();
  });

  const configuration = () =>
    readConfiguration({
      DATABASE_URL: postgres.url('postgres'),
      ...Object.fromEntries(
        [...serviceNames, 'sandbox' as const].map((service) => {
          const name = service === 'sandbox' ? 'sandbox_provider' : service.replaceAll('-', '_');
          return [databaseVariableOf(service), postgres.url(name, { name, password: `${name}-password` })];
        }),
      ),
    });
  const ask = async (url: string, text: string) => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    return client.query(text).finally(() => client.end());
  };

  it('is made and brought up to date once, by whichever of four comes first', async () => {
    const four = await Promise.all(Array.from({ length: 4 }, () => migrateCluster(configuration(), serviceNames)));
    const created = four.flatMap((each) => each.created).sort();
    assert.deepEqual(created, ['sandbox_provider', ...serviceNames.map((name) => name.replaceAll('-', '_'))].sort());
    for (const name of serviceNames) {
      const applied = four.map((each) => each.applied.get(name) ?? 0);
      assert.equal(applied.filter((count) => count > 0).length, 1, `${name} was migrated by ${applied}`);
    }
    // Ids sort by their bytes, whatever the server's own order is.
    const orders = await ask(
      postgres.url('postgres'),
      'select distinct datcollate from pg_database where not datistemplate',
    );
    assert.deepEqual(orders.rows, [{ datcollate: 'C' }]);
    const again = await migrateCluster(configuration(), serviceNames);
    assert.deepEqual([again.created, [...again.applied.values()].every((count) => count === 0)], [[], true]);
  });

  it('is entered by the role of its service and by no other service', async () => {
    for (const service of serviceNames) {
      const own = databaseUrlOf(configuration(), service) ?? '';
      assert.equal((await ask(own, 'select count(*)::int as tasks from tasks')).rows[0].tasks, 0);
      for (const other of serviceNames.filter((name) => name !== service)) {
        const theirs = own.replace(/@\/\w+/, `@/${other.replaceAll('-', '_')}`);
        await assert.rejects(ask(theirs, 'select 1'), { code: '42501' }, `${service} entered the database of ${other}`);
      }
    }
  });

  describe('where one variable names all of them', () => {
    const names = [...serviceNames.map((name) => name.replaceAll('-', '_')), 'sandbox_provider'];
    const pattern = (name: string) =>
      readConfiguration({ DATABASE_URL: postgres.url('{service}', { name, password }) });
    const password = 'a password';
    before(async () => {
      for (const name of names) await ask(postgres.url('postgres'), `drop database if exists "${name}"`);
      await ask(postgres.url('postgres'), `create role maker login createdb password '${password}'`);
      await ask(postgres.url('postgres'), `create role nobody login password '${password}'`);
    });

    it('is not made by a role that may not, which is told what to do', async () => {
      await assert.rejects(migrateCluster(pattern('nobody'), serviceNames), {
        message:
          'the database of catalog (DATABASE_URL) does not answer: database "catalog" does not exist; make it and its role, or have DATABASE_URL name a role that may create databases and roles',
      });
    });

    it('is made by a role that may, and then needs none', async () => {
      const { created, applied } = await migrateCluster(pattern('maker'), serviceNames);
      assert.deepEqual([...created].sort(), names.sort());
      assert.ok(serviceNames.every((name) => (applied.get(name) ?? 0) > 0));
      await ask(postgres.url('postgres'), 'alter role maker nocreatedb');
      assert.deepEqual((await migrateCluster(pattern('maker'), serviceNames)).created, []);
      await ask(postgres.url('postgres'), 'revoke connect on database postgres from public');
      assert.deepEqual((await migrateCluster(pattern('maker'), serviceNames)).created, []);
    });

    it('is not made where a role each is named, and whoever has none is told so', async () => {
      await assert.rejects(migrateCluster(pattern('{service}-of-ours'), ['booking']), {
        message:
          /^the database of booking \(DATABASE_URL\) does not answer: .*"booking-of-ours"; make it and its role, or/,
      });
    });

    it('says which does not answer, and by which variable', async () => {
      const nowhere = { DATABASE_URL: 'postgres://fullhouse@127.0.0.1:1/{service}' };
      await assert.rejects(migrateCluster(readConfiguration(nowhere), ['pricing']), {
        message: 'the database of pricing (DATABASE_URL) does not answer: connect ECONNREFUSED 127.0.0.1:1',
      });
      const own = { PRICING_DATABASE_URL: 'postgres://fullhouse@127.0.0.1:1/prices' };
      await assert.rejects(migrateCluster(readConfiguration(own), ['pricing']), {
        message: 'the database of pricing (PRICING_DATABASE_URL) does not answer: connect ECONNREFUSED 127.0.0.1:1',
      });
      const shared = { DATABASE_URL: 'postgres://fullhouse@127.0.0.1:1/postgres' };
      await assert.rejects(migrateCluster(readConfiguration(shared), ['pricing']), {
        message: 'the database that DATABASE_URL names does not answer: connect ECONNREFUSED 127.0.0.1:1',
      });
    });
  });

  it('is found by its own variable, by a place in the shared one, or by its name on the same server', () => {
    const found = (environment: Record<string, string>) =>
      databaseUrlOf(readConfiguration(environment), 'seat-inventory');
    const shared = 'postgres://fullhouse@db:5432/postgres?sslmode=require';
    assert.equal(found({ DATABASE_URL: shared }), 'postgres://fullhouse@db:5432/seat_inventory?sslmode=require');
    assert.equal(
      found({ DATABASE_URL: 'postgres://{service}:x@db/{service}' }),
      'postgres://seat_inventory:x@db/seat_inventory',
    );
    const own = 'postgres://seats@elsewhere/seats';
    assert.equal(found({ DATABASE_URL: shared, SEAT_INVENTORY_DATABASE_URL: own }), own);
    assert.equal(found({}), undefined);
  });
});

describe('what a process of the cluster mode needs', () => {
  const line = (run: Parameters<typeof checkRequirements>[1], environment: Record<string, string> = {}) => {
    try {
      checkRequirements(readConfiguration(environment), run);
    } catch (error) {
      return (error as Error).message;
    }
    return '';
  };
  it('is named in one line, with how to make it', () => {
    const all = line(roles);
    assert.match(all, /^KAFKA_BROKERS: missing; name the brokers/);
    assert.match(
      all,
      /CATALOG_DATABASE_URL, .*SANDBOX_DATABASE_URL: missing; set DATABASE_URL for all of them, or each/,
    );
    assert.match(all, /QUOTE_SECRET: missing; make one with: openssl rand -base64 32/);
    assert.match(all, /TICKET_SIGNING_KEY: missing; make one with: openssl genpkey -algorithm ed25519$/);
    assert.doesNotMatch(all, /_URL: missing; name where/, 'who is everything asks nobody else');
  });
  it('is what the payment provider needs, for those who ask it', () => {
    const stripe = { KAFKA_BROKERS: '127.0.0.1:9092', USER_URL: 'http://127.0.0.1:9102', PAYMENT_PROVIDER: 'stripe' };
    const databases = { DATABASE_URL: 'postgres://fullhouse@127.0.0.1/{service}' };
    assert.equal(
      line(['payment'], stripe),
      "PAYMENT_DATABASE_URL: missing; set DATABASE_URL for all of them, or each; STRIPE_SECRET_KEY: missing; copy it from the API keys in Stripe's Dashboard; STRIPE_WEBHOOK_SECRET: missing; copy the signing secret of your webhook endpoint from Stripe's Dashboard",
    );
    const secretKey = /^STRIPE_SECRET_KEY: missing; copy it from the API keys in Stripe's Dashboard$/;
    assert.match(line(['operations'], { ...stripe, ...databases }), secretKey);
    assert.equal(line(['seat-inventory'], { ...stripe, ...databases }), '');
    const user = { ...stripe, ...databases, QUOTE_SECRET: 'a secret of more than thirty-two characters' };
    assert.equal(line(['user'], user), '');
    assert.match(line(['user'], { ...user, STRIPE_PUBLISHABLE_KEY: 'pk_test_x' }), secretKey);
  });
  it('is no more than its own roles need', () => {
    assert.equal(
      line(['booking'], { KAFKA_BROKERS: '127.0.0.1:9092' }),
      'BOOKING_DATABASE_URL: missing; set DATABASE_URL for all of them, or each; USER_URL: missing; tokens are checked with the keys of the user service (or set JWKS_URL)',
    );
    assert.equal(
      line(['gateway'], {
        KAFKA_BROKERS: '127.0.0.1:9092',
        USER_URL: 'http://127.0.0.1:9102',
        CATALOG_URL: 'http://a,http://b',
      }),
      'SEAT_INVENTORY_URL, PRICING_URL, PAYMENT_URL, NOTIFICATION_URL, TICKET_URL, OPERATIONS_URL: missing; name where they listen, such as http://127.0.0.1:9101',
    );
  });
});
