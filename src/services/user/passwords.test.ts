import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hash } from '@node-rs/argon2';
import { hashPassword, passwordCharactersMax, passwordMatches } from './passwords.ts';

test('the right password matches its hash, another one does not', async () => {
  const hashed = await hashPassword('correct horse battery', 'here');
  assert.match(hashed, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  assert.equal(await passwordMatches(hashed, 'correct horse battery', 'here'), true);
  assert.equal(await passwordMatches(hashed, 'correct horse battery ', 'here'), false);
});

test('a password is right on every keyboard, however that writes an accent', async () => {
  const [composed = '', decomposed = ''] = ['NFC', 'NFD'].map((form) => 'passwörd one'.normalize(form));
  assert.notEqual(composed, decomposed);
  for (const chosen of [composed, decomposed])
    for (const typed of [composed, decomposed])
      assert.equal(await passwordMatches(await hashPassword(chosen, 'here'), typed, 'here'), true);
  const before = await hash(decomposed);
  assert.equal(await passwordMatches(before, decomposed, 'here'), true);
});

test('without an account no password matches', async () => {
  assert.equal(await passwordMatches(undefined, 'correct horse battery', 'here'), false);
});

test('two hashes of one password differ', async () => {
  assert.notEqual(await hashPassword('same same', 'here'), await hashPassword('same same', 'here'));
});

test('a password beyond the limit is neither hashed nor compared', async () => {
  const long = 'x'.repeat(passwordCharactersMax + 1);
  await assert.rejects(hashPassword(long, 'here'));
  assert.equal(await passwordMatches(undefined, long, 'here'), false);
});

test('an unknown account costs the time of a known one', async () => {
  const hashed = await hashPassword('correct horse battery', 'here');
  const timed = async (known: string | undefined) => {
    const began = performance.now();
    for (let round = 0; round < 5; round += 1) await passwordMatches(known, 'wrong', 'here');
    return performance.now() - began;
  };
  await timed(undefined);
  const known = await timed(hashed);
  const unknown = await timed(undefined);
  assert.ok(unknown > known / 4 && unknown < known * 4, `known ${known} ms, unknown ${unknown} ms`);
});
