import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { newId } from '../ids.ts';
import { bookingNumber, idEndOf } from './booking-number.ts';

/** 0xdeadbeef99 is 11011 11010 10110 11011 11101 11011 11100 11001: digits 27, 26, 22, 27, 29, 27, 28, 25. */
const id = 'bkg_0192f0c4-7b1e-7c3a-9d2e-3fdeadbeef99';
const number = 'FH-VTPV-XVWS';

describe('the number of a booking', () => {
  it('is the random end of its id, eight letters and digits that nobody mistakes', () => {
    assert.equal(bookingNumber(id), number);
    assert.equal(bookingNumber('bkg_0192f0c4-7b1e-7c3a-9d2e-3f0000000000'), 'FH-0000-0000');
    assert.equal(bookingNumber('bkg_0192f0c4-7b1e-7c3a-9d2e-3fffffffffff'), 'FH-ZZZZ-ZZZZ');
  });

  it('leads back to the end of the id', () => {
    assert.equal(idEndOf(number), 'deadbeef99');
    assert.equal(idEndOf('FH-0000-0001'), '0000000001');
    for (let count = 0; count < 1_000; count += 1) {
      const made = newId('booking');
      assert.equal(idEndOf(bookingNumber(made)), made.slice(-10));
    }
  });

  it('is read as people write it', () => {
    for (const written of ['fh-vtpv-xvws', 'FHVTPVXVWS', 'vtpv xvws', ' FH VTPV XVWS ', 'VTPV-XVWS'])
      assert.equal(idEndOf(written), 'deadbeef99', written);
    assert.equal(idEndOf('FH-OIL0-0000'), idEndOf('FH-0110-0000'));
    // Its own digits may begin as all numbers do.
    assert.equal(idEndOf('FH00-0000'), idEndOf('FH-FH00-0000'));
  });

  it('is nothing else that people look for', () => {
    for (const other of [
      '',
      'FH',
      'FH-VTPV-XVW',
      'FH-VTPV-XVWSS',
      'FH-VTPV-XVWU',
      'XY-VTPV-XVWS',
      id,
      'a@b.example',
      'ада-ада-ад',
    ])
      assert.equal(idEndOf(other), undefined, other);
  });
});
