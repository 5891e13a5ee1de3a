import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { hostNamed } from '../src/composition/services.ts';
import { brokenPromises } from './support/audit.ts';
import { type Answer, Client, visa } from './support/client.ts';
import { type OidcIssuer, startOidcIssuer } from './support/oidc-issuer.ts';
import { bookingOnce } from './support/operations.ts';
import type { User } from './support/people.ts';
import { refusal } from './support/refusals.ts';
import { type RunningApp, runAppAlone } from './support/servers.ts';
import { buildVenue, openShow } from './support/venue.ts';

describe('people who sign in at another issuer', () => {
  let issuer: OidcIssuer;
  let running: Pick<RunningApp, 'app' | 'stop'>;
  let showId: string;
  const signedIn = async (claims: Readonly<Record<string, unknown>>) =>
    new Client(running.app.url, await issuer.token(claims));
  const meOf = (client: Client): Promise<Answer<User>> => client.get<User>('/v1/me');

  before(async () => {
    issuer = await startOidcIssuer();
    // A first administrator is asked for, and a directory of its own is made with that.
    const first = { FULLHOUSE_ADMIN_EMAIL: 'first@example.com' };
    running = await runAppAlone({ ...first, OIDC_ISSUER: issuer.url, OIDC_ROLES_CLAIM: 'realm_access.roles' });
    const organizer = await signedIn({ sub: 'olive', realm_access: { roles: ['organizer'] } });
    showId = await openShow(organizer, await buildVenue(organizer));
  });
  after(async () => {
    await running.stop();
    await issuer.stop();
  });

  it('find no accounts but their own, neither an administrator’s nor any of the demo', async () => {
    const [row] = await hostNamed(running.app.hosts, 'user').query<{ users: number }>(
      'select count(*)::int as users from users where not external',
    );
    assert.equal(row?.users, 0);
  });

  it('book, and find their name on the ticket', async () => {
    const email = `${randomUUID()}@example.org`;
    const ada = await signedIn({ sub: randomUUID(), name: 'Ada Lovelace', email, locale: 'de' });
    const { body } = await ada.book({ showId, bestAvailable: { count: 1 }, payment: visa });
    await bookingOnce(ada, body.bookingId, ({ tickets }) => tickets.length === 1);
    const tickets = await ada.get<{ items: readonly { bookedUnder: string }[] }>(
      `/v1/bookings/${body.bookingId}/tickets`,
    );
    assert.deepEqual(
      tickets.body.items.map(({ bookedUnder }) => bookedUnder),
      ['Ada Lovelace'],
    );
    const { name, email: reached, locale, roles } = (await meOf(ada)).body;
    assert.deepEqual([name, reached, locale, roles], ['Ada Lovelace', email, 'de', ['customer']]);
  });

  it('are the same person with every token, and keep what they have changed here', async () => {
    const sub = randomUUID();
    const first = await signedIn({ sub, name: 'Grace' });
    await first.call('PATCH', '/v1/me', { body: { phone: '+15551234567' } });
    const again = (await meOf(await signedIn({ sub, name: 'Grace Hopper' }))).body;
    assert.equal(again.userId, (await meOf(first)).body.userId);
    assert.deepEqual([again.name, again.phone], ['Grace', '+15551234567']);
  });

  it('come twice at the same moment, and are one', async () => {
    const person = await signedIn({ sub: randomUUID(), name: 'Two At Once', email: `${randomUUID()}@example.org` });
    const answers = await Promise.all(Array.from({ length: 8 }, () => meOf(person)));
    assert.deepEqual(new Set(answers.map(({ status, body }) => `${status} ${body.userId}`)).size, 1);
  });

  it('have no address that is another account’s, and are let in all the same', async () => {
    const email = `${randomUUID()}@example.org`;
    await meOf(await signedIn({ sub: randomUUID(), email }));
    const { status, body } = await meOf(await signedIn({ sub: randomUUID(), name: 'Another', email }));
    assert.deepEqual([status, body.name, body.email], [200, 'Another', undefined]);
  });

  it('may do what their token says, from its next on, and are given no roles here', async () => {
    const sub = randomUUID();
    const roles = (...named: string[]) => signedIn({ sub, realm_access: { roles: named } });
    const customer = await roles();
    assert.equal((await customer.get('/v1/ops/topics')).status, 403);
    const staff = await roles('staff');
    assert.equal((await staff.get('/v1/ops/topics')).status, 200);
    const { userId, roles: shown } = (await meOf(staff)).body;
    assert.deepEqual(shown, ['customer', 'staff']);
    const admin = await signedIn({ sub: 'root', realm_access: { roles: ['admin'] } });
    const given = await admin.call('PATCH', `/v1/users/${userId}`, { body: { roles: ['customer', 'admin'] } });
    assert.deepEqual(refusal(given), [409, 'conflict']);
    assert.deepEqual((await meOf(await roles())).body.roles, ['customer']);
  });

  it('do not register or sign in here', async () => {
    const nobody = new Client(running.app.url);
    const person = { name: 'Ada', email: `${randomUUID()}@example.org`, password: 'correct horse battery' };
    const answers = [
      await nobody.post('/v1/users', person),
      await nobody.post('/v1/sessions', { email: person.email, password: person.password }),
      await nobody.post('/v1/sessions/refresh', { refreshToken: 'a token' }),
      await nobody.post('/v1/password-resets', { email: person.email }),
    ];
    for (const answer of answers) {
      assert.deepEqual(refusal(answer), [404, 'not_found']);
      assert.ok(String(answer.body['detail']).includes(issuer.url));
    }
  });

  it('stay out once they were erased, whatever token they bring', async () => {
    const sub = randomUUID();
    const gone = await signedIn({ sub, name: 'Gone' });
    assert.equal((await gone.call('DELETE', '/v1/me')).status, 204);
    assert.equal((await meOf(await signedIn({ sub, name: 'Gone' }))).status, 401);
  });

  it('stay out everywhere once they were erased, also when the news of it is long forgotten', async () => {
    const sub = randomUUID();
    const { userId } = (await meOf(await signedIn({ sub, name: 'Gone' }))).body;
    const users = hostNamed(running.app.hosts, 'user');
    const setErased = (at: string) => users.query(`update users set erased_at = ${at} where user_id = $1`, [userId]);
    await setErased("now() - interval '1 hour'");
    const again = await signedIn({ sub, realm_access: { roles: ['organizer'] } });
    const answer = await again.call('PATCH', `/v1/shows/${showId}`, { body: { seatsPerCustomerMax: 5 } });
    assert.deepEqual(refusal(answer), [401, 'unauthenticated']);
    await setErased('null');
  });

  it('leave nothing for the auditor', async () => {
    assert.deepEqual(await brokenPromises(running.app), []);
  });
});
