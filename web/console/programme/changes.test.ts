import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assertUnchanged, changesOf, pricesWith } from './changes.ts';

const begun = { title: 'Metropolis', certificate: 'U', genre: 'drama' };
const names = { title: 'Title', certificate: 'Certificate', genre: 'Genre' };

describe('what a form changes', () => {
  it('is what stands there otherwise than before, and what was taken away', () => {
    assert.deepEqual(changesOf(begun, { title: 'Metropolis', certificate: 'PG' }), { certificate: 'PG', genre: null });
    assert.deepEqual(changesOf(begun, { ...begun }), {});
  });

  it('is compared by what it says, not by what it is', () => {
    assert.deepEqual(changesOf({ sales: { opensAt: 'a' } }, { sales: { opensAt: 'a' } }), {});
  });
});

describe('a change of two people at once', () => {
  it('goes through where they change different things', () => {
    assertUnchanged({ begun, now: { ...begun, genre: 'science fiction' }, changes: { certificate: 'PG' }, names });
  });

  it('goes through where both want the same', () => {
    assertUnchanged({ begun, now: { ...begun, certificate: 'PG' }, changes: { certificate: 'PG' }, names });
  });

  it('is refused to the second where both change the same thing: it says what it is now', () => {
    assert.throws(
      () => assertUnchanged({ begun, now: { ...begun, certificate: '15' }, changes: { certificate: 'PG' }, names }),
      /Somebody else changed this meanwhile: Certificate is “15” now\./,
    );
    assert.throws(
      () =>
        assertUnchanged({ begun, now: { title: 'Metropolis', genre: 'drama' }, changes: { certificate: 'PG' }, names }),
      /Certificate is empty now\./,
    );
  });
});

describe('the prices of a show', () => {
  const price = (name: string, amount: number, currency = 'EUR') => ({ name, price: { amount, currency } });
  const before = [price('premium', 20), price('standard', 10), price('lounge', 30)];

  it('are what they were where nobody typed another one, whatever order the seat plan has', () => {
    assert.deepEqual(pricesWith(before, [price('standard', 10), price('premium', 20)]), before);
  });

  it('are those that were typed, with those of new categories', () => {
    assert.deepEqual(pricesWith(before, [price('standard', 11), price('box', 40)]), [
      ...[price('premium', 20), price('standard', 11), price('lounge', 30), price('box', 40)],
    ]);
  });

  it('are in one currency', () => {
    const typed = [price('standard', 11, 'GBP'), price('premium', 21, 'GBP')];
    assert.deepEqual(pricesWith(before, typed), typed.toReversed());
  });
});
