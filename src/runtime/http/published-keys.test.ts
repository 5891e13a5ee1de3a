import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exportJWK, type FlattenedJWSInput, generateKeyPair, type JWK } from 'jose';
import { publishedKeys } from './published-keys.ts';

const token: FlattenedJWSInput = { payload: '', signature: '' };

async function issuerOf(...kids: readonly string[]) {
  const { publicKey } = await generateKeyPair('EdDSA');
  const jwk = await exportJWK(publicKey);
  const keys = new Map<string, JWK>(kids.map((kid) => [kid, { ...jwk, kid }]));
  const issuer = { keys, asked: 0, isAway: false, at: 0 };
  const keyOf = publishedKeys(
    async () => {
      issuer.asked += 1;
      if (issuer.isAway) throw new Error('it does not answer');
      return { keys: [...issuer.keys.values()] };
    },
    () => issuer.at,
  );
  return { issuer, ask: async (kid: string, alg = 'EdDSA') => keyOf({ alg, kid }, token) };
}

test('a key is asked for once, an unknown one no more often than every five seconds', async () => {
  const { issuer, ask } = await issuerOf('a');
  await ask('a');
  await ask('a');
  await assert.rejects(ask('b'));
  assert.equal(issuer.asked, 1);
  issuer.at += 5_000;
  await assert.rejects(ask('b'));
  await assert.rejects(ask('b'));
  assert.equal(issuer.asked, 2);
});

test('a key that was withdrawn is good for ten minutes and the one token that has them read anew', async () => {
  const { issuer, ask } = await issuerOf('a', 'b');
  await ask('a');
  issuer.keys.delete('a');
  issuer.at += 599_999;
  await ask('a');
  assert.equal(issuer.asked, 1);
  issuer.at += 1;
  await ask('a');
  await assert.rejects(ask('a'));
  await ask('b');
});

test('known keys are good while their issuer is away', async () => {
  const { issuer, ask } = await issuerOf('a');
  await ask('a');
  issuer.isAway = true;
  issuer.at += 600_000;
  await ask('a');
  await ask('a');
});

test('a key is none for another algorithm or another use', async () => {
  const { issuer, ask } = await issuerOf('a', 'for EdDSA', 'for encryption');
  issuer.keys.set('for EdDSA', { ...issuer.keys.get('for EdDSA'), kty: 'OKP', alg: 'EdDSA' });
  issuer.keys.set('for encryption', { ...issuer.keys.get('for encryption'), kty: 'OKP', use: 'enc' });
  await assert.rejects(ask('a', 'RS256'));
  await assert.rejects(ask('for EdDSA', 'ES256'));
  await assert.rejects(ask('for encryption'));
  await ask('for EdDSA');
  await ask('for EdDSA', 'Ed25519');
});
