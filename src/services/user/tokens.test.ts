import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, type JSONWebKeySet } from 'jose';
import { createAuthenticator } from '../../runtime/http/auth.ts';
import { hashSecret, newSecret } from '../../runtime/secrets.ts';
import type { ServiceRuntime, Transaction } from '../../runtime/service-runtime.ts';
import { accessTokenTtlSeconds, createTokenIssuer } from './tokens.ts';

const claims = { userId: 'usr_01890000-0000-7000-8000-000000000001', roles: ['customer', 'staff'], sessionId: 'ses_1' };

/** The table of signing keys in memory: it understands the few statements about it, and lets its keys grow old. */
function keyTable(): Pick<ServiceRuntime, 'query' | 'transaction'> & { age(ms: number): void } {
  const rows: { kid: unknown; publicJwk: unknown; privateJwk: unknown; retired: boolean; ageMs: number }[] = [];
  const query = async <Row>(text: string, values: readonly unknown[] = []): Promise<readonly Row[]> => {
    const [kid, publicJwk, privateJwk] = values;
    if (text.startsWith('insert')) {
      rows.push({
        kid,
        publicJwk: JSON.parse(String(publicJwk)),
        privateJwk: JSON.parse(String(privateJwk)),
        retired: false,
        ageMs: 0,
      });
    }
    if (text.startsWith('update')) for (const row of rows) if (row.kid === kid) row.retired = true;
    return (text.startsWith('select') ? rows.map((row) => ({ ...row })) : []) as Row[];
  };
  return {
    query,
    transaction: (work) => work({ query } as Transaction),
    age(ms) {
      for (const row of rows) row.ageMs += ms;
    },
  };
}

const keysOf = async (issuer: ReturnType<typeof createTokenIssuer>) => (await issuer.jwks()) as JSONWebKeySet;

test('a token says who, in what roles and for how long, and is accepted', async () => {
  const issuer = createTokenIssuer(keyTable());
  const { accessToken, expiresInSeconds } = await issuer.issue(claims);
  assert.equal(expiresInSeconds, accessTokenTtlSeconds);
  assert.deepEqual(
    { ...decodeProtectedHeader(accessToken), kid: undefined },
    { alg: 'EdDSA', typ: 'at+jwt', kid: undefined },
  );
  const payload = decodeJwt(accessToken);
  assert.equal((payload.exp ?? 0) - (payload.iat ?? 0), 900);
  assert.ok(payload.jti);
  const authenticator = createAuthenticator(createLocalJWKSet(await keysOf(issuer)));
  assert.deepEqual(await authenticator.authenticate(`Bearer ${accessToken}`), claims);
});

test('two keys are published, none with its secret part', async () => {
  const { keys } = await keysOf(createTokenIssuer(keyTable()));
  assert.equal(keys.length, 2);
  assert.ok(keys.every((key) => key['d'] === undefined && key.kid !== undefined));
});

test('after a rotation the next key signs, and tokens of the one before are still accepted', async () => {
  const table = keyTable();
  const issuer = createTokenIssuer(table);
  const before = await issuer.issue(claims);
  const published = await keysOf(issuer);
  await issuer.rotate();
  const after = await issuer.issue(claims);
  assert.equal(decodeProtectedHeader(after.accessToken).kid, published.keys[1]?.kid);
  // Somebody who has not looked since knows the new token's key already.
  const stale = createAuthenticator(createLocalJWKSet(published));
  assert.deepEqual(await stale.authenticate(`Bearer ${after.accessToken}`), claims);
  const fresh = createAuthenticator(createLocalJWKSet(await keysOf(issuer)));
  assert.deepEqual(await fresh.authenticate(`Bearer ${before.accessToken}`), claims);
  assert.equal((await keysOf(issuer)).keys.length, 3);
});

test('keys rotate by themselves once they have done their time, and not before', async () => {
  const table = keyTable();
  const kid = async () => decodeProtectedHeader((await createTokenIssuer(table).issue(claims)).accessToken).kid;
  const first = await kid();
  table.age(29 * 86_400_000);
  assert.equal(await kid(), first);
  table.age(2 * 86_400_000);
  const second = await kid();
  assert.notEqual(second, first);
  assert.equal(await kid(), second);
});

test('secrets are long, differ, and are stored as hashes', () => {
  const secret = newSecret();
  assert.ok(secret.length >= 43);
  assert.notEqual(secret, newSecret());
  assert.notEqual(hashSecret(secret), secret);
  assert.equal(hashSecret(secret), hashSecret(secret));
});
