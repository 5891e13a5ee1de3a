import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { momentTyped, type Repeat, startsOf, whichOf } from './show-times.ts';

const everyDay = new Set([0, 1, 2, 3, 4, 5, 6]);
const repeat = (more: Partial<Repeat>): Repeat => ({
  ...{ firstDay: '2026-12-04', lastDay: '', weekdays: everyDay, times: '20:15' },
  ...more,
});

function starts(more: Partial<Repeat>, timeZone = 'Europe/London') {
  const found = startsOf(repeat(more), timeZone);
  assert.ok('starts' in found, JSON.stringify(found));
  return found.starts.map(({ local, moments }) => [local, ...moments.map((at) => new Date(at).toISOString())]);
}

const wrong = (more: Partial<Repeat>) => {
  const found = startsOf(repeat(more), 'Europe/London');
  return 'wrong' in found ? Object.keys(found.wrong) : [];
};

describe('starts of shows', () => {
  it('are every day at every time, in order, by the clocks of the theatre', () => {
    assert.deepEqual(starts({ lastDay: '2026-12-05', times: '20:15, 9.30; 20:15' }, 'America/New_York'), [
      ['2026-12-04T09:30', '2026-12-04T14:30:00.000Z'],
      ['2026-12-04T20:15', '2026-12-05T01:15:00.000Z'],
      ['2026-12-05T09:30', '2026-12-05T14:30:00.000Z'],
      ['2026-12-05T20:15', '2026-12-06T01:15:00.000Z'],
    ]);
  });

  it('are on the chosen days of the week only', () => {
    const weekend = starts({ lastDay: '2026-12-17', weekdays: new Set([0, 6]) }).map(([local]) => local?.slice(0, 10));
    assert.deepEqual(weekend, ['2026-12-05', '2026-12-06', '2026-12-12', '2026-12-13']);
  });

  it('keep their time on the clock when the clocks change, and have no moment when they skip it', () => {
    assert.deepEqual(starts({ firstDay: '2026-03-28', lastDay: '2026-03-30', times: '01:30, 20:00' }), [
      ['2026-03-28T01:30', '2026-03-28T01:30:00.000Z'],
      ['2026-03-28T20:00', '2026-03-28T20:00:00.000Z'],
      ['2026-03-29T01:30'],
      ['2026-03-29T20:00', '2026-03-29T19:00:00.000Z'],
      ['2026-03-30T01:30', '2026-03-30T00:30:00.000Z'],
      ['2026-03-30T20:00', '2026-03-30T19:00:00.000Z'],
    ]);
  });

  it('have two moments when a time comes twice', () => {
    assert.deepEqual(starts({ firstDay: '2026-10-25', times: '01:30' }), [
      ['2026-10-25T01:30', '2026-10-25T00:30:00.000Z', '2026-10-25T01:30:00.000Z'],
    ]);
  });

  it('are refused at the field that is wrong', () => {
    assert.deepEqual(wrong({ times: 'tonight' }), ['/times']);
    assert.deepEqual(wrong({ times: '25:00' }), ['/times']);
    assert.deepEqual(wrong({ times: '' }), ['/times']);
    assert.deepEqual(wrong({ firstDay: '2026-02-30' }), ['/firstDay']);
    assert.deepEqual(wrong({ lastDay: '2026-12-01' }), ['/lastDay']);
    assert.deepEqual(wrong({ lastDay: '2028-12-01' }), ['/lastDay']);
    assert.deepEqual(wrong({ lastDay: '2027-11-30' }), ['/lastDay']);
    assert.deepEqual(wrong({ weekdays: new Set() }), ['/weekdays']);
  });
});

describe('a moment that is typed', () => {
  const timeZone = 'Europe/London';

  it('is the first or the second one of a time that comes twice', () => {
    const typed = (which: number) => momentTyped('2026-10-25T01:30', { timeZone, which });
    assert.deepEqual([typed(0), typed(1)], [{ at: '2026-10-25T00:30:00.000Z' }, { at: '2026-10-25T01:30:00.000Z' }]);
    assert.deepEqual(
      [whichOf('2026-10-25T00:30:00.000Z', timeZone), whichOf('2026-10-25T01:30:20.000Z', timeZone)],
      [0, 1],
    );
    assert.deepEqual(momentTyped('2026-12-04T20:15', { timeZone, which: 1 }), { at: '2026-12-04T20:15:00.000Z' });
  });

  it('is none where clocks skip it', () => {
    const typed = momentTyped('2026-03-29T01:30', { timeZone });
    assert.match('wrong' in typed ? typed.wrong : '', /go forward/);
    assert.deepEqual(momentTyped('', { timeZone }), { wrong: 'must be a day and a time' });
  });
});
