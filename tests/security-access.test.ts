import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { type Client, visa } from './support/client.ts';
import { bookingOnce } from './support/operations.ts';
import { newPerson } from './support/people.ts';
import { type Described, describedOperations, plausibleRequest } from './support/plausible-requests.ts';
import { assertRefused, quiet, rowCounts } from './support/refusals.ts';
import { type RunningApp, runApp } from './support/servers.ts';
import { buildVenue, openShow } from './support/venue.ts';

const kinds = ['nobody', 'customer', 'staff', 'organizer', 'admin'] as const;
type Kind = (typeof kinds)[number];

let running: RunningApp;
let clients: Readonly<Record<Kind, Client>>;

before(async () => {
  running = await runApp();
  const as = async (...roles: string[]) => (await newPerson(running, { roles })).client;
  clients = {
    nobody: running.anyone,
    customer: await as('customer'),
    staff: await as('staff'),
    organizer: await as('organizer'),
    admin: await as('admin'),
  };
});
after(() => running.stop());

function mayCome({ roles }: Described, kind: Kind): boolean {
  return roles === 'anyone' || (kind !== 'nobody' && (kind === 'admin' || roles.includes(kind)));
}

/** Erasing oneself comes last: nobody could ask for anything after it. */
const selfErasing = ({ method, path }: Described) => (method === 'DELETE' && path === '/v1/me' ? 1 : 0);

describe('every endpoint that is described', async () => {
  await it('lets in whom its roles name and nobody else, before it looks at the request', async () => {
    const operations = (await describedOperations(running.anyone)).toSorted((a, b) => selfErasing(a) - selfErasing(b));
    assert.ok(operations.length > 50, `only ${operations.length} operations`);
    await quiet(running);
    const counts = await rowCounts(running);
    for (const operation of operations) {
      for (const kind of kinds.filter((each) => !mayCome(operation, each))) {
        const { path, options } = plausibleRequest(operation);
        const answer = await clients[kind].call(operation.method, path, options);
        const refusal =
          kind === 'nobody' ? { status: 401, code: 'unauthenticated' } : { status: 403, code: 'forbidden' };
        const asked = `${operation.method} ${operation.path} as ${kind}`;
        assert.equal(answer.status, refusal.status, `${asked}: ${JSON.stringify(answer.body)}`);
        assertRefused(answer, refusal);
      }
    }
    assert.deepEqual(await rowCounts(running), counts, 'what was forbidden changed something');
    for (const operation of operations) {
      for (const kind of kinds.filter((each) => mayCome(operation, each))) {
        const { path, options } = plausibleRequest(operation);
        const { status, body } = await clients[kind].call(operation.method, path, options);
        const asked = `${operation.method} ${operation.path} as ${kind}: ${status} ${JSON.stringify(body)}`;
        assert.ok(status < 500, asked);
        assert.notEqual(status, 403, asked);
        if (kind !== 'nobody' && operation.roles !== 'anyone') assert.notEqual(status, 401, asked);
      }
    }
  });

  await it('is described with its roles, and changes nothing without one', async () => {
    const open = (await describedOperations(running.anyone)).filter(({ roles }) => roles === 'anyone');
    const writing = open.filter(({ method }) => method !== 'GET').map(({ method, path }) => `${method} ${path}`);
    assert.deepEqual(writing.sort(), [
      'POST /v1/password-resets',
      'POST /v1/password-resets/{token}',
      'POST /v1/sessions',
      'POST /v1/sessions/refresh',
      'POST /v1/shows/{showId}/quotes',
      'POST /v1/users',
      'POST /v1/webhooks/payments/{provider}',
    ]);
  });
});

describe("somebody else's things", async () => {
  const gone = { status: 404, code: 'not_found' };

  await it('look like things that are not there: bookings, their streams and payments, tickets and their pictures', async () => {
    const showId = await openShow(running.admin, await buildVenue(running.admin));
    const owner = (await newPerson(running)).client;
    const other = (await newPerson(running)).client;
    const { body: booking } = await owner.book({ showId, seats: ['S-A-1'], payment: visa });
    const { body: held } = await owner.book({ showId, seats: ['S-A-2'] });
    assert.equal(booking.status, 'confirmed');
    const { tickets } = await bookingOnce(owner, booking.bookingId, (each) => each.tickets.length > 0);
    const paths: readonly (readonly [method: string, path: string])[] = [
      ['GET', `/v1/bookings/${booking.bookingId}`],
      ['GET', `/v1/bookings/${booking.bookingId}/stream`],
      ['GET', `/v1/bookings/${booking.bookingId}/tickets`],
      ['GET', `/v1/tickets/${tickets[0]}`],
      ['GET', `/v1/tickets/${tickets[0]}.svg`],
      ['POST', `/v1/bookings/${held.bookingId}/payments`],
      ['POST', `/v1/bookings/${held.bookingId}/cancellation`],
    ];
    for (const [method, path] of paths) {
      const body = path.endsWith('payments') ? visa : {};
      const ask = (at: string) =>
        other.call<Record<string, string>>(method, at, method === 'POST' ? { body, key: randomUUID() } : {});
      const theirs = await ask(path);
      const nobodys = await ask(path.replace(/_[0-9a-f]{8}/, '_00000000'));
      assertRefused(theirs, gone);
      assertRefused(nobodys, gone);
      assert.equal(theirs.body['detail'], nobodys.body['detail'], path);
    }
    assert.equal((await owner.booking(held.bookingId)).body.status, 'awaiting_payment');
    assert.equal((await other.get<{ items: unknown[] }>('/v1/bookings')).body.items.length, 0);
    const email = encodeURIComponent(String((await owner.get('/v1/me')).body['email']));
    assertRefused(await other.get(`/v1/bookings?email=${email}`), { status: 403, code: 'forbidden' });
  });
});

describe('what a request may set', async () => {
  const wrong = (pointer: string) => ({ status: 422, code: 'validation_failed', pointer });
  await it('does not include roles, ids and hashes of an account', async () => {
    const account = { name: 'Eve', email: `${randomUUID()}@example.com`, password: 'correct horse battery' };
    for (const field of ['roles', 'userId', 'passwordHash', 'isAdmin', 'version', 'createdAt']) {
      const answer = await running.anyone.post('/v1/users', { ...account, [field]: ['admin'] });
      assertRefused(answer, wrong(`/${field}`));
    }
    const eve = (await newPerson(running)).client;
    for (const field of ['roles', 'email', 'userId', 'password']) {
      assertRefused(
        await eve.call('PATCH', '/v1/me', { body: { name: 'Eve', [field]: ['admin'] } }),
        wrong(`/${field}`),
      );
    }
    assert.deepEqual((await eve.get('/v1/me')).body['roles'], ['customer']);
  });

  await it('never comes back with more of an account than its owner told', async () => {
    const eve = await newPerson(running, { phone: '+15551234567' });
    const { body } = await eve.client.get('/v1/me');
    assert.deepEqual(Object.keys(body).sort(), ['email', 'locale', 'name', 'phone', 'roles', 'userId']);
  });
});
