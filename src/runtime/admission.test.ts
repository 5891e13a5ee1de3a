import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { Admission, burstMax, forgottenAfterMs, standingMin, standsStillAfterMs, targetWaitMs } from './admission.ts';

/** Time passes in such steps. */
const stepMs = 50;

describe('who is let in', () => {
  let now: number;
  let admission: Admission;
  let begun: string[];
  beforeEach(() => {
    [now, begun] = [1_000, []];
    admission = new Admission(() => now);
  });
  const began = (count: number, partition = 0) => {
    for (let each = 0; each < count; each += 1) {
      const id = `${partition}/${now}/${each}`;
      admission.began(id, partition);
      begun.push(id);
    }
  };
  /** So many come in each step as are let in, and the oldest are done. */
  const pass = (
    forMs: number,
    { askedPerSecond, donePerSecond }: { askedPerSecond: number; donePerSecond: number },
  ) => {
    let refused = 0;
    for (const until = now + forMs; now < until; now += stepMs) {
      for (let asked = 0; asked < (askedPerSecond * stepMs) / 1_000; asked += 1) {
        if (admission.isFull()) refused += 1;
        else {
          const id = `${now}/${asked}`;
          admission.began(id, 0);
          begun.push(id);
        }
      }
      for (const id of begun.splice(0, (donePerSecond * stepMs) / 1_000)) admission.done(id);
    }
    return refused;
  };

  it('are all who come at once after a time of rest, up to a number', () => {
    began(burstMax - 1);
    assert.equal(admission.isFull(), false);
    assert.equal(admission.isFull(1), true);
    began(1);
    assert.equal(admission.isFull(), true);
  });

  it('are all of a load that can be carried, however long it lasts', () => {
    assert.equal(pass(60_000, { askedPerSecond: 400, donePerSecond: 400 }), 0);
  });

  it('are as many as are done, of five times that; so many wait as are done in time', () => {
    pass(20_000, { askedPerSecond: 2_000, donePerSecond: 400 });
    const refused = pass(10_000, { askedPerSecond: 2_000, donePerSecond: 400 });
    assert.ok(Math.abs(refused - 10 * 1_600) < 400, `${refused} were refused in ten seconds`);
    assert.ok(Math.abs(begun.length - (400 * targetWaitMs) / 1_000) <= 40, `${begun.length} wait`);
  });

  it('are more where things go faster than expected', () => {
    pass(5_000, { askedPerSecond: 8_000, donePerSecond: 4_000 });
    assert.ok(begun.length > burstMax, `${begun.length} wait`);
  });

  it('are some, however slowly it goes', () => {
    pass(60_000, { askedPerSecond: 1_000, donePerSecond: 40 });
    assert.ok(Math.abs(begun.length - standingMin) <= 40, `${begun.length} wait`);
  });

  it('are all again once half of what was under way is done', () => {
    pass(20_000, { askedPerSecond: 2_000, donePerSecond: 400 });
    pass(1_000, { askedPerSecond: 0, donePerSecond: 400 });
    assert.equal(admission.isFull(), false);
    began(burstMax - begun.length - 1);
    assert.equal(admission.isFull(), false);
  });

  it('are all where nothing moves: that is no overload, and what is accepted is done when it moves again', () => {
    began(burstMax);
    assert.equal(admission.isFull(), true);
    now += standsStillAfterMs;
    assert.equal(admission.isFull(), false);
    assert.equal(pass(20_000, { askedPerSecond: 1_000, donePerSecond: 0 }), 0);
    admission.done(begun[0] ?? '');
    assert.equal(admission.isFull(), true);
  });

  it('are all beside a partition that stands still while others move', () => {
    began(10 * burstMax, 1);
    now += standsStillAfterMs;
    assert.equal(pass(10_000, { askedPerSecond: 400, donePerSecond: 0 }), 0);
  });

  it('are not fewer for what never came to an end that we were told of', () => {
    began(burstMax);
    now += forgottenAfterMs;
    began(burstMax - 1);
    assert.equal(admission.isFull(), false);
    admission.forget();
    assert.equal(admission.isUnderWay(begun.at(-1) ?? ''), false);
  });

  it('are counted once, and those who are done no more', () => {
    admission.began('one', 0);
    admission.began('one', 0);
    admission.done('one');
    admission.done('one');
    began(burstMax - 1);
    assert.equal(admission.isFull(), false);
  });
});
