import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Sightings } from './sightings.ts';

describe('a code that a camera sees', () => {
  it('is told once, however long it is held up', () => {
    const sightings = new Sightings();
    const told = Array.from({ length: 100 }, (_, at) => sightings.isNew('FH1.a', at * 200));
    assert.deepEqual([told[0], told.slice(1).some(Boolean)], [true, false]);
  });

  it('is told again once it was out of sight for a while, not where one picture was blurred', () => {
    const sightings = new Sightings();
    assert.equal(sightings.isNew('FH1.a', 0), true);
    assert.equal(sightings.isNew('FH1.a', 3_000), false);
    assert.equal(sightings.isNew('FH1.a', 6_001), true);
  });

  it('is another one beside the one before', () => {
    const sightings = new Sightings();
    assert.deepEqual(
      ['FH1.a', 'FH1.b', 'FH1.a', 'FH1.b'].map((code, at) => sightings.isNew(code, at)),
      [true, true, false, false],
    );
  });
});
