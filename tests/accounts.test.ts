import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { Client, TokenPair } from './support/client.ts';
import { newPerson, type User } from './support/people.ts';
import { type Refused, refusal } from './support/refusals.ts';
import { type RunningApp, runApp } from './support/servers.ts';

/** A user, or why there is none. */
type Answered = User & Refused;

let running: RunningApp;
let anyone: Client;

before(async () => {
  running = await runApp();
  ({ anyone } = running);
});
after(() => running.stop());

const signIn = (email: string, password: string) => anyone.post<TokenPair>('/v1/sessions', { email, password });
const refresh = (refreshToken: string) => anyone.post<TokenPair>('/v1/sessions/refresh', { refreshToken });

describe('registering', () => {
  const person = () => ({
    name: 'Ada Lovelace',
    email: `${randomUUID()}@example.com`,
    password: 'correct horse battery',
  });

  it('makes a customer, and tells no password', async () => {
    const ada = { ...person(), phone: '+15551234567', locale: 'en-GB' };
    const { status, body, headers } = await anyone.post<Answered>('/v1/users', ada);
    assert.equal(status, 201);
    assert.match(body.userId, /^usr_/);
    assert.equal(headers.get('location'), `/v1/users/${body.userId}`);
    const { password: _, ...rest } = ada;
    assert.deepEqual(body, { userId: body.userId, ...rest, roles: ['customer'] });
  });

  it('takes each address once, however it is written, and however many come at once', async () => {
    const ada = person();
    const answers = await Promise.all(
      [ada.email, ada.email.toUpperCase(), ` ${ada.email}`].map((email) =>
        anyone.post<Answered>('/v1/users', { ...ada, email }),
      ),
    );
    assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409, 409]);
    const again = await anyone.post<Answered>('/v1/users', ada);
    assert.deepEqual(refusal(again), [409, 'email_taken']);
  });

  it('says which field is wrong', async () => {
    const wrong: readonly (readonly [string, object])[] = [
      ['/email', { email: 'nobody' }],
      ['/name', { name: '' }],
      ['/password', { password: 'short' }],
      ['/phone', { phone: '555' }],
      ['/locale', { locale: 'no such language' }],
      ['/roles', { roles: ['admin'] }],
    ];
    for (const [pointer, fields] of wrong) {
      const { status, body } = await anyone.post<Answered>('/v1/users', { ...person(), ...fields });
      assert.deepEqual([status, body.code, body.errors?.[0]?.pointer], [422, 'validation_failed', pointer]);
    }
    assert.deepEqual(refusal(await anyone.post('/v1/users', '{"name":')), [400, 'malformed_json']);
  });
});

describe('roles', () => {
  it('are given by an administrator and count from the next token on', async () => {
    const person = await newPerson(running);
    const notYours = await person.client.call<Answered>('PATCH', `/v1/users/${person.userId}`, {
      body: { roles: ['admin'] },
    });
    assert.deepEqual(refusal(notYours), [403, 'forbidden']);
    const { status, body } = await running.admin.call<Answered>('PATCH', `/v1/users/${person.userId}`, {
      body: { roles: ['customer', 'organizer'] },
    });
    assert.deepEqual([status, body.roles], [200, ['customer', 'organizer']]);
    const movie = { title: 'Metropolis' };
    assert.deepEqual(refusal(await person.client.post('/v1/movies', movie)), [403, 'forbidden']);
    const organizer = await anyone.signIn(person.email, person.password);
    assert.equal((await organizer.post('/v1/movies', movie)).status, 201);
    const unknown = await running.admin.call<Answered>('PATCH', '/v1/users/usr_01890000-0000-7000-8000-000000000001', {
      body: { roles: ['customer'] },
    });
    assert.deepEqual(refusal(unknown), [404, 'not_found']);
    const wrong = await running.admin.call<Answered>('PATCH', `/v1/users/${person.userId}`, {
      body: { roles: ['king'] },
    });
    assert.deepEqual(refusal(wrong), [422, 'validation_failed']);
  });

  it('are not given again by a request that is repeated after they were taken away', async () => {
    const { userId } = await newPerson(running);
    const give = (roles: readonly string[], key: string) =>
      running.admin.call<Answered>('PATCH', `/v1/users/${userId}`, { body: { roles }, key });
    const key = randomUUID();
    assert.deepEqual((await give(['customer', 'staff'], key)).body.roles, ['customer', 'staff']);
    await give(['customer'], randomUUID());
    const { status, body } = await give(['customer', 'staff'], key);
    assert.deepEqual([status, body.roles], [200, ['customer']]);
    assert.deepEqual(refusal(await give(['admin'], key)), [422, 'idempotency_key_reused']);
  });

  it('are never taken from the last administrator, who does not leave either', async () => {
    const { body: me } = await running.admin.get<Answered>('/v1/me');
    const rolesOf = (userId: string, roles: readonly string[]) =>
      running.admin.call<Answered>('PATCH', `/v1/users/${userId}`, { body: { roles } });
    assert.deepEqual(refusal(await rolesOf(me.userId, ['customer'])), [409, 'conflict']);
    assert.deepEqual(refusal(await running.admin.call('DELETE', '/v1/me')), [409, 'conflict']);
    const second = await newPerson(running, { roles: ['customer', 'admin'] });
    const both = await Promise.all([me.userId, second.userId].map((userId) => rolesOf(userId, ['customer'])));
    assert.deepEqual(both.map(({ status }) => status).sort(), [200, 409], 'one of them stays');
    const left = both[0]?.status === 409 ? running.admin : second.client;
    for (const userId of [me.userId, second.userId])
      await left.call('PATCH', `/v1/users/${userId}`, { body: { roles: ['customer', 'admin'] } });
  });

  it('are needed: each door says 401 to nobody and 403 to the wrong one', async () => {
    const { client } = await newPerson(running);
    const doors: readonly (readonly [string, string])[] = [
      ['POST', '/v1/movies'],
      ['POST', '/v1/theatres'],
      ['POST', '/v1/screens'],
      ['POST', '/v1/seat-plans'],
      ['POST', '/v1/shows'],
      ['POST', '/v1/check-ins'],
      ['GET', '/v1/settings'],
      ['PUT', '/v1/settings/holdTtlMs'],
      ['GET', '/v1/dev/messages'],
      ['GET', '/v1/dev/ledger'],
      ['GET', '/v1/ops/unsettled'],
      ['GET', '/v1/shows/shw_01890000-0000-7000-8000-000000000001/sales'],
    ];
    for (const [method, path] of doors) {
      assert.deepEqual(refusal(await anyone.call(method, path)), [401, 'unauthenticated'], path);
      assert.deepEqual(refusal(await client.call(method, path)), [403, 'forbidden'], path);
    }
  });
});

describe('one’s own profile', () => {
  it('can be read and changed', async () => {
    const { client, email } = await newPerson(running, { phone: '+15551234567' });
    const { body: me } = await client.get<Answered>('/v1/me');
    assert.deepEqual([me.name, me.email, me.phone, me.locale], ['Ada Lovelace', email, '+15551234567', 'en']);
    const changed = await client.call<Answered>('PATCH', '/v1/me', { body: { name: 'Ada King', locale: 'de' } });
    assert.deepEqual([changed.status, changed.body], [200, { ...me, name: 'Ada King', locale: 'de' }]);
    const { body: phoneless } = await client.call<Answered>('PATCH', '/v1/me', { body: { phone: null } });
    assert.equal(phoneless.phone, undefined);
    assert.deepEqual((await client.get<Answered>('/v1/me')).body, phoneless);
    for (const body of [{}, { roles: ['admin'] }, { name: '' }]) {
      assert.deepEqual(refusal(await client.call<Answered>('PATCH', '/v1/me', { body })), [422, 'validation_failed']);
    }
  });

  it('is changed once by a request that is repeated', async () => {
    const { client } = await newPerson(running);
    const change = (name: string, key: string) => client.call<Answered>('PATCH', '/v1/me', { body: { name }, key });
    assert.equal((await change('One', 'k1')).body.name, 'One');
    assert.equal((await change('Two', 'k2')).body.name, 'Two');
    assert.equal((await change('One', 'k1')).body.name, 'Two');
    assert.deepEqual(refusal(await change('Three', 'k1')), [422, 'idempotency_key_reused']);
  });

  it('can be erased, and nobody can sign in with it again', async () => {
    const person = await newPerson(running);
    const { body: session } = await signIn(person.email, person.password);
    assert.equal((await person.client.call('DELETE', '/v1/me')).status, 204);
    // Tokens are good for some minutes; nobody is behind this one any more.
    for (const path of ['/v1/me', '/v1/bookings'])
      assert.deepEqual(refusal(await person.client.get(path)), [401, 'unauthenticated']);
    assert.deepEqual(refusal(await signIn(person.email, person.password)), [401, 'bad_credentials']);
    assert.deepEqual(refusal(await refresh(session.refreshToken)), [401, 'unauthenticated']);
    const again = { name: 'Somebody Else', email: person.email, password: person.password };
    assert.equal((await anyone.post('/v1/users', again)).status, 201, 'the address is free again');
  });
});
