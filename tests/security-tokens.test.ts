import assert from 'node:assert/strict';
import { createHmac, createPublicKey, randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { type CryptoKey, exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose';
import { hostNamed } from '../src/composition/services.ts';
import type { Client } from './support/client.ts';
import { newPerson } from './support/people.ts';
import { assertRefused, rawRequest } from './support/refusals.ts';
import { type RunningApp, runApp } from './support/servers.ts';

let running: RunningApp;
let buyer: Client;
let key: CryptoKey;
let publicJwk: JWK;
let kid: string;

before(async () => {
  running = await runApp();
  buyer = (await newPerson(running)).client;
  kid = String(part(buyer.token ?? '', 0)['kid']);
  const rows = await hostNamed(running.app.hosts, 'user').query<{ private: JWK; public: JWK }>(
    'select private_jwk as private, public_jwk as public from signing_keys where kid = $1',
    [kid],
  );
  const row = rows[0];
  assert.ok(row !== undefined);
  key = (await importJWK(row.private, 'EdDSA')) as CryptoKey;
  publicJwk = row.public;
});
after(() => running.stop());

const json = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const part = (token: string, at: 0 | 1) =>
  JSON.parse(Buffer.from(token.split('.')[at] ?? '', 'base64url').toString()) as Record<string, unknown>;
const now = () => Math.floor(Date.now() / 1_000);

/** The claims and the header of a good token, with some of them replaced; `undefined` leaves one out. */
interface Changes {
  readonly claims?: Record<string, unknown>;
  readonly header?: Record<string, unknown>;
}

/** A token signed with the real key: only what was changed is wrong with it. */
function signed({ claims = {}, header = {} }: Changes, by = key): Promise<string> {
  const protectedHeader = { alg: 'EdDSA', ...part(buyer.token ?? '', 0), ...header };
  return new SignJWT({ ...part(buyer.token ?? '', 1), ...claims }).setProtectedHeader(protectedHeader).sign(by);
}

const unsigned = (alg: string) => () => {
  const { kid: id, typ } = part(buyer.token ?? '', 0);
  return `${json({ alg, kid: id, typ })}.${(buyer.token ?? '').split('.')[1]}.`;
};

/** HMAC with what everybody knows as the secret: the confusion of RFC 8725, section 2.1. */
const hmac = (secret: () => string | Buffer) => () => {
  const input = `${json({ alg: 'HS256', kid, typ: 'at+jwt' })}.${json({ ...part(buyer.token ?? '', 1), roles: ['admin'] })}`;
  return `${input}.${createHmac('sha256', secret()).update(input).digest('base64url')}`;
};

const pem = () => createPublicKey({ key: publicJwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' });

async function byAnotherKey(header: (jwk: JWK) => Record<string, unknown>): Promise<string> {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519' });
  return signed({ header: header(await exportJWK(publicKey)) }, privateKey);
}

type Row = readonly [name: string, make: () => string | Promise<string>, code?: string];

const rows: readonly Row[] = [
  ['no token at all', () => ''],
  ['words', () => 'let me in'],
  ['two parts', () => (buyer.token ?? '').split('.').slice(0, 2).join('.')],
  ['no algorithm', unsigned('none')],
  ['None', unsigned('None')],
  ['nOnE', unsigned('nOnE')],
  ['an empty signature under the right algorithm', unsigned('EdDSA')],
  ['HMAC with the public key as text', hmac(pem)],
  ['HMAC with the bytes of the public key', hmac(() => Buffer.from(publicJwk.x ?? '', 'base64url'))],
  ['HMAC with the public key as JSON', hmac(() => JSON.stringify(publicJwk))],
  ['HMAC with nothing', hmac(() => '')],
  ['another key under our name for it', () => byAnotherKey(() => ({}))],
  ['another key that comes along', () => byAnotherKey((jwk) => ({ jwk }))],
  ['another key and where to fetch it', () => byAnotherKey(() => ({ jku: 'http://127.0.0.1:1/keys', kid: 'theirs' }))],
  ['a certificate and where to fetch it', () => byAnotherKey(() => ({ x5u: 'http://127.0.0.1:1/cert' }))],
  ['a key that nobody has', () => signed({ header: { kid: 'unknown' } })],
  ['a path for a key', () => signed({ header: { kid: '../../../../dev/null' } })],
  ['SQL for a key', () => signed({ header: { kid: "' union select 'a" } })],
  ['a key name of 10,000 letters', () => signed({ header: { kid: 'k'.repeat(10_000) } })],
  ['no key name', () => signed({ header: { kid: undefined } })],
  ['a critical extension that nobody knows', () => criticalExtension()],
  ['another issuer', () => signed({ claims: { iss: 'somebody' } })],
  ['no issuer', () => signed({ claims: { iss: undefined } })],
  ['another audience', () => signed({ claims: { aud: 'another-api' } })],
  ['no audience', () => signed({ claims: { aud: undefined } })],
  ['the type of an ID token', () => signed({ header: { typ: 'JWT' } })],
  ['no type', () => signed({ header: { typ: undefined } })],
  ['an end a minute ago', () => signed({ claims: { exp: now() - 60 } }), 'token_expired'],
  ['an end that is text', () => signed({ claims: { exp: 'never' } })],
  ['no end', () => signed({ claims: { exp: undefined } })],
  ['a beginning in a minute', () => signed({ claims: { nbf: now() + 60 } })],
  ['no subject', () => signed({ claims: { sub: undefined } })],
  ['no id', () => signed({ claims: { jti: undefined } })],
  ['other claims under the old signature', tampered],
  ['the last byte of the signature altered', () => flipped()],
  ['a refresh token', () => randomBytes(32).toString('base64url')],
];

function tampered(): string {
  const [header, , signature] = (buyer.token ?? '').split('.');
  return `${header}.${json({ ...part(buyer.token ?? '', 1), roles: ['admin'] })}.${signature}`;
}

function flipped(): string {
  const [header, claims, signature = ''] = (buyer.token ?? '').split('.');
  const bytes = Buffer.from(signature, 'base64url');
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  return `${header}.${claims}.${bytes.toString('base64url')}`;
}

function criticalExtension(): string {
  return `${json({ ...part(buyer.token ?? '', 0), crit: ['lifetime'], lifetime: 1 })}.${(buyer.token ?? '').split('.').slice(1).join('.')}`;
}

describe('an access token', async () => {
  for (const [name, make, code = 'unauthenticated'] of rows) {
    await it(`is refused with ${name}`, async () => {
      const answer = await buyer.get('/v1/me', { headers: { authorization: `Bearer ${await make()}` } });
      assertRefused(answer, { status: 401, code });
      assert.equal(answer.headers.get('www-authenticate'), 'Bearer');
    });
  }

  await it('is taken as it was issued, and signed again with the right key: the rows above fail for one reason each', async () => {
    assert.equal((await buyer.get('/v1/me')).status, 200);
    const again = await signed({});
    assert.equal((await buyer.get('/v1/me', { headers: { authorization: `Bearer ${again}` } })).status, 200);
  });

  await it('is refused under another scheme, and twice', async () => {
    for (const authorization of [`Basic ${buyer.token}`, `${buyer.token}`, `Bearer ${buyer.token} ${buyer.token}`]) {
      assertRefused(await buyer.get('/v1/me', { headers: { authorization } }), {
        status: 401,
        code: 'unauthenticated',
      });
    }
    const twice = await rawRequest(
      buyer.url,
      `GET /v1/me HTTP/1.1\r\nhost: fullhouse\r\nconnection: close\r\n${`authorization: Bearer ${buyer.token}\r\n`.repeat(2)}\r\n`,
    );
    assert.match(twice, /^HTTP\/1.1 401 /);
  });

  await it('is not taken from the address', async () => {
    const answer = await running.anyone.get(`/v1/me?access_token=${buyer.token}`);
    assertRefused(answer, { status: 401, code: 'unauthenticated' });
  });

  await it('has no effect that headers of the inside could have', async () => {
    const { admin } = running;
    const { body } = await admin.get('/v1/me');
    const headers = {
      'x-user-id': String(body['userId']),
      'x-role': 'admin',
      'x-roles': 'admin',
      'x-forwarded-user': 'admin',
    };
    assertRefused(await running.anyone.get('/v1/settings', { headers }), { status: 401, code: 'unauthenticated' });
    assertRefused(await buyer.get('/v1/settings', { headers }), { status: 403, code: 'forbidden' });
    assert.notEqual((await buyer.get('/v1/me', { headers })).body['userId'], body['userId']);
  });
});

describe('a session', async () => {
  await it('ends as a whole when a refresh token comes a second time', async () => {
    const person = await newPerson(running);
    const { email, password } = person;
    const first = await running.anyone.post<Record<string, string>>('/v1/sessions', { email, password });
    const use = (token: unknown) =>
      running.anyone.post<Record<string, string>>('/v1/sessions/refresh', { refreshToken: token });
    const second = await use(first.body['refreshToken']);
    assert.equal(second.status, 200);
    assert.notEqual(second.body['refreshToken'], first.body['refreshToken']);
    const ended = { status: 401, code: 'unauthenticated' };
    assertRefused(await use(first.body['refreshToken']), ended);
    assertRefused(await use(second.body['refreshToken']), ended);
    assertRefused(await use('nothing'), ended);
    assertRefused(
      await running.anyone.get('/v1/me', { headers: { authorization: `Bearer ${first.body['refreshToken']}` } }),
      ended,
    );
  });

  await it('of many uses of one refresh token at once, one wins at the most', async () => {
    const { email, password } = await newPerson(running);
    const { body } = await running.anyone.post('/v1/sessions', { email, password });
    const uses = Array.from({ length: 10 }, () =>
      running.anyone.post('/v1/sessions/refresh', { refreshToken: body['refreshToken'] }),
    );
    const won = (await Promise.all(uses)).filter(({ status }) => status === 200);
    assert.ok(won.length <= 1, `${won.length} got a new pair`);
  });

  await it('publishes no private part of its keys', async () => {
    const { body } = await running.anyone.get<{ keys: Record<string, unknown>[] }>('/.well-known/jwks.json');
    assert.equal(body.keys.length, 2);
    for (const each of body.keys) assert.deepEqual(Object.keys(each).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x']);
  });
});
