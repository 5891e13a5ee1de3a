import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import type { Dependency } from '../gateway/admin-server.ts';
import { readConfiguration, serviceRoles, variableOf } from '../runtime/configuration.ts';
import { dependenciesElsewhere } from './dependencies.ts';

const nobody = 'http://127.0.0.1:1';

describe('what a process relies on elsewhere', () => {
  let asked = 0;
  const pricing: Server = createServer((_, response) => {
    asked += 1;
    response.writeHead(404).end();
  });
  const mute: Server = createServer(() => undefined);
  let [pricingUrl, muteUrl] = ['', ''];
  before(async () => {
    const listening = (server: Server) => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    await Promise.all([listening(pricing), listening(mute)]);
    [pricingUrl, muteUrl] = [pricing, mute].map(
      (server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ) as [string, string];
  });
  after(() => {
    for (const server of [pricing, mute]) {
      server.close();
      server.closeAllConnections();
    }
  });

  const gateway = (urls: Readonly<Record<string, string>> = {}) => {
    const none = Object.fromEntries(serviceRoles.map((role) => [variableOf(role), nobody]));
    return dependenciesElsewhere(readConfiguration({ ...none, ...urls }), ['gateway']);
  };
  /** By name: why it cannot be relied on, and whether the process goes on without it. */
  const looked = async (dependencies: readonly Dependency[]) => {
    const reasons = await Promise.all(dependencies.map(({ trouble }) => trouble()));
    return new Map(
      dependencies.map(({ name, degrades }, index) => [name, { reason: reasons[index], degrades: degrades?.() }]),
    );
  };

  test('is for a gateway each service it passes requests on to: where none answers it can do nothing', async () => {
    const found = await looked(gateway());
    assert.deepEqual(
      [...found.keys()],
      serviceRoles.filter((role) => role !== 'booking').map((role) => `the HTTP side of ${role} (${variableOf(role)})`),
    );
    for (const each of found.values())
      assert.deepEqual(each, {
        reason: 'it does not answer: http://127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1',
        degrades: false,
      });
  });

  test('only degrades a gateway that another service answers, at whichever of its addresses', async () => {
    const found = await looked(gateway({ PRICING_URL: `${nobody},${pricingUrl}` }));
    assert.deepEqual(found.get('the HTTP side of pricing (PRICING_URL)'), { reason: undefined, degrades: true });
    assert.match(found.get('the HTTP side of user (USER_URL)')?.reason ?? '', /ECONNREFUSED/);
    assert.ok([...found.values()].every(({ degrades }) => degrades === true));
  });

  test('is looked at now and then, however often it is asked for', async () => {
    const dependencies = gateway({ PRICING_URL: pricingUrl });
    const before = asked;
    for (let time = 0; time < 20; time += 1) await Promise.all([looked(dependencies), looked(dependencies)]);
    assert.equal(asked, before + 1);
  });

  test('is waited for no longer than whoever asks waits', async () => {
    const found = await looked(gateway({ PRICING_URL: muteUrl }));
    assert.match(
      found.get('the HTTP side of pricing (PRICING_URL)')?.reason ?? '',
      /^it does not answer: not within 2 s$/,
    );
  });

  test('is for whoever answers operators each database, named by its variable', async () => {
    const configuration = readConfiguration({
      DATABASE_URL: 'postgres://fullhouse@127.0.0.1:1/{service}',
      TICKET_DATABASE_URL: 'postgres://fullhouse@127.0.0.1:1/tickets',
    });
    const found = await looked(dependenciesElsewhere(configuration, ['operations']));
    assert.equal(found.size, 9);
    const says = { reason: 'it does not answer: connect ECONNREFUSED 127.0.0.1:1', degrades: false };
    assert.deepEqual(found.get('the database of ticket (TICKET_DATABASE_URL)'), says);
    assert.deepEqual(found.get('the database of sandbox (DATABASE_URL)'), says);
    // A service that runs here tells of its own, and goes on without those of others.
    const beside = await looked(dependenciesElsewhere(configuration, ['operations', 'ticket']));
    assert.deepEqual([beside.size, beside.has('the database of ticket (TICKET_DATABASE_URL)')], [8, false]);
    assert.ok([...beside.values()].every(({ degrades }) => degrades === true));
  });

  test('is nothing for a service alone', () => {
    assert.deepEqual(dependenciesElsewhere(readConfiguration({}), ['booking']), []);
  });
});
