import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { afterEach, describe, test } from 'node:test';
import { createLocalJWKSet } from 'jose';
import { type OidcIssuer, startOidcIssuer } from '../../../tests/support/oidc-issuer.ts';
import { createAuthenticator } from './auth.ts';
import { Problem, type ProblemCode } from './problem.ts';

const issuers: OidcIssuer[] = [];
afterEach(() => Promise.all(issuers.splice(0).map((each) => each.stop())));

async function trusting({ alg = 'RS256', rolesClaim = 'roles' } = {}) {
  const issuer = await startOidcIssuer({ alg });
  issuers.push(issuer);
  const external = { issuer: issuer.url, audience: 'fullhouse-api', rolesClaim };
  const authenticator = createAuthenticator(createLocalJWKSet({ keys: [] }), external);
  const whoIs = (token: string) => authenticator.authenticate(`Bearer ${token}`);
  const refused = (token: string, code: ProblemCode = 'unauthenticated') =>
    assert.rejects(whoIs(token), (error: Error) => error instanceof Problem && error.code === code);
  return { issuer, whoIs, refused };
}

describe('a token of the issuer that people sign in at', () => {
  for (const alg of ['RS256', 'PS256', 'ES256', 'EdDSA'])
    test(`is taken, signed by ${alg}`, async () => {
      const { issuer, whoIs } = await trusting({ alg });
      const { userId, roles } = await whoIs(await issuer.token());
      assert.match(userId, /^usr_[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      assert.deepEqual(roles, ['customer']);
    });

  test('says who its bearer is: always the same, and nobody else', async () => {
    const { issuer, whoIs } = await trusting();
    const [first, again, other] = [
      await whoIs(await issuer.token({ sub: 'auth0|1' })),
      await whoIs(await issuer.token({ sub: 'auth0|1', sid: 'a session' })),
      await whoIs(await issuer.token({ sub: 'auth0|2' })),
    ];
    assert.equal(first.userId, again.userId);
    assert.notEqual(first.userId, other.userId);
    assert.equal(again.sessionId, 'a session');
    assert.equal((await whoIs(await issuer.token({ sid: 'no\u0000session' }))).sessionId, '');
  });

  test('says what they are called and how they are reached, but for an address nobody has verified', async () => {
    const { issuer, whoIs } = await trusting();
    const told = { name: 'Ada', email: 'ada@example.org', phone_number: '+15551234567', locale: 'de' };
    const person = { name: 'Ada', email: 'ada@example.org', phone: '+15551234567', locale: 'de' };
    assert.deepEqual((await whoIs(await issuer.token(told))).person, person);
    // Some providers write what is no text as text.
    for (const no of [false, 'false']) {
      const unverified = { ...told, email_verified: no, phone_number_verified: no };
      const { person: reached } = await whoIs(await issuer.token(unverified));
      assert.deepEqual(reached, { ...person, email: undefined, phone: undefined });
    }
    assert.deepEqual((await whoIs(await issuer.token({ ...told, email_verified: 'true' }))).person, person);
  });

  const claims = {
    roles: { roles: ['staff', 'emperor'] },
    'realm_access.roles': { realm_access: { roles: ['staff'] } },
    'https://fullhouse.example/roles': { 'https://fullhouse.example/roles': ['staff'] },
    scope: { scope: 'openid staff' },
  };
  for (const [rolesClaim, claim] of Object.entries(claims))
    test(`has the roles of ${rolesClaim}, and that of a customer`, async () => {
      const { issuer, whoIs } = await trusting({ rolesClaim });
      assert.deepEqual((await whoIs(await issuer.token(claim))).roles, ['customer', 'staff']);
    });

  test('for somebody else, expired or without a subject is none', async () => {
    const { issuer, refused } = await trusting();
    await refused(await issuer.token({ aud: 'another-api' }));
    await refused(await issuer.token({ sub: undefined }));
    await refused(await issuer.token({ exp: undefined }));
    await refused(await issuer.token({ exp: 1 }), 'token_expired');
  });

  test('is asked for where it is given', async () => {
    const { issuer, whoIs } = await trusting();
    const asksForIt = (error: Error) => error.message.includes(issuer.url) && !error.message.includes('/v1/sessions');
    await assert.rejects(whoIs('nothing'), asksForIt);
    await assert.rejects(whoIs(await issuer.token({ exp: 1 })), asksForIt);
  });

  test('that is no access token is none', async () => {
    const { issuer, refused } = await trusting();
    await refused(await issuer.token({}, { typ: 'logout+jwt' }));
    await refused(await issuer.token({ nonce: 'of an ID token' }));
  });

  test('by a key that the issuer does not publish is none, and its keys are not asked for again and again', async () => {
    const { issuer, refused } = await trusting();
    for (let round = 0; round < 5; round += 1) await refused(await issuer.token({}, { kid: `unknown ${round}` }));
    assert.equal(issuer.asked.keys, 1);
  });

  test('of another issuer is none, whoever published its key', async () => {
    const { issuer, refused } = await trusting();
    await refused(await issuer.token({ iss: 'https://elsewhere.example' }));
    await refused(await issuer.token({ iss: 'fullhouse' }));
  });

  test('that is checked by a secret is none', async () => {
    const { issuer, refused } = await trusting();
    const [, payload = ''] = (await issuer.token()).split('.');
    const header = Buffer.from(JSON.stringify({ alg: 'HS256', typ: 'JWT', kid: 'any' })).toString('base64url');
    await refused(
      `${header}.${payload}.${createHmac('sha256', 'secret').update(`${header}.${payload}`).digest('base64url')}`,
    );
    await refused(`${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`);
  });

  test('waits for its issuer where that cannot be asked, or is somebody else', async () => {
    const { issuer, refused, whoIs } = await trusting();
    issuer.says = { issuer: 'https://elsewhere.example' };
    await refused(await issuer.token(), 'unavailable');
    issuer.says = { jwks_uri: `${issuer.url}/nothing` };
    await refused(await issuer.token(), 'unavailable');
    // An answer, but no keys.
    issuer.says = { jwks_uri: `${issuer.url}/.well-known/openid-configuration` };
    await refused(await issuer.token(), 'unavailable');
    issuer.says = {};
    assert.deepEqual((await whoIs(await issuer.token())).roles, ['customer']);
  });
});
