import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { hostNamed } from '../src/composition/services.ts';
import { createTokenIssuer } from '../src/services/user/tokens.ts';
import { type Answer, Client, eventually, type TokenPair } from './support/client.ts';
import type { SentMessage } from './support/operations.ts';
import { newPerson, type Person } from './support/people.ts';
import { refusal } from './support/refusals.ts';
import { type RunningApp, runApp } from './support/servers.ts';

let running: RunningApp;
let anyone: Client;

before(async () => {
  running = await runApp();
  ({ anyone } = running);
});
after(() => running.stop());

const signIn = (email: string, password: string) => anyone.post<TokenPair>('/v1/sessions', { email, password });
const refresh = (refreshToken: string) => anyone.post<TokenPair>('/v1/sessions/refresh', { refreshToken });
const withToken = (token: string) => new Client(anyone.url, token);

describe('a session', () => {
  it('gives a token for a quarter of an hour, and a refresh token', async () => {
    const { email, password, userId } = await newPerson(running);
    const { status, body, headers } = await signIn(email, password);
    assert.deepEqual([status, body.tokenType, body.expiresInSeconds], [200, 'Bearer', 900]);
    assert.deepEqual([typeof body.refreshToken, headers.get('cache-control')], ['string', 'no-store']);
    const { alg, typ } = decodeProtectedHeader(body.accessToken);
    const { sub, jti, exp = 0, iat = 0, roles } = decodeJwt(body.accessToken);
    assert.deepEqual([alg, typ, sub, exp - iat, roles], ['EdDSA', 'at+jwt', userId, 900, ['customer']]);
    assert.equal(typeof jti, 'string');
  });

  it('is refused alike for a wrong password and an unknown address', async () => {
    const { email } = await newPerson(running);
    const wrong = await signIn(email, 'not the password');
    const unknown = await signIn(`${randomUUID()}@example.com`, 'not the password');
    assert.deepEqual(
      [refusal(wrong), refusal(unknown)],
      [
        [401, 'bad_credentials'],
        [401, 'bad_credentials'],
      ],
    );
    const text = ({ body }: Answer<TokenPair>) => JSON.stringify({ ...body, traceId: '' });
    assert.equal(text(wrong), text(unknown));
  });

  it('is tried ten times a minute for one address, with a hint when to come back', async () => {
    const { email, password } = await newPerson(running);
    const tries: Answer<TokenPair>[] = [];
    while (tries.length < 10) tries.push(await signIn(email, 'not the password'));
    const last = tries.at(-1);
    assert.ok(last !== undefined);
    // Signing in once was the first of the ten.
    assert.deepEqual(refusal(last), [429, 'rate_limited']);
    assert.ok(Number(last.headers.get('retry-after')) > 0);
    assert.deepEqual(refusal(await signIn(email, password)), [429, 'rate_limited']);
  });

  it('goes on with a rotated pair; a used refresh token ends the whole family', async () => {
    const { email, password } = await newPerson(running);
    const { body: first } = await signIn(email, password);
    const { status, body: second } = await refresh(first.refreshToken);
    assert.deepEqual([status, second.tokenType, second.expiresInSeconds], [200, 'Bearer', 900]);
    assert.notEqual(second.refreshToken, first.refreshToken);
    assert.equal((await withToken(second.accessToken).get('/v1/me')).status, 200);
    assert.deepEqual(refusal(await refresh(first.refreshToken)), [401, 'unauthenticated']);
    assert.deepEqual(refusal(await refresh(second.refreshToken)), [401, 'unauthenticated'], 'stolen or not: all end');
    const { body: another } = await signIn(email, password);
    assert.equal((await refresh(another.refreshToken)).status, 200, 'another session is another family');
  });

  it('lets one of two uses at once of a refresh token through at most', async () => {
    const { email, password } = await newPerson(running);
    const { body } = await signIn(email, password);
    const answers = await Promise.all(Array.from({ length: 5 }, () => refresh(body.refreshToken)));
    assert.equal(answers.filter(({ status }) => status === 200).length, 1);
  });

  it('ends by signing out', async () => {
    const { email, password } = await newPerson(running);
    const { body } = await signIn(email, password);
    const ended = await withToken(body.accessToken).call('DELETE', '/v1/sessions');
    assert.deepEqual([ended.status, ended.body], [204, '']);
    assert.deepEqual(refusal(await refresh(body.refreshToken)), [401, 'unauthenticated']);
  });

  it('takes no token but its own', async () => {
    const { email, password } = await newPerson(running);
    const { body } = await signIn(email, password);
    const [header = '', claims = '', signature = ''] = body.accessToken.split('.');
    const none = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url');
    const admin = Buffer.from(JSON.stringify({ ...decodeJwt(body.accessToken), roles: ['admin'] })).toString(
      'base64url',
    );
    const forged = [
      `${none}.${claims}.`,
      `${none}.${claims}.${signature}`,
      `${header}.${admin}.${signature}`,
      'x.y.z',
      '',
    ];
    for (const token of forged) {
      const answer = await withToken(token).get<{ code: string }>('/v1/me');
      assert.deepEqual(refusal(answer), [401, 'unauthenticated'], token);
      assert.equal(answer.headers.get('www-authenticate'), 'Bearer');
    }
  });
});

describe('a forgotten password', () => {
  const mailTo = ({ email }: Pick<Person, 'email'>, known = 0) =>
    eventually(
      async () => {
        const { body } = await running.admin.get<{ items: SentMessage[] }>('/v1/dev/messages');
        return body.items.filter(({ to, kind }) => to === email && kind === 'password_reset');
      },
      (mails) => mails.length > known,
    );
  const tokenIn = (text: string) => /^[\w-]{30,}$/m.exec(text)?.[0] ?? '';

  it('is set anew with a token that came by mail, once, and every session ends', async () => {
    const person = await newPerson(running);
    const { body: before } = await signIn(person.email, person.password);
    const asked = await anyone.post('/v1/password-resets', { email: person.email });
    assert.equal(asked.status, 202);
    const [mail] = await mailTo(person);
    const token = tokenIn(mail?.text ?? '');
    assert.equal(refusal(await anyone.post(`/v1/password-resets/${token}`, { password: 'short' }))[0], 422);
    const set = await anyone.post(`/v1/password-resets/${token}`, { password: 'another horse battery' });
    assert.equal(set.status, 204);
    assert.deepEqual(refusal(await signIn(person.email, person.password)), [401, 'bad_credentials']);
    assert.equal((await signIn(person.email, 'another horse battery')).status, 200);
    assert.deepEqual(refusal(await refresh(before.refreshToken)), [401, 'unauthenticated']);
    const again = await anyone.post(`/v1/password-resets/${token}`, { password: 'a third horse battery' });
    assert.deepEqual(refusal(again), [404, 'not_found']);
  });

  it('is set by one of the tokens that were asked for; the others are of no use any more', async () => {
    const person = await newPerson(running);
    for (let asked = 0; asked < 2; asked += 1) {
      assert.equal((await anyone.post('/v1/password-resets', { email: person.email })).status, 202);
      await mailTo(person, asked);
    }
    const [token = '', other = ''] = (await mailTo(person, 1)).map(({ text }) => tokenIn(text));
    assert.equal((await anyone.post(`/v1/password-resets/${token}`, { password: 'another horse' })).status, 204);
    const late = await anyone.post(`/v1/password-resets/${other}`, { password: 'a third horse' });
    assert.deepEqual(refusal(late), [404, 'not_found']);
    assert.equal((await signIn(person.email, 'another horse')).status, 200);
  });

  it('ends the session of whoever was just signing in with the old one, too', async () => {
    const person = await newPerson(running);
    await anyone.post('/v1/password-resets', { email: person.email });
    const [mail] = await mailTo(person);
    const setting = anyone.post(`/v1/password-resets/${tokenIn(mail?.text ?? '')}`, {
      password: 'another horse battery',
    });
    // Passwords are compared one after the other: the old one is still being compared when the new one counts.
    const signingIn = Array.from({ length: 8 }, () => signIn(person.email, person.password));
    assert.equal((await setting).status, 204);
    for (const { status, body } of await Promise.all(signingIn)) {
      if (status !== 200) assert.deepEqual([status, (body as { code?: string }).code], [401, 'bad_credentials']);
      else assert.deepEqual(refusal(await refresh(body.refreshToken)), [401, 'unauthenticated']);
    }
    assert.equal((await signIn(person.email, 'another horse battery')).status, 200);
  });

  it('says nothing in our name that whoever registered the address has written', async () => {
    const person = { email: `${randomUUID()}@example.com`, password: 'correct horse battery' };
    await anyone.post('/v1/users', { ...person, name: 'you have won, see https://evil.example/you' });
    await anyone.post('/v1/password-resets', { email: person.email });
    const [mail] = await mailTo(person);
    assert.match(mail?.text ?? '', /^Hello,\n/);
    assert.doesNotMatch(mail?.text ?? '', /evil/);
  });

  it('answers alike for an address nobody has', async () => {
    const person = await newPerson(running);
    const [known, unknown] = await Promise.all(
      [person.email, `${randomUUID()}@example.com`].map((email) => anyone.post('/v1/password-resets', { email })),
    );
    assert.deepEqual([known?.status, known?.body], [202, unknown?.body]);
    assert.equal(unknown?.status, 202);
    await mailTo(person);
  });
});

describe('the keys that sign tokens', () => {
  const published = async () => {
    const { body } = await anyone.get<{ keys: { kid: string; kty: string; crv: string; d?: string }[] }>(
      '/.well-known/jwks.json',
    );
    return body.keys;
  };

  it('are published without their secret part', async () => {
    const keys = await published();
    assert.ok(keys.length >= 2, 'the next key is known before it signs');
    assert.ok(keys.every(({ kty, crv, d }) => kty === 'OKP' && crv === 'Ed25519' && d === undefined));
  });

  it('are rotated without anybody being signed out', async () => {
    const { client, userId } = await newPerson(running);
    const before = new Set((await published()).map(({ kid }) => kid));
    const issuer = createTokenIssuer(hostNamed(running.app.hosts, 'user'));
    const claims = { userId, roles: ['customer'], sessionId: 'any' };
    const { accessToken: old } = await issuer.issue(claims);
    await issuer.rotate();
    const { accessToken: young } = await issuer.issue(claims);
    const kidOf = (token: string) => decodeProtectedHeader(token).kid ?? '';
    assert.notEqual(kidOf(young), kidOf(old));
    assert.ok(before.has(kidOf(young)), 'nobody meets a key they could not have known');
    for (const each of [client, withToken(old), withToken(young)]) assert.equal((await each.get('/v1/me')).status, 200);
    const kids = (await issuer.jwks()).keys.map(({ kid }) => kid);
    assert.ok(kids.includes(kidOf(old)) && kids.includes(kidOf(young)) && kids.length >= 3);
  });
});
