import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deriveId, newId } from '../../contracts/ids.ts';
import { NewIds } from './new-ids.ts';

const early = 'bkg_019a0000-0000-7000-8000-000000000000';
const late = 'bkg_019a0000-0001-7000-8000-000000000000';

describe('ids the store cannot know', () => {
  it('are none before the store has told its latest', () => {
    const ids = new NewIds();
    assert.equal(ids.isNew(newId('booking')), false);
    ids.learn(undefined);
    assert.equal(ids.isNew(newId('booking')), false);
  });

  it('are those later than the latest it holds, each kind by itself', () => {
    const ids = new NewIds();
    ids.learn([early]);
    assert.deepEqual([ids.isNew(early), ids.isNew(late), ids.isNew(late.replace('bkg', 'shw'))], [false, true, true]);
    ids.learn([late]);
    assert.equal(ids.isNew(late), false);
    ids.learn([early]);
    assert.equal(ids.isNew(late), false);
  });

  it('are not those that were made in the same millisecond as the latest, derived ones included', () => {
    const ids = new NewIds();
    ids.learn([early]);
    assert.equal(ids.isNew('bkg_019a0000-0000-7fff-bfff-ffffffffffff'), false);
    assert.equal(ids.isNew(deriveId('booking', early, 'another')), false);
  });

  it('are none any more that were in the cache and had to leave it', () => {
    const ids = new NewIds();
    ids.learn([]);
    assert.equal(ids.isNew(early), true);
    ids.passed(late);
    assert.equal(ids.isNew(early), false);
  });

  it('are never what is no id, nor anything after somebody else has written', () => {
    const ids = new NewIds();
    ids.learn([]);
    assert.equal(ids.isNew('holdTtlMs'), false);
    ids.distrust();
    assert.equal(ids.isNew(late), false);
    ids.learn([early]);
    assert.equal(ids.isNew(late), true);
  });
});
