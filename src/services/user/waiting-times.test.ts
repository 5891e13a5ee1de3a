import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  askAgainBeforeDraw,
  askAgainInside,
  askAgainSeconds,
  type Progress,
  secondsUntilCalled,
  withProgress,
} from './waiting-times.ts';

describe('how long it may take', () => {
  const past: readonly Progress[] = [
    { at: 0, called: 100 },
    { at: 10_000, called: 200 },
  ];

  it('goes by the pace of the last two minutes', () => {
    assert.equal(secondsUntilCalled(past, 50), 5);
    const later = withProgress(withProgress(past, { at: 60_000, called: 200 }), { at: 130_000, called: 260 });
    assert.deepEqual(
      later.map(({ at }) => at),
      [10_000, 60_000, 130_000],
    );
    assert.equal(secondsUntilCalled(later, 50), 100);
  });

  it('is not said where nobody was called', () => {
    assert.equal(secondsUntilCalled([], 1), undefined);
    assert.equal(secondsUntilCalled(past.slice(1), 1), undefined);
  });
});

describe('when to ask again', () => {
  const waiting = { ahead: 100, room: 0, insideMax: 50, waiting: 1_000, untilCalled: 60 };

  it('is at once where there is room', () => {
    assert.equal(askAgainSeconds({ ...waiting, ahead: 4, room: 5 }), 1);
    assert.notEqual(askAgainSeconds({ ...waiting, ahead: 5, room: 5 }), 1);
  });

  it('is the sooner, the nearer the turn is', () => {
    assert.deepEqual(
      [1, 60, 100, 10_000].map((untilCalled) => askAgainSeconds({ ...waiting, untilCalled })),
      [3, 15, 25, 30],
    );
  });

  it('is in half a minute where nobody knows, and in moments for those who are among the next', () => {
    assert.equal(askAgainSeconds({ ...waiting, untilCalled: undefined }), 30);
    assert.equal(askAgainSeconds({ ...waiting, ahead: 49, untilCalled: undefined }), 5);
  });

  it('is later for the far away, the more there are', () => {
    assert.equal(askAgainSeconds({ ...waiting, waiting: 50_000, untilCalled: 10_000 }), 100);
    assert.equal(askAgainSeconds({ ...waiting, waiting: 50_000, untilCalled: 20 }), 5);
  });

  it('is in less than a minute for those inside, and not after their visit', () => {
    assert.deepEqual([600_000, 45_000, 9_500, 0].map(askAgainInside), [45, 45, 10, 1]);
  });

  it('is shortly before the draw while that is far away, and not more than some minutes', () => {
    const place = { place: 1, waiting: 10 };
    assert.equal(askAgainBeforeDraw({ ...place, untilDrawMs: 90_000 }), 60);
    assert.equal(askAgainBeforeDraw({ ...place, untilDrawMs: 86_400_000 }), 300);
  });

  it('is after the draw where that is near, one after the other', () => {
    assert.deepEqual(
      [1, 2, 99, 100].map((place) => askAgainBeforeDraw({ untilDrawMs: 9_500, place, waiting: 50_000 })),
      [12, 13, 110, 11],
    );
    assert.equal(askAgainBeforeDraw({ untilDrawMs: -5_000, place: 7, waiting: 8 }), 1);
  });
});
