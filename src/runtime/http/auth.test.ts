import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { before, describe, test } from 'node:test';
import {
  type CryptoKey,
  createLocalJWKSet,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  type JWTPayload,
  SignJWT,
} from 'jose';
import { type Authenticator, createAuthenticator, tokenAudience, tokenIssuer, tokenType } from './auth.ts';
import { Problem, type ProblemCode } from './problem.ts';

const now = () => Math.floor(Date.now() / 1_000);
const claims = (more: JWTPayload = {}): JWTPayload => ({
  iss: tokenIssuer,
  aud: tokenAudience,
  sub: 'usr_1',
  jti: 'token-1',
  sid: 'ses_1',
  roles: ['customer'],
  exp: now() + 900,
  ...more,
});

describe('an access token', () => {
  let authenticator: Authenticator;
  let privateKey: CryptoKey;
  let publicPem: string;
  before(async () => {
    const pair = await generateKeyPair('EdDSA', { extractable: true });
    privateKey = pair.privateKey;
    publicPem = await exportSPKI(pair.publicKey);
    const jwk = { ...(await exportJWK(pair.publicKey)), kid: 'key-1', alg: 'EdDSA' };
    authenticator = createAuthenticator(createLocalJWKSet({ keys: [jwk] }));
  });
  const sign = (payload: JWTPayload, header: { alg?: string; typ?: string; kid?: string } = {}) =>
    new SignJWT(payload).setProtectedHeader({ alg: 'EdDSA', typ: tokenType, kid: 'key-1', ...header }).sign(privateKey);
  const without = (name: string) => Object.fromEntries(Object.entries(claims()).filter(([each]) => each !== name));
  const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const refused = async (authorization: string | undefined, code: ProblemCode = 'unauthenticated') =>
    assert.rejects(
      authenticator.authenticate(authorization),
      (error: Error) => error instanceof Problem && error.code === code,
    );

  test('says who its bearer is, each time', async () => {
    const authorization = `Bearer ${await sign(claims({ roles: ['customer', 'organizer', 'emperor'] }))}`;
    const principal = { userId: 'usr_1', sessionId: 'ses_1', roles: ['customer', 'organizer'] };
    assert.deepEqual(await authenticator.authenticate(authorization), principal);
    assert.deepEqual(await authenticator.authenticate(authorization.replace('Bearer', 'bearer')), principal);
  });

  test('is needed, and in the one form there is', async () => {
    const token = await sign(claims());
    for (const header of [
      undefined,
      '',
      token,
      `Basic ${token}`,
      `Bearer ${token} x`,
      'Bearer a.b',
      `Bearer ${token}.x`,
    ])
      await refused(header);
  });

  test('without a signature is none, whatever its header says', async () => {
    for (const alg of ['none', 'None', 'EdDSA'])
      await refused(`Bearer ${base64({ alg, typ: tokenType })}.${base64(claims())}.`);
    await refused(`Bearer ${base64({ alg: 'none', typ: tokenType })}.${base64(claims())}.AA`);
  });

  test('signed with the public key as a shared secret is none', async () => {
    const body = `${base64({ alg: 'HS256', typ: tokenType, kid: 'key-1' })}.${base64(claims())}`;
    await refused(`Bearer ${body}.${createHmac('sha256', publicPem).update(body).digest('base64url')}`);
  });

  test('that was tampered with is none', async () => {
    const [header = '', , signature = ''] = (await sign(claims())).split('.');
    await refused(`Bearer ${header}.${base64(claims({ roles: ['admin'] }))}.${signature}`);
    const flipped = `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
    await refused(`Bearer ${header}.${base64(claims())}.${flipped}`);
  });

  test('of another issuer, for another audience or of another type is none', async () => {
    await refused(`Bearer ${await sign(claims({ iss: 'somebody' }))}`);
    await refused(`Bearer ${await sign(claims({ aud: 'somebody-else' }))}`);
    await refused(`Bearer ${await sign(claims(), { typ: 'JWT' })}`);
  });

  for (const name of ['exp', 'sub', 'jti', 'iss', 'aud']) {
    test(`without ${name} is none`, async () => refused(`Bearer ${await sign(without(name))}`));
  }

  test('by a key nobody knows is none', async () => {
    await refused(`Bearer ${await sign(claims(), { kid: 'key-2' })}`);
    const other = await generateKeyPair('EdDSA');
    const forged = await new SignJWT(claims())
      .setProtectedHeader({ alg: 'EdDSA', typ: tokenType, kid: 'key-1' })
      .sign(other.privateKey);
    await refused(`Bearer ${forged}`);
  });

  test('that has expired says so, also when it was good before', async (context) => {
    await refused(`Bearer ${await sign(claims({ exp: now() - 60 }))}`, 'token_expired');
    const authorization = `Bearer ${await sign(claims({ exp: now() + 10 }))}`;
    await authenticator.authenticate(authorization);
    context.mock.timers.enable({ apis: ['Date'], now: Date.now() + 60_000 });
    await refused(authorization, 'token_expired');
  });

  test('without roles has none', async () => {
    const { roles } = await authenticator.authenticate(`Bearer ${await sign(claims({ roles: 'admin' }))}`);
    assert.deepEqual(roles, []);
  });
});
